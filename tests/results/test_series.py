"""series.json, and runs that are a series by their names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.results.read import read_result
from xtreme_harness.results.series import Entry, as_series, read_entries, read_series, write_entries


def write_series(folder: Path, *runs: tuple[str, Path, int]) -> Path:
    """A folder with series.json."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [{"name": name, "path": str(path), "step": step} for name, path, step in runs]
    (folder / "series.json").write_text(json.dumps({"runs": entries}), "utf-8")
    return folder


def test_a_series_stands_in_the_order_of_its_steps(oracle_run: Path, demo_run: Path, tmp_path: Path) -> None:
    found = read_series(write_series(tmp_path, ("late", oracle_run, 200), ("early", demo_run, 100)))
    assert found is not None
    assert (found.names, found.steps) == (("early", "late"), (100, 200))


def test_entries_are_read_as_they_were_written(tmp_path: Path) -> None:
    entries = [Entry("late", "late", 200), Entry("early", "a/early", 100)]
    write_entries(tmp_path, entries)
    assert read_entries(tmp_path) == entries[::-1]
    assert json.loads((tmp_path / "series.json").read_text("utf-8"))["schema_version"] == 1


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["step-20", "step-3", "step-100"], (3, 20, 100)), (["checkpoint-5", "x/checkpoint-10", "iter_7"], (5, 7, 10)),
        (["global_step5", "global_step6", "global_step7"], (5, 6, 7)), (["step-1", "step-2"], None),
        (["step-1", "step-2", "base"], None), (["step-1", "a/step-1", "step-2"], None),
        (["model-4-step-large", "b", "c"], None),
    ],
    ids=["in order", "mixed names", "global_step", "two", "one without", "twice the same", "no number"],
)  # fmt: skip
def test_names_say_the_steps(oracle_run: Path, names: list[str], steps: tuple[int, ...] | None) -> None:
    run = read_result(oracle_run)
    found = as_series([replace(run, model=name) for name in names])
    assert (found.steps if found else None) == steps


def test_no_series(tmp_path: Path) -> None:
    assert read_series(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"runs": [{"name": "a"}]}',
        '{"runs": []}',
        '{"runs": {}}',
        '{"schema_version": 2, "runs": []}',
        '{"runs": [{"name": "a", "path": "a", "step": 1e999}]}',
        '{"runs": [{"name": "a", "path": "\\u0000", "step": 1}]}',
        '{"runs": [{"name": "a", "path": "a", "step": 1}, {"name": "a", "path": "b", "step": 2}]}',
    ],
    ids=["cut", "list", "no step", "empty", "no list", "newer", "endless", "no path", "twice"],
)
def test_a_wrong_series_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "series.json").write_text(text, "utf-8")
    with pytest.raises(OutputError, match=r"series\.json(:1)?: "):
        read_series(tmp_path)


def test_every_absent_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        read_series(write_series(tmp_path, ("a", Path("a"), 1), ("b", Path("b"), 2)))
    assert len(caught.value.faults) == 2
