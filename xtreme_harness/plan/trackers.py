"""Trackers of experiments that training can log to, through accelerate."""

from __future__ import annotations

from importlib.util import find_spec

from xtreme_harness.errors import MissingDependency, ModelError, did_you_mean

__all__ = ["TRACKERS", "require_tracker"]

TRACKERS = {"tensorboard": ("tensorboard", "tensorboardX"), "wandb": ("wandb",), "trackio": ("trackio",)}  # any of them


def require_tracker(name: str | None) -> None:
    """Make sure that a tracker can be had: accelerate leaves out one that is not installed without a word.

    Raises:
        ModelError: it is unknown.
        MissingDependency: it is not installed.
    """
    if name is None:
        return
    if name not in TRACKERS:
        raise ModelError(f"--tracker {name}: expected {', '.join(TRACKERS)}{did_you_mean(name, list(TRACKERS))}")
    if not any(find_spec(package) for package in TRACKERS[name]):
        raise MissingDependency(f"--tracker {name}: not installed; pip install {TRACKERS[name][0]}")
