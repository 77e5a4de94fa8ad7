"""Utterances whose slots are annotated in place: MASSIVE's "wake me up at [time : five am]"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xtreme_harness.data.formats.checks import PartlyRead, refuse
from xtreme_harness.data.formats.jsonlines import read_jsonl
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["OUTSIDE", "read_annotated", "tagged", "words_and_tags"]

OUTSIDE = "Other"  # the tag of a word in no slot
_OPENING = re.compile(r"\[(\S+) : ")


def read_annotated(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read objects, one a line, as {"words", "tags"}; several files follow one another.

    Options: those of `read_jsonl`, whose `columns` name the fields `text` and `annotated`; `language` and `characters`,
    a list of the languages whose words are characters.

    Raises:
        DataError: with all faults of a file.
        CardError: an option is wrong.
    """
    faults = list[str]()
    try:
        rows: Sequence[Row] = read_jsonl(files, options).rows
    except PartlyRead as error:
        rows, faults = error.rows, list(error.all_faults)
    return tagged(rows, options, faults)


def tagged(rows: Iterable[Row], options: Mapping[str, Json], faults: list[str]) -> Table:
    """Turn the fields `text` and `annotated` of rows into `words` and `tags`; tags are None where nothing is annotated.

    Raises:
        DataError: the faults given, and rows whose text and annotation are not the same words.
    """
    by_character = options.get("language") in options.get("characters", ())
    found = []
    for row in rows:
        text, annotated = row.values.get("text"), row.values.get("annotated")
        if not isinstance(text, str) or not isinstance(annotated, str | None):
            wrong = ("text", text) if not isinstance(text, str) else ("annotated", annotated)
            faults.append(f"{row.place}: {wrong[0]}: found {shown(wrong[1])}, expected text")
            continue
        words, tags = words_and_tags(annotated if annotated is not None else text, by_character)
        own = text.split()
        if "".join(words) != "".join(own) if by_character else len(words) != len(own):
            faults.append(f"{row.place}: found the annotation {shown(annotated)}, expected the words of {shown(text)}")
            continue
        words = words if by_character else tuple(own)
        others = {field: value for field, value in row.values.items() if field not in ("text", "annotated")}
        values = {**others, "words": words, "tags": tags if annotated is not None else None}
        found.append(Row(values, row.place))
    refuse(faults, found)
    return Table(tuple(found))


def words_and_tags(annotated: str, by_character: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cut an annotated utterance into words, and say which slot each is in.

    Words stand between blanks; where they are characters, what is ASCII alone between two blanks stays whole (alexa/
    massive f966f21, scripts/create_hf_dataset.py). Unlike there, a slot that ends in such a word ends there.

    >>> words_and_tags("wake me at [time : five am]")
    (('wake', 'me', 'at', 'five', 'am'), ('Other', 'Other', 'Other', 'time', 'time'))
    """
    words, tags, slot = list[str](), list[str](), OUTSIDE
    for chunk in _OPENING.sub(r" [\1 ", annotated).split():
        if chunk.startswith("["):
            slot = chunk[1:]
            continue
        for part in list(chunk) if by_character and not chunk.isascii() else [chunk]:
            if word := part.rstrip("]"):
                words.append(word)
                tags.append(slot)
            if part.endswith("]"):
                slot = OUTSIDE
    return tuple(words), tuple(tags)
