"""How much work a plan is: examples, tokens, seconds. Data on disk is read for it, weights are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from xtreme_harness.data.sources import FilesFound
from xtreme_harness.data.splits import load_split
from xtreme_harness.errors import HubSilent, XHarnessError
from xtreme_harness.kinds import KINDS, Kind
from xtreme_harness.kinds.examples import running_texts
from xtreme_harness.plan.cells import Cell

__all__ = [
    "BYTES_A_TOKEN", "CellFault", "Found", "Work", "estimate", "measured_speed", "official_size",
    "seconds_for", "spoken", "text_bytes",
]  # fmt: skip

BYTES_A_TOKEN = 4  # of UTF-8, over the vocabularies and scripts at hand
_SHARE = 0.4  # of the speed of a plain matrix product that such models reach, roughly


@dataclass(frozen=True, slots=True)
class CellFault:
    """Why the data of a cell cannot be read."""

    cell: str
    error: XHarnessError


@dataclass(frozen=True, slots=True)
class Work:
    """What some cells take; None where it cannot be told."""

    examples: int | None
    tokens: int | None  # roughly
    seconds: float | None  # roughly, loading not counted
    faults: tuple[CellFault, ...] = ()  # of data that cannot be read


class Found:
    """What the data of one command are found to hold: each file is read once, whoever asks."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[Hashable, Any] = {}

    def get(self, name: Hashable, find: Callable[[], Any]) -> Any:
        """What was found under a name; the first time it is looked for. What could not be had is raised again."""
        if name not in self._known:
            try:
                self._known[name] = find()
            except XHarnessError as error:
                self._known[name] = error
        if isinstance(known := self._known[name], XHarnessError):
            raise known
        return known


@cache
def measured_speed(device: str) -> float:
    """Floating-point operations a second of a plain matrix product, in the arithmetic that "auto" would choose."""
    import torch

    from xtreme_harness.models.device import DTYPES, choose_device, choose_dtype

    place = choose_device(device)
    size = 4096 if place.type == "cuda" else 1024
    a = torch.ones(size, size, dtype=DTYPES[choose_dtype("auto", place)], device=place)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        float((a @ a)[0, 0])  # reading a number waits for the device
        best = min(best, time.perf_counter() - started)
    return float(2 * size**3 / best)


def seconds_for(config: Mapping[str, Any], tokens: float, device: str) -> float:
    """Seconds, roughly, that a forward pass over so many tokens takes."""
    weights = 12 * int(config.get("num_hidden_layers") or 12) * int(config.get("hidden_size") or 768) ** 2
    return 2 * weights * tokens / (_SHARE * measured_speed(device))


def estimate(
    cells: Sequence[Cell], config: Mapping[str, Any] | None, limit: int | None, device: str, found: Found | None = None
) -> Work:
    """Estimate the work of cells that share a model.

    Args:
        cells: what is evaluated.
        config: the checkpoint's config.json; None for a self-test, which takes no time.
        limit: examples a cell.
        device: "auto", "cpu" or "cuda[:N]".
        found: of the command, whose data may be known already.
    """
    found = found or Found()
    parts, faults = [], []
    for cell in cells:
        try:
            parts.append(found.get(("cell", cell.name), partial(_cell, cell, limit)))
        except HubSilent:
            raise
        except XHarnessError as error:
            faults.append(CellFault(cell.name, error))
    if faults or any(examples is None for examples, _ in parts):
        return Work(None, None, None, tuple(faults))
    pools = {path for cell in cells if isinstance(cell.located, FilesFound) for path in cell.located.pool_files()}
    examples = sum(part[0] or 0 for part in parts)
    if config is None or any(tokens is None for _, tokens in parts):
        return Work(examples, None, None)
    tokens = sum(part[1] or 0 for part in parts) + sum(path.stat().st_size for path in pools) // BYTES_A_TOKEN
    return Work(examples, tokens, seconds_for(config, tokens, device))


def spoken(seconds: float) -> str:
    """A duration for people.

    >>> spoken(3), spoken(600), spoken(9000)
    ('under a minute', 'about 10 minutes', 'about 2.5 hours')
    """
    if seconds < 90:
        return "under a minute" if seconds < 60 else "about a minute"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"


def official_size(cell: Cell, limit: int | None) -> tuple[int | None, int | None]:
    """Examples and tokens by the official count and half the longest input; None where the card does not say."""
    official = cell.card.count(cell.split, cell.language)
    if official is None:
        return None, 0
    examples, length = min(official, limit or official), cell.card.options.get("max_length")
    return examples, examples * int(length) // 2 if length else None


def _cell(cell: Cell, limit: int | None) -> tuple[int | None, int | None]:
    """Examples and tokens: of files on disk as they are, of the Hub by official count and half the longest input.

    Raises:
        DataError: every fault of the files.
    """
    kind = KINDS[cell.card.kind]
    if isinstance(cell.located, FilesFound):
        split = load_split(cell.card, cell.language, cell.split, cell.located, kind.parse, kind.passage, limit)
        return len(split.examples), _tokens(kind, split.examples)
    return official_size(cell, limit)


def _tokens(kind: Kind[Any, Any, Any], examples: Iterable[Any]) -> int:
    """Tokens that a model reads for the examples, roughly."""
    if kind.reads is None:
        return text_bytes(kind, examples) // BYTES_A_TOKEN
    texts = (text for example in examples for text in running_texts(kind, example))
    return sum(kind.reads(len(text.encode()) // BYTES_A_TOKEN) for text in texts)


def text_bytes(kind: Kind[Any, Any, Any], examples: Iterable[Any]) -> int:
    """Bytes of the examples' texts."""
    return sum(len(text.encode()) for example in examples for text in running_texts(kind, example))
