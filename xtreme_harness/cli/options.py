"""Options that several commands have, each written once."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["DATA", "INCLUDE_PATH", "LANGUAGES", "SUITE", "TASKS"]

TASKS = click.option(
    "--tasks",
    "-t",
    multiple=True,
    default=["xtreme"],
    show_default=True,
    metavar="NAMES",
    help="Suites, groups, tasks, globs, card files or folders; repeated or comma-separated.",
)
LANGUAGES = click.option("--languages", multiple=True, metavar="CODES", help="Only these languages.")
DATA = click.option(
    "--data",
    multiple=True,
    default=["hub"],
    show_default=True,
    metavar="PLACE",
    help="hub, samples, a folder, or TASK=FILE_OR_DIR; repeatable.",
)
INCLUDE_PATH = click.option(
    "--include-path",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Card file or folder of cards; repeatable.",
)
SUITE = click.option(
    "--suite", required=True, type=click.Choice(["xtreme", "xtreme-r"]), help="Whose tasks and languages."
)
