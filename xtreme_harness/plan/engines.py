"""Who does the work: what `--executor`, `--workers`, `--slurm` and `--no-wait` say together."""

from __future__ import annotations

from typing import Any

from xtreme_harness.errors import XHarnessError
from xtreme_harness.jobs import Engine
from xtreme_harness.jobs.slurm.sbatch import read_options, require_slurm
from xtreme_harness.models.checkpoint import SELF_TESTS

__all__ = ["engine_faults", "engine_of", "patience", "require_engine"]

_ENDING = 10.0  # seconds in which the workers of a run that was killed end


def engine_of(asked: Any) -> Engine:
    """Who does the work that a request, of an evaluation, a training or a grid, asks for.

    Raises:
        DataError: options of sbatch that are none.
        CardError: a file of them that cannot be read.
    """
    device = getattr(asked, "device", None) or asked.grid.device
    if getattr(asked, "model", None) in SELF_TESTS:
        device = "cpu"
    return Engine(asked.executor, asked.workers, device, read_options(asked.slurm), asked.wait)


def engine_faults(asked: Any) -> list[str]:
    """What of that cannot be, or makes no sense together; the fields themselves are what they should be."""
    if asked.executor == "slurm":
        try:
            read_options(asked.slurm)
        except XHarnessError as error:
            return list(error.faults)
        return []
    found = [f"--slurm {value}: goes with --executor slurm" for value in asked.slurm]
    return [*found, *([] if asked.wait else ["--no-wait: goes with --executor slurm"])]


def patience(engine: Engine) -> float | None:
    """Seconds to wait for who writes a stage: workers of a run that was killed end soon; None: its Slurm jobs go on."""
    return None if engine.executor == "slurm" else _ENDING


def require_engine(asked: Any) -> None:
    """Raise MissingDependency where the work cannot be given to whom it is for from here."""
    if asked.executor == "slurm":
        require_slurm()
