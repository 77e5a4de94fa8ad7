"""What the leaderboard would refuse, or score 0 without a word, in a prediction file: one function a kind.

Every function takes the text of a file, its place, the gold by example id where it is known, and the card; it returns
one message a fault, with file and line. Of faults of one sort the first ten of a file are told, the others counted.
Encoding, line ends and file names are checked in `submission_check.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple

from xtreme_harness.cards import TaskCard
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


class Fault(NamedTuple):
    """One fault of a file."""

    sort: str  # what several of the kind are called
    message: str
    hint: Callable[[], str] = str  # the end of the message, found only when it is shown


_SHOWN = 10
_BLANK = "blank lines"


def label_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One label a line, spelt as the card spells it."""
    lines, known = official_lines(text), ", ".join(card.labels)
    faults: list[Fault] = []
    for n, line in enumerate(lines, start=1):
        if not line:
            faults.append(Fault(_BLANK, f"{place}:{n}: blank line, expected one of {known}"))
        elif line not in card.labels:
            wrong = f"{place}:{n}: found '{line[:40]}', expected one of {known}"
            faults.append(Fault("unknown labels", wrong, partial(_label_hint, line, card)))
    return [*_count(lines, golds, place, "lines"), *_shown(faults, place)]


def choice_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One JSON object a line, with the index of a choice under `label`."""
    lines, size = official_lines(text), len(card.options.get("choices", ()))
    faults: list[Fault] = []
    for n, line in enumerate(lines, start=1):
        if not line:
            faults.append(Fault(_BLANK, f'{place}:{n}: blank line, expected a JSON line such as {{"label": 0}}'))
            continue
        try:
            read = json.loads(line)
        except json.JSONDecodeError:
            read = None
        if not isinstance(read, dict) or "label" not in read:
            found = f"found '{line[:40]}', expected a JSON line such as {{\"label\": 0}}"
            faults.append(Fault("lines without a label", f"{place}:{n}: {found}"))
        elif read["label"] not in range(size):  # 1.0 and true count as 1, as officially
            wrong = f"label {json.dumps(read['label'])}, expected a number from 0 to {size - 1}"
            faults.append(Fault("unknown labels", f"{place}:{n}: {wrong}"))
    return [*_count(lines, golds, place, "lines"), *_shown(faults, place)]


def tag_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One tag a line and one blank line between sentences; no words."""
    lines = official_lines(text)
    sentences = _sentences(lines)
    gold = list(golds.values()) if golds is not None else None
    known = {*card.labels, *card.options.get("unpredicted", ()), "O"}.union(*(gold or ()))
    unknown = [(n, line) for n, line in enumerate(lines, start=1) if line not in known and line]
    faults = [_tag_fault(n, line, place, known, card) for n, line in unknown]
    if gold is not None and len(gold) == len(sentences):
        return _shown([*faults, *_lengths(sentences, gold, place)], place)
    counted = []
    if gold is not None and sum(map(bool, sentences)) != len(gold):
        counted = [f"{place}: {len(sentences)} sentences, expected {len(gold)}"]
    return [*counted, *_shown([*faults, *_empty(sentences, place)], place)]


def answer_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """A JSON object of question id: answer text."""
    found, faults = _object(text, place)
    if found is None:
        return faults
    wrong = {k: f"found {json.dumps(v)[:60]}, expected text" for k, v in found.items() if not isinstance(v, str)}
    keyed = _keyed(wrong, text, place, "answers that are no text")
    return [*faults, *_shown(keyed, place), *_ids(found, golds, place, "question")]


def ranking_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """A JSON object of example id: at most so many ids, best first."""
    found, faults = _object(text, place)
    if found is None:
        return faults
    depth, wrong = int(card.options.get("depth", 20)), {}
    for key, ranked in found.items():
        if not isinstance(ranked, list) or not all(isinstance(item, str) for item in ranked):
            wrong[key] = f"found {json.dumps(ranked)[:60]}, expected a list of ids"
        elif len(ranked) > depth:
            wrong[key] = f"{len(ranked)} ids, expected at most {depth}"
        elif padded := next((item for item in ranked if item != item.strip()), None):
            wrong[key] = f"id '{padded}' has blanks around it, and matches no label"
    keyed = _keyed(wrong, text, place, "lists of another form")
    return [*faults, *_shown(keyed, place), *_ids(found, golds, place, "example")]


