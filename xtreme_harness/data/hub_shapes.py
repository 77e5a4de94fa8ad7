"""Columns of a Hub dataset to the rows that the file formats give: one function a shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xtreme_harness.data.formats.answer_sentences import sentence_pairs
from xtreme_harness.data.formats.checks import refuse
from xtreme_harness.data.formats.fields import dropped
from xtreme_harness.data.formats.jsonlines import resolve, steps
from xtreme_harness.data.formats.squad import Paragraph, Question, answer_fault
from xtreme_harness.errors import DataError, did_you_mean
from xtreme_harness.records import Json, Row, Table

__all__ = ["SHAPES", "Columns", "Loaded", "Shape"]


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
    faults: list[str] = []
    for field, values in fields.items():
        names = loaded.named(field)
        fields[field] = [
            _named(v, names, f"{loaded.place}[{i}]: {field}", faults) for i, v in zip(kept, values, strict=True)
        ]
    refuse(faults)
    records = zip(*fields.values(), strict=True)
    places = (f"{loaded.place}[{i}]" for i in kept)
    return Table(tuple(Row(dict(zip(fields, r, strict=True)), place) for r, place in zip(records, places, strict=True)))


def _named(value: Json, names: Sequence[str], where: str, faults: list[str]) -> Json:
    if isinstance(value, list):
        return tuple(_named(inner, names, where, faults) for inner in value)
    if not names or not isinstance(value, int):
        return value
    if value >= len(names) or value < -1:
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
    rows, faults = [], []
    for i, identifier in enumerate(fields["id"]):
        if not str(identifier).startswith(prefix):
            continue
        place, context = f"{loaded.place}[{i}]", fields["context"][i]
        answers = tuple(_spans(fields["answers"][i]))
        if not check:
            answers = tuple({**a, "start": _nearest(context, a["text"], a["start"])} for a in answers)
        values = {"id": str(identifier), "question": fields["question"][i], "context": context, "answers": answers}
        paragraph, question = Paragraph(place, {}, context), Question(place, values["id"], values["question"], answers)
        faults += [fault for a in answers if (fault := answer_fault(paragraph, question, a, check))]
        rows.append(Row(values, place))
    if not rows and prefix:
        faults.append(f"{loaded.place}: no id starts with '{prefix}'; expected some, check id_prefix in the card")
    refuse(faults)
    return Table(tuple(rows))


def _spans(answers: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Answers from a mapping of lists, the usual form, or a list of mappings."""
    if isinstance(answers, Mapping):
        pairs = list(zip(answers["text"], answers["answer_start"], strict=True))
    else:
        pairs = [(answer["text"], answer["answer_start"]) for answer in answers]
    return [{"text": text, "start": start} for text, start in pairs]


def _nearest(context: str, text: str, start: int) -> int:
    """Start of the occurrence of the text that is nearest to `start`, the first of two; `start` if there is none."""
    if not text or (start >= 0 and context.startswith(text, start)):
        return start
    before, after = context.rfind(text, 0, max(start, 0) + len(text)), context.find(text, max(start, 0))
    return min((at for at in (before, after) if at >= 0), key=lambda at: abs(at - start), default=start)


def _parallel(loaded: Loaded) -> Table:
    """Two columns of sentences as `formats.bitext.read_tatoeba` gives two files: English sorted by code point."""
    fields = loaded.fields({"foreign": "foreign", "english": "english", **loaded.columns})
    foreign, english = ([str(text).strip() for text in fields[side]] for side in ("foreign", "english"))
    order = sorted(range(len(english)), key=english.__getitem__)
    rows = (
        Row({"id": str(j), "text": english[i], "gold": (str(i),)}, f"{loaded.place}[{i}]") for j, i in enumerate(order)
    )
    pool = (Row({"id": str(i), "text": text}, f"{loaded.place}[{i}]") for i, text in enumerate(foreign))
    return Table(tuple(rows), tuple(pool))


def _bucc(loaded: Loaded) -> Table:
    """One row that holds both sides and the pairs of line numbers from 1; ids as in the shared task: "de-000000001"."""
    fields = loaded.fields({"foreign": "foreign", "english": "english", "gold": "gold", **loaded.columns})
    if len(fields["gold"]) != 1:
        raise DataError(f"{loaded.place}: {len(fields['gold'])} rows, expected 1 that holds lists of sentences")
    language, ((foreign,), (english,)) = str(loaded.options["language"]), (fields["foreign"], fields["english"])
    gold: dict[int, dict[str, None]] = {}
    faults = []
    for n, (i, j) in enumerate(fields["gold"][0]):
        gold.setdefault(int(i), {})[f"en-{int(j):09d}"] = None
        if not (0 < int(i) <= len(foreign) and 0 < int(j) <= len(english)):
            sizes = f"{len(foreign)} {language} and {len(english)} en sentences"
            faults.append(f"{loaded.place}: gold[{n}]: pair ({i}, {j}), expected numbers from 1 of {sizes}")
    refuse(faults)
    ids = {i: f"{language}-{i:09d}" for i in range(1, len(foreign) + 1)}
    rows = (
        Row({"id": ids[i], "text": text, "gold": tuple(gold.get(i, ()))}, f"{loaded.place}: foreign[{i - 1}]")
        for i, text in enumerate(map(_line, foreign), 1)
    )
    pool = (
        Row({"id": f"en-{j:09d}", "text": text}, f"{loaded.place}: english[{j - 1}]")
        for j, text in enumerate(map(_line, english), 1)
    )
    return Table(tuple(rows), tuple(pool))


def _line(text: str) -> str:
    return text.rstrip("\r\n")


def _squad_sentences(loaded: Loaded) -> Table:
    """Questions and the sentences that answer them, as `formats.answer_sentences` pairs them."""
    return sentence_pairs(_squad(loaded), {})


SHAPES: dict[str, Shape] = {
    "bucc": _bucc,
    "parallel": _parallel,
    "rows": _rows,
    "squad": _squad,
    "squad_sentences": _squad_sentences,
}
