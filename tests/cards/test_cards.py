"""Task cards: those that ship, and what is said of broken ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from xtreme_harness import CardError
from xtreme_harness.cards import Cards, TaskCard, digest, folder, read_suites
from xtreme_harness.cards.suites import has_suites
from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.hub import SHAPES
from xtreme_harness.kinds import KINDS
from xtreme_harness.languages import is_code
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import all_cards

CARDS = all_cards()
FILES = sorted(
    f
    for f in folder().rglob("*.yaml")
    if f.parent.name != "recipes" and not has_suites(f, yaml.safe_load(f.read_bytes()))
)
TARGETS = {
    "xnli",
    "pawsx",
    "xcopa",
    "udpos",
    "panx",
    "xquad",
    "mlqa",
    "tydiqa",
    "bucc2018",
    "tatoeba",
    "mewslix",
    "lareqa",
}

GOOD = """\
name: mine
title: t
kind: sequence_classification
metric: accuracy
licence: none
labels: [a, b]
languages: [en, de]
official:
  format: tsv
  files: {test: "mine/test-{language}.tsv"}
  options: {columns: {text_a: 0, text_b: 1, label: 2}}
"""


def read(place: Path, text: str) -> Cards:
    place.write_text(text, "utf-8")
    return all_cards([place])


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
class TestShipped:
    """One test a card."""

    def test_loads_and_names_what_exists(self, file: Path) -> None:
        card = CARDS.tasks[file.stem]
        assert card.kind in KINDS
        assert card.metric in METRICS
        assert set(card.options) <= set(KINDS[card.kind].options)
        assert all(map(is_code, card.all_languages))
        assert card.title
        assert card.licence
        for source in card.file_sources:
            assert source.format in FORMATS
        if card.hub:
            assert card.hub.shape in SHAPES

    def test_the_hub_source_is_pinned(self, file: Path) -> None:
        hub = CARDS.tasks[file.stem].hub
        assert hub is None or (hub.revision and len(hub.revision) == 40) or hub.note, (
            "no pin, and no note that says why"
        )

    def test_file_patterns_name_the_task_in_the_official_layout(self, file: Path) -> None:
        card = CARDS.tasks[file.stem]
        if not card.suites or card.official is None:
            return
        for roles in card.official.files.values():
            for role, patterns in roles.items():
                names = (card.name, role)  # lareqa is trained on files that are another task's, under its name
                assert any(p.startswith(tuple(f"{n}/" for n in names)) or "/" not in p for p in patterns), patterns

    def test_digest_tells_cards_apart(self, file: Path) -> None:
        card = CARDS.tasks[file.stem]
        assert digest(card) == digest(TaskCard.model_validate({**card.model_dump(), "options": card.said_options}))
        assert len({digest(other) for other in CARDS.tasks.values()}) == len(CARDS.tasks)


def test_digest_follows_what_changes_a_number() -> None:
    card = CARDS.card("xnli")
    same = {"title": "another", "note": "read me", "citation": "", "licence": "?", "url": "", "selection": "dev"}
    assert digest(card.model_copy(update=same)) == digest(card)
    assert digest(card.model_copy(update={"selection": "none"})) != digest(card)
    assert digest(card.model_copy(update={"labels": card.labels[::-1]})) != digest(card)


RECORDED = {  # by version 0.1.0: a fingerprint has them in it, and a run that was begun then goes on
    "xnli": "9a16c2b6735271e612fb35bc56aaf0a200ea74f7d30a5797139a0685d96ff907",
    "xcopa": "fa11d86f7ca39561e80711069a8a74ac8faa00353e27e74bf52818f4003ad138",
    "udpos": "e650005cb3d7f8f2e38097be10b9f3345e4bd61022a7c8e32a5d0b1ead7e8bd2",
    "xquad": "c7d9fe4127517fd76049b268b46244403f2c8f2c23435c3cd1515c76caa96927",
    "tatoeba": "d6dea092fad390021ac7cc22a3b69b73c31abb00fd1181cd5585579247472579",
    "bucc2018": "4658813303ed39b4faf75ef6443b6621c3b39242d52aee85dd5cf5983c953877",
    "mewslix": "1df916fa6ea33aeca53578595d8b432256b7152ad61dfab32849d1f17083ad43",
    "squad_v2": "3903b0061ee8ca951832ab8f414ac86124cc81806e6861d87481ed8451e976b4",
    "anli_plus": "da1eb2e352e889424bced143d92265ce4ce2bad6ca1a8ea944e6d3ead6625025",
}


@pytest.mark.parametrize("task", RECORDED)
def test_digests_are_what_they_were(task: str) -> None:
    assert digest(CARDS.card(task)) == RECORDED[task]


class TestOptions:
    """What a card says, over what its kind has."""

    def test_are_laid_over_the_kinds_when_a_card_is_loaded(self) -> None:
        for card in CARDS.tasks.values():
            assert set(card.options) == set(KINDS[card.kind].options)
            assert card.options == {**KINDS[card.kind].options, **card.said_options}

    def test_the_digest_has_what_the_card_says_even_where_it_is_the_default(self, tmp_path: Path) -> None:
        silent = read(tmp_path / "mine.yaml", GOOD).tasks["mine"]
        said = read(tmp_path / "mine.yaml", GOOD + "options: {max_length: 128}\n").tasks["mine"]
        assert silent.options == said.options == {"max_length": 128}
        assert (silent.said_options, said.said_options) == ({}, {"max_length": 128})
        assert digest(silent) != digest(said) == digest(silent.with_options({"max_length": 128}))


def test_the_twelve_targets_are_there_and_in_the_suites() -> None:
    assert set(CARDS.tasks) >= TARGETS
    assert {t for name in ("xtreme", "xtreme-r") for t in CARDS.suites[name].tasks} == TARGETS
    assert len(CARDS.suites["xtreme"].tasks) == 9
    assert len(CARDS.suites["xtreme-r"].tasks) == 10


@pytest.mark.parametrize(
    ("task", "extension"),
    [
        ("xnli", "tsv"),
        ("udpos", "tsv"),
        ("tatoeba", "tsv"),
        ("bucc2018", "tsv"),
        ("xquad", "json"),
        ("mlqa", "json"),
        ("tydiqa", "json"),
        ("mewslix", "json"),
        ("lareqa", "json"),
        ("xcopa", "jsonl"),
    ],
)
def test_extensions_of_official_files(task: str, extension: str) -> None:
    assert CARDS.tasks[task].extension == extension


def test_groups_find_their_tasks() -> None:
    groups = CARDS.groups()
    assert groups["qa"] == ("xquad", "mlqa", "tydiqa")
    assert groups["multi_choice"] == ("xcopa",)
    assert set(groups["retrieval"]) == {"bucc2018", "tatoeba", "mewslix"}  # not those of the suite `world`
    assert groups["grammar"] == ("multiblimp",)


def test_a_card_written_by_hand_is_taken(tmp_path: Path) -> None:
    card = read(tmp_path / "mine.yaml", GOOD).tasks["mine"]
    assert card.all_languages == ("en", "de")
    assert card.official is not None
    assert card.official.files["test"]["rows"] == ("mine/test-{language}.tsv",)


FAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "empty": ("", ("{}: found nothing, expected a mapping of keys",)),
    "list": ("- a\n", ("{}: found a list, expected a mapping of keys",)),
    "text": ("just words\n", ("{}: found a str, expected a mapping of keys",)),
    "key twice": (GOOD + "title: u\n", ("{}:12: key 'title' stands twice",)),
    "deep key twice": (GOOD + "options: {max_length: 1, max_length: 2}\n", ("{}:12: key 'max_length' stands twice",)),
    "nothing but a name": (
        "name: mine\n",
        tuple("{}: " + f"{key}: missing; every card needs it" for key in ("title", "kind", "metric", "licence")),
    ),
    "unknown kind": (
        GOOD.replace("sequence_classification", "sequence_clasification"),
        ("{}: kind: unknown kind 'sequence_clasification' (did you mean 'sequence_classification'?)",),
    ),
    "a kind that others have": (
        GOOD.replace("sequence_classification", "text_classification"),
        ("{}: kind: unknown kind 'text_classification'; known: " + ", ".join(sorted(KINDS)),),
    ),
    "a code that a source alone has": (
        GOOD.replace("official:\n", "official:\n  languages: {jp: ja, de: ger}\n"),
        ("{}: official.languages: key: unknown code 'jp' (did you mean 'ja'?)",),
    ),
    "unknown metric": (
        GOOD.replace("accuracy", "acuracy"),
        ("{}: metric: unknown metric 'acuracy' (did you mean 'accuracy'?)",),
    ),
    "misspelt key": (
        GOOD.replace("licence", "license"),
        ("{}: licence: missing; every card needs it", "{}: license: unknown key (did you mean 'licence'?)"),
    ),
    "unknown language": (GOOD.replace("de]", "gr]"), ("{}: languages[1]: unknown code 'gr' (did you mean 'el'?)",)),
    "language of a suite": (
        GOOD + "suites: {xtreme: {languages: [de, xq]}}\n",
        (
            "{}: suites.xtreme.languages[1]: unknown code 'xq'; expected BCP 47 or ISO 639-3, such as sw, swh_Latn, "
            "zh-Hant",
        ),
    ),
    "Norwegian": (
        GOOD.replace("[en, de]", "[no]"),
        (
            "{}: languages[0]: Input should be a valid string "
            "(found False: YAML reads no, off, yes, on so; put it in quotes)",
        ),
    ),
    "numbers for labels": (
        GOOD.replace("[a, b]", "[0, b]"),
        ("{}: labels[0]: Input should be a valid string (found 0)",),
    ),
    "name of another file": (
        GOOD.replace("name: mine", "name: other"),
        ("{}: name: found 'other', expected 'mine', the name of the file",),
    ),
    "unknown format": (
        GOOD.replace("format: tsv", "format: tvs"),
        ("{}: official.format: unknown format 'tvs' (did you mean 'tsv'?)",),
    ),
    "option of the format": (
        GOOD.replace("{columns", "{colums"),
        ("{}: official.options.colums: unknown option 'colums' (did you mean 'columns'?)",),
    ),
    "option of the kind": (
        GOOD + "options: {max_lenght: 3}\n",
        ("{}: options.max_lenght: unknown option 'max_lenght' (did you mean 'max_length'?)",),
    ),
    "alias of no label": (GOOD + "aliases: {c: d}\n", ("{}: aliases.c: 'd' is not one of the labels",)),
    "no source": (GOOD.split("official")[0], ("{}: no source: give at least one of hub, official, upstream",)),
    "path on the Hub": (
        GOOD + "hub: {path: xnli, splits: {test: test}}\n",
        ("{}: hub.path: String should match pattern '^[\\w.-]+/[\\w.-]+$' (found 'xnli')",),
    ),
    "moving revision": (
        GOOD + "hub: {path: a/b, revision: main, splits: {test: test}}\n",
        ("{}: hub.revision: String should match pattern '^[0-9a-f]{40}$|^refs/convert/parquet$' (found 'main')",),
    ),
    "shape on the Hub": (
        GOOD + "hub: {path: a/b, shape: foo, splits: {test: test}}\n",
        ("{}: hub.shape: unknown shape 'foo'; known: annotated, bucc, parallel, qrels, rows, squad, squad_sentences",),
    ),
    "key inside a source": (
        GOOD + "hub: {path: a/b, split: {test: test}}\n",
        ("{}: hub.splits: missing; it is needed here", "{}: hub.split: unknown key (did you mean 'splits'?)"),
    ),
    "unknown split": (
        GOOD.replace("{test:", "{validation:"),
        ("{}: official.files.validation: Input should be 'train', 'held_out', 'dev' or 'test' (found 'validation')",),
    ),
    "unknown suite": (
        GOOD + "suites: {hundred: {languages: [en]}}\n",
        ("{}: suites.hundred: unknown suite 'hundred'; known: xtreme, xtreme-r, glue, world",),
    ),
    "suite without languages": (
        GOOD + "suites: {xtreme: {langs: [en]}}\n",
        (
            "{}: suites.xtreme.languages: missing; it is needed here",
            "{}: suites.xtreme.langs: unknown key (did you mean 'languages'?)",
        ),
    ),
    "unknown training unit": (GOOD + "train: [mnil]\n", ("{}: train[0]: unknown task 'mnil' (did you mean 'mnli'?)",)),
    "part nobody has": (
        GOOD + "parts: [snil]\n",
        ("{}: parts[0]: unknown task 'snil' (did you mean 'snli'?)",),
    ),
    "parts of another kind, with other labels, with parts": (
        GOOD + "parts: [copa, anli_plus]\n",
        (
            "{}: parts[0]: 'copa' has kind multiple_choice, expected sequence_classification as in this card",
            "{}: parts[0]: 'copa' has labels [], expected [a, b] as in this card",
            "{}: parts[1]: 'anli_plus' has parts of its own; name these",
        ),
    ),
    "selection": (
        GOOD + "selection: test\n",
        ("{}: selection: Input should be 'dev', 'held_out' or 'none' (found 'test')",),
    ),
    "extension": (
        GOOD + "extension: csv\n",
        ("{}: extension: Input should be 'tsv', 'json' or 'jsonl' (found 'csv')",),
    ),
    "four at once": (
        GOOD.replace("accuracy", "acuracy").replace("[en, de]", "[gr, jp]").replace("format: tsv", "format: tvs"),
        (
            "{}: metric: unknown metric 'acuracy' (did you mean 'accuracy'?)",
            "{}: official.format: unknown format 'tvs' (did you mean 'tsv'?)",
            "{}: languages[0]: unknown code 'gr' (did you mean 'el'?)",
            "{}: languages[1]: unknown code 'jp' (did you mean 'ja'?)",
        ),
    ),
    "include of nothing": (
        "include: nothing.yaml\n",
        ("{}: include: 'nothing.yaml' is neither beside this card nor among those that are shipped",),
    ),
    "include of itself": ("include: mine.yaml\n", ("{}: include: 'mine.yaml' includes itself",)),
}


@pytest.mark.parametrize("case", FAULTS)
def test_faults_of_a_card(tmp_path: Path, case: str) -> None:
    text, messages = FAULTS[case]
    file = tmp_path / "mine.yaml"
    with pytest.raises(CardError) as raised:
        read(file, text)
    assert raised.value.faults == tuple(message.replace("{}", str(file), 1) for message in messages)


@pytest.mark.parametrize("text", ["a: [1\n", "name:\tmine\n\tfoo: 1\n", "a: &x [*y]\n", "\x00"])
def test_what_is_no_yaml_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(CardError) as raised:
        read(tmp_path / "mine.yaml", text)
    (fault,) = raised.value.faults
    assert fault.startswith(f"{tmp_path}/mine.yaml: not YAML: ")
    assert "\n" not in fault


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(b"title: \xff\n")
    with pytest.raises(CardError, match=r"mine\.yaml: not UTF-8 \(byte 7\)"):
        all_cards([tmp_path])


def test_faults_of_several_files_come_together(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.yaml").write_text(GOOD.replace("name: mine", f"name: {name}").replace("accuracy", "acc"))
    with pytest.raises(CardError) as raised:
        all_cards([tmp_path, tmp_path / "nowhere"])
    assert [fault.partition(".yaml")[0] for fault in raised.value.faults[:-1]] == [
        f"{tmp_path}/{n}" for n in ("one", "three", "two")
    ] or (len(raised.value.faults) == 4)
    assert f"{tmp_path}/nowhere: no such card or folder of cards" in raised.value.faults


class TestInclude:
    """A card that takes another's keys."""

    def test_takes_over_and_changes(self, tmp_path: Path) -> None:
        text = "include: xnli.yaml\ntitle: mine\nsuites: null\nlanguages: [de]\noptions: {max_length: 64}\n"
        card, base = read(tmp_path / "mine.yaml", text).tasks["mine"], CARDS.tasks["xnli"]
        assert (card.name, card.title, card.all_languages) == ("mine", "mine", ("de",))
        assert card.options == {**base.options, "max_length": 64}
        assert (card.labels, card.aliases, card.hub) == (base.labels, base.aliases, base.hub)

    def test_a_card_beside_it_comes_before_one_that_ships(self, tmp_path: Path) -> None:
        shipped: dict[str, Any] = yaml.safe_load((folder() / "xnli.yaml").read_text("utf-8"))
        (tmp_path / "xnli.yaml").write_text(yaml.safe_dump({**shipped, "title": "near"}))
        assert read(tmp_path / "mine.yaml", "include: xnli.yaml\n").tasks["mine"].title == "near"

    def test_goes_through_several_steps(self, tmp_path: Path) -> None:
        (tmp_path / "first.yaml").write_text("include: xnli.yaml\nlicence: mine\ntitle: first\n")
        card = read(tmp_path / "second.yaml", "include: first.yaml\ntitle: second\n").tasks["second"]
        assert (card.licence, card.title) == ("mine", "second")

    def test_a_ring_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "one.yaml").write_text("include: two.yaml\n")
        (tmp_path / "two.yaml").write_text("include: one.yaml\n")
        with pytest.raises(CardError, match="includes itself"):
            all_cards([tmp_path / "one.yaml"])


