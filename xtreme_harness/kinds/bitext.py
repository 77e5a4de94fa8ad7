"""Translations found by their sentence vectors: Tatoeba (search) and BUCC (mining)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import STRING, one_of
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.prediction_text import BLANK, Fault, count_faults, label_count, official_lines, told
from xtreme_harness.kinds.prompts import prompted, prompts_said
from xtreme_harness.kinds.row_fields import identifier, refuse, text, texts
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Features, Passage, Row, Split
from xtreme_harness.search.margin import Candidate, best_threshold, mine
from xtreme_harness.search.nearest import knn, normalised

__all__ = ["BITEXT", "BitextExample"]

Ids = tuple[str, ...]
OPTIONS: dict[str, Any] = {
    "max_length": 512,  # tokens, special ones included
    "mode": "search",  # search: every query has one translation; mine: few have
    "neighbours": 4,  # k of the margin, mode mine
    "prompt": "",  # what a model reads before a sentence
}
_DIGITS = 18  # of a line number, at most
_NO_SECOND = "\0"  # second field of a line that has one only; equal to itself and to no id


@dataclass(frozen=True, slots=True)
class BitextExample:
    """A sentence whose translations lie in the pool."""

    id: str
    text: str
    gold: tuple[str, ...] | None  # pool ids of its translations; () where it has none


def _mines(card: TaskCard) -> bool:
    return bool(card.options["mode"] == "mine")


def _parse(row: Row, card: TaskCard) -> BitextExample:
    faults: list[str] = []
    gold = None if row.values.get("gold") is None else texts(row, "gold", faults)
    found = BitextExample(identifier(row, faults), text(row, "text", faults), gold)
    refuse(faults)
    return found


def _passage(row: Row, card: TaskCard) -> Passage:
    faults: list[str] = []
    found = Passage(identifier(row, faults), text(row, "text", faults))
    refuse(faults)
    return found


def _featurize(split: Split[BitextExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    length, prompt = int(card.options["max_length"]), card.options["prompt"]
    queries = tokenizer.ids(prompted(prompt, (e.text for e in split.examples)))
    pool = list(split.pool)
    items = tokenizer.ids(prompted(prompt, (p.text for p in pool)))
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
    if _mines(card):
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
    return mine(queries, pool, texts, [p.text for p in features.detail], int(card.options["neighbours"]), arrays.device)


def _calibrate(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> float:
    found = _mined(arrays, features, split, card)
    if any(e.gold is None for e in split.examples):
        raise DataError(f"{card.name} {split.language}: the dev split has no gold pairs to choose the threshold on")
    hits = [features.detail[c.item].id in (split.examples[c.query].gold or ()) for c in found]
    return best_threshold([c.score for c in found], hits, sum(len(e.gold or ()) for e in split.examples))


def _extras(arrays: Arrays, features: Features, split: Split[BitextExample], card: TaskCard) -> dict[str, float]:
    """The search the other way, from foreign to English: percent of the pool that finds its own query."""
    if _mines(card) or any(e.gold is None for e in split.examples):
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
    if _mines(card):
        return "".join(f"{e.id}\t{item}\n" for e in split.examples for item in found[e.id])
    return "".join(f"{found[e.id][0]}\n" for e in split.examples)


def _pairs(text: str) -> dict[str, Ids]:
    """Pairs as the official scorer reads them: a set of lines split at tabs, whatever stands in them."""
    found: dict[str, list[str]] = {}
    for line in official_lines(text):
        first, *rest = line.split("\t")
        found.setdefault(first, []).append("\t".join(rest) if rest else _NO_SECOND)
    return {first: tuple(seconds) for first, seconds in found.items()}


def _faults(text: str, place: str, golds: Mapping[str, Ids] | None, card: TaskCard) -> list[str]:
    check = _pair_faults if _mines(card) else _row_faults
    return check(text, place, golds, card)


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, Ids]:
    if _mines(card):
        return {**{key: () for key in ids}, **_pairs(text)}
    lines = official_lines(text)
    label_count(lines, ids, place)
    return {key: (line,) for key, line in zip(ids, lines, strict=True)}


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Ids]:
    if _mines(card):
        return _pairs(text)
    return {str(i): (line,) for i, line in enumerate(official_lines(text))}


def _row_faults(text: str, place: str, golds: Mapping[str, Ids] | None, card: TaskCard) -> list[str]:
    """One line number a line: plain, without brackets, from 0 to below the number of lines of the gold.

    (The range is checked only where the gold keeps to it: a file of some lines of a longer one does not.)
    """
    lines = official_lines(text)
    size = len(golds) if golds and all(_number(g) < len(golds) for (g,) in golds.values()) else None
    faults: list[Fault] = []
    for n, line in enumerate(lines, start=1):
        plain = line.strip("[]() ")
        if not line:
            faults.append(Fault(BLANK, f"{place}:{n}: blank line, expected a plain line number"))
        elif _is_plain(line):
            if size is not None and _number(line) >= size:
                wrong = f"found {line[:40]}, expected a line number from 0 to {size - 1}"
                faults.append(Fault("line numbers out of range", f"{place}:{n}: {wrong}"))
        else:
            hint = f"; write {plain} without brackets" if _is_plain(plain) else ""
            wrong = f"found '{line[:40]}', expected a plain line number{hint}"
            faults.append(Fault("lines that are no plain number", f"{place}:{n}: {wrong}"))
    return [*count_faults(lines, golds, place), *told(faults, place)]


def _pair_faults(text: str, place: str, golds: Mapping[str, Ids] | None, card: TaskCard) -> list[str]:
    """A foreign id, a tab, an English id; a pair that stands twice counts once and does no harm."""
    wanted = golds or {}
    foreign, english = _prefix(wanted), _prefix(item for ids in wanted.values() for item in ids)
    faults: list[Fault] = []
    for n, line in enumerate(official_lines(text), start=1):
        fields = line.split("\t")
        if not line:
            faults.append(Fault(BLANK, f"{place}:{n}: blank line, expected a foreign id, a tab, an English id"))
        elif len(fields) != 2:
            wrong = f"{len(fields)} columns, expected 2: a foreign id, a tab, an English id"
            faults.append(Fault("lines of another form", f"{place}:{n}: {wrong}"))
        elif _reversed(fields[0], fields[1], wanted):
            wrong = "the columns are reversed: the foreign id stands first, then the English id"
            faults.append(Fault("reversed lines", f"{place}:{n}: {wrong}"))
        elif not (fields[0].startswith(foreign) and fields[1].startswith(english)):
            wrong = f"found '{fields[0]}' and '{fields[1]}', expected ids that begin with {foreign} and {english}"
            faults.append(Fault("lines with other ids", f"{place}:{n}: {wrong}"))
    return told(faults, place)


def _number(text: str) -> int:
    return int(text) if len(text) <= _DIGITS and text.isdecimal() else 0


def _is_plain(line: str) -> bool:
    return len(line) <= _DIGITS and line.isdecimal() and line.isascii() and line == str(int(line))


def _label_faults(text: str, place: str, card: TaskCard) -> list[str]:
    """Gold pairs that are none: to the official script such a line is a pair that nobody can find."""
    if not _mines(card):
        return []
    faults = []
    for n, line in enumerate(official_lines(text), start=1):
        fields = line.split("\t")
        if len(fields) != 2:
            found = f"{len(fields)} columns" if line else "a blank line"
            wrong = f"{place}:{n}: found {found}, expected a foreign id, a tab, an English id"
            faults.append(Fault("lines that are no pair", wrong))
    return told(faults, place)


def _prefix(ids: Iterable[str]) -> str:
    """What all ids begin with, up to their first hyphen; "" where they differ."""
    starts = {start + hyphen if hyphen else "" for start, hyphen, _ in (item.partition("-") for item in ids)}
    return starts.pop() if len(starts) == 1 else ""


def _reversed(first: str, second: str, wanted: Mapping[str, Ids]) -> bool:
    return first in wanted.get(second, ()) or (first.startswith("en-") and not second.startswith("en-"))


BITEXT: Kind[BitextExample, Ids, Ids] = Kind(
    name="bitext",
    head=None,
    options=OPTIONS,
    example=BitextExample,
    parse=_parse,
    passage=_passage,
    texts=lambda e: (e.text,),
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
    said=prompts_said,
    expected={"mode": one_of("search", "mine"), "prompt": STRING},
    gold_text=lambda split, card: _dumps(split, {e.id: e.gold or () for e in split.examples}, card),
    faults=_faults,
    label_faults=_label_faults,
    calibrate=_calibrate,
    extras=_extras,
    unnamed=lambda card: () if _mines(card) else None,  # a sentence that a file of pairs leaves out has none
    hub_task="sentence-similarity",
    answers="pairs",
)
