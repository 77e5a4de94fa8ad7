"""JSON lines (XCOPA, Social IQa, ANLI ...) and JSON files that hold a list of objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from xtreme_harness.data.formats.checks import files_of, refuse
from xtreme_harness.data.formats.decoding import json_lines, read_json_file
from xtreme_harness.data.formats.fields import Record, columns_of, settle
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.files.shown import shown, some
from xtreme_harness.records import Json, Row, Table

__all__ = ["is_path", "read_json", "read_jsonl", "resolve", "steps"]

_STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[([0-9]{1,9})\]")


def read_jsonl(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read one object a line; several files follow one another.

    Options: `columns` (field -> path such as `question.choices[0].text`, or a list of alternatives), `where` (path ->
    the value of the objects to keep, of a file that holds several splits or languages), `optional`, `removed`, `drop`
    and `lists` as of `fields.settle`.

    Raises:
        DataError: with all faults of a file.
        CardError: an option is wrong.
    """
    rows: list[Row] = []
    for path in files_of(files, "rows"):
        faults: list[str] = []
        rows += _rows(path, json_lines(path, faults), options, faults)
        refuse(faults, rows)
    return Table(tuple(rows))


def read_json(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read a JSON file that holds a list of objects, at the path of option `records` or at the top.

    Other options as of `read_jsonl`. Places are `<file>:[3]`, the position in the list.
    """
    rows: list[Row] = []
    for path in files_of(files, "rows"):
        value, at = read_json_file(path), str(options.get("records", ""))
        found = resolve(value, steps(at))
        if not isinstance(found, list):
            raise DataError(
                f"{path}: found {type(found).__name__} at '{at or 'the top'}', expected a list of objects, "
                "check the file and option records"
            )
        faults = [
            f"{path}:{at}[{i}]: found {type(o).__name__}, expected an object, restore it from the original file"
            for i, o in enumerate(found)
            if not isinstance(o, dict)
        ]
        objects = [(f"{path}:{at}[{i}]", o) for i, o in enumerate(found) if isinstance(o, dict)]
        rows += _rows(path, objects, options, faults)
        refuse(faults, rows)
    return Table(tuple(rows))


def steps(path: str) -> tuple[str | int, ...]:
    """Return the keys and indices of a dotted path; CardError where it is none.

    >>> steps("question.choices[0].text")
    ('question', 'choices', 0, 'text')
    """
    found = list(_STEP.finditer(path))
    if not is_path(path):
        raise CardError(f"options.columns: found path {shown(path)}, expected keys and indices such as 'a.b[0].c'")
    return tuple(int(m.group(2)) if m.group(2) else m.group(1) for m in found)


def is_path(path: str) -> bool:
    """Whether a text is keys and indices."""
    return "".join(m.group(0) for m in _STEP.finditer(path)) == path


def resolve(value: Json, path: Sequence[str | int]) -> Json:
    """Return what lies at the path; None where nothing does."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _rows(
    path: Path, objects: Iterable[tuple[str, dict[str, Json]]], options: Mapping[str, Json], faults: list[str]
) -> list[Row]:
    columns = {field: tuple(steps(str(c)) for c in paths) for field, paths in columns_of(options).items()}
    optional = set(options.get("optional", ()))
    wanted = {field: " or ".join(f"'{c}'" for c in paths) for field, paths in columns_of(options).items()}
    records, broken = [], set()
    for place, obj in _kept(path, objects, options):
        values: dict[str, Json] = {}
        for field, paths in columns.items():
            values[field] = next((v for p in paths if (v := resolve(obj, p)) is not None), None)
            if values[field] is None and field not in optional:
                found = "null" if any(_is_null(obj, p) for p in paths) else f"keys {some(obj, 20)}"
                faults.append(f"{place}: {field}: found {found}, expected a value at {wanted[field]}, fill it in")
                broken.add(place)
        records.append(Record(values, place))
    return [row for row in settle(records, path, options, faults) if row.place not in broken]


def _kept(
    path: Path, objects: Iterable[tuple[str, dict[str, Json]]], options: Mapping[str, Json]
) -> Iterator[tuple[str, dict[str, Json]]]:
    """The objects that option `where` keeps; DataError where it keeps none of them."""
    wanted = [(key, steps(str(key)), str(value)) for key, value in options.get("where", {}).items()]
    others, kept = set(), not wanted
    for place, obj in objects:
        found = [resolve(obj, at) for _, at, _ in wanted]
        if all(value is not None and str(value) == want for value, (_, _, want) in zip(found, wanted, strict=True)):
            kept = True
            yield place, obj
        else:
            others.add(", ".join(f"{key} {shown(value)}" for value, (key, _, _) in zip(found, wanted, strict=True)))
    if others and not kept:
        asked = ", ".join(f"{key} {shown(want)}" for key, _, want in wanted)
        raise DataError(f"{path}: found no object with {asked}, only {some(sorted(others), 20)}, choose one of these")


def _is_null(obj: Json, path: Sequence[str | int]) -> bool:
    """Whether the last step of a path is there, and holds null."""
    holder = resolve(obj, path[:-1])
    return isinstance(holder, dict) and path[-1] in holder
