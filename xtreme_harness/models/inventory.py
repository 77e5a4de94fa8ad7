"""What stands in a checkpoint's folder, looked at before any file is opened: a library that is given a pipe waits.

Links to files are as good as files: the Hub's cache is made of them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from xtreme_harness.errors import ModelError, listed
from xtreme_harness.files.regular import kind_of

__all__ = ["is_checkpoint", "require_files", "require_folder"]

_READ = (".json", ".jsonl", ".txt", ".model", ".safetensors", ".tiktoken", ".codes", ".jinja", ".vocab", ".bpe", ".py")
_KNOWN = (  # names that a library asks for, which must then be a file that can be read
    "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", "generation_config.json", "modules.json", "xharness.json",
    "adapter_config.json", "model.safetensors.index.json", "chat_template.jinja",
)  # fmt: skip
_TEMPLATES = "additional_chat_templates"  # read with a tokenizer


def is_checkpoint(path: Path) -> bool:
    """Is there a file, or something in the place of one, that says what a checkpoint is?"""
    return os.path.lexists(path / "config.json") or os.path.lexists(path / "adapter_config.json")


def require_folder(path: Path, name: str) -> None:
    """Raise ModelError where a folder cannot be looked into."""
    if not os.access(path, os.R_OK | os.X_OK):
        raise ModelError(f"{name}: cannot be read ({os.strerror(errno.EACCES)}); let your user read the folder")


def require_files(path: Path) -> None:
    """Raise ModelError for everything in a checkpoint's folder that stands in the place of a file and is none.

    Raises:
        ModelError: every pipe, device and socket, link to nothing, folder in the place of a file, and file that may
            not be read; one line each.
    """
    require_folder(path, str(path))
    faults = [f"{file}: {fault}" for file in _candidates(path) if (fault := _fault(file))]
    if faults:
        raise ModelError(*listed(faults))


def _candidates(path: Path) -> Iterator[Path]:
    for folder in (path, path / _TEMPLATES):
        if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
            yield from (file for file in sorted(folder.iterdir()) if file.suffix in _READ)


def _fault(file: Path) -> str:
    known = file.name in _KNOWN or file.suffix == ".safetensors"
    try:
        kind = kind_of(file.stat().st_mode)
    except FileNotFoundError:
        return "a link to nothing, expected a file; is the checkpoint complete?" if known else ""
    except OSError as error:  # links in a circle, a folder on the way that is closed
        return f"cannot be read ({error.strerror})"
    if kind and (known or kind != "a folder"):
        return f"found {kind}, expected a file"
    if not kind and not os.access(file, os.R_OK):
        return f"cannot be read ({os.strerror(errno.EACCES)})"
    return ""
