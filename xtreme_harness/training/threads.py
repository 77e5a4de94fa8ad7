"""How many threads a training computes with on a processor: so many as its network is worth, whatever the machine has.

Sums that are split among threads come out with other last bits for another number of them: in the kernels of MKL and
oneDNN, in the gradients of normalisations and of softmax. A training repeats what it rounds, so that weights would
tell how many cores a worker had; and what is fingerprinted by its weights would be computed anew elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["same_threads", "threads_of"]

_EACH = 1_000_000  # weights that keep a thread busy; with fewer, threads wait for one another
_MOST = 8  # where there are fewer cores, they take turns, which costs a big network next to nothing


def threads_of(network: torch.nn.Module) -> int:
    """The number of threads, from the number of weights that are multiplied with; tables of embeddings are looked up.

    Args:
        network: with all its heads.
    """
    tables = {id(module.weight) for module in network.modules() if isinstance(module, torch.nn.Embedding)}
    weights = sum(weight.numel() for weight in network.parameters() if id(weight) not in tables)
    return max(1, min(_MOST, weights // _EACH))


@contextmanager
def same_threads(network: Any) -> Iterator[None]:
    """Compute with the threads of this network, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads_of(network))
    try:
        yield
    finally:
        torch.set_num_threads(before)
