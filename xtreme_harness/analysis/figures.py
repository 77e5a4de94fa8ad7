"""The means that a run is judged by: each is a mean of means of cells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.cards import Cards
from xtreme_harness.languages import language
from xtreme_harness.plan import BY_NAME, select
from xtreme_harness.score import left_to_right_mean

__all__ = ["LEVELS", "Figure", "figures"]

CellKey = tuple[str, str]  # task, language
Parts = tuple[tuple[CellKey, ...], ...]
LEVELS = ("suite", "group", "task", "family", "script", "language", "cell")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number over cells: the mean over its parts of the mean over a part's cells."""

    level: str  # one of LEVELS
    scope: str  # suite, "tasks" for what was asked for by name, "" for a cell
    name: str  # "xtreme", "tagging", "xnli", "Uralic", "Latn", "sw", "xnli sw"
    parts: Parts
    wanted: int  # cells of the whole

    @property
    def cells(self) -> tuple[CellKey, ...]:
        """All cells of the figure."""
        return tuple(cell for part in self.parts for cell in part)

    @property
    def complete(self) -> bool:
        """Are all cells there?"""
        return len(self.cells) == self.wanted

    def value(self, values: Mapping[CellKey, float]) -> float:
        """The mean, added up in the official order."""
        return left_to_right_mean(left_to_right_mean(values[cell] for cell in part) for part in self.parts)

    def weights(self) -> dict[CellKey, float]:
        """What each cell counts; the sum is 1."""
        found: dict[CellKey, float] = {}
        for part in self.parts:
            for cell in part:
                found[cell] = found.get(cell, 0.0) + 1 / len(part) / len(self.parts)
        return found


def figures(cards: Cards, suites: Sequence[str], cells: Collection[CellKey]) -> list[Figure]:
    """Every mean over the given cells: suites, groups, tasks, families, scripts, languages, and the cells themselves.

    A suite or a group is a figure when each of its tasks has a cell. Families, scripts and languages are averaged as
    a suite is: first over a task's languages, then over tasks.

    Args:
        cards: all cards and suites.
        suites: those that were evaluated as suites; tasks in none of them stand in the scope "tasks".
        cells: what is there.
    """
    found: list[Figure] = []
    seen: set[CellKey] = set()
    for name in suites:
        suite, targets = cards.suites[name], select(cards, [name])
        parts = {t.card.name: tuple((t.key, code) for code in t.languages if (t.key, code) in cells) for t in targets}
        wanted = {t.card.name: len(t.languages) for t in targets}
        overall = {name: suite.tasks} if suite.overall else suite.means
        sets = {("suite", mean): tasks for mean, tasks in overall.items()}
        sets |= {("group", group): tasks for group, tasks in suite.groups.items()}
        for (level, label), tasks in sets.items():
            if all(parts[task] for task in tasks):
                size = sum(wanted[task] for task in tasks)
                found.append(Figure(level, name, label, tuple(parts[task] for task in tasks), size))
        keys = {t.card.name: t.key for t in targets}
        found += [Figure("task", name, keys[task], (p,), wanted[task]) for task, p in parts.items() if p]
        found += _by_language(name, [[(t.key, code) for code in t.languages] for t in targets], cells)
        seen |= {cell for part in parts.values() for cell in part}
    rest = [cell for cell in cells if cell not in seen]
    tasks_by_name = [tuple(cell for cell in rest if cell[0] == key) for key in dict.fromkeys(task for task, _ in rest)]
    found += [Figure("task", BY_NAME, part[0][0], (part,), len(part)) for part in tasks_by_name]
    found += _by_language(BY_NAME, tasks_by_name, cells)
    found += [Figure("cell", "", f"{task} {code}", (((task, code),),), 1) for task, code in cells]
    return sorted(found, key=lambda figure: LEVELS.index(figure.level))


def _by_language(scope: str, tasks: Sequence[Sequence[CellKey]], cells: Collection[CellKey]) -> list[Figure]:
    """Figures over families, scripts and languages."""
    readers: dict[str, Callable[[str], str]] = {
        "family": lambda code: language(code).family,
        "script": lambda code: language(code).script,
        "language": lambda code: code,
    }
    found = []
    for level, read in readers.items():
        for name in sorted({read(code) for task in tasks for _, code in task}):
            wanted = [cell for task in tasks for cell in task if read(cell[1]) == name]
            parts = _non_empty(tuple(c for c in task if c in cells and read(c[1]) == name) for task in tasks)
            if parts:
                found.append(Figure(level, scope, name, parts, len(wanted)))
    return found


def _non_empty(parts: Iterable[tuple[CellKey, ...]]) -> Parts:
    return tuple(part for part in parts if part)
