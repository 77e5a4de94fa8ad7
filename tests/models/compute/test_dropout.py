"""Dropout with cheap masks: how many are dropped, which, and what becomes of the others."""

from __future__ import annotations

import math

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from xtreme_harness.models.compute.dropout import Dropout, dropped, replace_dropout


@pytest.mark.parametrize("share", [0.1, 0.5, 0.93])
def test_the_share_is_dropped_and_the_mean_stays(share: float) -> None:
    torch.manual_seed(0)
    size = 1_000_003
    found = dropped(torch.ones(size), share)
    error = math.sqrt(share * (1 - share) / size)
    assert float((found == 0).double().mean()) == pytest.approx(share, abs=5 * error)
    assert found.unique().tolist() == pytest.approx([0, 1 / (1 - share)], rel=1e-3)
    assert float(found.double().mean()) == pytest.approx(1, abs=5 * error / (1 - share))


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    gone = (dropped(torch.ones(1 << 20), 0.5) == 0).double()
    for apart in (1, 2, 3, 4, 64, 768):
        both = float((gone[apart:] * gone[:-apart]).mean())
        assert both == pytest.approx(0.25, abs=0.003), apart


def test_the_seed_of_torch_decides() -> None:
    x = torch.ones(1000)
    torch.manual_seed(3)
    first, second = dropped(x, 0.3), dropped(x, 0.3)
    torch.manual_seed(3)
    assert torch.equal(dropped(x, 0.3), first)
    assert not torch.equal(first, second)


def test_the_gradient_is_dropped_alike() -> None:
    x = torch.ones(8, 9, requires_grad=True)
    found = Dropout(0.4).train()(x)
    found.sum().backward()
    assert torch.equal(x.grad, found.detach())


def test_a_layer_computed_again_drops_the_same() -> None:
    layer = torch.nn.Sequential(torch.nn.Linear(6, 6), Dropout(0.5), torch.nn.Linear(6, 6)).train()
    gradients = []
    for again in (False, True):
        layer.zero_grad()
        torch.manual_seed(1)
        x = torch.ones(4, 6, requires_grad=True)
        (checkpoint(layer, x, use_reentrant=False) if again else layer(x)).sum().backward()
        gradients.append([p.grad.clone() for p in layer.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_nothing_is_dropped_outside_training() -> None:
    x = torch.randn(5, 5)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)
    assert not Dropout(1.0).train()(x).any()


def test_dtypes_stay() -> None:
    assert dropped(torch.ones(7, dtype=torch.bfloat16), 0.1).dtype == torch.bfloat16


def test_it_is_put_in_the_place_of_torchs() -> None:
    network = torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.ModuleList([torch.nn.Dropout(0.3)]))
    replace_dropout(network)
    assert [type(m) for m in network.modules() if isinstance(m, torch.nn.Dropout)] == [Dropout, Dropout]
    assert (network[0].p, network[1][0].p) == (0.2, 0.3)
