"""Chunk F1 over tag sequences: entities (PAN-X) and runs of part-of-speech tags (UD-POS).

The benchmark hands bare tags to seqeval, which reads a run of equal tags as one chunk, so the UD-POS
figure is no token accuracy. Two conventions of what the type of a tag is are in use:

- `whole_tag`, seqeval up to 0.0.13: what follows the last hyphen, or the whole tag. The reference.
- `cut_tag`, seqeval from 0.0.18: the first character is cut off first. CCONJ and SCONJ are one type
  then, and X and `_` share the type of O: at the end of a sentence they are never closed, at its
  start they keep an older beginning, so that a chunk can reach over sentence ends.

The walk over the tags is the same in both. PAN-X tags give equal figures either way.
Source: `get_entities` of chakki-works/seqeval 0.0.12 and 1.2.2, as `evaluate.py` of
google-research/xtreme (838c13b) calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import DataError
from xtreme_harness.metrics.base import Metric
from xtreme_harness.metrics.counts import precision_recall_f1
from xtreme_harness.records import Rows, Vector

__all__ = [
    "CHUNK_F1",
    "CHUNK_F1_SEQEVAL_1_2",
    "ENTITY_F1",
    "Tags",
    "chunk_f1",
    "chunk_rows",
    "cut_tag",
    "cut_tag_rows",
    "tag_chunks",
    "whole_tag",
    "whole_tag_rows",
]

Tags = tuple[str, ...]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def whole_tag(tag: str) -> str:
    """Return the type of a tag by the rule of seqeval 0.0.12.

    >>> whole_tag("B-PER"), whole_tag("SCONJ"), whole_tag("X")
    ('PER', 'SCONJ', 'X')
    """
    return tag.rsplit("-", 1)[-1]


def cut_tag(tag: str) -> str:
    """Return the type of a tag by the rule of seqeval 0.0.18 and later.

    >>> cut_tag("B-PER"), cut_tag("SCONJ"), cut_tag("X")
    ('PER', 'CONJ', '_')
    """
    return tag[1:].split("-", 1)[-1] or "_"


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What the walk needs to know of each tag."""

    code: dict[str, int]  # tag -> row of the two arrays
    prefix: Ints  # (tags,) code point of the first character
    kind: Ints  # (tags,) index of the type
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Chunks in the order of their ends; no two end at one place."""

    kind: Ints  # (m,)
    begin: Ints  # (m,) positions in the concatenation of all sentences, an O after each
    end: Ints  # (m,) inclusive
    sentence: Ints  # (m,) where the chunk ends


def tag_chunks(sentences: Sequence[Tags], kind_of: Callable[[str], str] = whole_tag) -> list[tuple[str, int, int]]:
    """Return the chunks of tagged sentences as (type, begin, end), in order.

    Positions count from 0 over all sentences, with one extra place after each; `end` is inclusive.

    Raises:
        DataError: A tag is empty.

    >>> tag_chunks([("NOUN", "NOUN", "VERB"), ("VERB",)])
    [('NOUN', 0, 1), ('VERB', 2, 2), ('VERB', 4, 4)]
    """
    vocabulary = _vocabulary(sentences, kind_of)
    chunks = _chunks(sentences, vocabulary)
    kinds = [vocabulary.kinds[kind] for kind in chunks.kind.tolist()]
    return list(zip(kinds, chunks.begin.tolist(), chunks.end.tolist(), strict=True))


def whole_tag_rows(predictions: Sequence[Tags], golds: Sequence[Tags], language: str) -> Rows:
    """Return (n, 5) statistics of tagged sentences by the rule of seqeval 0.0.12.

    The columns count chunks that are right, predicted and gold, tokens that are right, and tokens.
    Positions run through the whole file, as in the official scorer: where a prediction has more or
    fewer tags than its sentence, every later chunk is shifted. A gold chunk and its match count in
    the gold's sentence, a predicted chunk in the prediction's. The tokens of a sentence are those of
    the gold; a prediction is compared with them from the first on. The language is not used.

    Raises:
        DataError: A tag is empty.
        ValueError: The sequences differ in length.

    >>> whole_tag_rows([("NOUN", "NOUN", "SYM")], [("NOUN", "NOUN", "VERB")], "en").tolist()
    [[1.0, 2.0, 2.0, 2.0, 3.0]]
    """
    return chunk_rows(predictions, golds, whole_tag)


def cut_tag_rows(predictions: Sequence[Tags], golds: Sequence[Tags], language: str) -> Rows:
    """Return (n, 5) statistics of tagged sentences by the rule of seqeval 0.0.18 and later.

    As `whole_tag_rows` otherwise. A chunk that reaches over a sentence end counts where it ends.

    >>> cut_tag_rows([("SCONJ", "VERB")], [("CCONJ", "VERB")], "en").tolist()
    [[2.0, 2.0, 2.0, 1.0, 2.0]]
    """
    return chunk_rows(predictions, golds, cut_tag)


def chunk_f1(sums: Vector) -> dict[str, float]:
    """Return f1, precision, recall and token accuracy in percent from the sums (5,).

    What would divide by zero is 0.0. The accuracy is an addition, no official figure.

    >>> chunk_f1(np.array([1.0, 2.0, 2.0, 3.0, 4.0]))
    {'f1': 50.0, 'precision': 50.0, 'recall': 50.0, 'accuracy': 75.0}
    """
    correct, predicted, gold, right, tokens = sums.tolist()
    return {**precision_recall_f1(correct, predicted, gold), "accuracy": right / tokens * 100 if tokens else 0.0}


def chunk_rows(predictions: Sequence[Tags], golds: Sequence[Tags], kind_of: Callable[[str], str]) -> Rows:
    """Return (n, 5) statistics of tagged sentences, as `whole_tag_rows`, by any rule for the type of a tag."""
    right = [sum(map(eq, found, gold)) for found, gold in zip(predictions, golds, strict=True)]
    vocabulary = _vocabulary([*predictions, *golds], kind_of)
    found, wanted = _chunks(predictions, vocabulary), _chunks(golds, vocabulary)
    matched = wanted.sentence[_matches(found, wanted)]
    counts = [np.bincount(places, minlength=len(golds)) for places in (matched, found.sentence, wanted.sentence)]
    return np.column_stack([*counts, right, [len(gold) for gold in golds]]).astype(np.float64).reshape(-1, 5)


def _matches(found: _Chunks, wanted: _Chunks) -> Ints:
    """Return the indices of the wanted chunks that were found."""
    _, i, j = np.intersect1d(found.end, wanted.end, assume_unique=True, return_indices=True)
    same: Flags = (found.begin[i] == wanted.begin[j]) & (found.kind[i] == wanted.kind[j])
    matches: Ints = j[same]
    return matches


def _vocabulary(sentences: Sequence[Tags], kind_of: Callable[[str], str]) -> _Vocabulary:
    tags = sorted({"O"}.union(*sentences))
    if not tags[0]:
        faulty = next(sentence for sentence in sentences if "" in sentence)
        raise DataError(f"tags {' '.join(map(repr, faulty))}: one is empty, expected a name such as O, B-PER or NOUN")
    # The walk begins with the empty type, which differs from every type but itself.
    kinds = tuple(dict.fromkeys(["", *map(kind_of, tags)]))
    index = {kind: number for number, kind in enumerate(kinds)}
    return _Vocabulary(
        code={tag: number for number, tag in enumerate(tags)},
        prefix=np.array([ord(tag[0]) for tag in tags], dtype=np.int64),
        kind=np.array([index[kind_of(tag)] for tag in tags], dtype=np.int64),
        kinds=kinds,
    )


def _chunks(sentences: Sequence[Tags], vocabulary: _Vocabulary) -> _Chunks:
    code = vocabulary.code
    outside = code["O"]
    places = [place for tags in sentences for place in (*map(code.__getitem__, tags), outside)]
    codes = np.array([*places, outside], dtype=np.int64)
    kind = vocabulary.kind[codes]
    ends, starts = _edges(vocabulary.prefix[codes], kind)
    # A chunk that ends before position i began at the last start before i; without one, at 0.
    begun = np.maximum.accumulate(np.where(starts, np.arange(len(codes)), 0))
    last = np.flatnonzero(ends) - 1
    bounds = np.cumsum([len(tags) + 1 for tags in sentences], dtype=np.int64)
    return _Chunks(kind[last], begun[last], last, np.searchsorted(bounds, last, side="right"))


def _edges(prefix: Ints, kind: Ints) -> tuple[Flags, Flags]:
    """Return where a chunk ends before a position, and where one starts at it, (positions,) each."""
    before = np.concatenate(([ord("O")], prefix[:-1]))
    change = kind != np.concatenate(([0], kind[:-1]))
    ends = _among(before, "ES") | (_among(before, "BI") & _among(prefix, "BSO")) | (~_among(before, "O.") & change)
    starts = _among(prefix, "BS") | (_among(before, "ESO") & _among(prefix, "EI")) | (~_among(prefix, "O.") & change)
    return ends, starts


def _among(prefix: Ints, letters: str) -> Flags:
    return np.isin(prefix, [ord(letter) for letter in letters])


_MAIN = ("f1",)
_OFFICIAL = ("f1", "precision", "recall")
_COLUMNS = ("correct", "predicted", "gold", "tokens_correct", "tokens")
_LM_EVAL = {"f1": "f1", "precision": "precision", "recall": "recall", "accuracy": "acc"}

ENTITY_F1: Metric[Tags, Tags] = Metric(
    name="entity_f1",
    main=_MAIN,
    official=_OFFICIAL,
    columns=_COLUMNS,
    rows=whole_tag_rows,
    reduce=chunk_f1,
    lm_eval=_LM_EVAL,
    answers="tags",
)

CHUNK_F1: Metric[Tags, Tags] = Metric(
    name="chunk_f1",
    main=_MAIN,
    official=_OFFICIAL,
    columns=_COLUMNS,
    rows=whole_tag_rows,
    reduce=chunk_f1,
    lm_eval=_LM_EVAL,
    answers="tags",
)

CHUNK_F1_SEQEVAL_1_2: Metric[Tags, Tags] = Metric(
    name="chunk_f1_seqeval_1_2",
    main=_MAIN,
    official=_OFFICIAL,
    columns=_COLUMNS,
    rows=cut_tag_rows,
    reduce=chunk_f1,
    lm_eval=_LM_EVAL,
    answers="tags",
)
