"""One text or two: what classification and regression read of a row, and give to a model.

A card has pairs where one of its sources names the field `text_b`. The only text of a card without pairs may be called
`text` as well as `text_a`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from xtreme_harness.cards import TaskCard
from xtreme_harness.kinds.base import Texts
from xtreme_harness.kinds.row_fields import text
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Encoded, Features, Row, Split

__all__ = ["OneOrTwo", "featurize", "given_texts", "name_faults", "texts_of"]


class OneOrTwo(Protocol):
    """What is asked of an example."""

    @property
    def text_a(self) -> str:
        """The first text, or the only one."""

    @property
    def text_b(self) -> str | None:
        """The second; None where there is one alone."""


def given_texts(row: Row, card: TaskCard, faults: list[str]) -> tuple[str, str | None]:
    """The texts of a row; what is absent, and what is no text, becomes a fault."""
    paired = "text_b" in row.values or "text_b" in card.fields
    first = "text_a" if "text_a" in row.values or (paired and "text" not in row.values) else "text"
    return text(row, first, faults), text(row, "text_b", faults) if paired else None


def name_faults(card: TaskCard, names: Sequence[str] = ("text", "text_a")) -> list[str]:
    """A field that a card's sources call by two names, of which a row would have one or the other."""
    found = [name for name in names if name in card.fields]
    return [f"columns: found {' and '.join(found)}, which are names of one field; keep one"] if len(found) > 1 else []


def texts_of(example: OneOrTwo) -> Texts:
    """What a model reads of an example."""
    return (example.text_a,) if example.text_b is None else (example.text_a, example.text_b)


def featurize(split: Split[OneOrTwo], tokenizer: Tokenizer, card: TaskCard) -> Features:
    """Encode every example as a sequence of one segment or of two; option `max_length` counts special tokens too."""
    length = int(card.options["max_length"])
    first = tokenizer.ids([e.text_a for e in split.examples])
    second = iter(tokenizer.ids([e.text_b for e in split.examples if e.text_b is not None]))
    inputs: list[Encoded] = [
        tokenizer.one(ids, length) if e.text_b is None else tokenizer.two(ids, next(second), length)
        for e, ids in zip(split.examples, first, strict=True)
    ]
    return Features(inputs, language=split.language)
