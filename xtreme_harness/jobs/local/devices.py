"""Which GPU and how many threads each worker of this machine gets; said by its environment, before torch is loaded."""

from __future__ import annotations

import os
import re

__all__ = ["visible_gpus", "worker_environments"]

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
_ENTRY = re.compile(r"[0-9]+|GPU-[0-9A-Za-z-]+|MIG-[0-9A-Za-z/-]+")  # an index, a UUID or its beginning, a MIG instance


def visible_gpus() -> tuple[str, ...]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; CUDA is not set up for the answer.

    As CUDA reads the variable: an entry that names none hides those behind it ("", "-1": none at all), and one that is
    named twice hides all. Indices from 0 on where it is not set.
    """
    told = os.environ.get(_VISIBLE)
    named: list[str] = []
    for entry in () if told is None else told.split(","):
        if not _ENTRY.fullmatch(entry.strip()):
            break
        named.append(entry.strip())
    if told is not None and (not named or len(set(named)) < len(named)):
        return ()
    import torch

    count = torch.cuda.device_count()  # of those that the variable leaves
    return tuple(map(str, range(count))) if told is None else tuple(named[:count])


def worker_environments(workers: int | None, device: str, cores: int) -> list[dict[str, str]]:
    """What each worker's environment has beside this process's own.

    Args:
        workers: how many; None: one a visible GPU, and one where there is none.
        device: "auto" and "cuda" spread workers over the GPUs, one after the other; "cpu" and "cuda:N" mean just that.
        cores: of the processor that all workers share; each gets its part as threads, fewer where the user set fewer.

    Returns:
        one a worker; a single worker that needs no GPU of its own has nothing beside.
    """
    gpus = visible_gpus() if device in ("auto", "cuda") else ()
    count = workers or len(gpus) or 1
    threads = _threads(max(1, cores // count)) if count > 1 else {}
    own = [{_VISIBLE: gpus[i % len(gpus)]} if len(gpus) > 1 else {} for i in range(count)]
    return [{**gpu, **threads} for gpu in own]


def _threads(share: int) -> dict[str, str]:
    """The variables that bound threads; what the user set stays where it is less."""
    found = {}
    for name in _THREADS:
        told = re.match(r"[0-9]+", os.environ.get(name, "").strip())  # "4,2": of nested parts; the outer one counts
        own = int(told[0]) if told else 0
        found[name] = str(min(own, share) if own else share)
    return found
