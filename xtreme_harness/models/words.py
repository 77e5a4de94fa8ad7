"""Which tokens of a text belong to one word: what stands between white space, whatever the tokenizer makes of it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["word_ends"]

_WORD = re.compile(r"\S+")


def word_ends(text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """For each token, the index behind the last token of its word.

    A token that reaches into several words belongs to the first. One that covers no visible character belongs to the
    word that it stands in or ends; a blank of its own to the word behind it.

    Args:
        text: what was tokenised.
        spans: characters [start, end) of each token in order, as `Tokenizer.spans` gives them.

    >>> word_ends("is n't she?", [(0, 2), (3, 4), (4, 6), (7, 10), (10, 11)])
    [1, 3, 3, 5, 5]
    """
    found = [word.span() for word in _WORD.finditer(text)]
    starts = [start for start, _ in found]
    words = []
    for at, _ in spans:
        word = bisect_right(starts, at) - 1  # the last that begins here or before
        between = word < 0 or at > found[word][1]
        words.append(min(word + between, len(found) - 1))
    ends = list(range(1, len(spans) + 1))
    for i in range(len(spans) - 2, -1, -1):
        if words[i] == words[i + 1]:
            ends[i] = ends[i + 1]
    return ends
