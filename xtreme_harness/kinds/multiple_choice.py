"""A text and several continuations, one of them right: XCOPA, Social IQa, Belebele, XStoryCloze."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from string import Formatter
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.expected import TEXT, each, one_of
from xtreme_harness.files.shown import shown, some
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
from xtreme_harness.models.head_table import CHOICE
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Features, Lesson, Row, Split

__all__ = ["MULTIPLE_CHOICE", "ChoiceExample"]

OPTIONS: dict[str, Any] = {
    "max_length": 128,  # tokens, special ones included
    "choices": [],  # fields that hold the choices, in the order of the class ids
    "text": "{text}",  # template of the first segment, over the row's fields and {prompt}
    "choice": "{choice}",  # template of the second segment, over the same and {choice}
    "truncate": "longest",  # of a pair that is too long: the longer segment; `text`: the first alone, while it lasts
    "prompts": {},  # value of the field `question` -> {prompt}
    "answers": [],  # lists of spellings of the right answer, each by class id
}

_FIELD = re.compile(r"[^\W\d]\w*")  # a name in a template


@dataclass(frozen=True, slots=True)
class ChoiceExample:
    """A text and its possible continuations."""

    id: str
    text: str
    choices: tuple[str, ...]
    label: int | None  # index of the right choice


def _parse(row: Row, card: TaskCard) -> ChoiceExample:
    options, faults = card.options, list[str]()
    key, prompts = identifier(row, faults), options["prompts"]
    choices = tuple(named(options["choices"], row, faults).values())
    asked = [*_names(options["text"]), *(name for name in _names(options["choice"]) if name != "choice")]
    fields = named([name for name in dict.fromkeys(asked) if name != "prompt" or not prompts], row, faults)
    if prompts:
        question = fields.get("question", "") if "question" in fields else text(row, "question", faults)
        if question not in prompts and isinstance(row.values.get("question"), str):
            faults.append(f"{row.place}: question {shown(question)}, expected one of {some(prompts)}")
        fields["prompt"] = prompts.get(question, "")
    gold = spelt_index(row, options, faults)
    refuse(faults)
    seconds = tuple(options["choice"].format(**{**fields, "choice": choice}) for choice in choices)
    return ChoiceExample(key, options["text"].format(**fields), seconds, gold)


@cache
def _names(template: str) -> tuple[str, ...]:
    """The fields that a template names, each once."""
    return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name is not None))


def _featurize(split: Split[ChoiceExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    length = int(card.options["max_length"])
    texts = tokenizer.ids([e.text for e in split.examples])
    choices = iter(tokenizer.ids([choice for e in split.examples for choice in e.choices]))
    pairs = [(text, next(choices)) for text, e in zip(texts, split.examples, strict=True) for _ in e.choices]
    if card.options["truncate"] == "text":
        room = min(length, tokenizer.limit) - tokenizer.pair_size
        pairs = [(text[: max(0, room - len(choice))], choice) for text, choice in pairs]
    return Features([tokenizer.two(text, choice, length) for text, choice in pairs], language=split.language)


def _decode(arrays: Arrays, features: Features, split: Split[ChoiceExample], card: TaskCard) -> dict[str, int]:
    scores, at, found = arrays.values[:, 0], 0, {}
    for example in split.examples:
        found[example.id] = int(scores[at : at + len(example.choices)].argmax())
        at += len(example.choices)
    return found


def _learn(features: Features, split: Split[ChoiceExample], card: TaskCard) -> list[Lesson]:
    rows = iter(features.inputs)
    items = [(tuple(next(rows) for _ in e.choices), e.label) for e in split.examples]
    return [Lesson(candidates, (label,)) for candidates, label in items if label is not None]


def _constant(split: Split[ChoiceExample], card: TaskCard) -> dict[str, int]:
    counted = Counter(e.label for e in split.examples if e.label is not None)
    answer = min(counted, key=lambda label: (-counted[label], label), default=0)
    return {e.id: answer for e in split.examples}


def _guess(split: Split[ChoiceExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, int]:
    return {e.id: rng(e.id).randrange(len(e.choices)) for e in split.examples}


def _dumps(split: Split[ChoiceExample], found: Mapping[str, int], card: TaskCard) -> str:
    return index_lines([found[e.id] for e in split.examples])


def _golds(text: str, place: str, card: TaskCard) -> dict[str, int]:
    return {str(i): label for i, label in enumerate(indices(text, place))}


def _faults(text: str, place: str, golds: Mapping[str, int] | None, card: TaskCard) -> list[str]:
    """One JSON object a line, with the index of a choice under `label`."""
    size = len(card.options["choices"])
    return index_faults(text, place, golds, range(size), f"a number from 0 to {size - 1}")


def _card_faults(card: TaskCard) -> list[str]:
    """What the options do not say, or say of other choices."""
    options, faults = card.options, list[str]()
    if not options.get("choices"):
        faults.append("options.choices: missing; name the fields that hold the choices")
    faults += answer_faults(options)
    text, choice = (options.get(name, OPTIONS[name]) for name in ("text", "choice"))
    if not _is_template(text):
        faults.append(f"options.text: found {shown(text)}, expected text with fields such as {{premise}}")
    if not _is_template(choice) or "choice" not in _names(choice):
        faults.append(f"options.choice: found {shown(choice)}, expected text with {{choice}}, and fields if need be")
    return faults


def _is_template(text: str) -> bool:
    """Whether a text has names in its braces, and nothing else."""
    try:
        return all(name is None or (_FIELD.fullmatch(name) and not spec and not mark)
                   for _, name, spec, mark in Formatter().parse(text))  # fmt: skip
    except ValueError:
        return False


MULTIPLE_CHOICE: Kind[ChoiceExample, int, int] = Kind(
    name="multiple_choice",
    head=CHOICE,
    options=OPTIONS,
    example=ChoiceExample,
    parse=_parse,
    passage=None,
    texts=lambda e: (e.text, *e.choices),
    featurize=_featurize,
    decode=_decode,
    learn=_learn,
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
    expected={
        "choices": each(TEXT, least=2),
        "answers": each(each(TEXT, least=2)),
        "truncate": one_of("longest", "text"),
    },
    card_faults=_card_faults,
    hub_task="multiple-choice",
)
