"""Classification of a single text: a card and a CSV file are enough for every command."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.families import build
from tests.fixtures.letters import LETTERS
from tests.fixtures.own_cards import LANGUAGES, TOPICS, topics
from xtreme_harness import evaluate, train
from xtreme_harness.cards import Cards, Membership, Suite, TaskCard
from xtreme_harness.data.sources import parse_data
from xtreme_harness.errors import CardError, DataError, PredictionError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.one_or_two import featurize, given_texts
from xtreme_harness.kinds.sequence_classification import PairExample
from xtreme_harness.plan.asked import asked_targets
from xtreme_harness.plan.cells import all_cards, make_plan
from xtreme_harness.records import Row, Split
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import read_samples, texts
from xtreme_harness.submission.labels import write_labels
from xtreme_harness.submission.score import score_folders

Xharness = Callable[..., Any]


def card(folder: Path, columns: dict[str, str]) -> TaskCard:
    """The card with other columns."""
    file = topics(folder)
    raw = yaml.safe_load(file.read_text("utf-8"))
    raw["official"]["options"]["columns"] = columns
    file.write_text(yaml.safe_dump(raw), "utf-8")
    return all_cards([file]).card("topics")


@pytest.mark.parametrize(
    ("columns", "row", "expected"),
    [
        ({"text": "t"}, {"text": "x"}, ("x", None)),
        ({"text_a": "t"}, {"text_a": "x"}, ("x", None)),
        ({"text_a": "t", "text_b": "u"}, {"text_a": "x", "text_b": "y"}, ("x", "y")),
        ({"text": "t", "text_b": "u"}, {"text": "x", "text_b": "y"}, ("x", "y")),
    ],
)
def test_the_columns_say_how_many_texts_there_are(
    tmp_path: Path, columns: dict[str, str], row: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    faults: list[str] = []
    assert given_texts(Row(row, "f:1"), card(tmp_path, columns), faults) == expected
    assert not faults


@pytest.mark.parametrize(
    ("columns", "row", "fault"),
    [
        ({"text": "t"}, {}, "f:1: text: found nothing, expected text"),
        ({"text": "t"}, {"text": None}, "f:1: text: found None, expected text"),
        ({"text_a": "t"}, {"text_a": 5}, "f:1: text_a: found 5, expected text"),
        ({"text_a": "t", "text_b": "u"}, {"text_a": "x"}, "f:1: text_b: found nothing, expected text"),
        ({"text_a": "t", "text_b": "u"}, {"text_a": "x", "text_b": None}, "f:1: text_b: found None, expected text"),
        ({"text_a": "t", "text_b": "u"}, {"text_b": "y"}, "f:1: text_a: found nothing, expected text"),
    ],
)
def test_what_a_row_lacks(tmp_path: Path, columns: dict[str, str], row: dict[str, Any], fault: str) -> None:
    faults: list[str] = []
    given_texts(Row(row, "f:1"), card(tmp_path, columns), faults)
    assert faults == [fault]


def test_a_pair_without_its_second_text_is_a_fault_as_before() -> None:
    with pytest.raises(DataError, match="f:1: text_b: found nothing, expected text"):
        KINDS["sequence_classification"].parse(Row({"id": "1", "text_a": "x"}, "f:1"), all_cards().card("xnli"))


def test_one_text_is_one_segment(tmp_path: Path) -> None:
    one = card(tmp_path, {"text": "t"}).with_options({"max_length": 6})
    examples = (PairExample("0", "abc", None, None), PairExample("1", "abcdefgh", None, None))
    features = featurize(Split("topics", "en", "test", examples), LETTERS, one)
    first, second = (LETTERS.raw.convert_ids_to_tokens(list(e.ids)) for e in features.inputs)
    assert first == ["[CLS]", "a", "b", "c", "[SEP]"]
    assert second == ["[CLS]", "a", "b", "c", "d", "[SEP]"]


@pytest.mark.parametrize(("model", "low", "high"), [("oracle", 100, 100), ("majority", 5, 30), ("random", 10, 60)])
def test_self_tests(tmp_path: Path, model: str, low: float, high: float) -> None:
    file = topics(tmp_path)
    result = evaluate(model, str(file), data=str(tmp_path), output=tmp_path / "out", log_samples=True)
    assert not result.failed and [cell.language for cell in result.cells] == list(LANGUAGES)
    assert all(low <= cell.metrics["macro_f1"] <= high for cell in result.cells)
    first, *others = read_samples(read_result(tmp_path / "out"), "topics", "kn")
    assert first.id == "kn-0" and "text_b" in first.input and first.input["text_b"] is None
    (text,) = texts(first)
    assert text[0].endswith(', "so"') and len(others) == 29
    assert {sample.right for sample in [first, *others]} == ({True} if model == "oracle" else {True, False})


def test_the_card_is_checked_against_its_data(tmp_path: Path, xharness: Xharness) -> None:
    file = topics(tmp_path)
    done = xharness("tasks", "check", file, "--data", tmp_path)
    assert (done.status, done.err) == (0, "")
    assert "topics test kn: 30 examples; id=kn-0 | text_a=" in done.out
    bad = tmp_path / "topics" / "test-kn.csv"
    bad.write_text("id,sentence,topic\n1,rice,food\n2,soup,fod\n", "utf-8")
    assert f"{bad}:3: label 'fod', expected one of sport, food, travel" in xharness(
        "tasks", "check", file, "--data", tmp_path
    ).err  # fmt: skip


def test_a_card_without_labels_says_so(tmp_path: Path) -> None:
    file = topics(tmp_path, metric="accuracy")
    file.write_text(file.read_text("utf-8").replace("labels:\n- sport\n- food\n- travel\n", ""), "utf-8")
    with pytest.raises(CardError) as raised:
        all_cards([file])
    assert str(raised.value) == f"{file}: labels: missing; name the classes, in the order of their ids"


def test_one_field_has_one_name(tmp_path: Path) -> None:
    file = topics(tmp_path)
    raw = yaml.safe_load(file.read_text("utf-8"))
    raw["upstream"] = {**raw["official"], "options": {"columns": {"text_a": "x", "label": "y"}}}
    file.write_text(yaml.safe_dump(raw), "utf-8")
    with pytest.raises(CardError, match="columns: found text and text_a, which are names of one field; keep one"):
        all_cards([file])


def test_a_metric_of_another_kind_of_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError) as raised:
        all_cards([topics(tmp_path, metric="spearman")])
    assert str(raised.value).endswith(
        "topics.yaml: metric: spearman compares numbers, and the card's kind answers with labels; kind regression or "
        "similarity goes with it, or metric accuracy, macro_f1, weighted_f1, binary_f1, f1_accuracy, matthews"
    )
    with pytest.raises(CardError, match="f1_accuracy looks for the second of 2 labels, and the card has 3"):
        all_cards([topics(tmp_path, metric="f1_accuracy")])


def test_label_files_are_written_and_scored(tmp_path: Path) -> None:
    file, place = topics(tmp_path), parse_data([str(tmp_path)], {})
    cards, targets = asked_targets(str(file))
    found = write_labels(make_plan(targets, place), tmp_path / "gold")
    assert [(one.cell.language, one.rows, one.problem) for one in found] == [(code, 30, "") for code in LANGUAGES]
    assert set((tmp_path / "gold" / "topics" / "test-kn.tsv").read_text("utf-8").split()) == set(TOPICS)
    run = evaluate("random", str(file), data=str(tmp_path), output=tmp_path / "out", labels=str(tmp_path / "gold"))
    predictions = tmp_path / "out" / "predictions" / "tasks"
    layout = score_folders(predictions, tmp_path / "gold", "mine", _suited(cards)).layout
    assert layout["topics"]["macro_f1"] == {cell.language: cell.metrics["macro_f1"] for cell in run.cells}
    assert layout["xharness"]["topics"]["accuracy"].keys() == {*LANGUAGES}
    (predictions / "topics" / "test-kn.tsv").write_text("fod\n" * 30, "utf-8")
    with pytest.raises(PredictionError, match=r"test-kn\.tsv: label 'fod', expected one of sport, food, travel"):
        score_folders(predictions, tmp_path / "gold", "mine", _suited(cards), "official")


def _suited(cards: Cards) -> Cards:
    """The cards, with this one in a suite of its own."""
    card = cards.card("topics").model_copy(update={"suites": {"mine": Membership(languages=LANGUAGES)}})
    suite = Suite(title="mine", tasks=("topics",), groups={"all": ("topics",)})
    return replace(cards, tasks={**cards.tasks, "topics": card}, suites={**cards.suites, "mine": suite})


def test_the_report_and_the_exports_take_it(tmp_path: Path, xharness: Xharness) -> None:
    evaluate("random", str(topics(tmp_path)), data=str(tmp_path), output=tmp_path / "out", log_samples=True)
    assert xharness("report", tmp_path / "out", "-o", tmp_path / "page.html").status == 0
    assert "text_b" not in (tmp_path / "page.html").read_text("utf-8")
    for form in ("csv", "lm-eval", "model-index"):
        done = xharness("export", tmp_path / "out", "--format", form, "-o", tmp_path / form)
        assert done.status == 0, done.err
    assert '"f1,none"' in (tmp_path / "lm-eval").read_text("utf-8")


@pytest.mark.slow
def test_it_is_trained_and_selected_by_its_metric(tmp_path: Path) -> None:
    base = build("xlm-roberta", None, tmp_path / "base")
    result = evaluate(
        base, str(topics(tmp_path)), data=str(tmp_path), output=tmp_path / "out", recipe="fast", device="cpu",
        settings=("epochs=12", "lr=3e-3", "dropout=0", "batch_size=8"),
    )  # fmt: skip
    assert not result.failed
    scores = {cell.language: cell.metrics["macro_f1"] for cell in result.cells}
    assert min(scores.values()) > 80, scores
    notes = json.loads((tmp_path / "out" / "models" / "topics" / "xharness.json").read_text("utf-8"))
    assert notes["lineage"][-1]["dev"]["topics"] > 80


@pytest.mark.slow
def test_translations_of_its_training_data_are_read(tmp_path: Path) -> None:
    file, base = topics(tmp_path), build("bert", None, tmp_path / "base")
    with (tmp_path / "topics" / "train-en.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    place = tmp_path / "translated" / "topics" / "kn.csv"
    place.parent.mkdir(parents=True)
    with place.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *([key, f"{text} ಕನ್ನಡ", label] for key, text, label in rows)])
    (trained,) = train(
        base, "topics", include=[file], data=str(tmp_path), output=tmp_path / "out", recipe="fast", device="cpu",
        settings=("epochs=1",), translated=str(tmp_path / "translated"),
    )  # fmt: skip
    assert trained.notes["lineage"][-1]["examples"] == {"topics": 96}
