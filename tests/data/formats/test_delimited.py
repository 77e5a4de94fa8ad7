"""TSV and CSV."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.records import Row

NLI = {"columns": {"premise": 0, "hypothesis": 1, "label": 2}, "optional": ["label"]}


def rows(path: Path, options: dict[str, Any], name: str = "tsv") -> tuple[Row, ...]:
    return FORMATS[name]({"rows": [path]}, options).rows


def written(tmp_path: Path, text: str, name: str = "file.tsv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_rows_know_their_place(tmp_path: Path) -> None:
    path = written(tmp_path, "a\tb\tneutral\nc\td\tentailment\n")
    assert rows(path, NLI)[1] == Row({"premise": "c", "hypothesis": "d", "label": "entailment"}, f"{path}:2")


def test_files_follow_one_another(tmp_path: Path) -> None:
    first, second = written(tmp_path, "a\tb\tx\n", "2.tsv"), written(tmp_path, "c\td\n", "1.tsv")
    found = FORMATS["tsv"]({"rows": [first, second]}, NLI).rows
    assert [(row.values["premise"], row.values["label"]) for row in found] == [("a", "x"), ("c", None)]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param("a\tb\nc\td\n", NLI, id="no column"),
        pytest.param("a\tb\t\nc\td\t\n", NLI, id="blank column"),
        pytest.param(
            "p\th\na\tb\n",
            {"columns": {"premise": "p", "label": "l"}, "optional": ["label"], "header": True},
            id="header",
        ),
    ],
)
def test_labels_may_lack_in_the_whole_file(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    assert {row.values["label"] for row in rows(written(tmp_path, text), options)} == {None}


QUOTES = [
    ('"He said ""hi"" ."', 'He said "hi" .', '"He said ""hi"" ."'),
    ('"a" and "b"', '"a" and "b"', '"a" and "b"'),
    ('say "hi"', 'say "hi"', 'say "hi"'),
    ('"', '"', '"'),
    ('""', "", '""'),
    ('"""', '"""', '"""'),
    ('""""', '"', '""""'),
    ('"NS"', "NS", '"NS"'),
]


@pytest.mark.parametrize(("field", "auto", "none"), QUOTES)
def test_quotes(tmp_path: Path, field: str, auto: str, none: str) -> None:
    path = written(tmp_path, f"{field}\tb\n")
    found = [rows(path, {**NLI, "quoting": quoting})[0].values["premise"] for quoting in ("auto", "none")]
    assert found == [auto, none]


PROOF = [
    pytest.param('"\tc\n', id="a lone mark"),
    pytest.param('He said "stop" and left.\tc\n', id="a mark inside"),
    pytest.param('"a" and "b"\tc\n', id="two that are quoted"),
    pytest.param('"""\tc\n', id="three marks"),
    pytest.param('a\t5" nails\n', id="in the other column"),
    pytest.param('"open\tc\n', id="a mark that nothing closes"),
]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("proof", PROOF)
def test_one_field_that_no_csv_writer_wrote_proves_that_quotes_are_text(
    tmp_path: Path, proof: str, before: bool
) -> None:
    quoted = '"Stop right there."\t"He said ""no""."\n'
    path = written(tmp_path, proof + quoted if before else quoted + proof)
    found = rows(path, NLI)[1 if before else 0].values
    assert (found["premise"], found["hypothesis"]) == ('"Stop right there."', '"He said ""no""."')


def test_a_file_that_a_csv_writer_wrote_is_unquoted(tmp_path: Path) -> None:
    path = written(tmp_path, 'plain\tc\n"Stop right there."\t"He said ""no""."\n""""\t""\n')
    assert [tuple(row.values.values())[:2] for row in rows(path, NLI)] == [
        ("plain", "c"), ("Stop right there.", 'He said "no".'), ('"', ""),
    ]  # fmt: skip


