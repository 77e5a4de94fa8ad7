"""The demo's evaluation, from the command to its end, by so many workers: every head trained, every cell predicted.

Its encoder is so small that one worker does not fill two cores: what several gain is their number less what starting
them costs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.worker import ROOT, Prepared

__all__ = ["evaluated"]

ARGV = "-q eval --tasks xtreme,xtreme-r --data samples --recipe fast --device cpu --dtype float32"


def evaluated(job: dict[str, Any]) -> Prepared:
    """A process of its own that evaluates a tiny encoder; answers with a digest of each file of predictions."""
    from xtreme_harness.demonstration.tiny import build_base

    folder = Path(job["folder"])
    if not (folder / "base").exists():
        build_base(folder / "base")
    out = folder / f"out-{job['workers']}"
    command = [
        sys.executable, "-m", "xtreme_harness.cli.main", *ARGV.split(), "--model", str(folder / "base"),
        "--workers", str(job["workers"]), "--output-path", str(out),
    ]  # fmt: skip

    def run() -> list[str]:
        shutil.rmtree(out, ignore_errors=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        files = sorted(path for path in (out / "predictions").rglob("*") if path.is_file())
        return [f"{path.relative_to(out)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]

    return Prepared(run)
