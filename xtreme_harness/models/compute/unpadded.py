"""An encoder of the BERT kind that computes no padding, with the same gradient.

A batch comes as a rectangle (sequences, longest) with a mask, as transformers lays it out. Inside, the real tokens are
the rows of one table, so that projections, feed-forward, normalisation and dropout, and the gradients of all their
weights, touch no padding. Attention alone, a few percent of the arithmetic, looks across a sequence: it runs over
small rectangles of sequences of similar length. What comes out is a rectangle again, so that every head of
transformers, gradient checkpointing and low-rank additions work as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import scaled_dot_product_attention

from xtreme_harness.models.compute.dropout import dropped
from xtreme_harness.models.compute.microbatch import split_batch
from xtreme_harness.models.compute.packed import packable
from xtreme_harness.models.compute.positions import positions_of
from xtreme_harness.models.device import sent

__all__ = ["compute_without_padding"]

_NAME = "xharness_unpadded"
_UNKNOWN = ("position_ids", "inputs_embeds", "output_hidden_states", "output_attentions")
Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring sequences of similar length, in the table of tokens."""

    tokens: slice
    places: Tensor | None  # (tokens,) of each token in the rectangle, row by row; None: it is full
    mask: Tensor | None  # (sequences, 1, 1, longest): real tokens
    count: int
    longest: int


def compute_without_padding(encoder: Any) -> bool:
    """Change how an encoder computes, in place; False, and nothing is changed, where its family is not known for it.

    Args:
        encoder: a transformers model without head, whose padding is on the right.
    """
    if not packable(encoder):
        return False
    from transformers import AttentionInterface

    AttentionInterface.register(_NAME, _attention)
    encoder.config._attn_implementation = _NAME
    encoder.forward = MethodType(_forward, encoder)
    return True


def _forward(
    encoder: Any,
    input_ids: Tensor,
    attention_mask: Tensor | None = None,
    token_type_ids: Tensor | None = None,
    **options: Any,
) -> Any:
    """A rectangle in, a rectangle out; states of padding are 0. Options that concern the loss alone are passed over."""
    from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

    if asked := [name for name in _UNKNOWN if options.get(name) not in (None, False)]:
        raise TypeError(f"an encoder that computes without padding does not know {', '.join(asked)}")
    if attention_mask is None:
        attention_mask = torch.ones_like(input_ids)
    own = np.array(attention_mask.sum(1).tolist(), np.int64)  # a GPU is waited for once: here
    order = np.argsort(-own, kind="stable")
    lengths = own[order]
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.stack([np.repeat(order, lengths), np.arange(len(starts)) - starts, starts])
    rows, columns, firsts = sent(places, input_ids.device).unbind()
    types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
    ids, types = (table[rows, columns] for table in (input_ids, types))
    positions = positions_of(ids, firsts, encoder.config)
    states = encoder.embeddings(
        input_ids=ids.unsqueeze(0), token_type_ids=types.unsqueeze(0), position_ids=positions.unsqueeze(0)
    )
    groups = _groups(lengths, input_ids.device)
    table = encoder.encoder(states, attention_mask=None, groups=groups).last_hidden_state[0]
    whole = table.new_zeros(*input_ids.shape, table.shape[-1]).index_put((rows, columns), table)
    pooled = None if encoder.pooler is None else encoder.pooler(whole)
    return BaseModelOutputWithPoolingAndCrossAttentions(last_hidden_state=whole, pooler_output=pooled)


def _groups(lengths: NDArray[np.int64], device: torch.device) -> list[_Group]:
    """Cut sequences, the longest first, into rectangles with little padding; on a GPU, where calls are dear, one."""
    groups, token = [], 0
    for part in split_batch(lengths.tolist(), 1 << 30, padded=device.type == "cpu"):
        own = lengths[part]
        longest, total = int(own[0]), int(own.sum())
        real = np.arange(longest) < own[:, None]
        full = total == len(part) * longest
        groups.append(
            _Group(
                slice(token, token + total),
                None if full else sent(np.flatnonzero(real), device),
                None if full else sent(real[:, None, None], device),
                len(part),
                longest,
            )
        )
        token += total
    return groups


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, mask: None, *, groups: Sequence[_Group], dropout: float,
    scaling: float, **options: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """Every token attends to those of its own sequence; (1, heads, t, d) each to (1, t, heads, d)."""
    parts = []
    for group in groups:
        q, k, v = (_rectangle(x[0, :, group.tokens], group) for x in (query, key, value))
        if dropout and q.device.type == "cpu":
            attended = _stored(q, k, v, group.mask, dropout, scaling)
        else:
            attended = scaled_dot_product_attention(q, k, v, group.mask, dropout, scale=scaling)
        flat = attended.transpose(1, 2).flatten(0, 1)
        parts.append(flat if group.places is None else flat[group.places])
    return torch.cat(parts).unsqueeze(0), None


def _stored(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, share: float, scaling: float) -> Tensor:
    """Attention with dropout as torch computes it on a processor, scores stored, but for the cheaper mask."""
    with torch.autocast("cpu", enabled=False):
        scores = (query * scaling) @ key.transpose(-2, -1)
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        return dropped(scores.softmax(-1), share) @ value


def _rectangle(x: Tensor, group: _Group) -> Tensor:
    """(heads, tokens, d) to (sequences, heads, longest, d)."""
    heads, _, size = x.shape
    if group.places is not None:
        x = x.new_zeros(heads, group.count * group.longest, size).index_copy(1, group.places, x)
    return x.view(heads, group.count, group.longest, size).transpose(0, 1)
