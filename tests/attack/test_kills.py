"""Commands that are killed once; `make attack` kills every one many times."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.kills import contents, kill_all
from tests.fixtures.warm import Warm

QUICK = ("eval", "score", "submission pack", "export")


@pytest.mark.slow
def test_killed_and_run_again_they_leave_what_an_undisturbed_run_leaves(
    warm: Warm, stock: Path, tmp_path: Path
) -> None:
    done = kill_all(warm, QUICK, stock, tmp_path, 1, 0)
    assert [group.cases for group in done] == [1] * len(QUICK)
    assert [f"{group.name}: {one.case}: {' | '.join(one.faults)}" for group in done for one in group.found] == []


def test_dates_and_seconds_are_no_difference(tmp_path: Path) -> None:
    for name, date, score in (("a", "2026-01-01", 1), ("b", "2026-02-02", 1), ("c", "2026-01-01", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "r.json").write_text(f'{{"date": "{date}", "seconds": {len(date)}.5, "score": {score}}}')
        (tmp_path / name / ".lock").write_text(name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != contents(tmp_path / "c")
