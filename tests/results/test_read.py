"""Runs as they lie on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.results.read import read_run, read_seeds


@pytest.fixture
def copied(oracle_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(oracle_run, tmp_path / "run"))


def test_every_cell_is_read_with_its_rows(oracle_run: Path) -> None:
    run = read_run(oracle_run)
    assert run.model == "oracle"
    assert run.suites == ("xtreme", "xtreme-r")
    assert run.has_rows
    assert len(run.cells) == len(run.own["cells"])
    for (task, language), cell in run.cells.items():
        assert cell.name == f"{task} {language}"
        assert cell.rows is not None
        assert cell.rows.shape == (cell.n, len(METRICS[cell.metric].columns))
        assert METRICS[cell.metric].reduce(column_sums(cell.rows)) == pytest.approx(dict(cell.metrics))
    assert run.cells["xquad", "de"].ids is not None
    assert run.cells["panx", "de"].ids is None
    samples = run.cells["xnli", "de"].samples
    assert samples is not None
    assert json.loads(samples.read_text("utf-8").splitlines()[0])["id"] == "0"


def test_results_json_alone_has_figures_without_rows(oracle_run: Path, tmp_path: Path) -> None:
    shutil.copy(oracle_run / "results.json", tmp_path / "mine.json")
    run = read_run(tmp_path / "mine.json")
    cell = run.cells["udpos", "de"]
    assert (cell.metric, cell.rows, cell.metrics["f1"]) == ("chunk_f1", None, 100.0)
    assert not run.has_rows


def test_seeds_are_read_in_their_order(oracle_run: Path, tmp_path: Path) -> None:
    for seed in (10, 2):
        shutil.copytree(oracle_run, tmp_path / f"seed-{seed}")
    runs = read_seeds(tmp_path)
    assert [run.seed for run in runs] == [2, 10]
    assert np.array_equal(runs[0].cells["xnli", "de"].rows, runs[1].cells["xnli", "de"].rows)  # type: ignore[arg-type]
    assert [run.seed for run in read_seeds(oracle_run)] == [42]


def test_a_cell_of_another_run_is_named(copied: Path) -> None:
    file = copied / "cells" / "xnli" / "de.json"
    record = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**record, "fingerprint": "0" * 64}), "utf-8")
    with pytest.raises(OutputError, match=r"xnli.de\.json: fingerprint 00000000, results\.json has \w{8}: it is of"):
        read_run(copied)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"results\.json: no such file; expected the results\.json of `xharness eval`, or its folder"),
        ("{", r"results\.json: not JSON"),
        ("[]", r"results\.json: found list, expected an object"),
        ("{}", r"results\.json: no `xharness` block"),
    ],
    ids=["absent", "broken", "list", "foreign"],
)
def test_what_is_no_run(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text, "utf-8")
    with pytest.raises(OutputError, match=message):
        read_seeds(tmp_path)
