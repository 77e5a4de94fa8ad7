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
from xtreme_harness.models.headers import shapes_in

__all__ = ["adapter_labels", "held_head", "held_labels"]

_LAST_LAYERS = ("classifier.weight", "classifier.out_proj.weight", "score.weight")  # of adapters' heads, by family


def held_head(config: Mapping[str, Any], adapter: Mapping[str, Any] | None) -> str | None:
    """The head of a checkpoint that transformers or PEFT saved; None: an encoder, or a head that answers no task."""
    if adapter is not None:
        found = head_of_adapter(str(adapter.get("task_type")))
        return found if found in general_heads() else None
    if config.get("model_type") in ENCODER_DECODERS:
        return None
    heads = map(head_of_architecture, config.get("architectures") or ())
    return next(filter(None, heads), None)


def held_labels(config: Mapping[str, Any], head: str | None, place: str) -> tuple[str, ...]:
    """Labels by class id; () where the head has none.

    Args:
        config: config.json, checked.
        head: a key of HEADS.
        place: the file, for messages.

    Raises:
        ModelError: where the labels leave classes without a name, or are not as many as `num_labels` says.
    """
    if head is None or not HEADS[head].labelled:
        return ()
    names, number = config.get("id2label"), config.get("num_labels")
    if not names:
        return tuple(f"LABEL_{i}" for i in range(int(number or 2)))
    by_id = {int(key): str(name) for key, name in names.items()}
    faults = []
    if sorted(by_id) != list(range(len(names))):
        ids = ", ".join(sorted(names, key=int)[:20])
        faults.append(f"{place}: id2label: found the class ids {ids}, expected 0 to {len(names) - 1}, each once")
    if number is not None and number != len(names):
        faults.append(f"{place}: num_labels: found {number}, but id2label has {len(names)} names; correct one of them")
    if faults:
        raise ModelError(*faults)
    return tuple(by_id[i] for i in range(len(names)))


def adapter_labels(path: Path, named: tuple[str, ...]) -> tuple[str, ...]:
    """Labels of an adapter with a head: its base's names count only where there are as many of them.

    Raises:
        ModelError: where its tensors cannot be read.
    """
    for file in sorted(path.glob("adapter_model*.safetensors")):
        shapes = shapes_in(file)
        sizes = [shape[0] for name, shape in shapes.items() if name.endswith(_LAST_LAYERS) and shape]
        size = sizes[0] if sizes else len(named)
        return named if size == len(named) else tuple(f"LABEL_{i}" for i in range(size))
    return named
