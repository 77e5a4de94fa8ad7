"""Columns of a table: which are wanted, which may be absent, which hold labels that were taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.errors import CardError
from xtreme_harness.records import Json, Row

__all__ = ["Record", "columns_of", "dropped", "expected_width", "other_width", "settle", "width_fault"]

_TELLING = 10  # so many equal labels may be chance; in a longer file they were removed


@dataclass(frozen=True, slots=True)
class Record:
    """The wanted fields of one line; an absent value is None."""

    values: dict[str, Json]
    place: str


def columns_of(options: Mapping[str, Json]) -> dict[str, tuple[int | str, ...]]:
    """Return field -> the columns that may hold it, the first that a file has counts; CardError if there are none."""
    columns = options.get("columns")
    if not isinstance(columns, Mapping) or not columns:
        raise CardError(f"options.columns: found {columns!r}, expected a mapping of fields to columns")
    return {field: tuple(c) if isinstance(c, list | tuple) else (c,) for field, c in columns.items()}


def expected_width(widths: Iterable[int], allowed: Collection[int]) -> int:
    """Return the most frequent of the allowed numbers of columns; the larger one of a tie.

    >>> expected_width([3, 3, 2], {2, 3})
    3
    """
    counts = Counter(widths)
    return max(allowed, key=lambda width: (counts[width], width))


def width_fault(place: str, expected: int, found: int) -> str:
    """Say that a line has too few or too many columns."""
    return f"{place}: {expected} columns expected, {found} found, restore the line from the original file"


def other_width(path: Path, widths: Sequence[int], expected: int, few: str) -> str:
    """Say how a card is mended where every line of a file has one number of columns, and not the expected one; "" else.

    Args:
        path: the file.
        widths: number of columns of each line.
        expected: number of columns that a line should have.
        few: what to do where the lines have fewer.

    >>> other_width(Path("x.tsv"), [4, 4], 3, "set the positions")
    'x.tsv: 4 columns found in every line, 3 expected, set option width: 4 if those that follow are not to be read'
    >>> other_width(Path("x.tsv"), [4, 3], 3, "set the positions")
    ''
    """
    if len(widths) < 2 or len(set(widths)) > 1 or widths[0] == expected:
        return ""
    more = f"set option width: {widths[0]} if those that follow are not to be read"
    return (
        f"{path}: {widths[0]} columns found in every line, {expected} expected, {more if widths[0] > expected else few}"
    )


def dropped(values: Mapping[str, Json], options: Mapping[str, Json]) -> bool:
    """Whether one of the fields has a value that marks a record as no example.

    >>> dropped({"label": "-"}, {"drop": {"label": ["-", -1]}})
    True
    """
    return any(_is_marked(values.get(field), marks) for field, marks in options.get("drop", {}).items())


def _is_marked(value: Json, marks: Json) -> bool:
    if isinstance(value, list | dict):
        return False
    return str(value) in map(str, marks if isinstance(marks, list | tuple) else [marks])


def settle(records: list[Record], path: Path, options: Mapping[str, Json], faults: list[str]) -> list[Row]:
    """Turn the records of one file into rows, deciding for the file as a whole what it does not have.

    An optional field that every record lacks (no column, null or blank) is None; one that only some lack is a fault.
    A field of `options["removed"]` whose value is the same throughout a file of more than 10 records is None.
    Records with one of the values of `options["drop"]` (field -> values) are left out: they are no examples. The fields
    of `options["lists"]` hold items separated by blanks and become tuples.
    """
    records = [r for r in records if not dropped(r.values, options)]
    for field in options.get("optional", ()):
        lacking = [r for r in records if r.values.get(field) in (None, "")]
        if 0 < len(lacking) < len(records):
            faults.extend(
                f"{r.place}: found no {field}, expected one as on other lines, fill it in or take out all"
                for r in lacking
            )
        for record in lacking:
            record.values[field] = None
    for field, value in options.get("removed", {}).items():
        if len(records) > _TELLING and all(_is_same(r.values.get(field), value) for r in records):
            for record in records:
                record.values[field] = None
    for field in options.get("lists", ()):
        for record in records:
            found = record.values.get(field)
            record.values[field] = tuple(found.split()) if isinstance(found, str) else found
    if not records and not faults:
        faults.append(f"{path}: found no rows, expected data, fetch the file again")
    return [Row(r.values, r.place) for r in records]


def _is_same(value: Json, mark: Json) -> bool:
    """Whether a value is the mark; true is not 1."""
    return isinstance(value, bool) == isinstance(mark, bool) and bool(value == mark)
