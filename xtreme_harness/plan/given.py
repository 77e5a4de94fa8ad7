"""What a caller has at hand, as a request holds it; what cannot be read stays as it is, for the request to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import index
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from xtreme_harness.cards.names import split_names

__all__ = ["READ", "read", "read_layer"]


def read(name: str, value: Any) -> Any:
    """A value as the field of that name holds it."""
    return READ[name](value) if name in READ else value


def read_layer(value: Any) -> Any:
    """Read "last", an index ("8") or a fraction of the depth ("0.67").

    >>> read_layer("last"), read_layer("8"), read_layer("0.5")
    ('last', 8, 0.5)
    """
    if not isinstance(value, str) or value == "last":
        return _whole(value)
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _whole(value: Any) -> Any:
    """A whole number of any library as Python's own."""
    try:
        return value if isinstance(value, bool) else index(value)
    except TypeError:
        return value


def _text(value: Any) -> Any:
    return fspath(value) if isinstance(value, PathLike) else value


def _path(value: Any) -> Any:
    """Nothing would be the working folder."""
    return Path(value) if isinstance(value, str | PathLike) and fspath(value) else value


def _several(value: Any, one: Callable[[Any], Any]) -> Any:
    """One value or several, each read."""
    if isinstance(value, str | PathLike):
        return (one(value),)
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return tuple(map(one, value))
    return value


def _names(value: Any) -> Any:
    """Names that are repeated, comma-separated, or both."""
    found = _several(value, _text)
    plain = isinstance(found, tuple) and all(isinstance(name, str) for name in found)
    return tuple(split_names(found)) if plain else found


def _numbers(value: Any) -> Any:
    """A text is no list of numbers, though it can be walked over."""
    return value if isinstance(value, str) else _several(value, _whole)


READ: Mapping[str, Callable[[Any], Any]] = {
    "model": _text,
    "tasks": _names,
    "data": lambda value: _several(value, _text),
    "output": _path,
    "include": lambda value: _several(value, _path),
    "recipe": _text,
    "settings": lambda value: _several(value, _text),
    "limit_train": _whole,
    "train_on": _names,
    "seed": _whole,
    "seeds": _numbers,
    "languages": _names,
    "labels": _path,
    "layer": read_layer,
    "label_order": lambda value: _several(value, _text),
    "batch_size": _whole,
    "workers": _whole,
    "slurm": lambda value: _several(value, _text),
    "limit": _whole,
    "mlm": _path,
    "translated": _path,
}
