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
from xtreme_harness.results.record import CellRecord, entry_of, of_entry, plain_rows, read_cell, write_cell

CELL = CellRecord(
    task="xquad", language="de", split="test", status="done", metric="squad", n=2, seed=3, seconds=0.5,
    metrics={"exact_match": 50.0, "f1": 75.0}, signature="xquad|metric:squad", fingerprint="ab", source="samples",
    extras={"x": 1.0}, official_n=1190, columns=("exact_match", "f1", "n"), ids=("q1", "q2"),
    rows=np.array([[1, 1, 1], [0, 0.5, 1]], dtype=np.float64), fields={"metric": "squad", "seed": 3},
    predictions="cd", samples=None,
)  # fmt: skip
UNSCORED = replace(CELL, status="unscored", metrics={}, columns=(), rows=None, ids=None)


@pytest.mark.parametrize("cell", [CELL, UNSCORED, replace(CELL, calibration=0.25, samples="ef")], ids=["", "no", "all"])
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
    assert of_entry(entry, {"f1": 1.0}, "x") == replace(cell, **beyond)


def test_the_headline_is_the_mean_of_the_main_values() -> None:
    assert (CELL.headline, CELL.name, CELL.key) == (62.5, "xquad de", ("xquad", "de"))


def without(key: str) -> Callable[[dict[str, Any]], None]:
    def apply(raw: dict[str, Any]) -> None:
        del raw[key]

    return apply


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (without("n"), ["n: missing, expected a whole number from 0"]),
        (lambda raw: raw.update(split="train"), ['split: found "train", expected test or dev']),
        (lambda raw: raw.update(metrics={"f1": "75"}), ["metrics: found", "expected an object of numbers"]),
        (lambda raw: raw.update(metric="bleu"), ['metric: found "bleu", expected the name of a metric']),
        (lambda raw: raw.update(rows=[[1, 1]]), ["rows: expected 2 lists of 3 numbers"]),
        (lambda raw: raw.update(schema_version=3), ["schema_version: found 3, expected 1 to 2; update xharness"]),
        (lambda raw: raw.update(seed="x", ids=None, n=-1), ['seed: found "x", expected a number or', "n: found -1"]),
    ],
    ids=["absent", "split", "figures", "metric", "rows", "newer", "two"],
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
