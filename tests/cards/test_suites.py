"""Suites of one's own: what they say, what they leave to the cards, and what is said of broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from xtreme_harness import CardError
from xtreme_harness.cards import Cards, Overall, Suite
from xtreme_harness.plan.asked import asked_suite, asked_targets
from xtreme_harness.plan.cells import BY_NAME, all_cards, select

CARDS = all_cards()
TOPIC = """\
name: topic
title: topics
kind: sequence_classification
metric: accuracy
licence: none
labels: [a, b]
languages: [eng_Latn, zho_Hans, zho_Hant, quy_Latn]
groups: [themes]
official:
  format: tsv
  files: {test: "topic/test-{language}.tsv"}
  options: {columns: {text_a: 0, text_b: 1, label: 2}}
"""


def made(folder: Path, suites: Any, name: str = "suites.yaml") -> Cards:
    """The cards beside a file of suites, a card of an own task among them."""
    (folder / "topic.yaml").write_text(TOPIC, "utf-8")
    (folder / name).write_text(suites if isinstance(suites, str) else yaml.safe_dump(suites, sort_keys=False), "utf-8")
    return all_cards([folder])


def faults_of(folder: Path, suites: Any, name: str = "suites.yaml") -> list[str]:
    """What is wrong, without the file's name."""
    with pytest.raises(CardError) as raised:
        made(folder, suites, name)
    assert all(fault.startswith(f"{folder / name}: ") for fault in raised.value.faults)
    return [fault.removeprefix(f"{folder / name}: ") for fault in raised.value.faults]


