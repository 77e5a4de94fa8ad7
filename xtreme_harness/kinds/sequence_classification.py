"""One text or two, one label: XNLI, PAWS-X, SIB-200."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from xtreme_harness.cards import TaskCard
from xtreme_harness.files.shown import shown, some
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.one_or_two import featurize, given_texts, name_faults, texts_of
from xtreme_harness.kinds.prediction_text import BLANK, Fault, count_faults, label_count, near, official_lines, told
from xtreme_harness.kinds.row_fields import identifier, label, refuse
from xtreme_harness.models.head_table import SEQUENCE
from xtreme_harness.records import Arrays, Features, Lesson, Row, Split

__all__ = ["SEQUENCE_CLASSIFICATION", "PairExample"]

OPTIONS = {"max_length": 128}  # tokens, special ones included; spec of the official scripts


@dataclass(frozen=True, slots=True)
class PairExample:
    """A text or two, and what they are or how they are related."""

    id: str
    text_a: str
    text_b: str | None  # None: there is one alone
    label: str | None  # a label of the card; None where the data has no gold


def _parse(row: Row, card: TaskCard) -> PairExample:
    faults: list[str] = []
    key, (one, other) = identifier(row, faults), given_texts(row, card, faults)
    found = label(row, "label", card.labels, faults)
    gold = card.aliases.get(found, found) if found is not None else None
    if gold is not None and gold not in card.labels:
        faults.append(f"{row.place}: label {shown(gold)}, expected one of {some(card.labels)}")
    refuse(faults)
    return PairExample(key, one, other, gold)


def _decode(arrays: Arrays, features: Features, split: Split[PairExample], card: TaskCard) -> dict[str, str]:
    best = arrays.values.argmax(axis=1)
    return {e.id: card.labels[i] for e, i in zip(split.examples, best, strict=True)}


def _learn(features: Features, split: Split[PairExample], card: TaskCard) -> list[Lesson]:
    ids = {label: i for i, label in enumerate(card.labels)}
    pairs = zip(features.inputs, split.examples, strict=True)
    return [Lesson((encoded,), (ids[e.label],)) for encoded, e in pairs if e.label is not None]


def _constant(split: Split[PairExample], card: TaskCard) -> dict[str, str]:
    counted = Counter(e.label for e in split.examples if e.label is not None)
    answer = max(card.labels, key=lambda label: counted[label])
    return {e.id: answer for e in split.examples}


def _guess(split: Split[PairExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, str]:
    return {e.id: rng(e.id).choice(card.labels) for e in split.examples}


def _dumps(split: Split[PairExample], found: Mapping[str, str], card: TaskCard) -> str:
    return "".join(f"{found[e.id]}\n" for e in split.examples)


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, str]:
    lines = official_lines(text)
    label_count(lines, ids, place)
    return dict(zip(ids, lines, strict=True))


def _golds(text: str, place: str, card: TaskCard) -> dict[str, str]:
    return {str(i): line for i, line in enumerate(official_lines(text))}


def _faults(text: str, place: str, golds: Mapping[str, str] | None, card: TaskCard) -> list[str]:
    """One label a line, spelt as the card spells it."""
    lines, known = official_lines(text), ", ".join(card.labels)
    faults: list[Fault] = []
    for n, line in enumerate(lines, start=1):
        if not line:
            faults.append(Fault(BLANK, f"{place}:{n}: blank line, expected one of {known}"))
        elif line not in card.labels:
            wrong = f"{place}:{n}: found '{line[:40]}', expected one of {known}"
            faults.append(Fault("unknown labels", wrong, partial(_label_hint, line, card)))
    return [*count_faults(lines, golds, place), *told(faults, place)]


def _label_hint(line: str, card: TaskCard) -> str:
    columns = line.split("\t")
    if len(columns) > 1 and columns[-1] in card.labels:
        return "; only the label stands in the line"
    if line in card.aliases:
        return f" (write '{card.aliases[line]}')"
    return near(line, card.labels)


def _card_faults(card: TaskCard) -> list[str]:
    there = card.labels or card.labels_file
    return name_faults(card) + ([] if there else ["labels: missing; name the classes, in the order of their ids"])


SEQUENCE_CLASSIFICATION: Kind[PairExample, str, str] = Kind(
    name="sequence_classification",
    head=SEQUENCE,
    options=OPTIONS,
    example=PairExample,
    parse=_parse,
    passage=None,
    texts=texts_of,
    featurize=featurize,
    decode=_decode,
    learn=_learn,
    gold=lambda e: e.label,
    relabel=lambda e, label: replace(e, label=label),
    perfect=lambda e: e.label or "",
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=_loads,
    golds=_golds,
    gold_text=lambda split, card: _dumps(split, {e.id: e.label or "" for e in split.examples}, card),
    faults=_faults,
    card_faults=_card_faults,
    hub_task="text-classification",
    answers="labels",
)
