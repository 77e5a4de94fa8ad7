"""File name patterns and what stands in their braces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.cards import FileSource
from xtreme_harness.errors import CardError
from xtreme_harness.files.shown import some
from xtreme_harness.files.within import within
from xtreme_harness.languages import language as language_facts

__all__ = ["WILD", "filled", "matches", "pattern_path"]

WILD = re.compile(r"[*?\[]")  # a pattern that may match several files


def filled(value: Any, language: str, codes: Mapping[str, str], split: str = "") -> Any:
    """Put the language, and the split where one is given, into every string of a pattern or option."""
    if isinstance(value, str):
        text = value.replace("{split}", split) if split else value
        text = text.replace("{language}", language).replace("{code}", codes.get(language, language))
        return text.replace("{name}", language_facts(language).name) if "{name}" in text else text
    if isinstance(value, Mapping):
        return {key: filled(inner, language, codes, split) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, language, codes, split) for inner in value]
    return value


def pattern_path(patterns: Sequence[str], source: FileSource, language: str) -> str:
    """The file name that a source's first pattern without wildcards gives a language.

    Raises:
        CardError: all have wildcards.
    """
    plain = next((pattern for pattern in patterns if not WILD.search(pattern)), None)
    if plain is None:
        raise CardError(f"files: found {some(patterns)}, expected one without wildcards to write a file by")
    return str(filled(plain, language, source.languages))


def matches(root: Path, name: str, card: str) -> list[Path]:
    """The files of a data folder that a filled pattern fits, sorted.

    Raises:
        CardError: it leads out of the folder, or is no pattern.
    """
    try:
        place = within(root, name)
    except ValueError as error:
        raise CardError(f"{card}: the file name '{name}' {error}; expected one below the data folder") from None
    try:
        found = sorted(root.glob(name)) if WILD.search(name) else [place]
    except (ValueError, NotImplementedError) as error:
        raise CardError(f"{card}: the file name '{name}' is no pattern: {error}") from None
    return [path for path in found if path.is_file()]
