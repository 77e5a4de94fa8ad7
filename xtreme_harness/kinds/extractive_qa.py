"""A question, a passage, a span of it as the answer: XQuAD, MLQA, TyDiQA-GoldP, SQuAD.

Long passages are read in overlapping windows; a token is scored in the window where it has most context. The
answer is cut from the original passage by character offsets, so unspaced scripts need no detokenising.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import DataError, PredictionError, listed
from xtreme_harness.files.shown import shown
from xtreme_harness.kinds.base import Kind, Reach
from xtreme_harness.kinds.prediction_text import id_faults, json_object, keyed, read_object, told
from xtreme_harness.kinds.row_fields import identifier, items, refuse, text
from xtreme_harness.kinds.spans import Table, Window, best_spans, max_context, windows
from xtreme_harness.kinds.squad_labels import answer_texts
from xtreme_harness.models.head_table import SPANS
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Encoded, Features, Lesson, Row, Split

__all__ = ["EXTRACTIVE_QA", "Answer", "QAExample"]

Golds = tuple[str, ...]
OPTIONS: dict[str, Any] = {
    "max_length": 384,  # tokens of a window, question and special ones included
    "stride": 128,  # tokens from the start of one window to the start of the next
    "max_question": 64,  # tokens
    "n_best": 20,  # starts and ends tried in a window
    "max_answer_tokens": 30,
    "no_answer": False,  # may "" be the answer? It is where the first position, as a span, scores above every other
    "null_threshold": 0.0,  # ... by more than this
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A span of the context."""

    text: str
    start: int  # characters from the start of the context


@dataclass(frozen=True, slots=True)
class QAExample:
    """A question and the passage that answers it."""

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...] | None


@dataclass(frozen=True, slots=True)
class _Detail:
    windows: tuple[Window, ...]
    table: Table  # the same as columns
    spans: tuple[Sequence[tuple[int, int]], ...]  # characters of every context token, by example


def _parse(row: Row, card: TaskCard) -> QAExample:
    faults: list[str] = []
    key, question, context = identifier(row, faults), text(row, "question", faults), text(row, "context", faults)
    answers = None if row.values.get("answers") is None else _read_answers(row, faults)
    if answers == () and not faults and not card.options["no_answer"]:
        faults.append(f"{row.place}: no answer; this task's questions all have one (option no_answer allows none)")
    refuse(faults)
    return QAExample(key, question, context, answers)


def _read_answers(row: Row, faults: list[str]) -> tuple[Answer, ...]:
    """The answers of a row, each a text and the character at which it starts."""
    found = []
    for i, answer in enumerate(items(row, "answers", "a list of answers", faults)):
        words, start = (answer.get("text"), answer.get("start")) if isinstance(answer, Mapping) else (None, None)
        if isinstance(words, str) and isinstance(start, int) and not isinstance(start, bool):
            found.append(Answer(words, start))
        else:
            wanted = "{text: a text, start: a number of characters}"
            faults.append(f"{row.place}: answers[{i}]: found {shown(answer)}, expected {wanted}")
    return tuple(found)


def _featurize(split: Split[QAExample], tokenizer: Tokenizer, card: TaskCard) -> Features:
    options = card.options
    length = min(int(options["max_length"]), tokenizer.limit)
    questions = [q[: int(options["max_question"])] for q in tokenizer.ids([e.question for e in split.examples])]
    distinct = list(dict.fromkeys(e.context for e in split.examples))  # a passage has several questions
    read = dict(zip(distinct, tokenizer.spans(distinct), strict=True))
    inputs: list[Encoded] = []
    found: list[Window] = []
    for i, (example, question) in enumerate(zip(split.examples, questions, strict=True)):
        ids, _ = read[example.context]
        question = question[: max(0, length - tokenizer.pair_size - 1)]
        room = length - len(question) - tokenizer.pair_size
        if room < 1:
            raise DataError(f"{card.name}: max_length {length} leaves no room for the passage")
        parts = windows(len(ids), room, int(options["stride"]))
        offset = tokenizer.pair_prefix + len(question) + tokenizer.pair_middle
        for (first, size), owned in zip(parts, max_context(parts, len(ids)), strict=True):
            inputs.append(tokenizer.two(question, ids[first : first + size], length))
            found.append(Window(i, first, size, offset, owned))
    detail = _Detail(tuple(found), Table.of(found), tuple(read[e.context][1] for e in split.examples))
    return Features(inputs, detail=detail, language=split.language)


def _decode(arrays: Arrays, features: Features, split: Split[QAExample], card: TaskCard) -> dict[str, str]:
    options = card.options
    detail: _Detail = features.detail
    if arrays.offsets is None:
        raise PredictionError("a span head must say where each sequence begins")
    best = best_spans(
        arrays.values,
        arrays.offsets,
        detail.table,
        len(split.examples),
        int(options["n_best"]),
        int(options["max_answer_tokens"]),
    )
    none = best.first < 0
    if options["no_answer"]:
        none |= best.null - best.score > float(options["null_threshold"])
    found = zip(split.examples, detail.spans, none.tolist(), best.first.tolist(), best.last.tolist(), strict=True)
    return {
        e.id: "" if no else e.context[spans[first][0] : spans[last][1]].strip() for e, spans, no, first, last in found
    }


def _learn(features: Features, split: Split[QAExample], card: TaskCard) -> list[Lesson]:
    """A lesson a window; one that does not hold the whole answer points at the first token, as do official scripts."""
    detail: _Detail = features.detail
    lessons = []
    for encoded, window in zip(features.inputs, detail.windows, strict=True):
        answers = split.examples[window.example].answers
        if answers is not None:
            lessons.append(Lesson((encoded,), _goal(answers, detail.spans[window.example], window)))
    return lessons


