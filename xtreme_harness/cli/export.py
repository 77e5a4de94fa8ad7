"""`xharness export`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE

__all__ = ["command"]

FORMATS = ("lm-eval", "hf-eval-results", "model-index", "eee", "markdown", "latex", "csv")


def _model_id(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", value):
        raise click.BadParameter(f"found '{value}', expected ORG/NAME")
    return value


@click.command("export")
@click.argument("run", type=PLACE, metavar="RUN")
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="Whose format.")
@click.option("--output", "-o", type=PLACE, metavar="FILE",
              help="What is written.  [default: standard output]")  # fmt: skip
@click.option("--model-id", metavar="ORG/NAME", callback=_model_id,
              help="The model's name there.  [default: as the run names it]")  # fmt: skip
@INCLUDE_PATH
def command(run: Path, form: str, output: Path | None, model_id: str | None, include_path: tuple[Path, ...]) -> None:
    """Write a finished run in another format: for lm-eval's tools, the Hub, Every Eval Ever, or a paper.

    RUN is the output folder of `eval`, or its results.json.

    \b
      lm-eval          results.json; means say what they lack, LIMITED results that they are
      hf-eval-results  the Hub's community evaluations: .eval_results/NAME.yaml of the model's repository
      model-index      metadata of a model card: the head of its README.md
      eee              a record of Every Eval Ever
      markdown, latex  the means, and the tasks by language (LaTeX needs booktabs)
      csv              one figure a line
    """  # noqa: D301 - click reads the backspace
    from xtreme_harness.exports import export
    from xtreme_harness.files.text import write_given
    from xtreme_harness.results.read import read_result

    text = export(read_result(run), form, model_id, include_path)
    if output is None:
        echo(text, nl=False)
    else:
        write_given(output, text)
        echo(f"{form}: {output}")
