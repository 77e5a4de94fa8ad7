"""What a checkpoint's files hold, as one hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from xtreme_harness.files.regular import open_regular
from xtreme_harness.models.checkpoint import base_of, encoder_beside
from xtreme_harness.models.small_files import read_adapter, read_notes

__all__ = ["NOT_WEIGHTS", "content_hash"]

# beside a network that was trained here, no part of it
NOT_WEIGHTS = ("heads", "stages", "training", "trials", "train.jsonl")


def content_hash(path: Path, weights: bool = True) -> str:
    """SHA-256 (hex) over the names and contents of a checkpoint's files, and of the base of an adapter.

    Args:
        path: folder.
        weights: with or without them.
    """
    total = hashlib.sha256()
    if (adapter := read_adapter(path)) is not None:
        base = base_of(adapter, path, str(path))
        total.update(f"base\0{base.commit or content_hash(base.path, weights)}\n".encode())
    if (shared := encoder_beside(path, read_notes(path), str(path))) is not None:
        total.update(f"encoder\0{content_hash(shared.path, weights)}\n".encode())
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        relative = file.relative_to(path)
        if relative.parts[0].startswith(".") or relative.parts[0] in NOT_WEIGHTS:
            continue
        if file.suffix not in (".safetensors", ".json", ".txt", ".model", ".jsonl", ".tiktoken"):
            continue
        if file.suffix == ".safetensors" and not weights:
            continue
        with open_regular(file) as stream:
            total.update(f"{relative.as_posix()}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()
