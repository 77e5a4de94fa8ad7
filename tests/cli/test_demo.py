"""`xharness demo`, in a process of its own, from the built wheel."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest


@pytest.mark.slow
def test_runs_all_three_phases(demo: Path, oracle_run: Path) -> None:
    printed = (demo / "printed.txt").read_text("utf-8")
    assert "checkpoint, xtreme, test split" in printed
    lines = printed.splitlines()
    assert [line.split("|")[1].strip() for line in lines if line.startswith(("| none (score)", "| hellaswag "))] == [
        "none (score)", "hellaswag", "hellaswag", "none (score)", "hellaswag", "hellaswag",
    ]  # fmt: skip
    runs = demo / "demo/runs/checkpoint"
    for arm in ("none", "hellaswag"):
        for suite in ("xtreme", "xtreme-r"):
            name = f"leaderboard-{suite}.json"
            own = runs / arm / "seed-42" / name
            one, two = (json.loads(file.read_text("utf-8")) for file in (own, oracle_run / name))
            assert list(one) == list(two)
            assert one["xharness"]["missing"] == two["xharness"]["missing"]
    trained = {path.parent.name for path in (runs / "hellaswag/seed-42/models").glob("*/xharness.json")}
    assert trained == {
        "xnli", "pawsx", "udpos", "panx", "squad", "tydiqa", "siqa", "xcopa", "lareqa", "mewslix",
    }  # fmt: skip
    rows = list(csv.DictReader((demo / "demo/gains.csv").read_text("utf-8").splitlines()))
    cells = [
        {(r["suite"], r["target"], r["language"]) for r in rows if r["intermediate"] == arm}
        for arm in ("none", "hellaswag")
    ]
    assert cells[0] == cells[1]
    lineage = json.loads((runs / "hellaswag/seed-42/models/xcopa/xharness.json").read_text())["lineage"]
    assert [stage["stage"] for stage in lineage] == ["base", "intermediate", "intermediate", "target"]
