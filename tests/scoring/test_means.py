"""Overall means by a suite's own rule: by hand, and in the official layout."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_harness.cards import Overall, Suite
from xtreme_harness.scoring.means import mean_over_languages, official_layout, overall_value, parts_by_language

CELLS = {
    "topic": {"en": 90.0, "sw": 60.0, "qu": 30.0},  # mean 60
    "nli": {"en": 80.0, "sw": 40.0},  # mean 60
    "ner": {"swh_Latn": 20.0},  # mean 20
}
AVERAGES = {"topic": 60.0, "nli": 60.0, "ner": 20.0}
GROUPS = {"classification": ["topic", "nli"], "tagging": ["ner"]}


def suite(**said: Any) -> Suite:
    return Suite.model_validate({"groups": GROUPS, **said})


def layout(one: Suite, absent: str = "") -> dict[str, Any]:
    blocks: dict[str, dict[str, Any]] = {
        task: {"avg_metric": value} for task, value in AVERAGES.items() if task != absent
    }
    return official_layout(one, blocks, None if absent else CELLS)


@pytest.mark.parametrize(
    ("mean", "value"),
    [
        ("tasks", (60 + 60 + 20) / 3),
        ("groups", (60 + 20) / 2),
        ("languages", ((90 + 80) / 2 + (60 + 40 + 20) / 3 + 30) / 3),  # en, sw, qu; swh_Latn is Swahili
    ],
)
def test_each_rule_by_hand(mean: str, value: float) -> None:
    found = layout(suite(mean=mean))
    assert list(found) == ["all_task", "classification", "tagging", "topic", "nli", "ner"]
    assert found["all_task"] == pytest.approx(value)
    assert (found["classification"], found["tagging"]) == (60, 20)
    assert next(iter(layout(suite(mean=mean, overall="mine")))) == "mine"
    assert "all_task" not in layout(suite(mean=mean, overall=False))


@pytest.mark.parametrize("mean", ["tasks", "groups", "languages"])
def test_there_is_no_overall_mean_where_a_task_is_absent(mean: str) -> None:
    assert list(layout(suite(mean=mean), absent="ner")) == ["classification", "topic", "nli"]


def test_a_mean_over_languages_needs_every_cell_and_others_do_not() -> None:
    assert overall_value(Overall.of(list(CELLS), "languages"), AVERAGES, None) is None
    assert overall_value(Overall.of(list(CELLS)), AVERAGES, None) == pytest.approx(140 / 3)


def test_a_task_of_two_groups_counts_in_both() -> None:
    one = Suite.model_validate({"groups": {"a": ["topic"], "b": ["topic"], "c": ["ner"]}, "mean": "groups"})
    assert layout(one)["all_task"] == pytest.approx((60 + 60 + 20) / 3)


def test_a_language_is_one_however_tasks_spell_it_and_two_codes_of_a_task_are_two() -> None:
    codes = {"xnli": ["zh", "ar"], "topic": ["zho_Hant", "zho_Hans", "arb_Arab", "ary_Arab"], "ner": ["cmn"]}
    assert parts_by_language(codes) == [
        [("xnli", "zh"), ("topic", "zho_Hans"), ("ner", "cmn")], [("xnli", "ar"), ("topic", "arb_Arab")],
        [("topic", "zho_Hant")], [("topic", "ary_Arab")],
    ]  # fmt: skip
    assert parts_by_language({"one": ["pt"], "two": ["pt-BR", "pt-PT"]}) == [
        [("one", "pt"), ("two", "pt-BR")], [("two", "pt-PT")],
    ]  # fmt: skip
    assert mean_over_languages({"one": {"de": 10.0}}) == 10
