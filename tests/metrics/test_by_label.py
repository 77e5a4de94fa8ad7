"""Figures that count by label, held against scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from xtreme_harness.errors import DataError
from xtreme_harness.metrics import METRICS, Metric, column_sums, expected_columns, metric_faults, of_labels
from xtreme_harness.metrics.by_label import label_rows

LABELS = ("no", "yes", "mäßig", "また")


def values(name: str, predictions: Sequence[str], golds: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    metric: Metric[Any, Any] = of_labels(METRICS[name], labels)
    return metric.reduce(column_sums(metric.rows(predictions, golds, "en")))


def drawn(seed: int, labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """Predictions and golds that agree more or less, now and then without one of the labels."""
    rng = np.random.default_rng(seed)
    n, share = int(rng.integers(1, 60)), rng.dirichlet(np.full(len(labels), 0.7))
    golds = rng.choice(labels, n, p=share)
    predictions = np.where(rng.random(n) < rng.random(), golds, rng.choice(labels, n))
    return predictions.tolist(), golds.tolist()


@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_many_labels_agree_with_scikit_learn(size: int) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    for seed in range(60):
        labels = LABELS[:size]
        found, golds = drawn(seed, labels)
        for average in ("macro", "weighted"):
            expected = 100 * oracle.f1_score(golds, found, average=average, zero_division=0)
            assert values(f"{average}_f1", found, golds, labels)[f"{average}_f1"] == pytest.approx(expected, abs=1e-12)
        expected = 100 * oracle.matthews_corrcoef(golds, found)
        assert values("matthews", found, golds, labels)["matthews"] == pytest.approx(expected, abs=1e-12)
        accuracy = 100 * oracle.accuracy_score(golds, found)
        for name in ("macro_f1", "weighted_f1", "matthews"):
            assert values(name, found, golds, labels)["accuracy"] == pytest.approx(accuracy, abs=1e-12)


def test_the_second_of_two_labels_agrees_with_scikit_learn() -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    for seed in range(60):
        found, golds = drawn(seed, LABELS[:2])
        one, both = (values(name, found, golds, LABELS[:2]) for name in ("binary_f1", "f1_accuracy"))
        assert one == both
        kind: dict[str, Any] = {"average": "binary", "pos_label": "yes", "zero_division": 0}
        expected = {n: getattr(oracle, f"{n}_score")(golds, found, **kind) for n in ("f1", "precision", "recall")}
        expected["accuracy"] = oracle.accuracy_score(golds, found)
        assert one == pytest.approx({name: 100 * value for name, value in expected.items()}, abs=1e-12)
    assert METRICS["binary_f1"].main == ("f1",) and METRICS["f1_accuracy"].main == ("f1", "accuracy")


def test_by_hand() -> None:
    golds, found = ["a", "a", "b", "c"], ["a", "b", "b", "b"]
    # a: 2 * 1 / (1 + 2); b: 2 * 1 / (3 + 1); c: 0; d stands nowhere and is no part of the mean
    assert values("macro_f1", found, golds, "abcd")["macro_f1"] == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)
    assert values("weighted_f1", found, golds, "abcd")["weighted_f1"] == pytest.approx(100 * (2 / 3 * 2 + 1 / 2) / 4)
    assert values("matthews", ["a", "b"], ["b", "a"], "ab")["matthews"] == -100.0


@pytest.mark.parametrize("name", ["macro_f1", "weighted_f1", "matthews", "binary_f1"])
def test_the_gold_scores_100_to_the_bit(name: str) -> None:
    golds = ["a", "b", "b", "a", "b"] * 333
    metric = METRICS[name]
    assert values(name, golds, golds, "ab")[metric.main[0]] == 100.0


@pytest.mark.parametrize(("found", "golds"), [(["a", "a"], ["a", "b"]), (["a", "b"], ["a", "a"]), (["a"], ["a"])])
def test_what_is_all_alike_has_no_correlation(found: list[str], golds: list[str]) -> None:
    assert values("matthews", found, golds, "ab")["matthews"] == 0.0


def test_nothing_found_of_the_second_label_is_0() -> None:
    expected = {"f1": 0, "accuracy": 100.0, "precision": 0, "recall": 0}
    assert values("binary_f1", ["a"], ["a"], "ab") == expected


@pytest.mark.parametrize("name", ["macro_f1", "binary_f1"])
def test_a_label_that_the_card_lacks_is_named(name: str) -> None:
    with pytest.raises(DataError, match="label 'B', expected one of a, b"):
        values(name, ["a", "B"], ["a", "b"], "ab")
    with pytest.raises(ValueError, match="longer"):
        values(name, ["a"], ["a", "b"], "ab")


def test_rows_are_one_an_example() -> None:
    assert label_rows([], [], "ab").shape == (0, 6)
    metric = of_labels(METRICS["macro_f1"], ["a b", "c"])
    assert metric.columns == ("correct a b", "correct c", "predicted a b", "predicted c", "gold a b", "gold c")
    assert metric.rows(["c"], ["a b"], "en").tolist() == [[0, 0, 0, 1, 1, 0]]
    assert of_labels(METRICS["accuracy"], "ab") is METRICS["accuracy"]


def test_columns_that_were_read_are_those_of_some_labels() -> None:
    columns = of_labels(METRICS["matthews"], ["x y", "correct x", "z"]).columns
    assert expected_columns(METRICS["matthews"], columns) == columns
    assert expected_columns(METRICS["matthews"], columns[1:]) != columns[1:]
    assert expected_columns(METRICS["matthews"], [*columns, "n"]) != (*columns, "n")
    assert expected_columns(METRICS["matthews"], []) == ("correct ...", "predicted ...", "gold ...")
    assert expected_columns(METRICS["accuracy"], ["x"]) == ("correct", "n")


@pytest.mark.parametrize(
    ("name", "answers", "labels", "faults"),
    [
        ("macro_f1", "labels", ["a", "b"], []), ("macro_f1", "labels", None, []), ("accuracy", "", [], []),
        ("macro_f1", "labels", [], ["metric: macro_f1 counts by label, and the card has no labels"]),
        ("f1_accuracy", "labels", ["a", "b", "c"],
         ["metric: f1_accuracy looks for the second of 2 labels, and the card has 3"]),
        ("spearman", "labels", ["a"], ["metric: spearman compares numbers, and the card's kind answers with labels"]),
        ("macro_f1", "", [], ["metric: macro_f1 compares labels, and the card's kind answers with others"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_card(name: str, answers: str, labels: list[str] | None, faults: list[str]) -> None:
    assert metric_faults(METRICS[name], answers, labels) == faults
