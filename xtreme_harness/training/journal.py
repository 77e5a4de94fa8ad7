"""`train.jsonl`: what the loop told while it ran, one event a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.text import open_appending, read_text, write_atomic
from xtreme_harness.jobs.stopping import Stopped

__all__ = ["Journal"]


class Journal:
    """Writes the loop's events to `train.jsonl`; a continued run drops those that it will see again."""

    def __init__(self, path: Path, report: Callable[[Mapping[str, Any]], None]) -> None:
        self.path, self.report, self.first = path, report, True

    def write(self, event: Mapping[str, Any]) -> None:
        """Append one event."""
        with suppress(Stopped):  # the loop stops behind this step, when it is saved
            self.report(event)
        if self.first:
            self.first = False
            write_atomic(self.path, "".join(_before(self.path, event)))
        try:
            with open_appending(self.path) as file:
                file.write((json.dumps(event) + "\n").encode())
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from None


def _before(path: Path, event: Mapping[str, Any]) -> list[str]:
    try:
        lines = read_text(path, "utf-8").splitlines(keepends=True)
    except DataError:  # not there, or nothing that can be continued
        return []
    return [line for line in lines if _earlier(line, event)]


def _earlier(line: str, event: Mapping[str, Any]) -> bool:
    """Is it of an earlier step, or of the step itself where the event is the evaluation behind it?"""
    try:
        told = parse_json(line)
        return bool((told["step"], "dev" in told) < (event["step"], "dev" in event))
    except (ValueError, LookupError, TypeError):  # half a line, of a killed process
        return False
