"""Sentences of which one is right, told apart by a masked language model, untrained: MultiBLiMP, BLiMP, XWinograd.

A sentence's score is its pseudo-log-likelihood: the sum, over its tokens, of the logarithm of the probability of each
where it alone is masked (Salazar et al. 2020). In the variant `within_word` the later tokens of its word are masked
with it, so that a long word is not told by its own end (Kauf and Ivanova 2023). Special tokens are not scored, and
nothing is divided by a length. A model is right where the right sentence has the highest score: not where another has
the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import TEXT, each, one_of
from xtreme_harness.errors import DataError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.choice_labels import (
    answer_faults,
    index_faults,
    index_lines,
    indices,
    keyed_indices,
    spelt_index,
)
from xtreme_harness.kinds.row_fields import identifier, named, refuse, text
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.models.words import word_ends
from xtreme_harness.records import Arrays, Encoded, Features, Row, Split

__all__ = ["MINIMAL_PAIRS", "SentencesExample"]

OPTIONS: dict[str, Any] = {
    "variant": "original",  # what is masked: the token that is scored; "within_word": and those after it in its word
    "bad": ["bad"],  # fields that hold the wrong sentences; the right one is `good`
    "choices": [],  # instead, fields whose texts make sentences in the slot of `sentence`, in the order of the indices
    "slot": "_",  # what stands in `sentence`, once, in their place
    "answers": [],  # lists of spellings of the right choice, each by index
}
NONE = -1  # the prediction where two sentences share the highest score


@dataclass(frozen=True, slots=True)
class SentencesExample:
    """Sentences, and which of them is right."""

    id: str
    sentences: tuple[str, ...]
    label: int | None  # index of the right one; 0 where the data name it
    phenomenon: str = ""  # of grammar, for figures of its own


def _parse(row: Row, card: TaskCard) -> SentencesExample:
    options, faults = card.options, list[str]()
    key = identifier(row, faults)
    if options["choices"]:
        sentences, gold = _filled(row, options, faults), spelt_index(row, options, faults)
    else:
        sentences, gold = named(("good", *options["bad"]), row, faults), 0
    for field, sentence in sentences.items():
        if not sentence.strip() and isinstance(row.values.get(field), str):
            faults.append(f"{row.place}: {field}: found {shown(sentence)}, expected a sentence")
    phenomenon = text(row, "phenomenon", faults) if row.values.get("phenomenon") is not None else ""
    refuse(faults)
    return SentencesExample(key, tuple(sentences.values()), gold, phenomenon)


def _filled(row: Row, options: Mapping[str, Any], faults: list[str]) -> dict[str, str]:
    """The sentence with each choice in its slot, by the choice's field."""
    frame, slot = text(row, "sentence", faults), options["slot"]
    if isinstance(row.values.get("sentence"), str) and frame.count(slot) != 1:
        found = f"found {shown(frame)} with {frame.count(slot)} slots {shown(slot)}"
        faults.append(f"{row.place}: sentence: {found}, expected one")
    return {name: frame.replace(slot, choice) for name, choice in named(options["choices"], row, faults).items()}


