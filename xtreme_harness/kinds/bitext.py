"""Translations found by their sentence vectors: Tatoeba (search) and BUCC (mining)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds.base import Kind, label_count, official_lines, text_of
from xtreme_harness.kinds.faults import pair_faults, row_faults
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, BitextExample, Features, Passage, Row, Split
from xtreme_harness.search.nearest import knn, normalised

__all__ = ["BITEXT", "Candidate", "best_threshold", "mine"]

Ids = tuple[str, ...]
OPTIONS: dict[str, Any] = {
    "max_length": 512,  # tokens, special ones included
    "mode": "search",  # search: every query has one translation; mine: few have
    "neighbours": 4,  # k of the margin, mode mine
}
_NO_SECOND = "\0"  # second field of a line that has one only; equal to itself and to no id


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of sentences that may be translations."""

    query: int  # index of the foreign sentence
    item: int  # index of the English sentence
    score: float  # ratio margin


def _parse(row: Row, card: TaskCard) -> BitextExample:
    gold = row.values.get("gold")
    return BitextExample(str(row.values["id"]), text_of(row, "text"), None if gold is None else tuple(gold))


def _passage(row: Row, card: TaskCard) -> Passage:
    return Passage(str(row.values["id"]), text_of(row, "text"))


def _featurize(split: Split[BitextExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    length = int(card.options.get("max_length", OPTIONS["max_length"]))
    queries = tokenizer.ids([e.text for e in split.examples])
    pool = list(split.pool)
    items = tokenizer.ids([p.text for p in pool])
    return Features(
        [tokenizer.one(ids, length) for ids in queries],
        detail=tuple(pool),
        pool=[tokenizer.one(ids, length) for ids in items],
        pool_key=split.pool_key,
        language=split.language,
        pool_language="en",
    )


def _vectors(arrays: Arrays) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if arrays.pool is None:
        raise PredictionError("bitext tasks need the vectors of the pool")
    return normalised(arrays.values), normalised(arrays.pool)


def _decode(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> dict[str, Ids]:
    if card.options.get("mode", OPTIONS["mode"]) == "mine":
        return _decode_mined(arrays, features, split, card)
    queries, pool = _vectors(arrays)
    _, items = knn(queries, pool, 1, arrays.device)
    return {e.id: (features.detail[i].id,) for e, i in zip(split.examples, items[:, 0], strict=True)}


def _decode_mined(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> dict[str, Ids]:
    threshold = arrays.calibration
    if threshold is None:
        raise DataError(f"{card.name} {split.language}: mining needs a threshold, chosen on the dev split")
    found: dict[str, list[str]] = {e.id: [] for e in split.examples}
    for candidate in _mined(arrays, features, split, card):
        if candidate.score >= threshold:
            found[split.examples[candidate.query].id].append(features.detail[candidate.item].id)
    return {key: tuple(ids) for key, ids in found.items()}


def _mined(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> list[Candidate]:
    queries, pool = _vectors(arrays)
    texts = [e.text for e in split.examples]
    return mine(
        queries, pool, texts, [p.text for p in features.detail], int(card.options.get("neighbours", 4)), arrays.device
    )


def mine(
    queries: NDArray[np.float32],
    pool: NDArray[np.float32],
    query_texts: Sequence[str],
    pool_texts: Sequence[str],
    k: int = 4,
    device: str = "cpu",
) -> list[Candidate]:
    """Pair sentences by ratio margin, the best pairs first, no sentence twice (Artetxe and Schwenk 2019, "max").

    Equal lines count as one sentence, with the vector of the last of them; a sentence that occurs more than once
    in its file is searched with the others but gives no pair, as in XTREME's `utils_retrieve.py`.

    Args:
        queries: (n, d), rows of length 1: the foreign sentences.
        pool: (m, d), likewise: the English ones.
        query_texts: n sentences.
        pool_texts: m sentences.
        k: neighbours whose mean similarity the margin divides by.
        device: where to search.

    Returns:
        candidates by descending score; the score is a ratio, 1 = no better than the neighbours.
    """
    left, right = _distinct(query_texts), _distinct(pool_texts)
    x, y = queries[left], pool[right]
    forward, forward_items = knn(x, y, k, device)
    backward, backward_items = knn(y, x, k, device)
    items, ahead = _best(forward, forward_items, forward.mean(axis=1), backward.mean(axis=1))
    rows, back = _best(backward, backward_items, backward.mean(axis=1), forward.mean(axis=1))
    pairs = _matched(
        np.concatenate([np.arange(len(x)), rows]),
        np.concatenate([items, np.arange(len(y))]),
        np.concatenate([ahead, back]),
    )
    single_left, single_right = _single(query_texts), _single(pool_texts)
    found = (Candidate(int(left[i]), int(right[j]), score) for i, j, score in pairs if score > 0)
    return [c for c in found if single_left[c.query] and single_right[c.item]]


def _matched(
    rows: NDArray[np.int64], items: NDArray[np.int64], scores: NDArray[np.float32]
) -> Iterator[tuple[int, int, float]]:
    """Walk pairs from the highest score down, passing over those of which one side is taken."""
    order = np.lexsort((items, rows, -scores))
    used_rows, used_items = set(), set()
    for i, j, score in zip(rows[order].tolist(), items[order].tolist(), scores[order].tolist(), strict=True):
        if i not in used_rows and j not in used_items:
            used_rows.add(i)
            used_items.add(j)
            yield i, j, score


def _best(
    similar: NDArray[np.float32], items: NDArray[np.int64], own: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The neighbour (n,) of each row with the highest ratio margin, and the margin (n,)."""
    margins = similar / ((own[:, None] + other[items]) / 2)
    at = (np.arange(len(margins)), margins.argmax(axis=1))
    return items[at], margins[at]


def _distinct(texts: Sequence[str]) -> NDArray[np.int64]:
    """Index of the last of equal lines, in the order of their first."""
    last = {text: i for i, text in enumerate(texts)}
    return np.array([last[text] for text in dict.fromkeys(texts)], dtype=np.int64)


def _single(texts: Sequence[str]) -> list[bool]:
    """For each line, is it the only one of its text?"""
    stripped = [text.strip() for text in texts]
    counts = Counter(stripped)
    return [counts[text] == 1 for text in stripped]


def best_threshold(scores: Sequence[float], correct: Sequence[bool], gold: int) -> float:
    """The score above which candidates, best first, give the highest F1 against `gold` pairs.

    It lies half-way between the last candidate that is kept and the next one; when all are kept, at the last one
    (XTREME's script fails there).

    >>> best_threshold([3.0, 2.0, 1.0], [True, True, False], gold=2)
    1.5
    """
    best, threshold, hits = 0.0, 0.0, 0
    for i, (score, hit) in enumerate(zip(scores, correct, strict=True)):
        hits += hit
        precision, recall = hits / (i + 1), hits / gold if gold else 0.0
        f1 = 2 * precision * recall / (precision + recall) if hits and gold else 0.0
        if f1 > best:
            best = f1
            threshold = (score + scores[i + 1]) / 2 if i + 1 < len(scores) else score
    return threshold


def _calibrate(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> float:
    found = _mined(arrays, features, split, card)
    if any(e.gold is None for e in split.examples):
        raise DataError(f"{card.name} {split.language}: the dev split has no gold pairs to choose the threshold on")
    hits = [features.detail[c.item].id in (split.examples[c.query].gold or ()) for c in found]
    return best_threshold([c.score for c in found], hits, sum(len(e.gold or ()) for e in split.examples))


def _extras(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> dict[str, float]:
    """The search the other way, from foreign to English: percent of the pool that finds its own query."""
    if card.options.get("mode", OPTIONS["mode"]) == "mine" or any(e.gold is None for e in split.examples):
        return {}
    queries, pool = _vectors(arrays)
    _, items = knn(pool, queries, 1, arrays.device)
    hits = [p.id in (split.examples[i].gold or ()) for p, i in zip(features.detail, items[:, 0], strict=True)]
    return {"accuracy_foreign_to_english": 100 * sum(hits) / len(hits)}


def _constant(split: Split[BitextExample], card: TaskCard) -> dict[str, Ids]:
    first = next(iter(split.pool), None)
    return {e.id: (first.id,) if first else () for e in split.examples}


def _guess(split: Split[BitextExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, Ids]:
    ids = [p.id for p in split.pool]
    return {e.id: (rng(e.id).choice(ids),) if ids else () for e in split.examples}


def _dumps(split: Split[BitextExample], found: Mapping[str, Ids], card: TaskCard) -> str:
    if card.options.get("mode") == "mine":
        return "".join(f"{e.id}\t{item}\n" for e in split.examples for item in found[e.id])
    return "".join(f"{found[e.id][0]}\n" for e in split.examples)


def _pairs(text: str) -> dict[str, Ids]:
    """Pairs as the official scorer reads them: a set of lines split at tabs, whatever stands in them."""
    found: dict[str, Ids] = {}
    for line in official_lines(text):
        first, *rest = line.split("\t")
        found[first] = (*found.get(first, ()), "\t".join(rest) if rest else _NO_SECOND)
    return found


def _faults(text: str, place: str, golds: Mapping[str, Ids] | None, card: TaskCard) -> list[str]:
    check = pair_faults if card.options.get("mode") == "mine" else row_faults
    return check(text, place, golds, card)


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, Ids]:
    if card.options.get("mode") == "mine":
        return {**{key: () for key in ids}, **_pairs(text)}
    lines = official_lines(text)
    label_count(lines, ids, place)
    return {key: (line,) for key, line in zip(ids, lines, strict=True)}


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Ids]:
    if card.options.get("mode") == "mine":
        return _pairs(text)
    return {str(i): (line,) for i, line in enumerate(official_lines(text))}


BITEXT: Kind[BitextExample, Ids, Ids] = Kind(
    name="bitext",
    head=None,
    options=OPTIONS,
    parse=_parse,
    passage=_passage,
    featurize=_featurize,
    decode=_decode,
    learn=None,
    gold=lambda e: e.gold,
    relabel=lambda e, gold: replace(e, gold=gold),
    perfect=lambda e: e.gold or (),
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=_loads,
    golds=_golds,
    gold_text=lambda split, card: _dumps(split, {e.id: e.gold or () for e in split.examples}, card),
    faults=_faults,
    calibrate=_calibrate,
    extras=_extras,
)
