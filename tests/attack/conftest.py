"""Valid files, and a folder that another user can enter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.stock import make_stock
from tests.conftest import Made


@pytest.fixture(scope="session")
def stock(made_once: Made) -> Path:
    """The valid files that bad ones are made from; read only."""
    return made_once("attack-stock", make_stock)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder whose parents anybody may enter, as pytest's may not."""
    with tempfile.TemporaryDirectory(prefix="xharness-attack-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        (folder / "hub").mkdir()
        yield folder
