"""Machine-translated training data: read, checked for the usual failures, mixed with the English.

Files lie in `DIR/<task>/<lang>.<ext>` or `DIR/<task>/train-<lang>.<ext>`, in the form of the task's English training
file; human translations to compare with, line by line, in `DIR/references/<task>/<lang>.<ext>`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.data.training_sets import TrainingSet
from xtreme_harness.data.translations import load_translated
from xtreme_harness.errors import OutputError, listed
from xtreme_harness.files.checked import MOST
from xtreme_harness.files.json import read_json
from xtreme_harness.files.json_text import json_text
from xtreme_harness.files.schema import load_schema, schema_faults
from xtreme_harness.files.text import write_atomic
from xtreme_harness.kinds import Kind
from xtreme_harness.kinds.examples import running_texts
from xtreme_harness.records import Split
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["Quality", "mixed", "quality", "quality_table", "read_quality", "report_quality"]

log = logging.getLogger("xtreme_harness")
_LENGTHS = {"zh": 0.3, "ja": 0.4, "ko": 0.5}  # characters for one of English, in parallel texts; others near 1
_FAR = 2.5  # times longer or shorter than that: a length that does not match
_SHOWN = 20  # ids of rows that are named
_BY_CHARACTER = ("zh", "ja", "th", "my", "km", "lo")  # scripts without blanks between words


@dataclass(frozen=True, slots=True)
class Quality:
    """What is wrong with the translation of one training set into one language."""

    task: str
    language: str
    rows: int
    empty: int  # rows with a text that is blank
    untranslated: int  # rows with a text of three words or more that is the English one
    lengths: int  # rows whose length over that of the English is far from what the language needs
    labels: int  # rows whose label is not the English one
    flagged: tuple[str, ...]  # ids of the first such rows
    chrf: float | None  # corpus chrF and BLEU against human translations; None without
    bleu: float | None
    signature: str = ""  # sacrebleu's, of the BLEU


def mixed(english: Split[Any], translated: Mapping[str, Split[Any]], instead: bool = False) -> Split[Any]:
    """The English examples and then the translated ones, or these alone; ids are `<lang>/<id>`."""
    parts = ([] if instead else [english]) + list(translated.values())
    examples = tuple(replace(e, id=f"{part.language}/{e.id}") for part in parts for e in part.examples)
    hashes = {name: value for part in parts for name, value in part.hashes.items()}
    return replace(english, examples=examples, hashes=hashes)


def quality(
    english: Split[Any], translated: Split[Any], references: Split[Any] | None, kind: Kind[Any, Any, Any]
) -> Quality:
    """Check a translation row by row against the English, and score it against human translations.

    Args:
        english: the training data that were translated; a row is compared with the row of its id.
        translated: the translations.
        references: human translations of some rows, or None.
        kind: of the task; labels are compared, other gold is not.
    """
    usual = _LENGTHS.get(translated.language, 1.0)
    empty, same, far, labels = [], [], [], []
    for before, after in _pairs(english, translated):
        texts, others = running_texts(kind, before), running_texts(kind, after)
        if any(not text.strip() for text in others):
            empty.append(after.id)
        elif any(_equal(a, b) for a, b in zip(texts, others, strict=False)):
            same.append(after.id)
        elif not usual / _FAR <= sum(map(len, others)) / max(1, sum(map(len, texts))) <= usual * _FAR:
            far.append(after.id)
        gold = kind.gold(before)
        if isinstance(gold, str | int) and gold != kind.gold(after):
            labels.append(after.id)
    flagged = tuple(dict.fromkeys([*empty, *same, *far, *labels]))[:_SHOWN]
    chrf, bleu, signature = _scored(translated, references, kind)
    return Quality(
        english.task, translated.language, len(translated.examples), len(empty), len(same), len(far), len(labels),
        flagged, chrf, bleu, signature,
    )  # fmt: skip


def report_quality(
    data: TrainingSet,
    english: Split[Any],
    translated: Mapping[str, Split[Any]],
    folder: Path,
    kinds: Mapping[str, Any],
    output: Path,
) -> list[Quality]:
    """Check every language, write `translations.json`, and warn of languages with flagged rows."""
    kind = kinds[data.card.kind]
    references = load_translated(data, folder / "references", kind)
    found = [quality(english, one, references.get(code), kind) for code, one in translated.items()]
    write_atomic(output, json_text([asdict(one) for one in found], indent=1) + "\n")
    for one in found:
        wrong = one.empty + one.untranslated + one.lengths + one.labels
        if wrong:
            log.warning(
                "%s %s: %d of %d translated rows are flagged (%d empty, %d untranslated, %d of unlikely length, "
                "%d with another label); the first: %s", one.task, one.language, wrong, one.rows, one.empty,
                one.untranslated, one.lengths, one.labels, ", ".join(one.flagged[:3]),
            )  # fmt: skip
    return found


def read_quality(folder: Path) -> list[Quality]:
    """The reports that training left in a checkpoint's folder.

    Raises:
        OutputError: every fault of the files.
    """
    found: list[dict[str, Any]] = []
    faults: list[str] = []
    for file in sorted(folder.glob("translations-*.json")):
        raw = read_json(file, OutputError)
        faults += (wrong := schema_faults(raw, load_schema(__package__, "translations"), str(file)))
        found += [] if wrong else raw
    if faults:
        raise OutputError(*listed(faults, MOST))
    return [Quality(**{**one, "flagged": tuple(one["flagged"])}) for one in found]


def quality_table(found: Sequence[Quality]) -> str:
    """The report as a markdown table."""
    rows = [
        [q.task, q.language, q.rows, q.empty, q.untranslated, q.lengths, q.labels, _figure(q.chrf), _figure(q.bleu)]
        for q in found
    ]
    headers = ["task", "language", "rows", "empty", "untranslated", "length", "label", "chrF", "BLEU"]
    return pipe_table(rows, headers)


def _pairs(first: Split[Any], second: Split[Any]) -> list[tuple[Any, Any]]:
    """The examples of both that have the same id, in the order of the second."""
    found = {example.id: example for example in first.examples}
    return [(found[example.id], example) for example in second.examples if example.id in found]


def _equal(before: str, after: str) -> bool:
    return len(before.split()) >= 3 and before.casefold().split() == after.casefold().split()


def _scored(
    translated: Split[Any], references: Split[Any] | None, kind: Kind[Any, Any, Any]
) -> tuple[float | None, float | None, str]:
    """ChrF and BLEU of the rows that have a reference; characters are the tokens where words have no blanks."""
    if references is None:
        return None, None, ""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    pairs = _pairs(translated, references)
    found = [" ".join(running_texts(kind, a)) for a, _ in pairs]
    gold = [" ".join(running_texts(kind, b)) for _, b in pairs]
    tokenize = "zh" if translated.language == "zh" else "char" if translated.language in _BY_CHARACTER else "13a"
    bleu = BLEU(tokenize=tokenize)
    score = float(bleu.corpus_score(found, [gold]).score)
    return float(CHRF().corpus_score(found, [gold]).score), score, str(bleu.get_signature())


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
