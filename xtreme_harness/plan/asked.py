"""What `--tasks` and `--suite` name: suites, tasks, and the files and folders that have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.cards import Cards
from xtreme_harness.cards.names import split_names
from xtreme_harness.errors import CardError
from xtreme_harness.plan.arguments import NAME, NAMES, require
from xtreme_harness.plan.cells import Target, all_cards, select

__all__ = ["asked_suite", "asked_targets"]

_YAML = (".yaml", ".yml")


def asked_targets(tasks: str | Sequence[str], include: Sequence[str | Path] = ()) -> tuple[Cards, list[Target]]:
    """All cards, and the targets that `--tasks` names: as `select`, and files or folders of cards and suites.

    A file stands for its suites or its card; a folder for its suites, and for those cards that none of these has.

    Raises:
        CardError: every unknown name, every fault of a card.
    """
    require({"tasks": [*split_names(tasks)]}, {"tasks": ("--tasks", NAMES)})
    names, places = [], [path for name in split_names(tasks) if _is_place(path := Path(name))]
    cards = all_cards([*map(Path, include), *places])
    for name in split_names(tasks):
        if (path := Path(name)) in places:
            suites, own = cards.within(path)
            names += [*suites, *(task for task in own if not any(task in cards.suites[one].tasks for one in suites))]
        else:
            names.append(name)
    return cards, select(cards, names)


def asked_suite(name: str, include: Sequence[str | Path] = (), where: str = "--suite: ") -> tuple[Cards, str]:
    """All cards, and the suite that `--suite` names: by its name, or by the file that holds it alone.

    Raises:
        DataError: no name.
        CardError: an unknown suite, every fault of a card; a file without a suite, or with several.
    """
    require({"suite": name}, {"suite": ("--suite", NAME)})
    path = Path(name)
    if not (path.suffix in _YAML and path.is_file()):
        cards = all_cards([*map(Path, include)])
        cards.suite(name, where)
        return cards, name
    cards = all_cards([*map(Path, include), path])
    found, _ = cards.within(path)
    if len(found) != 1:
        told = f"found {', '.join(found) or 'no suite'}, expected one"
        raise CardError(f"{path}: {told}; name the suite, and give --include-path {path}")
    return cards, found[0]


def _is_place(path: Path) -> bool:
    """Is it the file of a card or of suites, or a folder of them?"""
    return path.suffix in _YAML or (path.is_dir() and any(path.glob("*.yaml")))
