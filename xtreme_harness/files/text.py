"""Text files: read whole, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, OutputError

__all__ = ["TEMPORARY", "read_text", "write_atomic", "write_json"]

TEMPORARY = ".tmp"  # ending of a file that is being written


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """A UTF-8 text, a byte-order mark dropped; with "utf-8" as encoding, kept."""
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def write_atomic(path: Path, text: str) -> None:
    """Write a file that is either whole or not there; OutputError when it cannot be written."""
    name = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY, delete=False
        ) as file:
            name = file.name
            file.write(text)
        os.chmod(name, 0o644)  # noqa: PTH101 - a temporary file is private by default, a result is not
        os.replace(name, path)  # noqa: PTH105 - the name is a string here
        name = None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        if name:  # it failed, or was interrupted
            Path(name).unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with two-space indent, keys in their order, atomically."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
