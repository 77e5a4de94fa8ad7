"""The schemas that ship, as the program reads them and as a general validator does."""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures.tampering import tampered
from xtreme_harness.files.schema import KEYWORDS, _compile, load_schema, schema_faults

SHIPPED = {
    "results": "xtreme_harness.results", "cell": "xtreme_harness.results", "series": "xtreme_harness.results",
    "sample": "xtreme_harness.results", "notes": "xtreme_harness.plan", "translations": "xtreme_harness.training",
    "graph": "xtreme_harness.evaluation",
}  # fmt: skip


def raw_schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files(SHIPPED[name]) / f"{name}.schema.json").read_text("utf-8"))
    return found


def faults(schema: Any, value: Any) -> list[str]:
    return schema_faults(value, _compile(schema, schema), "f")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_schema_is_one_and_can_be_read(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(raw_schema(name))
    assert load_schema(SHIPPED[name], name) is load_schema(SHIPPED[name], name)
    assert schema_faults(None, load_schema(SHIPPED[name], name), "f") != []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file"), [("results", "results.json"), ("cell", "cells/xquad/de.json")])
def test_a_general_validator_says_the_same(oracle_run: Path, name: str, file: str) -> None:
    whole = json.loads((oracle_run / file).read_text("utf-8"))
    if name == "results":  # two cells are enough, and keep the general validator from taking an hour
        own = whole["xharness"]
        own["cells"], own["missing"] = own["cells"][:2], own["missing"][:2]
        for key in ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better"):
            whole[key] = dict(list(whole[key].items())[:2])
        own["official"] = {}
    judge, check = jsonschema.Draft202012Validator(raw_schema(name)), load_schema(SHIPPED[name], name)
    assert schema_faults(whole, check, "f") == []
    some = islice(tampered(whole), 0, None, 7)  # the general validator is slow
    assert [what for what, value in some if _unlike(judge, check, value, what)] == []


def _unlike(judge: Any, check: Any, value: Any, what: str) -> bool:
    """Do the two judge differently, where both have the same numbers?"""
    if what.endswith((" 1e999", " NaN", " huge")):
        return False
    return bool(judge.is_valid(value)) == bool(schema_faults(value, check, "f"))


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string"}, 1, "f: found 1, expected a text"),
        ({"type": ["string", "null"]}, 1, "f: found 1, expected a text or null"),
        ({"type": "string", "minLength": 1}, "", 'f: found "", expected a text that is not empty'),
        ({"type": "number", "minimum": 0, "maximum": 100}, 101, "f: found 101, expected a number from 0 to 100"),
        ({"type": "number"}, float("nan"), "f: found NaN, expected a number"),
        ({"type": "number"}, float("inf"), "f: found Infinity, expected a number"),
        ({"type": "number"}, 10**400, f"f: found 1{'0' * 38}…, expected a number"),
        ({"type": "number"}, True, "f: found true, expected a number"),
        ({"type": "number", "exclusiveMinimum": 0}, 0, "f: found 0, expected a number above 0"),
        ({"type": "integer", "minimum": 1}, 1.0, "f: found 1.0, expected a whole number from 1"),
        ({"type": "integer", "maximum": 2**53 - 1}, 2**53, "f: found 9007199254740992, expected a whole number"),
        ({"enum": ["test", "dev"]}, ["test"], 'f: found ["test"], expected test or dev'),
        ({"const": 2}, True, "f: found true, expected 2"),
        ({"type": "string", "title": "a code", "pattern": "^[a-z]+$"}, "de\n", 'f: found "de\\n", expected a code'),
        ({"type": "array", "minItems": 2, "maxItems": 2}, [1], "f: found [1], expected a list of 2"),
        ({"type": "array", "items": {"type": "string"}}, ["a", 1], "f: [1]: found 1, expected a text"),
        ({"type": "array", "uniqueItems": True}, ["a", "b", "a"], 'f: [2]: "a" stands twice'),
        ({"type": "object", "maxProperties": 0}, {"a": 1}, 'f: found {"a": 1}, expected an object that is empty'),
        ({"properties": {"n": {"type": "null"}}, "required": ["n"]}, {}, "f: n: missing, expected null"),
        ({"properties": {"name": True}, "additionalProperties": False}, {"nam": 1},
         "f: nam: unknown key (did you mean 'name'?)"),
        ({"patternProperties": {"^a": {"type": "null"}}}, {"a b": 1}, 'f: ["a b"]: found 1, expected null'),
        ({"propertyNames": {"enum": ["x"]}}, {"y": 1}, "f: y: unknown key, expected x"),
        ({"oneOf": [{"type": "number"}, {"type": "object", "additionalProperties": {"type": "null"}}]}, "x",
         'f: found "x", expected a number or an object'),
        ({"oneOf": [{"type": "number"}, {"type": "object", "additionalProperties": {"type": "null"}}]}, {"a": 1},
         "f: a: found 1, expected null"),
        ({"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}}, {"a": 1},
         "f: b: missing, expected a value"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line(schema: Any, value: Any, message: str) -> None:
    assert faults(schema, value) == [message]


def test_a_keyword_that_nobody_reads_is_no_schema() -> None:
    with pytest.raises(AssertionError, match="multipleOf"):
        _compile({"multipleOf": 2}, {})
    assert "multipleOf" not in KEYWORDS


def test_long_values_are_cut() -> None:
    (fault,) = faults({"type": "number"}, {"k" * 999: ["x" * 10**6] * 99})
    assert len(fault) < 120
