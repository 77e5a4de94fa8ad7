"""Questions paired with the sentence that answers them: LAReQA's training data, out of SQuAD's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.data.formats.sentences import sentence_spans
from xtreme_harness.records import Row, Table

__all__ = ["candidate_text", "sentence_pairs"]

Span = tuple[int, int]  # characters [start, end)


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The passages, joined as they are read: a paragraph is held once, however many of its sentences answer."""

    found: tuple[tuple[str, Span, str], ...]  # paragraph, sentence in it, place

    def __iter__(self) -> Iterator[Row]:
        for i, (context, (start, end), place) in enumerate(self.found):
            yield Row({"id": f"s{i}", "text": candidate_text(context[start:end], context)}, place)


def candidate_text(sentence: str, context: str) -> str:
    r"""Return what stands for a sentence, in training and when it is searched: it, then its paragraph, in one line.

    >>> candidate_text("Old walls.", "Old walls.\nNew doors.")
    'Old walls.Old walls.New doors.'
    """
    return (sentence + context).replace("\n", "")


def sentence_pairs(table: Table, breaks: Mapping[str, Sequence[Span]]) -> Table:
    """Turn SQuAD's questions into {"id", "text", "relevant"}; the pool {"id", "text"} holds the answering sentences.

    The answer is the first one given; its sentence is the first in which it starts. Questions whose answer starts in no
    sentence are left out, as officially. The pool is lazy, each sentence in it once; its ids are `s0`, `s1` ...

    Args:
        table: rows of `formats.squad`.
        breaks: paragraph -> its sentences, where the data have them; those of others are inferred.
    """
    rows: list[Row] = []
    numbers: dict[tuple[str, Span], int] = {}
    found: list[tuple[str, Span, str]] = []
    known = dict(breaks)
    for row in table.rows:
        context, answers = row.values["context"], row.values["answers"]
        if context not in known:
            known[context] = sentence_spans(context)
        start = answers[0]["start"] if answers else -1
        span = next((one for one in known[context] if one[0] <= start < one[1]), None)
        if span is None:
            continue
        number = numbers.setdefault((context, span), len(found))
        if number == len(found):
            found.append((context, span, row.place))
        values = {"id": row.values["id"], "text": row.values["question"], "relevant": (f"s{number}",)}
        rows.append(Row(values, row.place))
    return Table(tuple(rows), _Sentences(tuple(found)))
