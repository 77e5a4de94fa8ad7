"""The reader of cards, suites and recipes: YAML with every key once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xtreme_harness.errors import CardError

__all__ = ["read_yaml"]


def read_yaml(file: Path) -> dict[str, Any]:
    """Read a YAML file whose top is a mapping.

    Raises:
        CardError: for a file that cannot be read, is no YAML, or has a key twice; every such key.
    """
    import yaml

    try:
        text = file.read_text("utf-8")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        read = yaml.load(text, Loader=loader)
        repeated = _repeated(yaml.compose(text, Loader=loader))
    except FileNotFoundError:
        raise CardError(f"{file}: no such file") from None
    except OSError as error:
        raise CardError(f"{file}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CardError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(read, dict):
        found = "nothing" if read is None else f"a {type(read).__name__}"
        raise CardError(f"{file}: found {found}, expected a mapping of keys")
    if repeated:
        raise CardError(*[f"{file}:{line}: key '{key}' stands twice" for key, line in repeated])
    return read


def _repeated(node: Any) -> list[tuple[str, int]]:
    """Keys that stand twice in one mapping of a YAML tree, with their line; the reader would keep the last."""
    if not isinstance(getattr(node, "value", None), list):
        return []
    found: list[tuple[str, int]] = []
    seen: set[str] = set()
    for child in node.value:
        if isinstance(child, tuple):
            key, child = child
            if str(key.value) in seen:
                found.append((str(key.value), key.start_mark.line + 1))
            seen.add(str(key.value))
        found.extend(_repeated(child))
    return found
