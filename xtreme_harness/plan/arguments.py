"""What an argument must be: one check for a flag of the shell and for its name in Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from os import fsencode
from pathlib import Path
from typing import Any

from xtreme_harness.data.trained_on import ALL, ENGLISH, TARGET
from xtreme_harness.errors import DataError, did_you_mean
from xtreme_harness.jobs.watch import Watch

__all__ = [
    "FLAG", "LAYER", "MANY", "NAME", "NAMES", "PATH", "PATHS", "PLACE", "PLACES", "RESAMPLING", "SEED", "SEEDS", "SIZE",
    "TEXT", "TEXTS", "TRAINED_ON", "WATCH", "Wanted", "faults_of", "number", "one_of", "optional", "require", "shown",
    "whole",
]  # fmt: skip

MANY = 2**31 - 1  # of anything that is counted
SIZE = 65_536  # of a batch, at most
_RESAMPLES = 100_000  # at most; each is a number for every cell
_SEEDS = 2**32 - 1  # numpy and torch both take so many
_DEPTH = 10_000  # layers of a network
_NAME = 255  # bytes of a file's name
_LONG = 60  # characters of a value that a message shows


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value must be."""

    words: str  # "a number from 1 to 65536"
    fits: Callable[[Any], bool]
    known: tuple[str, ...] = ()  # the words that may be said, for the nearest of them


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value


def _name(value: Any) -> bool:
    """A text that a file system takes for a name or a path."""
    return _text(value) and all(len(fsencode(part)) <= _NAME for part in value.split("/"))


def _each(value: Any, fits: Callable[[Any], bool]) -> bool:
    several = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    return several and all(map(fits, value))


def _layer(value: Any) -> bool:
    if isinstance(value, float):
        return 0 <= value <= 1  # which no NaN is
    return value == "last" if isinstance(value, str) else _whole(value, 0, _DEPTH)


TEXT = Wanted("a text", _text)
TEXTS = Wanted("a text, or a list of texts", lambda value: _each(value, _text))
NAMES = Wanted("names", lambda value: _each(value, _name))
NAME = Wanted("a name", _name)
PATH = Wanted(f"a path, of names of at most {_NAME} bytes", lambda value: isinstance(value, Path) and _name(str(value)))
PATHS = Wanted("a path, or a list of paths", lambda value: _each(value, PATH.fits))
PLACE = Wanted(PATH.words, lambda value: _name(value) or PATH.fits(value))  # not yet read
PLACES = Wanted("a list of paths", lambda value: _each(value, PLACE.fits))
FLAG = Wanted("True or False", lambda value: isinstance(value, bool))
SEED = Wanted(f"a number from 0 to {_SEEDS}", lambda value: _whole(value, 0, _SEEDS))
SEEDS = Wanted(f"a list of numbers from 0 to {_SEEDS}", lambda value: _each(value, SEED.fits))
LAYER = Wanted("last, an index such as 8, or a fraction such as 0.67", _layer)


def _trained_on(value: Any) -> bool:
    """One of the words alone, or codes of which none stands twice."""
    if not NAMES.fits(value):
        return False
    return len({*value}) == len(value) and (len(value) < 2 or not {*value} & {ENGLISH, TARGET, ALL})


TRAINED_ON = Wanted("english, target, all, or codes of languages, each once", _trained_on)


def whole(low: int, high: int = MANY) -> Wanted:
    """A whole number between two, both included."""
    return Wanted(f"a number from {low} to {high}", lambda value: _whole(value, low, high))


def number(low: float, high: float) -> Wanted:
    """A number between two, both left out; no NaN is."""

    def fits(value: Any) -> bool:
        return isinstance(value, Real) and not isinstance(value, bool) and bool(low < value and value < high)  # type: ignore[operator]

    return Wanted(f"a number between {low:g} and {high:g}", fits)


def one_of(words: Collection[str], said: str = "") -> Wanted:
    """One of some words, spelt so."""
    known = tuple(words)
    return Wanted(said or ", ".join(known), lambda value: isinstance(value, str) and value in known, known)


def optional(wanted: Wanted) -> Wanted:
    """The same, or None."""
    return Wanted(wanted.words, lambda value: value is None or wanted.fits(value), wanted.known)


WATCH = {"watch": ("watch", Wanted("a Watch", lambda value: isinstance(value, Watch)))}
RESAMPLING = {  # of `compare` and `gate`
    "paired_bs": ("--paired-bs", whole(100, _RESAMPLES)),
    "paired_ar": (
        "--paired-ar", Wanted(whole(100, _RESAMPLES).words, lambda n: _whole(n, 0, 0) or _whole(n, 100, _RESAMPLES))
    ),
    "seed": ("--seed", SEED),
    "force": ("--force", FLAG),
    "include": ("--include-path", PLACES),
}  # fmt: skip


def faults_of(values: Mapping[str, Any], wanted: Mapping[str, tuple[str, Wanted]]) -> list[str]:
    """One line a value that is none of what is wanted.

    Args:
        values: by name.
        wanted: name -> the flag by which messages call it, and what it must be.

    >>> faults_of({"limit": 0}, {"limit": ("--limit", whole(1, 9))})
    ['--limit 0: expected a number from 1 to 9']
    """
    found = []
    for name, (flag, one) in wanted.items():
        value = values[name]
        if one.fits(value):
            continue
        near = did_you_mean(value, one.known) if isinstance(value, str) else ""
        said = f"{flag} {shown(value)}: " if shown(value) else f"{flag}: empty, "
        found.append(f"{said}expected {one.words}{near}")
    return found


def shown(value: Any) -> str:
    """A value as a message has it: on one line, and not long."""
    try:
        text = " ".join((value if isinstance(value, str) else repr(value)).split())
    except ValueError:  # a whole number of thousands of digits
        return "(a number that is too long to be shown)"
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def require(values: Mapping[str, Any], wanted: Mapping[str, tuple[str, Wanted]]) -> None:
    """Raise DataError with what `faults_of` finds."""
    if faults := faults_of(values, wanted):
        raise DataError(*faults)
