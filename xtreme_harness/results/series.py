"""`series.json`: the evaluated checkpoints of one training run, in the order of their steps.

{"schema_version": 1, "runs": [{"name": "step-1000", "path": "step-1000", "step": 1000}]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.files.checked import MOST, read_checked
from xtreme_harness.files.schema import load_schema
from xtreme_harness.files.text import write_json
from xtreme_harness.plan.series import SERIES_FILE, step_of
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result

__all__ = ["Entry", "Series", "as_series", "read_entries", "read_series", "write_entries"]

SCHEMA_VERSION = 1
_FEWEST = 3  # checkpoints that make a series by their names alone


@dataclass(frozen=True, slots=True)
class Entry:
    """One checkpoint."""

    name: str
    path: str  # of its run, from the folder of the series
    step: int


@dataclass(frozen=True, slots=True)
class Series:
    """Evaluations of several checkpoints of one training run."""

    runs: tuple[Result, ...]
    names: tuple[str, ...]
    steps: tuple[int, ...]  # in rising order


def write_entries(folder: Path, entries: Iterable[Entry]) -> None:
    """Write the file anew; OutputError when it cannot be written."""
    ordered = sorted(entries, key=lambda entry: (entry.step, entry.name))
    write_json(folder / SERIES_FILE, {"schema_version": SCHEMA_VERSION, "runs": [asdict(entry) for entry in ordered]})


def read_entries(folder: Path) -> list[Entry]:
    """The checkpoints, by rising step.

    Raises:
        OutputError: when the file is not there or not as expected; every fault.
    """
    file = folder / SERIES_FILE
    raw = read_checked(file, load_schema(__package__, "series"), "what `xharness eval` leaves of a series")
    found = [Entry(one["name"], one["path"], one["step"]) for one in raw["runs"]]
    twice = [name for name, times in Counter(entry.name for entry in found).items() if times > 1]
    if twice:
        raise OutputError(*listed([f"{file}: runs: '{name}' stands twice" for name in twice], MOST))
    return sorted(found, key=lambda entry: (entry.step, entry.name))


def read_series(folder: Path) -> Series | None:
    """The runs that `series.json` of a folder names; None where it has none.

    Raises:
        OutputError: when the file or a run of it is not as expected; every fault.
    """
    if not (folder / SERIES_FILE).is_file():
        return None
    entries = read_entries(folder)
    runs: list[Result] = []
    faults: list[str] = []
    for entry in entries:
        try:
            runs.append(read_result(folder / entry.path))
        except OutputError as error:
            faults.extend(error.faults)
    if faults or not runs:
        raise OutputError(*listed(faults or [f"{folder / SERIES_FILE}: names no run"]))
    return Series(tuple(runs), tuple(entry.name for entry in entries), tuple(entry.step for entry in entries))


def as_series(runs: Sequence[Result]) -> Series | None:
    """Runs of checkpoints whose names say their steps, as a series; None for others, and for fewer than three."""
    named = []
    for run in runs:
        found = [step_of(name) for name in (Path(run.model).name, Path(run.place).name)]
        step = next((one for one in found if one is not None), None)
        if step is None:
            return None
        named.append((step, run))
    if len(named) < _FEWEST or len({step for step, _ in named}) < len(named):
        return None
    named.sort(key=lambda pair: pair[0])
    return Series(
        tuple(run for _, run in named), tuple(f"step {step}" for step, _ in named), tuple(step for step, _ in named)
    )
