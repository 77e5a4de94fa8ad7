"""Pairs of texts and their labels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fixtures.letters import LETTERS
from tests.fixtures.prediction_faults import faults_of, numbered
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.sequence_classification import PairExample
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Row, Split

KIND, CARD = KINDS["sequence_classification"], all_cards().tasks["xnli"]
SPLIT = Split("xnli", "zh", "test", tuple(PairExample(str(i), "a b", "c", "neutral") for i in range(3)))
FOUND = {"0": "neutral", "1": "entailment", "2": "contradiction"}


def test_official_file_round_trip() -> None:
    text = KIND.dumps(SPLIT, FOUND, CARD)
    assert text == "neutral\nentailment\ncontradiction\n"
    assert KIND.loads(text, "test-zh.tsv", ["0", "1", "2"], CARD) == FOUND == KIND.golds(text, "x", CARD)
    with pytest.raises(PredictionError, match=r"test-zh\.tsv: 3 lines, expected 2"):
        KIND.loads(text, "test-zh.tsv", ["0", "1"], CARD)


def test_rows() -> None:
    row = Row({"id": "7", "text_a": "x", "text_b": "y", "label": "contradictory"}, "f:1")
    assert KIND.parse(row, CARD) == PairExample("7", "x", "y", "contradiction")
    assert KIND.parse(Row({"id": "7", "text_a": "x", "text_b": "y"}, "f:1"), CARD).label is None
    with pytest.raises(DataError, match="f:1: label 'maybe', expected one of contradiction, entailment, neutral"):
        KIND.parse(Row({"id": "7", "text_a": "x", "text_b": "y", "label": "maybe"}, "f:1"), CARD)


def test_features_and_decoding() -> None:
    features = KIND.featurize(SPLIT, LETTERS, CARD)
    assert features.language == "zh" and [len(e.ids) for e in features.inputs] == [7, 7, 7]
    arrays = Arrays(np.array([[0, 0, 1], [0, 2, 2], [5, 1, 1]], np.float32))
    assert KIND.decode(arrays, Features([]), SPLIT, CARD) == FOUND  # the first of equals


NEUTRAL = "expected one of contradiction, entailment, neutral"


def test_faults_of_labels() -> None:
    assert faults_of("xnli", "neutral\nentailment\n", numbered("neutral", "neutral")) == []
    assert faults_of("xnli", "neutral\n\n NEUTRAL\nyes\ta\tneutral") == [
        f":2: blank line, {NEUTRAL}",
        f":3: found 'NEUTRAL', {NEUTRAL} (did you mean 'neutral'?)",
        f":4: found 'yes\ta\tneutral', {NEUTRAL}; only the label stands in the line",
    ]
    assert faults_of("pawsx", "0\n1\n", numbered("0")) == [": 2 lines, expected 1"]
