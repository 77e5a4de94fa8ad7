"""A few kills of processes of evaluations, by each executor; `make attack` kills many."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.attack import executors
from tests.attack.crowds import WAYS, Crowd, end_of, inside
from tests.attack.executors import kill_executors
from tests.fixtures.warm import Warm

PAGE = Path(__file__).resolve().parents[2] / "docs" / "robustness.md"
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("names", "kills"),
    [
        (("local, one worker",), 2), (("local, two workers",), 4),
        pytest.param(("ray",), 1, marks=pytest.mark.ray), pytest.param(("slurm",), 1, marks=pytest.mark.slurm),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value),
)  # fmt: skip
def test_killed_and_run_again_they_leave_what_an_undisturbed_run_leaves(
    names: tuple[str, ...], kills: int, warm: Warm, stock: Path, tmp_path: Path
) -> None:
    if why := "; ".join(filter(None, (WAYS[name].lacking() for name in names))):
        pytest.skip(why)
    done = kill_executors(warm, names, stock, tmp_path, kills, 0)
    assert [group.cases for group in done] == [kills]
    assert [f"{group.name}: {one.case}: {' | '.join(one.faults)}" for group in done for one in group.found] == []


def test_an_executor_that_cannot_be_had_is_said_and_not_tried(
    warm: Warm, stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "_undisturbed", lambda *given: ({}, 0.0))
    way = executors.Way("--executor slurm", executors.WAYS["slurm"].crowd, lambda: "sbatch: not installed")
    monkeypatch.setitem(WAYS, "slurm", way)
    (group,) = kill_executors(warm, ["slurm"], stock, tmp_path, 5, 0)
    assert (group.name, group.cases) == ("executors: slurm (not tried: sbatch: not installed)", 0)


def test_the_processes_of_a_run_are_those_that_work_in_its_folder(warm: Warm, tmp_path: Path) -> None:
    box, other = tmp_path / "box", tmp_path / "box2"
    children: list[Any] = []
    for place in (box, other):
        place.mkdir()
        code = f"import os, time; os.chdir({str(place)!r}); open('there', 'w').close(); time.sleep(60)"
        children.append(warm.start(code))
        while not (place / "there").exists():
            assert children[-1].poll() is None, children[-1].err
    assert [pid for _, pid in inside(box)] == [children[0].pid]
    assert Crowd().victims(box, children[0].pid) == [("the driver", children[0].pid)]
    for child in children:
        child.kill()
        child.wait(10)
    assert end_of(box, 5) == []


def test_the_page_says_how_many_executors_are_tried() -> None:
    assert re.search(rf"\b{len(WAYS)} ways\b", " ".join(PAGE.read_text("utf-8").split()))
