"""Linear layers with their weights laid out once as the processor's matrix kernels read them.

`torch.nn.functional.linear` hands float32 products on x86 to MKL, which packs the weight anew in every call and is
tuned for one maker's processors; oneDNN, which torch carries too, takes a weight that was packed at loading, and does
the bias, the activation or the sum with the residual while the product is still in registers. Where torch lacks
oneDNN or the processor its instructions, and on other devices, the plain function is used.
"""

from __future__ import annotations

from collections.abc import Callable
from platform import machine

import torch
from torch.nn.functional import gelu, linear

__all__ = ["Adding", "Linear", "activated", "adding", "prepack", "prepackable"]

Linear = Callable[[torch.Tensor], torch.Tensor]
Adding = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_ROWS = 512  # for which oneDNN chooses the layout of the weight; any number of rows may come


def prepackable(weight: torch.Tensor) -> bool:
    """Does this machine multiply with weights of this dtype and device by oneDNN?"""
    if weight.device.type != "cpu" or not torch._C._has_mkldnn or machine() not in ("x86_64", "AMD64"):
        return False
    operators = torch.ops.mkldnn
    if not hasattr(operators, "_linear_pointwise") or not hasattr(operators, "_reorder_linear_weight"):
        return False
    if weight.dtype == torch.bfloat16:
        return bool(operators._is_mkldnn_bf16_supported())
    return weight.dtype == torch.float32


def prepack(network: torch.nn.Module) -> None:
    """Put layers with packed weights in the place of a network's linear ones, so that no weight is held twice.

    For inference alone: what is left has no weights that could be trained or saved.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear and prepackable(child.weight):
                setattr(parent, name, _Prepacked(child))


class _Prepacked(torch.nn.Module):
    """Stands in for a linear layer."""

    def __init__(self, source: torch.nn.Linear) -> None:
        super().__init__()
        self.weight = source.weight.detach().new_empty(0)  # some networks look at its dtype
        self.multiply = activated(source.weight.detach(), None if source.bias is None else source.bias.detach())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., k) to (..., n)."""
        return self.multiply(x)


def activated(weight: torch.Tensor, bias: torch.Tensor | None, activation: str = "none") -> Linear:
    """A function that maps (t, k) to (t, n): the product, the bias and the activation.

    Args:
        weight: (n, k).
        bias: (n,), if there is one.
        activation: "none" or "gelu" (by the error function, not the tanh approximation).
    """
    if not prepackable(weight):
        if activation == "gelu":
            return lambda x: gelu(linear(x, weight, bias))
        return lambda x: linear(x, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), _ROWS)
    algorithm = "none" if activation == "gelu" else ""
    multiply = torch.ops.mkldnn._linear_pointwise
    return lambda x: multiply(x, packed, bias, activation, [], algorithm)


def adding(weight: torch.Tensor, bias: torch.Tensor) -> Adding:
    """A function of (t, k) and a residual (t, n): the product, the bias and the residual, summed.

    Args:
        weight: (n, k).
        bias: (n,).
    """
    if not prepackable(weight):
        return lambda x, residual: linear(x, weight, bias) + residual
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), _ROWS)
    multiply = torch.ops.mkldnn._linear_pointwise.binary
    return lambda x, residual: multiply(x, residual, packed, bias, "add")
