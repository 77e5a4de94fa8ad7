"""`xharness score`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE, SUITE
from xtreme_harness.submission.score import CONVENTIONS

__all__ = ["command"]


@click.command("score")
@click.option("--predictions", required=True, type=PLACE, metavar="DIR", help="Submission folder.")
@click.option("--labels", required=True, type=PLACE, metavar="DIR", help="Label folder.")
@SUITE
@click.option("--output", "-o", type=PLACE, metavar="FILE", help="Write the JSON there, not to stdout.")
@click.option(
    "--official",
    is_flag=True,
    help="In odd cases do as the official script: skip tasks without a folder, score missing ids 0.",
)
@click.option(
    "--partial", is_flag=True, help="Leave out files and ids that are not there, and mark the output partial."
)
@click.option(
    "--udpos-convention",
    type=click.Choice(list(CONVENTIONS)),
    default="seqeval-0.0.12",
    show_default=True,
    help="Rule of the UD-POS F1.",
)
@INCLUDE_PATH
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
    include_path: tuple[Path, ...],
) -> None:
    """Score a prediction folder against a label folder: the official JSON, to the last digit.

    Strict without a flag: every fault of the submission is listed, nothing is written and the exit status is 2.
    Needs neither torch nor transformers nor datasets nor faiss.
    """
    from xtreme_harness.files.json_text import json_text
    from xtreme_harness.files.text import write_given
    from xtreme_harness.plan.asked import asked_suite
    from xtreme_harness.submission.score import score_folders

    if official and partial:
        raise click.UsageError("--official and --partial exclude each other", ctx)
    mode = "official" if official else "partial" if partial else "strict"
    cards, suite = asked_suite(suite, include_path)
    found = score_folders(predictions, labels, suite, cards, mode, udpos_convention)  # type: ignore[arg-type]
    for warning in found.warnings:
        echo(f"warning: {warning}", err=True)
    if output is None:
        echo(json_text(found.layout, indent=2))
    else:
        write_given(output, json_text(found.layout, indent=2) + "\n")
        echo(_table(found.layout))
        echo(f"\nscores: {output}")
    if found.crash:
        echo(f"error: {found.crash}", err=True)
        ctx.exit(2)


def _table(layout: Mapping[str, Any]) -> str:
    """The headline figures; what the official layout does not know comes last."""
    from tabulate import tabulate

    own = layout["xharness"]
    more = {name: value for name, value in own.items() if _figure(value) is not None}
    rows = [[name, _figure(value)] for name, value in {**layout, **more}.items() if name != "xharness"]
    header = "score (PARTIAL)" if own["partial"] else "score"
    return tabulate(rows, headers=[header, "value"], tablefmt="pipe", floatfmt=".2f", missingval="-")


def _figure(value: Any) -> float | None:
    """A mean, or that of a task; None of anything else."""
    found = value.get("avg_metric") if isinstance(value, Mapping) else value
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