class TestWhatASuiteSays:
    """Over cards that do not know of it."""

    def test_what_it_leaves_out_is_the_cards(self, tmp_path: Path) -> None:
        cards = made(tmp_path, {"mine": {"tasks": ["topic", "xnli", "tatoeba"]}})
        found = {t.card.name: t for t in select(cards, ["mine"])}
        assert list(found) == ["topic", "xnli", "tatoeba"]
        assert found["topic"].languages == cards.tasks["topic"].languages
        assert found["xnli"].languages == CARDS.card("xnli").all_languages
        assert [t.key for t in found.values()] == list(found)
        assert [t.unit for t in found.values()] == [None, "xnli", None]
        assert cards.suites["mine"].overalls("mine") == {"mine": Overall.of(["topic", "xnli", "tatoeba"])}

    def test_its_tasks_are_those_of_its_groups_where_it_names_none(self, tmp_path: Path) -> None:
        cards = made(tmp_path, {"mine": {"groups": {"b": ["xnli", "topic"], "a": ["pawsx", "xnli"]}}})
        assert cards.suites["mine"].tasks == ("xnli", "topic", "pawsx")

    def test_languages_stand_in_its_order_under_the_cards_codes(self, tmp_path: Path) -> None:
        said = {"topic": ["quy", "en"], "xnli": ["swh_Latn", "de"]}
        cards = made(tmp_path, {"mine": {"tasks": ["topic", "xnli"], "languages": said}})
        assert [t.languages for t in select(cards, ["mine"])] == [("quy_Latn", "eng_Latn"), ("sw", "de")]

    def test_one_list_is_for_all_tasks_those_of_them_that_a_task_has(self, tmp_path: Path) -> None:
        suite = {"tasks": ["topic", "xnli", "pawsx"], "languages": ["sw", "en", "quy"]}
        found = select(made(tmp_path, {"mine": suite}), ["mine"])
        assert [t.languages for t in found] == [("eng_Latn", "quy_Latn"), ("sw", "en"), ("en",)]

    def test_a_list_for_the_others_beside_those_of_a_task(self, tmp_path: Path) -> None:
        suite = {"tasks": ["topic", "xnli"], "languages": {"*": ["sw", "en"], "topic": ["zh-Hant"]}}
        assert [t.languages for t in select(made(tmp_path, {"mine": suite}), ["mine"])] == [("zho_Hant",), ("sw", "en")]

    def test_a_suite_that_a_card_names_has_the_cards_languages(self, tmp_path: Path) -> None:
        named = TOPIC + "suites: {mine: {languages: [quy_Latn]}}\n"
        (tmp_path / "mine.yaml").write_text("suite: mine\ntasks: [topic]\n")
        (tmp_path / "topic.yaml").write_text(named)
        assert [t.languages for t in select(all_cards([tmp_path]), ["mine"])] == [("quy_Latn",)]

    def test_another_metric_makes_a_cell_of_its_own(self, tmp_path: Path) -> None:
        suite = {"tasks": ["udpos", "panx"], "metrics": {"udpos": "tag_accuracy", "panx": "entity_f1"}}
        cards = made(tmp_path, {"mine": suite})
        udpos, panx = select(cards, ["mine"])
        assert (udpos.key, udpos.card.metric, udpos.unit) == ("udpos@mine", "tag_accuracy", "udpos")
        assert (panx.key, panx.card.metric) == ("panx", "entity_f1")  # the card's own: the same cell
        (named,) = select(cards, ["udpos@mine"])
        assert (named.scope, named.key, named.card.metric) == (BY_NAME, "udpos@mine", "tag_accuracy")
        assert cards.card("udpos").metric == "chunk_f1"

    def test_the_cards_of_the_shipped_suites_stay_as_they_are(self, tmp_path: Path) -> None:
        cards = made(tmp_path, {"mine": {"tasks": ["xnli"], "languages": ["sw"]}})
        assert cards.tasks["xnli"] == CARDS.tasks["xnli"]
        assert select(cards, ["xtreme", "xtreme-r"]) == select(CARDS, ["xtreme", "xtreme-r"])

    @pytest.mark.parametrize(
        ("said", "key", "overall"),
        [
            ({}, "all_task", {"mine": Overall((("xnli",), ("pawsx",), ("udpos",)))}),
            ({"mean": "groups"}, "all_task", {"mine": Overall((("xnli", "pawsx"), ("udpos",)), "groups")}),
            (
                {"mean": "languages", "overall": "my_mean"},
                "my_mean",
                {"my_mean": Overall((("xnli",), ("pawsx",), ("udpos",)), "languages")},
            ),
            ({"overall": False}, None, {}),
            ({"overall": False, "means": {"two": ["udpos", "xnli"]}}, None, {"two": Overall((("udpos",), ("xnli",)))}),
        ],
    )
    def test_the_rule_of_the_mean(self, said: dict[str, Any], key: str | None, overall: dict[str, Overall]) -> None:
        suite = Suite.model_validate({"groups": {"nli": ["xnli", "pawsx"], "tags": ["udpos"]}, **said})
        assert suite.overall_key == key
        assert suite.overalls("mine") == overall


