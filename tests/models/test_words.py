"""Which tokens are of one word, for tokenizers of every manner."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.fixtures.families import xlm_tokenizer
from tests.fixtures.tokenizer_kinds import tokenizer_kind
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.models.words import word_ends

TEXTS = (
    "is n't she?", "  Die  Seen sind tief , sehr tief.\t", "贝加尔湖 是世界上最深的湖。", "ทะเลสาบ ที่ลึก",
    "a\u00a0é e\u0301 x", "unwahrscheinlich schön 2019", "नमस्ते दुनिया", "x",
)  # fmt: skip
MANNERS = (
    "bert uncased", "accents off", "nfkc metaspace", "scripts", "prepended", "characters", "bytes, untrimmed",
    "bytes with a first blank, roberta", "blanks before bytes, trimmed", "xlm",
)  # fmt: skip


def parts(ends: list[int]) -> list[range]:
    """The tokens of each word."""
    cuts = sorted({0, *ends})
    return [range(a, b) for a, b in pairwise(cuts)]


@pytest.mark.parametrize(
    ("text", "spans", "ends"),
    [
        ("a  bc", [(0, 1), (2, 2), (3, 4), (4, 5)], [1, 4, 4, 4]),  # a blank of its own
        (" a b ", [(0, 0), (1, 2), (3, 4), (5, 5)], [2, 2, 4, 4]),  # and at both ends
        ("aé b", [(0, 1), (1, 2), (2, 2), (3, 4)], [3, 3, 3, 4]),  # a byte of the letter before
        ("ab cd e", [(0, 5), (6, 7)], [1, 2]),  # a token of two words
        ("x", [], []),
    ],
)
def test_words_end(text: str, spans: list[tuple[int, int]], ends: list[int]) -> None:
    assert word_ends(text, spans) == ends


@pytest.mark.slow
@pytest.mark.parametrize("name", MANNERS)
def test_every_tokenizer_has_a_group_of_tokens_a_word(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Together the tokens of a group cover one run of visible characters, and every run has its group."""
    tokenizer = tokenizer_kind(name) if name != "xlm" else Tokenizer(xlm_tokenizer(tmp_path_factory.mktemp("xlm")), 512)
    for text, (ids, spans) in zip(TEXTS, tokenizer.spans(TEXTS), strict=True):
        groups = parts(word_ends(text, spans))
        assert [i for group in groups for i in group] == list(range(len(ids)))
        covered = [text[spans[group.start][0] : max(spans[i][1] for i in group)].split() for group in groups]
        assert [word for words in covered for word in words] == text.split(), spans
        assert all(len(words) <= 1 for words in covered), spans
