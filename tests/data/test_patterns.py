"""Patterns of cards: filled, and never leading out of the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.cards import FileSource
from xtreme_harness.data.patterns import filled, matches, pattern_path
from xtreme_harness.errors import CardError


def test_filled_by_code_and_name() -> None:
    assert filled("{language}/{code}-{name}.tsv", "de", {"de": "deu"}) == "de/deu-German.tsv"
    assert filled({"a": ["{language}", 1]}, "de", {}) == {"a": ["de", 1]}


@pytest.mark.parametrize("name", ["../secret.tsv", "/etc/passwd", "a/../../b", "", "../*.tsv", "/etc/*"])
def test_no_pattern_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (root := tmp_path / "data").mkdir()
    (tmp_path / "secret.tsv").write_text("x")
    with pytest.raises(CardError) as caught:
        matches(root, name, "xnli")
    assert str(caught.value).startswith(f"xnli: the file name '{name}' ")


def test_files_of_a_pattern(tmp_path: Path) -> None:
    for name in ("b.tsv", "a.tsv", "c.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "d.tsv").mkdir()
    assert [path.name for path in matches(tmp_path, "*.tsv", "xnli")] == ["a.tsv", "b.tsv"]
    assert matches(tmp_path, "e.tsv", "xnli") == []
    with pytest.raises(CardError, match="is no pattern"):
        matches(tmp_path, "a**b", "xnli")


def test_a_file_is_written_under_the_first_pattern_without_wildcards() -> None:
    source = FileSource(format="tsv", files={"test": {"rows": ("x",)}}, languages={"de": "deu"})
    assert pattern_path(["{code}/*.tsv", "{code}/a.tsv", "b.tsv"], source, "de") == "deu/a.tsv"
    with pytest.raises(CardError, match=r"files: found a\*, \[b\], expected one without wildcards"):
        pattern_path(["a*", "[b]"], source, "de")
