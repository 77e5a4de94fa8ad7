"""Runs as rows."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness.results.frame import SCORE, FrameRow, frame, means, run_names, scores, to_csv
from xtreme_harness.results.read import read_result


def test_a_row_a_figure_with_what_it_is_grouped_by(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    rows = frame([run])
    one = next(row for row in rows if (row.task, row.language, row.metric) == ("xquad", "zh", SCORE))
    assert (one.run, one.name, one.script, one.family) == ("oracle", "Chinese", "Hans", "Sino-Tibetan")
    assert (one.resources, one.value, one.n) == (5, 100.0, 21)
    assert one.low is not None and one.low <= one.value
    assert {row.metric for row in rows if row.task == "xquad"} == {SCORE, "exact_match", "f1"}
    assert len([row for row in rows if row.metric == SCORE]) == len(run.scored)


def test_the_headline_is_the_mean_of_the_main_values(demo_run: Path) -> None:
    rows = [row for row in frame([read_result(demo_run)]) if (row.task, row.language) == ("mlqa", "en")]
    values = {row.metric: row.value for row in rows}
    assert values[SCORE] == pytest.approx((values["exact_match"] + values["f1"]) / 2)


def test_names_differ_where_models_do_not(oracle_run: Path, demo_run: Path, tmp_path: Path) -> None:
    oracle, demo = read_result(oracle_run), read_result(demo_run)
    assert run_names([oracle, demo]) == ("oracle", "checkpoint")
    other = replace(oracle, file=tmp_path / "second" / "results.json")
    assert run_names([oracle, other]) == (f"oracle ({oracle_run.name})", "oracle (second)")
    assert run_names([oracle, oracle]) == (f"oracle ({oracle_run.name}) #1", f"oracle ({oracle_run.name}) #2")


def test_scores_are_those_of_one_run(oracle_run: Path, demo_run: Path) -> None:
    rows = frame([read_result(oracle_run), read_result(demo_run)])
    assert scores(rows, "oracle")["xnli"]["de"].value == 100.0
    assert scores(rows, "checkpoint")["xnli"]["de"].value < 100.0
    assert scores(rows, "nobody") == {}


def test_csv_keeps_every_digit_and_leaves_the_unknown_empty(demo_run: Path) -> None:
    rows = frame([read_result(demo_run)])
    read = list(csv.DictReader(io.StringIO(to_csv(FrameRow, rows))))
    assert [float(line["value"]) for line in read] == [row.value for row in rows]
    assert {line["low"] for line in read if line["metric"] != SCORE} == {""}


def test_means_stand_overall_first_and_run_beside_run(oracle_run: Path, demo_run: Path) -> None:
    rows = means([read_result(demo_run), read_result(oracle_run)])
    assert [(row.run, row.name) for row in rows[:2]] == [("checkpoint", "xtreme"), ("oracle", "xtreme")]
    assert [row.level for row in rows if row.scope == "xtreme-r" and row.run == "oracle"][:3] == [
        "suite",
        "suite",
        "group",
    ]
    assert all(row.low <= row.value <= row.high for row in rows)