def test_each_file_is_judged_by_itself(tmp_path: Path) -> None:
    one, other = written(tmp_path, '"a"\tb\n', "1.tsv"), written(tmp_path, '"a"\t"\n', "2.tsv")
    found = FORMATS["tsv"]({"rows": [one, other]}, NLI).rows
    assert [row.values["premise"] for row in found] == ["a", '"a"']


def test_the_recorded_case_keeps_its_marks(shared: Path) -> None:
    found = rows(shared / "cases/quoted-sentence/xnli/test-en.tsv", NLI)
    assert [row.values["premise"] for row in found] == ['He said "stop" and left.', '"Stop right there."', '"']


def test_real_sentences_in_quotes_keep_their_marks(shared: Path) -> None:
    found = rows(shared / "realdata/xnli/train-en.mnli-subset.tsv", NLI)
    fields = [value for row in found for value in row.values.values()]
    assert sum(f[:1] == f[-1:] == '"' and '"' not in f[1:-1] for f in fields) == 11


@pytest.mark.parametrize("name", ["\u00b2", "\u0661", "1" * 5000])
def test_a_column_is_a_number_of_plain_digits(tmp_path: Path, name: str) -> None:
    with pytest.raises(CardError, match="of a file without header, expected an index"):
        rows(written(tmp_path, "a\tb\n"), {"columns": {"text": name}})


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"columns": {"text": 0, "label": 1}}, ["text", "a"]),
        ({"columns": {"text": "0", "label": "1"}}, ["text", "a"]),
        ({"columns": {"text": "text", "label": 1}}, ["a"]),
        ({"columns": {"text": 0}, "where": {"label": "x"}}, ["a"]),
        ({"columns": {"text": 0, "label": 1}, "where": {"label": "x"}}, ["a"]),
        ({"columns": {"text": 0, "label": 1}, "header": True}, ["a"]),
    ],
    ids=["positions", "quoted positions", "a name", "a name under where", "a field under where", "said"],
)
def test_csv_has_a_header_where_a_column_is_named(tmp_path: Path, options: dict[str, Any], texts: list[str]) -> None:
    path = written(tmp_path, "text,label\na,x\n", "file.csv")
    assert [row.values["text"] for row in rows(path, options, "csv")] == texts


def test_csv_fields_span_lines_and_keep_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,text,label\r\n1,"a, ""b""\r\nc",0\r\n2,d,1\r\n\r\n', "file.csv")
    found = rows(path, {"columns": {"text": "text", "label": "label"}}, "csv")
    assert [(row.values["text"], row.place) for row in found] == [('a, "b"\nc', f"{path}:2"), ("d", f"{path}:4")]


def test_columns_by_name_index_and_alternatives(tmp_path: Path) -> None:
    path = written(tmp_path, "id\tsentence1\tsentence2\n7\ta\tb\n")
    options = {"header": True, "columns": {"x": ["premise", "sentence1"], "y": 2, "id": "id"}}
    assert rows(path, options)[0].values == {"x": "a", "y": "b", "id": "7"}


ALL_LANGUAGES = "language\tgold\ts1\nde\tneutral\tja\nfr\tneutral\toui\nde\tneutral\tnein\n"


@pytest.mark.parametrize("key", ["language", 0, "0"])
def test_where_keeps_the_rows_of_a_value(tmp_path: Path, key: str | int) -> None:
    options = {"header": True, "columns": {"text": "s1"}, "where": {key: "de"}}
    found = rows(written(tmp_path, ALL_LANGUAGES), options)
    assert [(row.values["text"], row.place[-2:]) for row in found] == [("ja", ":2"), ("nein", ":4")]


def test_where_by_field_without_header(tmp_path: Path) -> None:
    options = {"columns": {"language": 0, "text": 1}, "where": {"language": "fr"}}
    assert [row.values["text"] for row in rows(written(tmp_path, "de\tja\nfr\toui\n"), options)] == ["oui"]


