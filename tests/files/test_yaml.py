"""YAML of bounded size, every key once."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.errors import CardError
from xtreme_harness.files.yaml import read_yaml

CHAIN = "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 900))
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(BOMB, "more than 200,000 values, aliases written out", id="aliases of aliases"),
        pytest.param("a: &a\n  b: *a\n", "line 1: an alias stands within what it names", id="an alias of itself"),
        pytest.param("a: &a [*a]\n", "an alias stands within what it names", id="a list that holds itself"),
        pytest.param("a: " + "[" * 60 + "]" * 60, "nested more than 50 deep", id="deep"),
        pytest.param("a0: &a0 [x]\n" + CHAIN, "deep", id="chain"),
        pytest.param("a: " + "[" * 100_000, "maximum nesting depth", id="too deep to parse"),
        pytest.param("a: " + "9" * 5000, "a number of more than 4300 digits", id="long"),
        pytest.param("a: 2001-99-99", "month must be in 1..12", id="no date"),
        pytest.param("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "key 'c' stands twice", id="twice"),
        pytest.param("- a\n", "found a list, expected a mapping", id="list"),
        pytest.param("", "found nothing", id="empty"),
        pytest.param("a: b: c", "not YAML", id="no YAML"),
        pytest.param("a: \x00", "not YAML", id="NUL"),
        pytest.param("a: !!python/object/apply:os.system [ls]", "not YAML", id="code"),
        pytest.param("{[a, b]: 1}", "not YAML", id="a key that is a list"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(text)
    with pytest.raises(CardError) as caught:
        read_yaml(file)
    assert words in str(caught.value)
    assert all(fault.startswith(str(file)) and "\n" not in fault for fault in caught.value.faults)


def test_an_alias_is_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("a: &a {b: [1, 2]}\nc: *a\nd:\n  <<: *a\n  e: 1\n")
    assert read_yaml(tmp_path / "card.yaml") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": {"b": [1, 2], "e": 1}}


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "card.yaml").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(CardError, match="found 1 GiB, expected at most 8 MiB"):
        read_yaml(tmp_path / "card.yaml")