def row_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """One line number a line: plain, without brackets, from 0 to below the number of lines of the gold.

    (The range is checked only where the gold keeps to it: a file of some lines of a longer one does not.)
    """
    lines = official_lines(text)
    size = len(golds) if golds and all(_number(g) < len(golds) for (g,) in golds.values()) else None
    faults: list[Fault] = []
    for n, line in enumerate(lines, start=1):
        plain = line.strip("[]() ")
        if not line:
            faults.append(Fault(_BLANK, f"{place}:{n}: blank line, expected a plain line number"))
        elif _is_plain(line):
            if size is not None and int(line) >= size:
                wrong = f"found {line}, expected a line number from 0 to {size - 1}"
                faults.append(Fault("line numbers out of range", f"{place}:{n}: {wrong}"))
        else:
            hint = f"; write {plain} without brackets" if _is_plain(plain) else ""
            wrong = f"found '{line[:40]}', expected a plain line number{hint}"
            faults.append(Fault("lines that are no plain number", f"{place}:{n}: {wrong}"))
    return [*_count(lines, golds, place, "lines"), *_shown(faults, place)]


def pair_faults(text: str, place: str, golds: Golds | None, card: TaskCard) -> list[str]:
    """A foreign id, a tab, an English id; a pair that stands twice counts once and does no harm."""
    wanted = golds or {}
    foreign, english = _prefix(wanted), _prefix(item for ids in wanted.values() for item in ids)
    faults: list[Fault] = []
    for n, line in enumerate(official_lines(text), start=1):
        fields = line.split("\t")
        if not line:
            faults.append(Fault(_BLANK, f"{place}:{n}: blank line, expected a foreign id, a tab, an English id"))
        elif len(fields) != 2:
            wrong = f"{len(fields)} columns, expected 2: a foreign id, a tab, an English id"
            faults.append(Fault("lines of another form", f"{place}:{n}: {wrong}"))
        elif _reversed(fields[0], fields[1], wanted):
            wrong = "the columns are reversed: the foreign id stands first, then the English id"
            faults.append(Fault("reversed lines", f"{place}:{n}: {wrong}"))
        elif not (fields[0].startswith(foreign) and fields[1].startswith(english)):
            wrong = f"found '{fields[0]}' and '{fields[1]}', expected ids that begin with {foreign} and {english}"
            faults.append(Fault("lines with other ids", f"{place}:{n}: {wrong}"))
    return _shown(faults, place)


def _shown(faults: Iterable[Fault], place: str) -> list[str]:
    """The first messages of every sort, and how many more there are."""
    sorts: dict[str, list[Fault]] = {}
    for fault in faults:
        sorts.setdefault(fault.sort, []).append(fault)
    found = []
    for sort, alike in sorts.items():
        found += [fault.message + fault.hint() for fault in alike[:_SHOWN]]
        if len(alike) > _SHOWN:
            found.append(f"{place}: {len(alike) - _SHOWN} more {sort}")
    return found


def _count(lines: Sequence[str], golds: Golds | None, place: str, what: str) -> list[str]:
    """Another number of lines than the gold has; blank lines too many are faults of their own."""
    if golds is None or len(golds) in (len(lines), sum(map(bool, lines))):
        return []
    return [f"{place}: {len(lines)} {what}, expected {len(golds)}"]


def _label_hint(line: str, card: TaskCard) -> str:
    columns = line.split("\t")
    if len(columns) > 1 and columns[-1] in card.labels:
        return "; only the label stands in the line"
    if line in card.aliases:
        return f" (write '{card.aliases[line]}')"
    return _near(line, card.labels)


