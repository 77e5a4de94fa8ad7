"""Tables back to files, in the layouts that the readers of `formats` take: what `xharness download` leaves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from itertools import pairwise
from typing import Any

from xtreme_harness.cards import FileSource, TaskCard
from xtreme_harness.data.formats.jsonlines import steps
from xtreme_harness.errors import DataError
from xtreme_harness.records import Table

__all__ = ["exported", "target_source"]

Texts = dict[str, str]  # role -> text of the file


def target_source(card: TaskCard) -> FileSource | None:
    """The layout in which a task is written: the first that can hold its gold."""
    for source in card.file_sources:
        if source.format in _WRITERS and not source.options.get("sorted"):
            return source
    return None


def exported(source: FileSource, table: Table, place: str) -> Texts:
    """Write a table in a source's format, by role.

    Raises:
        DataError: when a text cannot stand in the format (a tab or line break inside a field).
    """
    return _WRITERS[source.format](table, source.options, place)


def _tsv(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    columns: Mapping[str, Any] = options["columns"]
    fields = list(columns) if options.get("header") else sorted(columns, key=lambda field: int(columns[field]))
    plain = options.get("quoting") == "none"
    lines = ["\t".join(str(_first(columns[field])) for field in fields)] if options.get("header") else []
    for row in table.rows:
        cells = [
            _field(_joined_list(row.values[field]), row.place, plain)
            for field in fields
            if row.values.get(field) is not None
        ]
        if not options.get("header"):
            places = [int(columns[field]) for field in fields if row.values.get(field) is not None]
            cells = _placed(dict(zip(places, cells, strict=True)), options.get("width", 0), "")
        lines.append("\t".join(cells))
    return {"rows": _joined(lines)}


def _placed(cells: Mapping[int, str], width: int, filler: str) -> list[str]:
    """Cells at their columns; a file may have others between and behind, of which nothing is known."""
    return [cells.get(at, filler) for at in range(max(width, max(cells, default=-1) + 1))]


def _csv(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    columns: Mapping[str, Any] = options["columns"]
    writer = csv.writer(text := StringIO(newline=""), lineterminator="\n")
    writer.writerow([_first(column) for column in columns.values()])
    writer.writerows([row.values.get(field) for field in columns] for row in table.rows)
    return {"rows": text.getvalue()}


def _first(column: Any) -> Any:
    """The first of the names that a column may have."""
    return column[0] if isinstance(column, list | tuple) else column


def _joined_list(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _field(text: str, place: str, plain: bool = False) -> str:
    if "\t" in text or "\n" in text or "\r" in text:
        raise DataError(f"{place}: a tab or line break inside {text[:40]!r} cannot be written as tsv")
    return '"' + text.replace('"', '""') + '"' if '"' in text and not plain else text


def _jsonl(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    columns = {field: steps(str(_first(path))) for field, path in options["columns"].items()}
    records = []
    for row in table.rows:
        record: dict[str, Any] = {}
        for field, path in columns.items():
            _put(record, path, row.values.get(field))
        records.append(record)
    return {"rows": _joined([json.dumps(record, ensure_ascii=False) for record in records])}


def _put(holder: Any, path: Sequence[str | int], value: Any) -> None:
    """Put a value where `formats.jsonlines.resolve` finds it: "choices[1].text" of an object."""
    for step, following in pairwise([*path, None]):
        inner: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            holder.extend([None] * (step + 1 - len(holder)))
            if holder[step] is None:
                holder[step] = inner
            holder = holder[step]
        else:
            holder = holder.setdefault(step, inner)


def _conll(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    token, tag, width = (int(options.get(name, usual)) for name, usual in (("token", 0), ("tag", 1), ("width", 0)))
    separator = " " if options.get("separator") == "whitespace" else "\t"
    sentences = []
    for row in table.rows:
        pairs = zip(row.values["words"], row.values["tags"], strict=True)
        sentences.append(_joined([separator.join(_placed({token: w, tag: t}, width, "_")) for w, t in pairs]))
    return {"rows": "\n".join(sentences)}


def _squad(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    paragraphs: dict[str, list[dict[str, Any]]] = {}
    for row in table.rows:
        answers = [{"text": a["text"], "answer_start": a["start"]} for a in row.values["answers"] or ()]
        question = {"id": row.values["id"], "question": row.values["question"], "answers": answers}
        paragraphs.setdefault(row.values["context"], []).append(question)
    data = [{"title": "", "paragraphs": [{"context": text, "qas": qas}]} for text, qas in paragraphs.items()]
    return {"rows": json.dumps({"version": "1.1", "data": data}, ensure_ascii=False) + "\n"}


def _tatoeba(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    english = {int(row.values["gold"][0]): row.values["text"] for row in table.rows}
    return {
        "foreign": _joined([row.values["text"] for row in table.pool]),
        "english": _joined([english[i] for i in range(len(english))]),
    }


def _bucc(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    return {
        "foreign": _joined([f"{row.values['id']}\t{row.values['text']}" for row in table.rows]),
        "english": _joined([f"{row.values['id']}\t{row.values['text']}" for row in table.pool]),
        "gold": _joined([f"{row.values['id']}\t{item}" for row in table.rows for item in row.values["gold"] or ()]),
    }


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


_WRITERS: dict[str, Callable[[Table, Mapping[str, Any], str], Texts]] = {
    "tsv": _tsv,
    "csv": _csv,
    "jsonl": _jsonl,
    "conll": _conll,
    "squad": _squad,
    "tatoeba": _tatoeba,
    "bucc": _bucc,
}
