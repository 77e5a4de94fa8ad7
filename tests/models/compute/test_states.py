"""Hidden states of any layer of every family, and that nothing above the layer runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from tests.fixtures.families import CONFIGS, T5S
from xtreme_harness.models.compute import states
from xtreme_harness.models.compute.states import states_at

IN_NO_LIST = ("xlm",)


@pytest.fixture(scope="module", params=CONFIGS)
def network(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    auto = transformers.AutoModelForTextEncoding if request.param in T5S else transformers.AutoModel
    return auto.from_config(CONFIGS[request.param]()).eval()


@pytest.mark.parametrize("layer", [0, 1, 2])
@torch.inference_mode()
def test_states_are_those_of_transformers(network: Any, layer: int) -> None:
    inputs = {"input_ids": torch.tensor([[5, 6, 7, 8], [9, 10, 11, 4]]), "attention_mask": torch.ones(2, 4).long()}
    inputs["attention_mask"][1, 3] = 0
    wanted = network(**inputs, output_hidden_states=True).hidden_states[layer]
    assert torch.equal(states_at(network, inputs, layer), wanted)
    assert torch.equal(states_at(network, inputs, layer), wanted)  # and the network is as it was


@torch.inference_mode()
def test_layers_above_do_not_run(network: Any) -> None:
    stack = states._stack(network)
    if stack is None:
        assert network.config.model_type in IN_NO_LIST
        return
    ran = []
    handles = [part.register_forward_hook(lambda *_, i=i: ran.append(i)) for i, part in enumerate(stack)]
    states_at(network, {"input_ids": torch.tensor([[5, 6]]), "attention_mask": torch.ones(1, 2).long()}, 1)
    for handle in handles:
        handle.remove()
    assert ran == [0]
