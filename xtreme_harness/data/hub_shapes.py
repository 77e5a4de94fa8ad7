"""Columns of a Hub dataset to the rows that the file formats give: one function a shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from xtreme_harness.cards.expected import TEXT, Expected, each
from xtreme_harness.data.formats.annotated import tagged
from xtreme_harness.data.formats.answer_sentences import sentence_pairs
from xtreme_harness.data.formats.card_options import OPTIONS
from xtreme_harness.data.formats.checks import member, refuse, text
from xtreme_harness.data.formats.fields import dropped
from xtreme_harness.data.formats.jsonlines import resolve, steps
from xtreme_harness.data.formats.squad import Paragraph, Question, answer_fault
from xtreme_harness.data.hub_qrels import qrels_table
from xtreme_harness.errors import CardError, DataError, did_you_mean
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["SHAPES", "SHAPE_OPTIONS", "Columns", "Loaded", "Shape"]


_SIDES = ("foreign", "english")


class Columns(Protocol):
    """What is asked of a `datasets.Dataset`; a dict of lists answers too."""

    def __getitem__(self, name: str, /) -> Sequence[Json]:
        """Return the values of a column."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """One split as the dataset has it."""

    data: Columns
    found: Sequence[str]  # names of the columns
    classes: Mapping[str, Sequence[str]]  # column -> class names, where the dataset knows them
    place: str  # "facebook/xnli@b8dd5d7 de/test"
    columns: Mapping[str, str]  # field -> column or path in it: "endings[0]", "choices.text[1]"
    names: Mapping[str, Sequence[str]]  # field -> class names, where the dataset has bare integers
    options: Mapping[str, Json]
    parts: Mapping[str, Loaded] = field(default_factory=dict)  # role -> config, where the card names several

    def fields(self, columns: Mapping[str, str]) -> dict[str, list[Json]]:
        """Return field -> values; DataError with every column that is not there."""
        paths = {field: steps(column) for field, column in columns.items()}
        refuse(
            [
                f"{self.place}: no column '{path[0]}'{did_you_mean(str(path[0]), self.found)}; "
                f"found {', '.join(self.found)}; expected {', '.join(columns.values())}"
                for path in paths.values()
                if path[0] not in self.found
            ]
        )
        return {field: [resolve(v, path[1:]) for v in self.data[str(path[0])][:]] for field, path in paths.items()}

    def named(self, field: str) -> tuple[str, ...]:
        """Class names of a field; () where it holds no class ids."""
        column = self.columns.get(field, field)
        return tuple(self.classes.get(column) or self.names.get(field, ()))


Shape = Callable[[Loaded], Table]


def _rows(loaded: Loaded) -> Table:
    """Fields as the card maps them; class ids become names, -1 (no gold) becomes None, lists become tuples.

    Option `drop` (field -> values as the dataset has them): rows with one of them are left out.
    """
    fields = loaded.fields(loaded.columns)
    size = len(next(iter(fields.values()), ()))
    kept = [i for i in range(size) if not dropped({f: values[i] for f, values in fields.items()}, loaded.options)]
    fields = {field: [values[i] for i in kept] for field, values in fields.items()}
    rows, faults = [], list[str]()
    names = {field: loaded.named(field) for field in fields}
    for i, record in zip(kept, zip(*fields.values(), strict=True), strict=True):
        place, wrong = f"{loaded.place}[{i}]", list[str]()
        values = {f: _named(v, names[f], f"{place}: {f}", wrong) for f, v in zip(fields, record, strict=True)}
        faults += wrong
        if not wrong:
            rows.append(Row(values, place))
    refuse(faults, rows)
    return Table(tuple(rows))


def _named(value: Json, names: Sequence[str], where: str, faults: list[str]) -> Json:
    if isinstance(value, list):
        return tuple(_named(inner, names, where, faults) for inner in value)
    if not names or not isinstance(value, int):
        return value
    if isinstance(value, bool) or value >= len(names) or value < -1:
        faults.append(f"{where}: class {value}, expected 0 to {len(names) - 1} ({', '.join(names)})")
    return names[value] if 0 <= value < len(names) else None


def _squad(loaded: Loaded) -> Table:
    """Questions as `formats.squad` gives them.

    Options: `id_prefix` (keep the ids that start so), `check_spans` (false: a start that does not fit its text, as
    datasets with stripped contexts have it, moves to the nearest place that does).
    """
    default = {name: name for name in ("id", "question", "context", "answers")}
    fields = loaded.fields({**default, **loaded.columns})
    prefix, check = str(loaded.options.get("id_prefix", "")), bool(loaded.options.get("check_spans", True))
    rows, faults = [], list[str]()
    for i, identifier in enumerate(fields["id"]):
        if not str(identifier).startswith(prefix):
            continue
        place, sound = f"{loaded.place}[{i}]", len(faults)
        if isinstance(identifier, bool) or not isinstance(identifier, str | int):
            faults.append(f"{place}: id: found {shown(identifier)}, expected text or a number")
        asked = text(fields["question"][i], f"{place}: question", faults)
        context = text(fields["context"][i], f"{place}: context", faults)
        answers = tuple(_spans(fields["answers"][i], f"{place}: answers", faults))
        if len(faults) > sound:
            continue
        if not check:
            answers = tuple({**a, "start": _nearest(context, a["text"], a["start"])} for a in answers)
        values: dict[str, Json] = {"id": str(identifier), "question": asked, "context": context, "answers": answers}
        paragraph, question = Paragraph(place, {}, context), Question(place, values["id"], asked, answers)
        faults += [fault for a in answers if (fault := answer_fault(paragraph, question, a, check))]
        rows.append(Row(values, place))
    if not rows and prefix and not faults:
        faults.append(f"{loaded.place}: no id starts with '{prefix}'; expected some, check id_prefix in the card")
    refuse(faults)
    return Table(tuple(rows))


def _spans(answers: Json, where: str, faults: list[str]) -> list[dict[str, Any]]:
    """Answers from a mapping of lists, the usual form, or a list of mappings."""
    found = answers
    if isinstance(answers, Mapping):
        texts, starts = answers.get("text"), answers.get("answer_start")
        found = None
        if isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts):
            found = [{"text": t, "answer_start": s} for t, s in zip(texts, starts, strict=True)]
    if not isinstance(found, list):
        faults.append(f"{where}: found {shown(answers)}, expected texts and as many values of answer_start")
        return []
    spans = []
    for n, answer in enumerate(found):
        read = answer if isinstance(answer, dict) else {}
        words = member(read, "text", str, f"{where}[{n}]", faults)
        start = member(read, "answer_start", int, f"{where}[{n}]", faults)
        if words is not None and start is not None:
            spans.append({"text": words, "start": start})
    return spans


def _nearest(context: str, text: str, start: int) -> int:
    """Start of the occurrence of the text that is nearest to `start`, the first of two; `start` if there is none."""
    if not text or (start >= 0 and context.startswith(text, start)):
        return start
    before, after = context.rfind(text, 0, max(start, 0) + len(text)), context.find(text, max(start, 0))
    return min((at for at in (before, after) if at >= 0), key=lambda at: abs(at - start), default=start)


def _parallel(loaded: Loaded) -> Table:
    """Two columns of sentences as `formats.bitext.read_tatoeba` gives two files: English sorted by code point."""
    fields = loaded.fields({"foreign": "foreign", "english": "english", **loaded.columns})
    faults: list[str] = []
    foreign, english = (
        [text(value, f"{loaded.place}[{i}]: {side}", faults).strip() for i, value in enumerate(fields[side])]
        for side in ("foreign", "english")
    )
    refuse(faults)
    order = sorted(range(len(english)), key=english.__getitem__)
    rows = (
        Row({"id": str(j), "text": english[i], "gold": (str(i),)}, f"{loaded.place}[{i}]") for j, i in enumerate(order)
    )
    pool = (Row({"id": str(i), "text": line}, f"{loaded.place}[{i}]") for i, line in enumerate(foreign))
    return Table(tuple(rows), tuple(pool))


def _bucc(loaded: Loaded) -> Table:
    """One row that holds both sides and the pairs of line numbers from 1; ids as in the shared task: "de-000000001"."""
    fields = loaded.fields({"foreign": "foreign", "english": "english", "gold": "gold", **loaded.columns})
    if len(fields["gold"]) != 1:
        raise DataError(f"{loaded.place}: {len(fields['gold'])} rows, expected 1 that holds lists of sentences")
    language, faults = loaded.options.get("language"), list[str]()
    if not language:
        raise CardError(f"{loaded.place}: hub.options.language: missing; ids of sentences begin with it")
    foreign, english = (_sentences(fields[side][0], f"{loaded.place}: {side}", faults) for side in _SIDES)
    refuse(faults)
    gold: dict[int, dict[str, None]] = {}
    pairs = fields["gold"][0]
    if not isinstance(pairs, list):
        raise DataError(f"{loaded.place}: gold: found {shown(pairs)}, expected a list of pairs of line numbers")
    for n, pair in enumerate(pairs):
        if _is_pair(pair, len(foreign), len(english)):
            gold.setdefault(pair[0], {})[f"en-{pair[1]:09d}"] = None
        else:
            sizes = f"{len(foreign)} {language} and {len(english)} en sentences"
            found = f"({', '.join(shown(number, 20) for number in pair)})" if isinstance(pair, list) else shown(pair)
            faults.append(f"{loaded.place}: gold[{n}]: pair {found}, expected numbers from 1 of {sizes}")
    refuse(faults)
    ids = {i: f"{language}-{i:09d}" for i in range(1, len(foreign) + 1)}
    rows = (
        Row({"id": ids[i], "text": line, "gold": tuple(gold.get(i, ()))}, f"{loaded.place}: foreign[{i - 1}]")
        for i, line in enumerate(foreign, 1)
    )
    pool = (
        Row({"id": f"en-{j:09d}", "text": line}, f"{loaded.place}: english[{j - 1}]")
        for j, line in enumerate(english, 1)
    )
    return Table(tuple(rows), tuple(pool))


def _sentences(values: Json, where: str, faults: list[str]) -> list[str]:
    """The sentences of one side, without their line ends."""
    if not isinstance(values, list):
        faults.append(f"{where}: found {shown(values)}, expected a list of sentences")
        return []
    return [text(value, f"{where}[{i}]", faults).rstrip("\r\n") for i, value in enumerate(values)]


def _is_pair(pair: Json, foreign: int, english: int) -> bool:
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(number) is int for number in pair)):
        return False
    return bool(0 < pair[0] <= foreign and 0 < pair[1] <= english)


def _annotated(loaded: Loaded) -> Table:
    """Utterances whose slots are annotated in place, as `formats.annotated` reads them."""
    return tagged(_rows(loaded).rows, loaded.options, [])


def _squad_sentences(loaded: Loaded) -> Table:
    """Questions and the sentences that answer them, as `formats.answer_sentences` pairs them."""
    return sentence_pairs(_squad(loaded), {})


def _qrels(loaded: Loaded) -> Table:
    """Queries, corpus and judgements, each a config, as `formats.qrels` gives them."""
    return qrels_table(loaded.parts, loaded.options, loaded.place)


SHAPES: dict[str, Shape] = {
    "annotated": _annotated,
    "bucc": _bucc,
    "parallel": _parallel,
    "qrels": _qrels,
    "rows": _rows,
    "squad": _squad,
    "squad_sentences": _squad_sentences,
}

# What a card may say under hub.options, by shape.
_ANY = {"absent": each(TEXT)}
_QUESTIONS = {name: OPTIONS["squad"][name] for name in ("check_spans", "id_prefix")}
SHAPE_OPTIONS: dict[str, Mapping[str, Expected]] = {
    "annotated": {**_ANY, **{name: OPTIONS["annotated"][name] for name in ("language", "characters", "drop")}},
    "bucc": {**_ANY, "language": TEXT},
    "parallel": _ANY,
    "qrels": {**_ANY, **OPTIONS["qrels"]},
    "rows": {**_ANY, "drop": OPTIONS["jsonl"]["drop"]},
    "squad": {**_ANY, **_QUESTIONS},
    "squad_sentences": {**_ANY, **_QUESTIONS},
}
