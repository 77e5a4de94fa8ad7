"""compare and gate on metrics that count by label, and on correlations: runs with cards of the reader's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.own_cards import LANGUAGES, ratings, topics
from xtreme_harness import evaluate
from xtreme_harness.comparison.resample import bootstrap, randomise, stratum
from xtreme_harness.metrics import METRICS, Metric, of_labels

Xharness = Callable[..., Any]
TWO = ("food", "travel")
CARDS: dict[str, Callable[[Path], Path]] = {
    "macro_f1": lambda folder: topics(folder, "macro_f1"),
    "weighted_f1": lambda folder: topics(folder, "weighted_f1"),
    "matthews": lambda folder: topics(folder, "matthews"),
    "f1_accuracy": lambda folder: topics(folder, "f1_accuracy", TWO),
    "spearman": lambda folder: ratings(folder, metric="spearman"),
    "pearson_spearman": lambda folder: ratings(folder, "similarity", "pearson_spearman"),
}


@pytest.fixture(params=CARDS)
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Folders gold, chance and other (chance with another seed)."""
    file = str(CARDS[request.param](tmp_path))
    for name, model, seed in (("gold", "oracle", 1), ("chance", "random", 1), ("other", "random", 2)):
        done = evaluate(model, file, data=str(tmp_path), output=tmp_path / name, seed=seed, log_samples=True)
        assert not done.failed
    return tmp_path


def test_a_fall_is_found_and_chance_is_not(runs: Path, xharness: Xharness) -> None:
    flags = ["--paired-bs", "300", "--paired-ar", "300", "--seed", "1"]
    done = xharness("compare", runs / "gold", runs / "chance", *flags, "-o", runs / "c.json")
    assert done.status == 0, done.err
    found = json.loads((runs / "c.json").read_text("utf-8"))
    cells = [one for one in found["differences"] if one["level"] == "cell"]
    assert {one["name"].split()[1] for one in cells} == set(LANGUAGES)
    for one in cells:
        assert one["difference"] < -25 and one["interval"][1] < 0, one
        assert one["p"] < 0.05 or one.get("p_ar", 1) < 0.05, one
    done = xharness("compare", runs / "chance", runs / "other", *flags, "-o", runs / "d.json")
    assert done.status == 0, done.err
    unsure = [one for one in json.loads((runs / "d.json").read_text("utf-8"))["differences"] if one["level"] == "cell"]
    assert sum(low <= 0 <= high for low, high in (one["interval"] for one in unsure)) >= 3


def test_the_gate_breaks_and_names_examples(runs: Path, xharness: Xharness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert xharness("gate", runs / "gold", runs / "gold").status == 0
    done = xharness("gate", runs / "gold", runs / "chance")
    assert done.status == 1, done.err
    assert "BROKEN" in done.out and "| gold: " in done.out and "nan" not in done.out
    assert xharness("gate", runs / "chance", runs / "gold").status == 0


def test_a_report_of_both_is_written(runs: Path, xharness: Xharness) -> None:
    done = xharness("report", runs / "gold", runs / "chance", "-o", runs / "page.html")
    assert done.status == 0, done.err
    page = (runs / "page.html").read_text("utf-8")
    assert ">nan" not in page.lower() and LANGUAGES[1] in page


def drawn(name: str, n: int, seed: int) -> tuple[Metric[Any, Any], list[Any], list[Any], list[Any]]:
    """A metric, the answers of two models that are about as good, and the gold."""
    rng = np.random.default_rng(seed)
    if METRICS[name].answers == "numbers":
        gold = rng.normal(size=n)
        return METRICS[name], *((gold + rng.normal(size=n)).tolist() for _ in range(2)), gold.tolist()
    labels = ["a", "b", "c"]
    golds = rng.choice(labels, n, p=[0.6, 0.3, 0.1])
    answers = [np.where(rng.random(n) < 0.6, golds, rng.choice(labels, n)).tolist() for _ in range(2)]
    return of_labels(METRICS[name], labels), *answers, golds.tolist()


@pytest.mark.parametrize("name", ["macro_f1", "matthews", "pearson"])
def test_the_bootstrap_is_that_of_whole_examples(name: str) -> None:
    """Drawing rows of statistics gives what drawing predictions with their golds gives."""
    metric, found, _, golds = drawn(name, 300, 0)
    ours = bootstrap(stratum("x", [(metric, metric.rows(found, golds, "en"), None)], 300), 2000, 0)[0]
    rng, theirs = np.random.default_rng(1), []
    for _ in range(1000):
        places = rng.integers(300, size=300)
        rows = metric.rows([found[i] for i in places], [golds[i] for i in places], "en")
        theirs.append(np.mean([metric.reduce(rows.sum(axis=0))[one] for one in metric.main]))
    assert ours.mean() == pytest.approx(np.mean(theirs), abs=0.5)
    assert ours.std() == pytest.approx(np.std(theirs), rel=0.1)


@pytest.mark.parametrize("name", ["macro_f1", "matthews", "pearson", "spearman"])
def test_equally_good_models_are_rarely_told_apart(name: str) -> None:
    """Approximate randomisation of two models that are as good keeps its level."""
    small = 0
    for seed in range(60):
        metric, one, other, golds = drawn(name, 120, seed)
        rows = [metric.rows(side, golds, "en") for side in (one, other)]
        null = randomise(stratum(f"x{seed}", [(metric, side, None) for side in rows], 120), [(0, 1)], 200, seed)[0]
        values = [metric.reduce(side.sum(axis=0))[metric.main[0]] for side in rows]
        small += bool(np.mean(np.abs(null) >= abs(values[1] - values[0])) < 0.1)
    assert small <= 13  # 6 on average
