"""Finished files of a checkpoint, put where they belong; needs no torch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from xtreme_harness.plan.paths import NOTES

__all__ = ["put_in_place"]


def put_in_place(new: Path, folder: Path) -> None:
    """Move the finished files over the old ones; `xharness.json`, which says that all are there, comes last."""
    (folder / NOTES).unlink(missing_ok=True)
    names = {path.name for path in new.iterdir()}
    (folder / "modules.json").unlink(missing_ok=True)
    for name in {"heads", *names}:
        shutil.rmtree(folder / name, ignore_errors=True)  # folders alone; files are replaced
    for path in sorted(new.iterdir(), key=lambda path: path.name == NOTES):
        os.replace(path, folder / path.name)  # noqa: PTH105 - replaces what is there
    for old in folder.glob("*.safetensors"):
        if old.name not in names:
            old.unlink()
    shutil.rmtree(new)  # a rename onto another name of the same file leaves both
