"""How a tokenizer cuts languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.report.fertility import count, fertility, read_texts
from xtreme_harness.results.read import read_result


class Letters:
    """A tokenizer with a token a character; z is unknown."""

    unk_token_id: int | None = 0

    def __call__(self, text: str, **options: Any) -> dict[str, list[int]]:
        assert options["add_special_tokens"] is False
        return {"input_ids": [0 if char == "z" else 1 for char in text if char != " "]}


@pytest.mark.parametrize(
    ("code", "text", "units", "unit", "per_unit"),
    [
        ("de", "ab abcd", 2, "word", 3.0), ("zh", "ab cd", 4, "character", 1.0), ("th", "abc", 3, "character", 1.0),
        ("de", "  ", 0, "word", None),
    ],
    ids=["words", "characters", "no blanks", "nothing"],
)  # fmt: skip
def test_units(code: str, text: str, units: int, unit: str, per_unit: float | None) -> None:
    found = count(Letters(), code, [text])
    assert (found.units, found.unit) == (units, unit)
    assert found.per_unit == per_unit if per_unit else found.per_unit != found.per_unit


def test_unknown_tokens_are_counted() -> None:
    assert count(Letters(), "de", ["zzab"]).unknown_rate == 50.0
    bytewise = Letters()
    bytewise.unk_token_id = None
    assert count(bytewise, "de", ["zzab"]).unknown_rate == 0.0


def test_texts_of_a_run(oracle_run: Path) -> None:
    found = read_texts([read_result(oracle_run)], searching=["tatoeba", "bucc2018", "lareqa", "mewslix"])
    assert {"en", "de", "zh", "sw"} <= set(found)
    assert "ka" not in found  # stands in Tatoeba alone, whose queries are English
    assert all(len(lines) == len(set(lines)) for lines in found.values())
    assert not any(" " in line for line in found["zh"] if line.isalpha())


def test_without_samples_it_says_how_to_have_them(demo_run: Path) -> None:
    with pytest.raises(OutputError, match="--log-samples"):
        read_texts([read_result(demo_run)], [])


def test_by_language() -> None:
    assert {code: one.tokens for code, one in fertility(Letters(), {"de": ["ab"], "ja": ["abc"]}).items()} == {
        "de": 2, "ja": 3,
    }  # fmt: skip
