"""Queries, corpora and judgements in the layouts of TREC, MIRACL and BEIR."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.formats import judgements as records
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.records import Table

TOPICS = "q1\twapi\nq2\tlini\nq3\tnani\n"
CORPUS = '{"docid": "7#0", "title": "Ziwa", "text": "maji"}\n{"docid": "7#1", "title": "", "text": " mto "}\n'
TREC = "q1 Q0 7#0 1\nq1\tQ0\t7#1\t0\nq2 Q0 7#1 2\n"


def read(folder: Path, options: dict[str, Any] | None = None, **contents: str | bytes) -> Table:
    """Read files of these contents; a role's name, `__` and the ending of its file: `corpus__jsonl_gz`."""
    files: dict[str, list[Path]] = {}
    for name, content in contents.items():
        role, _, ending = name.partition("__")
        path = folder / f"{role}.{ending.replace('_', '.')}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        files.setdefault(role.rstrip("012"), []).append(path)
    return FORMATS["qrels"](files, options or {})


def miracl(folder: Path, options: dict[str, Any] | None = None, **changed: str | bytes) -> Table:
    whole = {"queries__tsv": TOPICS, "corpus__jsonl": CORPUS, "qrels__tsv": TREC}
    roles = {name.partition("__")[0].rstrip("012") for name in changed}
    return read(folder, options, **{n: c for n, c in whole.items() if n.partition("__")[0] not in roles}, **changed)


def faults(folder: Path, table: Any, *, pool: bool = False) -> list[str]:
    with pytest.raises(DataError) as error:
        found = table()
        if pool:
            list(found.pool)
    return [fault.replace(f"{folder}/", "") for fault in error.value.faults]


def test_miracl(tmp_path: Path) -> None:
    table = miracl(tmp_path)
    assert [row.values for row in table.rows] == [
        {"id": "q1", "text": "wapi", "judged": {"7#0": 1, "7#1": 0}},
        {"id": "q2", "text": "lini", "judged": {"7#1": 2}},
    ]
    assert table.rows[1].place == f"{tmp_path}/queries.tsv:2"
    for _ in range(2):  # it can be read again
        assert [row.values for row in table.pool] == [{"id": "7#0", "text": "Ziwa maji"}, {"id": "7#1", "text": "mto"}]


@pytest.mark.parametrize(
    "contents",
    [
        {
            "queries__jsonl": '{"_id": "q1", "text": "wapi", "metadata": {}}\n{"_id": "q2", "text": "lini"}\n',
            "corpus__jsonl": CORPUS.replace("docid", "_id"),
            "qrels__tsv": "query-id\tcorpus-id\tscore\nq1\t7#0\t1\nq1\t7#1\t0\nq2\t7#1\t2.0\n",
        },
        {
            "queries__tsv": "text\tid\nwapi\tq1\nlini\tq2\n",
            "corpus__tsv": "7#0\tZiwa\tmaji\n7#1\t\tmto\n",
            "qrels__tsv": "q1 7#0 1\r\nq1 7#1 -2\r\nq2 7#1 2\r\n",
        },
        {
            "queries__jsonl_gz": gzip.compress(b'{"query_id": "q1", "query": "wapi"}\n{"id": "q2", "query": "lini"}\n'),
            "corpus0__jsonl_gz": gzip.compress(CORPUS.splitlines()[0].encode()),
            "corpus1__jsonl_gz": gzip.compress(b'{"docid": "7#1", "text": "mto"}\n'),
            "qrels__jsonl": "".join(
                json.dumps({"query-id": q, "corpus-id": d, "score": grade}) + "\n"
                for q, d, grade in (("q1", "7#0", 1), ("q1", "7#1", 0), ("q2", "7#1", 2), ("q2", "7#1", 2))
            ),
        },
    ],
    ids=["beir", "tables", "shards of compressed lines"],
)
def test_other_layouts_say_the_same(tmp_path: Path, contents: dict[str, Any]) -> None:
    expected, found = miracl(tmp_path), read(tmp_path, **contents)
    assert [row.values for row in found.rows] == [row.values for row in expected.rows]
    assert [row.values for row in found.pool] == [row.values for row in expected.pool]


