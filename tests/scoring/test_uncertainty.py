"""Standard errors of means: of examples, and of seeds beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows
from xtreme_harness.comparison.resample import bootstrap, stratum
from xtreme_harness.metrics import METRICS, column_sums, of_labels
from xtreme_harness.records import Rows
from xtreme_harness.scoring.spread import Spread, macro_spread
from xtreme_harness.scoring.uncertainty import Cells, error_of_cell, of_group, of_groups, of_languages, of_task

ACCURACY, F1 = METRICS["accuracy"], METRICS["entity_f1"]


@dataclass(frozen=True)
class Cell:
    metrics: Mapping[str, float]
    rows: Rows
    ids: Sequence[str] | None
    by_seed: Mapping[str, Mapping[str, float]]


def record(rows: Rows, metric=ACCURACY, ids=None, seeds=None) -> Cell:
    return Cell(metric.reduce(column_sums(rows)), rows, ids, seeds or {})


def several(runs) -> Cell:
    """The mean of the runs of several seeds, as `eval --seeds` makes it."""
    rows = [accuracy_rows(right) for right in runs]
    seeds = {str(i): ACCURACY.reduce(column_sums(one)) for i, one in enumerate(rows)}
    whole = record(np.mean(rows, axis=0), seeds=seeds)
    return replace(whole, metrics={"accuracy": float(np.mean([s["accuracy"] for s in seeds.values()]))})


def test_a_single_run_is_as_sure_as_its_examples() -> None:
    right = np.arange(100) < 80
    one = of_task(ACCURACY, {"de": record(accuracy_rows(right))}, parallel=False)
    assert one.spread.value == 80
    assert one.spread.error == pytest.approx(100 * (0.8 * 0.2 / 99) ** 0.5)
    assert (one.variance.seeds, one.variance.languages, dict(one.by_seed)) == (0, None, {})
    assert error_of_cell(ACCURACY, record(accuracy_rows(right)), ["accuracy"]) == pytest.approx(one.spread.error)


def test_seeds_add_their_variance() -> None:
    """Scores 70, 75, 80 on the same examples."""
    runs = [np.arange(100) < score for score in (70, 75, 80)]
    one = of_task(ACCURACY, {"de": several(runs)}, parallel=False)
    assert one.spread.value == 75
    assert dict(one.by_seed) == {"0": 70, "1": 75, "2": 80}
    assert one.variance.seeds == pytest.approx(25 / 3)
    mean = np.mean(runs, axis=0)
    assert one.variance.examples == pytest.approx(1e4 * mean.var(ddof=1) / 100, rel=1e-6)
    assert one.spread.error**2 == pytest.approx(one.variance.examples + one.variance.seeds)
    assert error_of_cell(ACCURACY, several(runs), ["accuracy"]) == pytest.approx(one.spread.error)


def test_languages_are_told_but_not_added() -> None:
    cells = {code: record(accuracy_rows(np.arange(100) < n)) for code, n in (("de", 60), ("sw", 80))}
    one = of_task(ACCURACY, cells, parallel=False)
    assert one.variance.languages == pytest.approx(200 / 2)
    assert one.spread.error**2 == pytest.approx(one.variance.examples)


def test_a_seed_is_the_same_in_all_tasks() -> None:
    """Seeds that are good in one task and bad in the other even out in the group."""
    ups, downs = ([np.arange(100) < score for score in scores] for scores in ((70, 80), (80, 70)))
    parts = [of_task(ACCURACY, {"de": several(runs)}, parallel=False) for runs in (ups, downs)]
    group = of_group(parts)
    assert group.spread.value == 75
    assert group.variance.seeds == 0
    assert group.variance.examples == pytest.approx(sum(p.variance.examples for p in parts) / 4)
    same = of_group([parts[0], parts[0]])
    assert same.variance.seeds == pytest.approx(parts[0].variance.seeds)


@pytest.mark.slow
def test_intervals_cover_the_truth() -> None:
    """Macro means of a parallel task and of a tagging task: 93 to 97 % of the 95 % intervals hold the truth."""
    rng = np.random.default_rng(0)
    held: dict[str, list[bool]] = {"parallel": [], "tagging": []}
    chance = 1 / (1 + np.exp(-rng.normal(1.2, 1, 10**6)))
    for _ in range(1000):
        items = rng.choice(chance, 300)
        cells = {
            code: record(accuracy_rows(rng.random(300) < items), ids=[str(i) for i in range(300)])
            for code in ("de", "sw", "zh")
        }
        held["parallel"].append(_holds(of_task(ACCURACY, cells, parallel=True).spread, 100 * chance.mean()))
        tagged = {}
        for code in ("fi", "ru"):
            gold = rng.integers(1, 4, 300)
            correct = rng.binomial(gold, 0.8)
            columns = [correct, correct + rng.binomial(1, 0.3, 300), gold, correct, gold]
            tagged[code] = record(np.column_stack(columns).astype(float), F1)
        held["tagging"].append(
            _holds(of_task(F1, tagged, parallel=False).spread, 200 * 1.6 / 1.9 * 0.8 / (1.6 / 1.9 + 0.8))
        )
    for name, found in held.items():
        assert 0.93 <= np.mean(found) <= 0.97, name


def _holds(spread: Spread, truth: float) -> bool:
    low, high = spread.interval
    return low <= truth <= high


def test_eval_with_seeds_tells_the_parts(tmp_path: Path) -> None:
    """results.json and the printed table have what seeds and examples add; a run of one seed has no such split."""
    from xtreme_harness import evaluate
    from xtreme_harness.evaluation.seeds import seed_table

    result = evaluate("random", ["xnli", "panx"], data="samples", output=tmp_path, seeds=[1, 2, 3])
    written = json.loads((tmp_path / "results.json").read_text("utf-8"))["xharness"]["uncertainty"]
    entry = written["scopes"]["tasks"]["tasks"]["xnli"]
    assert list(entry["seeds"]) == ["1", "2", "3"]
    assert entry["variance"]["examples"] + entry["variance"]["seeds"] == pytest.approx(entry["standard_error"] ** 2)
    assert "seeds" in written["method"]
    line = next(line for line in seed_table(result).splitlines() if "tasks: xnli" in line)
    assert f"± {entry['standard_error']:.2f}" in line
    single = json.loads((tmp_path / "seed-1" / "results.json").read_text("utf-8"))["xharness"]["uncertainty"]
    assert single["scopes"]["tasks"]["tasks"]["xnli"]["seeds"] == {}


def answers_of(name: str, seed: int, n: int = 600):
    """Statistics of some answers to a task of a metric."""
    rng = np.random.default_rng(seed)
    if METRICS[name].answers == "numbers":
        gold = rng.integers(0, 26, n) / 5
        return METRICS[name], METRICS[name].rows((gold + rng.normal(size=n)).tolist(), gold.tolist(), "en")
    labels = ["a", "b", "c", "d"][: 2 if METRICS[name].classes else 4]
    golds = rng.choice(labels, n, p=np.array([8, 4, 2, 1][: len(labels)]) / sum([8, 4, 2, 1][: len(labels)]))
    found = np.where(rng.random(n) < 0.6, golds, rng.choice(labels, n))
    metric = of_labels(METRICS[name], labels)
    return metric, metric.rows(found.tolist(), golds.tolist(), "en")


@pytest.mark.parametrize("name", ["macro_f1", "weighted_f1", "matthews", "binary_f1", "pearson", "spearman"])
def test_the_delta_method_agrees_with_the_bootstrap(name: str) -> None:
    metric, rows = answers_of(name, 3)
    found = bootstrap(stratum("x", [(metric, rows, None)], len(rows)), 4000, 0)[0]
    assert error_of_cell(metric, record(rows, metric), metric.main) == pytest.approx(found.std(), rel=0.06)


@pytest.mark.parametrize("name", ["macro_f1", "weighted_f1", "matthews", "f1_accuracy", "pearson_spearman"])
def test_the_delta_method_agrees_with_the_jackknife(name: str) -> None:
    metric, rows = answers_of(name, 4, 300)
    whole = column_sums(rows)
    left = np.array([np.mean([metric.reduce(whole - row)[one] for one in metric.main]) for row in rows])
    jackknife = float(np.sqrt(((left - left.mean()) ** 2).sum() * (len(rows) - 1) / len(rows)))
    assert error_of_cell(metric, record(rows, metric), metric.main) == pytest.approx(jackknife, rel=0.05)


def test_a_correlation_may_be_below_0_and_an_interval_too() -> None:
    metric, rows = answers_of("spearman", 5, 200)
    turned = rows * [1, -1, 1, 1, -1, 1, -1, 1, 1, -1, 1]  # the gold upside down
    first, second = (of_task(metric, {"en": record(one, metric)}, parallel=False).spread for one in (rows, turned))
    assert second.value == pytest.approx(-first.value) and second.error == pytest.approx(first.error, rel=1e-3)
    low, high = second.interval
    assert low == pytest.approx(-first.interval[1]) and high == pytest.approx(-first.interval[0])
    both = of_group([of_task(one, {"en": record(r, one)}, parallel=False)
                     for one, r in ((metric, rows), (ACCURACY, accuracy_rows(np.arange(9) < 5)))])  # fmt: skip
    assert both.spread.low == -100 and Spread(1.0, 10.0).interval[0] == 0


def _parallel(rng: np.random.Generator, chances: Mapping[str, float], n: int) -> Cells:
    """A task whose items are hard or easy in all languages alike."""
    hard = rng.random(n)
    ids = [f"q{i}" for i in range(n)]
    right = {code: (hard + 0.5 * rng.random(n)) < 1.5 * chance for code, chance in chances.items()}
    return Cells(ACCURACY, {code: record(accuracy_rows(one), ids=ids) for code, one in right.items()}, parallel=True)


def _alone(rng: np.random.Generator, chances: Mapping[str, float], n: int) -> Cells:
    cells = {code: record(accuracy_rows(rng.random(n) < chance)) for code, chance in chances.items()}
    return Cells(ACCURACY, cells, parallel=False)


def _resampled(tasks: Mapping[str, Cells], mean: Callable[[Mapping[str, Mapping[str, float]]], float]) -> float:
    """The standard deviation of a mean when every task's items are drawn anew: an oracle that knows no formula."""
    rng, values = np.random.default_rng(1), []
    for _ in range(3000):
        drawn: dict[str, dict[str, float]] = {}
        for task, one in tasks.items():
            n = len(next(iter(one.records.values())).rows)
            chosen = {code: rng.integers(0, n, n) for code in one.records}
            if one.parallel:
                chosen = dict.fromkeys(chosen, next(iter(chosen.values())))
            drawn[task] = {c: float(100 * r.rows[chosen[c], 0].mean()) for c, r in one.records.items()}
        values.append(mean(drawn))
    return float(np.std(values, ddof=1))


