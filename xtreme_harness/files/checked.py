"""The one reader of JSON that the program wrote itself: an object, checked against the schema that ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xtreme_harness.errors import OutputError, XHarnessError, listed
from xtreme_harness.files.json import read_json
from xtreme_harness.files.schema import Check, schema_faults

__all__ = ["MOST", "read_checked", "read_object"]

MOST = 10  # faults of a file that are listed
Raw = dict[str, Any]


def read_object(file: Path, expected: str = "an object", error: type[XHarnessError] = OutputError) -> Raw:
    """The JSON object that a file holds.

    Args:
        file: to be read.
        expected: what the file should be, for the message where it is not there.
        error: what is raised.

    Raises:
        XHarnessError: of the given type, where it is absent, unreadable, no JSON or no object.
    """
    try:
        absent = not file.exists()
    except (OSError, ValueError) as fault:  # a name that no file can have
        raise error(f"{file}: cannot be read ({getattr(fault, 'strerror', None) or fault})") from None
    if absent:
        raise error(f"{file}: no such file; expected {expected}")
    raw = read_json(file, error)
    if not isinstance(raw, dict):
        raise error(f"{file}: found {type(raw).__name__}, expected an object")
    return raw


def read_checked(
    file: Path, schema: Check, expected: str = "an object", error: type[XHarnessError] = OutputError
) -> Raw:
    """The JSON object that a file holds, which is as its schema says.

    Raises:
        XHarnessError: of the given type, as `read_object`; every fault of the file, of many the first.
    """
    raw = read_object(file, expected, error)
    if faults := schema_faults(raw, schema, str(file)):
        raise error(*listed(faults, MOST))
    return raw