class TestWhereSuitesStand:
    """Files of suites, beside cards and by path."""

    def test_one_suite_a_file_under_any_name(self, tmp_path: Path) -> None:
        cards = made(tmp_path, {"suite": "mine", "tasks": ["topic"], "title": "t"}, "suite.yaml")
        assert cards.suites["mine"].title == "t"
        assert cards.suite_places["mine"] == str(tmp_path / "suite.yaml")
        assert list(cards.suites)[:2] == ["xtreme", "xtreme-r"]

    def test_several_suites_in_a_file_of_another_name(self, tmp_path: Path) -> None:
        cards = made(tmp_path, {"one": {"tasks": ["topic"]}, "two": {"groups": {"a": ["xnli"]}}}, "both.yaml")
        assert {"one", "two"} <= set(cards.suites)

    def test_a_file_of_suites_by_path_stands_for_all_of_them(self, tmp_path: Path) -> None:
        made(tmp_path, {"one": {"tasks": ["xnli"]}, "two": {"tasks": ["pawsx"]}})
        _, targets = asked_targets(str(tmp_path / "suites.yaml"))
        assert [(t.scope, t.key) for t in targets] == [("one", "xnli"), ("two", "pawsx")]

    def test_a_folder_stands_for_its_suites_and_the_cards_that_none_of_them_has(self, tmp_path: Path) -> None:
        made(tmp_path, {"suite": "mine", "tasks": ["topic", "xnli"]}, "suite.yaml")
        (tmp_path / "lone.yaml").write_text(TOPIC.replace("name: topic", "name: lone"))
        _, targets = asked_targets(str(tmp_path))
        assert [(t.scope, t.key) for t in targets] == [("mine", "topic"), ("mine", "xnli"), (BY_NAME, "lone")]

    def test_a_folder_of_suites_alone_will_do(self, tmp_path: Path) -> None:
        (tmp_path / "suites.yaml").write_text("mine: {tasks: [xnli]}\n")
        assert "mine" in all_cards([tmp_path]).suites

    def test_a_later_suite_replaces_an_earlier_one_of_its_name(self, tmp_path: Path) -> None:
        for place, task in (("a", "xnli"), ("b", "pawsx")):
            (tmp_path / place).mkdir()
            (tmp_path / place / "suites.yaml").write_text(f"mine: {{tasks: [{task}]}}\n")
        assert all_cards([tmp_path / "a", tmp_path / "b"]).suites["mine"].tasks == ("pawsx",)
        assert all_cards([tmp_path / "b", tmp_path / "a", tmp_path / "a"]).suites["mine"].tasks == ("xnli",)

    def test_two_files_of_a_folder_do_not_have_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "suites.yaml").write_text("mine: {tasks: [xnli]}\n")
        (tmp_path / "mine.yaml").write_text("suite: mine\ntasks: [pawsx]\n")
        with pytest.raises(CardError, match=r"suite 'mine' stands in suites\.yaml too"):
            all_cards([tmp_path])

    def test_a_suite_is_asked_for_by_name_or_by_its_file(self, tmp_path: Path) -> None:
        file = tmp_path / "suite.yaml"
        file.write_text("suite: mine\ntasks: [xnli]\n")
        assert asked_suite(str(file))[1] == asked_suite("mine", [tmp_path])[1] == "mine"
        with pytest.raises(CardError, match=r"--suite: unknown suite 'mine'; known: xtreme, .*--include-path"):
            asked_suite("mine")
        (tmp_path / "suites.yaml").write_text("one: {tasks: [xnli]}\ntwo: {tasks: [xnli]}\n")
        with pytest.raises(CardError, match="found one, two, expected one; name the suite"):
            asked_suite(str(tmp_path / "suites.yaml"))

    def test_cards_that_lie_beside_a_suite_are_found(self, tmp_path: Path) -> None:
        made(tmp_path, {"mine": {"tasks": ["topic", "xnli"]}})
        (tmp_path / "xnli.yaml").write_text("never read: there is a card of that name\n")
        cards, targets = asked_targets(str(tmp_path / "suites.yaml"))
        assert [t.card.name for t in targets] == ["topic", "xnli"]
        assert cards.places["topic"] == str(tmp_path / "topic.yaml")
        (tmp_path / "topic.yaml").write_text("name: topic\n")
        with pytest.raises(CardError, match=r"topic\.yaml: title: missing"):
            asked_targets(str(tmp_path / "suites.yaml"))
        (tmp_path / "xnli.yaml").unlink()
        (tmp_path / "topic.yaml").write_text(TOPIC.replace("accuracy", "acuracy"))
        with pytest.raises(CardError) as raised:
            all_cards([tmp_path])
        assert len(raised.value.faults) == 1  # a card of the folder is not read again for the suite

    def test_a_task_in_no_suite_is_said_to_be_in_none(self, tmp_path: Path) -> None:
        with pytest.raises(CardError, match="unknown task 'topic@xtreme': topic is in no suite"):
            select(made(tmp_path, {"mine": {"tasks": ["xnli"]}}), ["topic@xtreme"])