def _featurize(split: Split[SentencesExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    """One sequence a token of every sentence, those of a sentence together; a sentence that comes again has none."""
    sentences = list(dict.fromkeys(s for e in split.examples for s in e.sentences))
    pieces = dict(zip(sentences, _pieces(sentences, tokenizer, card.options["variant"]), strict=True))
    _require_room(split, {sentence: len(ids) for sentence, (ids, _) in pieces.items()}, tokenizer)
    inputs: list[Encoded] = []
    places: dict[str, slice] = {}
    for sentence, (ids, ends) in pieces.items():
        first = len(inputs)
        inputs.extend(_masked(ids, ends, tokenizer))
        places[sentence] = slice(first, len(inputs))
    return Features(inputs, places, language=split.language)


def _pieces(sentences: Sequence[str], tokenizer: Tokenizer, variant: str) -> Iterator[tuple[list[int], Sequence[int]]]:
    """Tokens of each sentence, and for each token the index behind the last that is masked with it."""
    if variant == "original":
        for ids in tokenizer.ids(sentences):
            own = ids or [tokenizer.unknown]
            yield own, range(1, len(own) + 1)
        return
    for sentence, (ids, spans) in zip(sentences, tokenizer.spans(sentences), strict=True):
        yield ids, word_ends(sentence, spans)


def _masked(ids: Sequence[int], ends: Sequence[int], tokenizer: Tokenizer) -> Iterator[Encoded]:
    whole = tokenizer.one(ids, tokenizer.limit)
    before, mask = tokenizer.single_prefix, tokenizer.mask
    for i, end in enumerate(ends):
        hidden = [*whole.ids]
        hidden[before + i : before + end] = [mask] * (end - i)
        yield Encoded(hidden, whole.types, (before + i,), (ids[i],))


def _require_room(split: Split[SentencesExample], lengths: Mapping[str, int], tokenizer: Tokenizer) -> None:
    """Refuse what the model cannot read whole: the sentences of a pair may differ in the part that would be cut off."""
    room = tokenizer.limit - tokenizer.single_size
    faults = [
        f"{split.task} {split.language} {split.name}: example '{e.id}': a sentence of {longest} tokens, but the model "
        f"reads {room} beside its special ones; leave the example out, or use a model that reads more"
        for e in split.examples
        if (longest := max(lengths[s] for s in e.sentences)) > room
    ]
    if faults:
        raise DataError(*listed(faults))


def _decode(arrays: Arrays, features: Features, split: Split[SentencesExample], card: TaskCard) -> dict[str, int]:
    scores = {s: float(arrays.values[own].sum(dtype=np.float64)) for s, own in features.detail.items()}
    return {e.id: _highest([scores[s] for s in e.sentences]) for e in split.examples}


def _highest(scores: Sequence[float]) -> int:
    best = max(scores)
    return scores.index(best) if scores.count(best) == 1 else NONE


def _extras(arrays: Arrays, features: Features, split: Split[SentencesExample], card: TaskCard) -> dict[str, float]:
    """Accuracy of each phenomenon, in percent."""
    found = _decode(arrays, features, split, card)
    right: dict[str, list[bool]] = {}
    for example in split.examples:
        if example.phenomenon and example.label is not None:
            right.setdefault(example.phenomenon, []).append(found[example.id] == example.label)
    return {f"accuracy_{name}": 100 * sum(hits) / len(hits) for name, hits in sorted(right.items())}


def _constant(split: Split[SentencesExample], card: TaskCard) -> dict[str, int]:
    """The most frequent index; where the data name the right sentence, none: equal scores for all."""
    counted = Counter(e.label for e in split.examples if e.label is not None)
    most = min(counted, key=lambda label: (-counted[label], label), default=0)
    return {e.id: most if card.options["choices"] else NONE for e in split.examples}


def _guess(split: Split[SentencesExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, int]:
    return {e.id: rng(e.id).randrange(len(e.sentences)) for e in split.examples}


def _dumps(split: Split[SentencesExample], found: Mapping[str, int], card: TaskCard) -> str:
    return index_lines([found[e.id] for e in split.examples])


def _golds(text: str, place: str, card: TaskCard) -> dict[str, int]:
    return {str(i): label for i, label in enumerate(indices(text, place))}


def _faults(text: str, place: str, golds: Mapping[str, int] | None, card: TaskCard) -> list[str]:
    """One JSON object a line, with the index of a sentence under `label`; -1: the model prefers none."""
    size = len(card.options["choices"]) or 1 + len(card.options["bad"])
    return index_faults(text, place, golds, range(NONE, size), f"a number from 0 to {size - 1}, or {NONE}: none")


def _card_faults(card: TaskCard) -> list[str]:
    options, faults = card.options, list[str]()
    if len(options.get("choices", ())) == 1:
        faults.append(f"options.choices: found {shown(options['choices'])}, expected two fields or more")
    if options.get("answers") and not options.get("choices"):
        faults.append("options.answers: of choices, but options.choices names none")
    return [*faults, *answer_faults(options)]


MINIMAL_PAIRS: Kind[SentencesExample, int, int] = Kind(
    name="minimal_pairs",
    head=MASKED_LM,
    options=OPTIONS,
    example=SentencesExample,
    parse=_parse,
    passage=None,
    texts=lambda e: e.sentences,
    featurize=_featurize,
    decode=_decode,
    learn=None,
    gold=lambda e: e.label,
    relabel=lambda e, label: replace(e, label=label),
    perfect=lambda e: e.label or 0,
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=lambda text, place, ids, card: keyed_indices(text, place, ids),
    golds=_golds,
    gold_text=lambda split, card: _dumps(split, {e.id: e.label or 0 for e in split.examples}, card),
    faults=_faults,
    extras=_extras,
    expected={
        "variant": one_of("original", "within_word"), "bad": each(TEXT, least=1), "slot": TEXT,
        "answers": each(each(TEXT, least=2)),
    },
    card_faults=_card_faults,
    reads=lambda tokens: tokens * (tokens + 2),
    said=lambda card: f"pll:{card.options['variant']}",
    hub_task="fill-mask",
)  # fmt: skip
