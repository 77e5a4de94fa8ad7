"""How messages spell what is wrong in a file: where a value stands, the value, and what pydantic says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xtreme_harness.errors import did_you_mean

__all__ = ["LONG", "in_json", "key_path", "model_fault", "no_flag", "step_to"]

LONG = 40  # characters of a value or a key that a message shows
_PLAIN = re.compile(r"[\w@-]+")


def in_json(value: Any) -> str:
    """A value as a message has it: JSON, cut where it is long."""
    if isinstance(value, str | list | dict) and len(value) > LONG:
        value = value[:LONG] if not isinstance(value, dict) else dict(list(value.items())[:LONG])
        return json.dumps(value, ensure_ascii=False, default=str)[: LONG - 1] + "…"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def step_to(path: str, key: str | int) -> str:
    """The path of what a key or a position leads to.

    >>> step_to("cells[3]", "n"), step_to("results.xnli_de", "acc,none"), step_to("cells", 3)
    ('cells[3].n', 'results.xnli_de["acc,none"]', 'cells[3]')
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if len(key) <= LONG and _PLAIN.fullmatch(key) else f"{path}[{in_json(key)}]"


def key_path(loc: Sequence[int | str]) -> str:
    """The path of pydantic's place of a fault: "rules[0].floor"; names of its own validators are left out.

    >>> key_path(("rules", 0, "floor", "function-before[f(), float]"))
    'rules[0].floor'
    """
    steps = [step for step in loc if not (isinstance(step, str) and ("[" in step or "(" in step))]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def model_fault(error: Mapping[str, Any], known: Iterable[str], missing: str = "missing") -> str:
    """What pydantic found in a file that people write, as key path, what is wrong, what was found.

    Args:
        error: one of `ValidationError.errors()`.
        known: keys that may stand where an unknown one stands.
        missing: what to say of a key that is not there.
    """
    where, kind, value = key_path(error["loc"]), error["type"], error["input"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key{did_you_mean(str(error['loc'][-1])[:LONG], known)}"
    if kind == "missing":
        return f"{where}: {missing}"
    found = "" if isinstance(value, dict) else f" (found {_cut(repr(value))})"
    if isinstance(value, bool) and kind == "string_type":
        found = f" (found {value!r}: YAML reads no, off, yes, on so; put it in quotes)"
    wrong = error["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list")
    return f"{where}: {wrong}{found}" if where else f"{wrong}{found}"


def no_flag(value: Any) -> Any:
    """For pydantic's numbers, which would take true for 1; ValueError."""
    if isinstance(value, bool):
        raise ValueError("expected a number")
    return value


def _cut(text: str) -> str:
    return text if len(text) <= 2 * LONG else f"{text[: 2 * LONG]}…"
