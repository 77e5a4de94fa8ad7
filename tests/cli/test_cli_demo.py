"""`xharness demo`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import evaluate


@pytest.mark.slow
def test_makes_a_checkpoint_and_evaluates_both_suites(
    xharness: Callable[..., Any], tmp_path: Path, demo_run: Path
) -> None:
    ended = xharness("demo", tmp_path / "demo")
    assert ended.status == 0
    assert "**xtreme: overall (incomplete)**" in ended.out
    out = tmp_path / "demo/out"
    for suite in ("xtreme", "xtreme-r"):
        name = f"leaderboard-{suite}.json"
        one, two = (json.loads((folder / name).read_text("utf-8")) for folder in (out, demo_run))
        assert list(one) == list(two)
        assert one["xharness"]["missing"] == two["xharness"]["missing"]
    assert evaluate(tmp_path / "demo/checkpoint", "xnli", data="samples", output=tmp_path / "again").complete is False
