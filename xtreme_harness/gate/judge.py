"""Rules on figures: floors, drops, and drops that chance does not explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.comparison.correction import CORRECTIONS
from xtreme_harness.comparison.figures import Figure
from xtreme_harness.gate.rules import OF_FIGURES, Rule
from xtreme_harness.gate.verdicts import Verdict
from xtreme_harness.plan.cells import BY_NAME

__all__ = ["Points", "judge"]

CellKey = tuple[str, str]  # task, language
_ROUNDING = 1e-9  # points: means of floats differ in their last bits


@dataclass(frozen=True, slots=True)
class Points:
    """A figure in both runs."""

    figure: Figure
    old: float
    new: float
    interval: tuple[float, float] | None = None  # of the difference; None: published figures have no examples
    p: float | None = None  # two-sided, before correction


def judge(
    rule: Rule,
    new: Mapping[Figure, float],
    both: Sequence[Points],
    unpaired: str = "",
    unknown: Sequence[Figure] = (),
    strange: Mapping[CellKey, str] | None = None,
    lost: Sequence[Figure] = (),
) -> list[Verdict]:
    """Judge the figures of one rule. What is missing or not a number keeps none.

    Args:
        rule: what must not happen.
        new: figures of the new run alone, for floors.
        both: figures of both runs, over the cells that both have.
        unpaired: why there are no p values; "" where there are.
        unknown: figures that the old side does not have.
        strange: cells with a figure that is missing or not a number, and which it is.
        lost: figures that should be there, and of which the new run has no cell.
    """
    odd = strange or {}
    found: list[Verdict] = []
    for name in (name for name in OF_FIGURES if getattr(rule, name) is not None):
        found += [_broken(rule, name, place(one), "the new run has no finished cell of it") for one in lost]
        figures = list(new) if name == "floor" else [one.figure for one in both]
        found += [_broken(rule, name, place(one), why) for one in figures if (why := _oddity(one, odd))]
    new = {figure: value for figure, value in new.items() if not _oddity(figure, odd)}
    both = [one for one in both if not _oddity(one.figure, odd)]
    found += [_floor(rule, figure, value) for figure, value in new.items()] if rule.floor is not None else []
    conditions: list[tuple[str, Callable[[Rule, Points], Verdict]]] = [
        ("max_drop", _drop), ("max_relative_drop", _relative_drop)
    ]  # fmt: skip
    for name, condition in conditions:
        if getattr(rule, name) is not None:
            found += [condition(rule, one) for one in both]
            found += [
                _skipped(rule, name, place(f), "the old side has no figure over these languages") for f in unknown
            ]
    if rule.significant_drop is not None:
        found += _significant(rule, both, unpaired, odd)
    for name in OF_FIGURES:
        if getattr(rule, name) is not None and not any(verdict.condition == name for verdict in found):
            found.append(_skipped(rule, name, rule.label, "no finished cells of both runs make up such a figure"))
    return found


def place(figure: Figure) -> str:
    """For people: "xtreme: tagging"."""
    name = "overall" if figure.name == figure.scope else figure.name
    whole = name if figure.scope in ("", BY_NAME) else f"{figure.scope}: {name}"
    return whole if figure.complete else f"{whole} ({len(figure.cells)} of {figure.wanted} cells)"


def _skipped(rule: Rule, condition: str, where: str, reason: str) -> Verdict:
    return Verdict(rule.label, condition, where, "skipped", reason)


def _broken(rule: Rule, condition: str, where: str, reason: str) -> Verdict:
    return Verdict(rule.label, condition, where, "broken", reason)


def _oddity(figure: Figure, strange: Mapping[CellKey, str]) -> str:
    """What is wrong with the first cell of a figure that has no number; "" where all have."""
    return next((f"{task} {code}: {strange[task, code]}" for task, code in figure.cells if (task, code) in strange), "")


def _floor(rule: Rule, figure: Figure, value: float) -> Verdict:
    assert rule.floor is not None
    broken = not value >= rule.floor - _ROUNDING
    message = f"{value:.2f}, {'below' if broken else 'not below'} the floor of {rule.floor:g}"
    return Verdict(
        rule.label, "floor", place(figure), "broken" if broken else "kept", message, new=value, cells=figure.cells
    )


def _drop(rule: Rule, one: Points) -> Verdict:
    assert rule.max_drop is not None
    drop = one.old - one.new
    broken = not drop <= rule.max_drop + _ROUNDING
    limit = f"{'more' if broken else 'not more'} than the {rule.max_drop:g} points allowed"
    return _verdict(rule, "max_drop", one, broken, f"{_from_to(one)}, {limit}")


def _relative_drop(rule: Rule, one: Points) -> Verdict:
    assert rule.max_relative_drop is not None
    percent = 100 * (one.old - one.new) / one.old if one.old else 0.0
    broken = not percent <= rule.max_relative_drop + _ROUNDING
    limit = f"{'more' if broken else 'not more'} than the {rule.max_relative_drop:g} % allowed"
    way = f"{percent:.1f} % down" if percent > 0 else f"{-percent:.1f} % up"
    return _verdict(rule, "max_relative_drop", one, broken, f"{_from_to(one)}: {way}, {limit}")


def _significant(rule: Rule, both: Sequence[Points], unpaired: str, strange: Mapping[CellKey, str]) -> list[Verdict]:
    assert rule.significant_drop is not None
    asked = rule.significant_drop
    if strange and both:
        (task, code), what = next(iter(strange.items()))
        return [_broken(rule, "significant_drop", rule.label, f"nothing can be tested: {task} {code}: {what}")]
    if unpaired:
        return [_skipped(rule, "significant_drop", rule.label, unpaired)]
    adjusted = CORRECTIONS[asked.correction]([1.0 if one.p is None else one.p for one in both])
    found = []
    for one, p in zip(both, adjusted, strict=True):
        drop = one.old - one.new
        broken = not (p >= asked.alpha or drop <= 0 or drop < asked.min_drop - _ROUNDING)
        over = f" after {asked.correction} over {len(both)}" if asked.correction != "none" and len(both) > 1 else ""
        message = f"{_from_to(one)}, p {_written(p)}{over} ({'a' if broken else 'no'} significant drop)"
        found.append(_verdict(rule, "significant_drop", one, broken, message, p))
    return found


def _verdict(rule: Rule, condition: str, one: Points, broken: bool, message: str, p: float | None = None) -> Verdict:
    return Verdict(
        rule.label, condition, place(one.figure), "broken" if broken else "kept", message,
        one.old, one.new, one.interval, p, one.figure.cells,
    )  # fmt: skip


def _from_to(one: Points) -> str:
    interval = f" (95 % {one.interval[0]:+.2f} to {one.interval[1]:+.2f})" if one.interval else ""
    return f"{one.old:.2f} -> {one.new:.2f}, {one.new - one.old:+.2f}{interval}"


def _written(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"
