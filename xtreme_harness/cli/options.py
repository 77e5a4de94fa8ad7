"""Options that several commands have, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from xtreme_harness.jobs import EXECUTORS
from xtreme_harness.plan.arguments import PLACE as PLACE_WANTED
from xtreme_harness.plan.arguments import shown
from xtreme_harness.plan.trackers import TRACKERS

__all__ = [
    "DATA",
    "DEVICE",
    "DTYPE",
    "INCLUDE_PATH",
    "LANGUAGES",
    "LIMIT_TRAIN",
    "PLACE",
    "RECIPE",
    "SELECT_ON",
    "SET",
    "SUITE",
    "TASKS",
    "TRACKER",
    "engine_flags",
    "engine_options",
    "read_count",
    "read_seeds",
]


class _Place(click.Path):
    """A path; nothing, which would be the working folder, is none, and neither is what no file system takes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        found = super().convert(value, param, ctx)
        if PLACE_WANTED.fits(value):
            return found
        return self.fail(f"found '{shown(value)}', expected {PLACE_WANTED.words}", param, ctx)


PLACE = _Place(path_type=Path)
TASKS = click.option(
    "--tasks",
    "-t",
    multiple=True,
    default=["xtreme"],
    show_default=True,
    metavar="NAMES",
    help="Suites, groups, tasks, globs, files or folders of cards; repeated or comma-separated.",
)
LANGUAGES = click.option("--languages", multiple=True, metavar="CODES", help="Only these: BCP 47 or ISO 639-3.")
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
    type=PLACE,
    metavar="PATH",
    help="File or folder of cards and suites; repeatable.",
)
SUITE = click.option(
    "--suite", required=True, metavar="SUITE", help="Whose tasks and languages: a suite's name, or its file."
)
DTYPE = click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
    help="auto: bfloat16 where the hardware multiplies it natively, but float32 for masked language models.",
)
DEVICE = click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]", help="Where to compute."
)
RECIPE = click.option(
    "--recipe",
    default="xtreme",
    show_default=True,
    metavar="NAME|FILE",
    help="Hyper-parameters of training: xtreme, jiant, fast, or a YAML file.",
)
SET = click.option(
    "--set",
    multiple=True,
    metavar="KEY=VALUE",
    help="A value over the recipe's, as lr=1e-5; of several, as lr=1e-5,2e-5, the best on dev is kept; repeatable.",
)
LIMIT_TRAIN = click.option(
    "--limit-train",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train on N examples a task and language: nested subsets, labels in proportion.",
)
SELECT_ON = click.option(
    "--select-on",
    type=click.Choice(["english", "target"]),
    help="On whose dev data weights are chosen.  [default: as the card says, mostly english]",
)
TRACKER = click.option(
    "--tracker",
    type=click.Choice(list(TRACKERS)),
    help="Log training there too, through accelerate.",
)


_ENGINE = (
    click.option(
        "--executor",
        type=click.Choice(list(EXECUTORS)),
        default="local",
        show_default=True,
        help="Who does the work: this machine, a Ray cluster, a Slurm cluster.",
    ),
    click.option(
        "--workers",
        default="auto",
        show_default=True,
        metavar="auto|N",
        help="Processes at once; auto: one a GPU, or one on a processor.",
    ),
    click.option(
        "--slurm",
        multiple=True,
        metavar="KEY=VALUE",
        help="Options of sbatch, as partition=gpu, or a YAML file of them; repeatable.",
    ),
    click.option(
        "--no-wait", is_flag=True, help="With slurm: return when all is submitted; the same command collects later."
    ),
)


def engine_options(command: Any) -> Any:
    """Give a command the options that say who does its work."""
    for option in reversed(_ENGINE):
        command = option(command)
    return command


def engine_flags(given: Mapping[str, Any]) -> dict[str, Any]:
    """What those say, as fields of a request."""
    return {
        "executor": given["executor"],
        "workers": read_count(given["workers"], "--workers"),
        "slurm": tuple(given["slurm"]),
        "wait": not given["no_wait"],
    }


def read_count(value: str, flag: str) -> int | None:
    """Read "auto", which is None, or a number from 1."""
    if value == "auto":
        return None
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise click.BadParameter(f"found '{shown(value)}', expected auto or a number from 1", param_hint=flag)
    return number


def read_seeds(value: str | None) -> list[int]:
    """Read the value of --seeds: numbers with commas between them; [] when it is not given."""
    try:
        return [int(seed) for seed in value.split(",")] if value is not None else []
    except ValueError:
        raise click.BadParameter(
            f"found '{shown(value)}', expected numbers such as 1,2,3", param_hint="--seeds"
        ) from None