@pytest.fixture(scope="module")
def suite_cells() -> dict[str, Cells]:
    rng = np.random.default_rng(0)
    return {
        "topic": _parallel(rng, {"en": 0.8, "sw": 0.5, "qu": 0.3}, 120),
        "nli": _alone(rng, {"en": 0.7, "sw": 0.6}, 150),
        "ner": _alone(rng, {"sw": 0.4}, 90),
    }


def test_a_mean_over_groups_agrees_with_a_bootstrap(suite_cells: dict[str, Cells]) -> None:
    """Tasks in two groups count twice: their chance does not even out."""
    parts = {task: of_task(one.metric, one.records, one.parallel) for task, one in suite_cells.items()}
    sets = [["topic", "nli"], ["ner", "topic"]]

    def mean(cells: Mapping[str, Mapping[str, float]]) -> float:
        tasks = {task: np.mean(list(found.values())) for task, found in cells.items()}
        return float((tasks["topic"] + tasks["nli"] + tasks["ner"] + tasks["topic"]) / 4)

    found = of_groups(sets, parts)
    assert found.spread.value == pytest.approx(mean(_headlines(suite_cells)))
    assert found.spread.error == pytest.approx(_resampled(suite_cells, mean), rel=0.05)


def test_a_mean_over_languages_agrees_with_a_bootstrap(suite_cells: dict[str, Cells]) -> None:
    def mean(cells: Mapping[str, Mapping[str, float]]) -> float:
        english = np.mean([cells["topic"]["en"], cells["nli"]["en"]])
        swahili = np.mean([cells["topic"]["sw"], cells["nli"]["sw"], cells["ner"]["sw"]])
        return float(np.mean([english, swahili, cells["topic"]["qu"]]))

    found = of_languages(suite_cells)
    assert found.spread.value == pytest.approx(mean(_headlines(suite_cells)))
    assert found.spread.error == pytest.approx(_resampled(suite_cells, mean), rel=0.05)
    apart = {task: replace(one, parallel=False) for task, one in suite_cells.items()}
    assert of_languages(apart).spread.error < found.spread.error  # items that move together even out less


