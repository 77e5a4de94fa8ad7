"""Hidden states of one layer, without running the layers above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

__all__ = ["states_at"]


class _Reached(Exception):
    """Carries the states that a layer was about to read, and ends the forward pass there."""

    def __init__(self, states: torch.Tensor) -> None:
        self.states = states


def states_at(network: Any, inputs: Mapping[str, torch.Tensor], layer: int) -> torch.Tensor:
    """Hidden states (n, length, d) as transformers numbers them: 0 is the embeddings.

    What enters layer k of a stack is hidden state k; the last one is what leaves the network, behind its last
    normalisation. Networks that keep their layers in no one list are asked for all hidden states.

    Args:
        network: an encoder.
        inputs: its inputs.
        layer: up to the number of its layers.
    """
    if layer == network.config.num_hidden_layers:
        last: torch.Tensor = network(**inputs).last_hidden_state
        return last
    stack = _stack(network)
    if stack is None:
        states: torch.Tensor = network(**inputs, output_hidden_states=True).hidden_states[layer]
        return states
    handle = stack[layer].register_forward_pre_hook(_stop, with_kwargs=True)
    try:
        network(**inputs)
    except _Reached as reached:
        return reached.states
    finally:
        handle.remove()
    raise AssertionError("the network has run without the layers of its own list")


def _stop(module: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    raise _Reached(arguments[0] if arguments else named["hidden_states"])


def _stack(network: Any) -> torch.nn.ModuleList | None:
    """The list of the network's layers; None where it is not plain which list that is."""
    lists = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == network.config.num_hidden_layers
    }
    first = next(iter(lists), "")
    plain = all(name == first or name.startswith(f"{first}.") for name in lists)  # others are parts of its layers
    return lists.get(first) if plain else None
