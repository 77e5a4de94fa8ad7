"""Rows of the position table, for sequences laid side by side."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["FAMILIES", "positions_of"]

# model types whose layers are BERT's; True: positions are counted behind the padding id, as in fairseq
FAMILIES = {"bert": False, "camembert": True, "roberta": True, "xlm-roberta": True}


def positions_of(ids: torch.Tensor, starts: torch.Tensor, config: Any) -> torch.Tensor:
    """Positions (t,) as the network's family counts them.

    In fairseq's manner the first is the one behind the padding id, and a padding id inside a text is not counted.

    Args:
        ids: (t,) tokens of all sequences, one after the other.
        starts: (t,) for each token, the index of the first of its sequence.
        config: the network's.
    """
    if not FAMILIES[config.model_type]:
        return torch.arange(len(ids), device=ids.device) - starts
    real = (ids != config.pad_token_id).long()
    counted = real.cumsum(0)
    found: torch.Tensor = (counted - counted[starts] + real[starts]) * real + config.pad_token_id
    return found
