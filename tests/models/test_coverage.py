"""Every visible character belongs to a token, whatever the tokenizer leaves out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.tokenizer_kinds import KINDS_OF_TOKENIZERS, tokenizer_kind
from xtreme_harness.errors import ModelError
from xtreme_harness.models.coverage import covering, trim
from xtreme_harness.models.tokenizer import Tokenizer

Span = tuple[int, int]


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("by Anna Berg", [(0, 2), (4, 7), (9, 12)], ["by", "Anna", "Berg"]),
        ("has 5 arches", [(0, 3), (5, 5), (7, 12)], ["has", "5", "arches"]),
        ("5% x", [(1, 1), (2, 2), (3, 4)], ["5", "%", "x"]),
        ("字", [(1, 1), (0, 1), (0, 1)], ["字", "字", "字"]),
        ("cafe\u0301 x", [(0, 4), (6, 7)], ["cafe\u0301", "x"]),
        ("a\u200cb\u200f c", [(0, 1), (2, 3), (5, 6)], ["a\u200c", "b\u200f", "c"]),
        ("\u1100\u1161\u11a8 \uff76\uff9e", [(0, 1), (4, 5)], ["\u1100\u1161\u11a8", "\uff76\uff9e"]),
        ("\u200fab c", [(1, 3), (4, 5)], ["\u200fab", "c"]),
        ("\ufeffab \u200bc", [(1, 3), (5, 6)], ["ab", "c"]),
        ("a\x00b U.S. c", [(0, 1), (2, 3), (4, 7), (9, 10)], ["a", "\x00b", "U.S.", "c"]),
        ("a 🙂 b", [(0, 1), (4, 5)], ["a", "🙂 b"]),
        ("a 🙂", [(0, 1)], ["a 🙂"]),
        ("a \u0301 b", [(0, 1), (4, 5)], ["a \u0301", "b"]),
        ("a \u0301 b", [(0, 1), (1, 2), (4, 5)], ["a", "\u0301", "b"]),
        ("ab cd", [(0, 2), (0, 0), (3, 5)], ["ab", "", "cd"]),
        ("ab ? cd", [(0, 2), (0, 0), (5, 7)], ["ab", "?", "cd"]),
        (" ab  cd ", [(0, 4), (4, 8)], ["ab", "cd"]),
        ("é!", [(0, 1), (0, 1), (1, 2)], ["é", "é", "!"]),
        ("\u0301 ", [(2, 2)], ["\u0301"]),
        ("", [], []),
    ],
)
def test_what_is_left_out_goes_to_a_token_of_its_word(text: str, spans: list[Span], expected: list[str]) -> None:
    assert [text[a:b] for a, b in covering(text, spans, "x")] == expected


def test_a_token_that_covers_nothing_stands_behind_what_is_covered() -> None:
    assert covering("abc d", [(0, 3), (1, 1), (4, 5)], "x") == [(0, 3), (3, 3), (4, 5)]


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([(0, 2), (3, 9)], "found characters 3 to 9 in a text of 5 characters"),
        ([(0, 2), (-1, 2)], "found characters -1 to 2 in a text of 5 characters"),
        ([(2, 1)], "found characters 2 to 1 in a text of 5 characters"),
        ([(3, 5), (0, 2)], "found characters 0 to 2 after characters 3 to 5"),
        ([(0, 0), (0, 0)], "found none for the 2 tokens of a text of 5 characters"),
    ],
)
def test_offsets_that_are_none_are_refused_by_name(spans: list[Span], found: str) -> None:
    with pytest.raises(ModelError) as error:
        covering("ab cd", spans, "CKPT")
    assert str(error.value) == (
        f"CKPT: its tokenizer does not say which characters each token covers ({found}), so no answer can be cut "
        "from a passage; use a checkpoint with another tokenizer"
    )


@given(st.text("ab \u0301\u200d字", max_size=12), st.data())
def test_offsets_that_cover_all_stay_as_they_are(text: str, data: st.DataObject) -> None:
    cuts = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=4))})
    spans = list(pairwise(cuts))
    assert covering(text, spans, "x") == [trim(text, *span) for span in spans]


LETTERS = "abÉñß5½贝加กทकहدمשלבдй가𝒳ﬁ"
MARKS = "\u0301\u0323\u093c\u093f\u0e49\u0e33\u064e\u0651\u05b8\u200d\u200c\u200f\u00ad\ufe0f\U0001f3fd"
SIGNS = ".,-()'%👩👨"
WORDS = st.builds(str.__add__, st.sampled_from(LETTERS + SIGNS), st.text(LETTERS + MARKS + SIGNS, max_size=6))


@pytest.mark.parametrize("name", KINDS_OF_TOKENIZERS)
@settings(max_examples=25, deadline=None)
@given(words=st.lists(WORDS, min_size=1, max_size=8), blank=st.sampled_from([" ", "  ", "\n", "\u3000"]))
def test_tokenizers_of_every_kind_cover_what_can_be_seen(name: str, words: list[str], blank: str) -> None:
    text = blank.join(words)
    ((ids, spans),) = tokenizer_kind(name).spans([text])
    assert len(ids) == len(spans)
    covered = {i for a, b in spans for i in range(a, b)}
    assert covered >= {i for i, char in enumerate(text) if not char.isspace()}
    assert all(text[a:b] == text[a:b].strip() for a, b in spans)
    starts = [a for a, b in spans if a < b]
    assert starts == sorted(starts)


def test_a_text_without_tokens_is_one_unknown_one() -> None:
    own: Tokenizer = tokenizer_kind("without unknown")
    assert own.spans(["\u16a0\u16a1 \u16a2", " ", ""]) == [([own.unknown], [(0, 4)]), ([], []), ([], [])]
