"""Special tokens, segment ids, offsets, words and truncation, against the tokenizers themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.families import TOKENIZERS, tokenizer, xlm_tokenizer
from xtreme_harness.errors import ModelError
from xtreme_harness.models.tokenizer import Tokenizer, longest_first

TEXTS = (
    "Baikal ist ein See in Sibirien.",
    "贝加尔湖是世界上最深的湖。",
    "ทะเลสาบไบคาลอยู่ในรัสเซีย",
    "بحيرة بايكال عميقة جدا.",
)


@pytest.fixture(scope="module", params=[*TOKENIZERS, "xlm"])
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.param == "xlm":
        return xlm_tokenizer(tmp_path_factory.mktemp("xlm"))
    return TOKENIZERS[request.param]()


def test_pairs_are_the_tokenizers_own(raw: Any) -> None:
    own = Tokenizer(raw, 512)
    for first, second in (TEXTS[:2], TEXTS[2:], TEXTS[1:3], ("a b", "c")):
        whole, found = raw(first, second), own.two(*own.ids([first, second]), 512)
        assert list(found.ids) == whole["input_ids"]
        assert (
            found.types is None if "token_type_ids" not in whole else list(found.types or ()) == whole["token_type_ids"]
        )
        alone, one = raw(first), own.one(own.ids([first])[0], 512)
        assert list(one.ids) == alone["input_ids"]
        assert one.types is None if "token_type_ids" not in alone else list(one.types or ()) == alone["token_type_ids"]
        assert own.pair_size == len(whole["input_ids"]) - sum(map(len, own.ids([first, second])))
        assert own.single_size == len(alone["input_ids"]) - len(own.ids([first])[0])


def test_parts_stand_where_the_sizes_say(raw: Any) -> None:
    own = Tokenizer(raw, 512)
    first, second = own.ids(["ein See", "in Sibirien"])
    ids = list(own.two(first, second, 512).ids)
    at = own.pair_prefix + len(first) + own.pair_middle
    assert ids[own.pair_prefix : own.pair_prefix + len(first)] == first and ids[at : at + len(second)] == second
    alone = list(own.one(first, 512).ids)
    assert alone[own.single_prefix : own.single_prefix + len(first)] == first


def test_the_library_called_outright_gives_what_transformers_gives(raw: Any) -> None:
    own, texts = Tokenizer(raw, 512), [*TEXTS, "", " ", "a  b\tc", "<s> [CLS] <|end|> </s>", "\u200bé\u0301"] * 3
    plain = raw(texts, add_special_tokens=False, return_offsets_mapping=raw.is_fast)
    raw(texts, padding=raw.pad_token_id is not None, truncation=True, max_length=4)  # does not last
    assert own.ids(texts) == plain["input_ids"]
    found = own.spans(texts)
    assert [ids for ids, _ in found] == plain["input_ids"]
    if raw.is_fast:
        blank = [(text, span) for text, (_, spans) in zip(texts, found, strict=True) for span in spans]
        for (text, (start, end)), (first, last) in zip(
            blank, (s for row in plain["offset_mapping"] for s in row), strict=True
        ):
            lost = "\u200b\u0301"  # what tokenizers that clean and compose leave uncovered
            assert text[start:end].strip(lost) == text[first:last].strip().strip(lost)
            assert start <= end


@pytest.mark.parametrize("text", TEXTS)
def test_spans_point_at_the_letters_of_their_pieces(raw: Any, text: str) -> None:
    own = Tokenizer(raw, 512)
    ((ids, spans),) = own.spans([text])
    assert ids == own.ids([text])[0] and len(ids) == len(spans)
    assert all(0 <= a <= b <= len(text) and text[a:b] == text[a:b].strip() for a, b in spans)
    assert [a for a, _ in spans] == sorted(a for a, _ in spans)
    if raw.is_fast:
        covered = {i for a, b in spans for i in range(a, b)}
        assert covered == {i for i, char in enumerate(text) if not char.isspace()}
        for i, (a, b) in enumerate(spans):
            piece = raw.decode([ids[i]]).strip().removeprefix("##").replace("▁", "").strip()
            if piece and "�" not in piece and ids[i] != raw.unk_token_id:
                assert text[a:b] == piece


def test_spans_of_a_slow_tokenizer(tmp_path: Path) -> None:
    own = Tokenizer(xlm_tokenizer(tmp_path), 512)
    text = "Der Baikalsee, ist TIEF."
    ((ids, spans),) = own.spans([text])
    pieces = own.raw.convert_ids_to_tokens(ids)
    assert [text[a:b].lower() for a, b in spans] == [piece.removesuffix("</w>") for piece in pieces]
    assert own.spans([""]) == [([], [])]


def test_words_are_cut_as_in_running_text(raw: Any) -> None:
    own = Tokenizer(raw, 512)
    words = ["der", "See", "ist", "1642", "Meter", "tief", "贝加尔湖", "бай"]
    running = own.ids([" ".join(["x", *words])])[0]
    lead = len(own.ids(["x"])[0])
    assert [piece for ids in own.words(words) for piece in ids] == running[lead:]


def test_truncation_and_limits(raw: Any) -> None:
    own = Tokenizer(raw, 20)
    long, short = own.ids(["See " * 40, "tief"])
    for length in (12, 20, 99):
        assert len(own.two(long, short, length).ids) == min(length, 20) == len(own.one(long, length).ids)
    kept = list(own.two(long, short, 20).ids)
    at = len(kept) - (own.pair_size - own.pair_prefix - own.pair_middle) - len(short)
    assert kept[at : at + len(short)] == short  # the longer text alone is cut


def test_empty_texts(raw: Any) -> None:
    own = Tokenizer(raw, 512)
    assert own.ids(["", "a"])[0] == []
    assert own.spans([""]) == [([], [])]
    for encoded in (own.one([], 64), own.two([], [], 64)):
        assert len(encoded.ids) >= 1 and (encoded.types is None or len(encoded.types) == len(encoded.ids))


def test_padding_settings_of_the_file_are_not_used(raw: Any) -> None:
    if raw.is_fast:
        raw.backend_tokenizer.enable_truncation(3)
        raw.backend_tokenizer.enable_padding(length=9)
    own = Tokenizer(raw, 512)
    assert len(own.ids(["der See ist tief und kalt"])[0]) > 3
    assert len(own.ids(["a"])[0]) < 9


def test_byte_level_with_and_without_a_first_blank() -> None:
    plain = TOKENIZERS["qwen2"]()
    spaced = TOKENIZERS["qwen2"]()
    from tokenizers import pre_tokenizers

    spaced.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    words = ["der", "See"]
    assert (
        Tokenizer(plain, 512).words(words)
        == Tokenizer(spaced, 512).words(words)
        == plain([" der", " See"])["input_ids"]
    )
    assert Tokenizer(spaced, 512).spans(["See tief"])[0][1][0][0] == 0


def test_special_ids_that_the_network_does_not_know_are_not_used() -> None:
    raw = tokenizer("bytes", eos_token="<|end|>", pad_token="<new>", unk_token="<newer>")
    assert raw.pad_token_id >= 1200
    own = Tokenizer(raw, 512, 1200)
    assert own.padding == own.unknown == raw.eos_token_id
    assert Tokenizer(tokenizer("bytes"), 512).padding == 0


def test_a_tokenizer_that_gives_nothing_is_refused() -> None:
    from tokenizers import Tokenizer as Raw
    from tokenizers import models
    from transformers import PreTrainedTokenizerFast

    with pytest.raises(ModelError, match="gives no usable ids for plain letters"):
        Tokenizer(PreTrainedTokenizerFast(tokenizer_object=Raw(models.BPE())), 512)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 80))
def test_longest_first_is_the_literal_rule(first: int, second: int, room: int) -> None:
    a, b = first, second
    while a + b > room:
        if a > b:
            a -= 1
        else:
            b -= 1
    assert longest_first(first, second, room) == (a, b)
