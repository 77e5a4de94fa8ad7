"""Tags: every word one, however long the sentence and whatever its words."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.letters import LETTERS
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.token_classification import _chunks
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Row, Split, TaggedSentence

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
    card = CARD.model_copy(update={"options": {"max_length": length}})
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
