"""The JSON Schemas that ship, read by the program: what a run left is checked against them where it is read back.

The shipped file is the only place of these facts. pydantic, which checks what people write (cards, rules, metadata),
cannot say all that it says (keys by pattern, a key that depends on another), and could only print a second form of it.
A general validator takes four seconds over a results.json of 2,000 cells. So the keywords that our schemas use become
functions here, once a schema; a test holds them against a general validator.

Stricter than JSON Schema in two things: a number is finite, and a whole number is written without a dot.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from xtreme_harness.errors import did_you_mean
from xtreme_harness.files.told import LONG, in_json, step_to

__all__ = ["KEYWORDS", "Check", "Faults", "load_schema", "path_of", "schema_faults"]

Steps = tuple[Any, ...]  # () or (steps before, key or position): as words only where there is a fault
Faults = list[tuple[Steps, str]]  # path within the value, what is wrong there
Check = Callable[[Any, Steps, Faults], None]  # value, its path, where faults are added
Raw = dict[str, Any]

_LARGEST = sys.float_info.max
_EXACT = 2**53 - 1  # the largest whole number that every reader of JSON has; as a bound it goes without saying
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "object": ("an object", lambda value: isinstance(value, dict)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "string": ("a text", lambda value: isinstance(value, str)),
    "number": ("a number", lambda value: _number(value)),
    "integer": ("a whole number", lambda value: _number(value) and isinstance(value, int)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "null": ("null", lambda value: value is None),
}
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {  # keyword -> does a value fit that it applies to?
    "minimum": lambda value, bound: not _number(value) or value >= bound,
    "exclusiveMinimum": lambda value, bound: not _number(value) or value > bound,
    "maximum": lambda value, bound: not _number(value) or value <= bound,
    "minLength": lambda value, bound: not isinstance(value, str) or len(value) >= bound,
    "minItems": lambda value, bound: not isinstance(value, list) or len(value) >= bound,
    "maxItems": lambda value, bound: not isinstance(value, list) or len(value) <= bound,
    "minProperties": lambda value, bound: not isinstance(value, dict) or len(value) >= bound,
    "maxProperties": lambda value, bound: not isinstance(value, dict) or len(value) <= bound,
    "const": lambda value, wanted: type(value) is type(wanted) and value == wanted,
    "enum": lambda value, wanted: isinstance(value, str) and value in wanted,
}
_STRUCTURE = (
    "properties", "required", "additionalProperties", "patternProperties", "propertyNames", "items", "uniqueItems",
    "oneOf", "if", "then", "else",
)  # fmt: skip
_SAID = ("$schema", "$defs", "title", "description")
KEYWORDS = frozenset(["$ref", "type", "pattern", *_BOUNDS, *_STRUCTURE, *_SAID])


@cache
def load_schema(package: str, name: str) -> Check:
    """The check of `<name>.schema.json` in a package, made once."""
    root = json.loads(files(package).joinpath(f"{name}.schema.json").read_text("utf-8"))
    return _compile(root, root)


def schema_faults(value: Any, schema: Check, place: str) -> list[str]:
    """One line a fault: where, found, expected."""
    found: Faults = []
    schema(value, (), found)
    return [f"{place}: {path_of(steps)}: {words}" if steps else f"{place}: {words}" for steps, words in found]


def path_of(steps: Steps) -> str:
    """The path that steps lead along: "cells[3].n"."""
    return step_to(path_of(steps[0]), steps[1]).lstrip(".") if steps else ""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def _compile(schema: Any, root: Raw) -> Check:
    if schema is True:
        return lambda value, path, faults: None
    if "$ref" in schema:
        return _of_definition(schema["$ref"], root)
    assert set(schema) <= KEYWORDS, f"unknown keywords: {set(schema) - KEYWORDS}"
    fits, words = _fits(schema), _words(schema, root)
    within = [make(schema, root) for keys, make in _MAKERS if not keys.isdisjoint(schema)]

    def check(value: Any, path: Steps, faults: Faults) -> None:
        for one in fits:
            if not one(value):
                faults.append((path, f"found {in_json(value)}, expected {words}"))
                return
        for part in within:
            part(value, path, faults)

    return check


def _of_definition(ref: str, root: Raw) -> Check:
    """The check of `#/$defs/<name>`, made once; it is kept beside the definition."""
    made = root.setdefault("_made", {})
    if ref not in made:
        made[ref] = _compile(root["$defs"][ref.rpartition("/")[2]], root)
    found: Check = made[ref]
    return found


def _fits(schema: Raw) -> list[Callable[[Any], bool]]:
    """What the value itself must be, whatever it holds."""
    found: list[Callable[[Any], bool]] = []
    if "type" in schema:
        kinds = [_TYPES[name][1] for name in _several(schema["type"])]
        found.append(kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds))
    for keyword, fits in _BOUNDS.items():
        if keyword in schema:
            found.append(lambda value, fits=fits, bound=schema[keyword]: fits(value, bound))  # type: ignore[misc]
    if "pattern" in schema:
        regex = _regex(schema["pattern"])
        found.append(lambda value: not isinstance(value, str) or regex.search(value) is not None)
    return found


def _regex(pattern: str) -> re.Pattern[str]:
    """`$` is the end in JSON Schema; in Python a line feed may follow it."""
    return re.compile(f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern, re.ASCII)


def _words(schema: Any, root: Raw) -> str:
    """What is expected, for a message: "a number from 0 to 100"."""
    if schema is True:
        return "a value"
    if "$ref" in schema:
        return _words(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "const" in schema:
        return in_json(schema["const"])
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "oneOf" in schema:
        return " or ".join(_words(one, root) for one in schema["oneOf"])
    names = _several(schema.get("type", []))
    if "pattern" in schema and "title" in schema:
        return " or ".join([schema["title"], *(_TYPES[name][0] for name in names if name != "string")])
    return " or ".join(_TYPES[name][0] + _bounds(name, schema) for name in names) or "a value"


def _bounds(name: str, schema: Raw) -> str:
    """What of a type may stand there: " from 0 to 100", " that is not empty"."""
    if name in ("number", "integer"):
        low = f" from {schema['minimum']}" if "minimum" in schema else ""
        above = f" above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else ""
        most = schema.get("maximum", _EXACT)
        return low + above + (f" to {most}" if most < _EXACT else "")
    keys = {"string": ("minLength",), "array": ("minItems", "maxItems"), "object": ("minProperties", "maxProperties")}
    least, most = (schema.get(key) for key in (*keys.get(name, ()), "", "")[:2])
    if most == 0:
        return " that is empty"
    return f" of {most}" if most else " that is not empty" if least else ""


def _several(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given


def _object(schema: Raw, root: Raw) -> Check:
    known = {key: _compile(one, root) for key, one in schema.get("properties", {}).items()}
    required = {key: _words(schema.get("properties", {}).get(key, True), root) for key in schema.get("required", ())}
    patterns = [(_regex(key), _compile(one, root)) for key, one in schema.get("patternProperties", {}).items()]
    others = schema.get("additionalProperties", True)
    extra = _compile(others, root) if others is not False else None
    names = schema.get("propertyNames")
    names_fit = _fits(names) if names else []

    def unknown(key: str) -> str:
        return f"unknown key{did_you_mean(key[:LONG], known)}"

    def check(value: Any, path: Steps, faults: Faults) -> None:
        if not isinstance(value, dict):
            return
        faults.extend(((path, k), f"missing, expected {w}") for k, w in required.items() if k not in value)
        for key, one in value.items():
            if names_fit and not all(fits(key) for fits in names_fit):
                faults.append(((path, key), f"unknown key, expected {_words(names, root)}"))
                continue
            matched = False
            if part := known.get(key):
                matched = True
                part(one, (path, key), faults)
            for regex, part in patterns:
                if regex.search(key):
                    matched = True
                    part(one, (path, key), faults)
            if not matched and extra is None:
                faults.append(((path, key), unknown(key)))
            elif not matched and extra is not None:
                extra(one, (path, key), faults)

    return check


def _array(schema: Raw, root: Raw) -> Check:
    items, unique = _compile(schema.get("items", True), root), schema.get("uniqueItems", False)

    def check(value: Any, path: Steps, faults: Faults) -> None:
        if not isinstance(value, list):
            return
        seen: set[str] = set()
        for i, one in enumerate(value):
            items(one, (path, i), faults)
            if unique and (mark := json.dumps(one, sort_keys=True)) in seen:
                faults.append(((path, i), f"{in_json(one)} stands twice"))
            elif unique:
                seen.add(mark)

    return check


def _alternatives(schema: Raw, root: Raw) -> Check:
    """One of several; where none fits, what is wrong within the one that the value looks like."""
    parts, words = [_compile(one, root) for one in schema["oneOf"]], _words(schema, root)

    def check(value: Any, path: Steps, faults: Faults) -> None:
        tried: list[Faults] = []
        for part in parts:
            tried.append([])
            part(value, path, tried[-1])
            if not tried[-1]:
                return
        deeper = [found for found in tried if all(where != path for where, _ in found)]
        faults.extend(deeper[0] if deeper else [(path, f"found {in_json(value)}, expected {words}")])

    return check


def _condition(schema: Raw, root: Raw) -> Check:
    first, yes, no = (_compile(schema.get(key, True), root) for key in ("if", "then", "else"))

    def check(value: Any, path: Steps, faults: Faults) -> None:
        found: Faults = []
        first(value, path, found)
        (no if found else yes)(value, path, faults)

    return check


_MAKERS: Sequence[tuple[frozenset[str], Callable[[Raw, Raw], Check]]] = (
    (frozenset(_STRUCTURE[:5]), _object),
    (frozenset(_STRUCTURE[5:7]), _array),
    (frozenset(_STRUCTURE[7:8]), _alternatives),
    (frozenset(_STRUCTURE[8:]), _condition),
)
