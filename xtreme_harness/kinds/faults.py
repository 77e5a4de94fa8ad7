"""What the leaderboard would refuse, or score 0 without a word, in a prediction file: one function a kind.

Every function takes the text of a file, its place, the gold by example id where it is known, and the card; it returns
one message a fault, with file and line. Encoding, line ends and file names are the submission's (`submission.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import did_you_mean, listed
from xtreme_harness.kinds.base import official_lines

__all__ = [
    "answer_faults",
    "choice_faults",
    "label_faults",
    "pair_faults",
    "ranking_faults",
    "row_faults",
    "tag_faults",
]

Golds = Mapping[str, Any]


def label_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One label a line, spelt as the card spells it."""
    lines = official_lines(text)
    known = ", ".join(card.labels)
    faults = [
        f"{place}:{n}: {_found(line)}, expected one of {known}{did_you_mean(line.lower(), card.labels)}"
        for n, line in enumerate(lines, start=1)
        if line not in card.labels
    ]
    return [*_count(lines, golds, place, "lines"), *listed(faults, 10)]


def choice_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One JSON object a line, with the index of a choice under `label`."""
    lines = official_lines(text)
    size = len(card.options.get("choices", ()))
    faults = []
    for n, line in enumerate(lines, start=1):
        try:
            read = json.loads(line)
        except json.JSONDecodeError:
            faults.append(f'{place}:{n}: {_found(line)}, expected a JSON line such as {{"label": 0}}')
            continue
        label = read.get("label") if isinstance(read, dict) else None
        if isinstance(label, bool) or label not in range(size):
            faults.append(f"{place}:{n}: label {label!r}, expected a number from 0 to {size - 1}")
    return [*_count(lines, golds, place, "lines"), *listed(faults, 10)]


def tag_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One tag a line and one blank line between sentences; no words."""
    sentences, faults = _sentences(text, place)
    known = {*card.labels, *card.options.get("unpredicted", ())}
    for number, tag in (pair for sentence in sentences for pair in sentence):
        if tag in known:
            continue
        fields = tag.split()
        word_left = len(fields) > 1 and fields[-1] in known
        hint = "; only the tag stands in the line, not the word" if word_left else did_you_mean(tag, known)
        faults.append(f"{place}:{number}: {_found(tag)}, expected one of {', '.join(card.labels)}{hint}")
    faults = list(listed(faults, 10))
    if golds is None:
        return faults
    faults = [*_count(sentences, golds, place, "sentences"), *faults]
    lengths = [
        f"{place}:{sentence[0][0] if sentence else 1}: sentence {i} has {len(sentence)} tags, expected {len(gold)}"
        for i, (sentence, gold) in enumerate(zip(sentences, golds.values(), strict=False), start=1)
        if len(sentence) != len(gold)
    ]
    return [*faults, *(listed(lengths, 10) if len(sentences) == len(golds) else ())]


def answer_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """A JSON object of question id: answer text."""
    found, faults = _object(text, place)
    wrong = [
        f"{place}: {key}: found {value!r}, expected text" for key, value in found.items() if not isinstance(value, str)
    ]
    return [*faults, *listed(wrong, 10), *_ids(found, golds, place, "question")]


def ranking_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """A JSON object of example id: at most so many ids, best first, each once."""
    found, faults = _object(text, place)
    depth = int(card.options.get("depth", 20))
    wrong = []
    for key, ranked in found.items():
        if not isinstance(ranked, list) or not all(isinstance(item, str) for item in ranked):
            wrong.append(f"{place}: {key}: found {str(ranked)[:40]!r}, expected a list of ids")
        elif len(ranked) > depth:
            wrong.append(f"{place}: {key}: {len(ranked)} ids, expected at most {depth}")
        elif len(set(ranked)) < len(ranked):
            twice = next(item for item, n in Counter(ranked).items() if n > 1)
            wrong.append(f"{place}: {key}: id '{twice}' stands twice")
        elif stripped := next((item for item in ranked if item != item.strip()), None):
            wrong.append(f"{place}: {key}: id {stripped!r} has blanks around it")
    return [*faults, *listed(wrong, 10), *_ids(found, golds, place, "example")]


