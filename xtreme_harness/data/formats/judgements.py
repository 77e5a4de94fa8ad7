"""Queries, judgements and a corpus as one table, wherever their records come from."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.data.formats.checks import refuse
from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["CORPUS", "QRELS", "QUERIES", "Names", "Records", "Sources", "judged_table", "named"]

log = logging.getLogger("xtreme_harness")
Names = Mapping[str, tuple[str, ...]]  # field -> the columns that may hold it, the first that is there counts
Records = Callable[[list[str]], Iterable[Row]]  # reads records anew; what is malformed becomes a fault

QUERIES: Names = {"id": ("_id", "id", "qid", "query_id", "query-id"), "text": ("text", "query", "question")}
CORPUS: Names = {
    "id": ("_id", "docid", "id", "doc_id", "corpus-id"), "title": ("title",), "text": ("text", "contents", "passage"),
}  # fmt: skip
QRELS: Names = {
    "query": ("query-id", "query_id", "qid"),
    "document": ("corpus-id", "corpus_id", "docid", "doc_id"),
    "grade": ("score", "relevance", "rel", "grade"),
}
_GRADE = re.compile(r"[+-]?[0-9]{1,6}(\.0+)?")
_RECENT = 1 << 18  # ids that are held whole before their hashes join the others


def named(fields: Names, given: Json) -> Names:
    """The columns of a role, those that a card names in place of the usual ones."""
    return {name: (given[name],) if name in (given or {}) else columns for name, columns in fields.items()}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the records of the three roles come from."""

    queries: Records  # id, text
    corpus: Records  # id, title (None: there is none), text
    qrels: Records | None  # query, document, grade; None: there are no judgements
    place: str  # of the corpus, for what is said of it as a whole
    titles: bool = True  # are titles read?


def judged_table(sources: Sources) -> Table:
    """Give the queries that have judgements as {"id", "text", "judged"}, and the corpus as a lazy pool {"id", "text"}.

    `judged` is {document id: grade}; a negative grade (trec_eval's mark of spam) is 0. Without judgements every query
    is given, with None. The text of a document is its title, a blank and its text, as MTEB and MIRACL's baselines have
    it. A relevant document that the corpus lacks stays judged: nobody finds it. How many there are is told when the
    corpus was read; where it has none of the relevant ones, that is a fault.

    Raises:
        DataError: with all faults of queries and judgements; those of the corpus when the pool is read.
    """
    faults: list[str] = []
    queries = _queries(sources.queries(faults), faults)
    grades = _grades(sources.qrels(faults), queries, faults) if sources.qrels is not None else None
    rows = [
        Row({**query.values, "judged": None if grades is None else grades[key]}, query.place)
        for key, query in queries.items()
        if grades is None or key in grades
    ]
    refuse(faults, rows)
    relevant = {name for own in (grades or {}).values() for name, grade in own.items() if grade > 0}
    return Table(tuple(rows), _Corpus(sources.corpus, frozenset(relevant), sources.place, sources.titles))


@dataclass(slots=True)
class _Corpus:
    """The documents, read anew by every loop, one in memory."""

    records: Records
    relevant: frozenset[str]  # ids that some query wants
    place: str
    titles: bool
    told: bool = False  # has it been said how many of these are not there?

    def __iter__(self) -> Iterator[Row]:
        """Yield {"id", "text"}; after the first fault only look for others, and raise DataError at the end."""
        faults: list[str] = []
        seen, found = _Seen(), set[str]()
        for record in self.records(faults):
            row = self._document(record, faults)
            if row is None:
                continue
            name = row.values["id"]
            if seen.again(name):
                faults.append(f"{record.place}: found document {shown(name)} again, expected each once, remove one")
            if name in self.relevant:
                found.add(name)
            if not faults:
                yield row
        refuse(faults)
        self._tell(len(self.relevant) - len(found))

    def _document(self, record: Row, faults: list[str]) -> Row | None:
        name, text = _identifier(record, "id", faults), _text(record, "text", faults)
        title = record.values.get("title") if self.titles else None
        if title is not None and not isinstance(title, str):
            faults.append(f"{record.place}: title: found {shown(title)}, expected text")
        if name is None or text is None:
            return None
        return Row({"id": name, "text": f"{title} {text}".strip() if title else text.strip()}, record.place)

    def _tell(self, missing: int) -> None:
        if missing and missing == len(self.relevant):
            raise DataError(f"{self.place}: has none of the {missing} relevant documents; expected the qrels' corpus")
        if not missing or self.told:
            return
        self.told = True
        of = f"{missing} of {len(self.relevant)} relevant documents not in the corpus"
        log.warning("%s: %s; they count, and nobody finds them", self.place, of)


