"""Columns of a Hub dataset as rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.hub_shapes import SHAPES, Loaded
from xtreme_harness.errors import DataError
from xtreme_harness.records import Table

Columns = dict[str, list[Any]]
PLACE = "facebook/xnli@b8dd5d7 de/test"


def shaped(
    shape: str,
    data: Columns,
    columns: dict[str, str] | None = None,
    classes: dict[str, list[str]] | None = None,
    names: dict[str, list[str]] | None = None,
    **options: Any,
) -> Table:
    return SHAPES[shape](Loaded(data, list(data), classes or {}, PLACE, columns or {}, names or {}, options))


def fault(shape: str, data: Columns, **more: Any) -> str:
    with pytest.raises(DataError) as error:
        shaped(shape, data, **more)
    return str(error.value)


PAIRS: Columns = {"premise": ["a", "b", "c"], "hypothesis": ["x", "y", "z"], "label": [2, 0, -1]}
PAIR = {"text_a": "premise", "text_b": "hypothesis", "label": "label"}


def test_rows_carry_the_cards_fields_and_their_place() -> None:
    rows = shaped("rows", PAIRS, PAIR, classes={"label": ["e", "n", "c"]}).rows
    assert rows[0].values == {"text_a": "a", "text_b": "x", "label": "c"}
    assert [row.place for row in rows] == [f"{PLACE}[0]", f"{PLACE}[1]", f"{PLACE}[2]"]


@pytest.mark.parametrize(
    ("classes", "names", "labels"),
    [
        ({"label": ["e", "n", "c"]}, {}, ["c", "e", None]),
        ({}, {"label": ["e", "n", "c"]}, ["c", "e", None]),
        ({"label": ["e", "n", "c"]}, {"label": ["c", "n", "e"]}, ["c", "e", None]),
        ({}, {}, [2, 0, -1]),
    ],
    ids=["from the dataset", "from the card", "the dataset knows better", "bare integers stay"],
)
def test_class_ids_become_names(classes: Any, names: Any, labels: list[Any]) -> None:
    rows = shaped("rows", PAIRS, PAIR, classes=classes, names=names).rows
    assert [row.values["label"] for row in rows] == labels


def test_strings_of_digits_are_labels_already() -> None:
    rows = shaped("rows", {"label": ["1", "0"]}, {"label": "label"}, names={"label": ["no", "yes"]}).rows
    assert [row.values["label"] for row in rows] == ["1", "0"]


def test_every_class_id_out_of_range_is_a_fault() -> None:
    found = fault("rows", {"label": [0, 3, -2]}, columns={"label": "label"}, names={"label": ["no", "yes"]})
    assert found.splitlines() == [
        f"{PLACE}[1]: label: class 3, expected 0 to 1 (no, yes)",
        f"{PLACE}[2]: label: class -2, expected 0 to 1 (no, yes)",
    ]


def test_lists_become_tuples_of_names() -> None:
    data: Columns = {"tokens": [["Ein", "Haus"], []], "ner_tags": [[0, 1], []]}
    columns = {"words": "tokens", "tags": "ner_tags"}
    rows = shaped("rows", data, columns, classes={"ner_tags": ["O", "B-LOC"]}).rows
    assert rows[0].values == {"words": ("Ein", "Haus"), "tags": ("O", "B-LOC")}
    assert rows[1].values == {"words": (), "tags": ()}


def test_a_column_may_be_a_path() -> None:
    data: Columns = {"endings": [["a", "b"]], "choices": [{"text": ["c", "d"]}]}
    rows = shaped("rows", data, {"first": "endings[0]", "second": "choices.text[1]"}).rows
    assert rows[0].values == {"first": "a", "second": "d"}


def test_every_missing_column_is_named_with_the_nearest() -> None:
    found = fault("rows", {"premises": ["a"], "label": [0]}, columns=PAIR)
    assert found.splitlines() == [
        f"{PLACE}: no column 'premise' (did you mean 'premises'?); "
        "found premises, label; expected premise, hypothesis, label",
        f"{PLACE}: no column 'hypothesis'; found premises, label; expected premise, hypothesis, label",
    ]


def qa(start: int, context: str = "Ada met Ada.", text: str = "Ada") -> Columns:
    answers = {"text": [text], "answer_start": [start]}
    return {"id": ["q1"], "question": ["Who?"], "context": [context], "answers": [answers]}


def test_squad_rows() -> None:
    row = shaped("squad", qa(8)).rows[0]
    answers = ({"text": "Ada", "start": 8},)
    assert row.values == {"id": "q1", "question": "Who?", "context": "Ada met Ada.", "answers": answers}


def test_squad_answers_may_be_a_list_of_objects_or_none() -> None:
    data = qa(8) | {"answers": [[{"text": "Ada", "answer_start": 8}]]}
    assert shaped("squad", data).rows == shaped("squad", qa(8)).rows
    assert shaped("squad", qa(8) | {"answers": [{"text": [], "answer_start": []}]}).rows[0].values["answers"] == ()


def test_a_span_that_differs_is_a_fault() -> None:
    found = fault("squad", qa(7))
    assert found.startswith(f"{PLACE}[0] (id 'q1'): answer text differs from the context at 7")


@pytest.mark.parametrize(
    ("start", "expected"),
    [(0, 0), (1, 0), (4, 0), (5, 8), (9, 8), (90, 8), (-3, 0)],
    ids=["right", "one late", "tie: first", "nearer to the second", "past the second", "outside", "negative"],
)
def test_without_the_check_a_span_moves_to_the_nearest_fit(start: int, expected: int) -> None:
    row = shaped("squad", qa(start), check_spans=False).rows[0]
    assert row.values["answers"] == ({"text": "Ada", "start": expected},)


def test_an_answer_that_is_nowhere_keeps_its_start() -> None:
    row = shaped("squad", qa(3, text="Eve"), check_spans=False).rows[0]
    assert row.values["answers"] == ({"text": "Eve", "start": 3},)


def test_an_id_prefix_selects_the_language() -> None:
    data = {name: values * 3 for name, values in qa(0).items()} | {"id": ["english-1", "arabic-1", "english-2"]}
    rows = shaped("squad", data, id_prefix="english-").rows
    assert [(row.values["id"], row.place) for row in rows] == [
        ("english-1", f"{PLACE}[0]"),
        ("english-2", f"{PLACE}[2]"),
    ]
    assert "no id starts with 'thai-'" in fault("squad", data, id_prefix="thai-")


def test_parallel_columns_give_the_table_of_the_tatoeba_files(tmp_path: Path) -> None:
    foreign, english = ["eins\n", " zwei\n", "drei\n"], ["two\n", "Zebra\n", "two \n"]
    for name, lines in (("de", foreign), ("en", english)):
        (tmp_path / name).write_text("".join(lines), "utf-8")
    files = FORMATS["tatoeba"]({"foreign": [tmp_path / "de"], "english": [tmp_path / "en"]}, {})
    hub = shaped(
        "parallel", {"sentence1": foreign, "sentence2": english}, {"foreign": "sentence1", "english": "sentence2"}
    )
    assert [row.values for row in hub.rows] == [row.values for row in files.rows]
    assert [row.values for row in hub.pool] == [row.values for row in files.pool]
    assert [row.values["gold"] for row in hub.rows] == [("1",), ("0",), ("2",)]
    assert hub.rows[0].place == f"{PLACE}[1]"


BUCC: Columns = {
    "sentence1": [["eins\n", "zwei"]],
    "sentence2": [["two", "one", "uno"]],
    "gold": [[[1, 2], [1, 3], [1, 2]]],
}
SIDES = {"foreign": "sentence1", "english": "sentence2", "gold": "gold"}


def test_bucc_lists_become_rows_and_a_pool() -> None:
    table = shaped("bucc", BUCC, SIDES, language="de")
    assert [row.values for row in table.rows] == [
        {"id": "de-000000001", "text": "eins", "gold": ("en-000000002", "en-000000003")},
        {"id": "de-000000002", "text": "zwei", "gold": ()},
    ]
    assert [row.values["id"] for row in table.pool] == ["en-000000001", "en-000000002", "en-000000003"]


def test_bucc_pairs_outside_the_lists_are_faults() -> None:
    found = fault("bucc", BUCC | {"gold": [[[0, 1], [2, 3], [3, 1]]]}, columns=SIDES, language="de")
    assert found.splitlines() == [
        f"{PLACE}: gold[0]: pair (0, 1), expected numbers from 1 of 2 de and 3 en sentences",
        f"{PLACE}: gold[2]: pair (3, 1), expected numbers from 1 of 2 de and 3 en sentences",
    ]


def test_bucc_is_one_row() -> None:
    data = {name: values * 2 for name, values in BUCC.items()}
    assert (
        fault("bucc", data, columns=SIDES, language="de")
        == f"{PLACE}: 2 rows, expected 1 that holds lists of sentences"
    )


WRONG: list[Any] = [None, 5, True, [1], {}]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", ["question", "context"])
def test_texts_of_questions_are_texts(field: str, wrong: Any) -> None:
    found = fault("squad", qa(0) | {field: [wrong]})
    assert found == f"{PLACE}[0]: {field}: found {wrong}, expected text"


@pytest.mark.parametrize("wrong", [None, True, [1], {}])
def test_ids_of_questions_are_texts_or_numbers(wrong: Any) -> None:
    assert fault("squad", qa(0) | {"id": [wrong]}) == f"{PLACE}[0]: id: found {wrong}, expected text or a number"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (None, "[0]: answers: found None, expected texts and as many values of answer_start"),
        ("Ada", "[0]: answers: found 'Ada', expected texts and as many values of answer_start"),
        ({"text": ["Ada"]}, "[0]: answers: found {'text': ['Ada']}, expected texts and as many values of"),
        ({"text": ["Ada"], "answer_start": []}, "[0]: answers: found {'text': ['Ada'], 'answer_start': []}, expected"),
        ({"text": [4], "answer_start": [0]}, "[0]: answers[0]: found int 4 under 'text', expected text"),
        ({"text": ["Ada"], "answer_start": ["0"]}, "[0]: answers[0]: found str '0' under 'answer_start', expected an"),
        ([{"text": "Ada"}], "[0]: answers[0]: found nothing under 'answer_start', expected an integer"),
        ([5], "[0]: answers[0]: found nothing under 'text', expected text"),
    ],
)
def test_answers_are_texts_and_their_starts(answers: Any, message: str) -> None:
    assert fault("squad", qa(0) | {"answers": [answers]}).startswith(PLACE + message)


@pytest.mark.parametrize("wrong", WRONG)
def test_parallel_sentences_are_texts(wrong: Any) -> None:
    found = fault("parallel", {"foreign": ["a", wrong], "english": ["b", "c"]})
    assert found == f"{PLACE}[1]: foreign: found {wrong}, expected text"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("sentence1", "eins", ": foreign: found 'eins', expected a list of sentences"),
        ("sentence2", ["two", None, "uno"], ": english[1]: found None, expected text"),
        ("gold", None, ": gold: found None, expected a list of pairs of line numbers"),
        ("gold", [[1, "2"]], ": gold[0]: pair (1, '2'), expected numbers from 1 of 2 de and 3 en sentences"),
        ("gold", [[1, True]], ": gold[0]: pair (1, True), expected numbers from 1 of 2 de and 3 en sentences"),
        ("gold", [[1]], ": gold[0]: pair (1), expected numbers from 1 of 2 de and 3 en sentences"),
        ("gold", [7], ": gold[0]: pair 7, expected numbers from 1 of 2 de and 3 en sentences"),
    ],
)
def test_bucc_columns_are_lists_of_sentences_and_of_pairs(column: str, value: Any, message: str) -> None:
    assert fault("bucc", BUCC | {column: [value]}, columns=SIDES, language="de") == PLACE + message


def test_a_truth_is_no_class() -> None:
    found = fault("rows", {"label": [0, True]}, columns={"label": "label"}, names={"label": ("a", "b")})
    assert found == f"{PLACE}[1]: label: class True, expected 0 to 1 (a, b)"
