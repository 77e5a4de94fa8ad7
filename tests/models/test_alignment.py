"""The pieces of tokenizers that give no offsets, found in the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import ByT5Tokenizer, CanineTokenizer

from tests.fixtures.families import xlm_tokenizer
from xtreme_harness.errors import ModelError
from xtreme_harness.models.alignment import align
from xtreme_harness.models.tokenizer import Tokenizer

WORDS = ("Anna", "1822", "cafe\u0301", "Việt", "हिंदी", "ท่านน้ำ", "مَدْرَسَة", "贝加尔", "👨\u200d👩", "5", "U.S.")


def found(text: str, pieces: list[str | None]) -> list[str]:
    """The text of every piece."""
    spans = align(text, pieces)
    assert spans is not None
    return [text[a:b] for a, b in spans]


@given(st.lists(st.text("abcäÉñ字 ", min_size=1, max_size=4), max_size=8))
def test_align_finds_untouched_pieces(parts: list[str]) -> None:
    text = " ".join(parts)
    pieces = text.split()
    assert found(text, list(pieces)) == pieces


@pytest.mark.parametrize(
    ("text", "pieces", "expected"),
    [
        ("Ünïcode IST", ["unicode", "ist"], ["Ünïcode", "IST"]),
        ("a “b” c", ["a", '"', "b", '"', "c"], ["a", "“", "b", "”", "c"]),
        ("x…y", ["x", "...", "y"], ["x", "…", "y"]),
        ("ab", ["a", "b", "c"], ["a", "b", "b"]),
    ],
    ids=["accents", "quotes", "ellipsis", "more pieces than letters"],
)
def test_align_where_the_tokenizer_changed_letters(text: str, pieces: list[str], expected: list[str]) -> None:
    assert found(text, list(pieces)) == expected


@pytest.mark.parametrize(
    ("text", "pieces", "expected"),
    [
        ("an unbelievably long word", ["an", None, "long", "word"], ["an", "unbelievably", "long", "word"]),
        ("two longer unknowns here", ["two", None, None, "here"], ["two", "longer", "unknowns", "here"]),
        ("x 5 y", ["x", "", "5", "", "y"], ["x", "", "5", "", "y"]),
        ("say 🙂 now", ["say", ":smile:", "now"], ["say", "🙂", "now"]),
        ("a مَدْ b", ["a", "مد", "b"], ["a", "مَد", "b"]),
        ("é字!", ["Ã", "©", "å", "\xad", "\x97", "!"], ["é", "é", "字", "字", "字", "!"]),
    ],
    ids=["a word", "two words", "blanks", "described", "marks", "bytes"],
)
def test_what_the_vocabulary_lacks_moves_nothing(text: str, pieces: list[str | None], expected: list[str]) -> None:
    assert found(text, pieces) == expected


def test_a_text_that_the_pieces_do_not_spell() -> None:
    text = "The river Ilm rises near Ilmenau, and a bridge was built."
    assert align(text, ["qz", "jk", "vw"] * 10) is None
    assert align("½", ["1/2"]) == [(0, 1)]
    assert align("", ["a"]) == [(0, 0)] and align(" ", [""]) == [(0, 0)]


class _Foreign(ByT5Tokenizer):
    """Its pieces are numbers."""

    def _tokenize(self, text: str) -> list[str]:
        return [f"~{ord(char)}~" for char in text]

    def _convert_token_to_id(self, token: str) -> int:
        return int(token.strip("~")) % 256


def test_such_a_tokenizer_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"^CKPT: its tokenizer does not say .* \(its pieces are not in the text: ~"):
        Tokenizer(_Foreign(), 512, name="CKPT").spans(["The river Ilm rises near Ilmenau."])


@pytest.mark.parametrize("family", ["byt5", "canine", "xlm"])
@settings(deadline=None, max_examples=30)
@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
def test_slow_tokenizers_reach_every_word(
    family: str, words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    if family not in _made:
        made = {"byt5": ByT5Tokenizer, "canine": CanineTokenizer}.get(family)
        _made[family] = Tokenizer(made() if made else xlm_tokenizer(tmp_path_factory.mktemp("xlm")), 512)
    text = " ".join(words)
    ((_, spans),) = _made[family].spans([text])
    at = 0
    for word in words:
        own = [(a, b) for a, b in spans if a < at + len(word) and b > at]
        assert text[own[0][0] : own[-1][1]] == word
        at += len(word) + 1


_made: dict[str, Tokenizer] = {}
