r"""Bytes to lines and JSON, strictly: UTF-8 alone, and every fault with its line.

A byte order mark at the start is dropped. Lines end with `\n` or `\r\n` and nothing else: U+2028, U+0085, vertical
tabs and a lone `\r` are data (`str.splitlines` would cut there).
"""

from __future__ import annotations

import gzip
import json
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from xtreme_harness.data.formats.checks import refuse
from xtreme_harness.errors import DataError
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.regular import open_regular
from xtreme_harness.records import Json

__all__ = ["EMPTY", "json_lines", "open_bytes", "read_json_file", "read_lines", "stream_lines"]

EMPTY = "found an empty file, expected data, fetch the file again"


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading; DataError with the system's reason where that fails."""
    try:
        return open_regular(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"{path}: found no readable file ({reason}), expected a data file, check the path") from None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file, without their ends.

    Raises:
        DataError: the file is missing or empty, or lines are not UTF-8.
    """
    with open_bytes(path) as file:
        raw = file.read().removeprefix(BOM_UTF8)
    if not raw.strip():
        raise DataError(f"{path}: {EMPTY}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        faults: list[str] = []
        for number, line in enumerate(raw.split(b"\n"), 1):
            _decoded(line, f"{path}:{number}", faults)
        refuse(faults)
        raise
    lines = text.replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def stream_lines(path: Path, faults: list[str]) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line), holding one line in memory; lines that are not UTF-8 become faults.

    A file whose name ends in .gz is decompressed as it is read.

    Raises:
        DataError: the file is missing.
    """
    number = 0
    with open_bytes(path) as file:
        for number, raw in enumerate(_decompressed(path, file, faults), 1):
            line = raw.removeprefix(BOM_UTF8) if number == 1 else raw
            text = _decoded(line.removesuffix(b"\n").removesuffix(b"\r"), f"{path}:{number}", faults)
            if text is not None:
                yield number, text
    if not number and not faults:
        faults.append(f"{path}: {EMPTY}")


def _decompressed(path: Path, file: BinaryIO, faults: list[str]) -> Iterator[bytes]:
    if path.suffix != ".gz":
        yield from file
        return
    try:
        with gzip.GzipFile(fileobj=cast("IO[bytes]", file)) as plain:
            yield from plain
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        faults.append(f"{path}: found broken gzip data ({error}), expected a whole file, fetch it again")


def json_lines(path: Path, faults: list[str]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield (place, object) of every line of a JSON lines file; what is no object becomes a fault.

    Blank lines at the end of the file carry nothing and are passed over.

    Raises:
        DataError: the file is missing.
    """
    blanks: list[int] = []
    objects = 0
    for number, line in stream_lines(path, faults):
        if not line.strip():
            blanks.append(number)
            continue
        faults.extend(f"{path}:{n}: found a blank line, expected a JSON object, delete the line" for n in blanks)
        blanks.clear()
        objects += 1
        value = _parsed(line, path, number, faults)
        if isinstance(value, dict):
            yield f"{path}:{number}", value
        elif value is not None or line.strip() == "null":
            faults.append(
                f"{path}:{number}: found a JSON {type(value).__name__}, expected one JSON object a line, "
                "check that the file is JSON lines"
            )
    if not objects and not faults:
        faults.append(f"{path}: {EMPTY}")


def read_json_file(path: Path) -> Json:
    """Return the value that a JSON file holds.

    Raises:
        DataError: the file is missing, empty, not UTF-8 or not JSON.
    """
    faults: list[str] = []
    value = _parsed("\n".join(read_lines(path)), path, None, faults)
    refuse(faults)
    return value


def _decoded(raw: bytes, place: str, faults: list[str]) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        kind = "UTF-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else f"byte 0x{raw[error.start]:02x}"
        faults.append(f"{place}: found {kind} (position {error.start}), expected UTF-8, convert the file")
        return None


def _parsed(text: str, path: Path, number: int | None, faults: list[str]) -> Json:
    """Parse a file (no number) or one of its lines; None and a fault where that fails."""
    place = str(path) if number is None else f"{path}:{number}"
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        line = error.lineno if number is None else number
        fault = f"{path}:{line}: found broken JSON ({error.msg}, column {error.colno}), expected complete JSON"
    except ValueError as error:
        fault = f"{place}: found {error}, expected plain JSON"
    faults.append(f"{fault}, fetch the file again")
    return None
