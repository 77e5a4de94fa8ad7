"""How cells are to be evaluated: what is sent along with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.models.checkpoint import SELF_TESTS

__all__ = ["Options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How cells are to be evaluated."""

    model: str
    output: Path
    revision: str | None
    seed: int
    device: str
    elsewhere: bool  # on a machine that is not this one
    dtype: str
    batch_size: int | None  # sequences a batch, at most
    limit: int | None  # examples a cell
    labels: Path | None  # official label folder
    log_samples: bool  # write input, gold and prediction of every example
    layer: Any  # "last", an index, a fraction
    pooling: str | None
    preset: str | None
    label_orders: Mapping[str, tuple[str, ...]]
    keep_head: bool
    trust_remote_code: bool
    force: bool  # redo what is done
    languages_asked: bool = False  # does the command say what a model is trained on?

    @property
    def estimated(self) -> str:
        """The device for which work is estimated: this machine's, where that of another is not known."""
        return "auto" if self.elsewhere else self.device

    @property
    def self_test(self) -> bool:
        """Is the model one of oracle, majority, random?"""
        return self.model in SELF_TESTS
