"""`xharness submission check|pack|labels`."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE, SUITE
from xtreme_harness.errors import presentable

__all__ = ["command"]


@click.group("submission")
def command() -> None:
    """Check, pack and label submissions."""


@command.command("check")
@click.argument("folder", type=PLACE)
@SUITE
@click.option(
    "--labels",
    type=PLACE,
    metavar="DIR",
    help="Labels in the official form: checks counts and ids too.",
)
@INCLUDE_PATH
@click.pass_context
def check(ctx: click.Context, folder: Path, suite: str, labels: Path | None, include_path: tuple[Path, ...]) -> None:
    """Find what the leaderboard would refuse or silently score 0; exit status 1 when there is something."""
    from xtreme_harness.plan.asked import asked_suite
    from xtreme_harness.submission.check import check_folder, require_folder, run_faults

    if labels is not None:
        require_folder(labels)
    cards, suite = asked_suite(suite, include_path)
    faults = [*check_folder(folder, suite, cards, labels), *run_faults(folder)]
    for fault in faults:
        echo(presentable(fault), err=True)
    if faults:
        echo(f"{folder}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}")
        ctx.exit(1)
    echo(f"{folder}: no faults, ready for {suite}")
    if labels is None:
        echo("(numbers of answers and ids were not checked: give --labels DIR)")


@command.command("pack")
@click.argument("folder", type=PLACE)
@SUITE
@click.option("--metadata", required=True, type=PLACE, metavar="FILE", help="metadata.yaml of the model.")
@click.option(
    "--output",
    "-o",
    required=True,
    type=PLACE,
    metavar="OUT",
    help="Folder, or a name that ends in .zip.",
)
@INCLUDE_PATH
def pack_command(folder: Path, suite: str, metadata: Path, output: Path, include_path: tuple[Path, ...]) -> None:
    """Check a submission and its metadata, and pack them as a folder or a zip."""
    from xtreme_harness.plan.asked import asked_suite
    from xtreme_harness.submission.pack import pack

    cards, suite = asked_suite(suite, include_path)
    pack(folder, suite, metadata, output, cards)
    echo(f"packed: {output}")


@command.command("labels")
@click.option(
    "--data", multiple=True, required=True, metavar="SOURCE", help="hub, samples, a folder, or TASK=FILE_OR_DIR."
)
@SUITE
@click.option("--to", "folder", required=True, type=PLACE, metavar="DIR", help="Where the label files go.")
@INCLUDE_PATH
@click.pass_context
def labels_command(
    ctx: click.Context, data: tuple[str, ...], suite: str, folder: Path, include_path: tuple[Path, ...]
) -> None:
    """Write the label folder in the official form from data that has its gold."""
    from xtreme_harness.data.sources import parse_data
    from xtreme_harness.plan.asked import asked_suite
    from xtreme_harness.plan.cells import make_plan, select
    from xtreme_harness.plan.describe import missing_lines
    from xtreme_harness.submission.labels import Labelled, write_labels

    cards, suite = asked_suite(suite, include_path)
    plan = make_plan(select(cards, [suite]), parse_data(list(data), cards.tasks))
    for line in missing_lines(plan.missing):
        echo(line, err=True)

    def tell(one: Labelled) -> None:
        if one.problem:
            echo(presentable(f"not written: {one.cell.card.name} {one.cell.language}: {one.problem}"), err=True)
        elif not ctx.obj["quiet"]:
            echo(f"{one.cell.card.name} {one.cell.language}: {one.rows} labels", err=True)

    found = write_labels(plan, folder, tell)
    done = [one for one in found if not one.problem]
    echo(f"{len(done)} label files in {folder}")
    ctx.exit(0 if len(done) == len(found) else 2 if not done else 3)
