"""Resampling: right on average, exact where it can be, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows
from xtreme_harness.comparison.resample import bootstrap, headlines, randomise, stratum
from xtreme_harness.metrics import METRICS

ACCURACY, F1 = METRICS["accuracy"], METRICS["entity_f1"]


def naive_bootstrap(metric, rows, n, seed):
    """The textbook: draw rows, add them up, reduce."""
    rng = np.random.default_rng(seed)
    drawn = [rows[rng.integers(len(rows), size=len(rows))].sum(axis=0) for _ in range(n)]
    return np.array([np.mean([metric.reduce(sums)[name] for name in metric.main]) for sums in drawn])


def spans(rng, n):
    """Rows of a tagging metric with many distinct patterns."""
    gold = rng.integers(1, 9, n)
    correct = rng.binomial(gold, 0.7)
    return np.column_stack([correct, correct + rng.poisson(1, n), gold, gold, gold]).astype(float)


@pytest.mark.parametrize("kind", ["few patterns", "many patterns"])
def test_bootstrap_has_the_distribution_of_the_textbook(kind: str) -> None:
    rng = np.random.default_rng(1)
    metric, rows = (ACCURACY, accuracy_rows(rng.random(400) < 0.8)) if kind == "few patterns" else (F1, spans(rng, 400))
    ours = bootstrap(stratum("x", [(metric, rows, None)], len(rows)), 4000, 0)[0]
    theirs = naive_bootstrap(metric, rows, 4000, 2)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.15)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.05)
    assert np.quantile(ours, [0.025, 0.975]) == pytest.approx(np.quantile(theirs, [0.025, 0.975]), abs=0.5)


def test_readings_see_the_same_resamples() -> None:
    rng = np.random.default_rng(3)
    rows = spans(rng, 300)
    found = bootstrap(stratum("x", [(F1, rows, None), (F1, rows, None)], 300), 200, 0)
    assert np.array_equal(found[0], found[1])
    assert found[0].std() > 0.5


def test_items_of_a_parallel_task_move_together() -> None:
    """Two languages with equal answers vary as one: the mean of the two is no surer than one of them."""
    rows = accuracy_rows(np.random.default_rng(4).random(500) < 0.6)
    places = np.arange(500)
    joint = bootstrap(stratum("x", [(ACCURACY, rows, places), (ACCURACY, rows[::-1], places[::-1])], 500), 2000, 0)
    assert np.array_equal(joint[0], joint[1])
    alone = [bootstrap(stratum(name, [(ACCURACY, rows, None)], 500), 2000, 0)[0] for name in "ab"]
    assert joint.mean(axis=0).std() == pytest.approx(np.mean(alone, axis=0).std() * 2**0.5, rel=0.1)


def test_an_item_that_a_language_lacks_counts_nothing_there() -> None:
    right = np.array([1, 1, 0, 1])
    found = bootstrap(
        stratum("x", [(ACCURACY, accuracy_rows(right), np.arange(4)), (ACCURACY, accuracy_rows(right[[0, 1]]),
                                                                      np.array([0, 1]))], 4), 500, 0,
    )  # fmt: skip
    assert set(found[1]) <= {100.0, 0.0}  # 0 only where neither item was drawn
    assert (found[1] == 0).mean() == pytest.approx((2 / 4) ** 4, abs=0.04)


def test_blocks_do_not_change_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    one = stratum("x", [(F1, spans(np.random.default_rng(5), 200), None)], 200)
    whole = bootstrap(one, 100, 7), randomise(stratum("x", [(F1, spans(np.random.default_rng(5), 200), None),
                                                            (F1, spans(np.random.default_rng(6), 200), None)], 200),
                                              [(0, 1)], 100, 7)  # fmt: skip
    monkeypatch.setattr("xtreme_harness.comparison.resample._BLOCK", 1000)
    assert np.array_equal(bootstrap(one, 100, 7), whole[0])
    two = stratum("x", [(F1, spans(np.random.default_rng(5), 200), None), (F1, spans(np.random.default_rng(6), 200),
                                                                          None)], 200)  # fmt: skip
    assert np.array_equal(randomise(two, [(0, 1)], 100, 7), whole[1])


def test_the_seed_and_the_name_decide() -> None:
    rows = spans(np.random.default_rng(8), 100)

    def drawn(name: str, seed: int):
        return bootstrap(stratum(name, [(F1, rows, None)], 100), 50, seed)

    assert np.array_equal(drawn("x", 1), drawn("x", 1))
    assert not np.array_equal(drawn("x", 1), drawn("x", 2))
    assert not np.array_equal(drawn("x", 1), drawn("y", 1))


def test_randomisation_is_exact_where_all_signs_can_be_listed() -> None:
    """Three items differ, all in one direction: chance gives +3, +1, -1, -3 of 10 with 1, 3, 3, 1 of 8."""
    old, new = np.zeros(10), np.array([1, 1, 1] + [0] * 7)
    one = stratum("x", [(ACCURACY, accuracy_rows(old), None), (ACCURACY, accuracy_rows(new), None)], 10)
    values, counts = np.unique(randomise(one, [(0, 1)], 40000, 0)[0].round(9), return_counts=True)
    assert values.tolist() == [-30.0, -10.0, 10.0, 30.0]
    assert counts / 40000 == pytest.approx([1 / 8, 3 / 8, 3 / 8, 1 / 8], abs=0.01)


def test_randomisation_swaps_an_item_in_all_languages_at_once() -> None:
    old, new = np.zeros(50), np.ones(50)
    parts = [(ACCURACY, accuracy_rows(side), np.arange(50)) for side in (old, new, old, new)]
    found = randomise(stratum("x", parts, 50), [(0, 1), (2, 3)], 200, 0)
    assert np.array_equal(found[0], found[1])
    assert found[0].std() > 5


def test_equal_runs_do_not_move() -> None:
    rows = spans(np.random.default_rng(9), 60)
    assert not randomise(stratum("x", [(F1, rows, None), (F1, rows, None)], 60), [(0, 1)], 100, 0).any()


def test_headlines_are_those_of_the_metric() -> None:
    sums = np.array([[1, 2, 3], [1, 2, 3], [4, 5, 6]], dtype=float)
    squad = METRICS["squad"]
    expected = [np.mean(list(squad.reduce(one).values())) for one in sums]
    assert headlines(squad, sums).tolist() == pytest.approx(expected)
