"""The options that a card may give to each format, and what each may hold: asked when a card is loaded."""

from __future__ import annotations

from collections.abc import Mapping

from xtreme_harness.cards.expected import (
    FLAG,
    STRING,
    TEXT,
    VALUE,
    Expected,
    each,
    either,
    mapping,
    one_of,
    such,
    whole,
)
from xtreme_harness.data.formats.jsonlines import is_path

__all__ = ["OPTIONS", "PATH"]

PATH = such(
    "keys and indices such as 'a.b[0].c'", lambda value: isinstance(value, str) and bool(value) and is_path(value)
)
_COLUMN = either(whole(0, 10_000), TEXT)
_KEY = either(whole(), PATH)
_POSITION = whole(0, 10_000)
_SCALAR = either(VALUE, FLAG)


def _parts(separator: str) -> bool:
    """Whether characters can stand between columns: those of line ends and quotes cannot."""
    return separator != "" and not {*separator} & {*'"\r\n'}


def _columns(column: Expected, words: str) -> Expected:
    return mapping(TEXT, either(column, each(column, least=1)), words)


_ROWS = {
    "optional": each(TEXT),
    "removed": mapping(TEXT, _SCALAR, "a mapping of fields to the value that stands for no gold"),
    "drop": mapping(TEXT, either(_SCALAR, each(_SCALAR)), "a mapping of fields to lists of values"),
    "lists": each(TEXT),
}
_OBJECTS = {
    "columns": _columns(_KEY, "a mapping of fields to paths"),
    "where": mapping(PATH, VALUE, "a mapping of paths to the value of the objects to keep"),
    **_ROWS,
}
_DELIMITED = {
    "columns": _columns(_COLUMN, "a mapping of fields to columns"),
    **_ROWS,
    "header": FLAG,
    "quoting": one_of("auto", "none", "csv"),
    "separator": such("characters that part columns", lambda value: isinstance(value, str) and _parts(value)),
    "where": mapping(_COLUMN, VALUE, "a mapping of columns to the value of the rows to keep"),
    "width": whole(1, 10_000),
    "short_lines": one_of("refuse", "drop"),
}

_NAMED = "a mapping of fields to names of columns"

OPTIONS: dict[str, Mapping[str, Expected]] = {
    "annotated": {**_OBJECTS, "language": STRING, "characters": each(TEXT)},
    "bucc": {},
    "conll": {
        "token": _POSITION,
        "tag": _POSITION,
        "separator": one_of("tab", "whitespace"),
        "prefix": FLAG,
        "width": whole(1, 10_000),
        "documents": one_of("keep", "drop"),
        "comments": one_of("keep", "drop"),
    },
    "conllu": {
        "tag_column": one_of("upos", "xpos"),
        "language": STRING,
        "treebanks": mapping(TEXT, each(TEXT), "a mapping of languages to lists of treebanks"),
    },
    "csv": _DELIMITED,
    "json": {**_OBJECTS, "records": either(PATH, such("''", lambda value: value == ""))},
    "jsonl": _OBJECTS,
    "mewslix": {},
    "mewslix_pairs": {},
    "qrels": {
        "queries": mapping(one_of("id", "text"), TEXT, _NAMED),
        "corpus": mapping(one_of("id", "title", "text"), TEXT, _NAMED),
        "qrels": mapping(one_of("query", "document", "grade"), TEXT, _NAMED),
        "titles": FLAG,
    },
    "squad": {"check_spans": FLAG, "ids": one_of("unique", "any", "position"), "id_prefix": STRING},
    "tatoeba": {"sorted": FLAG},
    "tsv": _DELIMITED,
    "winograd": {"language": STRING},
    "xquad_r": {"check_spans": FLAG},
}
