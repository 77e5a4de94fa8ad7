"""`xharness leaderboard`."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, PLACE

__all__ = ["command"]


@click.command("leaderboard")
@click.option("--suite", "suites", multiple=True, metavar="SUITE", help="Only these suites; all by default.")
@click.option("--task", "tasks", multiple=True, metavar="TASK", help="Only these tasks.")
@click.option("--group", "groups", multiple=True, metavar="GROUP", help="Only the tasks of these groups.")
@click.option("--language", "languages", multiple=True, metavar="CODE", help="Figures of these languages.")
@click.option("--sort", metavar="COLUMN", help="A task, group, mean, model, setting or source; by rank otherwise.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "csv", "json", "latex"]),
    default="markdown",
    show_default=True,
    help="How the tables are written.",
)
@click.option("--with", "runs", multiple=True, type=PLACE, metavar="OUT", help="A run of yours, beside them.")
@click.option(
    "--submissions",
    "folders",
    multiple=True,
    type=PLACE,
    metavar="DIR",
    help="A folder of submissions of your own, beside the published ones.",
)
@INCLUDE_PATH
def command(
    suites: tuple[str, ...],
    tasks: tuple[str, ...],
    groups: tuple[str, ...],
    languages: tuple[str, ...],
    sort: str | None,
    form: str,
    runs: tuple[Path, ...],
    folders: tuple[Path, ...],
    include_path: tuple[Path, ...],
) -> None:
    """Show published baselines, and runs of your own beside them.

    Rows that differ in tasks, split or convention (QA as mean of EM and F1, or F1 alone) stand in tables of their own:
    they are never ranked together. Published figures were read in the source that is named.
    """
    from xtreme_harness.leaderboard.board import View
    from xtreme_harness.leaderboard.formats import FORMATS
    from xtreme_harness.leaderboard.sections import build_board
    from xtreme_harness.leaderboard.submissions import load_submissions, submissions_of
    from xtreme_harness.plan.cells import all_cards
    from xtreme_harness.results.read import read_result

    cards = all_cards(include_path)
    found = load_submissions(cards, folders)
    for out in dict.fromkeys(runs):
        found += submissions_of(read_result(out, rows=False), cards)
    view = View(_names(suites), _names(tasks), _names(groups), _names(languages), sort)
    board = build_board(found, cards, view)
    if not board.sections:
        echo("no submission has figures for that", err=True)
    if form == "csv":
        for note in board.notes:
            echo(note, err=True)
    echo(FORMATS[form](board), nl=False)


def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Options may be repeated, or hold several names with commas."""
    return tuple(dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip()))
