"""Label files in SQuAD's form: every fault has its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xtreme_harness.errors import PredictionError
from xtreme_harness.kinds.squad_labels import answer_texts


def file(*questions: Any) -> dict[str, Any]:
    return {"data": [{"paragraphs": [{"context": "c", "qas": list(questions)}]}]}


RIGHT = {"id": "q", "answers": [{"text": "a", "answer_start": 0}, {"text": "b"}]}


def test_answers_by_id_also_without_a_frame() -> None:
    none = {"id": "none", "answers": []}
    for whole in (file(RIGHT, none), file(RIGHT, none)["data"]):
        assert answer_texts(json.dumps(whole), "f") == {"q": ("a", "b"), "none": ()}


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("{", ["f:1: not JSON: Expecting property name enclosed in double quotes; is the file complete?"]),
        ("[" * 5000 + "]" * 5000, ["f: found JSON nested more than 100 deep"]),
        ({}, ["data: found nothing, expected a list"]),
        ("null", ["data: found nothing, expected a list"]),
        ({"data": [3, {"paragraphs": "x"}]}, [
            "data[0]: found 3, expected an object", 'data[1].paragraphs: found "x", expected a list',
        ]),
        (file({"id": 7, "answers": [{"text": 3}]}, {"id": "r", "answers": [[]]}), [
            "data[0].paragraphs[0].qas[0].answers[0].text: found 3, expected text",
            "data[0].paragraphs[0].qas[0].id: found 7, expected text",
            "data[0].paragraphs[0].qas[1].answers[0]: found [], expected an object",
        ]),
        (file(RIGHT, RIGHT, RIGHT), ["f: question id 'q' stands twice; ids of evaluation data must differ"]),
    ],
    ids=["cut off", "deep", "no data", "null", "lists of something else", "numbers", "twice"],
)  # fmt: skip
def test_every_fault_is_told(content: Any, faults: list[str]) -> None:
    with pytest.raises(PredictionError) as error:
        answer_texts(content if isinstance(content, str) else json.dumps(content), "f")
    whole = [fault if fault.startswith("f:") else f"f: not a SQuAD label file: {fault}" for fault in faults]
    assert sorted(error.value.faults) == sorted(whole)


def test_many_faults_are_bounded() -> None:
    with pytest.raises(PredictionError) as error:
        answer_texts(json.dumps(file(*[{"id": i, "answers": []} for i in range(500)])), "f")
    assert len(error.value.faults) == 21
    assert error.value.faults[-1] == "... and 480 more"
