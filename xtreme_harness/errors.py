"""What can go wrong, as one tree.

XHarnessError            one line for the user: where, found, expected, what to do
├── CardError            a task card, suite or recipe is wrong
├── DataError            a data file or Hub dataset is missing or malformed
│   └── HubSilent        the Hub does not answer, so nothing else of it can be had either
├── PredictionError      predictions are absent, unknown or malformed
├── ModelError           a checkpoint cannot be loaded, or has no fitting head
│   └── UnnamedLabels    its labels have no names, so that only the user can say which is which
├── OutputError          the output folder cannot be used
└── MissingDependency    an optional package is needed; the message has the install line
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "CardError",
    "DataError",
    "HubSilent",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "PredictionError",
    "UnnamedLabels",
    "XHarnessError",
    "did_you_mean",
    "listed",
]


class XHarnessError(Exception):
    """Base of every error that is the user's to fix; `faults` holds one message each."""

    def __init__(self, *faults: str) -> None:
        """Keep the faults, one message each; `str()` joins them with newlines."""
        self.faults: tuple[str, ...] = faults
        super().__init__("\n".join(faults))


class CardError(XHarnessError):
    """A task card, suite or recipe is wrong."""


class DataError(XHarnessError):
    """A data file or Hub dataset is missing or malformed."""


class HubSilent(DataError):
    """The Hub does not answer, so nothing else of it can be had either."""


class PredictionError(XHarnessError):
    """Predictions are absent, unknown or malformed."""


class ModelError(XHarnessError):
    """A checkpoint cannot be loaded, or has no fitting head."""


class UnnamedLabels(ModelError):
    """The labels of a checkpoint have no names, so that only the user can say which is which."""


class OutputError(XHarnessError):
    """The output folder cannot be used."""


class MissingDependency(XHarnessError):
    """An optional package is needed; the message has the install line."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the nearest known word, or "".

    >>> did_you_mean("xnlli", ["xnli", "xquad"])
    " (did you mean 'xnli'?)"
    """
    near = get_close_matches(word, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def listed(faults: Sequence[str], limit: int = 20) -> tuple[str, ...]:
    """Cut a long list of faults to `limit`, saying how many were left out.

    >>> listed(["a", "b", "c"], limit=2)
    ('a', 'b', '... and 1 more')
    """
    if len(faults) <= limit:
        return tuple(faults)
    return (*faults[:limit], f"... and {len(faults) - limit} more")
