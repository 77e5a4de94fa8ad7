"""Graded judgements: figures by hand, and those of trec_eval over many random rankings."""

from __future__ import annotations

from math import log2
from random import Random
from typing import Any

import numpy as np
import pytest

from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.metrics.graded import graded_rows, ndcg, recall

Run, Grades = dict[str, float], dict[str, int]
NAMES = [f"d{i}" for i in range(300)] + [f"D#{i}" for i in range(60)] + [f"é{i}" for i in range(40)]


def by_score(run: Run) -> tuple[str, ...]:
    """As trec_eval ranks: by score, equal ones by id, both descending."""
    return tuple(sorted(sorted(run, reverse=True), key=lambda name: -run[name]))


def judged(rng: Random) -> tuple[Run, Grades]:
    """A ranking with many equal scores, and grades of which some are of documents that are not in it."""
    run = {name: round(rng.random(), rng.choice((0, 1, 3))) for name in rng.sample(NAMES, rng.randint(1, 250))}
    grades = {name: rng.choice((-1, 0, 0, 1, 1, 2, 3)) for name in rng.sample(NAMES, rng.randint(20, 350))}
    return run, grades


def theirs(runs: dict[str, Run], grades: dict[str, Grades]) -> dict[str, dict[str, float]]:
    pytrec_eval: Any = pytest.importorskip("pytrec_eval")
    figures = {"ndcg_cut.10", "recall.10,20,100", "recip_rank"}
    found: dict[str, dict[str, float]] = pytrec_eval.RelevanceEvaluator(grades, figures).evaluate(runs)
    return found


def test_a_thousand_random_rankings_as_trec_eval_scores_them() -> None:
    cases = {str(i): judged(Random(i)) for i in range(1000)}
    runs, grades = ({key: case[i] for key, case in cases.items()} for i in (0, 1))
    expected = theirs(runs, grades)
    assert set(expected) == set(cases)
    rows = graded_rows([by_score(run) for run in runs.values()], list(grades.values()), "en")
    names = ("ndcg_cut_10", "recall_100", "recall_20", "recall_10")
    wanted = np.array([[expected[key][name] for name in names] for key in cases])
    assert np.abs(rows[:, :4] - wanted).max() < 1e-12
    assert len(np.unique(wanted[:, 0])) > 500
    ranks = np.array([expected[key]["recip_rank"] for key in cases])
    assert np.allclose(rows[:, 4], np.where(ranks >= 0.1, ranks, 0), atol=1e-12)


def test_queries_without_a_relevant_document_count_as_in_trec_eval() -> None:
    runs, grades = {"a": {"x": 1.0, "y": 0.5}, "b": {"x": 1.0}}, {"a": {"y": 1}, "b": {"x": 0, "z": -1}}
    expected = theirs(runs, grades)
    assert expected["b"]["ndcg_cut_10"] == 0.0  # it is there, and it counts
    rows = graded_rows([("x", "y"), ("x",)], [grades["a"], grades["b"]], "en")
    values = METRICS["ndcg"].reduce(column_sums(rows))
    assert values["ndcg@10"] == pytest.approx(50 / log2(3), abs=1e-12)
    assert (values["recall@100"], values["mrr@10"]) == (50.0, 25.0)


@pytest.mark.parametrize(
    ("ranked", "grades", "expected"),
    [
        (("a", "b"), {"a": 2, "b": 1}, 1.0),
        (("b", "a"), {"a": 2, "b": 1}, (1 + 2 / log2(3)) / (2 + 1 / log2(3))),
        (("x", "y"), {"a": 1}, 0.0),
        ((), {"a": 1}, 0.0),
        (("a", "a", "b"), {"a": 1, "b": 1}, (1 + 1 / 2) / (1 + 1 / log2(3))),
        ((*"xxxxxxxxxx", "a"), {"a": 1}, 0.0),
        (("a",), dict.fromkeys("abcdefghijklmnop", 1), 1 / sum(1 / log2(r + 1) for r in range(1, 11))),
        (("अ", "ক"), {"ক": 3}, 1 / log2(3)),
    ],
    ids=["perfect", "swapped", "wrong", "empty", "twice", "too deep", "more relevant than ten", "scripts"],
)
def test_by_hand(ranked: tuple[str, ...], grades: Grades, expected: float) -> None:
    assert ndcg(ranked, grades) == pytest.approx(expected, abs=1e-12)


def test_recall_cannot_be_whole_where_more_are_relevant_than_are_looked_at() -> None:
    relevant = {f"d{i}": 1 for i in range(200)}
    assert recall(tuple(relevant)[:100], relevant, 100) == 0.5
    assert recall(("d0", "d0", "x"), {"d0": 1, "d1": 1}, 3) == 0.5