def test_where_needs_no_column_in_a_file_of_one_language(tmp_path: Path) -> None:
    options = {"header": True, "columns": {"text": ["s1", "premise"]}, "where": {"language": "en"}}
    assert len(rows(written(tmp_path, "premise\tlabel\na\tx\nb\ty\n"), options)) == 2


def test_removed_labels(tmp_path: Path) -> None:
    options = {**NLI, "removed": {"label": "0"}}
    short, long = written(tmp_path, "a\tb\t0\n" * 10, "short"), written(tmp_path, "a\tb\t0\n" * 11, "long")
    assert [rows(path, options)[0].values["label"] for path in (short, long)] == ["0", None]


HEADED = {"columns": {"text": "text"}, "header": True}
BAD = [
    pytest.param("tsv", "a\tb\tx\nc\td\n", NLI, ":2: 3 columns expected, 2 found, restore", id="too few"),
    pytest.param("tsv", "a\tb\tx\nc\td\tx\te\n", NLI, ":2: 3 columns expected, 4 found, restore", id="too many"),
    pytest.param("tsv", "a\tb\nc\n", NLI, ":2: 2 columns expected, 1 found", id="too few without labels"),
    pytest.param(
        "tsv",
        "a\tb\tc\td\n" * 3,
        NLI,
        ": 4 columns found in every line, 3 expected, set option width: 4 if those that follow are not to be read",
        id="more columns",
    ),
    pytest.param(
        "tsv",
        "a,b,c\n" * 3,
        NLI,
        ": 1 columns found in every line, 3 expected, correct the positions in columns, or the separator",
        id="another separator",
    ),
    pytest.param("tsv", "a\tb\tx\n\nc\td\tx\n", NLI, ":2: found a blank line, 3 columns expected", id="blank line"),
    pytest.param("tsv", "a\tb\tx\nc\td\t\n", NLI, ":2: found no label, expected one as on other lines", id="no label"),
    pytest.param(
        "tsv",
        "tekst\nx\n",
        HEADED,
        ":1: found columns tekst, expected 'text', correct the header or the card (did",
        id="header",
    ),
    pytest.param("tsv", "text\n", HEADED, ": found no rows, expected data", id="header alone"),
    pytest.param("csv", "text,n\na\n", HEADED, ":2: 2 columns expected, 1 found", id="csv columns"),
    pytest.param(
        "csv", 'text\nx\n"a\nb\n', HEADED, ":3: found broken quotes (unexpected end of data)", id="open quote"
    ),
    pytest.param("csv", 'text\n"a"b\n', HEADED, ":2: found broken quotes (',' expected after '\"')", id="inner quote"),
    pytest.param(
        "tsv",
        ALL_LANGUAGES,
        {"header": True, "columns": {"text": "s1"}, "where": {"language": "sw"}},
        ": found no row of 'sw', only of de, fr, choose one of these",
        id="language",
    ),
]


@pytest.mark.parametrize(("name", "text", "options", "message"), BAD)
def test_faults(tmp_path: Path, name: str, text: str, options: dict[str, Any], message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        rows(path, options, name)
    assert str(caught.value).startswith(f"{path}{message}")


def test_a_column_that_the_header_lacks_is_one_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "text\tlabel\na\tx\nb\tx\n")
    with pytest.raises(DataError) as caught:
        rows(path, {"columns": {"text": "txet", "label": "label"}, "header": True})
    assert [len(caught.value.faults), getattr(caught.value, "rows", None)] == [1, ()]


def test_all_faults_come_together(tmp_path: Path) -> None:
    path = written(tmp_path, "a\tb\tx\nc\td\ne\tf\tx\ng\n")
    with pytest.raises(DataError) as caught:
        rows(path, NLI)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({}, "options.columns: found None, expected a mapping of fields to columns", id="no columns"),
        pytest.param({**NLI, "quoting": "nine"}, "options.quoting: found 'nine', expected one of auto", id="quoting"),
        pytest.param({"columns": {"a": "text"}}, "options: found column 'text' of a file without header", id="name"),
    ],
)
def test_wrong_options(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CardError, match=message):
        rows(written(tmp_path, "a\tb\tc\n"), options)


