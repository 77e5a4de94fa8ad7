"""Hidden states to sentence vectors: which layer, pooled how, scaled to length 1."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xtreme_harness.cards import Preset, TaskCard
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import Checkpoint

if TYPE_CHECKING:
    import torch

log = logging.getLogger("xtreme_harness")

__all__ = ["Pooling", "choose_pooling", "layer_index", "pool"]

Layer = Literal["last"] | int | float
WITH_POOLER = (  # families with a layer over the first position, trained with the model or as a dual encoder
    *("albert", "bert", "big_bird", "camembert", "data2vec-text", "ernie", "luke", "megatron-bert", "mobilebert"),
    *("mpnet", "rembert", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
)


@dataclass(frozen=True, slots=True)
class Pooling:
    """How a sentence vector is read."""

    layer: int  # hidden state, 0 = embeddings
    mode: str  # "mean" over all attended positions, special tokens included; "cls"; "last"; "pooler"
    preset: str  # where the choice came from: "paper", "sentence-transformers", "flags" ...


def choose_pooling(
    card: TaskCard,
    checkpoint: Checkpoint,
    layer: Layer | None = None,
    pooling: str | None = None,
    preset: str | None = None,
) -> Pooling:
    """Settle layer and pooling: flags first, then a named preset, the checkpoint's own, the card's preset.

    A preset that asks for the pooler means the mean in families that have none.

    A preset that the card lacks (LAReQA has no `jiant`) is its first one, with a warning.

    Raises:
        ModelError: for a layer that the model lacks.
    """
    if preset is not None and preset not in card.presets:
        origin = next(iter(card.presets), "last")
        log.warning("%s: no retrieval preset '%s', its own '%s' is used", card.name, preset, origin)
        preset = origin
    if preset is None and checkpoint.sentence is not None:
        if checkpoint.sentence.fault and (layer is None or pooling is None):
            raise ModelError(checkpoint.sentence.fault)
        chosen, mode, origin = "last", checkpoint.sentence.mode, "sentence-transformers"
    else:
        origin = preset or next(iter(card.presets), "last")
        found = _of_family(card.presets.get(origin, Preset()), checkpoint)
        chosen, mode = found.layer, found.pooling  # type: ignore[assignment]
        if mode == "pooler" and checkpoint.family not in WITH_POOLER:
            mode, origin = "mean", f"{origin}, no pooler"
    if layer is not None or pooling is not None:
        origin = "flags" if layer is not None and pooling is not None else f"{origin}+flags"
    wanted: Layer = layer if layer is not None else chosen  # type: ignore[assignment]
    return Pooling(layer_index(wanted, checkpoint.layers), pooling or mode, origin)


def layer_index(layer: Layer, layers: int) -> int:
    """The hidden state that "last", an index or a fraction of the depth names; 0 is the embeddings.

    >>> layer_index("last", 12), layer_index(8, 12), layer_index(0.58, 24)
    (12, 8, 14)
    """
    index = layers if layer == "last" else round(layer * layers) if isinstance(layer, float) else int(layer)
    if not 0 <= index <= layers:
        raise ModelError(f"layer {layer}: the model has hidden states 0 to {layers}")
    return index


def pool(hidden: torch.Tensor, mask: torch.Tensor, mode: str) -> torch.Tensor:
    """Pool hidden states (n, length, d) under a mask (n, length) to vectors (n, d) of length 1, float32."""
    import torch

    hidden = hidden.float()
    if mode == "mean":
        weights = mask.unsqueeze(-1).float()
        vectors = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    elif mode == "cls":
        vectors = hidden[:, 0]
    else:  # "last": the last attended position
        last = mask.sum(1).long().clamp(min=1) - 1
        vectors = hidden[torch.arange(len(hidden), device=hidden.device), last]
    return torch.nn.functional.normalize(vectors, dim=-1)


def _of_family(preset: Preset, checkpoint: Checkpoint) -> Preset:
    """The preset with the family's own values; an index beyond the depth of a smaller member is left out."""
    own = preset.families.get(checkpoint.family)
    values = own.model_dump(exclude_unset=True) if own else {}
    if isinstance(values.get("layer"), int) and values["layer"] > checkpoint.layers:
        del values["layer"]
    return preset.model_copy(update=values)
