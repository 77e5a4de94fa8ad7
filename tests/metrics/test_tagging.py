from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtreme_harness.errors import DataError
from xtreme_harness.metrics import Metric, column_sums
from xtreme_harness.metrics.tagging import (
    CHUNK_F1,
    CHUNK_F1_SEQEVAL_1_2,
    ENTITY_F1,
    Tags,
    cut_tag,
    tag_chunks,
    whole_tag,
)

Chunk = tuple[str, int, int]


def tagged(*sentences: str) -> list[Tags]:
    return [tuple(sentence.split()) for sentence in sentences]


def scored(metric: Metric[Tags, Tags], predictions: Sequence[Tags], golds: Sequence[Tags]) -> dict[str, float]:
    return metric.reduce(column_sums(metric.rows(predictions, golds, "en")))


@pytest.mark.parametrize(
    ("predictions", "golds", "row"),
    [
        pytest.param("B-PER I-PER O", "B-PER I-PER O", [1, 1, 1, 3, 3], id="perfect"),
        pytest.param("O O B-LOC", "B-PER I-PER O", [0, 1, 1, 0, 3], id="wrong"),
        pytest.param("O O O", "B-PER I-PER O", [0, 0, 1, 1, 3], id="nothing predicted"),
        pytest.param("B-PER O O", "O O O", [0, 1, 0, 2, 3], id="nothing to find"),
        pytest.param("", "", [0, 0, 0, 0, 0], id="empty sentence"),
        pytest.param("I-PER I-PER O", "B-PER I-PER O", [1, 1, 1, 2, 3], id="I opens a chunk"),
        pytest.param("B-PER I-LOC", "B-PER I-PER", [0, 2, 1, 1, 2], id="type change splits"),
        pytest.param("B-PER B-PER", "B-PER I-PER", [0, 2, 1, 1, 2], id="B splits"),
        pytest.param("B-PER E-PER S-LOC", "B-PER I-PER B-LOC", [2, 2, 2, 1, 3], id="E and S are understood"),
        pytest.param("NOUN ADJ NOUN", "NOUN NOUN NOUN", [0, 3, 1, 2, 3], id="one error costs the run"),
        pytest.param("SYM SYM X X", "SYM SYM X X", [3, 3, 3, 4, 4], id="S tags are not merged"),
        pytest.param("DET SCONJ VERB", "DET CCONJ VERB", [2, 3, 3, 2, 3], id="SCONJ is not CCONJ"),
        pytest.param("名詞 名詞 動詞", "名詞 動詞 動詞", [0, 2, 2, 2, 3], id="another script"),
    ],
)
def test_one_sentence(predictions: str, golds: str, row: list[int]) -> None:
    assert CHUNK_F1.rows(tagged(predictions), tagged(golds), "en").tolist() == [row]


def test_a_case_worked_by_hand() -> None:
    gold = "NOUN NOUN VERB SYM SCONJ INTJ ADJ ADJ DET"
    found = "NOUN NOUN VERB SYM SCONJ INTJ ADJ NOUN DET"
    values = scored(CHUNK_F1, tagged(found), tagged(gold))
    precision, recall = 6 / 8, 6 / 7
    assert values["f1"] == 2 * precision * recall / (precision + recall) * 100 == 80
    assert (values["precision"], values["recall"], values["accuracy"]) == (75.0, recall * 100, 8 / 9 * 100)


@pytest.mark.parametrize(
    ("metric", "f1"),
    [(ENTITY_F1, 2 / 3), (CHUNK_F1, 2 / 3), (CHUNK_F1_SEQEVAL_1_2, 1)],
    ids=["entity", "chunk", "chunk_seqeval_1_2"],
)
def test_conventions_differ_on_conjunctions(metric: Metric[Tags, Tags], f1: float) -> None:
    values = scored(metric, tagged("DET SCONJ VERB"), tagged("DET CCONJ VERB"))
    assert values["f1"] == pytest.approx(100 * f1)
    assert values["accuracy"] == 2 / 3 * 100


