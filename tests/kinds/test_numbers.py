"""Numbers as answers: read from rows, written to files and read back to the bit, and what is wrong with either."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.own_cards import ratings
from xtreme_harness.cards import TaskCard
from xtreme_harness.errors import CardError, DataError, PredictionError
from xtreme_harness.kinds import KINDS, numbers
from xtreme_harness.kinds.numbers import RatedExample
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Row, Split


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> TaskCard:
    return all_cards([ratings(tmp_path_factory.mktemp("ratings"))]).card("ratings")


def split(*golds: float | None) -> Split[RatedExample]:
    return Split("ratings", "en", "test", tuple(RatedExample(str(i), "a", "b", gold) for i, gold in enumerate(golds)))


def parsed(card: TaskCard, **values: Any) -> RatedExample:
    return numbers.parse(Row({"id": "7", "text_a": "x", "text_b": "y", **values}, "f:3"), card)


@pytest.mark.parametrize("field", ["label", "score", "number"])
@pytest.mark.parametrize(
    ("given", "gold"), [(4, 4.0), ("2.5", 2.5), (" 3 ", 3.0), ("1e-3", 0.001), (".5", 0.5), (None, None)]
)
def test_gold_of_a_row(card: TaskCard, field: str, given: Any, gold: float | None) -> None:
    assert parsed(card, **{field: given}) == RatedExample("7", "x", "y", gold)


@pytest.mark.parametrize(
    "wrong", ["", "x", "1,5", "nan", "inf", "1_0", "٣", "5.1", -0.1, True, float("nan"), float("inf"), 10**400, [1], {}]
)  # fmt: skip
def test_what_is_no_number_of_the_range(card: TaskCard, wrong: Any) -> None:
    with pytest.raises(DataError) as raised:
        parsed(card, label=wrong)
    (fault,) = raised.value.faults
    assert fault.startswith("f:3: label ") and fault.endswith(", expected a number from 0 to 5") and len(fault) < 120


def test_without_a_range_any_number_will_do(tmp_path: Path) -> None:
    free = all_cards([ratings(tmp_path, options={})]).card("ratings")
    assert parsed(free, label="-1e9").label == -1e9
    with pytest.raises(DataError, match=r"f:3: label 'x', expected a number$"):
        parsed(free, label="x")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_files_hold_every_bit(card: TaskCard, values: list[float]) -> None:
    part, found = split(*values), {str(i): value for i, value in enumerate(values)}
    text = numbers.dumps(part, found, card)
    for read in (numbers.loads(text, "f", list(found), card), numbers.golds(text, "f", card)):
        assert [struct.pack("d", read[key]) for key in found] == [struct.pack("d", value) for value in values]
    assert numbers.line_faults(text, "f", found, card) == []
    assert numbers.gold_text(part, card) == text


def test_a_file_of_whole_numbers_is_read(card: TaskCard) -> None:
    assert numbers.loads("1\n+2\r\n-3.\n4e0\n", "f", list("abcd"), card) == {"a": 1, "b": 2, "c": -3, "d": 4}


def test_faults_of_a_prediction_file(card: TaskCard) -> None:
    assert numbers.line_faults("1\n\nx\t2\nnan\n-inf\n7\n", "f", {"0": 1.0}, card) == [
        "f: 6 lines, expected 1",
        "f:2: blank line, expected a number",
        "f:3: found 'x\t2', expected a number",
        "f:4: found 'nan', expected a number",
        "f:5: found '-inf', expected a number",
    ]
    with pytest.raises(PredictionError, match="f: 1 lines, expected 2, one an example"):
        numbers.loads("1\n", "f", ["0", "1"], card)
    with pytest.raises(PredictionError) as raised:
        numbers.loads("1\nx\n\n", "f", ["0", "1", "2"], card)
    assert raised.value.faults == ("f:2: found 'x', expected a number", "f:3: blank line, expected a number")


def test_faults_of_a_label_file(card: TaskCard) -> None:
    assert numbers.label_faults("1\n5.5\n-1\n5\n", "f", card) == [
        "f:2: label 5.5, expected a number from 0 to 5",
        "f:3: label -1, expected a number from 0 to 5",
    ]
    with pytest.raises(DataError, match="f:2: found 'neutral', expected a number"):
        numbers.golds("1\nneutral\n", "f", card)


def test_answers_without_a_model(card: TaskCard, tmp_path: Path) -> None:
    from random import Random

    free = all_cards([ratings(tmp_path, options={})]).card("ratings")
    assert numbers.constant(split(1.0, 2.0, 4.5), card) == {"0": 2.5, "1": 2.5, "2": 2.5}
    assert numbers.constant(split(None), card) == {"0": 2.5}
    assert numbers.constant(split(None), free) == {"0": 0.0}
    for one, golds, low, high in ((card, (2.0, 3.0), 0, 5), (free, (2.0, 3.0), 2, 3), (free, (None,), 0, 1)):
        many = split(*golds * 200)
        found = numbers.guess(many, one, Random).values()
        assert low <= min(found) < low + 0.1 * (high - low) and high - 0.1 * (high - low) < max(found) <= high


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"options": {"range": [5, 0]}}, "options.range: found [5, 0], expected two numbers, the lower one first"),
        ({"options": {"range": [1]}}, "options.range: found [1], expected two numbers, the lower one first"),
        ({"options": {"range": 5}}, "options.range: found 5, expected two numbers, the lower one first"),
        ({"labels": ["a"]}, "labels: found some, but the answers of this kind are numbers; leave them out"),
        ({"metric": "macro_f1"}, "metric: macro_f1 compares labels, and the card's kind answers with numbers"),
    ],
)
@pytest.mark.parametrize("kind", ["regression", "similarity"])
def test_faults_of_a_card(tmp_path: Path, kind: str, more: dict[str, Any], fault: str) -> None:
    with pytest.raises(CardError) as raised:
        all_cards([ratings(tmp_path, kind, **{"metric": "spearman", **more})])
    assert f"ratings.yaml: {fault}" in str(raised.value)
    assert KINDS[kind].options["range"] == []


def test_a_kind_that_is_not_trained_cannot_be_trained_on_its_own_data(tmp_path: Path) -> None:
    with pytest.raises(CardError) as raised:
        all_cards([ratings(tmp_path, "similarity", metric="spearman", train=["ratings"])])
    said = "train: found ratings itself, but nothing is trained on data of kind similarity; write train: []"
    assert str(raised.value).endswith(f"ratings.yaml: {said}")
    all_cards([ratings(tmp_path, "similarity", metric="spearman", train=["squad"])])
