"""Choices: the highest score of each example's own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fixtures.letters import LETTERS
from tests.fixtures.prediction_faults import faults_of, numbered
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.multiple_choice import ChoiceExample
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Row, Split

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


def test_faults_of_choices() -> None:
    assert faults_of("xcopa", '{"label": 0}\n{"label": 1.0, "idx": 4}\n{"label": true}', numbered(0, 1, 1)) == []
    example = 'expected a JSON line such as {"label": 0}'
    assert faults_of(
        "xcopa", '0\n[0]\n{"answer": 1}\n{"label": 2}\n{"label": "1"}\n{"label": null}\n{"label": [1]}\n{'
    ) == [
        f":1: found '0', {example}",
        f":2: found '[0]', {example}",
        f":3: found '{{\"answer\": 1}}', {example}",
        f":8: found '{{', {example}",
        ":4: label 2, expected a number from 0 to 1",
        ':5: label "1", expected a number from 0 to 1',
        ":6: label null, expected a number from 0 to 1",
        ":7: label [1], expected a number from 0 to 1",
    ]


class TestTemplates:
    """What stands in the two segments, and which is cut."""

    BELEBELE = all_cards().tasks["belebele"]
    VALUES = {
        "id": "0", "passage": "P.", "question": "Q?", "answer1": "a", "answer2": "b{x}", "answer3": "c", "answer4": "d",
        "label": 2,
    }  # fmt: skip

    def test_a_question_may_stand_before_every_choice(self) -> None:
        found = KIND.parse(Row(self.VALUES, "f:1"), self.BELEBELE)
        assert found == ChoiceExample("0", "P.", ("Q? a", "Q? b{x}", "Q? c", "Q? d"), 1)

    @pytest.mark.parametrize("missing", ["question", "passage", "answer3"])
    def test_every_field_of_both_is_needed(self, missing: str) -> None:
        values = {name: value for name, value in self.VALUES.items() if name != missing}
        with pytest.raises(DataError, match=f"f:1: {missing}: found nothing, expected text"):
            KIND.parse(Row(values, "f:1"), self.BELEBELE)

    @pytest.mark.parametrize(
        ("truncate", "text", "choice"),
        [("longest", "abcd", "uvwx"), ("text", "abc", "uvwxy"), ("longest", "a", "uv"), ("text", "a", "uv")],
    )
    def test_the_first_segment_alone_may_be_cut(self, truncate: str, text: str, choice: str) -> None:
        long = len(choice) > 2
        example = ChoiceExample("0", "abcdefgh" if long else "a", ("uvwxy" if long else "uv",), 0)
        card = self.BELEBELE.with_options({"truncate": truncate, "max_length": 8 + LETTERS.pair_size})
        (found,) = KIND.featurize(Split("belebele", "th", "test", (example,)), LETTERS, card).inputs
        expected = LETTERS.two(*LETTERS.ids([text, choice]), 99)
        assert found.ids == expected.ids

    def test_a_choice_longer_than_the_limit_is_cut_all_the_same(self) -> None:
        card = self.BELEBELE.with_options({"truncate": "text", "max_length": 4 + LETTERS.pair_size})
        split = Split("belebele", "th", "test", (ChoiceExample("0", "abc", ("uvwxyz",), 0),))
        assert len(KIND.featurize(split, LETTERS, card).inputs[0].ids) == 4 + LETTERS.pair_size

    @pytest.mark.parametrize("template", ["{question}", "{choice", "{choice!r}", "{0} {choice}", "{choice:>9}"])
    def test_a_template_without_the_choice_is_a_fault_of_the_card(self, template: str) -> None:
        (fault,) = KIND.card_faults(self.BELEBELE.with_options({"choice": template}))
        assert fault == f"options.choice: found '{template}', expected text with {{choice}}, and fields if need be"
