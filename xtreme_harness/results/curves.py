"""What happens over training steps: losses within a run, scores over a series of checkpoints."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.regular import read_bytes
from xtreme_harness.files.text import LARGEST
from xtreme_harness.results.frame import MeanRow, means
from xtreme_harness.results.result import Result
from xtreme_harness.results.series import Series

__all__ = ["Curve", "Training", "read_training", "series_curves"]


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


def read_training(run: Result) -> list[Training]:
    """The trainings that a run did, by unit; lines that are no events, as a killed run may leave, are passed over."""
    found = []
    for file in sorted(run.path.glob("models/*/train.jsonl")) if run.path else ():
        events = list(_events(file))
        loss = _curves(events, lambda event: {str(event.get("task", "loss")): event.get("loss")})
        dev = _curves(events, lambda event: event["dev"] if isinstance(event.get("dev"), dict) else {})
        if loss or dev:
            found.append(Training(file.parent.name, loss, dev))
    return found


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
    try:
        raw = read_bytes(file, LARGEST)
    except OSError as error:
        raise OutputError(f"{file}: cannot be read ({error.strerror})") from None
    for line in raw.decode("utf-8", "replace").splitlines():
        try:
            event = parse_json(line)
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
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return float(value) if usable else None
