"""Passages ranked for a query by their vectors: LAReQA, Mewsli-X."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import STRING
from xtreme_harness.errors import PredictionError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.prompts import prompts_said
from xtreme_harness.kinds.ranked_lists import (
    JUDGED,
    Ids,
    drawn,
    featurized,
    first_ones,
    layouts,
    passage,
    ranked_faults,
    read_lists,
    written,
)
from xtreme_harness.kinds.row_fields import identifier, refuse, text, texts
from xtreme_harness.records import Arrays, Encoded, Features, Lesson, Passage, Row, Split
from xtreme_harness.search.nearest import knn, normalised

__all__ = ["RETRIEVAL", "RetrievalExample"]

OPTIONS: dict[str, Any] = {
    "max_length": 96,  # tokens of a query, special ones included
    "max_passage": 256,  # tokens of a passage
    "depth": 20,  # passages given for a query
    "query_prompt": "",  # what a model reads before a query
    "passage_prompt": "",  # and before a passage
}


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


def _card_faults(card: TaskCard) -> list[str]:
    """Relevance judgements are another kind's: here they would be no gold."""
    return [
        f"{where}: found {JUDGED}, expected lists of relevant ids; judgements are read by kind: ranking (metric: ndcg)"
        for where, layout in layouts(card).items()
        if layout == JUDGED
    ]


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Ids]:
    found = read_lists(text, place)
    wrong = [
        f"{place}: {key}: found {shown(item)}, expected an id"
        for key, ids in found.items()
        for item in ids
        if not isinstance(item, str)
    ]
    if wrong:
        raise PredictionError(*listed(wrong))
    return found


RETRIEVAL: Kind[RetrievalExample, Ids, Ids] = Kind(
    name="retrieval",
    head=None,
    options=OPTIONS,
    example=RetrievalExample,
    parse=_parse,
    passage=passage,
    texts=lambda e: (e.text,),
    featurize=featurized,
    decode=_decode,
    learn=_learn,
    gold=lambda e: e.relevant,
    relabel=lambda e, ids: replace(e, relevant=ids),
    perfect=lambda e: e.relevant or (),
    constant=first_ones,
    guess=drawn,
    dumps=written,
    loads=read_lists,
    golds=_golds,
    gold_text=lambda split, card: written(split, {e.id: e.relevant or () for e in split.examples}, card),
    faults=ranked_faults,
    card_faults=_card_faults,
    said=prompts_said,
    expected={"query_prompt": STRING, "passage_prompt": STRING},
    hub_task="text-retrieval",
    answers="ids",
)
