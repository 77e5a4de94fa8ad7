"""`xharness compare`."""

from __future__ import annotations

from typing import Any

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE

__all__ = ["command"]


@click.command("compare", short_help="Differences between runs, with paired tests.")
@click.argument("old")
@click.argument("new", nargs=-1, required=True)
@click.option(
    "--paired-bs",
    type=click.IntRange(min=100),
    default=1000,
    show_default=True,
    metavar="N",
    help="Resamples of the paired bootstrap.",
)
@click.option(
    "--paired-ar",
    type=click.IntRange(min=100),
    metavar="N",
    help="Take p values from approximate randomisation with N trials.",
)
@click.option("--seed", type=int, default=42, show_default=True, help="Seed of the resampling.")
@click.option("--force", is_flag=True, help="Compare results of other data, cards or metrics, with a warning.")
@click.option("--by-language", is_flag=True, help="Print all cells, and the means of languages, families and scripts.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What to print or write.",
)
@click.option("--output-path", "-o", type=PLACE, metavar="FILE", help="Write JSON to a file too.")
@INCLUDE_PATH
def command(**given: Any) -> None:
    """Compare runs with a baseline OLD: folders that `eval` wrote, or their results.json with cells/ beside it.

    A folder of `seed-N/` counts as one model, its seeds as the outer level of resampling.

    \b
      xharness compare out-old out-new
      xharness compare out-old step-1000 step-2000 --paired-ar 10000 --by-language
    """  # noqa: D301 - click reads the backspace
    from xtreme_harness.comparison.compare import compare
    from xtreme_harness.comparison.printed import comparison_text
    from xtreme_harness.files.json_text import json_text
    from xtreme_harness.files.text import write_given

    found = compare(
        given["old"],
        *given["new"],
        paired_bs=given["paired_bs"],
        paired_ar=given["paired_ar"] or 0,
        seed=given["seed"],
        force=given["force"],
        include=given["include_path"],
    )
    for line in found.mismatches:
        echo(f"warning: {line}: what follows compares unlike things", err=True)
    if given["output_path"]:
        write_given(given["output_path"], json_text(found.to_json(), indent=2) + "\n")
    if given["form"] == "json":
        echo(json_text(found.to_json(), indent=2))
    else:
        echo(comparison_text(found, given["by_language"]))
