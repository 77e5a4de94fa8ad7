"""A checkpoint is put in its place so that a lost machine leaves it whole or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.training.placing import put_in_place


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of new files, and the folder where older ones lie."""
    new, folder = tmp_path / "out" / ".saving", tmp_path / "out"
    for name in ("config.json", "model.safetensors", "xharness.json", "heads/xnli/head.safetensors"):
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_text("new")
    for name in ("config.json", "xharness.json", "heads/squad.json", "model-1.safetensors", "modules.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old")
    return new, folder


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_new_files_are_there_and_old_ones_are_not(places: tuple[Path, Path]) -> None:
    put_in_place(*places)
    names = ("config.json", "model.safetensors", "xharness.json", "heads/xnli/head.safetensors")
    assert content(places[1]) == dict.fromkeys(names, "new")
    assert not places[0].exists()


def test_the_notes_are_gone_first_and_come_last_each_on_the_disk(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, folder = places
    steps: list[str] = []
    replaced = os.replace

    def replace(source: str | Path, target: str | Path) -> None:
        steps.append(Path(target).name)
        replaced(source, target)

    def fsync(number: int) -> None:
        assert os.path.samestat(os.fstat(number), folder.stat())
        steps.append("on disk" if (folder / "xharness.json").exists() else "on disk, no notes")

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "fsync", fsync)
    put_in_place(new, folder)
    moved = sorted(steps[1:4])
    assert steps[0] == "on disk, no notes"
    assert moved == ["config.json", "heads", "model.safetensors"]
    assert steps[4:] == ["on disk, no notes", "xharness.json", "on disk"]


def test_a_disk_that_fails_is_told_in_one_line_and_nothing_says_that_it_is_whole(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(number: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError) as caught:
        put_in_place(*places)
    assert caught.value.faults == (
        f"{places[1]}: the checkpoint cannot be put there (Input/output error); make room and run the same command: "
        "what was trained is not lost",
    )
    assert not (places[1] / "xharness.json").exists()
    assert (places[1] / "config.json").read_text() == "old"