SUITES: list[tuple[Any, str]] = [
    (5, "mine: Input should be a valid dictionary or instance of Suite (found 5)"),
    ({"title": "t", "tasks": "xnli", "groups": {}}, "mine.tasks: Input should be a list (found 'xnli')"),
    ({"title": 5, "tasks": [], "groups": {}}, "mine.title: Input should be a valid string (found 5)"),
    ({"title": "t", "tasks": [], "groups": {"a": 1}}, "mine.groups.a: Input should be a list (found 1)"),
    ({"title": "t", "tasks": [], "groups": {}, "overal": True}, "mine.overal: unknown key (did you mean 'overall'?)"),
    (
        {"title": "t", "tasks": [], "groups": {}, "overall": 1},
        "mine.overall: expected true, false, or a name of letters, digits, - and _ for the overall mean (found 1)",
    ),
    ({"groups": {}}, "mine.tasks: none; name some, here or under groups"),
]


@pytest.mark.parametrize(("suite", "message"), SUITES)
def test_faults_of_suites(tmp_path: Path, suite: Any, message: str) -> None:
    (tmp_path / "suites.yaml").write_text(yaml.safe_dump({"mine": suite}), "utf-8")
    faults: list[str] = []
    assert read_suites(tmp_path / "suites.yaml", faults) == {}
    assert faults == [f"{tmp_path}/suites.yaml: {message}"]


def test_the_cards_in_the_readme_are_taken(tmp_path: Path) -> None:
    text = (folder() / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```yaml\n(name: (\w+)\n.*?)^```", text, re.M | re.S)
    assert {"mynli", "mytopics", "myner"} <= {name for _, name in blocks}
    for card, name in blocks:
        (tmp_path / f"{name}.yaml").write_text(card, "utf-8")
    assert {name for _, name in blocks} <= set(all_cards([tmp_path]).tasks)
