"""How large an encoder is, from the headers of its safetensors files: no weights are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path

from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.headers import shapes_in

__all__ = ["EncoderSize", "encoder_size"]

_NOT_ENCODER = re.compile(  # heads of all kinds, poolers, the decoders of encoder-decoders, buffers
    r"(^|\.)(classifier|score|qa_outputs|logits_proj|sequence_summary|pred_layer|lm_head|lm_predictions|mask_predictions"
    r"|cls|head|pooler|decoder|position_ids|inv_freq)\b"
)
_EMBEDDINGS = re.compile(r"(^|\.)(\w*embed\w*|shared|wte|wpe)\b")


@dataclass(frozen=True, slots=True)
class EncoderSize:
    """Numbers of parameters."""

    total: int
    embeddings: int


def encoder_size(checkpoint: Checkpoint) -> EncoderSize | None:
    """Count the parameters of an encoder; None where its weights are not on disk as safetensors.

    An adapter counts as its base does.
    """
    holder = checkpoint.base or checkpoint.encoder or checkpoint
    shapes = {
        name: shape for file in sorted(holder.path.glob("*.safetensors")) for name, shape in _shapes(file).items()
    }
    counts = {name: prod(shape) for name, shape in shapes.items() if not _NOT_ENCODER.search(name)}
    if not counts:
        return None
    return EncoderSize(sum(counts.values()), sum(n for name, n in counts.items() if _EMBEDDINGS.search(name)))


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    try:
        return shapes_in(file)
    except ModelError:
        return {}
