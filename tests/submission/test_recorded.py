"""What the official code was recorded to give: its readers, and its scores of its own mock submission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import second_opinion
from xtreme_harness.errors import PredictionError
from xtreme_harness.kinds.prediction_text import official_lines
from xtreme_harness.kinds.token_classification import read_tags
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.submission.score import CONVENTIONS, Mode, score_folders

CARDS = all_cards()
OVERALL = {"seqeval-0.0.12": 62.17319850507246, "seqeval-1.2": 62.1932649076773}
AVERAGES = {
    "pawsx": {"accuracy": 51.42857142857143},
    "xnli": {"accuracy": 30.666666666666668},
    "panx": {"f1": 57.50793650793652, "precision": 54.729166666666664, "recall": 62.750000000000014},
    "udpos": {"f1": 70.21746048354693, "precision": 71.02232625883823, "recall": 69.54982073976082},
    "bucc2018": {"f1": 55.0, "precision": 55.0, "recall": 55.0},
    "tatoeba": {"accuracy": 53.611111111111114},
    "xquad": {"exact_match": 77.27272727272727, "f1": 79.9586776859504},
    "mlqa": {"exact_match": 57.142857142857146, "f1": 81.76870748299321},
    "tydiqa": {"exact_match": 88.88888888888889, "f1": 97.22222222222223},
}


@pytest.fixture(scope="module")
def mock(shared: Path) -> Path:
    return shared / "realdata/xtreme_mock"


@pytest.fixture(scope="module")
def readers(shared: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((shared / "spec/micro/readers.json").read_text("utf-8"))
    return found


def test_readers(readers: dict[str, dict[str, Any]]) -> None:
    for name, case in readers.items():
        assert official_lines(case["text"]) == case["read_label"], name
        assert [list(tags) for tags in read_tags(case["text"])] == case["read_tag"], name


def test_readers_of_the_second_opinion(readers: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    for name, case in readers.items():
        (tmp_path / "file").write_bytes(case["text"].encode())
        assert second_opinion.read_labels(tmp_path / "file") == case["read_label"], name
        assert second_opinion.read_tags(tmp_path / "file") == case["read_tag"], name


@pytest.mark.parametrize("mode", ["strict", "official", "partial"])
def test_averages(mock: Path, mode: Mode) -> None:
    layout = score_folders(mock / "predictions", mock / "labels", "xtreme", CARDS, mode).layout
    found = {task: {name: layout[task][f"avg_{name}"] for name in values} for task, values in AVERAGES.items()}
    assert found == AVERAGES


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_overall_and_all_else(mock: Path, convention: str) -> None:
    layout = score_folders(mock / "predictions", mock / "labels", "xtreme", CARDS, convention=convention).layout
    assert layout["all_task"] == OVERALL[convention]
    text = json.dumps({key: value for key, value in layout.items() if key != "xharness"}, indent=2)
    assert text == second_opinion.evaluate(mock / "predictions", mock / "labels", "xtreme", convention)


def test_xtreme_r_ends_at_the_first_absent_file(mock: Path) -> None:
    with pytest.raises(PredictionError) as error:
        score_folders(mock / "predictions", mock / "labels", "xtreme-r", CARDS, "official")
    assert error.value.faults[0].endswith("panx/test-qu.tsv: missing, and the official script stops there")
    with pytest.raises(FileNotFoundError, match=r"panx/test-qu\.tsv"):
        second_opinion.evaluate(mock / "predictions", mock / "labels", "xtreme-r")


def test_xtreme_r_of_what_is_there(mock: Path) -> None:
    layout = score_folders(mock / "predictions", mock / "labels", "xtreme-r", CARDS, "partial").layout
    assert layout["mewslix"]["avg_map@20"] == 14.39025156130419
    assert layout["xharness"]["partial"] is True
    assert "all_task" not in layout
