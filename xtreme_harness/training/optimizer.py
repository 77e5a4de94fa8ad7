"""The optimiser and its learning rate."""

from __future__ import annotations

import torch

from xtreme_harness.cards.recipe import Hyper

__all__ = ["learning_rate", "optimizer_for"]


def learning_rate(hyper: Hyper, step: int, total: int) -> float:
    """The rate of optimiser step number `step` (from 0): warm-up from 0, then down to 0 or level."""
    warm = hyper.warmup_steps or round(hyper.warmup_ratio * total)
    if step < warm:
        return hyper.lr * step / warm
    return hyper.lr * max(0.0, (total - step) / max(1, total - warm)) if hyper.schedule == "linear" else hyper.lr


def optimizer_for(trainee: torch.nn.Module, hyper: Hyper, fused: bool = True) -> torch.optim.AdamW:
    """AdamW; biases, LayerNorm weights and single numbers are not decayed."""
    trained = [p for p in trainee.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": hyper.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    betas = (hyper.adam_beta1, hyper.adam_beta2)
    return torch.optim.AdamW(groups, lr=hyper.lr, betas=betas, eps=hyper.adam_epsilon, fused=fused)
