"""Encoders of the BERT kind run without padding: all tokens of a batch are the rows of one matrix.

A transformer layer does two sorts of work. Projections, feed-forward and normalisation treat every token alone: for
them a batch is a table (tokens, d), and where one sequence ends and the next begins does not matter. Attention alone
looks across a sequence. A padded batch (sequences, longest, d) pays for its padding in all of that; here

    ids       7 2 9 4 | 5 5 1 3 | 8 6       three sequences, one after the other, no padding
    tables    (10, d) -> one product for queries, keys and values -> (10, 3d)
    attention the first two sequences have one length: a view (2, 4, ...); the third: a view (1, 2, ...)
    tables    (10, d) -> output, normalisation, feed-forward, normalisation

the products run over the real tokens, and attention over groups of sequences of equal length, which lie side by side
because batches are sorted by length. No group needs a mask, so no sequence is touched by what it is batched with.

Three more things are left out. Layers above the one that is read are not kept. The last layer's output projection and
feed-forward, which is most of its work, run for the tokens that are read (the first one, where a classifier reads
that; the first piece of every word, where a tagger does). And the pooler runs where it is asked for.

What it computes is what transformers computes: `tests/models/compute/test_packed.py` compares them, family by family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch.nn.functional import layer_norm

from xtreme_harness.models.compute.attention import attend
from xtreme_harness.models.compute.linear import Adding, Linear, activated, adding
from xtreme_harness.models.compute.positions import FAMILIES, positions_of
from xtreme_harness.records import Encoded

__all__ = ["Packed", "Tokens", "pack", "packable", "side_by_side"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sequences laid side by side."""

    ids: torch.Tensor  # (t,)
    types: torch.Tensor  # (t,) segment ids
    positions: torch.Tensor  # (t,) rows of the position table
    lengths: Sequence[int]  # of each sequence; those of equal length should be neighbours


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: torch.Tensor
    bias: torch.Tensor
    epsilon: float

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True)
class _Layer:
    project: Linear  # (t, d) -> (t, 3d): queries, keys, values
    output: Adding
    after_attention: _Norm
    widen: Linear  # (t, d) -> (t, feed-forward size), with the activation
    narrow: Adding
    after_feed_forward: _Norm


@dataclass(frozen=True, slots=True)
class Packed:
    """An encoder's embeddings and layers."""

    embeddings: Any  # transformers' module: its three tables and its normalisation
    layers: tuple[_Layer, ...]
    heads: int

    def states(self, tokens: Tokens, wanted: torch.Tensor | None = None) -> torch.Tensor:
        """Hidden states of the last layer that was kept.

        Args:
            tokens: t of them.
            wanted: (w,) indices of the tokens that are read; None: all.

        Returns:
            (w, d), or (t, d).
        """
        x = self._embedded(tokens)
        groups = [(length, len(list(same))) for length, same in groupby(tokens.lengths)]
        for number, layer in enumerate(self.layers, start=1):
            attended = _attention(layer.project(x), groups, self.heads)
            if number == len(self.layers) and wanted is not None:
                x, attended = x[wanted], attended[wanted]
            x = layer.after_attention(layer.output(attended, x))
            x = layer.after_feed_forward(layer.narrow(layer.widen(x), x))
        return x if self.layers or wanted is None else x[wanted]

    def _embedded(self, tokens: Tokens) -> torch.Tensor:
        """In transformers' order of additions, which decides the last bit."""
        tables = self.embeddings
        x = tables.word_embeddings(tokens.ids) + tables.token_type_embeddings(tokens.types)
        normed: torch.Tensor = tables.LayerNorm(x + tables.position_embeddings(tokens.positions))
        return normed


def packable(encoder: Any) -> bool:
    """Is this an encoder whose layers are BERT's, so that `pack` computes the same?"""
    config = encoder.config
    return (
        config.model_type in FAMILIES
        and config.hidden_act == "gelu"
        and not getattr(config, "is_decoder", False)
        and not getattr(config, "add_cross_attention", False)
        and getattr(config, "position_embedding_type", "absolute") in (None, "absolute")
        and type(encoder).__module__.startswith("transformers.")  # no code that a checkpoint carries
    )


def pack(encoder: Any, layers: int, release: bool = False) -> Packed:
    """Take an encoder's weights into the form that runs without padding.

    Args:
        encoder: a transformers model without head, which `packable` allows.
        layers: how many are kept, from below.
        release: take the layers out of the encoder, one after the other, so that no weight is held twice; the
            encoder itself is useless then.
    """
    kept = []
    for number in range(len(encoder.encoder.layer)):
        if number < layers:
            kept.append(_layer(encoder.encoder.layer[number]))
        if release:
            encoder.encoder.layer[number] = torch.nn.Identity()
    return Packed(encoder.embeddings, tuple(kept), int(encoder.config.num_attention_heads))


def side_by_side(rows: Sequence[Encoded], config: Any, device: torch.device, typed: bool) -> Tokens:
    """Lay sequences side by side.

    Args:
        rows: the sequences, sorted by length.
        config: the network's; it says where positions begin.
        device: where the network is.
        typed: does the network read segment ids?
    """
    lengths = np.array([len(row.ids) for row in rows], np.int64)
    ids = np.fromiter((i for row in rows for i in row.ids), np.int64, int(lengths.sum()))
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    types = np.zeros_like(ids)
    if typed:
        types = np.fromiter((i for row in rows for i in row.types or [0] * len(row.ids)), np.int64, len(ids))
    tokens = torch.from_numpy(ids)
    positions = positions_of(tokens, torch.from_numpy(starts), config)
    return Tokens(tokens.to(device), torch.from_numpy(types).to(device), positions.to(device), lengths.tolist())


def _layer(source: Any) -> _Layer:
    own = source.attention.self
    parts = (own.query, own.key, own.value)
    return _Layer(
        project=activated(torch.cat([p.weight.detach() for p in parts]), torch.cat([p.bias.detach() for p in parts])),
        output=_adding(source.attention.output.dense),
        after_attention=_norm(source.attention.output.LayerNorm),
        widen=activated(source.intermediate.dense.weight.detach(), source.intermediate.dense.bias.detach(), "gelu"),
        narrow=_adding(source.output.dense),
        after_feed_forward=_norm(source.output.LayerNorm),
    )


def _adding(dense: Any) -> Adding:
    return adding(dense.weight.detach(), dense.bias.detach())


def _norm(source: Any) -> _Norm:
    return _Norm(source.weight.detach(), source.bias.detach(), float(source.eps))


def _attention(projected: torch.Tensor, groups: Sequence[tuple[int, int]], heads: int) -> torch.Tensor:
    """Attend within each sequence: (t, 3d) of queries, keys and values to (t, d).

    Args:
        projected: (t, 3d).
        groups: length and number of neighbouring sequences of one length.
        heads: of attention.
    """
    if len(groups) == 1:
        return attend(projected, groups[0][0], heads)
    parts = torch.split(projected, [length * count for length, count in groups])
    return torch.cat([attend(part, length, heads) for part, (length, _) in zip(parts, groups, strict=True)])
