"""Passages ranked for a query by their vectors: LAReQA, Mewsli-X."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from random import Random
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import PredictionError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.prediction_text import id_faults, json_object, keyed, read_object, told
from xtreme_harness.kinds.row_fields import identifier, refuse, text, texts
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Encoded, Features, Lesson, Passage, Row, Split
from xtreme_harness.search.nearest import knn, normalised

__all__ = ["RETRIEVAL", "RetrievalExample"]

Ids = tuple[str, ...]
OPTIONS: dict[str, Any] = {
    "max_length": 96,  # tokens of a query, special ones included
    "max_passage": 256,  # tokens of a passage
    "depth": 20,  # passages given for a query
}
_BLOCK = 4096  # passages tokenised at a time


@dataclass(frozen=True, slots=True)
class RetrievalExample:
    """A query and the passages that answer it."""

    id: str
    text: str
    relevant: tuple[str, ...] | None  # pool ids


def _parse(row: Row, card: TaskCard) -> RetrievalExample:
    faults: list[str] = []
    relevant = None if row.values.get("relevant") is None else texts(row, "relevant", faults)
    if relevant == () and not faults:
        faults.append(f"{row.place}: no relevant passage")
    found = RetrievalExample(identifier(row, faults), text(row, "text", faults), relevant)
    refuse(faults)
    return found


def _passage(row: Row, card: TaskCard) -> Passage:
    faults: list[str] = []
    found = Passage(identifier(row, faults), text(row, "text", faults))
    refuse(faults)
    return found


@dataclass(frozen=True, slots=True)
class _EncodedPool:
    """The pool's sequences, tokenised block by block each time it is iterated."""

    passages: Iterable[Passage]
    tokenizer: Tokenizer
    length: int

    def __iter__(self) -> Iterator[Encoded]:
        passages = iter(self.passages)
        while block := list(islice(passages, _BLOCK)):
            for ids in self.tokenizer.ids([p.text for p in block]):
                yield self.tokenizer.one(ids, self.length)


def _featurize(split: Split[RetrievalExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    options = card.options
    queries = tokenizer.ids([e.text for e in split.examples])
    encode = partial(_EncodedPool, tokenizer=tokenizer, length=int(options["max_passage"]))
    return Features(
        [tokenizer.one(ids, int(options["max_length"])) for ids in queries],
        detail=encode,
        pool=encode(split.pool),
        pool_key=split.pool_key,
        language=split.language,
    )


def _decode(arrays: Arrays, features: Features, split: Split[RetrievalExample], card: TaskCard) -> dict[str, Ids]:
    if arrays.pool is None:
        raise PredictionError("retrieval tasks need the vectors of the pool")
    depth = int(card.options["depth"])
    _, items = knn(normalised(arrays.values), normalised(arrays.pool), depth, arrays.device)
    wanted = set(items.ravel().tolist())
    names = {i: p.id for i, p in enumerate(split.pool) if i in wanted}
    return {e.id: tuple(names[i] for i in row) for e, row in zip(split.examples, items.tolist(), strict=True)}


def _learn(features: Features, split: Split[RetrievalExample], card: TaskCard) -> list[Lesson]:
    """A query and its first relevant passage; the other passages of a batch are what it is told apart from.

    Only the passages that these examples want are tokenised, each once: a part of a split costs a part of its pool.
    """
    wanted = {e.relevant[0] for e in split.examples if e.relevant}
    chosen = [p for p in split.pool if p.id in wanted]
    encode: Callable[[Iterable[Passage]], Iterable[Encoded]] = features.detail
    passages = {p.id: encoded for p, encoded in zip(chosen, encode(chosen), strict=True)}
    pairs = zip(features.inputs, split.examples, strict=True)
    found = [(query, e.relevant[0]) for query, e in pairs if e.relevant]
    return [Lesson((query, passages[key]), ()) for query, key in found if key in passages]


def _constant(split: Split[RetrievalExample], card: TaskCard) -> dict[str, Ids]:
    first = tuple(p.id for p in islice(split.pool, int(card.options["depth"])))
    return {e.id: first for e in split.examples}


def _guess(split: Split[RetrievalExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, Ids]:
    ids = [p.id for p in split.pool]
    depth = min(len(ids), int(card.options["depth"]))
    return {e.id: tuple(rng(e.id).sample(ids, depth)) for e in split.examples}


def _dumps(split: Split[RetrievalExample], found: Mapping[str, Ids], card: TaskCard) -> str:
    return json.dumps({e.id: list(found[e.id]) for e in split.examples}, ensure_ascii=False, indent=1) + "\n"


def _lists(text: str, place: str) -> dict[str, Ids]:
    found = json_object(text, place)
    wrong = [
        f"{place}: {key}: found {shown(value)}, expected a list of ids"
        for key, value in found.items()
        if not isinstance(value, list)
    ]
    if wrong:
        raise PredictionError(*listed(wrong))
    return {key: tuple(value) for key, value in found.items()}  # an item that is no text matches no id


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, Ids]:
    return _lists(text, place)


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Ids]:
    found = _lists(text, place)
    wrong = [
        f"{place}: {key}: found {shown(item)}, expected an id"
        for key, ids in found.items()
        for item in ids
        if not isinstance(item, str)
    ]
    if wrong:
        raise PredictionError(*listed(wrong))
    return found


def _faults(text: str, place: str, golds: Mapping[str, Ids] | None, card: TaskCard) -> list[str]:
    """A JSON object of example id: at most so many ids, best first."""
    found, faults = read_object(text, place)
    if found is None:
        return faults
    depth, wrong = int(card.options["depth"]), {}
    for key, ranked in found.items():
        if not isinstance(ranked, list) or not all(isinstance(item, str) for item in ranked):
            wrong[key] = f"found {json.dumps(ranked)[:60]}, expected a list of ids"
        elif len(ranked) > depth:
            wrong[key] = f"{len(ranked)} ids, expected at most {depth}"
        elif padded := next((item for item in ranked if item != item.strip()), None):
            wrong[key] = f"id '{padded}' has blanks around it, and matches no label"
    wrongly = keyed(wrong, text, place, "lists of another form")
    return [*faults, *told(wrongly, place), *id_faults(found, golds, place, "example")]


RETRIEVAL: Kind[RetrievalExample, Ids, Ids] = Kind(
    name="retrieval",
    head=None,
    options=OPTIONS,
    example=RetrievalExample,
    parse=_parse,
    passage=_passage,
    texts=lambda e: (e.text,),
    featurize=_featurize,
    decode=_decode,
    learn=_learn,
    gold=lambda e: e.relevant,
    relabel=lambda e, ids: replace(e, relevant=ids),
    perfect=lambda e: e.relevant or (),
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=_loads,
    golds=_golds,
    gold_text=lambda split, card: _dumps(split, {e.id: e.relevant or () for e in split.examples}, card),
    faults=_faults,
    hub_task="text-retrieval",
)
