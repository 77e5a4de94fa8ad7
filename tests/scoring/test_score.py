"""Averages and how sure they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness import PredictionError
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.records import Split
from xtreme_harness.scoring.means import headline, left_to_right_mean, task_block
from xtreme_harness.scoring.score import require_same_ids
from xtreme_harness.scoring.spread import Spread, influence, macro_spread

ACCURACY = METRICS["accuracy"]


def rows(right: int, n: int) -> Any:
    return np.array([[float(i < right), 1.0] for i in range(n)])


class TestMeans:
    """Averages in the official order of additions."""

    def test_adds_from_left_to_right(self) -> None:
        values = [0.1] * 10
        total = 0.0
        for value in values:
            total += value
        assert left_to_right_mean(values) == total / 10 == 0.09999999999999999

    @given(st.lists(st.floats(0, 100), min_size=1))
    def test_stays_within_the_values(self, values: list[float]) -> None:
        assert min(values) - 1e-9 <= left_to_right_mean(values) <= max(values) + 1e-9

    def test_headline_is_the_mean_of_the_main_values(self) -> None:
        assert headline(METRICS["squad"], {"exact_match": 10.0, "f1": 20.0}) == 15.0
        assert headline(METRICS["chunk_f1"], {"f1": 30.0, "precision": 1.0, "recall": 2.0}) == 30.0

    def test_task_block_averages_each_value_on_its_own(self) -> None:
        values = {"de": {"f1": 1.0, "precision": 4.0}, "en": {"f1": 3.0, "precision": 8.0}}
        block = task_block(METRICS["pair_f1"], values, ["f1", "precision"])
        assert block == {
            "f1": {"de": 1.0, "en": 3.0}, "precision": {"de": 4.0, "en": 8.0},
            "avg_f1": 2.0, "avg_precision": 6.0, "avg_metric": 2.0,
        }  # fmt: skip


class TestIds:
    """Predictions and examples must be the same."""

    SPLIT = Split("xnli", "de", "test", tuple(SimpleNamespace(id=str(i)) for i in range(3)))

    def test_equal_ids_pass(self) -> None:
        require_same_ids(self.SPLIT, {"2": "a", "0": "b", "1": "c"})

    def test_names_the_first_missing_and_the_first_unknown(self) -> None:
        with pytest.raises(PredictionError) as raised:
            require_same_ids(self.SPLIT, {"0": "a", "x1": "b"})
        assert raised.value.faults == (
            "xnli de test: 2 of 3 examples have no prediction; the first is '1'",
            "xnli de test: 1 predictions for unknown ids; the first is 'x1' (did you mean '1'?)",
        )


class TestSpread:
    """Standard errors."""

    @pytest.mark.parametrize(("right", "n"), [(1, 2), (3, 24), (12, 24), (23, 24), (777, 5010)])
    def test_of_accuracy_is_the_usual_one(self, right: int, n: int) -> None:
        found = macro_spread(ACCURACY, {"de": rows(right, n)}, None)
        p = right / n
        assert found.value == pytest.approx(100 * p)
        assert found.error == pytest.approx(100 * (p * (1 - p) / (n - 1)) ** 0.5, rel=1e-6)

    @pytest.mark.parametrize("right", [0, 10])
    def test_is_0_where_all_or_nothing_is_right(self, right: int) -> None:
        assert macro_spread(ACCURACY, {"de": rows(right, 10)}, None).error == pytest.approx(0, abs=1e-9)

    def test_influences_add_up_to_nothing(self) -> None:
        rng = np.random.default_rng(0)
        found = np.column_stack([rng.integers(0, 5, 50), rng.integers(5, 9, 50), rng.integers(5, 9, 50)]).astype(float)
        assert influence(METRICS["pair_f1"], found, ["f1"]).sum() == pytest.approx(0, abs=1e-9)

    def test_independent_languages_add_their_variances(self) -> None:
        one = macro_spread(ACCURACY, {"de": rows(10, 30)}, None).error
        two = macro_spread(ACCURACY, {"de": rows(10, 30), "fr": rows(10, 30)}, None).error
        assert two == pytest.approx(one / 2**0.5)

    def test_parallel_items_that_move_together_gain_nothing(self) -> None:
        ids = [str(i) for i in range(30)]
        one = macro_spread(ACCURACY, {"de": rows(10, 30)}, {"de": ids}).error
        same = macro_spread(ACCURACY, {"de": rows(10, 30), "fr": rows(10, 30)}, {"de": ids, "fr": ids}).error
        assert same == pytest.approx(one)

    def test_parallel_items_that_move_against_each_other_cancel(self) -> None:
        ids = [str(i) for i in range(30)]
        both = {"de": rows(15, 30), "fr": rows(15, 30)[::-1]}
        assert macro_spread(ACCURACY, both, {"de": ids, "fr": ids}).error == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize("parallel", [True, False])
    def test_agrees_with_a_bootstrap_over_items(self, parallel: bool) -> None:
        rng = np.random.default_rng(1)
        n, times = 200, 3000
        hard = rng.random(n)  # how hard an item is, in all languages
        right = {code: (rng.random(n) < hard).astype(float) for code in ("de", "fr", "sw")}
        statistics = {code: np.column_stack([r, np.ones(n)]) for code, r in right.items()}
        ids = [str(i) for i in range(n)]
        found = macro_spread(ACCURACY, statistics, dict.fromkeys(right, ids) if parallel else None)
        means = []
        for _ in range(times):
            drawn = rng.integers(0, n, n)
            takes = [drawn if parallel else rng.integers(0, n, n) for _ in right]
            means.append(np.mean([r[take].mean() for r, take in zip(right.values(), takes, strict=True)]) * 100)
        assert found.error == pytest.approx(np.std(means), rel=0.06)

    def test_of_f1_agrees_with_a_bootstrap(self) -> None:
        rng = np.random.default_rng(2)
        n = 300
        gold, predicted = rng.integers(1, 6, n), rng.integers(1, 6, n)
        correct = rng.binomial(np.minimum(gold, predicted), 0.6)
        statistics = np.column_stack([correct, predicted, gold]).astype(float)
        metric = METRICS["pair_f1"]
        draws = [metric.reduce(column_sums(statistics[rng.integers(0, n, n)]))["f1"] for _ in range(2000)]
        assert macro_spread(metric, {"de": statistics}, None).error == pytest.approx(np.std(draws), rel=0.06)

    def test_interval_is_cut_to_what_is_possible(self) -> None:
        assert Spread(50, 10).interval == pytest.approx((30.4, 69.6))
        assert Spread(1, 10).interval == pytest.approx((0, 20.6))
        assert Spread(99, 10).interval == pytest.approx((79.4, 100))

    @pytest.mark.parametrize("name", METRICS)
    def test_statistics_that_are_all_0_have_no_spread(self, name: str) -> None:
        metric = METRICS[name]
        nothing = np.zeros((3, len(metric.columns)))
        assert macro_spread(metric, {"de": nothing}, None).error == 0

    @pytest.mark.parametrize("counts", [(0, 3, 0), (0, 0, 3), (0, 2, 2)])
    def test_of_f1_where_nothing_is_right(self, counts: tuple[int, int, int]) -> None:
        found = macro_spread(METRICS["pair_f1"], {"de": np.array([counts, (0, 0, 0)], dtype=float)}, None)
        assert found == Spread(0.0, 0.0)

    def test_one_example_has_no_spread(self) -> None:
        assert macro_spread(ACCURACY, {"de": rows(1, 1)}, None) == Spread(100.0, 0.0)
