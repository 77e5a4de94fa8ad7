"""A tiny checkpoint with a head, and a copy of it to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fixtures.families import build
from xtreme_harness.models.head_table import SEQUENCE


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with XNLI's labels; read only."""
    return build("bert", SEQUENCE, tmp_path_factory.mktemp("nli"), ("contradiction", "entailment", "neutral"))


@pytest.fixture
def copy(nli: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(nli, tmp_path / "copy"))