GROUPS = {"nli": ["xnli", "pawsx"], "tags": ["udpos"]}
QUOTES = ": YAML reads no, off, yes, on so; put it in quotes"
NAME = "expected true, false, or a name of letters, digits, - and _"
BROKEN: list[tuple[Any, list[str]]] = [
    ({"tasks": ["xnil", "pawsx"]}, ["mine.tasks[0]: unknown task 'xnil' (did you mean 'xnli'?)"]),
    ({"groups": {"a": ["pawsx", "xnil"]}}, ["mine.groups.a[1]: unknown task 'xnil' (did you mean 'xnli'?)"]),
    ({"tasks": []}, ["mine.tasks: none; name some, here or under groups"]),
    ({"title": "nothing else"}, ["mine.tasks: none; name some, here or under groups"]),
    ({"tasks": ["xnli", "xnli"]}, ["mine.tasks[1]: 'xnli' stands twice"]),
    (
        {"tasks": ["xnli"], "groups": {"a": ["pawsx"], "b": []}},
        ["mine.groups.b: Tuple should have at least 1 item after validation, not 0 (found [])"],
    ),
    (
        {"tasks": ["xnli"], "groups": {"a": ["xnil"]}, "metrics": {"pawsx": "accuracy"}},
        [
            "mine.groups.a[0]: 'xnil' is not among the suite's tasks (did you mean 'xnli'?)",
            "mine.metrics.pawsx: 'pawsx' is not among the suite's tasks",
        ],
    ),
    (
        {"tasks": ["xnli", "pawsx"], "languages": {"pawsx": ["de", "sw"], "xnil": ["de"]}},
        ["mine.languages.xnil: 'xnil' is not among the suite's tasks (did you mean 'xnli'?)"],
    ),
    (
        {"tasks": ["xnli", "pawsx"], "languages": {"pawsx": ["de", "sw", "dee", "deu"]}},
        [
            "mine.languages.pawsx[1]: pawsx does not have 'sw'; there are de, en, es, fr, ja, ko, zh",
            "mine.languages.pawsx[2]: pawsx does not have 'dee' (did you mean 'de'?)",
            "mine.languages.pawsx[3]: 'deu' stands twice",
        ],
    ),
    (
        {"tasks": ["xnli", "pawsx"], "languages": ["sw", "gr", "qu"]},
        [
            "mine.languages.*[1]: none of the tasks has 'gr' (did you mean 'el'?)",
            "mine.languages.*[2]: none of the tasks has 'qu'; "
            "there are ar, bg, de, el, en, es, fr, hi, ru, sw, th, tr, ur, vi, zh, ja, ko",
            "mine.languages: pawsx has none of them; name its own under languages.pawsx, or leave the task out",
        ],
    ),
    (
        {"tasks": ["xnli"], "languages": "de"},
        ["mine.languages: expected a list of codes, or such lists by task (found 'de')"],
    ),
    (
        {"tasks": ["xnli"], "languages": [False]},
        [f"mine.languages.*[0]: Input should be a valid string (found False{QUOTES})"],
    ),
    (
        {"tasks": ["xnli"], "metrics": {"xnli": "acuracy"}},
        ["mine.metrics.xnli: unknown metric 'acuracy' (did you mean 'accuracy'?)"],
    ),
    (
        {"tasks": ["xnli", "xquad", "panx"], "metrics": {"xnli": "squad", "xquad": "entity_f1", "panx": "entity_f1"}},
        [
            "mine.metrics.xnli: squad compares texts, and the card's kind answers with labels; kind extractive_qa goes "
            "with it, or metric accuracy, macro_f1, weighted_f1, binary_f1, f1_accuracy, matthews",
            "mine.metrics.xquad: entity_f1 compares tags, and the card's kind answers with texts; kind "
            "token_classification goes with it, or metric accuracy, squad, squad_v2, mlqa",
        ],
    ),
    (
        {"tasks": ["xnli"], "mean": "families"},
        ["mine.mean: Input should be 'tasks', 'groups' or 'languages' (found 'families')"],
    ),
    (
        {"tasks": ["xnli", "pawsx", "udpos"], "groups": {"nli": ["xnli"]}, "mean": "groups"},
        ["mine.mean: a mean over groups leaves out pawsx, udpos; put them in groups"],
    ),
    (
        {"groups": GROUPS, "overall": "my mean"},
        [f"mine.overall: {NAME} for the overall mean (found 'my mean')"],
    ),
    ({"groups": GROUPS, "overall": "xnli"}, ["mine.overall: 'xnli' is a task of the same file; give it another name"]),
    (
        {"groups": GROUPS, "overall": "tags"},
        ["mine.overall: 'tags' is the name of another mean of this suite; give it another"],
    ),
    (
        {"groups": {**GROUPS, "xharness": ["xnli"], "a,b": ["xnli"], "xnli_de": ["xnli"]}},
        [
            "mine.groups.xharness: 'xharness' is another key of the same file; give it another name",
            "mine.groups.a,b: found 'a,b', expected a name of letters, digits, - and _",
            "mine.groups.xnli_de: 'xnli_de' is a cell of the same file; give it another name",
        ],
    ),
    ({"tasks": ["xnli"], "metric": {}}, ["mine.metric: unknown key (did you mean 'metrics'?)"]),
]  # fmt: skip


