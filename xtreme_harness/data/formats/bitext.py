"""Parallel sentences: Tatoeba (two files, line by line) and BUCC (two files with ids, and the pairs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xtreme_harness.data.formats.checks import files_of, place_ids, refuse
from xtreme_harness.data.formats.decoding import read_lines
from xtreme_harness.data.formats.fields import width_fault
from xtreme_harness.errors import DataError
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_bucc", "read_tatoeba"]


def read_tatoeba(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read the English sentences as rows {"id", "text", "gold"} and the foreign ones as the pool {"id", "text"}.

    XTREME sorts the stripped English lines by code point (equal lines keep their order), so that the line no longer
    gives the answer away; the id of row j is j, its gold the line number from 0 that it had, which is the id of its
    translation. With option `sorted` the files are that download: gold is None.

    Raises:
        DataError: a file is missing, empty or not UTF-8, or the files differ in length.
    """
    (foreign_path, *_), (english_path, *_) = files_of(files, "foreign"), files_of(files, "english")
    foreign = [line.strip() for line in read_lines(foreign_path)]
    english = [line.strip() for line in read_lines(english_path)]
    if len(foreign) != len(english):
        raise DataError(
            f"{foreign_path}: found {len(foreign)} lines, expected {len(english)} as in {english_path}, "
            "use two files of one release"
        )
    known = not options.get("sorted")
    order = sorted(range(len(english)), key=english.__getitem__) if known else range(len(english))
    rows = (
        Row({"id": str(j), "text": english[i], "gold": (str(i),) if known else None}, f"{english_path}:{i + 1}")
        for j, i in enumerate(order)
    )
    pool = (Row({"id": str(i), "text": text}, f"{foreign_path}:{i + 1}") for i, text in enumerate(foreign))
    return Table(tuple(rows), tuple(pool))


def read_bucc(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read the foreign sentences as rows {"id", "text", "gold"} and the English ones as the pool {"id", "text"}.

    Gold are the English ids that role `gold` pairs with the sentence, in its order; () where it has none, None where
    there is no such file. A pair that is given twice counts once, as officially.

    Raises:
        DataError: with all faults of a file.
    """
    (foreign_path, *_), (english_path, *_) = files_of(files, "foreign"), files_of(files, "english")
    foreign, english = _sentences(foreign_path), _sentences(english_path)
    gold = _gold(files["gold"][0], foreign, english) if files.get("gold") else None
    rows = (
        Row({"id": i, "text": text, "gold": None if gold is None else tuple(gold.get(i, ()))}, place)
        for i, (text, place) in foreign.items()
    )
    pool = (Row({"id": i, "text": text}, place) for i, (text, place) in english.items())
    return Table(tuple(rows), tuple(pool))


def _pairs(path: Path, faults: list[str]) -> list[tuple[str, str, str]]:
    """Return (first column, second column, place) of every line."""
    pairs = []
    for number, line in enumerate(read_lines(path), 1):
        place, columns = f"{path}:{number}", line.split("\t")
        if len(columns) == 2:
            pairs.append((columns[0], columns[1], place))
        else:
            faults.append(width_fault(place, 2, len(columns)))
    return pairs


def _sentences(path: Path) -> dict[str, tuple[str, str]]:
    """Return id -> (sentence, place)."""
    faults: list[str] = []
    pairs = _pairs(path, faults)
    place_ids(((identifier, place) for identifier, _, place in pairs), faults)
    refuse(faults)
    return {identifier: (text, place) for identifier, text, place in pairs}


def _gold(
    path: Path, foreign: Mapping[str, tuple[str, str]], english: Mapping[str, tuple[str, str]]
) -> dict[str, dict[str, None]]:
    """Return foreign id -> its English ids, in order."""
    faults: list[str] = []
    gold: dict[str, dict[str, None]] = {}
    for first, second, place in _pairs(path, faults):
        if first in foreign and second in english:
            gold.setdefault(first, {})[second] = None
        elif first in english and second in foreign:
            faults.append(
                f"{place}: found '{first}' before '{second}', columns reversed: expected the foreign id first, swap"
            )
        else:
            stray = f"foreign id '{first}'" if first not in foreign else f"English id '{second}'"
            faults.append(
                f"{place}: found unknown {stray}, expected ids of the sentence files, use files of one release"
            )
    refuse(faults)
    return gold
