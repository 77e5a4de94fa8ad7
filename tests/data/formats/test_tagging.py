"""Tagged sentences: columns and treebanks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.records import Row

Sentence = list[tuple[str, str]]


def rows(name: str, paths: Path | list[Path], options: dict[str, Any]) -> tuple[Row, ...]:
    return FORMATS[name]({"rows": [paths] if isinstance(paths, Path) else paths}, options).rows


def written(tmp_path: Path, text: str, name: str = "file") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def sentences(found: tuple[Row, ...]) -> list[Sentence]:
    return [list(zip(row.values["words"], row.values["tags"], strict=True)) for row in found]


CONLL = [
    pytest.param("a\tX\nb\tY\n\nc\tZ\n", {}, [[("a", "X"), ("b", "Y")], [("c", "Z")]], id="plain"),
    pytest.param("\n\na\tX\n\n \n\nb\tY\n\n\n", {}, [[("a", "X")], [("b", "Y")]], id="blank lines"),
    pytest.param("a b \tX\n\u00a0\tY\n\tZ\n", {}, [[("a b ", "X"), ("\u00a0", "Y"), ("", "Z")]], id="verbatim"),
    pytest.param(
        "en:a\tX\nen::\tY\nen:x:y\tZ\n", {"prefix": True}, [[("a", "X"), (":", "Y"), ("x:y", "Z")]], id="prefix"
    ),
    pytest.param(
        "a\u00a0b X\nc \t Y \n", {"separator": "whitespace"}, [[("a\u00a0b", "X"), ("c", "Y")]], id="whitespace"
    ),
    pytest.param("1\ta\tL\tX\t_\n", {"token": 1, "tag": 3, "width": 5}, [[("a", "X")]], id="other columns"),
]


@pytest.mark.parametrize(("text", "options", "expected"), CONLL)
def test_columns(tmp_path: Path, text: str, options: dict[str, Any], expected: list[Sentence]) -> None:
    assert sentences(rows("conll", written(tmp_path, text), options)) == expected


def test_words_without_tags(tmp_path: Path) -> None:
    path = written(tmp_path, "\na\nb\n\nc\n")
    assert rows("conll", path, {}) == (
        Row({"words": ("a", "b"), "tags": None}, f"{path}:2"),
        Row({"words": ("c",), "tags": None}, f"{path}:5"),
    )


BAD = [
    pytest.param(
        "1\ta\tX\t_\n2\tb\tY\t_\n",
        {"token": 1, "tag": 2},
        ": 4 columns found in every line, 3 expected, set option width: 4 if those that follow are not to be read",
        id="more columns",
    ),
    pytest.param(
        "1 a X\n2 b Y\n",
        {"token": 1, "tag": 2},
        ": 1 columns found in every line, 3 expected, correct the options separator, token, tag and width",
        id="another separator",
    ),
    pytest.param("a\tX\nb\n", {}, ":2: 2 columns expected, 1 found, restore", id="no tag"),
    pytest.param("a\nb\nc\tX\n", {}, ":3: 1 columns expected, 2 found", id="a tag"),
    pytest.param("a\tX\tY\n", {}, ":1: 2 columns expected, 3 found", id="too many"),
    pytest.param("a\tX\nb\t\n", {}, ":2: found an empty tag, expected one a word", id="empty tag"),
    pytest.param("en:a\tX\nb\tX\n", {"prefix": True}, ":2: found 'b', expected '<language>:<token>'", id="prefix"),
    pytest.param("a X\nb Y\n", {}, ": found a space and no tab in every line, expected tabs, set option", id="blanks"),
]


@pytest.mark.parametrize(("text", "options", "message"), BAD)
def test_faults_of_columns(tmp_path: Path, text: str, options: dict[str, Any], message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        rows("conll", path, options)
    assert str(caught.value).startswith(f"{path}{message}")


def test_wrong_separator(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"options\.separator: found 'blank', expected one of tab, whitespace"):
        rows("conll", written(tmp_path, "a\tX\n"), {"separator": "blank"})


NEWS = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n-DOCSTART- -X- -X- O\nPeter NNP B-NP B-PER\n"
DOCUMENTS = [
    pytest.param(NEWS, {"separator": "whitespace", "tag": 3}, id="CoNLL-03"),
    pytest.param("-DOCSTART-\n\nEU\tB-ORG\nrejects\tO\n\n-DOCSTART-\n\nPeter\tB-PER\n", {}, id="one column"),
    pytest.param("-DOCSTART- (1)\tO\n\nEU\tB-ORG\nrejects\tO\n-DOCSTART-\tO\n\nPeter\tB-PER\n", {}, id="with a name"),
    pytest.param(
        "1\t-DOCSTART-\tO\n1\tEU\tB-ORG\n2\trejects\tO\n\n1\t-DOCSTART-\tO\n1\tPeter\tB-PER\n",
        {"token": 1, "tag": 2},
        id="another column",
    ),
]


@pytest.mark.parametrize(("text", "options"), DOCUMENTS)
def test_lines_that_begin_a_document_can_be_dropped(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    path = written(tmp_path, text)
    found = rows("conll", path, {**options, "documents": "drop"})
    assert sentences(found) == [[("EU", "B-ORG"), ("rejects", "O")], [("Peter", "B-PER")]]
    assert [int(row.place.rpartition(":")[2]) for row in found] == [row.lines[0] for row in found]


def test_lines_that_begin_a_document_stay_unless_the_card_drops_them(tmp_path: Path) -> None:
    path = written(tmp_path, NEWS)
    assert len(rows("conll", path, {"separator": "whitespace", "tag": 3})) == 2
    assert rows("conll", path, {"separator": "whitespace", "tag": 3})[0].values["words"] == ("-DOCSTART-",)
    with pytest.raises(CardError, match=r"options\.documents: found True, expected one of keep, drop"):
        rows("conll", path, {"documents": True})


UNER = (
    "# sent_id = 1\n# text = #1 Bonn\n1\t#1\tO\t-\t-\n# in between\n2\tBonn\tB-LOC\t-\ta\n\t\n"
    "# sent_id = 2\n1\tAda\tB-PER\t-\t-\n"
)
TREEBANK = {"token": 1, "tag": 2, "width": 5}


def test_comment_lines_can_be_dropped(tmp_path: Path) -> None:
    found = rows("conll", written(tmp_path, UNER), {**TREEBANK, "comments": "drop"})
    assert sentences(found) == [[("#1", "O"), ("Bonn", "B-LOC")], [("Ada", "B-PER")]]
    assert [list(row.lines) for row in found] == [[3, 5], [8]]


def test_a_word_that_looks_like_a_comment_stays_unless_the_card_drops_them(tmp_path: Path) -> None:
    path = written(tmp_path, "#tag\tO\nBonn\tB-LOC\n")
    assert sentences(rows("conll", path, {})) == [[("#tag", "O"), ("Bonn", "B-LOC")]]
    with pytest.raises(DataError, match=r"file:1: found a line that begins with #, as do 4 .*option comments: drop"):
        rows("conll", written(tmp_path, UNER), TREEBANK)
    with pytest.raises(CardError, match=r"options\.width: found 2, expected 4 or more, as column 3 is read"):
        rows("conll", path, {"tag": 3, "width": 2})
    with pytest.raises(CardError, match=r"options\.comments: found True, expected one of keep, drop"):
        rows("conll", path, {"comments": True})


def test_words_know_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "\na\tX\nb\tY\n\n\nc\tZ\n")
    assert [list(row.lines) for row in rows("conll", path, {})] == [[2, 3], [6]]
    text = "# x\n" + word("1-2", "zum", "_", "_") + word(1, "zu", "ADP", 3) + word(2, "dem", "DET", 3)
    tree = written(tmp_path, text + word(3, "Tor", "NOUN", 0) + word("3.1", "x", "X", "_") + word(4, "da", "ADV", 3))
    assert [list(row.lines) for row in rows("conllu", tree, {})] == [[3, 5, 7]]


def test_recorded_source_of_panx(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/preprocess.json").read_text())["panx_convert"]
    path = written(tmp_path, case["input"])
    with pytest.raises(DataError) as caught:
        rows("conll", path, {"prefix": True})
    assert caught.value.faults == (f"{path}:8: 2 columns expected, 1 found, restore the line from the original file",)
    source = written(tmp_path, case["input"].replace("badline\n", "\n"), "source")
    official = written(tmp_path, case["train"], "official")
    assert sentences(rows("conll", source, {"prefix": True})) == sentences(rows("conll", official, {}))
    test = rows("conll", written(tmp_path, case["test"], "test"), {})
    assert [row.values["words"] for row in test] == [row.values["words"] for row in rows("conll", official, {})]


@pytest.mark.parametrize(
    ("file", "options", "count"),
    [
        ("panx/train-en.tsv", {}, 10000),
        ("panx/dev-yo.tsv", {}, 100),
        ("udpos_xtreme/dev-ta.tsv", {}, 80),
        ("masakhaner/swa/test.txt", {"separator": "whitespace"}, 604),
    ],
)
def test_real_columns(shared: Path, file: str, options: dict[str, Any], count: int) -> None:
    assert len(rows("conll", shared / "realdata" / file, options)) == count


def word(number: object, form: str, pos: str, head: object = 0, deps: str = "_") -> str:
    return f"{number}\t{form}\t_\t{pos}\tx{pos}\t_\t{head}\tdep\t{deps}\t_\n"


FUSED = [
    pytest.param(
        word("1-2", "zum", "_", "_") + word(1, "zu", "ADP", 3) + word(2, "dem", "DET", 3) + word(3, "Tor", "NOUN", 0),
        "de",
        [("zum", "ADP"), ("Tor", "NOUN")],
        id="equal depth: the first of the ranking",
    ),
    pytest.param(
        word(1, "da", "VERB", 0) + word("2-3", "melo", "_", "_") + word(2, "me", "PRON", 3) + word(3, "lo", "DET", 1),
        "it",
        [("da", "VERB"), ("melo", "DET")],
        id="nearest to the root",
    ),
    pytest.param(
        word("1-2", "al", "_", "_") + word(1, "a", "SCONJ", 3) + word(2, "l", "NOUN", 3) + word(3, "x", "VERB", 0),
        "es",
        [("al", "SCONJ"), ("x", "VERB")],
        id="neither is ranked: the first",
    ),
    pytest.param(
        word("1-2", "al", "_", "_") + word(1, "a", "SCONJ", 3) + word(2, "l", "NOUN", 3) + word(3, "x", "VERB", 0),
        "fr",
        [("al", "NOUN"), ("x", "VERB")],
        id="a ranking of its own",
    ),
    pytest.param(
        word("1-2", "al", "_", "_")
        + word(1, "a", "VERB", 3, "3:dep|4:dep|8.1:dep")
        + word(2, "l", "PUNCT", 3, "3:dep")
        + word(3, "x", "VERB", 0)
        + word(4, "y", "NOUN", 3),
        "de",
        [("al", "PUNCT"), ("x", "VERB"), ("y", "NOUN")],
        id="enhanced edges count",
    ),
    pytest.param(
        word(1, "a", "X", 2, "2:dep")
        + word("2-3", "bc", "_", "_")
        + word(2, "b", "X", 3, "1:dep|3:dep")
        + word(3, "c", "NOUN", 0)
        + word("3.1", "c", "NOUN", "_")
        + word("4-5", "de", "_", "_")
        + word(4, "d", "ADP", 5)
        + word(5, "e", "PRON", 3),
        "de",
        [("a", "X"), ("bc", "NOUN"), ("de", "PRON")],
        id="two of them, a circle and an empty node",
    ),
]


@pytest.mark.parametrize(("text", "language", "expected"), FUSED)
def test_words_are_fused(tmp_path: Path, text: str, language: str, expected: Sentence) -> None:
    path = written(tmp_path, f"# text\n{text}")
    found = rows("conllu", path, {"language": language})
    assert (sentences(found), found[0].place) == ([expected], f"{path}:2")


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("a", ["a"]),
        ("_ b c", ["_", "b", "c"]),
        ("a\u200cb \u00a0c\u00a0 d", ["ab", "c", "d"]),
        ("_ _ c", None),
        ("_ b", None),
        ("_", None),
    ],
)
def test_masked_sentences_are_dropped_and_forms_cleaned(tmp_path: Path, forms: str, expected: list[str] | None) -> None:
    text = "".join(word(i, form, "X") for i, form in enumerate(forms.split(" "), 1))
    found = rows("conllu", written(tmp_path, f"{text}\n{word(1, 'o k', 'X')}\n"), {})
    assert [list(row.values["words"]) for row in found] == [expected, ["ok"]][expected is None :]


def test_fine_tags(tmp_path: Path) -> None:
    path = written(tmp_path, word(1, "a", "DET"))
    assert sentences(rows("conllu", path, {"tag_column": "xpos"})) == [[("a", "xDET")]]


BAD_TREES = [
    pytest.param("1\ta\t_\tX\n", ":1: 10 columns expected, 4 found", id="columns"),
    pytest.param(
        word(1, "a", "X") + word(3, "b", "X"), ":2: found word 3, expected word 2, correct its id", id="order"
    ),
    pytest.param(word("9" * 5000, "a", "X"), ":1: found id '999", id="digits"),
    pytest.param(word("\u00b2", "a", "X"), ":1: found id '\u00b2', expected a word", id="no plain digit"),
    pytest.param(
        word("1-999999999", "a", "_") + word(1, "a", "X"), ":1: found range 1-999999999, expected one up to", id="far"
    ),
    pytest.param(word("1-999999999999", "a", "_") + word(1, "a", "X"), ":1: found id '1-9999", id="farther"),
    pytest.param(
        word("1-2", "b", "_") + word(1, "a", "X", "9" * 5000) + word(2, "a", "X"),
        ":1: word 1: found head '9999",
        id="digits of a head",
    ),
    pytest.param(word("one", "a", "X"), ":1: found id 'one', expected a word, a range as 1-2", id="id"),
    pytest.param(word(1, "", "X"), ":1: found an empty column, expected a word", id="form"),
    pytest.param(
        word(1, "a", "X") + word("1-2", "b", "_"), ":2: found range 1-2, expected one from word 2 on", id="range"
    ),
    pytest.param(word("1-2", "b", "_") + word(1, "a", "X"), ":1: found range 1-2, expected one up to word 1", id="end"),
    pytest.param(
        word("1-2", "b", "_") + word(1, "a", "X", 7) + word(2, "a", "X"),
        ":1: word 1: found head '7', expected",
        id="head",
    ),
    pytest.param(word(1, "_", "X"), ": found masked sentences alone (forms '_'), expected words", id="masked"),
]


@pytest.mark.parametrize(("text", "message"), BAD_TREES)
def test_faults_of_treebanks(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        rows("conllu", path, {})
    assert str(caught.value).startswith(f"{path}{message}")


def test_recorded_conversion_of_treebanks(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/preprocess.json").read_text())["udpos_convert"]
    train = written(tmp_path, case["input_xx_tb"], "xx_tb-ud-test.conllu")
    other = written(tmp_path, case["input_xx_aa_test"], "xx_aa-ud-test.conllu")
    expected = rows("conll", written(tmp_path, case["train"], "train"), {})
    assert sentences(rows("conllu", train, {})) == sentences(expected)
    expected = rows("conll", written(tmp_path, case["test"], "test"), {})
    assert [r.values["words"] for r in rows("conllu", [train, other], {})] == [r.values["words"] for r in expected]


def test_treebank_equals_the_official_conversion(shared: Path) -> None:
    data = shared / "realdata"
    found = rows("conllu", data / "ud/UD_Tamil-TTB/ta_ttb-ud-dev.conllu", {"language": "ta"})
    assert len(found) == 80
    assert sentences(found) == sentences(rows("conll", data / "udpos_xtreme/dev-ta.tsv", {}))


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("English-EWT/en_ewt-ud-train.subset", 3000),
        ("German-PUD/de_pud-ud-test", 1000),
        ("Turkish-IMST/tr_imst-ud-test", 983),
        ("Yoruba-YTB/yo_ytb-ud-test", 100),
    ],
)
def test_real_treebanks(shared: Path, file: str, count: int) -> None:
    assert len(rows("conllu", shared / f"realdata/ud/UD_{file}.conllu", {})) == count


def test_conllu_refuses_a_treebank_of_another_release(tmp_path: Path) -> None:
    row = "1\tword\tword\tNOUN\t_\t_\t0\troot\t_\t_\n\n"
    for name in ("ta_ttb-ud-test.conllu", "ta_mwtt-ud-test.conllu"):
        (tmp_path / name).write_text(row, "utf-8")
    files = {"rows": sorted(tmp_path.iterdir())}
    options = {"language": "ta", "treebanks": {"ta": ["ttb"]}}
    with pytest.raises(DataError, match=r"ta_mwtt-ud-test.conllu: found treebank 'mwtt', expected one of ttb"):
        FORMATS["conllu"](files, options)
    assert len(FORMATS["conllu"](files, {"language": "ta"}).rows) == 2
