"""Correlations, held against scipy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from xtreme_harness.errors import DataError
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.metrics.correlation import average_ranks

METRIC = METRICS["pearson_spearman"]


def values(predictions: Sequence[float], golds: Sequence[float]) -> dict[str, float]:
    return METRIC.reduce(column_sums(METRIC.rows(predictions, golds, "en")))


def drawn(seed: int) -> tuple[list[float], list[float]]:
    """Numbers of any size, with ties, from hardly to wholly related."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 400))
    golds = rng.integers(0, 26, n) / 5
    predictions = golds * rng.normal() + rng.normal(size=n) * rng.choice([0.01, 1, 100]) + rng.choice([0, 1e3, -7])
    return np.round(predictions, int(rng.integers(1, 6))).tolist(), golds.tolist()


def test_both_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    compared = 0
    for seed in range(150):
        found, golds = drawn(seed)
        if len(set(found)) == 1 or len(set(golds)) == 1:
            continue
        compared += 1
        expected = {"pearson": stats.pearsonr(found, golds)[0], "spearman": stats.spearmanr(found, golds)[0]}
        assert values(found, golds) == pytest.approx({n: 100 * v for n, v in expected.items()}, abs=1e-10)
    assert compared > 140


def test_ranks_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for seed in range(50):
        numbers = np.array(drawn(seed)[1])
        assert average_ranks(numbers).tolist() == stats.rankdata(numbers).tolist()


@pytest.mark.parametrize(
    ("found", "golds", "pearson", "spearman"),
    [
        pytest.param([1, 2, 3], [2, 4, 6], 100, 100, id="a line"),
        pytest.param([1, 2, 3], [3, 2, 1], -100, -100, id="backwards"),
        pytest.param([1, 2, 10], [1, 2, 3], 100 * 9 / (2 * 146 / 3) ** 0.5, 100, id="in order"),
        pytest.param([1, 2, 3, 4], [2, 1, 4, 3], 60, 60, id="by hand"),
        pytest.param([1, 1, 1], [1, 2, 3], 0, 0, id="one answer to everything"),
        pytest.param([1, 2], [0.1, 0.1], 0, 0, id="one gold"),
        pytest.param([5], [5], 0, 0, id="one example"),
        pytest.param([], [], 0, 0, id="nothing"),
        pytest.param([1e308, -1e308, 1e308], [5, 0, 4], 100 * 6 / (14 * 24 / 9) ** 0.5, 86.60254037844386, id="huge"),
        pytest.param([1e-300, 2e-300, 3e-300], [1, 2, 3], 100, 100, id="tiny"),
        pytest.param([1, 2.5, True + 2.0], [0, 1, 2], 96.0768922830523, 100, id="whole numbers and others"),
    ],
)
def test_cases(found: list[float], golds: list[float], pearson: float, spearman: float) -> None:
    assert values(found, golds) == pytest.approx({"pearson": pearson, "spearman": spearman}, abs=1e-10)


def test_the_gold_scores_100_to_the_bit() -> None:
    for seed in range(100):
        golds = drawn(seed)[1]
        if len(set(golds)) > 1:
            assert values(golds, golds) == {"pearson": 100.0, "spearman": 100.0}


def test_a_resample_keeps_the_scale_of_the_whole() -> None:
    """Any part of the rows has the correlation of its own numbers: only ranks are those of the whole."""
    found, golds = drawn(7)
    rows, part = METRIC.rows(found, golds, "en"), slice(3, 40)
    expected = values(found[part], golds[part])["pearson"]
    assert METRIC.reduce(column_sums(rows[part]))["pearson"] == pytest.approx(expected, abs=1e-9)
    assert METRIC.reduce(column_sums(np.repeat(rows, 2, axis=0))) == pytest.approx(values(found, golds), abs=1e-9)


def test_the_same_example_again_and_again_has_no_correlation() -> None:
    rows = METRIC.rows([1.1, 2.3, 3.7], [0.1, 0.7, 0.2], "en")
    for i in range(3):
        assert METRIC.reduce(column_sums(np.repeat(rows[i : i + 1], 7, axis=0))) == {"pearson": 0.0, "spearman": 0.0}


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "1", None, True])
def test_what_is_no_number_is_named(wrong: float) -> None:
    with pytest.raises(DataError, match=f"found .?{wrong}.?, expected a number"):
        METRIC.rows([1.0, wrong], [1.0, 2.0], "en")


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="1 predictions and 2 golds"):
        METRIC.rows([1.0], [1.0, 2.0], "en")


def test_what_counts_as_the_headline() -> None:
    assert {name: METRICS[name].main for name in ("pearson", "spearman", "pearson_spearman")} == {
        "pearson": ("pearson",), "spearman": ("spearman",), "pearson_spearman": ("pearson", "spearman"),
    }  # fmt: skip