@pytest.mark.parametrize(("suite", "faults"), BROKEN, ids=range(len(BROKEN)))
def test_faults_are_told_one_a_line(tmp_path: Path, suite: Any, faults: list[str]) -> None:
    assert faults_of(tmp_path, {"mine": suite}) == faults


def test_faults_of_a_suite_alone_in_its_file_name_no_suite(tmp_path: Path) -> None:
    found = faults_of(tmp_path, {"suite": "mine", "tasks": ["xnil"], "titel": "t"}, "mine.yaml")
    assert found == ["titel: unknown key (did you mean 'title'?)"]
    assert faults_of(tmp_path, {"suite": "mine", "tasks": ["xnil"]}, "mine.yaml") == [
        "tasks[0]: unknown task 'xnil' (did you mean 'xnli'?)"
    ]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("xnli", "xnli: 'xnli' is the name of a task; give the suite another"),
        ("topic", "topic: 'topic' is the name of a task; give the suite another"),
        ("tasks", "tasks: 'tasks' is the name of what is asked for by name; give the suite another"),
        ("tagging", "tagging: 'tagging' is the name of a group of the suite xtreme; give the suite another"),
        ("themes", "themes: 'themes' is the name of a group of the card topic; give the suite another"),
        ("nli", "nli: 'nli' is the name of a group of the suite nli; give the suite another"),
        ("../up", "found '../up', expected a name of letters, digits, - and _"),
        (7, "found 7, expected a name of letters, digits, - and _"),
    ],
)
def test_names_that_are_taken_or_none(tmp_path: Path, name: Any, fault: str) -> None:
    assert faults_of(tmp_path, {name: {"groups": GROUPS}}) == [fault]


def test_all_faults_of_all_suites_together(tmp_path: Path) -> None:
    suites = {"one": {"tasks": ["xnil"]}, "two": {"tasks": ["xnli"], "languages": ["qu"], "metrics": {"xnli": "f2"}}}
    assert [fault.partition(":")[0] for fault in faults_of(tmp_path, suites)] == [
        "one.tasks[0]", "two.languages.*[0]", "two.languages", "two.metrics.xnli",
    ]  # fmt: skip


def test_what_names_a_suite_and_a_kind_is_a_card_that_meant_suites(tmp_path: Path) -> None:
    (tmp_path / "topic.yaml").write_text(TOPIC + "suite: mine\n")
    with pytest.raises(CardError, match=r"topic.yaml: suite: unknown key \(did you mean 'suites'\?\)"):
        all_cards([tmp_path])
