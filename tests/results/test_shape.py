"""What an object of a JSON file must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.results.shape import COUNT, FIGURES, FLAG, NUMBER, TEXT, TEXTS, Shape, either, faults_of, optional
from xtreme_harness.results.shape import read_object as read


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (TEXT, "x", 1), (NUMBER, 1.5, True), (COUNT, 0, -1), (COUNT, 3, 1.5), (FLAG, False, 0),
        (TEXTS, ["a"], ["a", 1]),
        (FIGURES, {"a": 1}, {"a": None}), (either("test", "dev"), "dev", "train"), (optional(TEXT), None, 1),
    ],
    ids=lambda value: value.words if isinstance(value, Shape) else "",
)  # fmt: skip
def test_shapes(shape: Shape, good: Any, bad: Any) -> None:
    assert faults_of({"x": good}, {"x": shape}, "f") == []
    (fault,) = faults_of({"x": bad}, {"x": shape}, "f")
    assert fault.startswith("f: x: found ") and fault.endswith(f", expected {shape.words}")


def test_long_values_are_cut_and_what_is_no_object_is_said() -> None:
    assert len(faults_of({"x": "y" * 999}, {"x": NUMBER}, "f")[0]) < 80
    assert faults_of([1], {"x": NUMBER}, "f") == ["f: found [1], expected an object"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.json: no such file; expected a cell"):
        read(tmp_path / "a.json", "a cell")
    (tmp_path / "b.json").mkdir()
    with pytest.raises(OutputError, match=r"b\.json: cannot be read"):
        read(tmp_path / "b.json")
