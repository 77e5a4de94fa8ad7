"""The reader of JSON that the program wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.errors import CardError, OutputError
from xtreme_harness.files.checked import read_checked, read_object
from xtreme_harness.files.schema import load_schema


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "a.json: no such file; expected a cell"), ("{", "a.json:1: not JSON"),
        ("[]", "a.json: found list, expected an object"), ("[" * 9999, "a.json: found JSON nested more than"),
        ("9" * 9999, "a.json: found a number of more than"),
    ],
    ids=["absent", "cut", "list", "deep", "long"],
)  # fmt: skip
def test_what_is_no_object(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "a.json").write_text(text, "utf-8")
    with pytest.raises(CardError) as caught:
        read_object(tmp_path / "a.json", "a cell", CardError)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{tmp_path}/{message}")


def test_a_folder_and_names_that_no_file_has(tmp_path: Path) -> None:
    named = {
        tmp_path: r"cannot be read \(Is a directory", tmp_path / "\0": "no such file",
        tmp_path / ("x" * 300): r"cannot be read \(.* long",
    }  # fmt: skip
    for place, reason in named.items():
        with pytest.raises(OutputError, match=reason):
            read_object(place)


def test_every_fault_of_a_file_and_no_endless_list(tmp_path: Path) -> None:
    file, schema = tmp_path / "series.json", load_schema("xtreme_harness.results", "series")
    file.write_text('{"runs": [' + ", ".join(["1"] * 30) + "]}", "utf-8")
    with pytest.raises(OutputError) as caught:
        read_checked(file, schema)
    assert caught.value.faults[0] == f"{file}: runs[0]: found 1, expected an object"
    assert caught.value.faults[-1] == "... and 20 more"
    file.write_text('{"runs": []}', "utf-8")
    assert read_checked(file, schema) == {"runs": []}
