"""The means that a run is judged by: each is a mean of means of cells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xtreme_harness.cards import Cards, Suite
from xtreme_harness.languages import language
from xtreme_harness.plan.cells import BY_NAME, select
from xtreme_harness.scoring.means import left_to_right_mean, parts_by_language

__all__ = ["LEVELS", "READERS", "Figure", "figure", "figures", "overall_figures", "wanted_cells"]

CellKey = tuple[str, str]  # task, language
Parts = tuple[tuple[CellKey, ...], ...]
READERS: dict[str, Callable[[str], str]] = {  # what a language counts as
    "family": lambda code: language(code).family,
    "script": lambda code: language(code).script,
    "language": lambda code: code,
}
LEVELS = ("suite", "group", "task", "family", "script", "language", "cell")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number over cells: the mean over its parts (or over sets of them) of the mean over a part's cells."""

    level: str  # one of LEVELS
    scope: str  # suite, "tasks" for what was asked for by name, "" for a cell
    name: str  # "xtreme", "tagging", "xnli", "Uralic", "Latn", "sw", "xnli sw"
    parts: Parts
    wanted: int  # cells of the whole
    sets: tuple[tuple[int, ...], ...] = ()  # of parts, where the mean is over sets of them; (): over the parts

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
        return self.joined([left_to_right_mean(values[cell] for cell in part) for part in self.parts])

    def joined(self, means: Sequence[float]) -> float:
        """The mean, from those of the parts."""
        if not self.sets:
            return left_to_right_mean(means)
        return left_to_right_mean(left_to_right_mean(means[i] for i in one) for one in self.sets)

    def weights(self) -> dict[CellKey, float]:
        """What each cell counts; the sum is 1."""
        found: dict[CellKey, float] = {}
        for one in self.sets or ((*range(len(self.parts)),),):
            for part in (self.parts[i] for i in one):
                for cell in part:
                    found[cell] = found.get(cell, 0.0) + 1 / len(part) / len(one) / (len(self.sets) or 1)
        return found


def wanted_cells(
    cards: Cards, suites: Sequence[str], cells: Iterable[CellKey]
) -> dict[str, dict[str, tuple[CellKey, ...]]]:
    """Scope -> task -> its cells, those of the suites in official order.

    What stands in none of the suites was asked for by name: of such tasks all cells that are there are wanted.
    """
    found = {
        suite: {t.card.name: tuple((t.key, code) for code in t.languages) for t in select(cards, [suite])}
        for suite in suites
    }
    seen = {cell for tasks in found.values() for wanted in tasks.values() for cell in wanted}
    rest: dict[str, list[CellKey]] = {}
    for task, code in cells:
        if (task, code) not in seen:
            rest.setdefault(task, []).append((task, code))
    return {**found, **({BY_NAME: {task: tuple(wanted) for task, wanted in rest.items()}} if rest else {})}


def figure(
    level: str, scope: str, name: str, wanted: Sequence[Sequence[CellKey]], cells: Collection[CellKey]
) -> Figure | None:
    """The figure over what is there of the wanted parts; None where nothing is."""
    parts = tuple(here for part in wanted if (here := tuple(cell for cell in part if cell in cells)))
    return Figure(level, scope, name, parts, sum(map(len, wanted))) if parts else None


def overall_figures(
    suite: Suite, scope: str, tasks: Mapping[str, Sequence[CellKey]], cells: Collection[CellKey]
) -> list[Figure]:
    """The means over a whole suite; each is there when each of its tasks has a cell.

    Args:
        suite: whose rules of the mean count.
        scope: its name.
        tasks: task -> its cells.
        cells: what is there.
    """
    found = []
    for name, overall in suite.overalls(scope).items():
        if not all(any(cell in cells for cell in tasks[task]) for task in overall.tasks):
            continue
        place = {task: i for i, task in enumerate(overall.tasks)}
        wanted: Sequence[Sequence[CellKey]] = [tasks[task] for task in place]
        if overall.over == "languages":
            keys = {task[0][0]: tuple(code for _, code in task) for task in wanted}
            wanted = parts_by_language(keys)
        one = figure("suite", scope, name, wanted, cells)
        if one and overall.over == "groups":
            one = replace(one, sets=tuple(tuple(place[task] for task in tasks) for tasks in overall.sets))
        found += [one] if one else []
    return found


def figures(cards: Cards, suites: Sequence[str], cells: Collection[CellKey]) -> list[Figure]:
    """Every mean over the given cells: suites, groups, tasks, families, scripts, languages, and the cells themselves.

    A suite or a group is a figure when each of its tasks has a cell. Families, scripts and languages are averaged
    first over a task's languages, then over tasks.

    Args:
        cards: all cards and suites.
        suites: those that were evaluated as suites; tasks in none of them stand in the scope "tasks".
        cells: what is there.
    """
    found: list[Figure | None] = []
    for scope, tasks in wanted_cells(cards, suites, cells).items():
        there = {task for task, wanted in tasks.items() if any(cell in cells for cell in wanted)}
        if scope in cards.suites:
            suite = cards.suites[scope]
            found += overall_figures(suite, scope, tasks, cells)
            for name, members in suite.groups.items():
                if there.issuperset(members):
                    found.append(figure("group", scope, name, [tasks[task] for task in members], cells))
        found += [figure("task", scope, wanted[0][0], [wanted], cells) for wanted in tasks.values()]
        for level, read in READERS.items():
            for name in sorted({read(code) for wanted in tasks.values() for _, code in wanted}):
                parts = [tuple(cell for cell in wanted if read(cell[1]) == name) for wanted in tasks.values()]
                found.append(figure(level, scope, name, parts, cells))
    found += [Figure("cell", "", f"{task} {code}", (((task, code),),), 1) for task, code in cells]
    return sorted((one for one in found if one), key=lambda one: LEVELS.index(one.level))
