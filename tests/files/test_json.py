"""JSON that others wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtreme_harness.errors import ModelError
from xtreme_harness.files.json import DEPTH, parse_json, read_json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[" * 1000 + "]" * 1000, "nested more than 100 deep", id="deep"),
        pytest.param('{"a":' * 200 + "1" + "}" * 200, "nested more than 100 deep", id="deep objects"),
        pytest.param("[" * 1_000_000, "nested more than 100 deep", id="too deep to parse"),
        pytest.param("9" * 5000, "a number of more than 4300 digits", id="long"),
        pytest.param('{"a": -' + "9" * 5000 + "}", "a number of more than 4300 digits", id="long within"),
        pytest.param('"\\ud800"', "half a surrogate pair", id="half a character"),
        pytest.param('{"\\udc00": 1}', "half a surrogate pair", id="half a character in a key"),
        pytest.param("{", "Expecting property name", id="broken"),
        pytest.param("", "Expecting value", id="empty"),
    ],
)
def test_what_cannot_be_read_is_a_value_error_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_json(text)


@pytest.mark.parametrize("text", ["[" * DEPTH + "]" * DEPTH, '"\\ud83d\\ude00"', "9" * 4300, '{"a": [1, null, 1e5]}'])
def test_what_can_be_read_is_what_the_library_reads(text: str) -> None:
    assert parse_json(text) == json.loads(text)


def test_a_wide_value_is_not_deep() -> None:
    assert parse_json("[" + ",".join(["[]"] * 1000) + "]") == [[]] * 1000


def test_a_file_is_named_with_the_line_and_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{\n "a": }')
    with pytest.raises(ModelError) as caught:
        read_json(file, ModelError, "save it again")
    assert str(caught.value) == f"{file}:2: not JSON (Expecting value, column 7); save it again"
    with pytest.raises(ModelError, match="no such file"):
        read_json(tmp_path / "none.json", ModelError)
