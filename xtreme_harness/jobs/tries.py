"""The tries of a job on disk: their files, and the lines of JSON in them.

OUT/.jobs/train-out-models-xnli-1f0c2a9b/
try-1.asked      written by whoever hands the job out: a word, by which a worker knows that it sees this folder
try-1.jsonl      written by the worker, and by no other
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.regular import open_regular
from xtreme_harness.files.text import open_appending

__all__ = ["UNSEEN", "Line", "Try", "asked_for", "new_number", "open_said", "said_since", "say", "whole_lines"]

Line = dict[str, Any]
UNSEEN = 30.0  # seconds until what another node has written is seen here
_NAME = re.compile(r"try-(\d{1,6})\.(asked|jsonl)")


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a job, as a worker is asked for it."""

    folder: Path  # of the job
    number: int  # from 1
    word: str = ""  # that stands in `asked`

    @property
    def asked(self) -> Path:
        """Where the word stands."""
        return self.folder / f"try-{self.number}.asked"

    @property
    def said(self) -> Path:
        """Where the worker writes."""
        return self.folder / f"try-{self.number}.jsonl"


def asked_for(folder: Path) -> list[int]:
    """The numbers of the tries of a job that were asked for, the first first."""
    return sorted(number for number, ending in _files(folder) if ending == "asked")


def new_number(folder: Path) -> int:
    """A number that no try of a job has, not even one of which a worker alone has left something."""
    return max((number for number, _ in _files(folder)), default=0) + 1


def _files(folder: Path) -> list[tuple[int, str]]:
    names = [path.name for path in folder.glob("try-*.*")]
    return [(int(found[1]), found[2]) for name in names if (found := _NAME.fullmatch(name))]


def said_since(one: Try, at: int = 0) -> bytes:
    """What a worker has said, from a byte on, in whole lines; half a line waits.

    Nothing where the file is not there yet, or not seen yet, or is no file.
    """
    try:
        with open_regular(one.said) as stream:
            stream.seek(at)
            new = stream.read()
    except OSError:
        return b""
    return new[: new.rfind(b"\n") + 1]


def whole_lines(raw: bytes) -> list[Line]:
    """The objects in lines of JSON; what is none says nothing."""
    return [line for text in raw.splitlines() if isinstance(line := _parsed(text), dict)]


def open_said(one: Try) -> IO[bytes]:
    """Open the file of a try for what its worker says next.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        return open_appending(one.said)
    except OSError as error:
        raise OutputError(f"{one.said}: cannot be written ({error.strerror})") from None


def say(stream: IO[bytes], **line: Any) -> None:
    """Write one line.

    Raises:
        OutputError: it cannot be written.
    """
    left = json.dumps(line).encode() + b"\n"
    try:
        while left:  # a disk that is nearly full takes a part
            left = left[stream.write(left) :]
    except OSError as error:
        raise OutputError(f"{getattr(stream, 'name', 'a message')}: cannot be written ({error.strerror})") from None


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
