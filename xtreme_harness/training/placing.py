"""Finished files of a checkpoint, put where they belong; needs no torch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from xtreme_harness.errors import OutputError
from xtreme_harness.files.lasting import sync_folder
from xtreme_harness.plan.paths import NOTES

__all__ = ["put_in_place"]


def put_in_place(new: Path, folder: Path) -> None:
    """Move the finished files over the old ones; `xharness.json`, which says that all are there, comes last.

    A machine that is lost in between leaves it gone or last too: each step is on the disk before the next.

    Args:
        new: folder with files that are on the disk.
        folder: where they belong.

    Raises:
        OutputError: they cannot be put there, and nothing says that they are.
    """
    try:
        _move(new, folder)
    except OSError as error:
        raise OutputError(
            f"{folder}: the checkpoint cannot be put there ({error.strerror or error}); make room and run the same "
            "command: what was trained is not lost"
        ) from error


def _move(new: Path, folder: Path) -> None:
    (folder / NOTES).unlink(missing_ok=True)
    sync_folder(folder)
    names = {path.name for path in new.iterdir()}
    (folder / "modules.json").unlink(missing_ok=True)
    for name in {"heads", *names}:
        shutil.rmtree(folder / name, ignore_errors=True)  # folders alone; files are replaced
    for path in sorted(new.iterdir(), key=lambda path: path.name == NOTES):
        if path.name == NOTES:
            sync_folder(folder)
        os.replace(path, folder / path.name)  # noqa: PTH105 - replaces what is there
    sync_folder(folder)
    for old in folder.glob("*.safetensors"):
        if old.name not in names:
            old.unlink()
    shutil.rmtree(new)  # a rename onto another name of the same file leaves both
