"""One text or two, one number: GLUE's STS-B and other ratings, by a head with one output."""

from __future__ import annotations

from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.kinds import numbers
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.numbers import RatedExample
from xtreme_harness.kinds.one_or_two import featurize, texts_of
from xtreme_harness.models.head_table import NUMBER
from xtreme_harness.records import Arrays, Features, Lesson, Split

__all__ = ["REGRESSION"]

OPTIONS: dict[str, Any] = {
    "max_length": 128,  # tokens, special ones included
    "range": [],  # the least and the greatest number that gold may be; []: any
}


def _decode(arrays: Arrays, features: Features, split: Split[RatedExample], card: TaskCard) -> dict[str, float]:
    return {e.id: float(value) for e, value in zip(split.examples, arrays.values[:, 0], strict=True)}


def _learn(features: Features, split: Split[RatedExample], card: TaskCard) -> list[Lesson]:
    pairs = zip(features.inputs, split.examples, strict=True)
    return [Lesson((encoded,), (e.label,)) for encoded, e in pairs if e.label is not None]


REGRESSION: Kind[RatedExample, float, float] = Kind(
    name="regression",
    head=NUMBER,
    options=OPTIONS,
    example=RatedExample,
    parse=numbers.parse,
    passage=None,
    texts=texts_of,
    featurize=featurize,
    decode=_decode,
    learn=_learn,
    gold=lambda e: e.label,
    relabel=numbers.relabel,
    perfect=numbers.perfect,
    constant=numbers.constant,
    guess=numbers.guess,
    dumps=numbers.dumps,
    loads=numbers.loads,
    golds=numbers.golds,
    gold_text=numbers.gold_text,
    faults=numbers.line_faults,
    label_faults=numbers.label_faults,
    expected={"range": numbers.RANGE},
    card_faults=numbers.card_faults,
    hub_task="text-classification",
    answers="numbers",
)
