"""Which worker computes where."""

from __future__ import annotations

__all__ = ["visible_gpus", "worker_environments"]


def visible_gpus() -> tuple[str, ...]:
    """The GPUs that this process may use."""
    return ()


def worker_environments(workers: int | None, device: str, cores: int) -> list[dict[str, str]]:
    """What the environment of each worker has that this process's has not."""
    n = workers or 1
    threads = str(max(1, cores // n))
    return [{"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads} for _ in range(n)]
