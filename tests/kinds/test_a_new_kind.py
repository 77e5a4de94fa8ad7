"""A kind is one module, one line, one test: this one is a regression with a metric and a scale of its own.

Everything that is peculiar to it stands here: example, functions, metric, head and objective. Nothing of the package
knows of it, and all of the package serves it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch

from tests.fixtures.families import build
from xtreme_harness import evaluate
from xtreme_harness.cards import Cards, Membership, Suite, TaskCard
from xtreme_harness.errors import DataError, PredictionError
from xtreme_harness.kinds import KINDS, Kind
from xtreme_harness.kinds.prediction_text import Fault, count_faults, label_count, official_lines, told
from xtreme_harness.kinds.row_fields import refuse, text
from xtreme_harness.metrics import METRICS
from xtreme_harness.metrics.base import Metric
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import HEADS, SEQUENCE, Head
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Features, Lesson, Row, Split
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import read_samples, texts
from xtreme_harness.submission.check import check_folder
from xtreme_harness.submission.score import score_folders
from xtreme_harness.training.objectives import OBJECTIVES, Objective

NAME, HEAD = "closeness", "number"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences and how much they say the same."""

    id: str
    one: str
    other: str
    degree: float | None  # 0 to 5


def _parse(row: Row, card: TaskCard) -> Pair:
    found = row.values.get("degree")
    if found is not None and not 0 <= float(found) <= card.options["most"]:
        raise DataError(f"{row.place}: degree {found}, expected 0 to {card.options['most']}")
    degree = None if found is None else float(found)
    faults: list[str] = []
    pair = Pair(str(row.values["id"]), text(row, "one", faults), text(row, "other", faults), degree)
    refuse(faults)
    return pair


def _featurize(split: Split[Pair], tokenizer: Tokenizer, card: TaskCard) -> Features:
    sides = [tokenizer.ids([getattr(e, side) for e in split.examples]) for side in ("one", "other")]
    inputs = [tokenizer.two(a, b, int(card.options["max_length"])) for a, b in zip(*sides, strict=True)]
    return Features(inputs, language=split.language)


def _decode(arrays: Arrays, features: Features, split: Split[Pair], card: TaskCard) -> dict[str, float]:
    found = np.clip(arrays.values[:, 0], 0, card.options["most"])
    return {e.id: round(float(value), 4) for e, value in zip(split.examples, found, strict=True)}


def _learn(features: Features, split: Split[Pair], card: TaskCard) -> list[Lesson]:
    pairs = zip(features.inputs, split.examples, strict=True)
    return [Lesson((encoded,), (e.degree,)) for encoded, e in pairs if e.degree is not None]


def _constant(split: Split[Pair], card: TaskCard) -> dict[str, float]:
    return {e.id: card.options["most"] / 2 for e in split.examples}


def _guess(split: Split[Pair], card: TaskCard, rng: Callable[[str], Random]) -> dict[str, float]:
    return {e.id: round(rng(e.id).uniform(0, card.options["most"]), 4) for e in split.examples}


def _dumps(split: Split[Pair], found: Mapping[str, float], card: TaskCard) -> str:
    return "".join(f"{found[e.id]}\n" for e in split.examples)


def _loads(text: str, place: str, ids: Sequence[str], card: TaskCard) -> dict[str, float]:
    lines = official_lines(text)
    label_count(lines, ids, place)
    try:
        return {key: float(line) for key, line in zip(ids, lines, strict=True)}
    except ValueError as error:
        raise PredictionError(f"{place}: {error}") from None


def _faults(text: str, place: str, golds: Mapping[str, float] | None, card: TaskCard) -> list[str]:
    lines = official_lines(text)
    wrong = [(n, line) for n, line in enumerate(lines, 1) if not line.replace(".", "", 1).isdigit()]
    faults = [Fault("lines without a number", f"{place}:{n}: found '{line}', expected a number") for n, line in wrong]
    return [*count_faults(lines, golds, place), *told(faults, place)]


KIND: Kind[Pair, float, float] = Kind(
    name=NAME,
    head=HEAD,
    options={"max_length": 64, "most": 5.0},
    example=Pair,
    parse=_parse,
    passage=None,
    texts=lambda e: (e.one, e.other),
    featurize=_featurize,
    decode=_decode,
    learn=_learn,
    gold=lambda e: e.degree,
    relabel=lambda e, degree: replace(e, degree=degree),
    perfect=lambda e: e.degree or 0.0,
    constant=_constant,
    guess=_guess,
    dumps=_dumps,
    loads=_loads,
    golds=lambda text, place, card: {str(i): float(line) for i, line in enumerate(official_lines(text))},
    gold_text=lambda split, card: _dumps(split, {e.id: e.degree or 0.0 for e in split.examples}, card),
    faults=_faults,
    hub_task="text-classification",
)


def _rows(predictions: Sequence[float], golds: Sequence[float], language: str) -> Any:
    return np.array([(abs(p - g), 1) for p, g in zip(predictions, golds, strict=True)], np.float64).reshape(-1, 2)


METRIC: Metric[float, float] = Metric(
    name=NAME, main=("closeness",), official=("closeness",), columns=("error", "n"), rows=_rows,
    reduce=lambda sums: {"closeness": 100 - 20 * float(sums[0] / sums[1])}, lm_eval={"closeness": "closeness"},
)  # fmt: skip


def _squares(out: Any, lessons: Sequence[Lesson]) -> torch.Tensor:
    goals = torch.tensor([lesson.goals[0] for lesson in lessons], dtype=torch.float32, device=out.logits.device)
    return ((out.logits.float()[:, 0] - goals) ** 2).sum()


