"""A cell and its two forms on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.metrics import METRICS, of_labels
from xtreme_harness.results.record import CellRecord, entry_of, of_entry, plain_rows, read_cell, write_cell

CELL = CellRecord(
    task="xquad", language="de", split="test", status="done", metric="squad", n=2, seed=3, seconds=0.5,
    metrics={"exact_match": 50.0, "f1": 75.0}, signature="xquad|metric:squad", fingerprint="ab" * 32, source="samples",
    extras={"x": 1.0}, official_n=1190, columns=("exact_match", "f1", "n"), ids=("q1", "q2"),
    rows=np.array([[1, 1, 1], [0, 0.5, 1]], dtype=np.float64), fields={"metric": "squad", "seed": 3},
    predictions="cd" * 32, samples=None,
)  # fmt: skip
SETTING = {"train_on": "de+sw", "translated": "mt@1f0c2a9b"}
ELSEWHERE = replace(CELL, **SETTING, fields={**CELL.fields, **SETTING})
UNSCORED = replace(CELL, status="unscored", metrics={}, columns=(), rows=None, ids=None)


@pytest.mark.parametrize(
    "cell",
    [CELL, UNSCORED, replace(CELL, calibration=0.25, samples="ef" * 32), ELSEWHERE],
    ids=["", "no", "all", "other languages"],
)
def test_a_file_gives_back_what_was_written(cell: CellRecord, tmp_path: Path) -> None:
    write_cell(cell, tmp_path / "de.json")
    found = read_cell(tmp_path / "de.json")
    assert found == cell
    assert plain_rows(found.rows) == plain_rows(cell.rows)


def test_whole_numbers_stand_without_a_dot(tmp_path: Path) -> None:
    write_cell(CELL, tmp_path / "de.json")
    assert '"rows":[[1,1,1],[0,0.5,1]]' in (tmp_path / "de.json").read_text("utf-8")


def test_an_entry_gives_back_what_results_json_holds() -> None:
    cell = replace(CELL, by_seed={"1": {"exact_match": 50.0, "f1": 75.0}}, errors={"f1": 1.0}, interval=(40.0, 60.0))
    entry = json.loads(json.dumps(entry_of(cell)))
    assert (entry["script"], entry["family"]) == ("Latn", "Indo-European:Germanic")
    beyond = {"official_n": None, "columns": (), "rows": None, "ids": None, "fields": {}, "predictions": None}
    assert of_entry(entry, {"f1": 1.0}) == replace(cell, **beyond)


def test_the_setting_is_said_where_it_is_not_the_usual_one() -> None:
    assert not SETTING.keys() & entry_of(CELL).keys()
    entry = entry_of(ELSEWHERE)
    assert {key: entry[key] for key in SETTING} == SETTING
    assert (of_entry(entry, {}).train_on, of_entry(entry_of(CELL), {}).train_on) == ("de+sw", "english")


def test_the_headline_is_the_mean_of_the_main_values() -> None:
    assert (CELL.headline, CELL.name, CELL.key) == (62.5, "xquad de", ("xquad", "de"))


def without(key: str) -> Callable[[dict[str, Any]], None]:
    def apply(raw: dict[str, Any]) -> None:
        del raw[key]

    return apply


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (without("n"), ["n: missing, expected a whole number from 1"]),
        (lambda raw: raw.update(split="train"), ['split: found "train", expected test or dev']),
        (lambda raw: raw.update(metrics={"f1": "75"}), ['metrics.f1: found "75", expected a number from -100 to 100']),
        (lambda raw: raw.update(metric="bleu"), ["metric: found 'bleu', expected the name of a metric"]),
        (lambda raw: raw.update(rows=[[1, 1]]), ["rows: found 1, expected n, which is 2"]),
        (lambda raw: raw.update(schema_version=3),
         ["schema_version: found 3, expected 1 to 2; a newer xharness wrote it: update xharness"]),
        (lambda raw: raw.update(schema_version=True), ["schema_version: found true, expected 1 to 2"]),
        (lambda raw: raw.update(seed="x", ids=None, n=-1),
         ['seed: found "x", expected a whole number or null', "n: found -1, expected a whole number from 1"]),
        (lambda raw: raw["rows"][1].__setitem__(2, None), ["rows[1][2]: found null, expected a number from 0"]),
        (lambda raw: raw["rows"].__setitem__(0, "x"), ['rows[0]: found "x", expected a list of 3 numbers']),
        (lambda raw: raw["rows"][0].__setitem__(0, -1), ["rows[0][0]: found -1, expected a number from 0"]),
        (lambda raw: raw["rows"][0].__setitem__(0, 10**400), ["rows[0][0]: found 1000"]),
        (lambda raw: raw["ids"].pop(), ["ids: found 1, expected n, which is 2"]),
        (lambda raw: raw["columns"].pop(),
         ["columns: found ['exact_match', 'f1'], expected ['exact_match', 'f1', 'n']"]),
        (lambda raw: raw["metrics"].pop("f1"), ["metrics.f1: missing, expected a number"]),
        (lambda raw: raw["metrics"].update(x=1), ["metrics.x: squad has no such value"]),
        (lambda raw: raw["fields"].update(metric="mlqa"),
         ['fields.metric: found "mlqa", expected "squad", as in metric']),
        (lambda raw: raw["metrics"].update(f1=80), ["metrics.f1: found 80, but the statistics in rows give 75"]),
    ],
    ids=[
        "absent", "split", "figures", "metric", "rows", "newer", "flag", "two", "null", "text", "negative", "huge",
        "ids", "columns", "lacking", "strange", "another", "wrong",
    ],
)  # fmt: skip
def test_faults_are_named_together(tmp_path: Path, change: Callable[[Any], None], messages: list[str]) -> None:
    file = tmp_path / "de.json"
    write_cell(CELL, file)
    raw = json.loads(file.read_text("utf-8"))
    change(raw)
    file.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(OutputError) as caught:
        read_cell(file)
    for message in messages:
        assert message in str(caught.value)
    assert all(fault.startswith(f"{file}: ") for fault in caught.value.faults)


def by_label(name: str = "macro_f1") -> CellRecord:
    """A cell of a metric that counts by label."""
    metric = of_labels(METRICS[name], ["a b", "c"])
    rows = metric.rows(["c", "a b", "a b"], ["c", "c", "a b"], "en")
    return replace(
        CELL, metric=name, n=3, metrics=metric.reduce(rows.sum(axis=0)), columns=metric.columns, rows=rows, ids=None,
        fields={},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["macro_f1", "matthews"])
def test_columns_of_labels_are_read_back(name: str, tmp_path: Path) -> None:
    write_cell(by_label(name), tmp_path / "de.json")
    found = read_cell(tmp_path / "de.json")
    assert found == by_label(name) and found.columns[:2] == ("correct a b", "correct c")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw["columns"].pop(), "columns: found ['correct a b', 'correct c', 'predicted a b', "),
        (lambda raw: raw.update(columns=["n"]), "columns: found ['n'], expected ['correct ...', 'predicted ...', "),
        (lambda raw: raw["columns"].reverse(), "columns: found ['gold c', "),
        (lambda raw: raw["rows"][1].pop(), "rows[1]: found [0, 0, 1, 0, 0], expected a list of 6 numbers"),
        (lambda raw: raw["rows"][1].__setitem__(0, 1), "metrics.macro_f1: found 66.6667, but the statistics in rows"),
        (lambda raw: raw["rows"][1].__setitem__(0, -1), "rows[1][0]: found -1, expected a number from 0"),
        (lambda raw: raw["metrics"].update(macro_f1=-5), "metrics.macro_f1: found -5, expected a number from 0 to 100"),
    ],
    ids=["too few", "others", "in another order", "a short row", "other figures", "below 0", "a figure below 0"],
)  # fmt: skip
def test_what_does_not_fit_the_columns_of_labels(change: Callable[[Any], object], message: str, tmp_path: Path) -> None:
    file = tmp_path / "de.json"
    write_cell(by_label(), file)
    raw = json.loads(file.read_text("utf-8"))
    change(raw)
    file.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(OutputError) as raised:
        read_cell(file)
    assert f"{file}: {message}" in str(raised.value)


def test_correlations_and_their_statistics_may_be_below_0(tmp_path: Path) -> None:
    metric = METRICS["spearman"]
    rows = metric.rows([1.0, 2.0, 3.5], [3.0, 1.0, 0.5], "en")
    cell = replace(
        by_label(), metric="spearman", metrics=metric.reduce(rows.sum(axis=0)), columns=metric.columns, rows=rows
    )
    write_cell(cell, tmp_path / "de.json")
    assert read_cell(tmp_path / "de.json").metrics == {"pearson": pytest.approx(-90.1127, abs=1e-3), "spearman": -100.0}
