"""Means over languages and seeds, the best intermediates, suite scores: by hand."""

from __future__ import annotations

import pytest

from tests.fixtures.made_gains import Scores, made_rows
from xtreme_harness.cards import Suite
from xtreme_harness.grid.gain_summary import OverSeeds, best_intermediates, over_seeds, suite_scores, target_gains
from xtreme_harness.grid.gain_tables import gain_table, summary_json

SCORES: Scores = {
    ("none", "xnli", 1): {"en": 80.0, "de": 70.0, "sw": 60.0},
    ("none", "xnli", 2): {"en": 82.0, "de": 70.0, "sw": 58.0},
    ("none", "tydiqa", 1): {"en": 50.0, "sw": 40.0},
    ("none", "tydiqa", 2): {"en": 52.0, "sw": 40.0},
    ("mnli", "xnli", 1): {"en": 83.0, "de": 72.0, "sw": 61.0},  # gains 3, 2, 1: mean 2
    ("mnli", "xnli", 2): {"en": 83.0, "de": 75.0, "sw": 64.0},  # gains 1, 5, 6: mean 4
    ("mnli", "tydiqa", 1): {"en": 48.0, "sw": 40.0},  # mean -1
    ("mnli", "tydiqa", 2): {"en": 48.0, "sw": 38.0},  # mean -3
    ("squad", "xnli", 1): {"en": 80.0, "de": 70.0, "sw": 57.0},  # mean -1
    ("squad", "xnli", 2): {"en": 82.0, "de": 73.0, "sw": 58.0},  # mean 1
    ("squad", "tydiqa", 1): {"en": 60.0, "sw": 52.0},  # mean 11
    ("squad", "tydiqa", 2): {"en": 60.0, "sw": 50.0},  # mean 9
}


def test_means_over_languages_then_seeds() -> None:
    found = {(g.intermediate, g.target): g for g in target_gains(made_rows(SCORES))}
    mnli = found["mnli", "xnli"]
    assert mnli.gains == pytest.approx({1: 2.0, 2: 4.0})
    assert over_seeds(mnli.gains) == OverSeeds(pytest.approx(3.0), pytest.approx(2**0.5), 2)
    assert mnli.english == pytest.approx({1: 3.0, 2: 1.0})
    assert mnli.others == pytest.approx({1: 1.5, 2: 5.5})
    assert found["none", "xnli"].scores == pytest.approx({1: 70.0, 2: 70.0})


def test_english_may_have_another_code() -> None:
    codes: Scores = {
        ("none", "sib", 1): {"eng_Latn": 80.0, "deu_Latn": 70.0},
        ("mnli", "sib", 1): {"eng_Latn": 83.0, "deu_Latn": 71.0},
    }
    (_, gain) = target_gains(made_rows(codes))
    assert (gain.english, gain.others) == ({1: 3.0}, {1: 1.0})


def test_the_best_of_a_target_is_that_with_the_largest_mean_gain() -> None:
    best = {g.target: g.intermediate for g in best_intermediates(target_gains(made_rows(SCORES)))}
    assert best == {"xnli": "mnli", "tydiqa": "squad"}


@pytest.mark.parametrize("gain", [-1.0, 0.0], ids=["a loss", "nothing"])
def test_where_nothing_gains_the_baseline_is_best(gain: float) -> None:
    scores = {("mnli", "xnli", 1): {"de": 70.0 + gain}, ("none", "xnli", 1): {"de": 70.0}}
    assert [g.intermediate for g in best_intermediates(target_gains(made_rows(scores)))] == ["none"]


def test_what_is_not_a_number_is_no_largest_gain() -> None:
    scores = {
        ("none", "xnli", 1): {"de": 70.0}, ("mnli", "xnli", 1): {"de": float("nan")},
        ("squad", "xnli", 1): {"de": 71.0},
    }  # fmt: skip
    for order in (list(scores), list(reversed(scores))):
        gains = target_gains(made_rows({key: scores[key] for key in order}))
        assert [g.intermediate for g in best_intermediates(gains)] == ["squad"]
        assert suite_scores(gains, {})[0].single == "squad"


def test_suite_scores_without_with_the_best_and_with_each_target_its_best() -> None:
    (score,) = suite_scores(target_gains(made_rows(SCORES)), {})
    assert score.name == "2 targets"
    assert score.baseline == OverSeeds(pytest.approx(57.75), pytest.approx(0.5 / 2**0.5), 2)  # (70 + 45), (70 + 46) / 2
    assert score.single == "squad"
    assert score.single_gain == OverSeeds(pytest.approx(5.0), pytest.approx(0.0), 2)  # (-1 + 11) / 2, (1 + 9) / 2
    assert score.best == {"xnli": "mnli", "tydiqa": "squad"}
    assert score.best_gain == OverSeeds(pytest.approx(6.5), pytest.approx(0.0), 2)  # (2 + 11) / 2, (4 + 9) / 2
    assert score.best_score.mean == pytest.approx(64.25)


