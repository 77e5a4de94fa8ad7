"""`xharness compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows, made_run, write_run

Xharness = Callable[..., Any]


def rows(seed: int, right: float):
    rng = np.random.default_rng(seed)
    return {("xnli", code): accuracy_rows(rng.random(200) < right) for code in ("de", "sw")}


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    made = [("old", 0.5), ("better", 0.8), ("same", 0.5)]
    return [write_run(made_run(rows(i, right), name), tmp_path / name) for i, (name, right) in enumerate(made)]


def test_table(xharness: Xharness, runs: list[Path]) -> None:
    done = xharness("compare", *runs[:2], "--paired-ar", 200)
    assert (done.status, done.err) == (0, "")
    line = next(line for line in done.out.splitlines() if line.startswith("| xnli de"))
    assert line.split("|")[8].strip() == "**"
    assert "approximate randomisation, 200 trials" in done.out


def test_several_and_by_language(xharness: Xharness, runs: list[Path]) -> None:
    done = xharness("compare", *runs, "--by-language", "--paired-bs", 200)
    assert done.status == 0
    assert "| better - old" in done.out
    assert "| same - old" in done.out
    assert "| model" in done.out


def test_json_printed_and_written(xharness: Xharness, runs: list[Path], tmp_path: Path) -> None:
    done = xharness("compare", *runs[:2], "--format", "json", "-o", tmp_path / "c.json", "--seed", 7)
    printed = json.loads(done.out)
    assert printed == json.loads((tmp_path / "c.json").read_text("utf-8"))
    assert printed["method"]["seed"] == 7
    cell = next(d for d in printed["differences"] if d["name"] == "xnli de")
    assert cell["new"] - cell["old"] == pytest.approx(cell["difference"])


def test_unlike_results(xharness: Xharness, runs: list[Path], tmp_path: Path) -> None:
    other = write_run(made_run(rows(5, 0.5), "other", fields={"card": "another"}), tmp_path / "other")
    done = xharness("compare", runs[0], other)
    assert done.status == 2
    assert done.err == (
        "error: xnli: card differs: c and another in de, and so in 1 more; these results are not comparable; --force "
        "compares them nevertheless\n"
    )
    forced = xharness("compare", runs[0], other, "--force")
    assert forced.status == 0
    assert forced.err.startswith("warning: xnli: card differs: c and another in de")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old"], "Missing argument 'NEW...'"),
        (["old", "nowhere"], "nowhere: no such file; expected the results.json of `xharness eval`, or its folder"),
        (["old", "old", "--paired-bs", "3"], "Invalid value for '--paired-bs': 3 is not in the range x>=100"),
    ],
    ids=["no new", "no such run", "too few resamples"],
)
def test_wrong_use(
    xharness: Xharness, runs: list[Path], arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs[0].parent)
    done = xharness("compare", *arguments)
    assert done.status == 2
    assert message in done.err