def _headlines(tasks: Mapping[str, Cells]) -> dict[str, dict[str, float]]:
    return {task: {c: r.metrics["accuracy"] for c, r in one.records.items()} for task, one in tasks.items()}


def test_seeds_of_means_over_groups_and_languages() -> None:
    """Seeds that are good in one task and bad in the other even out by their weights."""
    ups, downs = ([np.arange(100) < score for score in scores] for scores in ((70, 80), (80, 60)))
    tasks = {
        "a": Cells(ACCURACY, {"de": several(ups), "sw": several(ups)}, parallel=False),
        "b": Cells(ACCURACY, {"de": several(downs)}, parallel=False),
    }
    parts = {task: of_task(one.metric, one.records, one.parallel) for task, one in tasks.items()}
    assert dict(of_groups([["a"], ["a", "b"]], parts).by_seed) == {"0": 72.5, "1": 75}
    by_language = of_languages(tasks)  # de: the mean of both tasks; sw: a alone
    assert dict(by_language.by_seed) == {"0": 72.5, "1": 75}
    assert by_language.variance.seeds == pytest.approx(2.5**2 / 2 / 2)
    assert by_language.variance.languages == pytest.approx(2.5**2 / 2 / 2)  # 72.5 and 75


@pytest.mark.parametrize("name", ["matthews", "macro_f1", "weighted_f1", "spearman", "pearson"])
def test_the_same_answer_to_everything_has_the_error_of_a_bootstrap(name: str) -> None:
    """What is constant stays so in every resample: a correlation with it is 0 there too, with an error of 0."""
    golds: list = [str(i % 3 > 0) for i in range(60)] if METRICS[name].per_label else [float(i % 3) for i in range(60)]
    metric = of_labels(METRICS[name], ["False", "True"])
    rows = metric.rows([golds[1]] * 60, golds, "en")
    rng = np.random.default_rng(0)
    drawn = [metric.reduce(column_sums(rows[rng.integers(0, 60, 60)]))[metric.main[0]] for _ in range(2000)]
    error = macro_spread(metric, {"en": rows}, None).error
    assert error == pytest.approx(np.std(drawn), rel=0.1, abs=1e-9)
