"""From which task a step draws, and which lessons it gets."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from xtreme_harness.cards.recipe import Mixture
from xtreme_harness.errors import CardError
from xtreme_harness.plan.mixture import (
    Source,
    batch_of,
    evaluate_expression,
    require_steps,
    schedule,
    steps_of,
    task_weights,
)
from xtreme_harness.records import Split
from xtreme_harness.training.course import limited

FIVE = [Source(name, size, 32, 1) for name, size in (("a", 100), ("b", 400), ("c", 900), ("d", 1600), ("e", 2500))]


@pytest.mark.parametrize(
    ("mixture", "counts"),
    [
        (Mixture(sampling="uniform"), [220, 220, 220, 220, 220]),
        (Mixture(sampling="proportional"), [20, 80, 180, 320, 500]),
        (Mixture(sampling="proportional", cap=900), [34, 138, 309, 309, 310]),
        (Mixture(sampling="temperature", temperature=2), [73, 147, 220, 293, 367]),
        (Mixture(sampling="specified", weights={"a": 4, "b": 3, "c": 2, "d": 1, "e": 0}), [440, 330, 220, 110, 0]),
    ],
    ids=["uniform", "proportional", "cap", "temperature", "specified"],
)
def test_steps_follow_the_weights_to_the_step(mixture: Mixture, counts: list[int]) -> None:
    order = schedule(FIVE, mixture, 1100, seed=1)
    found = [int((order == i).sum()) for i in range(5)]
    exact = task_weights(FIVE, mixture) * 1100
    assert sum(found) == 1100
    assert np.abs(found - exact).max() < 1
    assert np.abs(np.subtract(found, counts)).max() <= 1


def test_one_more_task_takes_its_share_and_leaves_the_others_theirs() -> None:
    order = schedule(FIVE[:2], Mixture(sampling="uniform"), 1000, seed=1, extra=0.1)
    assert Counter(order.tolist()) == {0: 450, 1: 450, 2: 100}


def test_the_order_is_a_function_of_the_seed() -> None:
    first, again, other = (schedule(FIVE, Mixture(), 200, seed).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert Counter(first) == Counter(other)


def test_weights_may_change_with_time() -> None:
    mixture = Mixture(sampling="time-dependent", weights={"a": "1 - t / total", "b": "t / total"})
    order = schedule(FIVE[:2], mixture, 2000, seed=1)
    assert (order[:500] == 0).mean() == pytest.approx(0.875, abs=0.05)
    assert (order[-500:] == 0).mean() == pytest.approx(0.125, abs=0.05)


@pytest.mark.parametrize(
    ("mixture", "message"),
    [
        (Mixture(sampling="specified", weights={"a": 1}), "none for b; sampling specified needs one for every task"),
        (Mixture(sampling="specified", weights={"a": 1, "bb": 1}), r"weights.bb: not one of the tasks \(did you mean"),
        (Mixture(sampling="specified", weights={"a": 1, "b": "t"}), "found 't', expected a number"),
        (Mixture(sampling="time-dependent", weights={"a": "0 - 1", "b": "1"}), "none may be negative"),
        (Mixture(sampling="specified", weights={"a": 0, "b": 0}), "one must be positive"),
        (Mixture(sampling="time-dependent", weights={"a": "open('x')", "b": "1"}), "expected arithmetic"),
    ],
    ids=["missing", "stray", "expression", "negative", "zero", "no arithmetic"],
)
def test_wrong_weights(mixture: Mixture, message: str) -> None:
    with pytest.raises(CardError, match=message):
        task_weights(FIVE[:2], mixture)


@pytest.mark.parametrize("text", ["t.real", "[t]", "t if t else 1", "__import__('os')", "1 / 0", ""])
def test_nothing_but_arithmetic_is_evaluated(text: str) -> None:
    with pytest.raises(CardError):
        evaluate_expression(text, {"t": 1})


def test_every_epoch_is_a_permutation_of_its_own() -> None:
    source = Source("a", 50, 8, 3)
    epochs = [np.concatenate([batch_of(source, e * 7 + i, seed=3) for i in range(7)]).tolist() for e in range(3)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert batch_of(source, 6, seed=3).size == 2
    assert batch_of(source, 0, 3).tolist() != batch_of(Source("b", 50, 8, 3), 0, 3).tolist()


@pytest.mark.parametrize(
    ("epochs", "cap", "most", "steps"), [(1, None, None, 4), (2.5, None, None, 10), (1, 32, None, 1), (9, None, 5, 5)]
)
def test_steps_of_a_run(epochs: float, cap: int | None, most: int | None, steps: int) -> None:
    assert steps_of([Source("a", 100, 32, epochs)], cap, most) == steps


def test_limited_subsets_are_nested_and_keep_the_labels_in_proportion() -> None:
    labels = ["x"] * 600 + ["y"] * 300 + ["z"] * 100
    split: Split[Any] = Split("t", "en", "train", tuple(enumerate(labels)))
    sizes = (10, 37, 100, 500, 1000)
    subsets = [limited(split, size, 5, lambda example: example[1]).examples for size in sizes]
    for size, smaller, larger in zip(sizes, subsets, subsets[1:], strict=False):
        assert len(smaller) == size
        assert set(smaller) < set(larger)
        counted = Counter(label for _, label in smaller)
        assert all(abs(counted[name] - size * share) <= 1 for name, share in (("x", 0.6), ("y", 0.3), ("z", 0.1)))
    assert subsets[1] != limited(split, 37, 6, lambda example: example[1]).examples
    assert list(subsets[2]) == sorted(subsets[2]), "in the order of the file"


@pytest.mark.parametrize("text", ["9**9**9**9", "1e999 - 1e999", "1 + " * 5000 + "1", "(" * 250 + "1" + ")" * 250])
def test_an_expression_ends_at_once(text: str) -> None:
    mixture = Mixture(sampling="time-dependent", weights={"a": text, "b": "1"})
    with pytest.raises(CardError, match=r"^mixture(\.weights)?: "):
        task_weights([Source("a", 1, 1, 1), Source("b", 1, 1, 1)], mixture)


def test_a_temperature_that_overflows() -> None:
    with pytest.raises(CardError, match="all must be numbers"):
        task_weights([Source("a", 10, 1, 1)], Mixture(sampling="temperature", temperature=1e-300))


def test_a_schedule_has_a_longest() -> None:
    require_steps(100_000_000, ["mnli"])
    with pytest.raises(CardError, match=r"^mnli, squad: 100,000,001 optimiser steps, expected at most 100,000,000; "):
        require_steps(100_000_001, ["mnli", "squad"])
