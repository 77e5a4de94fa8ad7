"""Hyper-parameters of which several values are tried: `search` in a recipe, or a setting with commas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from pydantic import BaseModel, ValidationError

from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.shown import plain, shown

__all__ = ["MOST", "Space", "combinations", "read_space", "read_value", "size_faults", "space_faults", "trial_name"]

MOST = 64  # trainings of one search
Space = Mapping[str, tuple[Any, ...]]  # hyper-parameter -> its values, in the order in which they are tried
_FIXED = ("eval_examples",)  # the trials of a search are scored on the same dev examples


def read_value(model: type[BaseModel], name: str, value: Any) -> Any:
    """One value as the model holds it.

    Raises:
        ValueError: in words, where it cannot be.
    """
    try:
        read: Any = model.__pydantic_validator__.validate_assignment(model.model_construct(), name, value)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{said} (found {shown(value)})") from None
    return getattr(read, name)


def read_space(model: type[BaseModel], raw: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """A search without faults, its values as the model holds them."""
    return {name: tuple(read_value(model, name, value) for value in values) for name, values in raw.items()}


def space_faults(where: str, raw: Any, model: type[BaseModel]) -> list[str]:
    """What is wrong with a `search`, one line each with its path: keys, values, values that stand twice."""
    if not isinstance(raw, Mapping):
        return [f"{where}: found {shown(raw)}, expected keys with lists of values, such as {{lr: [1e-5, 2e-5]}}"]
    return [fault for name, values in raw.items() for fault in _faults(f"{where}.{plain(name)}", name, values, model)]


def _faults(where: str, name: Any, values: Any, model: type[BaseModel]) -> list[str]:
    known = _searchable(model)
    if name not in known:
        if name in model.model_fields:
            return [f"{where}: cannot be searched; give it one value"]
        return [f"{where}: unknown key{did_you_mean(str(name), known)}"]
    if not isinstance(values, list | tuple) or not values:
        return [f"{where}: found {shown(values)}, expected a list of values"]
    faults, seen = [], []
    for i, value in enumerate(values):
        try:
            read = read_value(model, name, value)
        except ValueError as error:
            faults.append(f"{where}[{i}]: {error}")
            continue
        if read in seen:
            faults.append(f"{where}[{i}]: {shown(value)} stands twice")
        seen.append(read)
    return faults


def _searchable(model: type[BaseModel]) -> list[str]:
    """Numbers and names of the model; a flag is one or the other."""
    return [name for name, field in model.model_fields.items() if field.annotation is not bool and name not in _FIXED]


def size_faults(where: str, space: Space) -> list[str]:
    """Is a search too large to be meant?"""
    sizes = {name: len(values) for name, values in space.items()}
    if prod(sizes.values()) <= MOST:
        return []
    said = " x ".join(f"{name} {size}" for name, size in sizes.items())
    return [f"{where}: {prod(sizes.values()):,} trainings ({said}), expected at most {MOST}"]


def combinations(space: Space) -> list[dict[str, Any]]:
    """The values of every trial, the last key's fastest; [] of no search.

    >>> combinations({"lr": (1e-5, 2e-5), "epochs": (3.0,)})
    [{'lr': 1e-05, 'epochs': 3.0}, {'lr': 2e-05, 'epochs': 3.0}]
    """
    return [dict(zip(space, values, strict=True)) for values in product(*space.values())] if space else []


def trial_name(values: Mapping[str, Any]) -> str:
    """What a trial is called, its folder too.

    >>> trial_name({"lr": 1e-5, "epochs": 3.0, "dropout": None})
    'lr=1e-05,epochs=3,dropout=none'
    """
    return ",".join(f"{name}={_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    if value is None:
        return "none"
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else str(value)