def test_columns_by_the_cards_names_and_titles_left_out(tmp_path: Path) -> None:
    corpus = '{"nr": 7, "kichwa": "Ziwa", "maandishi": "maji"}\n'
    options = {
        "queries": {"id": "nr", "text": "swali"}, "corpus": {"id": "nr", "title": "kichwa", "text": "maandishi"},
        "qrels": {"query": "a", "document": "b", "grade": "c"},
    }  # fmt: skip
    contents: dict[str, Any] = {
        "queries__tsv": "swali\tx\tnr\nwapi\t\tq1\n", "corpus__jsonl": corpus, "qrels__tsv": "b\ta\tc\n7\tq1\t1\n",
    }  # fmt: skip
    for titles, text in ((True, "Ziwa maji"), (False, "maji")):
        table = read(tmp_path, {**options, "titles": titles}, **contents)
        assert table.rows[0].values == {"id": "q1", "text": "wapi", "judged": {"7": 1}}
        assert [row.values for row in table.pool] == [{"id": "7", "text": text}]


def test_without_judgements_every_query_is_there_and_has_no_gold(tmp_path: Path) -> None:
    table = read(tmp_path, queries__tsv=TOPICS, corpus__jsonl=CORPUS)
    assert [row.values["judged"] for row in table.rows] == [None] * 3 and len(list(table.pool)) == 2


@pytest.mark.parametrize(
    ("changed", "options", "expected"),
    [
        ({"queries__tsv": "q1\twapi\nq2\nq1\tlini\n\nq2\t \n"}, {}, [
            "queries.tsv:2: 2 columns expected, 1 found, restore the line from the original file",
            "queries.tsv:3: found query 'q1' again (first at queries.tsv:1), expected each once, remove one",
            "queries.tsv:4: found a blank line, expected columns, delete the line",
            "queries.tsv:5: found a query without text, expected some, fill it in or take it out",
        ]),
        ({"queries__tsv": "wapi\n"}, {}, [
            "queries.tsv:1: 1 columns found, expected 2 (id, text), or a header that names them",
        ]),
        ({"queries__tsv": TOPICS}, {"queries": {"id": "q", "text": "t"}}, [
            "queries.tsv:1: found columns q1, wapi, expected a header with q, t, correct queries in the card "
            "(did you mean 'q1'?)",
        ]),
        ({"queries__jsonl": '{"_id": "q1"}\n{"_id": " q2", "text": "x"}\n{"text": "x"}\n[]\n'}, {}, [
            "queries.jsonl:4: found a JSON list, expected one JSON object a line, check that the file is JSON lines",
            "queries.jsonl:1: text: found nothing, expected text",
            "queries.jsonl:2: id: found ' q2', expected an id without blanks around it",
            "queries.jsonl:3: id: found nothing, expected an id without blanks around it",
        ]),
        ({"qrels__tsv": "q1 0 7#0 1\nq1 0 7#0 2\nq9 0 7#0 1\nq1 0 7#1 x\nq1 0 7#1\n\nq1 0 7#1 1.5\n"}, {}, [
            "qrels.tsv:2: found grade 2 of '7#0' for query 'q1', and 1 before, expected one, remove the other",
            "qrels.tsv:3: found query 'q9', expected one that the queries' file has",
            "qrels.tsv:4: found grade 'x', expected a whole number from 0",
            "qrels.tsv:5: 4 columns expected, 3 found, restore the line from the original file",
            "qrels.tsv:6: found a blank line, expected columns, delete the line",
            "qrels.tsv:7: found grade '1.5', expected a whole number from 0",
        ]),
        ({"qrels__tsv": "q1,7#0,1\n"}, {}, [
            "qrels.tsv:1: 1 columns found, expected 4 as TREC has them (query, 0, document, grade) or 3 "
            "(query, document, grade), or a header that names them",
        ]),
        ({"qrels__tsv": ""}, {}, ["qrels.tsv: found an empty file, expected data, fetch the file again"]),
        ({"qrels__tsv_gz": gzip.compress(TREC.encode())[:-9]}, {}, ["qrels.tsv.gz: found broken gzip data"]),
        ({"qrels__tsv_gz": b"q1 Q0 7#0 1\n"}, {}, ["qrels.tsv.gz: found broken gzip data"]),
        ({"qrels__jsonl": '{"query-id": "q1", "corpus-id": "7#0", "score": true}\n'}, {}, [
            "qrels.jsonl:1: found grade True, expected a whole number from 0",
        ]),
    ],
)  # fmt: skip
def test_faults_of_queries_and_judgements(
    tmp_path: Path, changed: dict[str, Any], options: dict[str, Any], expected: list[str]
) -> None:
    found = faults(tmp_path, lambda: miracl(tmp_path, options, **changed))
    assert len(found) == len(expected)
    assert all(fault.startswith(start) for fault, start in zip(sorted(found), sorted(expected), strict=True)), found


