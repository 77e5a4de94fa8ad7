"""Which checkpoint at hand serves a unit that is not trained on English alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import ModelError
from xtreme_harness.data.trained_on import TrainedOn
from xtreme_harness.models.checkpoint import Checkpoint, read_checkpoint
from xtreme_harness.plan.serving import find_serving, languages_fault, serving_fields

ENGLISH = TrainedOn(("en",), "en", task="agree")
GERMAN = TrainedOn(("de",), "en", train_on="target", task="agree")
ALL = TrainedOn(("en", "de"), "en", train_on="all", task="agree")
CHOSEN = TrainedOn(("en",), "de", select_on="target", task="agree")
TOLD_GERMAN = {"train_on": {"agree": "de"}, "train_languages": {"agree": ["de"]}}
TOLD_ALL = {"train_on": {"agree": "all"}, "train_languages": {"agree": ["en", "de", "sw"]}}
TOLD_CHOSEN = {"select_on": {"agree": "target"}, "select_language": {"agree": "de"}}


def checkpoint(folder: Path, told: dict[str, Any] | None = None) -> Path:
    """The small files of a checkpoint; told: what the last stage of its lineage says, None: it has no lineage."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    if told is not None:
        last = {"stage": "target", **told}
        (folder / "xharness.json").write_text(json.dumps({"lineage": [{"stage": "base"}, last]}))
    return folder


def read(folder: Path) -> Checkpoint:
    return read_checkpoint(folder, folder.name)


@pytest.mark.parametrize(
    ("there", "unit", "trained", "found"),
    [
        (["agree.de", "agree", "."], "agree.de", GERMAN, "agree.de"),
        (["heads/agree.de", "heads/agree", "."], "agree.de", GERMAN, "heads/agree.de"),
        (["agree", "."], "agree.de", GERMAN, "agree"),
        (["agree"], "agree.de", GERMAN, "agree"),
        (["agree.sw", "."], "agree.de", GERMAN, "."),
        (["agree", "agree.de"], "agree", ENGLISH, "agree"),
        (["agree.all", "agree"], "agree.all", ALL, "agree.all"),
        (["agree", "."], None, None, "."),
    ],
)
def test_the_folder_of_the_languages_comes_first(
    tmp_path: Path, there: list[str], unit: str | None, trained: TrainedOn | None, found: str
) -> None:
    for name in there:
        checkpoint(tmp_path / "m" / name)
    assert find_serving(str(tmp_path / "m"), unit, trained, None).path == tmp_path / "m" / found


def test_what_is_not_there_is_called_by_its_whole_name(tmp_path: Path) -> None:
    checkpoint(tmp_path / "m/agree.sw")
    with pytest.raises(ModelError, match=r"nor a checkpoint for 'agree\.de' in this folder; it has .* agree\.sw"):
        find_serving(str(tmp_path / "m"), "agree.de", GERMAN, None)


@pytest.mark.parametrize(
    ("name", "told", "trained", "asked", "fault"),
    [
        ("any", None, ENGLISH, True, None),
        ("any", None, GERMAN, False, None),
        ("any", None, GERMAN, True, "any: nothing says that it was trained on de"),
        ("agree.de", None, GERMAN, True, None),
        ("any", {}, GERMAN, False, None),
        ("any", {}, GERMAN, True, "any: was trained on English, not on de"),
        ("agree.de", {}, GERMAN, False, "agree.de: was trained on English, not on de"),
        ("any", TOLD_GERMAN, GERMAN, True, None),
        ("any", TOLD_GERMAN, ENGLISH, False, None),
        ("any", TOLD_GERMAN, ENGLISH, True, "any: was trained on de, not on English"),
        ("any", TOLD_GERMAN, ALL, True, "any: was trained on de, not on en, de"),
        ("any", TOLD_ALL, ALL, True, None),
        ("any", TOLD_ALL, GERMAN, True, "any: was trained on en, de, sw, not on de"),
        ("any", {}, CHOSEN, True, "any: was trained on English, not on English (weights chosen on de)"),
        ("any", TOLD_CHOSEN, CHOSEN, True, None),
        ("any", {**TOLD_GERMAN, "train_on": 5, "train_languages": {"agree": [1]}}, ENGLISH, True, None),
    ],
)
def test_a_lineage_that_says_something_else_is_no_match(
    tmp_path: Path, name: str, told: dict[str, Any] | None, trained: TrainedOn, asked: bool, fault: str | None
) -> None:
    found = read(checkpoint(tmp_path / name, told))
    assert languages_fault(found, f"agree{trained.suffix}", trained, asked) == fault


@pytest.mark.parametrize(
    ("name", "told", "trained", "fields"),
    [
        ("any", None, ENGLISH, {}),
        ("any", {}, ENGLISH, {}),
        ("any", None, GERMAN, {"train_on": "unknown"}),
        ("agree.de", None, GERMAN, {"train_on": "target", "train_languages": ["de"]}),
        ("any", {}, GERMAN, {}),
        ("any", TOLD_GERMAN, GERMAN, {"train_on": "target", "train_languages": ["de"]}),
        ("any", TOLD_GERMAN, ENGLISH, {"train_on": "de", "train_languages": ["de"]}),
        ("any", TOLD_ALL, ENGLISH, {"train_on": "all", "train_languages": ["en", "de", "sw"]}),
        ("any", TOLD_CHOSEN, ENGLISH, {"select_on": "target", "select_language": "de"}),
    ],
)
def test_what_a_checkpoint_says_of_itself_is_recorded(
    tmp_path: Path, name: str, told: dict[str, Any] | None, trained: TrainedOn, fields: dict[str, Any]
) -> None:
    found = read(checkpoint(tmp_path / name, told))
    assert serving_fields(found, f"agree{trained.suffix}", trained) == fields


def test_of_several_tasks_each_has_its_own(tmp_path: Path) -> None:
    told = {"train_on": {"other": "all"}, "train_languages": {"other": ["en", "de"]}}
    found = read(checkpoint(tmp_path / "any", told))
    assert serving_fields(found, "agree", ENGLISH) == {}


@pytest.mark.parametrize(
    ("trained", "suffix", "words"),
    [
        (ENGLISH, "", "English"),
        (GERMAN, ".de", "de"),
        (ALL, ".all", "en, de"),
        (CHOSEN, ".dev-de", "English"),
        (TrainedOn(("de", "sw"), "sw", train_on="de+sw", select_on="target"), ".de+sw.dev-sw", "de, sw"),
        (TrainedOn(("eng_Latn",), "eng_Latn", "eng_Latn"), "", "English"),
    ],
)
def test_units_are_named_after_their_languages(trained: TrainedOn, suffix: str, words: str) -> None:
    assert (trained.suffix, trained.words) == (suffix, words)
