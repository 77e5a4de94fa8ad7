"""Values as messages show them."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_harness.files.shown import plain, shown, some


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\x1b]0;x\x07\n", r"'a\x1b]0;x\x07\n'"),
        ("x" * 5_000_000, "'" + "x" * 60 + "'..."),
        (None, "None"),
        (float("nan"), "nan"),
        ([1, "a"], "[1, 'a']"),
        (list(range(1000)), str(list(range(1000)))[:60] + "..."),
        (1 << 40_000, "a number too long to show"),
        (nested(100_000), "a list too long to show"),
    ],
    ids=["escapes", "long", "none", "nan", "list", "long list", "digits", "deep"],
)
def test_a_value_is_one_short_line(value: Any, text: str) -> None:
    assert shown(value) == text


def test_names_are_cut() -> None:
    assert some(["a", 1]) == "a, 1"
    assert some(["x" * 99, "a\nb", ""]) == "'" + "x" * 60 + r"'..., 'a\nb', ''"
    assert [plain(name) for name in ("a b", "a\tb", 5)] == ["a b", r"'a\tb'", "5"]
    assert some(map(str, range(100)), 3) == "0, 1, 2 and others"