def _near(word: str, known: Iterable[str]) -> str:
    """The hint of a known spelling, whatever its case."""
    spelt = {name.lower(): name for name in sorted(known)}
    near = get_close_matches(word.lower(), spelt, n=1)
    return f" (did you mean '{spelt[near[0]]}'?)" if near else ""


def _tag_fault(number: int, tag: str, place: str, known: set[str], card: TaskCard) -> Fault:
    fields = tag.split()
    if len(fields) > 1 and fields[-1] in known:
        word = f"{place}:{number}: found '{tag[:40]}': only the tag stands in the line, no word"
        return Fault("lines with words", word)
    wrong = f"{place}:{number}: found '{tag[:40]}', expected one of {', '.join(card.labels)}"
    return Fault("unknown tags", wrong, partial(_near, tag, known))


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
            faults.append(Fault(_BLANK, message))
        line += len(sentence) + 1
    return faults


def _sentences(lines: Sequence[str]) -> list[Sequence[str]]:
    """The sentences as the official scorer reads them, empty ones too; one blank line stands between two."""
    ends = [i for i, line in enumerate(lines) if not line]
    starts = [0, *(end + 1 for end in ends)]
    return [lines[start:end] for start, end in zip(starts, [*ends, len(lines)], strict=True) if start < len(lines)]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _is_plain(line: str) -> bool:
    return line.isdecimal() and line.isascii() and line == str(int(line))


def _prefix(ids: Iterable[str]) -> str:
    """What all ids begin with, up to their first hyphen; "" where they differ."""
    starts = {start + hyphen if hyphen else "" for start, hyphen, _ in (item.partition("-") for item in ids)}
    return starts.pop() if len(starts) == 1 else ""


def _reversed(first: str, second: str, wanted: Golds) -> bool:
    return first in wanted.get(second, ()) or (first.startswith("en-") and not second.startswith("en-"))


def _object(text: str, place: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The answers as the official scorer finds them, None where it finds none; and what is wrong with their frame."""
    twice: dict[str, str] = {}

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = Counter(key for key, _ in pairs)
        twice.update({key: "the id stands twice, and only the last counts" for key, n in keys.items() if n > 1})
        return dict(pairs)

    try:
        read = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        return None, [f"{place}:{error.lineno}: not JSON: {error.msg}; is the file complete?"]
    if isinstance(read, dict) and "data" in read:
        beside = [key for key in read if key != "data"]
        if beside:
            return None, [f"{place}: {_named(beside)} beside the key 'data': the scorer reads only what is under it"]
        read = read["data"]
    if not isinstance(read, dict):
        return None, [f"{place}: found a JSON {type(read).__name__}, expected an object of id: answer"]
    return read, _shown(_keyed(twice, text, place, "ids that stand twice"), place)


def _keyed(wrong: Mapping[str, str], text: str, place: str, sort: str) -> list[Fault]:
    """Faults of ids, which stand in the order of the file, with their lines."""
    faults, at, line = [], 0, 1
    for key, message in wrong.items():
        found = max(text.find(json.dumps(key, ensure_ascii=ascii_only), at) for ascii_only in (False, True))
        if found >= 0:
            line += text.count("\n", at, found)
            at = found
        faults.append(Fault(sort, f"{place}:{line}: {key}: {message}"))
    return faults


def _ids(found: Golds, golds: Golds | None, place: str, what: str) -> list[str]:
    if golds is None:
        return []
    missing = [key for key in golds if key not in found]
    unknown = [key for key in found if key not in golds]
    faults = []
    if missing:
        faults.append(f"{place}: {len(missing)} of {len(golds)} {what} ids missing, which score 0: {_named(missing)}")
    if unknown:
        faults.append(f"{place}: {len(unknown)} unknown {what} ids: {_named(unknown)}")
    return faults


def _named(ids: Sequence[str]) -> str:
    return ", ".join(f"'{key}'" for key in ids[:3]) + (", ..." if len(ids) > 3 else "")
