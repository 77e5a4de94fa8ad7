from __future__ import annotations

import json
import random
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtreme_harness.errors import DataError
from xtreme_harness.metrics import Metric, column_sums
from xtreme_harness.metrics.ranking import AVERAGE_PRECISION, RECIPROCAL_RANK, Ids, average_precision, reciprocal_rank


def scored(metric: Metric[Ids, Ids], predictions: Sequence[Ids], golds: Sequence[Ids]) -> dict[str, float]:
    return metric.reduce(column_sums(metric.rows(predictions, golds, "en")))


NUMBERED = tuple(str(n) for n in range(1, 31))


@pytest.mark.parametrize(
    ("ranked", "gold", "expected"),
    [
        pytest.param(NUMBERED, ("1",), 100.0, id="perfect"),
        pytest.param(NUMBERED, ("x",), 0.0, id="wrong"),
        pytest.param(NUMBERED, ("20",), 1 / 20 * 100, id="last that counts"),
        pytest.param(NUMBERED, ("21",), 0.0, id="after the cut"),
        pytest.param(("b", "a", "a"), ("a",), 50.0, id="first hit counts"),
        pytest.param(("b",), ("a", "b"), 0.0, id="only the first gold counts"),
        pytest.param(("a",), (" a\n",), 100.0, id="gold is stripped"),
        pytest.param((" a",), ("a",), 0.0, id="prediction is not stripped"),
        pytest.param(("கலை", "மலை"), ("மலை",), 50.0, id="another script"),
        pytest.param((), ("a",), 0.0, id="empty list"),
    ],
)
def test_reciprocal_rank(ranked: Ids, gold: Ids, expected: float) -> None:
    assert scored(RECIPROCAL_RANK, [ranked], [gold]) == {"map@20": expected}


@pytest.mark.parametrize(
    ("ranked", "relevant", "expected"),
    [
        pytest.param(("a", "b"), ("b", "a"), 100.0, id="perfect"),
        pytest.param(("x", "y"), ("a",), 0.0, id="wrong"),
        pytest.param(("x", "a", "y", "b"), ("a", "b", "c"), (1 / 2 + 2 / 4) / 3 * 100, id="by hand"),
        pytest.param(("a", "a", "b"), ("a", "b"), (1 + 2 / 3) / 2 * 100, id="repeated hit fills its rank"),
        pytest.param(("a",), ("a", "a"), 100.0, id="repeated relevant id is one"),
        pytest.param(NUMBERED, NUMBERED, 100.0, id="more relevant than ranks"),
        pytest.param(NUMBERED, ("21",), 0.0, id="after the cut"),
        pytest.param(("ไทย", "ขวา"), ("ขวา",), 50.0, id="another script"),
        pytest.param((), ("a",), 0.0, id="empty list"),
    ],
)
def test_average_precision(ranked: Ids, relevant: Ids, expected: float) -> None:
    assert scored(AVERAGE_PRECISION, [ranked], [relevant]) == {"map@20": expected}


@pytest.mark.parametrize("metric", [RECIPROCAL_RANK, AVERAGE_PRECISION], ids=lambda metric: metric.name)
def test_no_queries(metric: Metric[Ids, Ids]) -> None:
    assert metric.rows([], [], "en").shape == (0, 2)
    assert scored(metric, [], []) == {"map@20": 0.0}


@pytest.mark.parametrize("metric", [RECIPROCAL_RANK, AVERAGE_PRECISION], ids=lambda metric: metric.name)
def test_a_query_without_gold_is_an_error(metric: Metric[Ids, Ids]) -> None:
    with pytest.raises(DataError, match=r"query 2 of 3: no gold id \(2 such\), expected one or more"):
        metric.rows([(), (), ()], [("a",), (), ()], "en")
    with pytest.raises(DataError, match="no relevant id"):
        average_precision(["a"], [])


def test_official_average_precision_cases(shared: Path) -> None:
    cases = json.loads((shared / "spec/micro/average_precision.json").read_text(encoding="utf-8"))
    found = [average_precision(case["ranked"], case["targets"], case["k"]) for case in cases]
    assert found == [case["ap"] for case in cases]


def test_official_reciprocal_rank_cases(shared: Path) -> None:
    cases = json.loads((shared / "spec/micro/mewslix_map20.json").read_text(encoding="utf-8"))
    found = [
        scored(
            RECIPROCAL_RANK,
            [tuple(case["predictions"].get(i, ())) for i in case["labels"]],
            [tuple(gold) for gold in case["labels"].values()],
        )
        for case in cases
    ]
    assert found == [case["result"] for case in cases]


def test_official_lareqa_case(shared: Path) -> None:
    case = json.loads((shared / "spec/micro/lareqa_map.json").read_text(encoding="utf-8"))
    scores = np.array(case["question_encodings"]) @ np.array(case["candidate_encodings"]).T
    ids = case["candidate_uids"]
    ranked = [tuple(ids[i] for i in order) for order in scores.argsort(axis=1)[:, ::-1]]
    golds = [tuple(case["targets"][uid.rpartition("_")[0]]) for uid in case["question_uids"]]
    # The official mean adds in pairs (numpy), rows add from first to last: equal but for the last bits.
    for k, expected in case["map_at_k"].items():
        cut = None if k == "None" else int(k)
        mean = np.mean([average_precision(r, g, cut) for r, g in zip(ranked, golds, strict=True)])
        assert mean == pytest.approx(expected, rel=1e-14, abs=0)
    assert scored(AVERAGE_PRECISION, ranked, golds)["map@20"] == pytest.approx(
        100 * case["map_at_k"]["20"], rel=1e-14, abs=0
    )


ITEMS = st.integers(0, 9)


@settings(deadline=None)
@given(st.lists(ITEMS, max_size=12), st.sets(ITEMS, min_size=1), st.none() | st.integers(1, 12))
def test_average_precision_against_brute_force(ranked: list[int], relevant: set[int], k: int | None) -> None:
    seen = ranked if k is None else ranked[:k]
    total = Fraction(0)
    for i, item in enumerate(seen):
        if item in relevant and item not in seen[:i]:
            total += Fraction(len(set(seen[: i + 1]) & relevant), i + 1)
    best = len(relevant) if k is None else min(k, len(relevant))
    assert average_precision(ranked, relevant, k) == pytest.approx(float(total / best), rel=1e-12)


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdef"), unique=True), st.sampled_from("abcdef"))
def test_one_relevant_id_makes_both_the_same(ranked: list[str], gold: str) -> None:
    assert average_precision(ranked, [gold]) == reciprocal_rank(ranked, gold)


LETTERS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6).map(tuple)


@settings(deadline=None)
@given(st.lists(st.tuples(LETTERS, LETTERS), min_size=1), st.randoms())
def test_order_and_repetition_of_queries_do_not_matter(pairs: list[tuple[Ids, Ids]], chance: random.Random) -> None:
    twice = chance.sample(pairs * 2, 2 * len(pairs))
    for metric in (AVERAGE_PRECISION, RECIPROCAL_RANK):
        once = scored(metric, [r for r, _ in pairs], [g for _, g in pairs])["map@20"]
        assert scored(metric, [r for r, _ in twice], [g for _, g in twice])["map@20"] == pytest.approx(once)
