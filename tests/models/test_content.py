"""The hash of a checkpoint's files."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.families import edit_json
from xtreme_harness.models.content import content_hash


def test_hash_follows_every_file_that_counts(nli: Path, copy: Path) -> None:
    first = content_hash(nli)
    assert content_hash(copy) == first
    (copy / "training.log").write_text("x")
    assert content_hash(copy) == first
    edit_json(copy / "config.json", hidden_act="relu")
    assert content_hash(copy) != first
