"""`train.jsonl`: what the loop told while it ran, one event a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.text import write_atomic

__all__ = ["Journal"]


class Journal:
    """Writes the loop's events to `train.jsonl`; a continued run drops those that it will see again."""

    def __init__(self, path: Path, report: Callable[[Mapping[str, Any]], None]) -> None:
        self.path, self.report, self.first = path, report, True

    def write(self, event: Mapping[str, Any]) -> None:
        """Append one event."""
        self.report(event)
        if self.first:
            self.first = False
            write_atomic(self.path, "".join(_before(self.path, int(event["step"]))))
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from None


def _before(path: Path, step: int) -> list[str]:
    if not path.exists():
        return []
    kept = []
    for line in path.read_text("utf-8").splitlines(keepends=True):
        try:
            if json.loads(line)["step"] < step:
                kept.append(line)
        except (ValueError, KeyError):
            continue
    return kept
