"""What a kind is: one vertical slice, from a row of data to the official prediction file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Features, Json, Lesson, Passage, Row, Split

__all__ = ["Kind", "json_object", "label_count", "official_lines", "text_of"]

E = TypeVar("E")  # example
P = TypeVar("P")  # prediction
G = TypeVar("G")  # gold


@dataclass(frozen=True, slots=True)
class Kind(Generic[E, P, G]):
    """Everything peculiar to one kind of task; the fields stand in data-flow order.

    A kind is a value: every function is pure and testable alone.
    """

    name: str
    head: str | None  # a transformers Auto class; None: the encoder's sentence vectors
    options: Mapping[str, Json]  # what a card may set for this kind, with the defaults
    parse: Callable[[Row, TaskCard], E]
    passage: Callable[[Row, TaskCard], Passage] | None  # a row of the pool; None: the kind has no pool
    featurize: Callable[[Split[E], Tokenizer, TaskCard], Features]
    decode: Callable[[Arrays, Features, Split[E], TaskCard], dict[str, P]]  # by example id
    learn: Callable[[Features, Split[E], TaskCard], list[Lesson]] | None  # what training sees; None: there is none
    gold: Callable[[E], G | None]  # what a metric compares with; None where the data has none
    relabel: Callable[[E, G], E]  # the example with this gold
    perfect: Callable[[E], P]  # the prediction that scores 100: what `oracle` answers
    constant: Callable[[Split[E], TaskCard], dict[str, P]]  # the same answer to everything: `majority`
    guess: Callable[[Split[E], TaskCard, Callable[[str], Random]], dict[str, P]]  # chance: `random`
    dumps: Callable[[Split[E], Mapping[str, P], TaskCard], str]  # official file text
    loads: Callable[[str, str, Sequence[str], TaskCard], dict[str, P]]  # text, its place, example ids
    golds: Callable[[str, str, TaskCard], dict[str, G]]  # official label file: text, its place
    gold_text: Callable[[Split[E], TaskCard], str]  # the official label file of a split with gold
    faults: Callable[[str, str, Mapping[str, G] | None, TaskCard], list[str]]  # of a prediction file: text, place, gold
    calibrate: Callable[[Arrays, Features, Split[E], TaskCard], Json] | None = None  # a number chosen on dev
    extras: Callable[[Arrays, Features, Split[E], TaskCard], dict[str, float]] | None = (
        None  # figures beside the official
    )


def official_lines(text: str) -> list[str]:
    r"""Lines as the official scorer reads them: universal newlines, stripped, empty ones kept.

    >>> official_lines("a\r\n b\n\nc")
    ['a', 'b', '', 'c']
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.strip() for line in lines]


def label_count(found: Sequence[Any], ids: Sequence[str], place: str, what: str = "lines") -> None:
    """Raise PredictionError unless there is one prediction an example."""
    if len(found) != len(ids):
        raise PredictionError(f"{place}: {len(found)} {what}, expected {len(ids)}, one an example")


def json_object(text: str, place: str) -> dict[str, Any]:
    """Read a JSON object as the official scorer does: the value of a top key `data`, or the object itself."""
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise PredictionError(f"{place}:{error.lineno}: not JSON: {error.msg}; is the file complete?") from None
    if not isinstance(read, dict):
        raise PredictionError(f"{place}: found a JSON {type(read).__name__}, expected an object of id: answer")
    inner = read.get("data", read)
    if not isinstance(inner, dict):
        raise PredictionError(f"{place}: data: found a {type(inner).__name__}, expected an object of id: answer")
    return inner


def text_of(row: Row, field: str) -> str:
    """A text field of a row; DataError where it is absent or no text."""
    value = row.values.get(field)
    if not isinstance(value, str):
        raise DataError(f"{row.place}: {field}: found {value!r}, expected text")
    return value
