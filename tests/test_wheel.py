"""The built wheel, installed alone: cards, samples and schemas are inside it. tests/cli/test_demo.py runs its demo."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.fixtures.wheel import build_wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.slow
def test_wheel_holds_cards_samples_and_submissions(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "xtreme_harness/tasks/xnli.yaml" in names
    assert "xtreme_harness/tasks/suites.yaml" in names
    assert "xtreme_harness/tasks/samples/xnli/test-sw.tsv" in names
    assert "xtreme_harness/submissions/README.md" in names
    assert "xtreme_harness/py.typed" in names
    assert "xtreme_harness/gate/default.yaml" in names
    assert {f"xtreme_harness/results/{name}.schema.json" for name in ("results", "leaderboard")} <= names
    assert {f"xtreme_harness/report/page.{ending}" for ending in ("html", "css", "js")} <= names
    assert not [name for name in names if name.startswith("tests/")]
