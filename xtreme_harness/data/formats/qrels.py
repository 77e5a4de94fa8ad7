"""Retrieval data in the layouts of TREC, MIRACL and BEIR: queries, a corpus, relevance judgements (qrels)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xtreme_harness.data.formats.checks import files_of
from xtreme_harness.data.formats.decoding import EMPTY, json_lines, open_bytes, stream_lines
from xtreme_harness.data.formats.fields import width_fault
from xtreme_harness.data.formats.judgements import CORPUS, QRELS, QUERIES, Names, Records, Sources, judged_table, named
from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.shown import some
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_qrels"]

_OBJECTS = (".jsonl", ".json", ".ndjson")  # endings of files with an object a line, perhaps followed by .gz


def read_qrels(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read queries as {"id", "text", "judged"}; the pool {"id", "text"}, the corpus, is lazy.

    Files end in .jsonl (an object a line) or are lines of columns separated by tabs; both may be compressed (.gz).
    Several files of a role follow one another.

    Role `queries`: `_id` and `text`, or lines of id and text. Role `corpus`: `_id` or `docid`, `title` (may be absent)
    and `text`, or lines of id and text, or of id, title and text. Role `qrels`: TREC's lines of query, anything,
    document and grade, with blanks or tabs between them, or BEIR's of query, document and grade under a header. Line 1
    is a header where it names the columns. A card that lists `qrels` under `optional` may do without: there is no gold.

    Options:
        queries, corpus, qrels: field -> name of its column, where it is another than the usual. Fields are `id`,
            `text`, `title`; `query`, `document`, `grade`.
        titles: false leaves the titles out.

    What is made of them: `judgements.judged_table`.

    Raises:
        DataError: with all faults of queries and qrels; those of the corpus when the pool is read.
        CardError: a role has no file.
    """
    corpus = files_of(files, "corpus")
    for path in corpus:
        open_bytes(path).close()  # a missing file is found here, not after the queries are encoded
    queries = _QUERIES.of(options).records(files_of(files, "queries"))
    judged = _QRELS.of(options).records(files["qrels"]) if files.get("qrels") else None
    documents = _CORPUS.of(options).records(corpus)
    place = ", ".join(str(path) for path in corpus[:2]) + (" ..." if len(corpus) > 2 else "")
    return judged_table(Sources(queries, documents, judged, place, bool(options.get("titles", True))))


def _has_objects(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(_OBJECTS)


@dataclass(frozen=True, slots=True)
class _Role:
    """How the files of one role are read."""

    name: str
    names: Names
    plain: Mapping[int, Sequence[str]]  # number of columns -> what they are where no header says; "" is not read
    expected: str
    cells: Callable[[str], list[str]]  # of a line
    given: Mapping[str, str] = field(default_factory=dict)  # field -> column, as the card names it

    def of(self, options: Mapping[str, Json]) -> _Role:
        """With the columns that a card names."""
        given = options.get(self.name) or {}
        return replace(self, names=named(self.names, given), given=given)

    def records(self, paths: Sequence[Path]) -> Records:
        """What reads all files, one line in memory."""

        def read(faults: list[str]) -> Iterator[Row]:
            for path in paths:
                yield from self._objects(path, faults) if _has_objects(path) else self._lines(path, faults)

        return read

    def _objects(self, path: Path, faults: list[str]) -> Iterator[Row]:
        for place, obj in json_lines(path, faults):
            yield Row({name: _first(obj, columns) for name, columns in self.names.items()}, place)

    def _lines(self, path: Path, faults: list[str]) -> Iterator[Row]:
        places: Mapping[str, int] = {}
        width = 0
        for number, line in _filled(path, faults):
            cells, place = self.cells(line), f"{path}:{number}"
            if not width:
                header, width = self._header(cells), len(cells)
                places = header or self._unnamed(cells, place, faults)
                if not places:
                    return
                if header:
                    continue
            if len(cells) == width:
                yield Row({name: cells[at] for name, at in places.items()}, place)
            else:
                faults.append(width_fault(place, width, len(cells)))

    def _header(self, cells: Sequence[str]) -> dict[str, int]:
        """Field -> position where line 1 names all columns that are needed; {} where it does not."""
        found = {name: cells.index(c) for name, columns in self.names.items() for c in columns[::-1] if c in cells}
        return found if set(self.names) - {"title"} <= set(found) else {}

    def _unnamed(self, cells: Sequence[str], place: str, faults: list[str]) -> dict[str, int]:
        """Field -> position by the number of columns; {} and a fault where they cannot be told."""
        fields = self.plain.get(len(cells), ())
        if self.given:
            wanted = ", ".join(columns[0] for columns in self.names.values())
            said = f"found columns {some(cells, 6)}, expected a header with {wanted}, correct {self.name} in the card"
            faults.append(f"{place}: {said}{did_you_mean(next(iter(self.given.values())), cells)}")
            return {}
        if not fields:
            faults.append(f"{place}: {len(cells)} columns found, expected {self.expected}, or a header that names them")
        return {name: at for at, name in enumerate(fields) if name}


def _filled(path: Path, faults: list[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines; blank ones are faults, but for those at the end of the file."""
    blanks: list[int] = []
    found = False
    for number, line in stream_lines(path, faults):
        if not line.strip():
            blanks.append(number)
            continue
        faults += [f"{path}:{blank}: found a blank line, expected columns, delete the line" for blank in blanks]
        blanks.clear()
        found = True
        yield number, line
    if not found and not faults:
        faults.append(f"{path}: {EMPTY}")


def _first(obj: Mapping[str, Json], columns: Iterable[str]) -> Json:
    return next((obj[column] for column in columns if column in obj), None)


def _cells(line: str) -> list[str]:
    """Columns between tabs; between blanks where there are none, or where both part TREC's columns."""
    cells = line.split("\t") if "\t" in line else line.split()
    return cells if len(cells) in (3, 4) else line.split()


_QUERIES = _Role("queries", QUERIES, {2: ("id", "text")}, "2 (id, text)", lambda line: line.split("\t"))
_CORPUS = _Role(
    "corpus",
    CORPUS,
    {2: ("id", "text"), 3: ("id", "title", "text")},
    "2 (id, text) or 3 (id, title, text)",
    lambda line: line.split("\t"),
)
_QRELS = _Role(
    "qrels",
    QRELS,
    {4: ("query", "", "document", "grade"), 3: ("query", "document", "grade")},
    "4 as TREC has them (query, 0, document, grade) or 3 (query, document, grade)",
    _cells,
)