def test_faults_of_the_corpus_are_told_when_it_is_read(tmp_path: Path) -> None:
    lines = [
        '{"docid": "7#0", "text": "maji"}', '{"docid": "7#1", "title": 5, "text": "mto"}', '{"docid": "7#2"}', "{",
        '{"docid": "7#0", "text": "mto"}', "", '{"docid": "7#3", "text": "mto"}',
    ]  # fmt: skip
    found = faults(tmp_path, lambda: miracl(tmp_path, corpus__jsonl="\n".join(lines)), pool=True)
    assert found == [
        "corpus.jsonl:2: title: found 5, expected text",
        "corpus.jsonl:3: text: found nothing, expected text",
        "corpus.jsonl:4: found broken JSON (Expecting property name enclosed in double quotes, column 2), expected "
        "complete JSON, fetch the file again",
        "corpus.jsonl:5: found document '7#0' again, expected each once, remove one",
        "corpus.jsonl:6: found a blank line, expected a JSON object, delete the line",
    ]  # fmt: skip
    (fault,) = faults(tmp_path, lambda: miracl(tmp_path, corpus__tsv="7#0\ta\tb\tc\n"), pool=True)
    assert fault == (
        "corpus.tsv:1: 4 columns found, expected 2 (id, text) or 3 (id, title, text), or a header that names them"
    )


def test_a_document_that_stands_again_much_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_RECENT", 16)
    lines = [f"7#{i}\tmaji\n" for i in range(100)]
    assert len(list(miracl(tmp_path, corpus__tsv="".join(lines)).pool)) == 100
    lines[90:90] = ["7#3\tmto\n", "7#88\tmto\n"]
    found = faults(tmp_path, lambda: miracl(tmp_path, corpus__tsv="".join(lines)), pool=True)
    assert found == [
        f"corpus.tsv:{n}: found document '7#{i}' again, expected each once, remove one" for n, i in ((91, 3), (92, 88))
    ]


def test_what_the_corpus_lacks_is_told_once_and_stays_judged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("xtreme_harness"), "propagate", True)
    table = miracl(tmp_path, corpus__jsonl=CORPUS.splitlines()[0])
    assert [len(list(table.pool)) for _ in range(2)] == [1, 1]
    place = f"{tmp_path}/corpus.jsonl"
    assert caplog.messages == [
        f"{place}: 1 of 2 relevant documents not in the corpus; they count, and nobody finds them"
    ]
    assert table.rows[1].values["judged"] == {"7#1": 2}
    other = miracl(tmp_path, corpus__tsv="x\ty\n")
    for _ in range(2):
        found = faults(tmp_path, lambda: other, pool=True)
        assert found == ["corpus.tsv: has none of the 2 relevant documents; expected the qrels' corpus"]


def test_the_corpus_is_read_as_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_so_far = []
    original = records._Corpus._document

    def counted(self: Any, *given: Any) -> Any:
        read_so_far.append(1)
        return original(self, *given)

    monkeypatch.setattr(records._Corpus, "_document", counted)
    pool: Iterator[Any] = iter(miracl(tmp_path, corpus__tsv="".join(f"7#{i}\tmaji\n" for i in range(5000))).pool)
    assert next(pool).values["id"] == "7#0" and len(read_so_far) == 1


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no readable file"):
        FORMATS["qrels"]({"queries": [tmp_path / "q"], "corpus": [tmp_path / "c"]}, {})
    with pytest.raises(CardError, match="found roles queries, expected 'corpus', name its file in the card"):
        FORMATS["qrels"]({"queries": [tmp_path / "q"]}, {})
