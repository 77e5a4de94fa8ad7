"""Every reader, given valid files with random changes: nothing but the project's own errors comes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attack.mutations import CHUNKS, VALUES, edited, mutated, restructured
from tests.attack.readers import READERS, Laid, complaint
from xtreme_harness.errors import DataError

NUMBER = st.integers(0, 10 * max(len(CHUNKS), len(VALUES)))
EDITS = st.lists(st.tuples(st.integers(0, 19), st.floats(0, 0.999), NUMBER), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def laid(stock: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Laid]:
    return {one.name: Laid(one, stock, tmp_path_factory.mktemp("reader")) for one in READERS}


@pytest.mark.slow
@pytest.mark.parametrize("name", [one.name for one in READERS])
def test_a_changed_file_is_read_or_refused(name: str, laid: dict[str, Laid]) -> None:
    reader = laid[name]
    assert reader.complaint(reader.valid) == ""

    @settings(max_examples=15, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(edits=EDITS, by_structure=st.booleans())
    def holds(edits: list[tuple[int, float, int]], by_structure: bool) -> None:
        assert reader.complaint(mutated(reader.reader, reader.valid, edits, by_structure)) == ""

    holds()


@given(edits=EDITS)
def test_changes_of_structure_can_be_written(edits: list[tuple[int, float, int]]) -> None:
    value = restructured({"a": [1, {"b": "x"}], "c": None}, edits)
    json.dumps(value)
    yaml.safe_dump(value)


@given(raw=st.binary(max_size=60), edits=EDITS)
def test_changes_of_bytes_leave_the_original(raw: bytes, edits: list[tuple[int, float, int]]) -> None:
    assert isinstance(edited(raw, edits), bytes)


def test_only_errors_of_the_project_are_no_complaint() -> None:
    def refuse() -> None:
        raise DataError("x: wrong")

    def fail() -> None:
        raise KeyError("premise")

    assert complaint(refuse) == ""
    assert complaint(fail).startswith("KeyError at test_mutations.py:")
