"""What a kind is: one vertical slice, from a row of data to the official prediction file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import Expected
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Features, Json, Lesson, Passage, Row, Split

__all__ = ["Kind", "Reach", "Texts"]

E = TypeVar("E")  # example
P = TypeVar("P")  # prediction
G = TypeVar("G")  # gold
Texts = tuple[str | tuple[str, ...], ...]  # plain texts; the words of a sentence are one item


@dataclass(frozen=True, slots=True)
class Reach:
    """Which gold answers a model can give at all, its tokenizer being what it is."""

    answers: int
    exact: int  # to the letter
    whole: int  # these, and those that it can give with letters around them: they begin or end within a token


@dataclass(frozen=True, slots=True)
class Kind(Generic[E, P, G]):
    """Everything peculiar to one kind of task; the fields stand in data-flow order.

    A kind is a value: every function is pure and testable alone.
    """

    name: str
    head: str | None  # a key of HEADS; None: the encoder's sentence vectors
    options: Mapping[str, Json]  # what a card may set for this kind, with the defaults
    example: type[E]  # a frozen dataclass with an `id`; the rest are texts, numbers, records, tuples of them
    parse: Callable[[Row, TaskCard], E]
    passage: Callable[[Row, TaskCard], Passage] | None  # a row of the pool; None: the kind has no pool
    texts: Callable[[E], Texts]  # what a model reads of an example, in the order of reading
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
    extras: Callable[[Arrays, Features, Split[E], TaskCard], dict[str, float]] | None = None  # beside the official
    reach: Callable[[Features, Split[E], TaskCard], Reach] | None = None  # None: answers are no part of a text
    unnamed: Callable[[TaskCard], G | None] = lambda card: None  # what an id has that a file leaves out; None: a fault
    labels: Callable[[TaskCard], Collection[str]] = lambda card: {*card.labels, *card.aliases}  # that gold may hold
    label_faults: Callable[[str, str, TaskCard], list[str]] = (
        lambda text, place, card: []
    )  # of a label file, beside `golds`
    expected: Mapping[str, Expected] = field(default_factory=dict)  # of options whose default says too little
    card_faults: Callable[[TaskCard], list[str]] = lambda card: []  # of options that do not go together
    reads: Callable[[int], int] | None = None  # tokens that a model reads for a text of so many; None: each once
    said: Callable[[TaskCard], str] = lambda card: ""  # of the options, in the signature: "pll:original"
    hub_task: str = "other"  # the Hub's name of such a task
    answers: str = ""  # what metrics compare: "labels", "tags", "numbers", "texts", "pairs", "ids", "grades"; "": other
