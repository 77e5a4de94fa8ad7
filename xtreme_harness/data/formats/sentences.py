"""Sentences of a passage, and SQuAD's questions paired with the sentence that answers them: LAReQA's training data.

The official data come with breaks that another program made (`sb_sed.py` of the authors); SQuAD itself has none. The
rule here is our own: a sentence ends at . ! or ? when a blank and a capital, a digit or an opening quote follow, unless
the word before is an initial or a known abbreviation.
"""

from __future__ import annotations

import re

from xtreme_harness.records import Row, Table

__all__ = ["sentence_pairs", "sentence_spans"]

_END = re.compile(r"""[.!?]["'”’)\]]*(?=\s+["'“‘(\[]?[A-Z0-9])|\n+""")
_LAST_WORD = re.compile(r"([^\s(\[\"“]+)$")
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "gen", "col", "sgt", "lt", "capt", "rev", "hon", "gov", "sen"}
    | {"rep", "inc", "ltd", "co", "corp", "dept", "univ", "vs", "etc", "fig", "vol", "pp", "cf", "al", "approx", "est"}
    | {"ca", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"}
    | {"e.g", "i.e", "u.s", "u.k", "a.m", "p.m", "ph.d", "b.c", "a.d"}
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Characters [start, end) of every sentence, blanks around it left out.

    >>> text = "Dr. J. Smith left. He came back in 1990! Why?"
    >>> [text[a:b] for a, b in sentence_spans(text)]
    ['Dr. J. Smith left.', 'He came back in 1990!', 'Why?']
    """
    spans, first = [], 0
    for found in _END.finditer(text):
        if text[found.start()] == "." and _abbreviated(text[first : found.start()]):
            continue
        spans.append((first, found.end()))
        first = found.end()
    spans.append((first, len(text)))
    trimmed = [(a + len(text[a:b]) - len(text[a:b].lstrip()), a + len(text[a:b].rstrip())) for a, b in spans]
    return [(a, b) for a, b in trimmed if b > a]


def _abbreviated(before: str) -> bool:
    """Does the text end in an initial ("J") or an abbreviation ("Dr"), whose full stop ends no sentence?"""
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    last = word[1]
    return (len(last) == 1 and last.isupper()) or last.lower() in _ABBREVIATIONS


def sentence_pairs(table: Table) -> Table:
    """Turn SQuAD's questions into {"id", "text", "relevant"}; the pool {"id", "text"} holds the answering sentences.

    A passage is the sentence in which the answer starts and then the whole paragraph, newlines deleted, as LAReQA's
    candidates are. Questions whose answer starts in no sentence are left out.
    """
    rows: list[Row] = []
    pool: dict[tuple[str, int], Row] = {}
    breaks: dict[str, list[tuple[int, int]]] = {}
    for row in table.rows:
        context, answers = row.values["context"], row.values["answers"]
        spans = breaks.setdefault(context, sentence_spans(context))
        start = answers[0]["start"] if answers else -1
        at = next((i for i, (a, b) in enumerate(spans) if a <= start < b), None)
        if at is None:
            continue
        key = (context, at)
        if key not in pool:
            text = (context[slice(*spans[at])] + context).replace("\n", "")
            pool[key] = Row({"id": f"s{len(pool)}", "text": text}, row.place)
        values = {"id": row.values["id"], "text": row.values["question"], "relevant": (pool[key].values["id"],)}
        rows.append(Row(values, row.place))
    return Table(tuple(rows), tuple(pool.values()))
