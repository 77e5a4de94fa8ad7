"""Which tokens of a sequence a head reads, and what it makes of their hidden states.

For encoders that run without padding (`models.compute.packed`): there a head gets the rows it reads, one after the
other, and no rectangle to pick them from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.records import Encoded

__all__ = ["Reading", "encoder_of", "means", "reading_of", "wanted_rows"]

Where = Literal["first", "last", "all", "kept"]
Answer = Callable[[torch.Tensor, Sequence[int]], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the answer to a sequence is read off its hidden states."""

    where: Where  # tokens of each sequence; "kept": those whose outputs are wanted
    answer: Answer  # states (w, d) and the sequences' shares of them -> (n, c); (w, c) where "kept"


def encoder_of(network: Any) -> Any:
    """The encoder below a head; the network itself where it has none."""
    return getattr(network, "reader", getattr(network, "base_model", network))


def reading_of(network: Any, head: str | None, pooling: Pooling | None) -> Reading | None:
    """The reading of a network of the BERT kind.

    Args:
        network: with its head.
        head: that it was loaded with, or that a general head stands in for; None: an encoder.
        pooling: how sentence vectors are read, where head is None.

    Returns:
        None where it is not read off without padding.
    """
    if head is None:
        return _of_vectors(network, pooling) if pooling is not None else None
    known = HEADS[head]
    if known.pretrained:
        words = network.cls if hasattr(network, "cls") else network.lm_head  # BERT's; that of RoBERTa and its kin
        return Reading("kept", lambda states, shares: words(states))
    if known.outputs is None:
        return None
    if hasattr(network, "reader"):
        return _of_general_head(network, known.per_token)
    scores = getattr(network, known.layer)
    return Reading("kept", lambda states, shares: scores(states)) if known.per_token else _of_first(network, scores)


def wanted_rows(rows: Sequence[Encoded], where: Where) -> tuple[NDArray[np.int64] | None, list[int]]:
    """Rows of the packed table that are read (None: all), and how many of them are each sequence's."""
    lengths = np.array([len(row.ids) for row in rows], np.int64)
    starts = np.cumsum(lengths) - lengths
    if where == "first":
        return starts, [1] * len(rows)
    if where == "last":
        return starts + lengths - 1, [1] * len(rows)
    if where == "all" or all(row.keep is None for row in rows):
        return None, lengths.tolist()
    kept = [np.arange(len(row.ids)) if row.keep is None else np.asarray(row.keep, np.int64) for row in rows]
    return np.concatenate([at + start for at, start in zip(kept, starts, strict=True)]), [len(at) for at in kept]


def means(states: torch.Tensor, shares: Sequence[int]) -> torch.Tensor:
    """Mean states (n, d) of sequences whose rows follow one another in (w, d); float32."""
    return torch.segment_reduce(states.float(), "mean", lengths=torch.tensor(shares, device=states.device))


def _of_first(network: Any, classifier: Any) -> Reading:
    """A classifier over the first token: behind the pooler, or (RoBERTa) with layers of its own."""
    pooler = getattr(encoder_of(network), "pooler", None)

    def answer(states: torch.Tensor, shares: Sequence[int]) -> torch.Tensor:
        alone = states.unsqueeze(1)  # both look for the first of a sequence's positions
        scores: torch.Tensor = classifier(alone if pooler is None else pooler(alone))
        return scores

    return Reading("first", answer)


def _of_general_head(network: Any, per_token: bool) -> Reading:
    if per_token:
        return Reading("kept", lambda states, shares: network.head(states))
    if network.pool == "mean":
        return Reading("all", lambda states, shares: network.head(means(states, shares).to(states.dtype)))
    return Reading("last" if network.pool == "last" else "first", lambda states, shares: network.head(states))


def _of_vectors(network: Any, pooling: Pooling) -> Reading:
    if pooling.mode == "pooler":
        return Reading("first", lambda states, shares: normalize(network.pooler(states.unsqueeze(1)).float(), dim=-1))
    if pooling.mode == "mean":
        return Reading("all", lambda states, shares: normalize(means(states, shares), dim=-1))
    where: Where = "first" if pooling.mode == "cls" else "last"
    return Reading(where, lambda states, shares: normalize(states.float(), dim=-1))
