"""Ratings by a head with one output: self-tests, training, files, one text or two."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.fixtures.families import build
from tests.fixtures.own_cards import LANGUAGES, ratings
from xtreme_harness import evaluate
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.numbers import RatedExample
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import NUMBER, SEQUENCE
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Encoded, Features, Lesson, Split
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import read_samples, texts
from xtreme_harness.training.objectives import objective_of

KIND = KINDS["regression"]


@pytest.mark.parametrize(("model", "low", "high"), [("oracle", 100, 100), ("majority", 0, 0), ("random", -50, 50)])
def test_self_tests(tmp_path: Path, model: str, low: float, high: float) -> None:
    result = evaluate(model, str(ratings(tmp_path)), data=str(tmp_path), output=tmp_path / "out", log_samples=True)
    assert not result.failed and [cell.language for cell in result.cells] == list(LANGUAGES)
    assert all(low <= value <= high for cell in result.cells for value in cell.metrics.values())
    read = read_result(tmp_path / "out")
    assert [cell.metrics for cell in read.cells] == [cell.metrics for cell in result.cells]
    assert [mean.spread for mean in read.means] == [mean.spread for mean in result.means]
    samples = read_samples(read, "ratings", "kn")
    assert len(list(texts(samples[0]))) == 2
    assert all(sample.right == (model == "oracle") for sample in samples if sample.gold not in (2.5, 5))


def test_chance_is_near_0_and_its_interval_on_both_sides(tmp_path: Path) -> None:
    result = evaluate("random", str(ratings(tmp_path)), data=str(tmp_path), output=tmp_path / "out")
    (mean,) = result.means
    low, high = mean.spread.interval
    assert low < 0 < high and abs(mean.spread.value) < 25
    assert any(cell.interval is not None and cell.interval[0] < -5 for cell in result.cells)


def test_lessons_and_answers() -> None:
    examples = (RatedExample("a", "x", None, 1.5), RatedExample("b", "y", "z", None))
    split = Split("ratings", "en", "train", examples)
    assert KIND.learn is not None
    card = all_cards().card("xnli")
    (lesson,) = KIND.learn(Features(["first", "second"]), split, card)  # type: ignore[list-item]
    assert (lesson.rows, lesson.goals) == (("first",), (1.5,))
    found = KIND.decode(Arrays(np.array([[0.1], [7.25]], np.float32)), Features([]), split, card)
    assert found == {"a": float(np.float32(0.1)), "b": 7.25} and all(type(one) is float for one in found.values())


def test_what_training_minimises_is_the_squared_distance() -> None:
    import torch

    logits = torch.tensor([[1.0], [2.5]], dtype=torch.bfloat16)
    lessons = [Lesson((Encoded([1]),), (goal,)) for goal in (0.25, 4.0)]
    loss = objective_of(NUMBER).loss(SimpleNamespace(logits=logits), lessons)
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(0.75**2 + 1.5**2)
    assert [objective_of(NUMBER).units(lesson) for lesson in lessons] == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(("family", "single"), [("xlm-roberta", False), ("mt5", False), ("bert", True)])
def test_a_head_is_trained_selected_saved_and_read_again(tmp_path: Path, family: str, single: bool) -> None:
    base, file = build(family, None, tmp_path / "base"), ratings(tmp_path, single=single, metric="spearman")
    flags: dict[str, Any] = {"data": str(tmp_path), "recipe": "fast", "dtype": "float32", "device": "cpu"}
    settings = ("epochs=30", "lr=3e-3", "dropout=0", "batch_size=8")
    result = evaluate(base, str(file), output=tmp_path / "out", settings=settings, **flags)
    assert not result.failed
    scores = {cell.language: cell.metrics for cell in result.cells}
    assert scores["en"]["spearman"] > 25, scores
    trained = find_checkpoint(str(tmp_path / "out" / "models" / "ratings"), None)
    assert trained.head == (NUMBER if family == "mt5" else SEQUENCE)
    notes = json.loads((trained.path / "xharness.json").read_text("utf-8"))
    assert -100 <= notes["lineage"][-1]["dev"]["ratings"] <= 100
    again = evaluate(trained.path, str(file), output=tmp_path / "again", train="never", **flags)
    assert {cell.language: cell.metrics for cell in again.cells} == scores
    written = (tmp_path / "out" / "predictions" / "tasks" / "ratings" / "test-en.tsv").read_text().split()
    assert len(written) == 30 and len({float(one) for one in written}) > 5


@pytest.mark.slow
def test_transformers_reads_the_head_as_its_own(tmp_path: Path) -> None:
    """The saved checkpoint answers in plain transformers as it does here."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base, file = build("xlm-roberta", None, tmp_path / "base"), ratings(tmp_path)
    evaluate(
        base, str(file), data=str(tmp_path), output=tmp_path / "out", recipe="fast", device="cpu", dtype="float32",
        settings=("epochs=2", "batch_size=8"), log_samples=True,
    )  # fmt: skip
    place = tmp_path / "out" / "models" / "ratings"
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(place), AutoTokenizer.from_pretrained(place)
    assert model.config.num_labels == 1
    for sample in read_samples(read_result(tmp_path / "out"), "ratings", "zho_Hant")[:5]:
        inputs = tokenizer(sample.input["text_a"], sample.input["text_b"], return_tensors="pt")
        with torch.no_grad():
            assert model.eval()(**inputs).logits.item() == pytest.approx(sample.prediction, abs=1e-5)


def test_official_files_are_checked(tmp_path: Path, xharness: Callable[..., Any]) -> None:
    file = ratings(tmp_path)
    done = xharness("tasks", "check", file, "--data", tmp_path)
    assert (done.status, done.err) == (0, "")
    bad = tmp_path / "ratings" / "test-kn.csv"
    bad.write_text("one,two,score\na,b,5.5\nc,,x\n", "utf-8")
    done = xharness("tasks", "check", file, "--data", tmp_path)
    assert f"{bad}:2: label '5.5', expected a number from 0 to 5" in done.err
    assert f"{bad}:3: label 'x', expected a number from 0 to 5" in done.err
