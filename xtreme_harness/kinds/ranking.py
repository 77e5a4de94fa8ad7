"""Documents of a corpus ranked for a query, against graded judgements: MIRACL, MLDR, whatever has qrels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import STRING, whole
from xtreme_harness.errors import PredictionError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.prediction_text import json_object
from xtreme_harness.kinds.prompts import prompts_said
from xtreme_harness.kinds.ranked_lists import (
    JUDGED,
    ROLES,
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
from xtreme_harness.kinds.row_fields import identifier, refuse, text
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Encoded, Features, Lesson, Passage, Row, Split

__all__ = ["RANKING", "Judgement", "RankingExample"]

Grades = dict[str, int]  # document id -> grade; 0: judged, and not relevant
_DEEPEST = 100  # no figure looks further down a list
OPTIONS: dict[str, Any] = {
    "max_length": 64,  # tokens of a query, special ones included
    "max_passage": 256,  # tokens of a document
    "depth": _DEEPEST,  # documents given for a query
    "query_prompt": "",  # what a model reads before a query
    "passage_prompt": "",  # and before a document
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How relevant a document is to a query."""

    id: str
    grade: int


@dataclass(frozen=True, slots=True)
class RankingExample:
    """A query and the documents that were judged for it."""

    id: str
    text: str
    judged: tuple[Judgement, ...] | None


def _parse(row: Row, card: TaskCard) -> RankingExample:
    faults: list[str] = []
    grades = row.values.get("judged")
    judged = None if grades is None else tuple(Judgement(key, grade) for key, grade in grades.items())
    found = RankingExample(identifier(row, faults), text(row, "text", faults), judged)
    refuse(faults)
    return found


def _featurize(split: Split[RankingExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    return replace(featurized(split, tokenizer, card), nearest=int(card.options["depth"]))


def _decode(arrays: Arrays, features: Features, split: Split[RankingExample], card: TaskCard) -> dict[str, Ids]:
    if arrays.near is None:
        raise PredictionError("ranking tasks need the documents nearest to each query")
    return {e.id: names for e, names in zip(split.examples, arrays.near.names, strict=True)}


def _relevant(example: RankingExample) -> Ids:
    """The relevant documents, the best grade first."""
    found = [one for one in example.judged or () if one.grade > 0]
    return tuple(one.id for one in sorted(found, key=lambda one: -one.grade))


def _learn(features: Features, split: Split[RankingExample], card: TaskCard) -> list[Lesson]:
    """A query and the best of its documents that the corpus has; the corpus is read once, and only these are kept."""
    wanted = {e.id: _relevant(e) for e in split.examples}
    known = {name for names in wanted.values() for name in names}
    there = {p.id: p for p in split.pool if p.id in known}
    best = {key: next((name for name in names if name in there), None) for key, names in wanted.items()}
    chosen = [there[name] for name in dict.fromkeys(best.values()) if name is not None]
    encode: Callable[[Iterable[Passage]], Iterable[Encoded]] = features.detail
    documents = {p.id: encoded for p, encoded in zip(chosen, encode(chosen), strict=True)}
    pairs = zip(features.inputs, (best[e.id] for e in split.examples), strict=True)
    return [Lesson((query, documents[name]), ()) for query, name in pairs if name is not None]


def _gold(example: RankingExample) -> Grades | None:
    return None if example.judged is None else {one.id: one.grade for one in example.judged}


def _relabel(example: RankingExample, grades: Mapping[str, int]) -> RankingExample:
    return replace(example, judged=tuple(Judgement(key, grade) for key, grade in grades.items()))


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Grades]:
    found, wrong = json_object(text, place), list[str]()
    for key, grades in found.items():
        if not isinstance(grades, dict):
            wrong.append(f"{place}: {key}: found {shown(grades)}, expected {{document id: grade}}")
            continue
        wrong += [
            f"{place}: {key}: {name}: found grade {shown(grade)}, expected a whole number from 0"
            for name, grade in grades.items()
            if type(grade) is not int or grade < 0
        ]
    if wrong:
        raise PredictionError(*listed(wrong))
    return found


def _card_faults(card: TaskCard) -> list[str]:
    """Layouts without judgements, and files in other roles."""
    faults = [
        f"{where}: found {shown(layout)}, expected {JUDGED}; lists of relevant ids are read by kind: retrieval"
        for where, layout in layouts(card).items()
        if layout != JUDGED
    ]
    if faults:
        return faults
    for name, source in (("official", card.official), ("upstream", card.upstream)):
        for split, files in source.files.items() if source else ():
            lacking = [role for role in ROLES[:2] if role not in files]
            if lacking or not set(files) <= set(ROLES):
                found = f"found {', '.join(files)}, expected {', '.join(ROLES)}, each with its files"
                faults.append(f"{name}.files.{split}: {found}")
    return faults


RANKING: Kind[RankingExample, Ids, Grades] = Kind(
    name="ranking",
    head=None,
    options=OPTIONS,
    example=RankingExample,
    parse=_parse,
    passage=passage,
    texts=lambda e: (e.text,),
    featurize=_featurize,
    decode=_decode,
    learn=_learn,
    gold=_gold,
    relabel=_relabel,
    perfect=lambda e: _relevant(e)[:_DEEPEST],
    constant=first_ones,
    guess=drawn,
    dumps=written,
    loads=read_lists,
    golds=_golds,
    gold_text=lambda split, card: written(split, {e.id: _gold(e) or {} for e in split.examples}, card),
    faults=ranked_faults,
    card_faults=_card_faults,
    said=prompts_said,
    expected={"depth": whole(_DEEPEST, 1000), "query_prompt": STRING, "passage_prompt": STRING},
    hub_task="text-ranking",
    answers="grades",
)
