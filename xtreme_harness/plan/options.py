"""How cells are to be evaluated: what is sent along with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.models.checkpoint import SELF_TESTS

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """How cells are to be evaluated."""

    model: str
    output: Path
    revision: str | None = None
    seed: int = 42
    device: str = "auto"
    dtype: str = "auto"
    batch_size: int | None = None  # sequences a batch, at most
    limit: int | None = None  # examples a cell
    labels: Path | None = None  # official label folder
    log_samples: bool = False  # write input, gold and prediction of every example
    layer: Any = None  # "last", an index, a fraction
    pooling: str | None = None
    preset: str | None = None
    label_orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep_head: bool = False
    trust_remote_code: bool = False
    force: bool = False  # redo what is done

    @property
    def self_test(self) -> bool:
        """Is the model one of oracle, majority, random?"""
        return self.model in SELF_TESTS
