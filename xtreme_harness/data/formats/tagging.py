"""One word and its tag a line, a blank line between sentences: PAN-X, UD-POS as XTREME writes it, MasakhaNER, UNER."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xtreme_harness.data.formats.checks import choice, files_of, refuse
from xtreme_harness.data.formats.decoding import read_lines
from xtreme_harness.data.formats.fields import expected_width, other_width, width_fault
from xtreme_harness.errors import CardError
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_conll"]

_Word = tuple[int, list[str]]  # line, columns
_DOCUMENT = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")  # no-break and ideographic spaces are text


def read_conll(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read tagged sentences as {"words", "tags"}; several files follow one another.

    Files of one column are the official test files: their tags are None. Any run of blank lines is one boundary, so
    there are no empty sentences here, unlike in the official scorer's reader of tag files. In tab-separated files the
    token is kept as it stands.

    Options: `token` and `tag` (column from 0; 0 and 1), `width` (number of columns where more follow), `separator`
    (`tab` or `whitespace`), `prefix` (tokens stand as `<language>:<token>`, the WikiANN source), `documents` (`keep`;
    `drop`: lines that begin a document, `-DOCSTART-`, are no sentences and only end the one before), `comments`
    (`keep`; `drop`: lines that begin with `#`, as the treebanks have them above a sentence, are no words).

    Raises:
        DataError: with all faults of a file.
        CardError: an option is wrong.
    """
    rows: list[Row] = []
    for path in files_of(files, "rows"):
        faults: list[str] = []
        sentences = list(_sentences(path, options))
        rows += _rows(path, sentences, options, faults)
        refuse(faults, rows)
    return Table(tuple(rows))


def _sentences(path: Path, options: Mapping[str, Json]) -> Iterator[list[_Word]]:
    tabs = choice(options, "separator", ("tab", "whitespace"), "tab") == "tab"
    drop = choice(options, "documents", ("keep", "drop"), "keep") == "drop"
    comments = choice(options, "comments", ("keep", "drop"), "keep") == "drop"
    words: list[_Word] = []
    for number, line in enumerate([*read_lines(path), ""], 1):
        if comments and line.startswith("#"):
            continue
        columns = line.split("\t") if tabs else _BLANKS.split(line.strip(" \t"))
        if line.strip(" \t") and not (drop and _begins_document(columns, options)):
            words.append((number, columns))
        elif words:
            yield words
            words = []


def _begins_document(columns: Sequence[str], options: Mapping[str, Json]) -> bool:
    token = int(options.get("token", 0))
    return columns[0].split(" ")[0] == _DOCUMENT or (token < len(columns) and columns[token] == _DOCUMENT)


def _rows(path: Path, sentences: list[list[_Word]], options: Mapping[str, Json], faults: list[str]) -> list[Row]:
    token, tag = int(options.get("token", 0)), int(options.get("tag", 1))
    full = int(options.get("width", max(token, tag) + 1))
    if full <= (last := max(token, tag)):
        raise CardError(f"options.width: found {full}, expected {last + 1} or more, as column {last} is read")
    widths = [len(columns) for words in sentences for _, columns in words]
    width = expected_width(widths, {full, 1} if token == 0 else {full})
    if other := other_width(path, widths, width, "correct the options separator, token, tag and width"):
        faults.append(other)
        return []
    if width == 1 and all(" " in columns[0] for words in sentences for _, columns in words):
        faults.append(
            f"{path}: found a space and no tab in every line, expected tabs, set option separator: whitespace"
        )
    if comments := [number for words in sentences for number, cells in words if _is_odd(cells, width)]:
        faults.append(
            f"{path}:{comments[0]}: found a line that begins with #, as do {len(comments)} with other columns than "
            f"{width}, expected words, set option comments: drop"
        )
        return []
    rows = []
    for words in sentences:
        forms, tags, sound = list[str](), list[str](), len(faults)
        for number, columns in words:
            place = f"{path}:{number}"
            if len(columns) != width:
                faults.append(width_fault(place, width, len(columns)))
                continue
            forms.append(_token(columns[token], place, options, faults))
            if width > 1:
                tags.append(columns[tag])
                if not columns[tag].strip():
                    faults.append(
                        f"{place}: found an empty tag, expected one a word, restore it from the original file"
                    )
        values = {"words": tuple(forms), "tags": tuple(tags) if width > 1 else None}
        if len(faults) == sound:
            first, last = words[0][0], words[-1][0]
            unbroken = last - first + 1 == len(words)  # no comment among them
            lines = range(first, last + 1) if unbroken else tuple(number for number, _ in words)
            rows.append(Row(values, f"{path}:{first}", lines))
    return rows


def _is_odd(columns: Sequence[str], width: int) -> bool:
    return columns[0].startswith("#") and len(columns) != width


def _token(text: str, place: str, options: Mapping[str, Json], faults: list[str]) -> str:
    if not options.get("prefix"):
        return text
    _, colon, token = text.partition(":")
    if not colon:
        faults.append(
            f"{place}: found {shown(text)}, expected '<language>:<token>', unset option prefix if tokens stand alone"
        )
    return token
