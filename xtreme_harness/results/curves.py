"""What happens over training steps: losses within a run, scores over a series of checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.plan.series import step_of
from xtreme_harness.results.frame import MeanRow, means
from xtreme_harness.results.read import Run, read_run

__all__ = ["Curve", "Series", "Training", "as_series", "read_series", "read_training", "series_curves"]

_FEWEST = 3  # checkpoints that make a series by their names alone


@dataclass(frozen=True, slots=True)
class Curve:
    """Points over steps, in rising order."""

    name: str
    steps: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = ()  # ends of the band; () = none
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """The training of one unit."""

    unit: str
    loss: tuple[Curve, ...]  # one a task
    dev: tuple[Curve, ...]  # one a measure of the dev set


@dataclass(frozen=True, slots=True)
class Series:
    """Evaluations of several checkpoints of one training run."""

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    steps: tuple[int, ...]  # in rising order


def read_training(run: Run) -> list[Training]:
    """The trainings that a run did, by unit; lines that are no events, as a killed run may leave, are passed over."""
    found = []
    for file in sorted(run.path.glob("models/*/train.jsonl")):
        events = list(_events(file))
        loss = _curves(events, lambda event: {str(event.get("task", "loss")): event.get("loss")})
        dev = _curves(events, lambda event: event["dev"] if isinstance(event.get("dev"), dict) else {})
        if loss or dev:
            found.append(Training(file.parent.name, loss, dev))
    return found


def read_series(folder: Path) -> Series | None:
    """The runs that `series.json` of a folder names; None where it has none.

    Raises:
        OutputError: when the file or a run of it is not as expected; every fault.
    """
    file = folder / "series.json"
    if not file.is_file():
        return None
    try:
        entries = json.loads(file.read_text("utf-8"))["runs"]
        named = sorted((int(e["step"]), str(e["name"]), folder / e["path"]) for e in entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f'{file}: expected {{"runs": [{{"name", "path", "step"}}]}}, found {error!r}') from None
    runs: list[Run] = []
    faults: list[str] = []
    for _, _, path in named:
        try:
            runs.append(read_run(path))
        except OutputError as error:
            faults.extend(error.faults)
    if faults or not runs:
        raise OutputError(*listed(faults or [f"{file}: names no run"]))
    return Series(tuple(runs), tuple(name for _, name, _ in named), tuple(step for step, _, _ in named))


def as_series(runs: Sequence[Run]) -> Series | None:
    """Runs of checkpoints whose names say their steps, as a series; None for others, and for fewer than three."""
    named = []
    for run in runs:
        found = [step_of(name) for name in (Path(run.model).name, run.path.name)]
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


def series_curves(series: Series) -> dict[str, dict[str, list[Curve]]]:
    """Scope -> "means" (overall and of groups) and "tasks" -> curves over the steps, with their 95 % bands."""
    rows = means(series.runs, [str(step) for step in series.steps])
    points: dict[tuple[str, str, str], list[MeanRow]] = {}
    for row in rows:
        points.setdefault((row.scope, "tasks" if row.level == "task" else "means", row.name), []).append(row)
    found: dict[str, dict[str, list[Curve]]] = {}
    for (scope, level, name), line in points.items():
        found.setdefault(scope, {}).setdefault(level, []).append(_banded(name, line))
    return found


def _banded(name: str, line: Sequence[MeanRow]) -> Curve:
    return Curve(
        name, tuple(float(row.run) for row in line), tuple(row.value for row in line),
        tuple(row.low for row in line), tuple(row.high for row in line),
    )  # fmt: skip


def _events(file: Path) -> Iterator[Mapping[str, Any]]:
    for line in file.read_text("utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and _number(event.get("step")) is not None:
            yield event


def _curves(events: Sequence[Mapping[str, Any]], values_of: Any) -> tuple[Curve, ...]:
    """One curve a name; of two events of one step the later holds, as a run that was continued writes it again."""
    points: dict[str, dict[float, float]] = {}
    for event in events:
        for name, value in values_of(event).items():
            number = _number(value)
            if number is not None:
                points.setdefault(name, {})[float(event["step"])] = number
    return tuple(
        Curve(name, tuple(sorted(line)), tuple(line[step] for step in sorted(line))) for name, line in points.items()
    )


def _number(value: Any) -> float | None:
    """A finite number, or None."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return float(value) if usable else None
