"""SQuAD JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.errors import CardError, DataError
from xtreme_harness.records import Row

Answers = list[tuple[str, int]]


def rows(path: Path | list[Path], **options: Any) -> tuple[Row, ...]:
    return FORMATS["squad"]({"rows": [path] if isinstance(path, Path) else path}, options).rows


def squad(*questions: tuple[str, Answers | None], context: str = "ab cd ef") -> dict[str, Any]:
    qas: list[dict[str, Any]] = [{"id": identifier, "question": f"q {identifier}"} for identifier, _ in questions]
    for qa, (_, answers) in zip(qas, questions, strict=True):
        if answers is not None:
            qa["answers"] = [{"text": text, "answer_start": start} for text, start in answers]
    return {"data": [{"paragraphs": [{"context": context, "qas": qas}]}], "version": "1"}


def written(tmp_path: Path, content: Any, name: str = "file.json") -> Path:
    path = tmp_path / name
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def test_questions(tmp_path: Path) -> None:
    path = written(tmp_path, squad(("1", [("cd", 3), ("ab", 0)]), ("2", [])))
    place = f"{path}:data[0].paragraphs[0].qas"
    answers = ({"text": "cd", "start": 3}, {"text": "ab", "start": 0})
    assert rows(path) == (
        Row({"id": "1", "question": "q 1", "context": "ab cd ef", "answers": answers}, f"{place}[0]"),
        Row({"id": "2", "question": "q 2", "context": "ab cd ef", "answers": ()}, f"{place}[1]"),
    )


@pytest.mark.parametrize("removed", [[("", 0)], None])
def test_answers_that_were_removed(tmp_path: Path, removed: Answers | None) -> None:
    blank = written(tmp_path, squad(("1", removed), ("2", removed)), "blank")
    whole = written(tmp_path, squad(("3", [("ab", 0)])), "whole")
    assert [row.values["answers"] is None for row in rows([blank, whole])] == [True, True, False]


def test_offsets_count_characters(tmp_path: Path) -> None:
    path = written(tmp_path, squad(("1", [("zwei", 2)]), context="\U0001f600 zwei"))
    assert rows(path)[0].values["answers"] == ({"text": "zwei", "start": 2},)


def test_ids(tmp_path: Path) -> None:
    path = written(tmp_path, squad(("x-1", [("ab", 0)]), ("y-1", [("ab", 0)]), ("x-1", [("cd", 3)])))
    assert [row.values["id"] for row in rows(path, ids="any")] == ["x-1", "y-1", "x-1"]
    assert [row.values["id"] for row in rows(path, ids="position", id_prefix="x-")] == ["0", "1"]
    assert [row.values["question"] for row in rows(path, id_prefix="y-")] == ["q y-1"]


def paragraph(**values: Any) -> dict[str, Any]:
    return {"data": [{"paragraphs": [values]}]}


QA = {"id": "1", "question": "q", "answers": []}
AT = ":data[0].paragraphs[0]"
BAD = [
    pytest.param([], ": found a JSON list, expected an object with 'data'", id="list"),
    pytest.param({}, ": found nothing under 'data', expected a list", id="no data"),
    pytest.param({"data": [3]}, ":data[0]: found int, expected an object", id="number"),
    pytest.param({"data": []}, ": found no question whose id begins with ''", id="no questions"),
    pytest.param(paragraph(qas=[]), f"{AT}: found nothing under 'context', expected text", id="no context"),
    pytest.param(paragraph(context="x"), f"{AT}: found nothing under 'qas', expected a list", id="no qas"),
    pytest.param(
        paragraph(context="x", qas=[{**QA, "id": 7}]), f"{AT}.qas[0]: found int 7 under 'id', expected text", id="id"
    ),
    pytest.param(
        paragraph(context="x", qas=[{**QA, "answers": [{"text": "x", "answer_start": "0"}]}]),
        f"{AT}.qas[0].answers[0]: found str '0' under 'answer_start', expected an integer",
        id="start",
    ),
    pytest.param(
        squad(("1", [("ef", 7)])),
        f"{AT}.qas[0] (id '1'): answer span outside the context: found 7 to 9, expected 0 to 8",
        id="outside",
    ),
    pytest.param(
        squad(("1", [("ab", -1)])),
        f"{AT}.qas[0] (id '1'): answer span outside the context: found -1 to 1",
        id="negative",
    ),
    pytest.param(
        squad(("1", [("cd", 4)])),
        f"{AT}.qas[0] (id '1'): answer text differs from the context at 4: found 'cd', expected 'd '",
        id="shifted",
    ),
    pytest.param(
        squad(("1", [("ab", 0)]), ("2", [("", 0)])),
        f"{AT}.qas[1] (id '2'): found a blank answer among others",
        id="blank",
    ),
    pytest.param(
        squad(("1", [("ab", 0)]), ("2", None)), f"{AT}.qas[1] (id '2'): found no answers, expected a list", id="none"
    ),
    pytest.param(squad(("1", []), ("1", [])), f"{AT}.qas[1]: found id '1' again (first at ", id="id twice"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_faults(tmp_path: Path, content: Any, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(DataError) as caught:
        rows(path)
    assert str(caught.value).startswith(f"{path}{message}")


def test_truncated_file(tmp_path: Path) -> None:
    path = written(tmp_path, squad(("1", [])))
    path.write_text(path.read_text()[:60])
    with pytest.raises(DataError, match=rf"{path}:6: found broken JSON \(.*\), expected complete JSON, fetch"):
        rows(path)


def test_all_faults_come_together_and_spans_may_be_left_unchecked(tmp_path: Path) -> None:
    path = written(tmp_path, squad(("1", [("cd", 4)]), ("2", [("ab", 0)]), ("3", [("ef", 99)])))
    with pytest.raises(DataError) as caught:
        rows(path)
    assert len(caught.value.faults) == 2
    assert len(rows(path, check_spans=False)) == 3


def test_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"options\.ids: found 'row', expected one of unique, any, position"):
        rows(written(tmp_path, squad(("1", []))), ids="row")


def test_recorded_removal_of_answers(tmp_path: Path, shared: Path) -> None:
    case = json.loads((shared / "spec/micro/preprocess.json").read_text())["qa_label_removal"]
    before, after = (rows(written(tmp_path, case[key], key)) for key in ("input", "output"))
    assert [row.values for row in after] == [{**row.values, "answers": None} for row in before]


@pytest.mark.parametrize(
    ("file", "count", "answered"),
    [
        ("xquad/xquad.zh.json", 1190, True),
        ("mlqa/MLQA_V1/dev/dev-context-de-question-en.json", 512, True),
        ("tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.sw.dev.json", 499, False),
        ("squad/train-v1.1-subset.tokenised.json", 3001, True),
        ("squad/dev_orig.json", 1062, True),
    ],
)
def test_real_files(shared: Path, file: str, count: int, answered: bool) -> None:
    found = rows(shared / "realdata" / file)
    assert (len(found), {bool(row.values["answers"]) for row in found}) == (count, {answered})


def test_real_training_file_whose_ids_repeat(shared: Path) -> None:
    path = shared / "realdata/tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json"
    assert rows(path, ids="position")[-1].values["id"] == "3695"
    with pytest.raises(DataError, match="again"):
        rows(path)
