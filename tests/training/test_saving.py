"""Checkpoints are written inside their folder, whatever the base says."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import build
from xtreme_harness import train
from xtreme_harness.errors import ModelError, OutputError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.training.saving import _copy_sentence_files

QUICK: dict[str, Any] = {"data": "samples", "recipe": "fast", "settings": ["max_steps=1"], "dtype": "float32"}


def pooled(path: Path, place: str) -> Path:
    """An encoder whose pooling lies in some folder below it, or elsewhere."""
    build("bert", None, path)
    modules = [{"type": "s.Transformer", "path": ""}, {"type": "s.Pooling", "path": place}]
    (path / "modules.json").write_text(json.dumps(modules))
    (path / place).mkdir(parents=True, exist_ok=True)
    (path / place / "config.json").write_text('{"pooling_mode": "mean"}')
    return path


def test_a_nested_pooling_folder_comes_along(tmp_path: Path) -> None:
    base = pooled(tmp_path / "base", "a/b/1_Pooling")
    train(base, "hellaswag", output=tmp_path / "out", limit_train=4, **QUICK)
    sentence = find_checkpoint(str(tmp_path / "out"), None).sentence
    assert sentence is not None and sentence.mode == "mean"


@pytest.mark.parametrize("place", ["../../payload", "a/../../../payload"])
def test_a_folder_outside_is_refused_and_nothing_is_written(tmp_path: Path, place: str) -> None:
    base = pooled(tmp_path / "x" / "base", place)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match=r"modules.json: \[1\].path: .* leads out of its folder"):
        train(base, "hellaswag", output=tmp_path / "out" / "deep" / "er", limit_train=4, **QUICK)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_saved_is_not_replaced(tmp_path: Path) -> None:
    base, new = pooled(tmp_path / "base", "heads/xnli"), tmp_path / "new"
    pooled(base, "own")
    new.mkdir()
    (base / "own" / "config.json").unlink()
    (base / "modules.json").write_text('[{"path": "heads/xnli"}, {"path": "own"}, {"path": "."}]'.replace('"."', '""'))
    _copy_sentence_files(base, new)
    assert [path.name for path in new.iterdir()] == ["modules.json"]


def test_a_pipe_in_place_of_a_pooling_file_is_not_waited_for(tmp_path: Path) -> None:
    base = pooled(tmp_path / "base", "1_Pooling")
    (base / "1_Pooling" / "config.json").unlink()
    os.mkfifo(base / "1_Pooling" / "config.json")
    with pytest.raises(ModelError, match=r"config.json: cannot be read \(found a pipe, expected a file\)"):
        find_checkpoint(str(base), None)


def test_a_disk_that_is_full_when_it_is_waited_for_leaves_what_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = pooled(tmp_path / "base", "1_Pooling")
    (out := tmp_path / "out").mkdir()
    synced = os.fsync

    def full(number: int) -> None:
        if Path(f"/proc/self/fd/{number}").readlink().name == "model.safetensors":
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(number)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"the checkpoint cannot be saved \(no space left on the disk\)"):
        train(base, "hellaswag", output=out, limit_train=4, **QUICK)
    assert not (out / "xharness.json").exists()
    assert not (out / ".saving").exists()
    monkeypatch.undo()
    train(base, "hellaswag", output=out, limit_train=4, **QUICK)
    assert (out / "xharness.json").exists()
