"""SQuAD JSON: SQuAD, XQuAD, MLQA, TyDiQA-GoldP, with the answers or with blanks in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.data.formats.checks import choice, files_of, member, place_ids, refuse
from xtreme_harness.data.formats.decoding import read_json_file
from xtreme_harness.records import Json, Row, Table

__all__ = ["Paragraph", "Question", "answer_fault", "paragraphs", "questions", "read_squad"]

_Answer = dict[str, Any]  # {"text", "start"}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A context and the questions about it."""

    place: str  # "<file>:data[3].paragraphs[0]"
    values: dict[str, Json]
    context: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the file has it."""

    place: str  # "<file>:data[3].paragraphs[0].qas[1]"
    id: str
    text: str
    answers: tuple[_Answer, ...] | None  # None where the key is absent

    @property
    def where(self) -> str:
        """The place and the id, for messages."""
        return f"{self.place} (id '{self.id}')"


def read_squad(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read questions as {"id", "question", "context", "answers"}; several files follow one another.

    Answers are a tuple of {"text", "start"} (characters), () for a SQuAD v2 question without one. A file in which every
    answer is "" at 0 had them removed: they are None.

    Options: `check_spans` (false: do not compare answers with the context), `ids` (`unique`; `any`: they may repeat, as
    in TyDiQA's training files; `position`: number the rows from 0), `id_prefix` (keep the ids that start so).

    Raises:
        DataError: with all faults of a file, or of the ids of all files.
        CardError: an option is wrong.
    """
    prefix, ids = str(options.get("id_prefix", "")), choice(options, "ids", ("unique", "any", "position"), "unique")
    check = bool(options.get("check_spans", True))
    paths = files_of(files, "rows")
    rows = [row for path in paths for row in _rows(path, check) if row.values["id"].startswith(prefix)]
    faults: list[str] = []
    if not rows:
        names = ", ".join(str(path) for path in paths)
        faults.append(
            f"{names}: found no question whose id begins with '{prefix}', expected some, check file and id_prefix"
        )
    if ids == "unique":
        place_ids(((row.values["id"], row.place) for row in rows), faults)
    refuse(faults)
    if ids == "position":
        rows = [Row({**row.values, "id": str(i)}, row.place) for i, row in enumerate(rows)]
    return Table(tuple(rows))


def _rows(path: Path, check: bool) -> list[Row]:
    """Return the questions of one file."""
    faults: list[str] = []
    found = [(p, q) for p in paragraphs(path, faults) for q in questions(p, faults)]
    blank = all(_removed(q) for _, q in found)
    if not blank:
        faults += [f for p, q in found for a in q.answers or () if (f := answer_fault(p, q, a, check))]
        faults += [
            f"{q.where}: found no answers, expected a list as elsewhere in the file, add it (it may be empty)"
            for _, q in found
            if q.answers is None
        ]
    refuse(faults)
    return [Row(_values(p, q, None if blank else q.answers), q.place) for p, q in found]


def paragraphs(path: Path, faults: list[str]) -> Iterator[Paragraph]:
    """Yield the paragraphs of a file in order; what is malformed becomes a fault."""
    top = read_json_file(path)
    if not isinstance(top, dict):
        faults.append(f"{path}: found a JSON {type(top).__name__}, expected an object with 'data', check the file")
        return
    for i, article in _objects(top, "data", str(path), f"{path}:data", faults):
        place = f"{path}:data[{i}]"
        for j, values in _objects(article, "paragraphs", place, f"{place}.paragraphs", faults):
            inner = f"{place}.paragraphs[{j}]"
            context = member(values, "context", str, inner, faults)
            if context is not None:
                yield Paragraph(inner, values, context)


def questions(paragraph: Paragraph, faults: list[str]) -> Iterator[Question]:
    """Yield the questions of a paragraph in order; what is malformed becomes a fault."""
    for k, qa in _objects(paragraph.values, "qas", paragraph.place, f"{paragraph.place}.qas", faults):
        place = f"{paragraph.place}.qas[{k}]"
        identifier, text = member(qa, "id", str, place, faults), member(qa, "question", str, place, faults)
        answers: list[_Answer] | None = None
        if "answers" in qa:
            answers = []
            for n, answer in _objects(qa, "answers", place, f"{place}.answers", faults):
                words = member(answer, "text", str, f"{place}.answers[{n}]", faults)
                start = member(answer, "answer_start", int, f"{place}.answers[{n}]", faults)
                if words is not None and start is not None:
                    answers.append({"text": words, "start": start})
        if identifier is not None and text is not None:
            yield Question(place, identifier, text, None if answers is None else tuple(answers))


def answer_fault(paragraph: Paragraph, question: Question, answer: _Answer, check: bool = True) -> str | None:
    """Say what is wrong with an answer: blank, or (with `check`) not what the context has at its place."""
    text, start, context = answer["text"], answer["start"], paragraph.context
    if not text:
        return f"{question.where}: found a blank answer among others, expected its text, restore it"
    end = start + len(text)
    if not check or (start >= 0 and context[start:end] == text):
        return None
    if start < 0 or end > len(context):
        return (
            f"{question.where}: answer span outside the context: found {start} to {end}, expected 0 to {len(context)}, "
            "use the original file"
        )
    return (
        f"{question.where}: answer text differs from the context at {start}: found '{text:.40}', expected "
        f"'{context[start:end]:.40}', use the original file or option check_spans: false"
    )


def _objects(
    holder: Mapping[str, Json], key: str, place: str, at: str, faults: list[str]
) -> Iterator[tuple[int, dict[str, Json]]]:
    for i, value in enumerate(member(holder, key, list, place, faults) or ()):
        if isinstance(value, dict):
            yield i, value
        else:
            faults.append(f"{at}[{i}]: found {type(value).__name__}, expected an object, restore it")


def _removed(question: Question) -> bool:
    """Whether the answers were taken out: absent, or blanks at 0."""
    answers = question.answers
    return answers is None or (bool(answers) and all(not a["text"] and a["start"] == 0 for a in answers))


def _values(paragraph: Paragraph, question: Question, answers: tuple[_Answer, ...] | None) -> dict[str, Json]:
    return {"id": question.id, "question": question.text, "context": paragraph.context, "answers": answers}
