"""File name patterns and what stands in their braces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.cards import FileSource
from xtreme_harness.errors import CardError
from xtreme_harness.files.shown import some
from xtreme_harness.languages import language as language_facts

__all__ = ["WILD", "filled", "pattern_path"]

WILD = re.compile(r"[*?\[]")  # a pattern that may match several files


def filled(value: Any, language: str, codes: Mapping[str, str]) -> Any:
    """Put the language into every string of a pattern or option."""
    if isinstance(value, str):
        return (
            value.replace("{language}", language)
            .replace("{code}", codes.get(language, language))
            .replace("{name}", language_facts(language).name)
        )
    if isinstance(value, Mapping):
        return {key: filled(inner, language, codes) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, language, codes) for inner in value]
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
