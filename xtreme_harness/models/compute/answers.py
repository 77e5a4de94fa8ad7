"""Answers of a batch on their way from the device to where they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray

from xtreme_harness.errors import ModelError
from xtreme_harness.records import Encoded

__all__ = ["NoNumbers", "Pending", "gathered", "kept", "numbers"]

Floats = NDArray[np.float32]
_IN_MEMORY = 1 << 30  # bytes of a pool's vectors; beyond them they lie in a temporary file


class NoNumbers(ModelError):
    """The network's arithmetic broke down, or its weights were broken before."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a batch was answered with, still on the device."""

    values: torch.Tensor  # (n, c), a row a sequence; (w, c), a row a token
    shares: Sequence[int] | None = None  # rows that are each sequence's, where a row is a token

    def fetched(self) -> list[Floats]:
        """Answers on the host: (c,) a sequence, (rows, c) where a row is a token."""
        table = numbers(self.values)
        return list(table) if self.shares is None else np.split(table, np.cumsum(self.shares)[:-1])


def numbers(values: torch.Tensor) -> Floats:
    """Copy to the host as float32.

    Raises:
        NoNumbers: where the network's arithmetic broke down.
    """
    found: Floats = values.float().cpu().numpy()
    if np.isnan(found).any():
        raise NoNumbers("the network's answers are not numbers (NaN); use --dtype float32 or bfloat16")
    return found


def kept(values: torch.Tensor, rows: Sequence[Encoded]) -> Pending:
    """Cut padding and unwanted positions away from (n, length, c)."""
    length = values.shape[1]
    wanted = [row.keep if row.keep is not None else range(len(row.ids)) for row in rows]
    flat = np.concatenate([np.asarray(keep, dtype=np.int64) + i * length for i, keep in enumerate(wanted)])
    at = torch.from_numpy(flat).to(values.device)
    return Pending(values.reshape(-1, values.shape[-1]).index_select(0, at), [len(keep) for keep in wanted])


def gathered(parts: Iterable[Floats]) -> Floats:
    """One array (m, d) of all parts: in memory while it is small, else in a temporary file that is mapped.

    The file has no name: it is gone with the array.
    """
    waiting: list[Floats] = []
    rows = 0
    with TemporaryFile() as file:
        for part in parts:
            rows += len(part)
            waiting.append(part)
            if rows * part.shape[1] * part.itemsize > _IN_MEMORY:
                _append(file, waiting)
        if file.tell():
            _append(file, waiting)
            return np.memmap(file, np.float32, "c").reshape(rows, -1)
    return np.concatenate(waiting) if waiting else np.zeros((0, 1), np.float32)


def _append(file: IO[bytes], waiting: list[Floats]) -> None:
    for part in waiting:
        file.write(np.ascontiguousarray(part, np.float32).tobytes())
    file.flush()
    waiting.clear()
