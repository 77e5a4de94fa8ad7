"""Tags: every word one, however long the sentence and whatever its words."""

from __future__ import annotations

import itertools
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.letters import LETTERS
from tests.fixtures.prediction_faults import faults_of, numbered
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.prediction_text import official_lines
from xtreme_harness.kinds.token_classification import TaggedSentence, _chunks, _sentences, read_tags
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Row, Split

KIND, CARD = KINDS["token_classification"], all_cards().tasks["panx"]
WORDS = st.text("abc深湖\u200b ", max_size=12)


def split(*sentences: tuple[str, ...]) -> Split[TaggedSentence]:
    return Split("panx", "de", "test", tuple(TaggedSentence(str(i), words, None) for i, words in enumerate(sentences)))


@given(st.lists(st.lists(st.sampled_from(CARD.labels), min_size=1, max_size=5).map(tuple), min_size=1, max_size=5))
def test_official_file_round_trip(sentences: list[tuple[str, ...]]) -> None:
    cell = split(*(("w",) * len(tags) for tags in sentences))
    found = {str(i): tags for i, tags in enumerate(sentences)}
    assert KIND.loads(KIND.dumps(cell, found, CARD), "f", list(found), CARD) == found


def test_files() -> None:
    assert KIND.dumps(split(("a", "b"), ("c",)), {"0": ("O", "O"), "1": ("B-LOC",)}, CARD) == "O\nO\n\nB-LOC\n"
    with pytest.raises(PredictionError, match="f: 1 sentences, expected 2"):
        KIND.loads("O\n", "f", ["0", "1"], CARD)


def test_rows() -> None:
    row = Row({"id": "0", "words": ["a", "b"], "tags": ["O", "B-LOC"]}, "f:1")
    assert KIND.parse(row, CARD) == TaggedSentence("0", ("a", "b"), ("O", "B-LOC"))
    with pytest.raises(DataError, match="f:1: tag 'B-X', expected one of"):
        KIND.parse(Row({"id": "0", "words": ["a"], "tags": ["B-X"]}, "f:1"), CARD)


@pytest.mark.parametrize("length", [3, 8, 128])
@given(st.lists(st.lists(WORDS, max_size=12).map(tuple), min_size=1, max_size=4))
def test_every_word_has_one_tag(length: int, sentences: list[tuple[str, ...]]) -> None:
    card = CARD.with_options({"max_length": length})
    cell = split(*sentences)
    features = KIND.featurize(cell, LETTERS, card)
    assert all(len(e.ids) <= length for e in features.inputs)
    firsts = [e.ids[at] for e in features.inputs for at in e.keep or ()]
    room = length - 2
    pieces = [ids if 0 < len(ids) <= room else [LETTERS.unknown] for words in sentences for ids in LETTERS.words(words)]
    assert firsts == [ids[0] for ids in pieces]  # in the order of the words
    kept = [len(e.keep or ()) for e in features.inputs]
    values = np.zeros((len(firsts), len(CARD.labels)), np.float32)
    wanted = [at % len(CARD.labels) for at in range(len(firsts))]
    values[np.arange(len(firsts)), wanted] = 1
    found = KIND.decode(Arrays(values, np.array([0, *accumulate(kept)])), features, cell, card)
    assert [len(found[e.id]) for e in cell.examples] == [len(e.words) for e in cell.examples]
    assert [tag for e in cell.examples for tag in found[e.id]] == [CARD.labels[i] for i in wanted]


@given(st.lists(st.lists(st.just(1), min_size=1, max_size=6), max_size=20))
def test_chunks_are_cut_before_the_word_that_does_not_fit(words: list[list[int]]) -> None:
    chunks: list[list[list[int]]] = [[]]
    for word in words:
        if sum(map(len, chunks[-1])) + len(word) > 6:
            chunks.append([])
        chunks[-1].append(word)
    assert _chunks(words, 6) == chunks


def test_sentences_are_read_as_the_scorer_reads_them() -> None:
    for length in range(7):
        for characters in itertools.product("A\n ", repeat=length):
            text = "".join(characters)
            assert [tuple(tags) for tags in _sentences(official_lines(text))] == read_tags(text)


def test_faults_of_tags_without_gold() -> None:
    assert faults_of("udpos", "NOUN\nX\n\nO\n\n") == []
    assert [fault.partition(", expected")[0] for fault in faults_of("udpos", "the\tDET\nnoun\nthe DET\n\nXYZ")] == [
        ":1: found 'the\tDET': only the tag stands in the line, no word",
        ":3: found 'the DET': only the tag stands in the line, no word",
        ":2: found 'noun'",
        ":5: found 'XYZ'",
    ]
    reads = "which the scorer reads as a sentence without words"
    assert faults_of("panx", "\nO\n\n\nO\n\n\n") == [
        f":1: the file begins with a blank line, {reads}",
        f":4: two blank lines in a row, {reads}",
        f":7: two blank lines in a row, {reads}",
    ]


def test_faults_of_tags_with_gold() -> None:
    gold = numbered(("DET", "NOUN"), ("_",))
    assert faults_of("udpos", "DET\nNOUN\n\n_\n", gold) == []  # what the gold has is known
    assert faults_of("udpos", "DET\nNOUN\n\nX\n\n", gold) == []
    assert faults_of("udpos", "DET\n\nX\nX\n", gold) == [
        ":1: sentence 1 has 1 tags, expected 2",
        ":3: sentence 2 has 2 tags, expected 1",
    ]
    assert faults_of("udpos", "DET\nNOUN\nX\n", gold) == [": 1 sentences, expected 2"]
    assert faults_of("udpos", "DET\n\nNOUN\n\nX\n", gold) == [": 3 sentences, expected 2"]


def test_an_empty_sentence_where_the_gold_has_one() -> None:
    gold = numbered(("O",), (), ("O",))
    assert faults_of("panx", "O\n\n\nO\n", gold) == []
    assert faults_of("panx", "O\n\nO\n", gold) == [": 2 sentences, expected 3"]
    assert faults_of("panx", "O\n\nO\n\nO\n", gold) == [":3: sentence 2 has 1 tags, expected 0"]
