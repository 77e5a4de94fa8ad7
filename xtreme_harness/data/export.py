"""Tables back to files, in the layouts that the readers of `formats` take: what `xharness download` leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xtreme_harness.cards import FileSource, TaskCard
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
    columns: Mapping[str, int] = options["columns"]
    fields = sorted(columns, key=lambda field: columns[field])
    lines = []
    for row in table.rows:
        values = [row.values.get(field) for field in fields]
        lines.append("\t".join(_field(str(value), row.place) for value in values if value is not None))
    return {"rows": _joined(lines)}


def _field(text: str, place: str) -> str:
    if "\t" in text or "\n" in text or "\r" in text:
        raise DataError(f"{place}: a tab or line break inside {text[:40]!r} cannot be written as tsv")
    return '"' + text.replace('"', '""') + '"' if '"' in text else text


def _jsonl(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    columns: Mapping[str, str] = options["columns"]
    lines = [
        json.dumps({path: row.values.get(field) for field, path in columns.items()}, ensure_ascii=False)
        for row in table.rows
    ]
    return {"rows": _joined(lines)}


def _conll(table: Table, options: Mapping[str, Any], place: str) -> Texts:
    sentences = []
    for row in table.rows:
        words, tags = row.values["words"], row.values["tags"]
        sentences.append("".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)))
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
    "jsonl": _jsonl,
    "conll": _conll,
    "squad": _squad,
    "tatoeba": _tatoeba,
    "bucc": _bucc,
}
