"""Linear layers with packed weights, against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import gelu, linear

from xtreme_harness.models.compute.linear import activated, adding, prepack, prepackable

CASES = [(torch.float32, 1e-5), (torch.bfloat16, 0.06)]


@pytest.fixture
def parts() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    return torch.randn(7, 12), torch.randn(9, 12), torch.randn(9), torch.randn(7, 9)


@pytest.mark.parametrize(("dtype", "near"), CASES)
@torch.inference_mode()
def test_functions(dtype: torch.dtype, near: float, parts: tuple[torch.Tensor, ...]) -> None:
    x, weight, bias, residual = (part.to(dtype) for part in parts)
    plain = linear(x.double(), weight.double(), bias.double())
    for wanted, found in (
        (plain, activated(weight, bias)(x)),
        (plain - bias.double(), activated(weight, None)(x)),
        (gelu(plain), activated(weight, bias, "gelu")(x)),
        (plain + residual.double(), adding(weight, bias)(x, residual)),
    ):
        assert found.dtype == dtype and (found.double() - wanted).abs().max() < near


@torch.inference_mode()
def test_rows_of_any_number_and_shape(parts: tuple[torch.Tensor, ...]) -> None:
    x, weight, bias, _ = parts
    multiply = activated(weight, bias)
    assert multiply(x[:0]).shape == (0, 9)
    for shape in ((1, 12), (7, 12), (1, 7, 12)):
        rows = x[: shape[-2]].reshape(shape)
        assert torch.allclose(multiply(rows), linear(rows, weight, bias), atol=1e-5)


def test_a_network_is_taken_over_layer_by_layer(parts: tuple[torch.Tensor, ...]) -> None:
    inner = torch.nn.Sequential(torch.nn.Linear(12, 9, bias=False), torch.nn.LayerNorm(9))
    network = torch.nn.Sequential(inner, torch.nn.Linear(9, 2))
    with torch.inference_mode():
        wanted = network(parts[0])
        prepack(network)
        assert torch.allclose(network(parts[0]), wanted, atol=1e-5)
    if prepackable(parts[1]):
        assert [name for name, _ in network.named_parameters()] == ["0.1.weight", "0.1.bias"]


def test_other_dtypes_are_left_alone() -> None:
    assert not prepackable(torch.zeros(2, 2, dtype=torch.float64)) and not prepackable(torch.zeros(2, 2).half())
