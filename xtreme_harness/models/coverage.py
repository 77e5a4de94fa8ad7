"""Every visible character of a text belongs to one of its tokens.

Tokenizers leave some out: those that take accents off, compose letters or drop what cannot be seen; and those of the
byte-level kind whose words are split before, for the blank that they trim off a word's offsets was never in the text,
so that the offsets begin a letter late. An answer that is cut by such offsets loses these characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xtreme_harness.errors import ModelError
from xtreme_harness.models.letters import clings

__all__ = ["covering", "no_offsets", "trim"]

Span = tuple[int, int]
_WORD = re.compile(r"\S+")
_ZERO_WIDTH = "\u200b\ufeff"  # spaces that cannot be seen: no word begins with them, as files and pages may do


def covering(text: str, spans: Sequence[Span], name: str) -> list[Span]:
    r"""Give every visible character that no token covers to one, and take the blanks off the tokens' ends.

    A character goes to the next token, a mark or a format character to the one before; to the other of the two where
    only that one stands in the same word, so that no word gains a part of another.

    Args:
        text: what was tokenised.
        spans: characters [start, end) of each token, as its tokenizer gives them.
        name: of the tokenizer, for messages.

    Raises:
        ModelError: when they are none, run backwards, or lie outside the text.

    >>> covering("by Ann", [(0, 2), (4, 6)], "x"), covering("cafe\u0301 x", [(0, 4), (6, 7)], "x")
    ([(0, 2), (3, 6)], [(0, 5), (6, 7)])
    """
    found = [trim(text, *span) for span in spans if 0 <= span[0] <= span[1] <= len(text)]
    if len(found) < len(spans):
        wrong = next(span for span in spans if not 0 <= span[0] <= span[1] <= len(text))
        raise no_offsets(name, f"found {_shown(wrong)} in a text of {len(text)} characters")
    if len(spans) > 1 and text.strip() and all(span == (0, 0) for span in spans):
        raise no_offsets(name, f"found none for the {len(spans)} tokens of a text of {len(text)} characters")
    _require_order(found, name)
    _settle_late(spans, found)
    for gap in list(_gaps(text, found)):
        _fill(text, spans, found, gap)
    if spans and text.strip() and not any(start < end for start, end in found):
        found[0] = trim(text, 0, len(text))  # all tokens are blanks
    reached = 0
    for i, (start, end) in enumerate(found):
        found[i] = (reached, reached) if start == end < reached else (start, end)
        reached = max(reached, end)
    return found


def no_offsets(name: str, found: str) -> ModelError:
    """A tokenizer that does not say where its tokens stand; `found`: what it says."""
    return ModelError(
        f"{name}: its tokenizer does not say which characters each token covers ({found}), so no answer can be cut "
        "from a passage; use a checkpoint with another tokenizer"
    )


def trim(text: str, start: int, end: int) -> Span:
    """Take the blanks off both ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _require_order(spans: Sequence[Span], name: str) -> None:
    last = (0, 0)
    for span in spans:
        if span[0] < span[1]:
            if span[0] < last[0]:
                raise no_offsets(name, f"found {_shown(span)} after {_shown(last)}")
            last = span


def _shown(span: Span) -> str:
    return f"characters {span[0]} to {span[1]}"


def _gaps(text: str, spans: Sequence[Span]) -> Iterator[tuple[int, int, int, int]]:
    """Where visible characters are not covered: start, end, index of the token before (or -1) and of the one after."""
    at, before = 0, -1
    for i, (start, end) in enumerate(spans):
        if start == end:
            continue
        if start > at and not text[at:start].isspace():
            yield at, start, before, i
        if end >= at:
            at, before = end, i
    if at < len(text) and not text[at:].isspace():
        yield at, len(text), before, len(spans)


def _fill(text: str, given: Sequence[Span], spans: list[Span], gap: tuple[int, int, int, int]) -> None:
    """Give the characters of a gap to the tokens around it, and to those in it that cover nothing."""
    start, end, before, after = gap
    inside = list(range(before + 1, after))
    for word in _WORD.finditer(text, start, end):
        at, last = word.span()
        left = before >= 0 and at == spans[before][1]
        right = last == end and after < len(spans)
        if left:
            at = next((i for i in range(at, last) if not clings(text[i])), last)
            spans[before] = spans[before][0], at
        for i in _own(given, inside, at, last, start, left or right):
            stop = given[i][0] if at < given[i][0] <= last else last
            spans[i] = (at, stop) if at < stop else spans[before]  # bytes of one letter share it
            at, before, left = stop, i, True
            inside = inside[inside.index(i) + 1 :]
        if not left:
            at += len(text[at:last]) - len(text[at:last].lstrip(_ZERO_WIDTH))
        if at == last:
            continue
        marks = all(map(clings, text[at:last]))
        if after == len(spans) or (before >= 0 and not right and (left or marks)) or (left and marks):
            if before >= 0:
                spans[before] = spans[before][0], last
        else:
            spans[after] = at, spans[after][1]
            return


def _own(given: Sequence[Span], inside: Sequence[int], at: int, last: int, start: int, joined: bool) -> list[int]:
    """The tokens of a gap that stand for a word of it: those that end in it, or are nowhere; else the one nearest."""
    own = [i for i in inside if given[i][0] == given[i][1] and (at < given[i][0] <= last or given[i][0] < start)]
    if own or joined or not inside:
        return own
    return [next((i for i in inside if given[i][1] > at), inside[-1])]


def _settle_late(given: Sequence[Span], spans: list[Span]) -> None:
    """Let a token that covers nothing and stands before one that begins earlier cover what that one does.

    It is the first byte of a letter, whose offsets begin one character late.
    """
    for i in range(len(spans) - 2, -1, -1):
        start, end = spans[i]
        if start == end == given[i][0] == given[i][1] and spans[i + 1][0] < start <= spans[i + 1][1]:
            spans[i] = spans[i + 1][0], start
