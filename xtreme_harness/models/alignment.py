"""The characters of each piece, for tokenizers that give no offsets: the pieces are looked for in the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["align"]

Span = tuple[int, int]
_UNKNOWN = "\0"
_MEETINGS = ((4, 24), (2, 24), (4, 400), (1, 400))  # letters that must agree where text and pieces are taken to meet
# again, and how many of both are passed over at most until they do; tried in this order
_LOST = 20  # letters of pieces without a place that are too many, where they are more than half


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the text's letters and the part of the pieces' letters that stands for it."""

    text: range
    pieces: range
    same: bool


def align(text: str, pieces: Sequence[str | None]) -> list[Span] | None:
    """Find each piece in the text, though the tokenizer lower-cased it or took its accents off.

    What lies between pieces that were found belongs to those that were not, a word each or in equal parts.

    Args:
        text: what was tokenised.
        pieces: their letters, or bytes as characters; "" for blanks, None for one that the vocabulary lacks.

    Returns:
        Characters [start, end) of each piece; None where most of them are not in the text.

    >>> align("Héllo, you", ["he", "llo", ",", "you"])
    [(0, 2), (2, 5), (5, 6), (7, 10)]
    >>> align("a longer word", ["a", None, "word"]), align("é!", ["Ã", "©", "!"])
    ([(0, 1), (2, 8), (9, 13)], [(0, 1), (0, 1), (1, 2)])
    """
    if (found := _as_bytes(text, pieces)) is not None:
        return found
    letters, wanted = _letters(text, pieces, marks=True)
    if "".join(c for c, _ in letters) != "".join(wanted):  # the tokenizer left some out
        letters, wanted = _letters(text, pieces, marks=False)
    flat = "".join(c for c, _ in letters).replace(_UNKNOWN, "\1")
    joined, ends = "".join(wanted), list(accumulate(map(len, wanted)))
    if not letters:
        return [(0, 0)] * len(pieces)
    places: list[range] = [range(0)] * len(joined)  # of the text's letters, for each letter of the pieces
    lost = 0
    for part in _parts(flat, joined):
        lost += 0 if part.same else sum(c != _UNKNOWN for c in joined[part.pieces.start : part.pieces.stop])
        for i, place in zip(part.pieces, _shares(text, letters, part), strict=True):
            places[i] = place
    if lost > _LOST and 2 * lost > sum(c != _UNKNOWN for c in joined):
        return None
    spans: list[Span] = []
    at = 0  # the first letter behind the pieces so far
    for piece, end in zip(wanted, ends, strict=True):
        own = [place for place in places[end - len(piece) : end] if place]
        if own:
            spans.append((letters[own[0].start][1], letters[own[-1].stop - 1][1] + 1))
            at = own[-1].stop
        elif piece:
            near = letters[min(at, len(letters) - 1)][1]
            spans.append((near, near + 1))
        else:
            spans.append((letters[at][1],) * 2 if at < len(letters) else (letters[-1][1] + 1,) * 2)
    return spans


def _as_bytes(text: str, pieces: Sequence[str | None]) -> list[Span] | None:
    """Each piece's character, where the pieces are the text's bytes."""
    if not all(piece is not None and len(piece) == 1 and ord(piece) < 256 for piece in pieces):
        return None
    raw = text.encode("utf-8", "surrogatepass")
    if raw != bytes(ord(piece) for piece in pieces if piece):
        return None
    return [(i, i + 1) for i, char in enumerate(text) for _ in char.encode("utf-8", "surrogatepass")]


def _parts(flat: str, joined: str) -> Iterator[_Part]:
    """Cut both where they agree and where they do not."""
    p = q = 0
    while q < len(joined):
        i = 0
        while p + i < len(flat) and q + i < len(joined) and flat[p + i] == joined[q + i]:
            i += 1
        if i:
            yield _Part(range(p, p + i), range(q, q + i), True)
        p, q = p + i, q + i
        over, under = _next_meeting(flat, joined, p, q)
        if under:
            yield _Part(range(p, p + over), range(q, q + under), False)
        p, q = p + over, q + under


def _next_meeting(flat: str, joined: str, p: int, q: int) -> Span:
    """How many letters of both to pass over, the fewest together, until they agree; all, where they never do."""
    for sure, far in _MEETINGS:
        for both in range(1, far):
            for under in range(both + 1):
                if _agree(flat[p + both - under :][:sure], joined, q + under, sure):
                    return both - under, under
    return len(flat) - p, len(joined) - q


def _agree(ahead: str, joined: str, at: int, sure: int) -> bool:
    """Do so many letters agree, or all to the end, or all between two pieces that the vocabulary lacks?"""
    end = joined.find(_UNKNOWN, at, at + sure)
    wanted = joined[at : at + sure if end < 0 else end]
    if len(wanted) == sure or not wanted:
        return bool(wanted) and ahead == wanted
    if end < 0:
        return ahead == wanted
    return joined[at - 1] == _UNKNOWN and ahead.startswith(wanted)


def _shares(text: str, letters: Sequence[tuple[str, int]], part: _Part) -> list[range]:
    """The text's letters for each letter of the pieces."""
    start, size, n = part.text.start, len(part.text), len(part.pieces)
    if part.same:
        return [range(i, i + 1) for i in part.text]
    starts = [i for i in part.text if i == start or any(map(str.isspace, text[letters[i - 1][1] : letters[i][1]]))]
    if len(starts) == n:
        return [range(a, b) for a, b in zip(starts, [*starts[1:], part.text.stop], strict=True)]
    return [range(start + i * size // n, start + -(-(i + 1) * size // n)) for i in range(n)]


def _letters(text: str, pieces: Sequence[str | None], marks: bool) -> tuple[list[tuple[str, int]], list[str]]:
    """The letters of the text with the characters that they are of, and those of every piece."""
    letters = [(c, i) for i, char in enumerate(text) for c in _plain(char, marks)]
    wanted = [_UNKNOWN if p is None else "".join(c for char in p for c in _plain(char, marks)) for p in pieces]
    return letters, wanted


def _plain(char: str, marks: bool) -> str:
    if char.isspace():
        return ""
    shown = unicodedata.normalize("NFKD", char.lower())
    return shown if marks else "".join(c for c in shown if unicodedata.category(c) not in ("Mn", "Cf"))
