"""F1 of slots: the values that MASSIVE's own tests have, and seqeval over what becomes of the labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness.errors import DataError
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.metrics.slots import as_bio

METRIC = METRICS["slot_f1"]


def f1(found: list[tuple[str, ...]], golds: list[tuple[str, ...]]) -> float:
    return METRIC.reduce(column_sums(METRIC.rows(found, golds, "en")))["f1"]


def named(tags: list[Any], outside: Any, merge: list[Any]) -> tuple[str, ...]:
    """A word's label for each sub-token too, as MASSIVE has it; nothing before the first word is a slot."""
    found: list[str] = []
    for tag in tags:
        found.append((found[-1] if found else "Other") if tag in merge else "Other" if tag == outside else str(tag))
    return tuple(found)


def facts(shared: Path) -> dict[str, Any]:
    file = shared / "spec" / "datasets_world.json"
    if not file.exists():
        pytest.skip("needs ../shared/spec/datasets_world.json")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))["tasks"]["massive_slots"]
    return found


def test_the_authors_own_values(shared: Path) -> None:
    examples = facts(shared)["metric_examples"]
    assert len(examples) == 6
    for one in examples:
        outside, merge = one.get("ignore", ["Other"])[0], one.get("merge", [])
        found, gold = (named(one[side], outside, merge) for side in ("pred", "gold"))
        assert f1([found], [gold]) == pytest.approx(100 * one["f1"])


def test_the_authors_own_conversions(shared: Path) -> None:
    for one in facts(shared)["bio_examples"]:
        merge = one["merge"] if isinstance(one["merge"], list) else [one["merge"]]
        assert list(as_bio(named(one["in"], one["outside"], merge))) == one["out"]


@pytest.mark.parametrize(
    ("found", "gold", "expected"),
    [
        (["a", "a", "Other"], ["a", "a", "Other"], 100), (["Other"], ["Other"], 0), (["a", "a"], ["a", "Other"], 0),
        (["a", "b"], ["a", "b"], 100), (["a", "Other", "a"], ["a", "a", "a"], 0), (["x-a"], ["y-a"], 0),
        (["O"], ["a"], 0), (["a"], ["a", "Other", "b"], 200 / 3), (["a", "a", "a"], ["a"], 100),
        (["時間", "時間"], ["時間", "時間"], 100),
    ],
)  # fmt: skip
def test_cases(found: list[str], gold: list[str], expected: float) -> None:
    assert f1([tuple(found)], [tuple(gold)]) == pytest.approx(expected)


def test_spans_end_with_their_sentence() -> None:
    assert f1([("a",), ("a",)], [("a",), ("a",)]) == 100.0
    rows = METRIC.rows([("a",), ("a", "b")], [("a",), ("a", "a")], "en")
    assert rows.tolist() == [[1, 1, 1, 1, 1], [0, 2, 1, 1, 2]]


def test_seqeval_agrees() -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    rng = np.random.default_rng(0)
    labels = ["Other", "date", "place_name", "x_1"]
    for _ in range(40):
        golds = [tuple(rng.choice(labels, rng.integers(1, 9))) for _ in range(20)]
        found = [tuple(np.where(rng.random(len(g)) < 0.6, g, rng.choice(labels, len(g)))) for g in golds]
        pair = [[list(as_bio(tags)) for tags in side] for side in (golds, found)]
        assert f1(found, golds) == pytest.approx(100 * seqeval.f1_score(*pair), abs=1e-12)


def test_a_label_that_is_empty_is_named() -> None:
    with pytest.raises(DataError, match="one is empty"):
        METRIC.rows([("a", "")], [("a", "a")], "en")
