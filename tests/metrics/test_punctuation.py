from __future__ import annotations

import sys
import unicodedata

import pytest

from xtreme_harness.metrics.punctuation import MLQA_PUNCTUATION, PUNCTUATION, SQUAD_PUNCTUATION


def of_this_build() -> set[int]:
    return {point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)).startswith("P")}


def test_sizes() -> None:
    assert (len(PUNCTUATION), len(SQUAD_PUNCTUATION), len(MLQA_PUNCTUATION)) == (819, 32, 828)


def test_mlqa_adds_the_nine_ascii_symbols() -> None:
    assert {chr(point) for point in MLQA_PUNCTUATION.keys() - PUNCTUATION} == set("$+<=>^`|~")


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="needs a Python with Unicode 14.0")
def test_table_is_unicode_14() -> None:
    assert of_this_build() == PUNCTUATION


def test_later_builds_only_add() -> None:
    added = of_this_build() - PUNCTUATION
    assert of_this_build() >= PUNCTUATION
    assert all(unicodedata.ucd_3_2_0.category(chr(point)) == "Cn" for point in added)


@pytest.mark.parametrize("point", [0x11B00, 0x11F43], ids=["Devanagari Extended-A", "Kawi"])
def test_unicode_15_is_left_out(point: int) -> None:
    assert point not in MLQA_PUNCTUATION