def suite(tasks: list[str], **own: object) -> Suite:
    return Suite.model_validate({"title": "s", "tasks": tasks, "groups": {"all": tasks}, **own})


def test_a_suite_says_what_its_mean_is_made_of() -> None:
    gains = target_gains(made_rows(SCORES, "s"))
    whole = suite_scores(gains, {"s": suite(["xnli", "tydiqa"])})
    assert [(one.name, one.targets) for one in whole] == [("all tasks", ("xnli", "tydiqa"))]
    named = suite_scores(gains, {"s": suite(["xnli", "tydiqa"], overall=False, means={"mean_1": ["tydiqa"]})})
    assert [(one.name, one.single_gain) for one in named] == [
        ("mean_1", OverSeeds(pytest.approx(10.0), pytest.approx(2**0.5), 2))
    ]
    partial = suite_scores(gains, {"s": suite(["xnli", "tydiqa", "panx"])})
    assert [one.name for one in partial] == ["2 targets"]


def test_a_language_that_one_arm_lacks_is_left_out_of_all_means_of_the_target() -> None:
    scores = dict(SCORES) | {("squad", "xnli", 2): {"en": 82.0, "de": 73.0}}
    gains = target_gains(made_rows(scores))
    assert {(g.target, g.languages, g.left_out) for g in gains} == {
        ("xnli", ("en", "de"), ("sw",)), ("tydiqa", ("en", "sw"), ()),
    }  # fmt: skip
    assert "left out of all means, because an arm or a seed lacks them: xnli sw" in gain_table(made_rows(scores))


def test_an_arm_that_failed_leaves_the_others_and_is_not_the_best_single_one() -> None:
    scores = {key: value for key, value in SCORES.items() if key[:2] != ("squad", "xnli")}
    (score,) = suite_scores(target_gains(made_rows(scores)), {})
    assert (score.single, score.best) == ("mnli", {"xnli": "mnli", "tydiqa": "squad"})


def test_without_a_baseline_there_are_no_gains_and_no_suite_scores() -> None:
    gains = target_gains(made_rows({k: v for k, v in SCORES.items() if k[0] != "none"}))
    assert [g.gains for g in gains] == [{}] * 4
    assert (best_intermediates(gains), suite_scores(gains, {})) == ([], [])


def test_seeds_that_only_one_arm_has_do_not_count() -> None:
    scores = dict(SCORES) | {("mnli", "xnli", 3): {"en": 0.0, "de": 0.0, "sw": 0.0}}
    found = {(g.intermediate, g.target): g for g in target_gains(made_rows(scores))}
    assert found["mnli", "xnli"].gains == pytest.approx({1: 2.0, 2: 4.0})


def test_tables() -> None:
    lines = gain_table(made_rows(SCORES)).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert cells[0] == ["intermediate", "xnli (3)", "tydiqa (2)", "mean"]
    assert cells[2] == ["none (score)", "70.00 ± 0.00", "45.50 ± 0.71", "57.75 ± 0.35"]
    assert cells[3] == ["mnli", "+3.00 ± 1.41", "-2.00 ± 1.41", "+0.50 ± 0.00"]
    assert ["mnli", "+2.00 / +3.50", "-3.00 / -1.00"] in cells
    assert ["tydiqa", "squad", "55.50 ± 0.71", "+10.00 ± 1.41", "+9.00 / +11.00"] in cells
    assert cells[-1] == [
        "mean of 2 targets", "57.75 ± 0.35", "62.75 ± 0.35 (+5.00 ± 0.00, squad)", "64.25 ± 0.35 (+6.50 ± 0.00)",
    ]  # fmt: skip
    assert "chosen by these test scores themselves" in "\n".join(lines)


def test_one_seed_has_no_deviation_and_targets_without_english_no_english_gain() -> None:
    scores = {("none", "tatoeba", 1): {"de": 30.0}, ("mnli", "tatoeba", 1): {"de": 41.0}}
    table = gain_table(made_rows(scores))
    assert "±" not in table
    assert "in English" not in table
    assert "- / +11.00" in table


def test_every_base_and_suite_has_tables_of_its_own() -> None:
    rows = made_rows(SCORES, "xtreme", "one") + made_rows(SCORES, "xtreme-r", "two", "dev")
    table = gain_table(rows)
    assert table.count("no intermediate training (languages") == 2
    assert "one, xtreme, test split:" in table
    assert "two, xtreme-r, dev split:" in table


def test_summary_holds_what_the_tables_show() -> None:
    summary = summary_json(made_rows(SCORES), {})
    assert [one["intermediate"] for one in summary["best"]] == ["mnli", "squad"]
    assert summary["suites"][0]["best_gain"]["mean"] == pytest.approx(6.5)
    assert len(summary["targets"]) == 6
