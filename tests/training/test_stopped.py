"""A training that is told to stop saves its state there, and goes on to the weights of one that was not."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fixtures.families import build
from tests.fixtures.training_runs import prepared, stage_on_samples
from tests.fixtures.warm import Child, Warm
from xtreme_harness.jobs.stopping import Stopped, stop_if_asked, stop_on
from xtreme_harness.training import loop, selection
from xtreme_harness.training.journal import Journal
from xtreme_harness.training.network import merge_adapters

FEW = ("batch_size=8", "max_length=48", "lr=1e-3", "max_steps=13", "eval_examples=8", "warmup_ratio=0.1")
BEST = ("selection=best", "eval_every=3")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


class Run:
    """One training, in as many pieces as stops are asked for."""

    def __init__(self, base: Path, folder: Path, tasks: tuple[str, ...], settings: tuple[str, ...], dtype: str) -> None:
        self.stage = stage_on_samples(base, tasks, *FEW, *settings)
        self.folder, self.dtype = folder, dtype
        self.steps: list[int] = []  # that were computed, from 1
        self.looked: list[int] = []  # lessons or examples of every evaluation that was begun

    def piece(self) -> Mapping[str, torch.Tensor]:
        """What a process comes to that begins with what lies on disk: the weights at the end."""
        trainee, courses = prepared(self.stage)
        journal = Journal(self.folder / "train.jsonl", lambda event: stop_if_asked())  # as a worker's does
        loop.fit(
            trainee, courses, self.stage.hyper, self.stage.recipe.mixture, self.folder / "training", 1,
            device="cpu", dtype=self.dtype, report=journal.write,
        )  # fmt: skip
        merge_adapters(trainee)
        return trainee.state_dict()

    def journal(self) -> list[Any]:
        """What was told, without how long it took and what each process did of it."""
        events = [json.loads(line) for line in (self.folder / "train.jsonl").read_text().splitlines()]
        return [{k: v for k, v in e.items() if k not in ("seconds", "here", "tokens")} for e in events]


def watched(run: Run, monkeypatch: pytest.MonkeyPatch, stop_at: set[int], stop_in: set[int]) -> None:
    """Ask for a stop within steps, and within the evaluations of these numbers, by a signal to this process."""
    step, scores = loop._step, selection.dev_scores

    def stepped(*given: Any) -> None:
        if given[-1] + 1 in stop_at:
            os.kill(os.getpid(), signal.SIGUSR1)
        step(*given)
        run.steps.append(given[-1] + 1)

    def scored(*given: Any) -> Any:
        run.looked.append(run.steps[-1])
        if len(run.looked) in stop_in:
            os.kill(os.getpid(), signal.SIGUSR1)
        return scores(*given)

    monkeypatch.setattr(loop, "_step", stepped)
    monkeypatch.setattr(loop, "dev_scores", scored)


def to_the_end(run: Run) -> tuple[Mapping[str, torch.Tensor], int]:
    """The weights, and how often it was stopped."""
    for stops in range(40):
        with stop_on(signal.SIGUSR1):
            try:
                return run.piece(), stops
            except Stopped:
                assert (run.folder / "training" / "state.pt").exists()
    raise AssertionError("it does not end")


CASES = {
    "best weights": (("udpos",), BEST, "float32"),
    "batches in parts": (("mnli",), ("token_budget=64",), "float32"),
    "bfloat16": (("squad",), BEST, "bfloat16"),
    "float16": (("mnli",), BEST, "float16"),
    "several tasks": (("mnli", "udpos", "copa"), BEST, "float32"),
    "low rank": (("mnli",), ("lora_rank=4", *BEST), "float32"),
    "frozen": (("udpos",), ("freeze_encoder=true", *BEST), "float32"),
    "dual encoder": (("lareqa",), BEST, "float32"),
    "patience": (("mnli",), ("patience=2", "selection=best", "eval_every=2"), "float32"),
}


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=() if name == "best weights" else pytest.mark.slow) for name in CASES]
)
def test_stopped_at_every_step_it_ends_with_the_same_weights(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    whole, stopped = (Run(base, tmp_path / name, *CASES[case]) for name in ("whole", "stopped"))
    with monkeypatch.context() as patch:
        watched(whole, patch, set(), set())
        expected, _ = to_the_end(whole)
    watched(stopped, monkeypatch, set(range(1, 13)), set())
    found, stops = to_the_end(stopped)
    assert stopped.steps == whole.steps  # none was computed twice
    assert stops == min(12, len(whole.steps))
    assert set(found) == set(expected)
    assert not [name for name, value in found.items() if not torch.equal(value, expected[name])]
    assert stopped.journal() == whole.journal()


@pytest.mark.parametrize("task", ["udpos", pytest.param("lareqa", marks=pytest.mark.slow)])
def test_stopped_in_an_evaluation_it_makes_that_again(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    whole, stopped = (Run(base, tmp_path / name, (task,), BEST, "float32") for name in ("whole", "stopped"))
    with monkeypatch.context() as patch:
        watched(whole, patch, set(), set())
        expected, _ = to_the_end(whole)
    watched(stopped, monkeypatch, set(), {1, 3, 4, 6})
    found, stops = to_the_end(stopped)
    assert stops == 4
    assert (whole.looked, stopped.looked) == ([3, 6, 9, 12, 13], [3, 3, 6, 6, 6, 9, 9, 12, 13])
    assert stopped.steps == whole.steps
    assert not [name for name, value in found.items() if not torch.equal(value, expected[name])]
    assert stopped.journal() == whole.journal()


TRAIN = """
import signal, sys
from xtreme_harness import train
from xtreme_harness.jobs.stopping import Stopped, stop_on
from xtreme_harness.training import state
def never(saver, *given):  # saves of itself
    init(saver, *given)
    saver.next = float("inf")
init, state.Saver.__init__ = state.Saver.__init__, never
base, out, *settings = sys.argv[1:]
with stop_on(signal.SIGTERM):
    try:
        train(base, "udpos", data=["samples"], recipe="fast", dtype="float32", output=out, settings=settings)
    except Stopped:
        sys.exit(75)
"""
LONG = ("epochs=60", "batch_size=8", "max_length=48", "max_steps=60", "eval_examples=8", *BEST)


@pytest.mark.slow
def test_a_process_that_gets_the_signal_saves_and_lets_go(warm: Warm, base: Path, tmp_path: Path) -> None:
    def start(name: str) -> Child:
        return warm.start(TRAIN, [base, tmp_path / name, *LONG])

    process = start("whole")
    assert process.wait(300) == 0, process.err
    process, log = start("stopped"), tmp_path / "stopped" / "train.jsonl"
    while process.poll() is None and not (log.exists() and '"step": 10' in log.read_text()):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 75, process.err
    assert not (tmp_path / "stopped" / "xharness.json").exists()
    assert (tmp_path / "stopped" / "training" / "state.pt").exists()
    process = start("stopped")  # it is refused where the lock was not let go
    assert process.wait(300) == 0, process.err
    one, two = (tmp_path / name / "model.safetensors" for name in ("whole", "stopped"))
    assert one.read_bytes() == two.read_bytes()
