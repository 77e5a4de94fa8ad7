"""How much of a Ray cluster one job gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.errors import ClusterError

__all__ = ["Share", "find_share", "fits"]

Resources = Mapping[str, float]  # of a node, as Ray tells them: "CPU", "GPU", ...


@dataclass(frozen=True, slots=True)
class Share:
    """What one job asks for, and how many run at once."""

    cpus: int
    gpus: int  # of a job that computes on a GPU
    slots: int  # that the cluster has now
    most: int | None  # jobs at once; None: as many as there is room for


def find_share(nodes: Sequence[Resources], workers: int | None, device: str) -> Share:
    """What a job gets: a GPU with its part of the node's processors, or without GPUs as many as the smallest node has.

    >>> find_share([{"CPU": 64, "GPU": 8}, {"CPU": 16}], None, "auto")
    Share(cpus=8, gpus=1, slots=8, most=None)
    >>> find_share([{"CPU": 16}, {"CPU": 8}], None, "auto")
    Share(cpus=8, gpus=0, slots=3, most=None)
    >>> find_share([{"CPU": 16}, {"CPU": 8}], 6, "auto")
    Share(cpus=4, gpus=0, slots=6, most=6)

    Args:
        nodes: what each node of the cluster has.
        workers: jobs at once; None: what the cluster has room for.
        device: "auto", "cpu" or "cuda".

    Raises:
        ClusterError: no node has what a job needs.
    """
    if device.startswith("cuda:"):
        raise ClusterError(f"--device {device}: Ray says which GPU a job gets; expected auto, cpu or cuda")
    with_gpu = [node for node in nodes if node.get("GPU", 0) >= 1]
    if not device.startswith("cpu") and with_gpu:
        cpus = min(int(node.get("CPU", 0) // node["GPU"]) for node in with_gpu)
        return Share(cpus, 1, sum(int(node["GPU"]) for node in with_gpu), workers)
    if device == "cuda":
        raise ClusterError("--device cuda: no node of the Ray cluster has a GPU; expected auto or cpu")
    sizes = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    if not sizes:
        raise ClusterError("no node of the Ray cluster has a processor for jobs (num-cpus 0): add a worker node")
    cpus = min(sizes) if workers is None else _widest(sizes, workers)
    return Share(cpus, 0, sum(size // cpus for size in sizes), workers)


def fits(node: Resources, cpus: int, gpus: int) -> bool:
    """Has a node, when nothing runs there, what a job asks for?"""
    return node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus


def _widest(sizes: Sequence[int], workers: int) -> int:
    """The most processors a job can have so that as many run at once; 1 where there are not as many."""
    wide = (cpus for cpus in range(max(sizes), 0, -1) if sum(size // cpus for size in sizes) >= workers)
    return next(wide, 1)
