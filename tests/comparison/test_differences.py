"""Two runs to differences: the figures, and the shape of what is found."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows, made_run, shipped_cards
from xtreme_harness.comparison.differences import Comparison, Difference, compare_runs
from xtreme_harness.comparison.printed import comparison_text, mark
from xtreme_harness.errors import DataError

CODES = ("de", "en", "sw", "zh")


def answers(seed: int, right: float = 0.7, n: int = 400, codes: tuple[str, ...] = CODES):
    rng = np.random.default_rng(seed)
    return {("xnli", code): accuracy_rows(rng.random(n) < right) for code in codes}


def compared(old, new, **options) -> Comparison:
    return compare_runs([made_run(old, "old")], [[made_run(new, "new")]], shipped_cards(), **options)


def one(found: Comparison, level: str, name: str) -> Difference:
    return next(d for d in found.differences if (d.level, d.name) == (level, name))


@pytest.mark.parametrize("trials", [0, 300], ids=["bootstrap", "randomisation"])
def test_a_run_equals_itself(trials: int) -> None:
    found = compared(answers(1), answers(1), trials=trials)
    for d in found.differences:
        assert (d.difference, d.p, d.holm, d.effect, d.detectable) == (0, 1, 1, 0, 0)
        assert d.interval == (0, 0)
        assert d.old_interval[0] < d.old < d.old_interval[1]


def test_figures_by_hand() -> None:
    """The standard errors of accuracies and of their paired differences are known."""
    old, new = answers(1), answers(2, 0.8)
    found = compared(old, new, resamples=4000)
    cell = one(found, "cell", "xnli de")
    gaps = new["xnli", "de"][:, 0] - old["xnli", "de"][:, 0]
    assert cell.difference == pytest.approx(100 * gaps.mean())
    assert cell.error == pytest.approx(100 * gaps.std() / 400**0.5, rel=0.04)
    assert cell.effect == pytest.approx(gaps.mean() / gaps.std(), rel=0.04)
    assert cell.detectable == pytest.approx(2.8 * cell.error, rel=1e-2)
    assert (cell.items, cell.cells, cell.complete) == (400, 1, True)
    task = one(found, "task", "xnli")
    means = np.mean([new[key][:, 0] - old[key][:, 0] for key in old], axis=0)
    assert task.error == pytest.approx(100 * means.std() / 400**0.5, rel=0.04)
    assert task.items == 400
    assert task.effect == pytest.approx(np.mean([one(found, "cell", f"xnli {c}").effect for c in CODES]))
    assert task.difference == pytest.approx(np.mean([one(found, "cell", f"xnli {c}").difference for c in CODES]))


def test_bootstrap_and_randomisation_agree() -> None:
    old, new = answers(5), answers(6, 0.73)
    by_bootstrap, by_chance = (compared(old, new, resamples=4000, trials=trials) for trials in (0, 4000))
    for d, e in zip(by_bootstrap.differences, by_chance.differences, strict=True):
        assert d.p == pytest.approx(e.p, abs=0.05)
    assert by_chance.method["p"] == "approximate randomisation"


def test_same_seed_same_bytes_whatever_stands_beside() -> None:
    old, new = answers(1), answers(2)
    first, again = (json.dumps(compared(old, new, seed=3).to_json()) for _ in range(2))
    assert first == again
    assert first != json.dumps(compared(old, new, seed=4).to_json())
    panx = {("panx", "fi"): np.ones((30, 5))}
    beside = compared({**old, **panx}, {**new, **panx}, seed=3)
    assert one(beside, "cell", "xnli de").interval == one(compared(old, new, seed=3), "cell", "xnli de").interval


def test_every_metric_goes_through() -> None:
    rng = np.random.default_rng(0)
    columns = {"bucc2018": 3, "lareqa": 2, "mewslix": 2, "udpos": 5, "mlqa": 3, "tatoeba": 2}
    sides = [{(task, "de"): rng.integers(0, 2, (60, k)).astype(float) for task, k in columns.items()} for _ in "ab"]
    for side in sides:
        for task, rows in side.items():
            if task[0] in ("lareqa", "mewslix", "mlqa", "tatoeba"):
                rows[:, -1] = 1
    found = compared(*sides, trials=200)
    assert len(found.at("cell")) == len(columns)
    for d in found.at("cell"):
        assert d.interval[0] <= d.difference <= d.interval[1]
        assert 0 < d.p <= 1


def test_languages_that_lack_items() -> None:
    """MLQA: a question stands in some of the languages only."""
    rng = np.random.default_rng(0)
    ids = {("mlqa", "en"): [f"q{i}" for i in range(300)], ("mlqa", "de"): [f"q{i}" for i in range(0, 300, 3)]}
    sides = [
        {key: np.column_stack([rng.random((len(names), 2)) < 0.5, np.ones(len(names))]).astype(float)
         for key, names in ids.items()}
        for _ in "ab"
    ]  # fmt: skip
    old, new = (made_run(side, name, ids=ids) for side, name in zip(sides, "ab", strict=True))
    found = compare_runs([old], [[new]], shipped_cards(), resamples=2000)
    assert one(found, "task", "mlqa").items == 300
    gaps = sides[1]["mlqa", "de"][:, :2].mean(axis=1) - sides[0]["mlqa", "de"][:, :2].mean(axis=1)
    assert one(found, "cell", "mlqa de").error == pytest.approx(100 * gaps.std() / 10, rel=0.1)


def test_seeds_are_the_outer_level() -> None:
    """Three seeds whose scores lie 6 points apart: the interval is far wider than the examples alone make it."""
    base = np.random.default_rng(0).random((400, 4))
    runs = [
        made_run({("xnli", c): accuracy_rows(base[:, i] < level) for i, c in enumerate(CODES)}, "m", seed=seed)
        for seed, level in enumerate((0.64, 0.70, 0.76))
    ]
    other = made_run({("xnli", c): accuracy_rows(base[:, i] < 0.7) for i, c in enumerate(CODES)}, "other")
    found = compare_runs(runs, [[other]], shipped_cards(), resamples=2000)
    task = one(found, "task", "xnli")
    values = [np.mean([cell.metrics["accuracy"] for cell in run.scored.values()]) for run in runs]
    assert task.old == pytest.approx(np.mean(values))
    assert task.error == pytest.approx(np.std(values, ddof=1) / 3**0.5, rel=0.15)
    assert found.old.seeds == (0, 1, 2)
    assert "3 seeds" in comparison_text(found)
    assert "seeds are the outer level" in comparison_text(found)
    single = compare_runs(runs[1:2], [[other]], shipped_cards())
    assert one(single, "task", "xnli").error == 0


def test_correction_is_over_all_cells_of_all_models() -> None:
    old, worse = answers(1), answers(1)
    worse["xnli", "sw"] = accuracy_rows(worse["xnli", "sw"][:, 0] * (np.arange(400) % 20 > 0))
    alone = compared(old, worse)
    both = compare_runs(
        [made_run(old, "old")], [[made_run(worse, "a")], [made_run(answers(9), "b")]], shipped_cards()
    )  # fmt: skip
    assert one(alone, "cell", "xnli sw").holm == pytest.approx(4 * one(alone, "cell", "xnli sw").p)
    assert one(both, "cell", "xnli sw").holm == pytest.approx(8 * one(both, "cell", "xnli sw").p)
    assert [mark(d) for d in alone.at("cell")] == ["", "", "**", ""]


def test_unlike_results_are_refused_unless_forced() -> None:
    old, new = made_run(answers(1), "old"), made_run(answers(2), "new", fields={"card": "other", "limit": 5})
    with pytest.raises(DataError) as error:
        compare_runs([old], [[new]], shipped_cards())
    assert [fault.split(":")[1].split()[0] for fault in error.value.faults] == ["card", "limit"]
    assert "--force" in str(error.value)
    forced = compare_runs([old], [[new]], shipped_cards(), force=True)
    assert len(forced.mismatches) == 2
    assert len(forced.at("cell")) == 4


def test_nothing_in_common() -> None:
    with pytest.raises(DataError, match="old and new: nothing to compare: not in new; not in old"):
        compared(answers(1, codes=("de",)), answers(1, codes=("fr",)))


def test_text_names_what_is_not_compared_and_marks_runs_of_one_name() -> None:
    old, new = made_run(answers(1), "m"), made_run(answers(2, 0.9, codes=("de", "en")), "m", limited=True)
    text = comparison_text(compare_runs([old], [[new]], shipped_cards()), by_language=True)
    assert "not compared: xnli sw zh: not in m" in text
    assert "new: m (m, LIMITED" in text
    assert "| xnli " in text.split("| m - m")[1]
    for word in ("Languages", "Families", "Scripts", "Niger-Congo"):
        assert (word in text) == (word != "Niger-Congo")


def test_no_minus_zero() -> None:
    assert "-0.00" not in comparison_text(compared(answers(1), answers(1)))
