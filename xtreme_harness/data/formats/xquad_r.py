"""XQuAD-R, the data of LAReQA: questions whose answers are sentences in all languages.

Source: XTREME's `third_party/utils_lareqa.py` (838c13b).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from xtreme_harness.data.formats.answer_sentences import candidate_text, sentence_pairs
from xtreme_harness.data.formats.checks import files_of, place_ids, refuse
from xtreme_harness.data.formats.squad import Paragraph, Question, answer_fault, paragraphs, questions, read_squad
from xtreme_harness.errors import DataError
from xtreme_harness.files.shown import shown
from xtreme_harness.records import Json, Row, Table

__all__ = ["read_xquad_r"]


@dataclass(frozen=True, slots=True)
class _File:
    """What one language's file holds."""

    questions: tuple[Question, ...]  # those whose answer starts in a sentence
    answers: Mapping[str, tuple[str, ...]]  # question id -> ids of the sentences that answer it
    candidates: tuple[Row, ...]


def read_xquad_r(files: Mapping[str, Sequence[Path]], options: Mapping[str, Json]) -> Table:
    """Read a language's questions as {"id", "text", "relevant"}; the pool {"id", "text"} is that of all languages.

    Role `rows` is the language's file, role `all` the files of all languages, the order of which is the pool's; a
    file's stem is its language. Candidates are the sentences of paragraphs with a usable question, each followed by its
    whole paragraph, newlines deleted; ids are `<language>_<paragraph from 1>_<sentence from 0>`. Relevant are the
    sentences that answer the same question in any language, and their doubles in the paragraph. A question whose answer
    starts in no sentence is left out, as officially.

    Role `squad`, instead of both, is data in SQuAD's layout to train on, read as `formats.answer_sentences` says;
    paragraphs with sentence_breaks keep theirs.

    Option: `check_spans` (false: do not compare answers with the context).

    Raises:
        DataError: with all faults of a file.
        CardError: a role has no file.
    """
    if "squad" in files:
        return sentence_pairs(read_squad({"rows": files["squad"]}, options), _breaks(files["squad"]))
    check = bool(options.get("check_spans", True))
    (path, *_), everything = files_of(files, "rows"), files_of(files, "all")
    if path.resolve() not in {other.resolve() for other in everything}:
        raise DataError(
            f"{path}: found a file that is not in the pool, expected it among the files of role 'all', add it"
        )
    pool: list[Row] = []
    relevant: dict[str, list[str]] = {}
    for other in everything:
        parsed = _cached(other, check)
        pool += parsed.candidates
        for identifier, sentences in parsed.answers.items():
            relevant.setdefault(identifier, []).extend(sentences)
    rows = (
        Row({"id": f"{q.id}_{path.stem}", "text": q.text, "relevant": tuple(relevant[q.id])}, q.place)
        for q in _cached(path, check).questions
    )
    return Table(tuple(rows), tuple(pool))


def _cached(path: Path, check: bool) -> _File:
    """Parse a file once, although every language asks for all of them."""
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(
            f"{path}: found no readable file ({error.strerror}), expected a data file, check the path"
        ) from None
    return _parse(path, check, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=32)
def _parse(path: Path, check: bool, number: int, mtime: int, size: int) -> _File:
    faults: list[str] = []
    used: list[Question] = []
    seen: list[tuple[str, str]] = []
    answers: dict[str, tuple[str, ...]] = {}
    candidates: list[Row] = []
    for number, paragraph in enumerate(paragraphs(path, faults), 1):
        sentences = _sentences(paragraph, faults)
        ids = [f"{path.stem}_{number}_{i}" for i in range(len(sentences))]
        usable = False
        for question in questions(paragraph, faults):
            seen.append((question.id, question.place))
            text = _answer_sentence(paragraph, question, sentences, check, faults)
            if text is not None:
                usable = True
                used.append(question)
                answers[question.id] = tuple(i for i, (_, s) in zip(ids, sentences, strict=True) if s == text)
        if usable:
            texts = [candidate_text(text, paragraph.context) for _, text in sentences]
            rows = zip(ids, texts, strict=True)
            candidates += [Row({"id": i, "text": text}, paragraph.place) for i, text in rows]
    place_ids(seen, faults)
    if not used and not faults:
        faults.append(f"{path}: found no usable question, expected XQuAD-R, check the file")
    refuse(faults)
    return _File(tuple(used), answers, tuple(candidates))


def _breaks(paths: Sequence[Path]) -> dict[str, list[tuple[int, int]]]:
    """Paragraph -> its sentences, of those that have sentence_breaks."""
    faults: list[str] = []
    marked = [p for path in paths for p in paragraphs(path, faults) if "sentence_breaks" in p.values]
    found = {p.context: [(span.start, span.stop) for span, _ in _sentences(p, faults)] for p in marked}
    refuse(faults)
    return found


def _sentences(paragraph: Paragraph, faults: list[str]) -> list[tuple[range, str]]:
    """Return the characters and the text of every sentence."""
    breaks = paragraph.values.get("sentence_breaks")
    if not isinstance(breaks, list):
        faults.append(
            f"{paragraph.place}: found no sentence_breaks, expected a list of [start, end], use XQuAD-R's files"
        )
        return []
    sentences = []
    for span in breaks:
        if isinstance(span, list) and len(span) == 2 and all(type(n) is int for n in span):
            start, end = span
            if 0 <= start <= end <= len(paragraph.context):
                sentences.append((range(start, end), paragraph.context[start:end]))
                continue
        faults.append(
            f"{paragraph.place}: found sentence break {shown(span)}, expected [start, end] within 0 to "
            f"{len(paragraph.context)}, use the original file"
        )
    return sentences


def _answer_sentence(
    paragraph: Paragraph,
    question: Question,
    sentences: Sequence[tuple[range, str]],
    check: bool,
    faults: list[str],
) -> str | None:
    """Return the first sentence in which the answer starts; None where there is none."""
    if question.answers is None or len(question.answers) != 1:
        count = len(question.answers or ())
        faults.append(f"{question.where}: found {count} answers, expected exactly one, use XQuAD-R's files")
        return None
    (answer,) = question.answers
    if fault := answer_fault(paragraph, question, answer, check):
        faults.append(fault)
        return None
    return next((text for span, text in sentences if answer["start"] in span), None)
