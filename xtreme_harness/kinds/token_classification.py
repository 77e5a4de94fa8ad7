"""A tag for every word: UD-POS, PAN-X.

A word is tokenised as it stands in running text; its first piece carries the tag. A sentence longer than the
limit is split at word boundaries and rejoined, so that every word has a tag.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from random import Random
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import PredictionError
from xtreme_harness.files.shown import shown, some
from xtreme_harness.kinds.base import Kind
from xtreme_harness.kinds.prediction_text import BLANK, Fault, near, official_lines, told
from xtreme_harness.kinds.row_fields import identifier, items, refuse, texts
from xtreme_harness.models.head_table import TOKENS
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Encoded, Features, Lesson, Row, Split

__all__ = ["TOKEN_CLASSIFICATION", "TaggedSentence", "read_tags"]

Tags = tuple[str, ...]
OPTIONS: dict[str, Any] = {
    "max_length": 128,  # tokens, special ones included
    "unpredicted": [],  # tags that gold may hold though no model predicts them
}

_NO_TAG = -100  # of a word whose tag no model predicts; losses pass over it


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """Words and a tag each."""

    id: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None


def _parse(row: Row, card: TaskCard) -> TaggedSentence:
    faults: list[str] = []
    key, words = identifier(row, faults), texts(row, "words", faults)
    if row.values.get("tags") is None:
        refuse(faults)
        return TaggedSentence(key, words, None)
    tags = items(row, "tags", "a list of tags", faults)
    if not faults and len(words) != len(tags):
        faults.append(f"{row.place}: {len(words)} words and {len(tags)} tags, expected one tag a word")
    known = _labels(card)
    wrong = [(i, tag) for i, tag in enumerate(tags) if not (isinstance(tag, str) and tag in known)]
    faults += [f"{_place(row, i)} {shown(tag)}, expected one of {some(card.labels)}" for i, tag in wrong]
    refuse(faults)
    return TaggedSentence(key, words, tuple(card.aliases.get(tag, str(tag)) for tag in tags))


def _place(row: Row, word: int) -> str:
    """Where the tag of a word stands: its line in the file, or its number in the row."""
    if row.lines:
        return f"{row.place.rpartition(':')[0]}:{row.lines[word]}: tag"
    return f"{row.place}: tag {word + 1}:" if len(row.values["tags"]) > 1 else f"{row.place}: tag"


def _labels(card: TaskCard) -> set[str]:
    return {*card.labels, *card.aliases, *card.options["unpredicted"]}


def _featurize(split: Split[TaggedSentence], tokenizer: Tokenizer, card: TaskCard) -> Features:
    length = min(int(card.options["max_length"]), tokenizer.limit)
    limit = max(1, length - tokenizer.single_size)
    distinct = list(dict.fromkeys(word for e in split.examples for word in e.words))
    pieces = dict(zip(distinct, tokenizer.words(distinct), strict=True))
    usable = {word: ids if 0 < len(ids) <= limit else [tokenizer.unknown] for word, ids in pieces.items()}
    inputs: list[Encoded] = []
    chunks: list[int] = []  # number of inputs an example takes
    for example in split.examples:
        parts = _chunks([usable[word] for word in example.words], limit)
        chunks.append(len(parts))
        inputs.extend(_encode(part, tokenizer, limit + tokenizer.single_size) for part in parts)
    return Features(inputs, detail=tuple(chunks), language=split.language)


def _chunks(words: Sequence[Sequence[int]], limit: int) -> list[list[Sequence[int]]]:
    """Cut a sentence before every word that would make its chunk longer than `limit` pieces."""
    chunks: list[list[Sequence[int]]] = [[]]
    size = 0
    for word in words:
        if size + len(word) > limit:
            chunks.append([])
            size = 0
        chunks[-1].append(word)
        size += len(word)
    return chunks


def _encode(words: Sequence[Sequence[int]], tokenizer: Tokenizer, length: int) -> Encoded:
    starts = accumulate((len(word) for word in words[:-1]), initial=tokenizer.single_prefix) if words else ()
    return tokenizer.one([piece for word in words for piece in word], length, keep=tuple(starts))


def _decode(arrays: Arrays, features: Features, split: Split[TaggedSentence], card: TaskCard) -> dict[str, Tags]:
    if arrays.offsets is None:
        raise PredictionError("a token head must say where each sequence begins")
    best = arrays.values.argmax(axis=1)
    found, chunk = {}, 0
    for example, count in zip(split.examples, features.detail, strict=True):
        first, last = arrays.offsets[chunk], arrays.offsets[chunk + count]
        found[example.id] = tuple(card.labels[i] for i in best[first:last])
        chunk += count
    return found


def _learn(features: Features, split: Split[TaggedSentence], card: TaskCard) -> list[Lesson]:
    ids = {tag: i for i, tag in enumerate(card.labels)}
    chunks = iter(features.inputs)
    lessons = []
    for example, count in zip(split.examples, features.detail, strict=True):
        tags = iter([ids.get(tag, _NO_TAG) for tag in example.tags or ()])
        for chunk in [next(chunks) for _ in range(count)]:
            if example.tags is not None and chunk.keep:
                lessons.append(Lesson((chunk,), tuple(next(tags) for _ in chunk.keep)))
    return lessons


def _constant(split: Split[TaggedSentence], card: TaskCard) -> dict[str, Tags]:
    counted = Counter(tag for e in split.examples for tag in e.tags or ())
    answer = max(card.labels, key=lambda tag: counted[tag])
    return {e.id: (answer,) * len(e.words) for e in split.examples}


def _guess(split: Split[TaggedSentence], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, Tags]:
    return {e.id: tuple(rng(e.id).choices(card.labels, k=len(e.words))) for e in split.examples}


def _dumps(split: Split[TaggedSentence], found: Mapping[str, Tags], card: TaskCard) -> str:
    return "\n".join("".join(f"{tag}\n" for tag in found[e.id]) for e in split.examples)


def read_tags(text: str) -> list[Tags]:
    r"""Sentences of tags as the official scorer reads them: every blank line ends one, even an empty one.

    >>> read_tags("A\nB\n\n\nC\n")
    [('A', 'B'), (), ('C',)]
    """
    sentences: list[Tags] = []
    tags: list[str] = []
    for line in official_lines(text):
        if line:
            tags.append(line)
        else:
            sentences.append(tuple(tags))
            tags = []
    if tags:
        sentences.append(tuple(tags))
    return sentences


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, Tags]:
    sentences = read_tags(text)
    if len(sentences) != len(ids):
        raise PredictionError(f"{place}: {len(sentences)} sentences, expected {len(ids)}")
    return dict(zip(ids, sentences, strict=True))


def _golds(text: str, place: str, card: TaskCard) -> dict[str, Tags]:
    return {str(i): tags for i, tags in enumerate(read_tags(text))}


def _faults(text: str, place: str, golds: Mapping[str, Tags] | None, card: TaskCard) -> list[str]:
    """One tag a line and one blank line between sentences; no words."""
    lines = official_lines(text)
    sentences = _sentences(lines)
    gold = list(golds.values()) if golds is not None else None
    known = {*card.labels, *card.options["unpredicted"], "O"}.union(*(gold or ()))
    unknown = [(n, line) for n, line in enumerate(lines, start=1) if line not in known and line]
    faults = [_tag_fault(n, line, place, known, card) for n, line in unknown]
    if gold is not None and len(gold) == len(sentences):
        return told([*faults, *_lengths(sentences, gold, place)], place)
    counted = []
    if gold is not None and sum(map(bool, sentences)) != len(gold):
        counted = [f"{place}: {len(sentences)} sentences, expected {len(gold)}"]
    return [*counted, *told([*faults, *_empty(sentences, place)], place)]


def _tag_fault(number: int, tag: str, place: str, known: set[str], card: TaskCard) -> Fault:
    fields = tag.split()
    if len(fields) > 1 and fields[-1] in known:
        word = f"{place}:{number}: found '{tag[:40]}': only the tag stands in the line, no word"
        return Fault("lines with words", word)
    wrong = f"{place}:{number}: found '{tag[:40]}', expected one of {', '.join(card.labels)}"
    return Fault("unknown tags", wrong, partial(near, tag, known))


def _lengths(sentences: Sequence[Sequence[str]], gold: Sequence[Sequence[str]], place: str) -> list[Fault]:
    faults, line = [], 1
    for i, (sentence, tags) in enumerate(zip(sentences, gold, strict=True), start=1):
        if len(sentence) != len(tags):
            wrong = f"sentence {i} has {len(sentence)} tags, expected {len(tags)}"
            faults.append(Fault("sentences of another length", f"{place}:{line}: {wrong}"))
        line += len(sentence) + 1
    return faults


def _empty(sentences: Sequence[Sequence[str]], place: str) -> list[Fault]:
    """Blank lines that make sentences without words."""
    faults, line = [], 1
    for i, sentence in enumerate(sentences):
        if not sentence:
            where = "the file begins with a blank line" if i == 0 else "two blank lines in a row"
            message = f"{place}:{line}: {where}, which the scorer reads as a sentence without words"
            faults.append(Fault(BLANK, message))
        line += len(sentence) + 1
    return faults


def _sentences(lines: Sequence[str]) -> list[Sequence[str]]:
    """The sentences as the official scorer reads them, empty ones too; one blank line stands between two."""
    ends = [i for i, line in enumerate(lines) if not line]
    starts = [0, *(end + 1 for end in ends)]
    return [lines[start:end] for start, end in zip(starts, [*ends, len(lines)], strict=True) if start < len(lines)]


TOKEN_CLASSIFICATION: Kind[TaggedSentence, Tags, Tags] = Kind(
    name="token_classification",
    head=TOKENS,
    options=OPTIONS,
    example=TaggedSentence,
    parse=_parse,
    passage=None,
    texts=lambda e: (e.words,),
    featurize=_featurize,
    decode=_decode,
    learn=_learn,
    gold=lambda e: e.tags,
    relabel=lambda e, tags: replace(e, tags=tags),
    perfect=lambda e: e.tags or (),
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=_loads,
    golds=_golds,
    gold_text=lambda split, card: _dumps(split, {e.id: e.tags or () for e in split.examples}, card),
    faults=_faults,
    labels=_labels,
    hub_task="token-classification",
    answers="tags",
)
