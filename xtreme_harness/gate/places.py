"""Where a rule looks: the figures that its places name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from xtreme_harness.cards import Cards
from xtreme_harness.comparison.figures import READERS, Figure, figure, overall_figures, wanted_cells
from xtreme_harness.gate.rules import Rule, families_of, matches
from xtreme_harness.languages import language, meant

__all__ = ["figures_of"]

CellKey = tuple[str, str]
Tasks = dict[str, tuple[CellKey, ...]]


def figures_of(rule: Rule, cards: Cards, suites: Sequence[str], cells: Collection[CellKey]) -> list[Figure]:
    """The figures that a rule judges, each set of cells once.

    Tasks (or groups, or else the suites) and languages (or families, or scripts) cross: `task: xnli, family: Uralic`
    is one figure, the mean of XNLI over those languages; `task: "*", language: "*"` is every cell.
    """
    found: dict[tuple[object, object], Figure] = {}
    for scope, tasks in wanted_cells(cards, suites, cells).items():
        if not matches(rule.suite, scope):
            continue
        if _of_whole_suites(rule):
            suite = cards.suites.get(scope)
            for whole in overall_figures(suite, scope, tasks, cells) if suite else ():
                found.setdefault((whole.parts, whole.sets), whole)
            continue
        for name, members in _task_axis(rule, cards, scope, tasks, cells):
            wanted = [tasks[task] for task in members]
            for code, codes in _language_axis(rule, wanted):
                parts = [tuple(cell for cell in part if codes is None or cell[1] in codes) for part in wanted]
                label = " ".join(part for part in (name, code) if part)
                if (one := figure(_level(rule), scope, label, parts, cells)) is not None:
                    found.setdefault((one.parts, one.sets), one)
    return list(found.values())


def _task_axis(
    rule: Rule, cards: Cards, scope: str, tasks: Tasks, cells: Collection[CellKey]
) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Name -> tasks that are averaged."""
    there = {task for task, wanted in tasks.items() if any(cell in cells for cell in wanted)}
    if rule.task is not None:
        return [(tasks[task][0][0], (task,)) for task in tasks if matches(rule.task, task, tasks[task][0][0])]
    suite = cards.suites.get(scope)
    if rule.group is not None:
        groups = suite.groups if suite else {}
        return [(name, own) for name, own in groups.items() if matches(rule.group, name) and there.issuperset(own)]
    return [("", tuple(tasks))]


def _language_axis(rule: Rule, wanted: Sequence[Sequence[CellKey]]) -> Iterable[tuple[str, set[str] | None]]:
    """Name -> language codes that are averaged; None: all."""
    if _over_all_languages(rule):
        return [("", None)]
    codes = dict.fromkeys(code for part in wanted for _, code in part)
    names: dict[str, set[str]] = {}
    for code in codes:
        if rule.language is not None and _is_meant(rule.language, code, codes):
            names.setdefault(code, set()).add(code)
        if rule.script is not None and matches(rule.script, language(code).script):
            names.setdefault(READERS["script"](code), set()).add(code)
        for name in families_of(code) if rule.family is not None else ():
            whole = name == language(code).family  # "*" stands for whole names alone
            if name in (rule.family or ()) or (whole and matches(rule.family, name)):
                names.setdefault(name, set()).add(code)
    return list(names.items())


def _of_whole_suites(rule: Rule) -> bool:
    return rule.task is None and rule.group is None and _over_all_languages(rule)


def _is_meant(words: Sequence[str], code: str, codes: Collection[str]) -> bool:
    """Does a rule's language stand for this code, spelt as the task spells it or otherwise?"""
    return matches(words, code) or any(code in meant(word, codes) for word in words)


def _over_all_languages(rule: Rule) -> bool:
    return rule.language is None and rule.family is None and rule.script is None


def _level(rule: Rule) -> str:
    given = [name for name in ("group", "task", "language", "family", "script") if getattr(rule, name) is not None]
    return " ".join(given) or "suite"