def test_rows_stand_for_their_sentences() -> None:
    rows = CHUNK_F1.rows(tagged("NOUN", "", "VERB ADJ"), tagged("NOUN", "", "VERB VERB"), "en")
    assert rows.tolist() == [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 2, 1, 1, 2]]


def test_a_longer_prediction_shifts_what_follows() -> None:
    rows = CHUNK_F1.rows(tagged("NOUN ADJ", "VERB NOUN"), tagged("NOUN", "VERB NOUN"), "en")
    assert rows.tolist() == [[1, 2, 1, 1, 1], [0, 2, 2, 2, 2]]


def test_a_chunk_over_a_sentence_end_counts_where_it_ends() -> None:
    sentences = tagged("NOUN X", "X VERB")
    assert tag_chunks(sentences, cut_tag) == [("OUN", 0, 0), ("_", 1, 3), ("ERB", 4, 4)]
    assert CHUNK_F1_SEQEVAL_1_2.rows(sentences, sentences, "en")[:, 2].tolist() == [1, 2]


def test_an_empty_tag_is_an_error() -> None:
    with pytest.raises(DataError, match=r"tags 'NOUN' '': one is empty, expected a name such as O"):
        CHUNK_F1.rows([("NOUN", "")], [("NOUN", "NOUN")], "en")


def test_numbers_of_sentences_must_agree() -> None:
    with pytest.raises(ValueError, match="longer"):
        CHUNK_F1.rows(tagged("NOUN"), tagged("NOUN", "NOUN"), "en")


def test_official_cases(shared: Path) -> None:
    cases = json.loads((shared / "spec/micro/tagging_f1.json").read_text(encoding="utf-8"))
    assert cases
    versions = [
        ("seqeval-0.0.12", CHUNK_F1, whole_tag),
        ("seqeval-0.0.12", ENTITY_F1, whole_tag),
        ("seqeval-1.2.2", CHUNK_F1_SEQEVAL_1_2, cut_tag),
    ]
    for name, case in cases.items():
        found, gold = [[tuple(tags) for tags in case[side]] for side in ("pred", "gold")]
        for version, metric, kind_of in versions:
            expected = case[version]
            assert [list(chunk) for chunk in tag_chunks(found, kind_of)] == expected["pred_chunks"], name
            assert [list(chunk) for chunk in tag_chunks(gold, kind_of)] == expected["gold_chunks"], name
            values = scored(metric, found, gold)
            if "error" not in expected:  # seqeval 1.0 and later refuse sentences of unequal lengths
                for value in ("f1", "precision", "recall"):
                    assert values[value] == expected[value] * 100, name


def walked(sentences: Sequence[Tags], kind_of: Callable[[str], str]) -> list[Chunk]:
    """Chunks by the written rules, one tag after the other."""
    tags = [tag for sentence in sentences for tag in (*sentence, "O")] + ["O"]
    chunks: list[Chunk] = []
    before, kind_before, begin = "O", "", 0
    for i, tag in enumerate(tags):
        prefix, kind = tag[0], kind_of(tag)
        change = kind != kind_before
        if before in "ES" or (before in "BI" and prefix in "BSO") or (before not in "O." and change):
            chunks.append((kind_before, begin, i - 1))
        if prefix in "BS" or (before in "ESO" and prefix in "EI") or (prefix not in "O." and change):
            begin = i
        before, kind_before = prefix, kind
    return chunks


IOB2 = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
POS = ["NOUN", "VERB", "ADJ", "ADP", "INTJ", "CCONJ", "SCONJ", "SYM", "PUNCT", "X", "_", "O"]
ODD = [
    ".",
    ".-X",
    "B",
    "I",
    "E",
    "S",
    "B-",
    "x-",
    "E-PER",
    "S-PER",
    "B-A-B",
    "I-B",
    "-",
    "O-PER",
    "ORG",
    "名詞",
    *IOB2,
    *POS,
]


