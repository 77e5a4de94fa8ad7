"""Answers that are numbers: their gold, and their files of one number a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, isfinite
from random import Random
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import Expected, number, such
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.one_or_two import given_texts, name_faults
from xtreme_harness.kinds.prediction_text import BLANK, Fault, count_faults, label_count, official_lines, told
from xtreme_harness.kinds.row_fields import identifier, refuse
from xtreme_harness.records import Row, Split

__all__ = [
    "RANGE",
    "RatedExample",
    "card_faults",
    "constant",
    "dumps",
    "gold_text",
    "golds",
    "guess",
    "label_faults",
    "line_faults",
    "loads",
    "parse",
    "perfect",
    "relabel",
]

_FIELDS = ("label", "score", "number")  # names of the gold, the first that a row has
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")


def _is_range(value: Any) -> bool:
    ends = isinstance(value, list | tuple) and not any(number().faults("", end) for end in value)
    return bool(ends and (not value or (len(value) == 2 and value[0] < value[1])))


RANGE: Expected = such("two numbers, the lower one first", _is_range)  # of option `range`; [] says nothing


@dataclass(frozen=True, slots=True)
class RatedExample:
    """A text or two, and a number."""

    id: str
    text_a: str
    text_b: str | None  # None: there is one alone
    label: float | None  # None where the data has no gold


def parse(row: Row, card: TaskCard) -> RatedExample:
    """One row; its gold may be called `label`, `score` or `number`.

    Raises:
        DataError: every fault of the row.
    """
    faults: list[str] = []
    key, (one, other) = identifier(row, faults), given_texts(row, card, faults)
    field = next((name for name in _FIELDS if name in row.values), _FIELDS[0])
    value = row.values.get(field)
    gold = _number(value)
    if value is not None and (gold is None or not _within(gold, card)):
        faults.append(f"{row.place}: {field} {shown(value)}, expected {_expected(card)}")
    refuse(faults)
    return RatedExample(key, one, other, gold)


def relabel(example: RatedExample, gold: float) -> RatedExample:
    """The example with this gold."""
    return replace(example, label=gold)


def constant(split: Split[RatedExample], card: TaskCard) -> dict[str, float]:
    """The mean of the gold to everything; the middle of the range where there is none."""
    known = [e.label for e in split.examples if e.label is not None] or list(card.options["range"] or (0.0,))
    answer = fsum(known) / len(known)
    return {e.id: answer for e in split.examples}


def guess(split: Split[RatedExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, float]:
    """Any number of the card's range with equal chance; without one, of the gold's; without that, from 0 to 1."""
    known = card.options["range"] or [e.label for e in split.examples if e.label is not None] or (0.0, 1.0)
    return {e.id: rng(e.id).uniform(min(known), max(known)) for e in split.examples}


def dumps(split: Split[RatedExample], found: Mapping[str, float], card: TaskCard) -> str:
    """One number a line, with all its digits."""
    return "".join(f"{float(found[e.id])!r}\n" for e in split.examples)


def gold_text(split: Split[RatedExample], card: TaskCard) -> str:
    """The label file of a split that has gold."""
    return dumps(split, {e.id: perfect(e) for e in split.examples}, card)


def perfect(example: RatedExample) -> float:
    """The gold; 0 where there is none."""
    return 0.0 if example.label is None else example.label


def loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, float]:
    """Read a prediction file.

    Raises:
        PredictionError: another number of lines than examples; every line that is no number.
    """
    lines = official_lines(text)
    label_count(lines, ids, place)
    if faults := _strange(lines, place):
        raise PredictionError(*faults)
    return {key: float(line) for key, line in zip(ids, lines, strict=True)}


def golds(text: str, place: str, card: TaskCard) -> dict[str, float]:
    """Read a label file.

    Raises:
        DataError: every line that is no number.
    """
    lines = official_lines(text)
    if faults := _strange(lines, place):
        raise DataError(*faults)
    return {str(i): float(line) for i, line in enumerate(lines)}


def line_faults(text: str, place: str, gold: Mapping[str, float] | None, card: TaskCard) -> list[str]:
    """What is wrong with a prediction file: lines that are no number, or too many or too few."""
    lines = official_lines(text)
    return [*count_faults(lines, gold, place), *_strange(lines, place)]


def label_faults(text: str, place: str, card: TaskCard) -> list[str]:
    """Gold outside the card's range."""
    numbers = [(n, line) for n, line in enumerate(official_lines(text), 1) if _number(line) is not None]
    wrong = [f"{place}:{n}: label {line[:40]}, expected {_expected(card)}" for n, line in numbers
             if not _within(float(line), card)]  # fmt: skip
    return told([Fault("labels out of range", message) for message in wrong], place)


def card_faults(card: TaskCard) -> list[str]:
    """Labels, which numbers have not, and fields that have two names."""
    labels = ["labels: found some, but the answers of this kind are numbers; leave them out"] if card.labels else []
    return [*labels, *name_faults(card), *name_faults(card, _FIELDS)]


def _strange(lines: Sequence[str], place: str) -> list[str]:
    """Lines that are no finite number."""
    faults = []
    for n, line in enumerate(lines, start=1):
        if not line:
            faults.append(Fault(BLANK, f"{place}:{n}: blank line, expected a number"))
        elif _number(line) is None:
            faults.append(Fault("lines that are no number", f"{place}:{n}: found '{line[:40]}', expected a number"))
    return told(faults, place)


def _number(value: Any) -> float | None:
    """A finite number, also as text; None for anything else."""
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:  # a whole number of hundreds of digits
        return None


def _within(value: float, card: TaskCard) -> bool:
    ends = card.options["range"]
    return not ends or bool(ends[0] <= value <= ends[1])


def _expected(card: TaskCard) -> str:
    ends = card.options["range"]
    return f"a number from {ends[0]:g} to {ends[1]:g}" if ends else "a number"
