"""Where a run computes: accelerate's device, precision and processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from xtreme_harness.models.device import choose_device
from xtreme_harness.records import Lesson

__all__ = ["accelerator_for", "mean_over_processes", "release", "share_of"]

_MIXED = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}


def accelerator_for(device: str, precision: str, tracker: str | None, folder: Path, several: bool) -> Any:
    """Set up accelerate.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".
        precision: of the forward pass: float32, bfloat16 or float16.
        tracker: of experiments, by accelerate's name.
        folder: where a tracker may write, in a folder of its own name.
        several: do steps of different tasks use different weights?
    """
    from accelerate import Accelerator, DistributedDataParallelKwargs

    place = choose_device(device)
    if place.type == "cuda" and place.index is not None:
        torch.cuda.set_device(place)
    unused = [DistributedDataParallelKwargs(find_unused_parameters=True)] if several else []
    accelerator = Accelerator(
        cpu=place.type == "cpu",
        mixed_precision=_MIXED[precision],
        log_with=tracker,
        project_dir=str(folder / tracker) if tracker else None,
        kwargs_handlers=unused,
    )
    if tracker:
        accelerator.init_trackers("xharness")
    return accelerator


def release(accelerator: Any) -> None:
    """Let the next stage choose its own precision: accelerate keeps one state a process."""
    from accelerate.state import AcceleratorState

    accelerator.free_memory()
    AcceleratorState._reset_state(reset_partial_state=True)


def share_of(lessons: Sequence[Lesson], rank: int, processes: int) -> tuple[list[Lesson], int]:
    """The lessons that a process computes, and 0 as their weight where there are fewer lessons than processes."""
    own = list(lessons[rank::processes])
    return (own, 1) if own else ([lessons[0]], 0)


def mean_over_processes(accelerator: Any, value: float) -> float:
    """The mean of a number that every process has."""
    if accelerator.num_processes == 1:
        return value
    return float(accelerator.reduce(torch.tensor(value, device=accelerator.device), "mean"))