def sentences_of(tags: list[str]) -> st.SearchStrategy[list[Tags]]:
    return st.lists(st.lists(st.sampled_from(tags), max_size=6).map(tuple), max_size=5)


@st.composite
def pairs_of(draw: st.DrawFn, tags: list[str]) -> tuple[list[Tags], list[Tags]]:
    """Predictions and golds of equal lengths, one non-empty sentence at least."""
    pair = st.lists(st.tuples(st.sampled_from(tags), st.sampled_from(tags)), min_size=1, max_size=6)
    sentences = draw(st.lists(pair, min_size=1, max_size=5))
    return [tuple(p for p, _ in s) for s in sentences], [tuple(g for _, g in s) for s in sentences]


@settings(deadline=None)
@given(sentences_of(ODD), sentences_of(ODD), st.sampled_from([whole_tag, cut_tag]))
def test_against_the_walk(one: list[Tags], other: list[Tags], kind_of: Callable[[str], str]) -> None:
    assert tag_chunks(one, kind_of) == walked(one, kind_of)
    n = min(len(one), len(other))
    metric = CHUNK_F1 if kind_of is whole_tag else CHUNK_F1_SEQEVAL_1_2
    found, gold = set(walked(one[:n], kind_of)), set(walked(other[:n], kind_of))
    sums = column_sums(metric.rows(one[:n], other[:n], "en"))
    assert sums[:3].tolist() == [len(found & gold), len(found), len(gold)]


def seqeval_f1(predictions: list[Tags], golds: list[Tags]) -> dict[str, float]:
    peer = pytest.importorskip("seqeval.metrics")
    sides = [list(map(list, golds)), list(map(list, predictions))]
    scorers = {"f1": peer.f1_score, "precision": peer.precision_score, "recall": peer.recall_score}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "NOUN seems not to be NE tag"
        return {name: float(scorer(*sides, zero_division=0)) * 100 for name, scorer in scorers.items()}


@pytest.mark.slow
@settings(deadline=None)
@given(pairs_of(IOB2))
def test_entities_against_seqeval(pair: tuple[list[Tags], list[Tags]]) -> None:
    predictions, golds = [[as_iob2(tags) for tags in side] for side in pair]
    expected = seqeval_f1(predictions, golds)
    for metric in (ENTITY_F1, CHUNK_F1_SEQEVAL_1_2):
        values = scored(metric, predictions, golds)
        assert {name: values[name] for name in expected} == expected


def as_iob2(tags: Tags) -> Tags:
    """The tags with every I that continues nothing made a B."""
    before = ("O", *tags)
    return tuple(f"B{t[1:]}" if t[0] == "I" and b[1:] != t[1:] else t for b, t in zip(before, tags, strict=False))


@settings(deadline=None)
@given(pairs_of(POS))
def test_parts_of_speech_against_seqeval(pair: tuple[list[Tags], list[Tags]]) -> None:
    expected = seqeval_f1(*pair)
    values = scored(CHUNK_F1_SEQEVAL_1_2, *pair)
    assert {name: values[name] for name in expected} == expected


@settings(deadline=None)
@given(pairs_of([*IOB2, *POS]), st.randoms())
def test_order_and_repetition_of_sentences_do_not_matter(
    pair: tuple[list[Tags], list[Tags]], chance: random.Random
) -> None:
    predictions, golds = pair
    rows = CHUNK_F1.rows(predictions, golds, "en")
    order = chance.sample(range(len(golds)), len(golds))
    shuffled = CHUNK_F1.rows([predictions[i] for i in order], [golds[i] for i in order], "en")
    assert np.array_equal(shuffled, rows[order])
    assert np.array_equal(CHUNK_F1.rows(predictions * 2, golds * 2, "en"), np.concatenate([rows, rows]))