def test_recorded_conversions(tmp_path: Path, shared: Path) -> None:
    cases = json.loads((shared / "spec/micro/preprocess.json").read_text())
    pawsx, xnli = cases["pawsx_convert"], cases["xnli_convert"]
    source = {"header": True, "quoting": "none", "columns": {"a": "sentence1", "b": "sentence2", "label": "label"}}
    official = {"columns": {"a": 0, "b": 1, "label": 2}, "optional": ["label"]}
    read: dict[str, dict[str, Any]] = {"input": source, "train": official, "test": official}
    found = {
        key: [row.values for row in rows(written(tmp_path, pawsx[key], key), options)] for key, options in read.items()
    }
    assert found["input"] == found["train"]
    assert found["test"] == [{**values, "label": None} for values in found["train"]]
    upstream = {**source, "columns": {"a": 6, "b": 7, "label": 1}, "where": {0: "de"}}
    (values,) = (row.values for row in rows(written(tmp_path, xnli["input_eval"], "eval"), upstream))
    assert values == {"a": 'Er sagt "ja".', "b": "Nein.", "label": "contradictory"}
    (values,) = (row.values for row in rows(written(tmp_path, xnli["dev_de"], "dev"), official))
    assert values == {"a": 'Er sagt "ja".', "b": "Nein.", "label": "contradiction"}


@pytest.mark.parametrize(
    ("file", "count"),
    [("xnli/dev-sw", 2490), ("xnli/test-de", 5010), ("xnli/train-en.mnli-subset", 6000), ("pawsx/test-zh", 2000)],
)
def test_real_pairs(shared: Path, file: str, count: int) -> None:
    found = rows(shared / "realdata" / f"{file}.tsv", NLI)
    assert len(found) == count
    assert set(Counter(row.values["label"] for row in found)) in (
        {"neutral", "contradiction", "entailment"},
        {"0", "1"},
    )


def test_real_tables_with_header(shared: Path) -> None:
    nli = {"header": True, "columns": {"a": "premise", "b": "hypothesis", "label": "label"}}
    assert len(rows(shared / "realdata/americasnli/dev/nah.tsv", nli)) == 585
    cosmos = {"columns": {f: f for f in ("context", "question", "answer3", "label")}}
    found = rows(shared / "realdata/intermediate/cosmosqa/valid.subset.csv", cosmos, "csv")
    assert (len(found), {row.values["label"] for row in found}) == (1000, set("0123"))


def test_items_separated_by_blanks_become_tuples(tmp_path: Path) -> None:
    options = {"columns": {"words": 0, "tags": 1}, "lists": ["words", "tags"], "quoting": "none"}
    (found,) = rows(written(tmp_path, 'He said "\tA B C\n'), options)
    assert found.values == {"words": ("He", "said", '"'), "tags": ("A", "B", "C")}


def test_short_lines_are_faults_unless_the_card_drops_them(tmp_path: Path) -> None:
    path = written(tmp_path, "text_a\ttext_b\tlabel\na\tb\t1\nc\td\ne\tf\t0\n")
    options = {"columns": {"text_a": "text_a", "label": "label"}, "header": True}
    assert [r.values["text_a"] for r in rows(path, {**options, "short_lines": "drop"})] == ["a", "e"]
    with pytest.raises(DataError, match=r"file\.tsv:3: 3 columns expected, 2 found"):
        rows(path, options)
    with pytest.raises(CardError, match=r"options\.short_lines: found 'skip', expected one of refuse, drop"):
        rows(path, {**options, "short_lines": "skip"})


def test_long_lines_are_faults_in_any_case(tmp_path: Path) -> None:
    path = written(tmp_path, "a\tb\tneutral\nc\td\tneutral\tx\n")
    with pytest.raises(DataError, match="3 columns expected, 4 found"):
        rows(path, {**NLI, "short_lines": "drop"})
