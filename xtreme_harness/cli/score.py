"""`xharness score`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from xtreme_harness.official import CONVENTIONS

__all__ = ["command"]


@click.command("score")
@click.option("--predictions", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Submission folder.")
@click.option("--labels", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Label folder.")
@click.option("--suite", required=True, type=click.Choice(["xtreme", "xtreme-r"]), help="Whose tasks and averages.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write the JSON there, not to stdout."
)
@click.option(
    "--official",
    is_flag=True,
    help="In odd cases do as the official script: skip tasks without a folder, score missing ids 0.",
)
@click.option("--partial", is_flag=True, help="Score what is there, and mark the output partial.")
@click.option(
    "--udpos-convention",
    type=click.Choice(list(CONVENTIONS)),
    default="seqeval-0.0.12",
    show_default=True,
    help="Rule of the UD-POS F1.",
)
@click.pass_context
def command(
    ctx: click.Context,
    predictions: Path,
    labels: Path,
    suite: str,
    output: Path | None,
    official: bool,
    partial: bool,
    udpos_convention: str,
) -> None:
    """Score a prediction folder against a label folder: the official JSON, to the last digit.

    Strict without a flag: every fault of the submission is listed, nothing is written and the exit status is 2.
    Needs neither torch nor transformers nor datasets nor faiss.
    """
    from xtreme_harness.official import score_folders
    from xtreme_harness.plan import all_cards
    from xtreme_harness.submission import write_json

    if official and partial:
        raise click.UsageError("--official and --partial exclude each other", ctx)
    mode = "official" if official else "partial" if partial else "strict"
    found = score_folders(predictions, labels, suite, all_cards(), mode, udpos_convention)  # type: ignore[arg-type]
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if output is None:
        click.echo(json.dumps(found.layout, indent=2, ensure_ascii=False))
    else:
        write_json(output, found.layout)
        click.echo(_table(dict(found.layout)))
        click.echo(f"\nscores: {output}")
    if found.crash:
        click.echo(f"error: {found.crash}", err=True)
        ctx.exit(2)


def _table(layout: dict[str, object]) -> str:
    from tabulate import tabulate

    rows = []
    for name, value in layout.items():
        if name == "xharness":
            continue
        figure = value.get("avg_metric") if isinstance(value, dict) else value
        rows.append([name, f"{figure:.2f}" if isinstance(figure, int | float) else "-"])
    return tabulate(rows, headers=["score", "value"], tablefmt="pipe", disable_numparse=True)
