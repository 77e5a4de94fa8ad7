"""Runs the steps of pages of documentation, each page in an empty folder of its own, all in this process.

    python -m tests.run_pages FOLDER < pages.json > ran.json

pages.json is {page: {"files": {name: text}, "steps": [[language, text], ...]}}; ran.json is {page: [{"status", "out",
"err"}, ...]}. A step is one command (`sh`) or a block of `python`. What makes the tiny checkpoint runs once, and every
page that asks for it gets a copy. What libraries read on import (HF_ENDPOINT, HF_HOME) comes from the environment.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.cli.main import main

DEMO = ("xharness demo demo", "make demo")  # the second is the first, in an environment of its own


def run_page(root: Path, page: str, files: Mapping[str, str], steps: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """What each step of a page left: its exit status and what it printed."""
    (root / page).mkdir(parents=True)
    os.chdir(root / page)
    for name, text in files.items():
        Path(name).write_text(text, "utf-8")
    names: dict[str, Any] = {}
    return [demo_of(root) if text in DEMO else run(language, text, names) for language, text in steps]


def demo_of(root: Path) -> dict[str, Any]:
    """Put the folder `demo` here: made for the first page that asks, linked for every one."""
    told = root / "demo.json"
    if not told.exists():
        with contextlib.chdir(root):
            told.write_text(json.dumps(run("sh", DEMO[0], {})), "utf-8")
    if (root / "demo").exists():
        shutil.copytree(root / "demo", "demo", copy_function=os.link)
    found: dict[str, Any] = json.loads(told.read_text("utf-8"))
    return found


def run(language: str, text: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run one step; the blocks of Python of a page share their names."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            if language == "sh":
                main(shlex.split(text, comments=True)[1:])
            else:
                exec(text, names)
        except SystemExit as stop:
            status = int(str(stop.code or 0))
        except Exception:
            traceback.print_exc()
            status = 1
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    where, printed, pages = Path(sys.argv[1]).resolve(), sys.stdout, json.load(sys.stdin)
    json.dump({page: run_page(where, page, **told) for page, told in pages.items()}, printed)