def row_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One line number a line: plain, without brackets, from 0 to below the number of lines of the gold.

    (The range is checked only where the gold keeps to it: a file of some lines of a longer one does not.)
    """
    lines = official_lines(text)
    size = len(golds) if golds and all(_number(g) < len(golds) for (g,) in golds.values()) else None
    faults = []
    for n, line in enumerate(lines, start=1):
        if line.isdecimal() and line.isascii() and line == str(int(line)):
            if size is not None and int(line) >= size:
                faults.append(f"{place}:{n}: found {line}, expected a line number from 0 to {size - 1}")
            continue
        plain = line.strip("[]() ")
        hint = f"; write {plain} without brackets" if plain.isdecimal() and plain != line else ""
        faults.append(f"{place}:{n}: {_found(line)}, expected a plain line number{hint}")
    return [*_count(lines, golds, place, "lines"), *listed(faults, 10)]


def pair_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """A foreign id, a tab, an English id; the foreign one first, each pair once."""
    faults, seen = [], set()
    for n, line in enumerate(official_lines(text), start=1):
        fields = line.split("\t")
        if not line:
            faults.append(f"{place}:{n}: blank line, expected a foreign id, a tab, an English id")
        elif len(fields) != 2:
            faults.append(f"{place}:{n}: {len(fields)} columns, expected 2: a foreign id, a tab, an English id")
        elif fields[0].startswith("en-") and not fields[1].startswith("en-"):
            faults.append(f"{place}:{n}: the columns are reversed: the foreign id stands first, then the English id")
        elif line in seen:
            faults.append(f"{place}:{n}: the pair {fields[0]} {fields[1]} stands twice")
        seen.add(line)
    return list(listed(faults, 10))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _found(line: str) -> str:
    return f"found '{line[:40]}'" if line else "blank line"


def _count(found: Sequence[Any], golds: Golds | None, place: str, what: str) -> list[str]:
    if golds is None or len(found) == len(golds):
        return []
    return [f"{place}: {len(found)} {what}, expected {len(golds)}"]


def _sentences(text: str, place: str) -> tuple[list[list[tuple[int, str]]], list[str]]:
    """Sentences of (line number, tag); blank lines that make empty sentences are faults."""
    sentences: list[list[tuple[int, str]]] = [[]]
    faults = []
    for number, line in enumerate(official_lines(text), start=1):
        if line:
            sentences[-1].append((number, line))
        elif sentences[-1]:
            sentences.append([])
        else:
            where = "the file begins with a blank line" if number == 1 else "two blank lines in a row"
            faults.append(f"{place}:{number}: {where}, which the scorer reads as a sentence without words")
    if not sentences[-1]:
        sentences.pop()
    return sentences, faults


def _object(text: str, place: str) -> tuple[dict[str, Any], list[str]]:
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = Counter(key for key, _ in pairs)
        twice.extend(key for key, n in keys.items() if n > 1)
        return dict(pairs)

    try:
        read = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        return {}, [f"{place}:{error.lineno}: not JSON: {error.msg}; is the file complete?"]
    if not isinstance(read, dict):
        return {}, [f"{place}: found a JSON {type(read).__name__}, expected an object of id: answer"]
    faults = [f"{place}: id '{key}' stands twice" for key in twice]
    if "data" in read:
        faults.append(f"{place}: has a top key 'data', and the scorer reads only what is under it")
        read = read["data"] if isinstance(read["data"], dict) else {}
    return read, faults


def _ids(found: Mapping[str, Any], golds: Golds | None, place: str, what: str) -> list[str]:
    if golds is None:
        return []
    missing = [key for key in golds if key not in found]
    unknown = [key for key in found if key not in golds]
    faults = []
    if missing:
        faults.append(
            f"{place}: {len(missing)} of {len(golds)} {what} ids missing, which score 0; the first is '{missing[0]}'"
        )
    if unknown:
        near = did_you_mean(unknown[0], missing)
        faults.append(f"{place}: {len(unknown)} unknown {what} ids; the first is '{unknown[0]}'{near}")
    return faults
