"""Two texts and how much they say the same, by the cosine of their sentence vectors, untrained: STS17, STS22."""

from __future__ import annotations

from typing import Any

import numpy as np

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import DataError
from xtreme_harness.kinds import numbers
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.numbers import RatedExample
from xtreme_harness.kinds.one_or_two import texts_of
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Features, Row, Split
from xtreme_harness.search.nearest import normalised

__all__ = ["SIMILARITY"]

OPTIONS: dict[str, Any] = {
    "max_length": 512,  # tokens of a text, special ones included
    "range": [],  # the least and the greatest number that gold may be; []: any
}


def _parse(row: Row, card: TaskCard) -> RatedExample:
    found = numbers.parse(row, card)
    if found.text_b is None:
        raise DataError(f"{row.place}: text_b: found nothing, expected a second text to compare with; name its column")
    return found


def _featurize(split: Split[RatedExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    """Two sequences an example, its first text and its second."""
    length = int(card.options["max_length"])
    ids = tokenizer.ids([one for e in split.examples for one in (e.text_a, e.text_b or "")])
    return Features([tokenizer.one(one, length) for one in ids], language=split.language)


def _decode(arrays: Arrays, features: Features, split: Split[RatedExample], card: TaskCard) -> dict[str, float]:
    vectors = normalised(arrays.values).astype(np.float64)
    cosines = (vectors[::2] * vectors[1::2]).sum(axis=1)
    return {e.id: float(cosine) for e, cosine in zip(split.examples, cosines, strict=True)}


SIMILARITY: Kind[RatedExample, float, float] = Kind(
    name="similarity",
    head=None,
    options=OPTIONS,
    example=RatedExample,
    parse=_parse,
    passage=None,
    texts=texts_of,
    featurize=_featurize,
    decode=_decode,
    learn=None,
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
    hub_task="sentence-similarity",
    answers="numbers",
)
