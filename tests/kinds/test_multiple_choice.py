"""Choices: the highest score of each example's own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fixtures.letters import LETTERS
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, ChoiceExample, Features, Row, Split

KIND, CARD = KINDS["multiple_choice"], all_cards().tasks["xcopa"]
EXAMPLES = (
    ChoiceExample("0", "a", ("b", "cc"), 1),
    ChoiceExample("1", "a", ("b", "c", "d"), 0),
    ChoiceExample("2", "a", ("", "c"), None),
)
SPLIT = Split("xcopa", "th", "test", EXAMPLES)


def test_official_file_round_trip() -> None:
    found = {"0": 1, "1": 0, "2": 1}
    text = KIND.dumps(SPLIT, found, CARD)
    assert text == '{"label": 1}\n{"label": 0}\n{"label": 1}\n'
    assert KIND.loads(text, "test-th.jsonl", ["0", "1", "2"], CARD) == found == KIND.golds(text, "x", CARD)
    with pytest.raises(PredictionError, match=r"test-th\.jsonl:2: found .* expected a JSON object with the key label"):
        KIND.loads('{"label": 1}\n{}\n', "test-th.jsonl", ["0", "1"], CARD)


def test_rows() -> None:
    values = {"id": "0", "premise": "It {rained}.", "choice1": "x", "choice2": "y", "question": "cause", "label": 1}
    assert KIND.parse(Row(values, "f:1"), CARD) == ChoiceExample("0", "It {rained}. What was the cause?", ("x", "y"), 1)
    with pytest.raises(DataError, match="f:1: question 'why', expected one of cause, effect"):
        KIND.parse(Row({**values, "question": "why"}, "f:1"), CARD)
    with pytest.raises(DataError, match="f:1: label 2, expected one of 0, 1"):
        KIND.parse(Row({**values, "label": 2}, "f:1"), CARD)


def test_features_and_decoding() -> None:
    features = KIND.featurize(SPLIT, LETTERS, CARD)
    assert [len(e.ids) for e in features.inputs] == [6, 7, 6, 6, 6, 5, 6]
    scores = np.array([[0], [1], [2], [2], [0], [-3], [-2]], np.float32)
    assert KIND.decode(Arrays(scores), Features([]), SPLIT, CARD) == {"0": 1, "1": 0, "2": 1}
