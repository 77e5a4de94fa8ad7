"""The checkpoints of one training run: a pattern of folders, in the order of their steps."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from xtreme_harness.errors import ModelError, listed
from xtreme_harness.files.folder import require_output
from xtreme_harness.jobs import Failure, attempt
from xtreme_harness.plan.evaluate import (
    PreparedEvaluation,
    plan_evaluation,
    prepare_evaluation,
    resolve_evaluation,
)
from xtreme_harness.plan.request import EvalRequest

__all__ = [
    "SERIES_FILE",
    "Member",
    "PreparedSeries",
    "find_members",
    "is_series",
    "prepare_series",
    "series_output",
    "step_in",
    "step_of",
]

SERIES_FILE = "series.json"
_STEP = re.compile(r"(?:step|checkpoint|iter)[-_]?(\d+)\b")


@dataclass(frozen=True, slots=True)
class Member:
    """One checkpoint of a series."""

    name: str  # its path below the part of the pattern that does not vary: "step-1000"
    path: Path
    step: int


@dataclass(frozen=True, slots=True)
class PreparedSeries:
    """A series of evaluations that nothing stands against as a whole; each of them may fail alone."""

    request: EvalRequest
    members: tuple[Member, ...]
    output: Path

    def request_of(self, member: Member) -> EvalRequest:
        """The evaluation of one checkpoint."""
        return replace(self.request, model=str(member.path), output=self.output / member.name)

    def evaluations(self, alone: bool = False) -> dict[str, PreparedEvaluation | Failure]:
        """What the evaluation of every checkpoint needs, or what stands against it, by the checkpoint's name.

        Args:
            alone: for one job of them, which looks after its own files; see `resolve_evaluation`.
        """
        find = resolve_evaluation if alone else prepare_evaluation
        return {one.name: attempt(one.name, partial(find, self.request_of(one)), ends=()) for one in self.members}


def prepare_series(request: EvalRequest) -> PreparedSeries:
    """Find the checkpoints that the request's model, a pattern, fits, and what stands against evaluating any of them.

    Raises:
        XHarnessError: for what is wrong for every checkpoint.
    """
    request.require_sense()
    plan_evaluation(request.tasks, request.data, request.languages, request.split, request.include, request.translated)
    output = request.output or series_output(request.model)
    members = find_members(request.model)
    require_output(output, files=[SERIES_FILE])
    return PreparedSeries(request, members, output)


def is_series(model: str) -> bool:
    """Is this a pattern for many checkpoints, and no checkpoint itself?

    >>> is_series("run/step-*"), is_series("org/name")
    (True, False)
    """
    return glob.has_magic(model) and not Path(model).exists()


def find_members(pattern: str) -> tuple[Member, ...]:
    """The folders that a pattern fits, in the order of their steps: step-2 before step-10.

    Raises:
        ModelError: when there are none; when names say no step, or the same; every fault.
    """
    root = _fixed(pattern)
    try:
        inside = [path for path in root.glob(Path(pattern).relative_to(root).as_posix()) if path.is_dir()]
    except (ValueError, OSError) as error:  # `a**b` is no pattern
        raise ModelError(f"--model {pattern}: {error}") from None
    folders = sorted(path for path in inside if not path.name.startswith("."))
    if not folders:
        raise ModelError(
            f"--model {pattern}: fits no folder; expected checkpoints such as run/step-1000, run/step-2000"
        )
    names = {path: path.relative_to(root).as_posix() for path in folders}
    steps = {path: step_in(name) for path, name in names.items()}
    faults = [
        f"{path}: its name says no step; narrow --model {pattern}" for path, step in steps.items() if step is None
    ]
    members = [Member(names[path], path, step) for path, step in steps.items() if step is not None]
    members.sort(key=lambda member: member.step)
    faults += [
        f"{one.path}, {other.path}: both are step {one.step}; a series is one training run: narrow --model {pattern}"
        for one, other in pairwise(members)
        if one.step == other.step
    ]
    if faults:
        raise ModelError(*listed(faults))
    return tuple(members)


def series_output(pattern: str) -> Path:
    """The folder of the results where none is named.

    >>> series_output("runs/large/step-*").as_posix()
    'xharness-out/large'
    """
    return Path("xharness-out") / (_fixed(pattern).resolve().name or "series")


def step_of(name: str) -> int | None:
    """The step that a checkpoint's name says: `step-500`, `checkpoint-500`, `global_step500`, `iter_500`.

    >>> step_of("checkpoint-500"), step_of("final")
    (500, None)
    """
    found = _STEP.search(name)
    return int(found[1]) if found else None


def step_in(name: str) -> int | None:
    """The step that a name says; of a name that does not call it so, the last number."""
    numbers = re.findall(r"\d+", name)
    found = step_of(name)
    return found if found is not None or not numbers else int(numbers[-1])


def _fixed(pattern: str) -> Path:
    """The folder in front of what varies: "run" of "run/step-*/encoder"."""
    parts = Path(pattern).parts
    varying = next((i for i, part in enumerate(parts) if glob.has_magic(part)), None)
    if varying is None:
        raise ModelError(f"--model {pattern}: expected a pattern of folders, such as run/step-*")
    return Path(*parts[:varying])
