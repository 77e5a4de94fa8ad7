"""Tidy rows of a grid."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.fixtures.made_gains import made_rows
from xtreme_harness import evaluate
from xtreme_harness.grid.gain_rows import Arm, grid_rows, scores_of, to_csv


def test_a_gain_is_over_the_baseline_of_the_same_seed() -> None:
    rows = made_rows(
        {
            ("mnli", "xnli", 1): {"en": 80.0, "de": 70.0},
            ("mnli", "xnli", 2): {"en": 82.0},
            ("none", "xnli", 1): {"en": 78.5, "de": 71.0},
            ("none", "xnli", 2): {"en": 78.0},
        }
    )
    assert [(r.intermediate, r.language, r.seed, r.baseline, r.gain) for r in rows] == [
        ("mnli", "en", 1, 78.5, 1.5), ("mnli", "de", 1, 71.0, -1.0), ("mnli", "en", 2, 78.0, 4.0),
        ("none", "en", 1, 78.5, 0.0), ("none", "de", 1, 71.0, 0.0), ("none", "en", 2, 78.0, 0.0),
    ]  # fmt: skip


def test_where_the_baseline_lacks_the_cell_there_is_a_score_and_no_gain() -> None:
    rows = made_rows({("mnli", "xnli", 1): {"en": 80.0, "de": 70.0}, ("none", "xnli", 1): {"en": 79.0}})
    assert [(r.score, r.baseline, r.gain) for r in rows] == [(80.0, 79.0, 1.0), (70.0, None, None), (79.0, 79.0, 0.0)]


def test_rows_of_runs_hold_the_headline_and_the_metrics_that_it_averages(tmp_path: Path) -> None:
    arms = {"none": "majority", "squad": "oracle"}
    results = {
        Arm("b", name, 1, 300, 100, 0 if name == "none" else 87_599): evaluate(
            model, ["xnli", "tydiqa"], data="samples", languages=["en"], output=tmp_path / name
        )
        for name, model in arms.items()
    }
    rows = grid_rows(results)
    best = [r for r in rows if r.intermediate == "squad"]
    assert [(r.target, r.metric, r.headline, r.score) for r in best] == [
        ("xnli", "accuracy", True, 100.0),
        ("tydiqa", "exact_match+f1", True, 100.0),
        ("tydiqa", "exact_match", False, 100.0),
        ("tydiqa", "f1", False, 100.0),
    ]
    mean, *parts = (r.baseline for r in best if r.target == "tydiqa")
    assert mean == pytest.approx(sum(p for p in parts if p is not None) / 2)
    assert {(r.suite, r.split, r.params, r.intermediate_examples) for r in best} == {("tasks", "test", 300, 87_599)}


def test_a_cell_of_two_suites_has_a_row_in_each(tmp_path: Path) -> None:
    result = evaluate("oracle", ["xtreme", "xtreme-r"], data="samples", output=tmp_path)
    rows = scores_of(Arm("b", "none", 1), result)
    assert {r.suite for r in rows if (r.target, r.language) == ("xnli", "sw")} == {"xtreme", "xtreme-r"}
    assert len(rows) == len({(r.suite, r.target, r.language, r.metric) for r in rows})


def test_csv_has_a_column_a_field_and_nothing_where_nothing_is_known() -> None:
    rows = made_rows({("mnli", "xnli", 1): {"de": 70.0}})
    (read,) = csv.DictReader(io.StringIO(to_csv(rows)))
    assert (read["intermediate"], read["score"], read["baseline"], read["gain"]) == ("mnli", "70.0", "", "")
    assert list(read)[-3:] == ["params", "params_beyond_embeddings", "intermediate_examples"]
