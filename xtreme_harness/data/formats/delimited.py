"""Tables with one separator: TSV (XNLI, PAWS-X, AmericasNLI ...) and CSV (Cosmos QA)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from xtreme_harness.data.formats.checks import choice, files_of, index, refuse
from xtreme_harness.data.formats.decoding import read_lines
from xtreme_harness.data.formats.fields import Record, columns_of, expected_width, other_width, settle, width_fault
from xtreme_harness.errors import CardError, DataError, did_you_mean
from xtreme_harness.files.shown import shown, some
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_csv", "read_tsv", "unquoted"]

_Line = tuple[int, list[str]]  # line number from 1, its columns
_QUOTING = ("auto", "none", "csv")


def read_tsv(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read rows of separated columns; several files follow one another.

    Options:
        columns: field -> index from 0 or header name, or a list of alternatives.
        header: whether line 1 names the columns (default false). Without one, a file has exactly the columns up to the
            last wanted one, or `width` of them.
        optional: fields that a whole file may lack; they are None.
        quoting: `auto` (fields are `unquoted` where a csv writer can have written the whole file), `none` (the text as
            it stands) or `csv` (a field may span lines).
        where: field, header name or index -> the value of the rows to keep. A file with a header that lacks the column
            is kept whole: one language a file needs no such column.
        removed: field -> the value that stands for labels which were taken out (see `fields.settle`).
        drop: field -> values of rows that are no examples. lists: fields whose items are separated by blanks.
        short_lines: `drop` leaves out lines with too few columns, of which QQP's file has some; else they are faults.
        separator: one character, default a tab.

    Raises:
        DataError: with all faults of a file.
        CardError: an option is wrong.
    """
    return _table(files, {"separator": "\t", "quoting": "auto", "header": False, **options})


