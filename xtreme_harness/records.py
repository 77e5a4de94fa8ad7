"""What flows between the stages: frozen records without behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Arrays",
    "Encoded",
    "Features",
    "Json",
    "Lesson",
    "Nearest",
    "Passage",
    "Row",
    "Rows",
    "Score",
    "Split",
    "Table",
    "Vector",
]

Json = Any
Rows = NDArray[np.float64]  # (n_examples, k) statistics, one row an example
Vector = NDArray[np.float64]  # (k,) column sums of Rows

E = TypeVar("E", covariant=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a file or the Hub gives it, before a kind gives it a meaning."""

    values: Mapping[str, Json]
    place: str  # "xnli/test-de.tsv:17" or "facebook/xnli@b8dd5d7 de/test[16]"
    lines: Sequence[int] = field(default=(), compare=False)  # of its words, where a file gives each a line


@dataclass(frozen=True, slots=True)
class Table:
    """What a format reads: the examples' rows, and the rows that are searched."""

    rows: tuple[Row, ...]
    pool: Iterable[Row] = ()  # may be lazy, and can be iterated again; retrieval formats only


@dataclass(frozen=True, slots=True)
class Passage:
    """One item of a pool."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Split(Generic[E]):
    """The examples of one task, language and split."""

    task: str
    language: str
    name: str  # "train" | "dev" | "test"
    examples: tuple[E, ...]  # in the order of the official file
    pool: Iterable[Passage] = ()  # what is searched; may be lazy, and can be iterated again
    pool_key: str = ""  # equal keys mean equal pools, so their vectors are computed once
    hashes: Mapping[str, str] = field(default_factory=dict)  # file or dataset -> SHA-256 or revision
    source: str = ""  # where it came from, for the signature: "facebook/xnli@b8dd5d7"


@dataclass(frozen=True, slots=True)
class Encoded:
    """One sequence of token ids, special tokens included, without padding."""

    ids: Sequence[int]
    types: Sequence[int] | None = None  # segment ids, where the model has them
    keep: Sequence[int] | None = None  # positions whose outputs are wanted; None: all
    targets: Sequence[int] | None = None  # of a masked-LM head: the token at each kept position whose log-probability
    # is wanted; None: all outputs
    name: str = ""  # of an item of a pool, its id


@dataclass(frozen=True, slots=True)
class Features:
    """What a kind feeds to the model, and what it needs to read the answer."""

    inputs: Sequence[Encoded]
    detail: Any = None  # the kind's own: offsets, windows, word tables
    pool: Iterable[Encoded] = ()
    pool_key: str = ""
    language: str = ""  # of the inputs, for models that are told (XLM)
    pool_language: str = ""  # of the pool; "" where it has several
    nearest: int = 0  # items of the pool that are wanted for each input; 0: the pool's vectors are


@dataclass(frozen=True, slots=True)
class Lesson:
    """One item of a training batch: sequences that are answered together, and the answer they should get."""

    rows: tuple[Encoded, ...]  # one sequence; the candidates of a choice; a query and its passage
    goals: tuple[float, ...]  # class id; a tag's id a kept position (-100: none); a span's first and last; a number


@dataclass(frozen=True, slots=True)
class Nearest:
    """The items of a pool that are nearest to each query, best first."""

    scores: NDArray[np.float32]  # (n, k) inner products
    names: tuple[tuple[str, ...], ...]  # (n, k) ids


@dataclass(frozen=True, slots=True)
class Arrays:
    """What a model returns for `Features.inputs`, row by row.

    Sequence heads and encoders give one row a sequence; token heads one row a kept position, with
    the rows of sequence i at `offsets[i]:offsets[i + 1]`.
    """

    values: NDArray[np.float32]  # (n, c) logits or vectors; (total positions, c) for token heads
    offsets: NDArray[np.int64] | None = None  # (n + 1,)
    pool: NDArray[np.float32] | None = None  # (m, d)
    near: Nearest | None = None  # where `Features.nearest` asked for it, instead of the pool
    calibration: Json = None  # what `Kind.calibrate` returned on the dev split
    device: str = "cpu"  # where a search over the vectors should run


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one cell."""

    task: str
    language: str
    values: Mapping[str, float]  # percent, 0-100
    rows: Rows  # the statistics the values came from
