"""An encoder that stays as it is, under heads that are trained.

What a checkpoint brings is frozen, its pooler too; what is drawn by chance is trained: the head, and a pooler where the
checkpoint has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.headers import shapes_in, weight_files
from xtreme_harness.models.weights import with_weights
from xtreme_harness.records import Encoded

__all__ = ["ROOM", "Frozen", "freeze"]

ROOM = 2 << 30  # bytes of states that are kept
_ITEM = 4  # bytes of a number
Tensor = torch.Tensor
StatesOf = Callable[[Sequence[Encoded]], Tensor]


class Frozen:
    """An encoder that is not trained; in its place it computes, or gives what was computed before."""

    def __init__(self, encoder: Any, fresh_pooler: bool) -> None:
        self.encoder = encoder
        self.given: Tensor | None = None  # states that the next call gives, instead of computing them
        self.most = ROOM
        self.of_lessons: dict[str, StatesOf] = {}  # by task, what its head reads of the sequences of some lessons
        self.first = False  # are the states of first tokens all that is read?
        self._remembered: dict[bytes, Tensor] = {}
        self._room = self.most
        self._plain = encoder.forward
        encoder.requires_grad_(False)
        if fresh_pooler:
            encoder.pooler.requires_grad_(True)
        encoder.forward = self.forward

    def states(self, *given: Any, **named: Any) -> Tensor:
        """Hidden states (n, length, d) of some inputs, without a gradient."""
        with torch.no_grad():
            states: Tensor = self._plain(*given, **named).last_hidden_state
        return states

    def forward(self, *given: Any, **named: Any) -> Any:
        """What the encoder answers; batches of an evaluation, which comes again, are kept."""
        from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions as Output

        states = self.given if self.given is not None else self._looked_up(given, named)
        return Output(last_hidden_state=states, pooler_output=self._pooled(states))

    def takes(self, size: int) -> bool:
        """Is there room for so many numbers? If so, it is taken."""
        if size * _ITEM > self._room:
            return False
        self._room -= size * _ITEM
        return True

    def forget(self) -> None:
        """Let go what is kept, for another training."""
        self._remembered.clear()
        self.of_lessons = {}
        self._room = self.most

    def _looked_up(self, given: Sequence[Any], named: Mapping[str, Any]) -> Tensor:
        key = _key(given, named)
        if (known := self._remembered.get(key)) is not None:
            return known.to(self.encoder.device)
        states = self.states(*given, **named)
        if self.first:
            states = states[:, :1]
        if self.takes(states.numel()):
            self._remembered[key] = states.cpu().clone()
        return states

    def _pooled(self, states: Tensor) -> Tensor | None:
        """One vector a sequence, where the encoder has a layer for it."""
        pooler = getattr(self.encoder, "pooler", None)
        if pooler is None:
            return None
        if isinstance(pooler, nn.Linear):  # ALBERT and BigBird have the activation beside it
            activated = getattr(self.encoder, "pooler_activation", None) or self.encoder.activation
            vectors: Tensor = activated(pooler(states[:, 0]))
        else:
            vectors = pooler(states)
        return vectors


def freeze(encoder: Any, checkpoint: Checkpoint) -> Frozen:
    """Let an encoder stay as its checkpoint has it; see the module."""
    fresh = getattr(encoder, "pooler", None) is not None and not _brings_pooler(checkpoint)
    return Frozen(encoder, fresh)


def _brings_pooler(checkpoint: Checkpoint) -> bool:
    below = checkpoint.base or checkpoint.encoder
    if below is not None:
        return _brings_pooler(below)
    files = weight_files(with_weights(checkpoint))
    return any("pooler" in name.split(".") for file in files for name in shapes_in(file))


def _key(given: Sequence[Any], named: Mapping[str, Any]) -> bytes:
    """Equal for equal inputs."""
    total = hashlib.blake2b()
    for name, value in [*((str(i), one) for i, one in enumerate(given)), *sorted(named.items())]:
        if isinstance(value, Tensor):
            total.update(f"{name}\0{tuple(value.shape)}\0{value.dtype}\0".encode())
            total.update(value.cpu().numpy().tobytes())
        else:
            total.update(f"{name}\0{value}\0".encode())
    return total.digest()
