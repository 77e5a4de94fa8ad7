"""`xharness gate`."""

from __future__ import annotations

import os
from typing import Any

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE

__all__ = ["command"]

FAILED = 1


@click.command("gate", short_help="A regression check of a new run against an old one, by rules.")
@click.argument("old")
@click.argument("new", nargs=-1)
@click.option(
    "--rules",
    type=PLACE,
    metavar="FILE",
    help="Rule file; default: the one that ships with the package (--show-rules prints it).",
)
@click.option("--series", is_flag=True, help="The runs are steps: each is judged against the last and the best before.")
@click.option("--junit", type=PLACE, metavar="FILE", help="Write JUnit XML.")
@click.option("--markdown", type=PLACE, metavar="FILE", help="Write a comment for a pull request.")
@click.option(
    "--paired-bs", type=click.IntRange(min=100), default=1000, show_default=True, metavar="N", help="Resamples."
)
@click.option("--paired-ar", type=click.IntRange(min=100), metavar="N", help="p values from approximate randomisation.")
@click.option("--seed", type=int, default=42, show_default=True, help="Seed of the resampling.")
@click.option("--force", is_flag=True, help="Judge results of other data, cards or metrics, with a warning.")
@click.option(
    "--show-rules",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, param, value: _show_rules(ctx) if value else None,
    help="Print the default rules and stop.",
)
@INCLUDE_PATH
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Judge the run NEW against OLD, by rules: exit status 1 when one is broken.

    OLD is a folder that `eval` wrote, its results.json, or the name of a published baseline in submissions/, whose
    printed figures then stand for it. With GITHUB_ACTIONS set, broken rules are annotations too.

    \b
      xharness gate out-old out-new --junit gate.xml --markdown gate.md
      xharness gate xlm-r-large-xtreme-leaderboard out-new --rules gate.yaml
      xharness gate --series out-steps
    """  # noqa: D301 - click reads the backspace
    from xtreme_harness.files.text import write_given
    from xtreme_harness.gate.gate import gate, gate_series
    from xtreme_harness.gate.outputs import as_annotations, as_junit, as_markdown, as_text

    options = {
        "rules": given["rules"], "include": given["include_path"], "paired_bs": given["paired_bs"],
        "paired_ar": given["paired_ar"] or 0, "seed": given["seed"], "force": given["force"],
    }  # fmt: skip
    places = [given["old"], *given["new"]]
    if not given["series"] and len(places) != 2:
        raise click.UsageError(f"found {len(places)} runs, expected OLD and NEW; more with --series", ctx=ctx)
    reports = gate_series(places, **options) if given["series"] else [gate(*places, **options)]
    for report in reports:
        for line in report.warnings:
            echo(f"warning: {line}: what follows compares unlike things", err=True)
    if given["junit"]:
        write_given(given["junit"], as_junit(reports))
    if given["markdown"]:
        write_given(given["markdown"], as_markdown(reports))
    if os.environ.get("GITHUB_ACTIONS"):
        echo("\n".join(as_annotations(reports)), nl=any(report.broken for report in reports))
    echo("\n\n".join(as_text(report) for report in reports))
    for place in (given["junit"], given["markdown"]):
        if place:
            echo(f"written: {place}")
    ctx.exit(FAILED if any(report.broken for report in reports) else 0)


def _show_rules(ctx: click.Context) -> None:
    from xtreme_harness.gate.rules import DEFAULT

    echo(DEFAULT.read_text("utf-8"), nl=False)
    ctx.exit()
