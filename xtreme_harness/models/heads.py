"""A general head over any encoder, for families that transformers gives none.

It is saved beside the encoder as `head.safetensors`, described in `xharness.json`, so that plain transformers
loads the encoder and xharness loads both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from xtreme_harness.errors import ModelError
from xtreme_harness.models.head_table import HEADS

__all__ = ["GeneralHead", "HeadedEncoder", "load_head", "save_headed", "with_head"]


class GeneralHead(nn.Module):
    """Dropout and one linear layer, over every token or over one vector a sequence."""

    def __init__(self, size: int, outputs: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(size, outputs)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (..., size) to (..., outputs)."""
        scores: torch.Tensor = self.out(self.dropout(hidden))
        return scores


class HeadedEncoder(nn.Module):
    """An encoder with a general head; answers with the fields that transformers' own heads have."""

    def __init__(self, encoder: Any, head: GeneralHead, task: str, pool: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.task = task  # the head that it stands in for, a key of HEADS
        self.pool = pool  # "first", "mean" or "last" attended position, for heads over one vector
        self.config = encoder.config

    @property
    def reader(self) -> Any:
        """The part that reads the inputs."""
        return self.encoder

    def get_input_embeddings(self) -> Any:
        """The encoder's."""
        return self.encoder.get_input_embeddings()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **inputs: torch.Tensor) -> Any:
        """Return an object with `logits` (n, c) or (n, length, c), or `start_logits`, `end_logits` (n, length)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **inputs).last_hidden_state
        if HEADS[self.task].per_token:
            scores = self.head(hidden)
            if HEADS[self.task].sides:
                return SimpleNamespace(start_logits=scores[..., 0], end_logits=scores[..., 1])
            return SimpleNamespace(logits=scores)
        return SimpleNamespace(logits=self.head(_one_vector(hidden, attention_mask, self.pool)))


def with_head(encoder: Any, task: str, outputs: int, dropout: float = 0.1) -> HeadedEncoder:
    """Put a new general head over an encoder.

    One vector a sequence is the last position where attention looks only back, else the mean of all.

    Args:
        encoder: a transformers model without head.
        task: the head that it stands in for, a key of HEADS.
        outputs: number of labels; 2 for spans, 1 for choices.
        dropout: before the linear layer.
    """
    head = GeneralHead(encoder.config.hidden_size, outputs, dropout).to(encoder.device, encoder.dtype)
    return HeadedEncoder(encoder, head, task, "last" if _looks_back(encoder) else "mean")


def save_headed(
    model: HeadedEncoder, labels: Sequence[str], path: Path, notes: Mapping[str, Any] | None = None
) -> None:
    """Save encoder, head and description to a folder (the tokenizer is the caller's)."""
    from safetensors.torch import save_file

    model.encoder.save_pretrained(path)
    save_file({name: value.contiguous() for name, value in model.head.state_dict().items()}, path / "head.safetensors")
    head = {"class": model.task, "labels": list(labels), "pool": model.pool}
    (path / "xharness.json").write_text(json.dumps({**(notes or {}), "head": head}, indent=1) + "\n", "utf-8")


def load_head(encoder: Any, description: Mapping[str, Any], path: Path) -> HeadedEncoder:
    """Load the general head that lies beside an encoder.

    Raises:
        ModelError: when `head.safetensors` is missing or is no head of this encoder.
    """
    from safetensors.torch import load_file

    file = path / "head.safetensors"
    if not file.exists():
        raise ModelError(f"{file}: missing, though xharness.json describes a head; is the checkpoint complete?")
    weights = load_file(file)
    if set(weights) != {"out.weight", "out.bias"}:
        raise ModelError(f"{file}: found tensors {', '.join(sorted(weights))}, expected out.bias, out.weight")
    if weights["out.weight"].ndim != 2 or weights["out.bias"].shape != weights["out.weight"].shape[:1]:
        raise ModelError(
            f"{file}: found shapes {_shape(weights['out.weight'])} and {_shape(weights['out.bias'])}, "
            "expected outputs x size and outputs"
        )
    outputs, size = weights["out.weight"].shape
    if size != encoder.config.hidden_size:
        raise ModelError(f"{file}: over vectors of size {size}, but the encoder gives {encoder.config.hidden_size}")
    task, labels = str(description["class"]), description.get("labels") or ()
    wanted = len(labels) if HEADS[task].labelled else HEADS[task].outputs
    if outputs != wanted:
        what = f"{wanted} labels" if HEADS[task].labelled else f"a head for {wanted} outputs"
        raise ModelError(f"{file}: has {outputs} outputs, but xharness.json describes {what}")
    head = GeneralHead(size, outputs)
    head.load_state_dict(weights)
    return HeadedEncoder(encoder, head.to(encoder.dtype), task, str(description.get("pool", "first")))


def _shape(value: torch.Tensor) -> str:
    return " x ".join(map(str, value.shape)) or "a single number"


def _looks_back(encoder: Any) -> bool:
    """Is attention causal?"""
    causal = [m.is_causal for m in encoder.modules() if isinstance(getattr(m, "is_causal", None), bool)]
    return any(causal) or encoder.config.model_type in ("bloom", "gpt2", "xglm")


def _one_vector(hidden: torch.Tensor, mask: torch.Tensor, pool: str) -> torch.Tensor:
    if pool == "first":
        return hidden[:, 0]
    if pool == "last":
        return hidden[torch.arange(len(hidden), device=hidden.device), mask.sum(1).long().clamp(min=1) - 1]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
