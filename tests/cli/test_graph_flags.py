"""The flags that show a graph and do its jobs: what they refuse, and the commands that they write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
ASKED = ("eval", "-m", "oracle", "-t", "xnli", "--data", "samples")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--format", "text"), "--format is of what --dry-run prints; add --dry-run"),
        (("--format", "json"), "--format is of what --dry-run prints; add --dry-run"),
        (("--dry-run", "--job", "x"), "--job does a job, --dry-run does none; leave one of them out"),
    ],
)
@pytest.mark.parametrize("command", ["eval", "train"])
def test_what_makes_no_sense_is_refused(xharness: Run, command: str, flags: tuple[str, ...], said: str) -> None:
    done = xharness(command, "-m", "oracle", "-t", "xnli", *flags)
    assert (done.status, done.errors, done.out) == (2, [f"error: xharness {command}: {said}"], "")


def graph(xharness: Run, *args: object) -> dict[str, Any]:
    done = xharness(*args, "--dry-run", "--format", "json")
    assert (done.status, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_commands_are_the_one_that_was_given(xharness: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XHARNESS_EVAL_LIMIT", "3")
    Path("-odd").mkdir()
    told = graph(xharness, "-q", *ASKED, "--data", "xcopa=-odd", "-o", "-out", "--languages", "de", "-s", "--force")
    same = ["-m", "xtreme_harness.cli.main", "--quiet", "eval", "--model", "oracle", "--tasks", "xnli"]
    same += ["--languages", "de", "--data", "samples", "--data", "xcopa=-odd", "--output-path=-out", "--limit", "3"]
    (job,) = told["jobs"]
    assert job["name"] == "evaluate xnli de"
    assert told["command"] == [sys.executable, *same, "--log-samples", "--workers", "1"]
    own = [sys.executable, *same, "--log-samples", "--force", "--workers", "1", "--job", job["name"]]
    assert sorted(job["command"]) == sorted(own)
    assert (told["folder"], told["output"]) == (str(tmp_path), str(tmp_path / "-out"))
    assert job["outputs"] == [str(tmp_path / "-out" / "cells" / "xnli" / "de.json")]
    assert job["cells"] == [["xnli", "de"]]
    assert [path.name for path in tmp_path.iterdir()] == ["-odd"]


def test_pieces_do_not_depend_on_the_machine_that_does_them(xharness: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What four GPUs stand for here is said to the processes that have one."""
    monkeypatch.setattr("xtreme_harness.jobs.local.crew.worker_environments", lambda workers, device, cores: [{}] * 4)
    told = graph(xharness, *ASKED)
    assert len(told["jobs"]) > 1
    assert all("--workers 4" in " ".join(job["command"]) for job in told["jobs"])
    monkeypatch.undo()
    assert [job["name"] for job in graph(xharness, *ASKED, "--workers", 4)["jobs"]] == [
        job["name"] for job in told["jobs"]
    ]
    assert len(graph(xharness, *ASKED)["jobs"]) == 1
    on_a_cluster = graph(xharness, *ASKED, "--executor", "ray")
    assert "--workers" not in on_a_cluster["command"]
    assert on_a_cluster["command"][-2:] == ["--executor", "ray"]


def test_a_graph_of_what_would_be_refused_is_refused(xharness: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output in ("file", "file/out"):
        done = xharness(*ASKED, "-o", tmp_path / output, "--dry-run", "--format", "json")
        assert (done.status, done.out, len(done.errors)) == (2, "", 1)