CARD = """\
name: near
title: How near two sentences are
kind: closeness
metric: closeness
licence: CC0
languages: [en, de]
train: [near]
official:
  format: tsv
  files: {train: "near/train-{language}.tsv", dev: "near/dev-{language}.tsv", test: "near/test-{language}.tsv"}
  options: {columns: {one: 0, other: 1, degree: 2}}
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that a new kind, its metric and its head add to the registries."""
    monkeypatch.setitem(KINDS, NAME, KIND)
    monkeypatch.setitem(METRICS, NAME, METRIC)
    monkeypatch.setitem(HEADS, HEAD, Head(SEQUENCE, "squares", outputs=1))
    monkeypatch.setitem(OBJECTIVES, "squares", Objective(lambda lesson: 1, _squares))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card, and data beside it: the degree is 5 where the sentences are equal, else 1."""
    (tmp_path / "near.yaml").write_text(CARD)
    (tmp_path / "near").mkdir()
    words = ["die See", "ein Haus", "der Baum", "das Buch", "ein Kind", "der Weg", "die Stadt", "das Brot"]
    for split, language, size in (("train", "en", 8), ("dev", "en", 8), ("test", "en", 8), ("test", "de", 4)):
        pairs = [(words[i], words[i if i % 2 else i - 1], 5 if i % 2 else 1) for i in range(size)]
        lines = [f"{one}\t{other}\t{degree}\n" for one, other, degree in pairs]
        (tmp_path / "near" / f"{split}-{language}.tsv").write_text("".join(lines))
    return tmp_path / "near.yaml"


def scores(out: Path) -> dict[str, float]:
    run = read_result(out)
    return {cell.language: cell.metrics["closeness"] for cell in run.cells}


@pytest.mark.parametrize(("model", "least", "most"), [("oracle", 100, 100), ("majority", 60, 60), ("random", 20, 90)])
def test_self_tests(card: Path, tmp_path: Path, model: str, least: float, most: float) -> None:
    result = evaluate(model, str(card), data=str(tmp_path), output=tmp_path / "out", log_samples=True)
    assert not result.failed
    assert all(least <= value <= most for value in scores(tmp_path / "out").values())
    first, *others = read_samples(read_result(tmp_path / "out"), "near", "de")
    assert list(texts(first)) == [("die See",), ("das Brot",)] and len(others) == 3


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "mt5"])
def test_a_head_is_trained_saved_and_read_again(card: Path, tmp_path: Path, family: str) -> None:
    base = build(family, None, tmp_path / "base")
    flags = {"data": str(tmp_path), "recipe": "fast", "dtype": "float32", "device": "cpu"}
    settings = ("epochs=40", "lr=3e-3", "dropout=0", "batch_size=8")
    result = evaluate(base, str(card), output=tmp_path / "out", settings=settings, **flags)
    assert not result.failed
    assert scores(tmp_path / "out")["en"] > 75  # no better than 60 without what it learned
    trained = find_checkpoint(str(tmp_path / "out" / "models" / "near"), None)
    record = json.loads((tmp_path / "out" / "cells" / "near" / "de.json").read_text("utf-8"))
    assert record["fields"]["head"] == HEAD
    assert trained.head == (HEAD if family == "mt5" else SEQUENCE) and len(trained.labels) < 2
    again = evaluate(trained.path, str(card), output=tmp_path / "again", train="never", **flags)
    assert not again.failed and scores(tmp_path / "again") == scores(tmp_path / "out")


def test_official_files_are_written_read_back_and_checked(card: Path, tmp_path: Path) -> None:
    evaluate("random", str(card), data=str(tmp_path), output=tmp_path / "out")
    cards = _suited(all_cards([card]))
    theirs, labels = tmp_path / "out" / "predictions" / "tasks", tmp_path / "labels"
    text = (theirs / "near" / "test-de.tsv").read_text()
    found = KIND.loads(text, "x", ["0", "1", "2", "3"], cards.card("near"))
    assert [f"{value}" for value in found.values()] == text.split()
    (labels / "near").mkdir(parents=True)
    for code, size in (("en", 8), ("de", 4)):
        (labels / "near" / f"test-{code}.tsv").write_text("5\n1\n" * (size // 2))
    layout = score_folders(theirs, labels, "mine", cards).layout
    error = np.abs(np.array([*found.values()]) - [5, 1, 5, 1]).mean()
    assert layout["near"]["closeness"]["de"] == pytest.approx(100 - 20 * error)
    (theirs / "near" / "test-de.tsv").write_text("1\nfar\n")
    assert [fault.partition("test-de.tsv")[2] for fault in check_folder(theirs, "mine", cards, labels)] == [
        ": 2 lines, expected 4", ":2: found 'far', expected a number",
    ]  # fmt: skip


def _suited(cards: Cards) -> Cards:
    """The cards, with this one in a suite of its own."""
    member = Membership(languages=("en", "de"))
    near = cards.card("near").model_copy(update={"suites": {"mine": member}})
    suite = Suite(title="mine", tasks=("near",), groups={"all": ("near",)})
    return replace(cards, tasks={**cards.tasks, "near": near}, suites={**cards.suites, "mine": suite})


def test_the_card_is_checked_against_its_data(card: Path, tmp_path: Path, xharness: Any) -> None:
    done = xharness("tasks", "check", card, "--data", tmp_path)
    assert done.status == 0, done.err
    assert "near test de: 4 examples; id=0 | one=die See" in done.out
    (tmp_path / "near" / "test-de.tsv").write_text("a\tb\t7\n")
    assert "test-de.tsv:1: degree 7, expected 0 to 5.0" in xharness("tasks", "check", card, "--data", tmp_path).err
