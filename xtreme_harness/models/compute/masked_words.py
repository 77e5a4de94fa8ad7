"""The masked-LM head of a network, for the positions that are asked for.

Its last layer maps a state to a number a word of the vocabulary, 250,000 with XLM-R. For all tokens of a batch that
would be most of the arithmetic, and gigabytes; and of what it gives for a position one number is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from xtreme_harness.records import Encoded

__all__ = ["Places", "answer_kept", "kept_logits", "log_probabilities", "most_rows", "places_of", "shares_of"]

Places = tuple[list[int], list[int]]  # rows and columns of positions in a batch
_LOGITS = {"cpu": 1 << 25, "cuda": 1 << 28}  # that a batch may have, by the type of device


def answer_kept(network: Any) -> None:
    """Let the layer from states to the vocabulary answer for `network.kept` alone, Places or None: everywhere.

    The network's logits are (k, vocabulary) then. Where its last layer is no module that is called, nothing changes.
    """
    network.kept = None
    last = network.get_output_embeddings()
    if last is not None:
        last.register_forward_pre_hook(lambda module, given: (given[0][network.kept],) if network.kept else None)


def kept_logits(network: Any, inputs: Mapping[str, torch.Tensor], rows: Sequence[Encoded]) -> torch.Tensor:
    """Logits (k, vocabulary) of the kept positions, those of a sequence after those of the one before it.

    Args:
        network: after `answer_kept`.
        inputs: the sequences, padded.
        rows: the sequences.
    """
    network.kept = places_of(rows)
    logits: torch.Tensor = network(**inputs).logits
    return logits if logits.ndim == 2 else logits[network.kept]


def log_probabilities(logits: torch.Tensor, rows: Sequence[Encoded]) -> torch.Tensor:
    """Natural logarithm (k, 1), float32, of the probability of the target at each kept position.

    Args:
        logits: (k, vocabulary).
        rows: the sequences, with `targets`.
    """
    wanted = torch.tensor([token for row in rows for token in row.targets or ()], device=logits.device)
    scores = logits.float()
    return scores.gather(1, wanted[:, None]) - scores.logsumexp(1, keepdim=True)


def most_rows(vocabulary: int, device: str, rows: int | None = None) -> int:
    """Sequences of one kept position that a batch may have.

    Args:
        vocabulary: outputs of the head.
        device: type of it.
        rows: at most so many, for other reasons.
    """
    few = max(1, _LOGITS.get(device, _LOGITS["cpu"]) // vocabulary)
    return few if rows is None else min(few, rows)


def places_of(rows: Sequence[Encoded]) -> Places:
    """Row and column of every kept position of a batch."""
    return [i for i, row in enumerate(rows) for _ in row.keep or ()], [at for row in rows for at in row.keep or ()]


def shares_of(rows: Sequence[Encoded]) -> list[int]:
    """The number of kept positions of each sequence."""
    return [len(row.keep or ()) for row in rows]
