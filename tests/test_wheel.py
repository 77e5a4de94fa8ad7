"""The built wheel, installed alone: cards, samples and schemas are inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_wheel_holds_cards_samples_and_submissions(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "xtreme_harness/tasks/xnli.yaml" in names
    assert "xtreme_harness/tasks/suites.yaml" in names
    assert "xtreme_harness/tasks/samples/xnli/test-sw.tsv" in names
    assert "xtreme_harness/submissions/README.md" in names
    assert "xtreme_harness/py.typed" in names
    assert "xtreme_harness/gate/default.yaml" in names
    assert {f"xtreme_harness/report/page.{ending}" for ending in ("html", "css", "js")} <= names
    assert not [name for name in names if name.startswith("tests/")]


@pytest.mark.slow
def test_wheel_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "HF_HUB_OFFLINE": "1"}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run("-c", "from xtreme_harness.cards import folder; print(folder())").strip()
    assert where == str(site / "xtreme_harness" / "tasks")
    printed = run("-m", "xtreme_harness.cli.main", "demo", "demo")
    assert "checkpoint, xtreme, test split" in printed
    runs = tmp_path / "demo" / "runs" / "checkpoint"
    assert (runs / "hellaswag" / "seed-42" / "leaderboard-xtreme-r.json").exists()
