"""Figures that a new run should have, and of which it has no cell."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.cards import Cards
from xtreme_harness.comparison.differences import common_suites
from xtreme_harness.comparison.figures import Figure
from xtreme_harness.gate.places import figures_of
from xtreme_harness.gate.rules import Rule
from xtreme_harness.results.result import Result

__all__ = ["lost_figures"]


def lost_figures(
    rule: Rule, rules: Sequence[Rule], old: Sequence[Result], new: Sequence[Result], cards: Cards
) -> list[Figure]:
    """The figures of a rule that the old run has; or of a floor, where the new run has none of its figures, all.

    Args:
        rule: on figures.
        rules: all of them; one that forbids missing cells tells of those of the old run, one that allows them of none.
        old: the old runs, one a seed; of published figures none.
        new: the new runs, one a seed.
        cards: all cards and suites.
    """
    said = {one.missing for one in rules if one.missing}
    if "allow" in said:
        return []
    suites = common_suites(cards, [*old, *new])
    there = [key for key in new[0].scored if all(key in run.scored for run in new)]
    before = dict.fromkeys(key for run in old for key in run.scored)
    found = [] if said else figures_of(rule, cards, suites, [*before])
    lost = [figure for figure in found if not any(cell in there for cell in figure.cells)]
    if rule.floor is None or lost or figures_of(rule, cards, suites, there):
        return lost
    asked = dict.fromkeys(
        (task, code) for run in new for tasks in run.absent.values() for task, codes in tasks.items() for code in codes
    )
    return figures_of(rule, cards, suites, [*asked])
