from __future__ import annotations

from collections.abc import Sequence

import pytest

from xtreme_harness.metrics import column_sums
from xtreme_harness.metrics.classification import ACCURACY, TAG_ACCURACY


def scored(predictions: Sequence[object], golds: Sequence[object]) -> float:
    return ACCURACY.reduce(column_sums(ACCURACY.rows(predictions, golds, "en")))["accuracy"]


@pytest.mark.parametrize(
    ("predictions", "golds", "expected"),
    [
        pytest.param(["a", "b"], ["a", "b"], 100.0, id="perfect"),
        pytest.param(["a", "b"], ["b", "a"], 0.0, id="wrong"),
        pytest.param(["neutral", "x", "y"], ["neutral", "z", "z"], 1 / 3 * 100, id="one of three"),
        pytest.param(["Neutral"], ["neutral"], 0.0, id="case matters"),
        pytest.param(["07"], ["7"], 0.0, id="zero padding matters"),
        pytest.param(["[7]"], ["7"], 0.0, id="brackets matter"),
        pytest.param([1, 1.0, True], [1, 1, 1], 100.0, id="equal numbers"),
        pytest.param(["1"], [1], 0.0, id="text is no number"),
        pytest.param(["中立", "対立"], ["中立", "中立"], 50.0, id="another script"),
        pytest.param(["", ""], ["", "a"], 50.0, id="empty lines count"),
        pytest.param([], [], 0.0, id="nothing"),
    ],
)
def test_accuracy(predictions: Sequence[object], golds: Sequence[object], expected: float) -> None:
    assert scored(predictions, golds) == expected


def test_rows_are_one_an_example() -> None:
    assert ACCURACY.rows(["a", "b", "c"], ["a", "x", "c"], "en").tolist() == [[1, 1], [0, 1], [1, 1]]
    assert ACCURACY.rows([], [], "en").shape == (0, 2)


def test_percent_is_taken_after_the_division() -> None:
    assert scored([1, 0, 0], [1, 1, 1]) == 1 / 3 * 100 != 100 * 1 / 3


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="longer"):
        ACCURACY.rows(["a"], ["a", "b"], "en")


def test_tags_count_alike_however_long_their_sentences() -> None:
    rows = TAG_ACCURACY.rows([("A", "B", "B"), ("A",)], [("A", "B", "C"), ("B",)], "en")
    assert rows.tolist() == [[2, 3], [0, 1]]
    assert TAG_ACCURACY.reduce(column_sums(rows)) == {"accuracy": 50.0}


def test_sentences_of_unequal_length_are_no_pair() -> None:
    with pytest.raises(ValueError, match="longer"):
        TAG_ACCURACY.rows([("A",)], [("A", "B")], "en")
