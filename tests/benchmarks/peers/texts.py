"""The texts of a job, as plain lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def examples_of(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The examples: a dictionary of plain values each."""
    found: list[dict[str, Any]] = json.loads(Path(job["texts"]).read_text("utf-8"))["examples"]
    return found


def pool_of(job: dict[str, Any]) -> list[dict[str, str]]:
    """What is searched: `id` and `text` each."""
    found: list[dict[str, str]] = json.loads(Path(job["texts"]).read_text("utf-8"))["pool"]
    return found
