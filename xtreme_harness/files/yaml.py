"""The reader of cards, suites and recipes: YAML with every key once, of bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xtreme_harness.errors import CardError
from xtreme_harness.files.regular import MIB
from xtreme_harness.files.text import read_text

__all__ = ["read_yaml"]

_BYTES = 8 * MIB  # of a file
_DEPTH = 50  # of mappings and lists within each other
_VALUES = 200_000  # with every alias written out


def read_yaml(file: Path) -> dict[str, Any]:
    """Read a YAML file whose top is a mapping.

    Raises:
        CardError: for a file that cannot be read, is no YAML, has a key twice (every such key), holds itself by an
            alias, or is larger or deeper than a card can be.
    """
    import yaml

    text = read_text(file, "utf-8", CardError, _BYTES)
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        try:
            node = loader.get_single_node()
            _require_bounded(node)
            read = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
        repeated = _repeated(node, set())
    except yaml.YAMLError as error:
        raise CardError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise CardError(f"{file}: not YAML that can be read: nested too deep") from None
    except (ValueError, OverflowError, TypeError) as error:  # a number or a date that Python does not have
        long = "integer string conversion" in str(error)
        what = "a number of more than 4300 digits" if long else str(error)
        raise CardError(f"{file}: not YAML that can be read: {what}") from None
    if not isinstance(read, dict):
        found = "nothing" if read is None else f"a {type(read).__name__}"
        raise CardError(f"{file}: found {found}, expected a mapping of keys")
    if repeated:
        raise CardError(*[f"{file}:{line}: key '{key}' stands twice" for key, line in repeated])
    return read


def _children(node: Any) -> list[Any]:
    """The nodes within a node: of a mapping keys and values."""
    value = getattr(node, "value", None)
    if not isinstance(value, list):
        return []
    return [one for child in value for one in (child if isinstance(child, tuple) else (child,))]


def _require_bounded(node: Any) -> None:
    """Raise ValueError for a tree that holds itself, is too deep, or grows too large when aliases are written out."""
    known: dict[int, tuple[int, int]] = {}  # values and depth of what a node holds
    above: set[int] = set()

    def measure(node: Any) -> tuple[int, int]:
        line = node.start_mark.line + 1
        if id(node) in above:
            raise ValueError(f"line {line}: an alias stands within what it names")
        if id(node) not in known:
            above.add(id(node))
            within = [measure(child) for child in _children(node)] if len(above) <= _DEPTH else [(0, _DEPTH)]
            above.remove(id(node))
            known[id(node)] = 1 + sum(values for values, _ in within), 1 + max((deep for _, deep in within), default=0)
        values, deep = known[id(node)]
        if deep > _DEPTH:
            raise ValueError(f"line {line}: nested more than {_DEPTH} deep")
        if values > _VALUES:
            raise ValueError(f"line {line}: more than {_VALUES:,} values, aliases written out")
        return values, deep

    if node is not None:
        measure(node)


def _repeated(node: Any, seen: set[int]) -> list[tuple[str, int]]:
    """Keys that stand twice in one mapping of a YAML tree, with their line; the reader would keep the last."""
    if id(node) in seen:
        return []
    seen.add(id(node))
    found: list[tuple[str, int]] = []
    keys: set[str] = set()
    for child in node.value if isinstance(getattr(node, "value", None), list) else ():
        if isinstance(child, tuple):
            key, child = child
            if str(key.value) in keys:
                found.append((str(key.value), key.start_mark.line + 1))
            keys.add(str(key.value))
        found.extend(_repeated(child, seen))
    return found
