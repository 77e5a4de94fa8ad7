"""Names of files by pattern."""

from __future__ import annotations

import pytest

from xtreme_harness.cards import FileSource
from xtreme_harness.data.patterns import filled, pattern_path
from xtreme_harness.errors import CardError

SOURCE = FileSource(format="tsv", files={"test": {"rows": ("x",)}}, languages={"de": "deu"})


def test_braces_are_filled_wherever_they_stand() -> None:
    value = {"a": ["{language}.{code}", 3], "b": {"c": "{name}"}}
    assert filled(value, "de", {"de": "deu"}) == {"a": ["de.deu", 3], "b": {"c": "German"}}


def test_a_file_is_written_under_the_first_pattern_without_wildcards() -> None:
    assert pattern_path(["{code}/*.tsv", "{code}/a.tsv", "b.tsv"], SOURCE, "de") == "deu/a.tsv"
    with pytest.raises(CardError, match=r"files: found a\*, \[b\], expected one without wildcards"):
        pattern_path(["a*", "[b]"], SOURCE, "de")
