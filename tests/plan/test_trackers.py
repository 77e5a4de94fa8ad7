"""Trackers of experiments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import build
from xtreme_harness import evaluate, train
from xtreme_harness.errors import MissingDependency, ModelError
from xtreme_harness.plan import trackers
from xtreme_harness.plan.trackers import require_tracker

SHORT = {"data": "samples", "recipe": "fast", "settings": ["max_steps=3", "eval_every=3"]}


def test_what_is_logged_stays_beside_the_checkpoint(tmp_path: Path) -> None:
    base = build("bert", None, tmp_path / "base")
    train(base, "mnli", output=tmp_path / "out", tracker="tensorboard", **SHORT)
    (events,) = (tmp_path / "out" / "tensorboard").rglob("events.*")
    written = events.read_bytes()
    assert all(name in written for name in (b"loss/mnli", b"dev/mnli", b"lr"))


@pytest.mark.slow
def test_a_tracker_leaves_the_checkpoint_as_it_is(tmp_path: Path) -> None:
    base = build("bert", None, tmp_path / "base")
    for name in ("tracked", "plain"):
        train(base, "mnli", output=tmp_path / name, tracker="tensorboard" if name == "tracked" else None, **SHORT)
    for name in ("model.safetensors", "xharness.json"):
        assert (tmp_path / "tracked" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_one_that_is_not_installed_is_refused_before_anything_is_written(
    tmp_path: Path, xharness: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = build("bert", None, tmp_path / "base")
    monkeypatch.setattr(trackers, "find_spec", lambda package: None)
    for command in (("train", "--tasks", "mnli"), ("eval", "--tasks", "xnli", "--languages", "en")):
        ended = xharness(*command, "-m", base, "--data", "samples", "--tracker", "wandb", "-o", tmp_path / "out")
        assert ended.status == 2
        assert ended.err.strip() == "error: --tracker wandb: not installed; pip install wandb"
    with pytest.raises(MissingDependency, match="pip install trackio"):
        evaluate("oracle", "xnli", data="samples", output=tmp_path / "out", tracker="trackio")
    assert not (tmp_path / "out").exists()


def test_an_unknown_one_is_named() -> None:
    with pytest.raises(ModelError, match=r"--tracker tensorbord: .*did you mean 'tensorboard'"):
        require_tracker("tensorbord")
