"""What the prediction files of all kinds have in common."""

from __future__ import annotations

import json
import time

import pytest

from tests.fixtures.prediction_faults import faults_of, numbered


@pytest.mark.parametrize("task", ["xnli", "xcopa", "tatoeba"])
def test_a_blank_line_too_many_is_one_fault(task: str) -> None:
    good = {"xnli": "neutral", "xcopa": '{"label": 1}', "tatoeba": "0"}[task]
    golds = {"xnli": "neutral", "xcopa": 1, "tatoeba": ("0",)}[task]
    (fault,) = faults_of(task, f"{good}\n\n{good}\n", numbered(golds, golds))
    assert fault.startswith(":2: blank line, expected ")
    assert len(faults_of(task, f"{good}\n\n{good}\n", numbered(golds))) == 2  # a line too many besides


def test_only_the_first_of_a_sort_are_told() -> None:
    faults = faults_of("xnli", "yes\n" * 15 + "\n" * 12 + "neutral\n")
    assert len(faults) == 22
    assert faults[10] == ": 5 more unknown labels"
    assert faults[21] == ": 2 more blank lines"


def test_lines_of_ids_however_they_are_spelt() -> None:
    text = '{\n "é": 1,\n "\\u00e9\\u00e8": 2,\n "x": "y",\n "z": 3,\n "z": 4}'
    assert faults_of("xquad", text) == [
        ":5: z: the id stands twice, and only the last counts",
        ":2: é: found 1, expected text",
        ":3: éè: found 2, expected text",
        ":5: z: found 4, expected text",
    ]


def test_ids_that_are_many_and_bad_are_counted_and_not_looked_for() -> None:
    text = json.dumps({f"é{i}": 1 for i in range(20_000)})
    started = time.process_time()
    faults = faults_of("xquad", text)
    assert time.process_time() - started < 5
    assert "19990 more" in faults[-1]
    assert sum("é" in fault for fault in faults) == 10


def test_a_line_of_megabytes_is_compared_with_no_label() -> None:
    started = time.process_time()
    assert "expected one of" in faults_of("xnli", "x" * 20_000_000)[0]
    assert time.process_time() - started < 5