@dataclass(slots=True)
class _Seen:
    """Ids so far, eight bytes each: hashes, of which two are equal by chance once in ten thousand huge corpora."""

    older: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # ascending
    recent: set[int] = field(default_factory=set)

    def again(self, name: str) -> bool:
        """Was this one here before? Now it was."""
        key = hash(name)
        at = int(np.searchsorted(self.older, key)) if len(self.older) else 0
        if key in self.recent or (at < len(self.older) and self.older[at] == key):
            return True
        self.recent.add(key)
        if len(self.recent) >= _RECENT:
            fresh = np.fromiter(self.recent, np.int64, len(self.recent))
            self.older = np.sort(np.concatenate([self.older, fresh]), kind="stable")
            self.recent.clear()
        return False


def _queries(records: Iterable[Row], faults: list[str]) -> dict[str, Row]:
    """Id -> {"id", "text"}."""
    found: dict[str, Row] = {}
    for record in records:
        name, text = _identifier(record, "id", faults), _text(record, "text", faults)
        if text is not None and not text.strip():
            faults.append(f"{record.place}: found a query without text, expected some, fill it in or take it out")
        if name is None or text is None:
            continue
        if name in found:
            first = f"(first at {found[name].place})"
            faults.append(f"{record.place}: found query {shown(name)} again {first}, expected each once, remove one")
        found.setdefault(name, Row({"id": name, "text": text}, record.place))
    return found


def _grades(records: Iterable[Row], queries: Mapping[str, Row], faults: list[str]) -> dict[str, dict[str, int]]:
    """Query -> document -> grade; a judgement that stands twice is one."""
    all_known = not faults  # else a query may be unknown because its line could not be read
    found: dict[str, dict[str, int]] = {}
    for record in records:
        query, document = _identifier(record, "query", faults), _identifier(record, "document", faults)
        grade = _grade(record, faults)
        if query is None or document is None or grade is None:
            continue
        if query not in queries and all_known:
            faults.append(f"{record.place}: found query {shown(query)}, expected one that the queries' file has")
            continue
        known = found.setdefault(query, {}).setdefault(document, grade)
        if known != grade:
            twice = f"found grade {grade} of {shown(document)} for query {shown(query)}, and {known} before"
            faults.append(f"{record.place}: {twice}, expected one, remove the other")
    return found


def _grade(record: Row, faults: list[str]) -> int | None:
    value = record.values.get("grade")
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _GRADE.fullmatch(str(value).strip()):
        return max(0, int(float(value)))
    faults.append(f"{record.place}: found grade {shown(value)}, expected a whole number from 0")
    return None


def _identifier(record: Row, name: str, faults: list[str]) -> str | None:
    value = record.values.get(name)
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text and text == text.strip():
        return text
    found = shown(value) if value is not None else "nothing"
    faults.append(f"{record.place}: {name}: found {found}, expected an id without blanks around it")
    return None


def _text(record: Row, name: str, faults: list[str]) -> str | None:
    value = record.values.get(name)
    if isinstance(value, str):
        return value
    found = shown(value) if value is not None else "nothing"
    faults.append(f"{record.place}: {name}: found {found}, expected text")
    return None
