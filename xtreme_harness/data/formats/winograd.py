"""Winograd schemas as their collectors keep them: a text, a pronoun in it, two candidates of which one is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.data.formats.checks import files_of, refuse
from xtreme_harness.data.formats.decoding import read_lines
from xtreme_harness.data.formats.fields import width_fault
from xtreme_harness.errors import DataError
from xtreme_harness.files.json import parse_json
from xtreme_harness.files.shown import shown, some
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_winograd"]

_COLUMNS = 7  # language, source, English, text, tokens, pronoun, candidates
_SLOT = "_"
_QUOTES = {"``": '"', "''": '"'}  # which their tokenizer wrote for those of the text


def read_winograd(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read the schemas of one language as {"sentence", "option1", "option2", "label"}, the label "1" or "2".

    Source: yandex-research/crosslingual_winograd d2cfbbf, dataset.tsv: tab-separated, no header, no quoting; tokens,
    pronoun `[text, [i, j], tokens]` and candidates `[text, [i, j], tokens, is it right]` as JSON. In the sentence `_`
    stands for the pronoun.

    Options: `language` (the first column of the rows to keep).

    Raises:
        DataError: with all faults of a file; no row of the language.
    """
    wanted, rows = options.get("language"), list[Row]()
    for path in files_of(files, "rows"):
        faults, others = list[str](), set[str]()
        for number, line in enumerate(read_lines(path), 1):
            columns, place = line.split("\t"), f"{path}:{number}"
            if len(columns) != _COLUMNS:
                faults.append(width_fault(place, _COLUMNS, len(columns)))
            elif wanted is not None and columns[0] != wanted:
                others.add(columns[0])
            else:
                _row(columns, place, rows, faults)
        refuse(faults, rows)
        if not rows:
            raise DataError(
                f"{path}: found no row of '{wanted}', only of {some(sorted(others), 20)}, choose one of these"
            )
    return Table(tuple(rows))


def _row(columns: Sequence[str], place: str, rows: list[Row], faults: list[str]) -> None:
    text, wrong = columns[3], list[str]()
    tokens = _json(columns[4], f"{place}: tokens", wrong)
    pronoun = _json(columns[5], f"{place}: pronoun", wrong)
    candidates = _json(columns[6], f"{place}: candidates", wrong)
    span = None if wrong else _span(text, tokens, pronoun)
    if not wrong and span is None:
        wrong.append(
            f"{place}: pronoun: found {shown(pronoun)}, expected [text, [first, last], tokens] of {shown(text)}"
        )
    if not wrong and not _is_choice(candidates):
        shape = "two [text, [first, last], tokens, true or false], one of them true"
        wrong.append(f"{place}: candidates: found {shown(candidates)}, expected {shape}")
    faults += wrong
    if span is not None and not wrong:
        sentence = text[: span[0]] + _SLOT + text[span[1] :]
        answer = "1" if candidates[0][3] else "2"
        values = {"sentence": sentence, "option1": candidates[0][0], "option2": candidates[1][0], "label": answer}
        rows.append(Row(values, place))


def _json(text: str, where: str, faults: list[str]) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        faults.append(f"{where}: found {shown(text)}, expected JSON, restore it from the original file")
        return None


def _span(text: str, tokens: Any, pronoun: Any) -> tuple[int, int] | None:
    """Characters [start, end) of the pronoun; None where the parts do not fit together."""
    if not (isinstance(tokens, list) and all(isinstance(token, str) and token for token in tokens)):
        return None
    match pronoun:
        case [str(), [int(first), int(last)], list()] if 0 <= first < last <= len(tokens):
            at, spans = 0, list[tuple[int, int]]()
            for token in map(str, tokens[:last]):
                form = token if token in text[at:] else _QUOTES.get(token, token)
                start = text.find(form, at)
                if start < 0:
                    return None
                at = start + len(form)
                spans.append((start, at))
            return spans[first][0], spans[last - 1][1]
    return None


def _is_choice(candidates: Any) -> bool:
    if not (isinstance(candidates, list) and len(candidates) == 2):
        return False
    whole = all(isinstance(c, list) and len(c) == 4 and isinstance(c[0], str) and isinstance(c[3], bool)
                for c in candidates)  # fmt: skip
    return whole and candidates[0][3] != candidates[1][3]
