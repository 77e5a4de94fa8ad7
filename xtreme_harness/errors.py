"""What can go wrong, as one tree.

XHarnessError            one line for the user: where, found, expected, what to do
├── CardError            a task card, suite or recipe is wrong
├── DataError            a data file or Hub dataset is missing or malformed
│   └── HubSilent        the Hub does not answer, so nothing else of it can be had either
├── PredictionError      predictions are absent, unknown or malformed
├── ModelError           a checkpoint cannot be loaded, or has no fitting head
│   ├── UnnamedLabels    its labels have no names, so that only the user can say which is which
│   └── Diverged         training ran into what is no number
├── OutputError          the output folder cannot be used
├── ClusterError         a cluster cannot be used, or not for this work
└── MissingDependency    an optional package is needed; the message has the install line
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "CardError",
    "ClusterError",
    "DataError",
    "Diverged",
    "HubSilent",
    "MissingDependency",
    "ModelError",
    "OutputError",
    "PredictionError",
    "UnnamedLabels",
    "XHarnessError",
    "did_you_mean",
    "escaped",
    "in_words",
    "listed",
    "presentable",
]

_CONTROL = re.compile(  # all but tab and line feed, and what turns the direction of the text after it
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LONGEST = 2000  # characters of a fault
_WORD = 200  # characters; no name has more, and comparing a line of megabytes takes minutes
_MOST = 100  # faults of an error; a file of a hundred thousand bad lines has as many


class XHarnessError(Exception):
    """Base of every error that is the user's to fix; `faults` holds one message each."""

    def __init__(self, *faults: str) -> None:
        """Keep the first hundred faults, one message each, as they can be shown: `escaped`, and not longer than a page.

        `str()` joins them with newlines.
        """
        self.faults: tuple[str, ...] = tuple(map(presentable, listed(faults, _MOST)))
        super().__init__("\n".join(self.faults))


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


class Diverged(ModelError):
    """Training ran into what is no number."""


class OutputError(XHarnessError):
    """The output folder cannot be used."""


class ClusterError(XHarnessError):
    """A cluster cannot be used, or not for this work."""


class MissingDependency(XHarnessError):
    """An optional package is needed; the message has the install line."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the nearest known word, or "".

    >>> did_you_mean("xnlli", ["xnli", "xquad"])
    " (did you mean 'xnli'?)"
    """
    near = get_close_matches(word, list(known), n=1) if len(word) <= _WORD else []
    return f" (did you mean '{near[0]}'?)" if near else ""


def escaped(text: str) -> str:
    r"""Write control characters and halves of characters out, so that a terminal shows them and does not obey them.

    Tabs and line feeds stay, and JSON stays what it says.

    >>> escaped("a\x1b[2Jb")
    'a\\u001b[2Jb'
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def listed(faults: Sequence[str], limit: int = 20) -> tuple[str, ...]:
    """Cut a long list of faults to `limit`, saying how many were left out.

    >>> listed(["a", "b", "c"], limit=2)
    ('a', 'b', '... and 1 more')
    """
    if len(faults) <= limit:
        return tuple(faults)
    return (*faults[:limit], f"... and {len(faults) - limit:,} more")


def in_words(error: Exception) -> str:
    """One line for an error that no place of its own told: the system's reason and the file, or the error's name.

    >>> in_words(PermissionError(13, "Permission denied", "x.tsv"))
    'x.tsv: cannot be read or written (Permission denied)'
    >>> in_words(KeyError("premise"))
    "KeyError: 'premise'"
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: cannot be read or written ({error.strerror})"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def presentable(fault: str) -> str:
    """A fault as it can be shown: `escaped`, and its middle cut out where it is long, which a file's line may make it.

    Its start says where, its end what to do.
    """
    fault = escaped(fault)
    if len(fault) <= _LONGEST:
        return fault
    start, end = 3 * _LONGEST // 4, _LONGEST // 4
    return f"{fault[:start]} ... ({len(fault) - start - end:,} more characters) ... {fault[-end:]}"