def read_csv(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read comma-separated rows, quoted as `csv` says; options as of `read_tsv`.

    Where `header` is not said, line 1 names the columns unless the card has positions alone.
    """
    return _table(files, {"separator": ",", "quoting": "csv", "header": _is_named(options), **options})


def _is_named(options: Mapping[str, Json]) -> bool:
    """Whether a card calls a column by its name."""
    columns = columns_of(options)
    names = [*(name for names in columns.values() for name in names), *options.get("where", {}).keys() - columns.keys()]
    return any(index(name) is None for name in names if not isinstance(name, int))


def unquoted(field: str) -> str:
    r"""Return a field without its quotes if it is wholly wrapped in them and those inside are doubled.

    Copies in circulation differ: some were written with quotes, others hold quotes as text.

    >>> unquoted('"He said ""hi"" ."'), unquoted('"a" and "b"'), unquoted('say "hi"')
    ('He said "hi" .', '"a" and "b"', 'say "hi"')
    """
    return field[1:-1].replace('""', '"') if _is_wrapped(field) else field


def _table(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    rows: list[Row] = []
    for path in files_of(files, "rows"):
        faults: list[str] = []
        lines = _columns(path, options, faults)
        records = _records(path, lines, options, faults)
        found = settle(records, path, options, faults)
        rows += found
        refuse(faults, rows)
    return Table(tuple(rows))


def _columns(path: Path, options: Mapping[str, Json], faults: list[str]) -> list[_Line]:
    """Split the lines of a file; blank lines at its end carry nothing and are dropped."""
    separator, quoting = str(options["separator"]), choice(options, "quoting", _QUOTING, "auto")
    if quoting == "csv" and len(separator) != 1:
        raise CardError(f"options.separator: found {shown(separator)}, expected one character, as quoting is csv")
    lines = read_lines(path)
    while not lines[-1]:
        lines.pop()
    if quoting == "csv":
        return list(_csv_lines(path, lines, separator, faults))
    split = [line.split(separator) for line in lines]
    if quoting == "auto" and _is_quoted(split):
        split = [[unquoted(f) for f in s] if '"' in line else s for line, s in zip(lines, split, strict=True)]
    return list(enumerate(split, 1))


def _is_quoted(lines: Iterable[Sequence[str]]) -> bool:
    """Whether a csv writer can have written a file: it wraps every field that holds a quote, and doubles those inside.

    One field that it would have written otherwise proves that the quotes of all others are text.
    """
    return all(_is_wrapped(field) for columns in lines for field in columns if '"' in field)


def _is_wrapped(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', "")


def _csv_lines(path: Path, lines: Sequence[str], separator: str, faults: list[str]) -> Iterator[_Line]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    while True:
        first = reader.line_num + 1
        try:
            yield first, next(reader) or [""]
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(
                f"{path}:{first}: found broken quotes ({error}), expected csv quoting, close the quotes that this line "
                "opens and double those inside"
            )


def _records(path: Path, lines: list[_Line], options: Mapping[str, Json], faults: list[str]) -> list[Record]:
    """Keep the wanted columns of the wanted rows."""
    header = lines[0][1] if options["header"] and lines else None
    body = lines[1:] if header is not None else lines
    sound = len(faults)
    places = _places(path, header, options, faults)
    if len(faults) > sound:
        return []  # what every row lacks for it is no fault of theirs
    width = _width(header, body, places, options)
    where = _where(header, places, options)
    short = choice(options, "short_lines", ("refuse", "drop"), "refuse")
    if header is None and short == "refuse":
        found = [len(columns) for _, columns in body]
        if other := other_width(path, found, width, "correct the positions in columns, or the separator"):
            faults.append(other)
            return []
    records, others = [], set()
    for number, columns in body:
        place = f"{path}:{number}"
        if len(columns) < width and short == "drop":
            continue
        if len(columns) != width:
            blank = columns == [""]
            faults.append(
                f"{place}: found a blank line, {width} columns expected, delete the line"
                if blank
                else width_fault(place, width, len(columns))
            )
        elif all(columns[at] == value for at, value in where):
            values = {f: columns[at] if at is not None and at < width else None for f, at in places.items()}
            records.append(Record(values, place))
        else:
            others.add(", ".join(columns[at] for at, _ in where))
    if others and not records and not faults:
        wanted = ", ".join(value for _, value in where)
        raise DataError(f"{path}: found no row of '{wanted}', only of {some(sorted(others), 20)}, choose one of these")
    return records


def _places(
    path: Path, header: Sequence[str] | None, options: Mapping[str, Json], faults: list[str]
) -> dict[str, int | None]:
    """Return field -> index of its column, None where the header lacks an optional one."""
    places: dict[str, int | None] = {}
    for field, names in columns_of(options).items():
        found = [at for name in names if (at := _index(name, header)) is not None]
        places[field] = found[0] if found else None
        if not found and field not in options.get("optional", ()):
            wanted = " or ".join(f"'{name}'" for name in names)
            near = did_you_mean(str(names[0]), header or ())
            faults.append(
                f"{path}:1: found columns {some(header or ())}, expected {wanted}, correct the header or the card{near}"
            )
    return places


def _index(name: int | str, header: Sequence[str] | None) -> int | None:
    """Return the index that a column has; None where a header lacks it, CardError where there is no header to ask."""
    if header is not None and name in header:
        return header.index(str(name))
    at = name if isinstance(name, int) else index(name)
    if at is not None:
        return at if header is None or at < len(header) else None
    if header is None:
        raise CardError(f"options: found column '{name}' of a file without header, expected an index, or header: true")
    return None


def _width(
    header: Sequence[str] | None,
    body: Sequence[_Line],
    places: Mapping[str, int | None],
    options: Mapping[str, Json],
) -> int:
    """Return how many columns every line has to have."""
    if header is not None or "width" in options:
        return len(header) if header is not None else int(options["width"])
    optional = set(options.get("optional", ()))
    where = [at + 1 for at, _ in _where(None, places, options)]
    needed = max([at + 1 for f, at in places.items() if at is not None and f not in optional] + where, default=1)
    allowed = {needed} | {at + 1 for f, at in places.items() if at is not None and f in optional and at >= needed}
    return expected_width((len(columns) for _, columns in body), allowed)


def _where(
    header: Sequence[str] | None, places: Mapping[str, int | None], options: Mapping[str, Json]
) -> list[tuple[int, str]]:
    keys = options.get("where", {})
    found = [(places[k] if k in places else _index(k, header), str(value)) for k, value in keys.items()]
    return [(at, value) for at, value in found if at is not None]
