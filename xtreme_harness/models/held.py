"""Which head a checkpoint holds, and its labels, read from the small files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ModelError
from xtreme_harness.models.head_table import (
    ENCODER_DECODERS,
    HEADS,
    general_heads,
    head_of_adapter,
    head_of_architecture,
)

__all__ = ["adapter_labels", "general_head", "held_head", "held_labels"]

_LAST_LAYERS = ("classifier.weight", "classifier.out_proj.weight", "score.weight")  # of adapters' heads, by family


def general_head(head: Any, name: str) -> Mapping[str, Any] | None:
    """The description of a general head, checked."""
    if head is None:
        return None
    if not isinstance(head, dict) or head.get("class") not in general_heads():
        raise ModelError(
            f"{name}: xharness.json: head: found {head!r}, expected an object with one of {', '.join(general_heads())}"
        )
    return head


def held_head(config: Mapping[str, Any], adapter: Mapping[str, Any] | None) -> str | None:
    """The head of a checkpoint that transformers or PEFT saved; None: an encoder, or a head that answers no task."""
    if adapter is not None:
        found = head_of_adapter(str(adapter.get("task_type")))
        return found if found in general_heads() else None
    if config.get("model_type") in ENCODER_DECODERS:
        return None
    heads = map(head_of_architecture, config.get("architectures") or ())
    return next(filter(None, heads), None)


def held_labels(config: Mapping[str, Any], head: str | None) -> tuple[str, ...]:
    """Labels by class id; () where the head has none."""
    if head is None or not HEADS[head].labelled:
        return ()
    names = config.get("id2label")
    if not names:
        return tuple(f"LABEL_{i}" for i in range(int(config.get("num_labels") or 2)))
    return tuple(str(names[key]) for key in sorted(names, key=int))


def adapter_labels(path: Path, named: tuple[str, ...]) -> tuple[str, ...]:
    """Labels of an adapter with a head: its base's names count only where there are as many of them."""
    from safetensors import SafetensorError, safe_open

    for file in path.glob("adapter_model*.safetensors"):
        try:
            with safe_open(file, framework="np") as weights:
                heads = [k for k in weights.keys() if k.endswith(_LAST_LAYERS)]  # noqa: SIM118 - no mapping
                size = weights.get_slice(heads[0]).get_shape()[0] if heads else len(named)
        except SafetensorError as error:
            raise ModelError(f"{file}: cannot be read ({error}); is the checkpoint complete?") from None
        return named if size == len(named) else tuple(f"LABEL_{i}" for i in range(size))
    return named
