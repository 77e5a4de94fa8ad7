"""Fingerprints and the one-line signature."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_harness.signature import VERSION, changed_fields, fingerprint, library_versions, signature

FIELDS: dict[str, Any] = {
    "task": "xnli",
    "suites": ("xtreme",),
    "split": "test",
    "metric": "accuracy",
    "source": "facebook/xnli@b8dd5d7",
    "max_length": 128,
    "seed": 42,
    "dtype": "bfloat16",
    "fingerprint": "ab12cd34" * 8,
}


def test_the_line_of_the_contract() -> None:
    assert signature(FIELDS) == (
        "xnli|suite:xtreme|metric:accuracy|data:facebook/xnli@b8dd5d7|len:128|seed:42|dtype:bf16|fp:ab12cd34|v:"
        + VERSION
    )


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"limit": 5}, "|limit:5|"),
        ({"split": "dev"}, "|split:dev|"),
        ({"suites": ("xtreme", "tasks")}, "|suite:xtreme+tasks|"),
        ({"layer": 8, "pooling": "mean"}, "|layer:8|pool:mean|"),
        ({"layer": 0, "pooling": "cls"}, "|layer:0|pool:cls|"),
        ({"dtype": "float32"}, "|dtype:fp32|"),
        ({"dtype": "float16"}, "|dtype:fp16|"),
    ],
)
def test_what_is_not_usual_is_said(change: dict[str, Any], part: str) -> None:
    assert part in signature({**FIELDS, **change})


@pytest.mark.parametrize("absent", ["max_length", "dtype"])
def test_what_there_is_not_is_left_out(absent: str) -> None:
    assert "None" not in signature({**FIELDS, absent: None})


def test_it_is_one_line_without_blanks() -> None:
    assert not set(signature(FIELDS)) & set(" \n\t")


def test_order_does_not_matter_to_a_fingerprint_and_values_do() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert fingerprint({"a": 1}) != fingerprint({"a": 1, "b": None})
    assert len(fingerprint({})) == 64


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ({}, {}, ()),
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"a": 2}, ("a",)),
        ({"b": 1, "a": 1}, {"a": 2, "b": 3}, ("a", "b")),
        ({"a": 1}, {}, ("a",)),
        ({}, {"a": 1}, ("a",)),
        ({"a": {"x": 1}}, {"a": {"x": 2}}, ("a",)),
    ],
)
def test_changed_fields(old: dict[str, Any], new: dict[str, Any], names: tuple[str, ...]) -> None:
    assert changed_fields(old, new) == names


def test_library_versions_are_those_that_can_change_a_number() -> None:
    found = library_versions()
    assert {"torch", "transformers", "numpy"} <= set(found)
    assert "pytest" not in found