def _goal(answers: Sequence[Answer], spans: Sequence[tuple[int, int]], window: Window) -> tuple[int, int]:
    """Positions in the window's sequence of the first and last token of the answer."""
    if not answers or answers[0].start < 0:
        return 0, 0
    begin, end = answers[0].start, answers[0].start + len(answers[0].text)
    covered = [i for i, (left, right) in enumerate(spans) if left < right and left < end and right > begin]
    if not covered or covered[0] < window.first or covered[-1] >= window.first + window.size:
        return 0, 0
    shift = window.offset - window.first
    return covered[0] + shift, covered[-1] + shift


def _reach(features: Features, split: Split[QAExample], card: TaskCard) -> Reach:
    """Decode what training asks for, one answer of every question at a time."""
    total = exact = whole = 0
    for turn in range(max((len(e.answers or ()) for e in split.examples), default=0)):
        asked = [replace(e, answers=(e.answers or ())[turn : turn + 1] or None) for e in split.examples]
        part = replace(split, examples=tuple(asked))
        found = _decode(_by_heart(features, part, card), features, part, card)
        pairs = [(e.answers[0].text.strip(), found[e.id]) for e in asked if e.answers]
        total += len(pairs)
        exact += sum(answer == given for answer, given in pairs)
        whole += sum(answer in given for answer, given in pairs)
    return Reach(total, exact, whole)


def _by_heart(features: Features, split: Split[QAExample], card: TaskCard) -> Arrays:
    """The logits of a network that has learnt every lesson."""
    offsets = np.cumsum([0, *(len(encoded.ids) for encoded in features.inputs)])
    values = np.zeros((offsets[-1], 2), np.float32)
    taught = [i for i, w in enumerate(features.detail.windows) if split.examples[w.example].answers is not None]
    for i, lesson in zip(taught, _learn(features, split, card), strict=True):
        first, last = (offsets[i] + int(goal) for goal in lesson.goals)
        values[first, 0] = values[last, 1] = 1
    return Arrays(values, offsets)


def _constant(split: Split[QAExample], card: TaskCard) -> dict[str, str]:
    return {e.id: (e.context.split() or [""])[0] for e in split.examples}


def _guess(split: Split[QAExample], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, str]:
    return {e.id: _random_span(e.context, rng(e.id)) for e in split.examples}


def _random_span(context: str, rng: Random) -> str:
    words = context.split()
    if len(words) < 2:
        return context
    first = rng.randrange(len(words))
    return " ".join(words[first : first + rng.randint(1, 5)])


def _dumps(split: Split[QAExample], found: Mapping[str, str], card: TaskCard) -> str:
    return json.dumps({e.id: found[e.id] for e in split.examples}, ensure_ascii=False, indent=1) + "\n"


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, str]:
    found = json_object(text, place)
    asked = {key: found[key] for key in ids if key in found} | {k: v for k, v in found.items() if isinstance(v, str)}
    wrong = [f"{place}: {key}: found {shown(v)}, expected text" for key, v in asked.items() if not isinstance(v, str)]
    if wrong:
        raise PredictionError(*listed(wrong))
    return asked


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Golds]:
    none = ("",) if card.options["no_answer"] else ()
    return {key: texts or none for key, texts in answer_texts(text, place).items()}


def _gold_text(split: Split[QAExample], card: TaskCard) -> str:
    data = [
        {"paragraphs": [{"context": e.context, "qas": [{"id": e.id, "question": e.question, "answers": _answers(e)}]}]}
        for e in split.examples
    ]
    return json.dumps({"data": data, "version": "1.1"}, ensure_ascii=False) + "\n"


def _answers(example: QAExample) -> list[dict[str, Any]]:
    return [{"answer_start": a.start, "text": a.text} for a in example.answers or ()]


def _gold(example: QAExample) -> Golds | None:
    """Texts of the answers; a question without one is answered by ""."""
    return None if example.answers is None else tuple(a.text for a in example.answers) or ("",)


def _relabel(example: QAExample, texts: Golds) -> QAExample:
    found = () if texts == ("",) else texts
    return replace(example, answers=tuple(Answer(text, example.context.find(text)) for text in found))


def _faults(text: str, place: str, golds: Mapping[str, Golds] | None, card: TaskCard) -> list[str]:
    """A JSON object of question id: answer text."""
    found, faults = read_object(text, place)
    if found is None:
        return faults
    wrong = {k: f"found {json.dumps(v)[:60]}, expected text" for k, v in found.items() if not isinstance(v, str)}
    wrongly = keyed(wrong, text, place, "answers that are no text")
    return [*faults, *told(wrongly, place), *id_faults(found, golds, place, "question")]


EXTRACTIVE_QA: Kind[QAExample, str, Golds] = Kind(
    name="extractive_qa",
    head=SPANS,
    options=OPTIONS,
    example=QAExample,
    parse=_parse,
    passage=None,
    texts=lambda e: (e.question, e.context),
    featurize=_featurize,
    decode=_decode,
    learn=_learn,
    gold=_gold,
    relabel=_relabel,
    perfect=lambda e: e.answers[0].text if e.answers else "",
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=_loads,
    golds=_golds,
    gold_text=_gold_text,
    faults=_faults,
    reach=_reach,
    hub_task="question-answering",
    answers="texts",
)
