"""Jobs of a graph done one by one, in processes of their own, as another program hands them out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fixtures.families import build
from tests.fixtures.warm import CLI, Child, Warm
from xtreme_harness.files.folder import locked

pytestmark = pytest.mark.slow
FLAGS = (
    "--data", "samples", "--recipe", "fast", "--set", "max_steps=2", "--dtype", "float32", "--languages", "en,de",
    "--device", "cpu",
)  # fmt: skip
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without any head."""
    torch.set_num_threads(1)
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


def graph(xharness: Run, *command: object) -> dict[str, Any]:
    shown = xharness(*command, "--dry-run", "--format", "json")
    assert shown.status == 0, shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


def arguments(command: list[str]) -> list[str]:
    """Those of a command of the graph, for a process that has imported everything."""
    assert command[1:3] == ["-m", "xtreme_harness.cli.main"]
    return command[3:]


def by_hand(told: dict[str, Any], warm: Warm, at_once: int = 2) -> None:
    """Do the jobs of a graph as a script of one's own would, some at once."""
    done: set[str] = set()
    left, running = {job["name"]: job for job in told["jobs"]}, dict[str, Child]()
    while left or running:
        for name, job in list(left.items()):
            if len(running) < at_once and done.issuperset(job["needs"]):
                running[name] = warm.start(CLI, arguments(left.pop(name)["command"]))
        name, child = next(iter(running.items()))
        assert child.wait(180) == 0, child.err
        assert child.out == f"{name}: done\n"
        done.add(name)
        del running[name]


def left_by(out: Path) -> dict[str, Any]:
    """Everything that is the same from run to run; of records all but the seconds."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if name.startswith("cells/") and path.is_file():
            found[name] = {key: value for key, value in json.loads(path.read_text("utf-8")).items() if key != "seconds"}
        elif path.name.endswith((".safetensors", ".tsv", ".jsonl")) or name.startswith(("leaderboard", "predictions")):
            found[name] = path.read_bytes() if path.is_file() and path.name != "train.jsonl" else None
    return found


def test_all_jobs_by_hand_and_collected_are_the_plain_run(
    xharness: Run, base: Path, tmp_path: Path, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes at once; a search among the jobs; the folder of results is moved away between the two runs."""
    monkeypatch.chdir(tmp_path)
    asked = ("eval", "-m", base, "-t", "xquad,mlqa,xnli,tatoeba", *FLAGS, "--set", "lr=1e-4,1e-3", "-o", "out")
    plain = xharness(*asked)
    assert plain.status == 0, plain.err
    shutil.move("out", "plain")
    told = graph(xharness, *asked, "--workers", 2)
    does = [job["does"] for job in told["jobs"]]
    assert (does.count("train"), does.count("choose")) == (4, 2)
    assert does.count("evaluate") > 3
    assert not (tmp_path / "out").exists()
    by_hand(told, warm)
    assert not (tmp_path / "out" / "results.json").exists()
    assert not [*(tmp_path / "out").glob(".lock"), *(tmp_path / "out").glob("log.txt")]
    assert [path for job in told["jobs"] for path in job["outputs"] if not Path(path).is_file()] == []
    assert graph(xharness, *asked, "--workers", 2) == told  # whatever is there
    collected = xharness(*arguments(told["command"]))
    assert collected.status == 0, collected.err
    assert "kept all 7 of 7 cells" in collected.out
    assert left_by(tmp_path / "out") == left_by(tmp_path / "plain") != {}


def test_a_job_says_what_is_to_be_done_first(
    xharness: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xtreme_harness.training.stage.LOST", 0.2)
    out = tmp_path / "out"
    asked = ("eval", "-m", base, "-t", "xquad,tatoeba", *FLAGS, "-o", out)
    told = graph(xharness, *asked)
    train, cells, as_it_is = (job["name"] for job in told["jobs"])
    done = xharness(*asked, "--job", cells)
    first = f"error: --job {cells}: needs what another job leaves; first: --job '{train}'"
    assert (done.status, done.errors, done.out) == (2, [first], "")
    done = xharness(*asked, "--job", "evaluate xqad")
    assert (done.status, len(done.errors)) == (2, 1)
    assert "error: --job evaluate xqad: no such job" in done.err
    assert "--dry-run --format json names all of them" in done.err
    (out / "models" / "squad").mkdir(parents=True)
    with locked(out / "models" / "squad"):  # another job is at it, which is none of this one's business
        done = xharness(*asked, "--job", as_it_is)
        assert (done.status, done.out) == (0, f"{as_it_is}: done\n"), done.err
        done = xharness(*asked, "--job", train)
        assert (done.status, "another xharness" in done.err) == (2, True)
    done = xharness(*asked, "--job", cells, "--job", train)  # in the order of the graph
    assert (done.status, done.out) == (0, f"{train}: done\n{cells}: done\n"), done.err
    with locked(out):
        done = xharness(*asked, "--job", cells)
        assert (done.status, "another xharness" in done.err) == (2, True)


def test_a_job_whose_cells_fail_ends_with_3(xharness: Run, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.copytree(samples / "xnli", tmp_path / "data" / "xnli")
    (tmp_path / "data" / "xnli" / "test-de.tsv").write_text("one column\n")
    asked = ("eval", "-m", "oracle", "-t", "xnli", "--data", tmp_path / "data", "-o", tmp_path / "out")
    (job,) = graph(xharness, *asked, "--languages", "de,en")["jobs"]
    done = xharness(*asked, "--languages", "de,en", "--job", job["name"])
    assert (done.status, done.out) == (3, f"{job['name']}: 1 of 2 cells failed\n")
    assert len(done.errors) == 1
    assert done.errors[0].startswith("failed: xnli de: ")
    assert (tmp_path / "out" / "cells" / "xnli" / "en.json").is_file()
    assert (job["seconds"], job["tokens"]) == (None, None)


def test_trainings_and_grids_are_graphs_too(xharness: Run, base: Path, tmp_path: Path, warm: Warm) -> None:
    (tmp_path / "grid.yaml").write_text(
        f"bases: [{base}]\nintermediates: [mnli]\ntargets: [xnli]\ndata: samples\nrecipe: fast\nset: [max_steps=2]\n"
        "languages: [de, en]\ndtype: float32\n",
        "utf-8",
    )
    out = tmp_path / "out"
    commands: dict[str, tuple[object, ...]] = {
        "train": ("train", "-m", base, "-t", "copa", *FLAGS[:6], "--seeds", "1,2", "-o", out / "train"),
        "grid": ("train", "--grid", tmp_path / "grid.yaml", "-o", out / "grid"),
    }
    counts = {}
    for name, command in commands.items():
        told = graph(xharness, *command)
        counts[name] = len(told["jobs"])
        by_hand(told, warm)
        weights = {path: path.stat().st_mtime_ns for path in (out / name).rglob("*.safetensors")}
        assert weights
        collected = xharness(*arguments(told["command"]))
        assert collected.status == 0, collected.err
        assert {path: path.stat().st_mtime_ns for path in (out / name).rglob("*.safetensors")} == weights
    assert counts == {"train": 2, "grid": 5}
    assert (out / "grid" / "gains.csv").is_file()
