"""Fields of rows: whatever stands in place of a text, a label or a list is told with its file, line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.sources import FilesFound
from xtreme_harness.data.splits import load_split
from xtreme_harness.errors import DataError
from xtreme_harness.kinds import KINDS
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Row, Split

CARDS = all_cards().tasks
CHOICE = {"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "label": 1}
SIQA = {"context": "c", "question": "q", "answerA": "a", "answerB": "b", "answerC": "c", "correct": "B"}
NLI = {"sentence1": "p", "sentence2": "h", "gold_label": "neutral"}
ROWS = {"xcopa": ("et", CHOICE), "copa": ("en", CHOICE), "siqa": ("en", SIQA), "snli": ("en", NLI)}
FIELDS = {"sentence1": "text_a", "sentence2": "text_b", "correct": "label", "gold_label": "label"}
NO_TEXT: list[Any] = [5, 0, 1.5, True, [], ["x"], {}, {"a": 1}, float("nan"), float("inf")]
NO_LABEL: list[Any] = [7, -1, True, False, 0.5, [], [1], {}, "", "x", "\u0661", "1" * 5000, float("nan"), float("inf")]


def loaded(task: str, file: Path, language: str, name: str = "dev", **options: Any) -> Split[Any]:
    source = next(s for s in CARDS[task].file_sources if s.format in ("jsonl", "conll"))
    located = FilesFound(source, {"rows": (file,)}, {**source.options, **options}, "here")
    kind = KINDS[CARDS[task].kind]
    return load_split(CARDS[task], language, name, located, kind.parse, kind.passage)


def faults(task: str, file: Path, language: str, **options: Any) -> tuple[str, ...]:
    with pytest.raises(DataError) as raised:
        loaded(task, file, language, **options)
    return raised.value.faults


@pytest.mark.parametrize(("task", "field"), [(task, field) for task, (_, row) in ROWS.items() for field in row])
def test_every_field_of_every_json_row_is_typed(tmp_path: Path, task: str, field: str) -> None:
    language, row = ROWS[task]
    name = FIELDS.get(field, field)
    wrong = NO_LABEL if name == "label" else NO_TEXT
    rows = [row, *({**row, field: value} for value in wrong), row]
    if name == "label" and task == "xcopa":  # optional there: only some lack it
        rows = [row, *({**row, field: value} for value in wrong if value != ""), row]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    found = faults(task, file, language)
    assert len(found) == len(rows) - 2
    for number, fault in enumerate(found, 2):
        assert fault.startswith(f"{file}:{number}: {name}")
        assert "expected" in fault
        assert len(fault) < len(str(file)) + 200


def test_all_bad_rows_of_a_file_are_told_together_whoever_finds_them(tmp_path: Path) -> None:
    without = {key: value for key, value in CHOICE.items() if key != "choice2"}
    lines: list[Any] = [CHOICE, {**CHOICE, "premise": 5, "choice1": None}, [1], without, {**CHOICE, "label": 3}]
    lines += [{**CHOICE, "premise": None}, {**CHOICE, "question": 1, "choice2": {"a": 1}}] + [CHOICE] * 4
    lines += [{**CHOICE, "question": "why"}]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in lines), "utf-8")
    assert faults("copa", file, "en") == (
        f"{file}:2: choice1: found null, expected a value at 'choice1', fill it in",
        f"{file}:3: found a JSON list, expected one JSON object a line, check that the file is JSON lines",
        f"{file}:4: choice2: found keys premise, choice1, question, label, expected a value at 'choice2', fill it in",
        f"{file}:5: label 3, expected one of 0, 1",
        f"{file}:6: premise: found null, expected a value at 'premise', fill it in",
        f"{file}:7: choice2: found {{'a': 1}}, expected text",
        f"{file}:7: question: found 1, expected text",
        f"{file}:12: question 'why', expected one of cause, effect",
    )


def test_labels_that_are_all_false_are_not_labels_that_were_taken_out(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text((json.dumps({**CHOICE, "label": False}) + "\n") * 12, "utf-8")
    assert faults("xcopa", file, "et")[0] == f"{file}:1: label False, expected one of 0, 1 (so in all 12 rows)"


@pytest.mark.parametrize("label", ["1", 1, "choice2"])
def test_spellings_of_a_choice(tmp_path: Path, label: Any) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({**CHOICE, "label": label}) + "\n", "utf-8")
    assert loaded("copa", file, "en").examples[0].label == 1


class TestTags:
    """A bad tag stands in its own line."""

    def test_every_bad_tag_of_a_sentence_is_told_at_its_line(self, tmp_path: Path) -> None:
        file = tmp_path / "test-en.tsv"
        file.write_text("Anna\tB-PER\nGerman\tB-MISC\nx\tS-LOC\n\nok\tE-PER\n", "utf-8")
        known = ", ".join(CARDS["panx"].labels)
        assert faults("panx", file, "en") == (
            f"{file}:2: tag 'B-MISC', expected one of {known}",
            f"{file}:3: tag 'S-LOC', expected one of {known}",
            f"{file}:5: tag 'E-PER', expected one of {known}",
        )

    def test_together_with_lines_of_another_form(self, tmp_path: Path) -> None:
        file = tmp_path / "test-en.tsv"
        file.write_text("a\tB-X\n\nb\tO\tO\nc\tI-Y\n\n\nd\tO\ne\tI-Z\n", "utf-8")
        assert [fault.split(",")[0] for fault in faults("panx", file, "en")] == [
            f"{file}:1: tag 'B-X'",
            f"{file}:3: 2 columns expected",
            f"{file}:8: tag 'I-Z'",
        ]

    @pytest.mark.parametrize("given", [["O", 3, None], ["O", ["O"], True]])
    def test_of_a_row_without_lines(self, given: list[Any]) -> None:
        row = Row({"id": "0", "words": ["a", "b", "c"], "tags": given}, "f:1")
        with pytest.raises(DataError) as raised:
            KINDS["token_classification"].parse(row, CARDS["panx"])
        assert [fault.split(" ", 3)[:3] for fault in raised.value.faults] == [
            ["f:1:", "tag", "2:"],
            ["f:1:", "tag", "3:"],
        ]

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"words": "abc", "tags": ["O"] * 3}, "f:1: words: found 'abc', expected a list of texts"),
            ({"words": ["a", 2], "tags": ["O", "O"]}, "f:1: words[1]: found 2, expected text"),
            ({"words": ["a"], "tags": "O"}, "f:1: tags: found 'O', expected a list of tags"),
            ({"tags": ["O"]}, "f:1: words: found nothing, expected a list of texts"),
            ({"words": ["a"], "tags": ["O", "O"]}, "f:1: 1 words and 2 tags, expected one tag a word"),
        ],
    )
    def test_what_is_no_list(self, values: dict[str, Any], message: str) -> None:
        with pytest.raises(DataError) as raised:
            KINDS["token_classification"].parse(Row({"id": "0", **values}, "f:1"), CARDS["panx"])
        assert raised.value.faults == (message,)


@pytest.mark.parametrize("wrong", [None, True, [], ["a"], {}])
@pytest.mark.parametrize("task", ["xnli", "xcopa", "panx", "xquad", "tatoeba", "mewslix"])
def test_an_id_is_a_text_or_a_number(task: str, wrong: Any) -> None:
    with pytest.raises(DataError) as raised:
        KINDS[CARDS[task].kind].parse(Row({"id": wrong}, "f:1"), CARDS[task])
    assert any(f.startswith(f"f:1: id: found {wrong}, expected text or a number") for f in raised.value.faults)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ("d", "f:1: answers: found 'd', expected a list of answers"),
        ([5], "f:1: answers[0]: found 5, expected {text: a text, start: a number of characters}"),
        ([{"text": "d"}], "f:1: answers[0]: found {'text': 'd'}, expected {text"),
        ([{"text": 4, "start": 0}], "f:1: answers[0]: found {'text': 4, 'start': 0}, expected {text"),
        ([{"text": "d", "start": True}], "f:1: answers[0]: found {'text': 'd', 'start': True}, expected {text"),
    ],
)
def test_answers_are_texts_with_a_start(answers: Any, message: str) -> None:
    row = Row({"id": "0", "question": "q", "context": "c d", "answers": answers}, "f:1")
    with pytest.raises(DataError) as raised:
        KINDS["extractive_qa"].parse(row, CARDS["xquad"])
    assert len(raised.value.faults) == 1
    assert raised.value.faults[0].startswith(message)


@pytest.mark.parametrize(("task", "field"), [("tatoeba", "gold"), ("mewslix", "relevant")])
def test_ids_that_are_relevant_are_a_list_of_texts(task: str, field: str) -> None:
    parse = KINDS[CARDS[task].kind].parse
    with pytest.raises(DataError, match=f"f:1: {field}: found 'Q1', expected a list of texts"):
        parse(Row({"id": "0", "text": "t", field: "Q1"}, "f:1"), CARDS[task])
    with pytest.raises(DataError, match=rf"f:1: {field}\[1\]: found 2, expected text"):
        parse(Row({"id": "0", "text": "t", field: ["Q1", 2]}, "f:1"), CARDS[task])
