"""JSON lines and JSON lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.formats.jsonlines import resolve, steps
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.records import Row

COPA = {"columns": {"text": "premise", "label": "label"}, "optional": ["label"], "removed": {"label": 0}}


def rows(path: Path, options: dict[str, Any], name: str = "jsonl") -> tuple[Row, ...]:
    return FORMATS[name]({"rows": [path]}, options).rows


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.jsonl"
    path.write_bytes(text.encode())
    return path


def lines(*objects: Any) -> str:
    return "".join(json.dumps(obj) + "\n" for obj in objects)


def test_nested_values(tmp_path: Path) -> None:
    obj = {"question": {"stem": "why", "choices": [{"text": "a"}, {"text": "b"}]}, "tags": [["x"]]}
    columns = {
        "text": "question.stem",
        "second": "question.choices[1].text",
        "tag": "tags[0][0]",
        "all": ["no", "tags"],
    }
    path = written(tmp_path, lines(obj))
    assert rows(path, {"columns": columns}) == (
        Row({"text": "why", "second": "b", "tag": "x", "all": [["x"]]}, f"{path}:1"),
    )


@pytest.mark.parametrize("path", ["a..b", "a[b]", "a[0", "[", ".a]"])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(CardError, match="expected keys and indices such as"):
        steps(path)


@pytest.mark.parametrize("path", ["b", "a[2]", "a.b", "a[0].b", "[0]"])
def test_nothing_there(path: str) -> None:
    assert resolve({"a": [1, 2]}, steps(path)) is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([0] * 11, None, id="removed"),
        pytest.param([0] * 10, 0, id="too few to tell"),
        pytest.param([0] * 11 + [1], 0, id="real"),
        pytest.param([None] * 3, None, id="null"),
        pytest.param([""] * 3, None, id="blank"),
    ],
)
def test_labels_that_are_not_there(tmp_path: Path, labels: list[Any], expected: Any) -> None:
    path = written(tmp_path, lines(*({"premise": "p", "label": label} for label in labels)))
    assert rows(path, COPA)[0].values["label"] == expected


def test_blank_lines_at_the_end_and_characters_beyond_the_plane(tmp_path: Path) -> None:
    path = written(tmp_path, '{"premise": "\\ud83d\\ude00"}\r\n\r\n\n')
    assert [row.values["text"] for row in rows(path, COPA)] == ["\U0001f600"]


GOOD = '{"premise": "p"}\n'
BAD = [
    pytest.param(GOOD + '{"premise": "p', ":2: found broken JSON (Unterminated string", id="truncated"),
    pytest.param(GOOD + '{"premise": "p"', ":2: found broken JSON (Expecting ',' delimiter, column 16)", id="unclosed"),
    pytest.param("[1]\n", ":1: found a JSON list, expected one JSON object a line", id="list"),
    pytest.param("null\n", ":1: found a JSON NoneType, expected one JSON object a line", id="null"),
    pytest.param(GOOD + "\n" + GOOD, ":2: found a blank line, expected a JSON object", id="blank line"),
    pytest.param('{"text": "p"}\n', ":1: text: found keys text, expected a value at 'premise'", id="missing key"),
    pytest.param('{"premise": null}\n', ":1: text: found null, expected a value at 'premise'", id="null value"),
    pytest.param('{"premise": "\\ud83d"}\n', ":1: found half a surrogate pair", id="surrogate"),
    pytest.param(GOOD + '{"premise": "p", "label": 1}\n', ":1: found no label, expected one as on other", id="mix"),
    pytest.param('{"premise": ' + "[" * 100_000, ":1: found JSON nested more than 100 deep", id="deep"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_faults(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        rows(path, COPA)
    assert str(caught.value).startswith(f"{path}{message}")


def test_all_faults_come_together(tmp_path: Path) -> None:
    path = written(tmp_path, '{\n[]\n{"premise": "p"}\n{}\n')
    with pytest.raises(DataError) as caught:
        rows(path, COPA)
    assert [fault.split(": ")[0] for fault in caught.value.faults] == [f"{path}:{n}" for n in (1, 2, 4)]


@pytest.mark.parametrize("records", ["", "data", "data.list"])
def test_a_list_in_a_file(tmp_path: Path, records: str) -> None:
    found: Any = [{"premise": "a"}, {"premise": "b"}]
    for key in reversed(records.split(".") if records else []):
        found = {key: found}
    path = written(tmp_path, json.dumps(found, indent=1))
    assert rows(path, {**COPA, "records": records}, "json")[1] == Row(
        {"text": "b", "label": None}, f"{path}:{records}[1]"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{}", ": found dict at 'the top', expected a list of objects", id="object"),
        pytest.param('[{"premise": "a"}, 3]', ":[1]: found int, expected an object", id="number"),
        pytest.param('[\n{"premise": "a"},\n', ":2: found broken JSON (", id="truncated"),
        pytest.param("[]", ": found no rows, expected data", id="no rows"),
    ],
)
def test_faults_of_lists(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        rows(path, COPA, "json")
    assert str(caught.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("file", "columns", "count"),
    [
        ("xcopa/data/et/test.et.jsonl", {"label": "label", "text": "premise"}, 500),
        ("copa-en/train-en.jsonl", {"label": "label", "text": "premise"}, 400),
        ("siqa/socialIQa_v1.4_dev.jsonl", {"label": "correct", "text": "context"}, 1954),
        ("intermediate/anli/R1/dev.jsonl", {"label": "label", "text": "context"}, 1000),
        ("intermediate/hellaswag/hellaswag_val.subset.jsonl", {"label": "label", "text": "endings[3]"}, 1500),
        (
            "intermediate/commonsenseqa/dev_rand_split.jsonl",
            {"label": "answerKey", "text": "question.choices[4].text"},
            1221,
        ),
    ],
)
def test_real_files(shared: Path, file: str, columns: dict[str, str], count: int) -> None:
    found = rows(shared / "realdata" / file, {"columns": columns, "optional": ["label"], "removed": {"label": 0}})
    assert len(found) == count
    assert all(isinstance(row.values["text"], str) and row.values["label"] is not None for row in found)


def test_removed_labels_of_the_organisers(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/preprocess.json").read_text())["xcopa_label_removal"]
    assert {row.values["label"] for row in rows(written(tmp_path, case["test_output"] * 6), COPA)} == {None}


def test_rows_that_are_no_examples_are_dropped(tmp_path: Path) -> None:
    text = lines({"premise": "a", "label": "-"}, {"premise": "b", "label": "x"}, {"premise": "c", "label": -1})
    options = {"columns": COPA["columns"], "drop": {"label": ["-", -1]}}
    found = rows(written(tmp_path, text), options)
    assert [(r.values["text"], r.place[-2:]) for r in found] == [("b", ":2")]


def test_a_file_of_dropped_rows_alone_has_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found no rows"):
        rows(written(tmp_path, lines({"premise": "a", "label": "-"})), {**COPA, "drop": {"label": ["-"]}})


class TestWhere:
    """One file that holds several splits."""

    COLUMNS = {"columns": {"text": "t"}}
    ROWS = lines({"t": "a", "in": {"split": "train"}}, {"t": "b", "in": {"split": 2}}, {"t": "c"}, {"x": 1, "in": 0})

    @pytest.mark.parametrize(("value", "kept"), [("train", ["a"]), ("2", ["b"]), (2, ["b"])])
    def test_keeps_the_objects_with_the_value(self, tmp_path: Path, value: Any, kept: list[str]) -> None:
        path = written(tmp_path, self.ROWS)
        found = rows(path, {**self.COLUMNS, "where": {"in.split": value}})
        assert [row.values["text"] for row in found] == kept
        assert found[0].place == f"{path}:{'ab'.index(kept[0]) + 1}"

    def test_faults_of_other_objects_are_not_told(self, tmp_path: Path) -> None:
        path = written(tmp_path, lines({"t": None, "s": "train"}, {"t": "b", "s": "dev"}))
        assert [row.values for row in rows(path, {**self.COLUMNS, "where": {"s": "dev"}})] == [{"text": "b"}]

    def test_says_what_there_is_instead(self, tmp_path: Path) -> None:
        path = written(tmp_path, self.ROWS)
        with pytest.raises(DataError) as error:
            rows(path, {**self.COLUMNS, "where": {"in.split": "dev"}})
        assert str(error.value) == (
            f"{path}: found no object with in.split 'dev', only in.split 'train', in.split 2, in.split None, "
            "choose one of these"
        )
