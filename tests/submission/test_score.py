"""`score_folders` against a second opinion, to the last bit; what it does in odd cases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import second_opinion
from tests.fixtures.broken_submissions import on_json, on_lines, removed, write_lareqa
from tests.fixtures.generated_folders import write_folders
from xtreme_harness.errors import DataError, PredictionError, XHarnessError
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.submission.score import CONVENTIONS, FolderScores, Mode, score_folders

pytestmark = pytest.mark.slow

CARDS = all_cards()
SUITES = ("xtreme", "xtreme-r")


def official_text(layout: Mapping[str, Any]) -> str:
    """What the official script would have written."""
    return json.dumps({key: value for key, value in layout.items() if key != "xharness"}, indent=2)


def scored(folder: Path, suite: str, mode: Mode = "strict", convention: str = "seqeval-0.0.12") -> FolderScores:
    return score_folders(folder / "predictions", folder / "labels", suite, CARDS, mode, convention)


def reference(folder: Path, suite: str, convention: str = "seqeval-0.0.12") -> str:
    return second_opinion.evaluate(folder / "predictions", folder / "labels", suite, convention)


@pytest.fixture
def folders(tmp_path: Path) -> Callable[..., Path]:
    """A folder with `predictions` and `labels` of a suite, without fault."""

    def make(suite: str, seed: int = 1, nasty: bool = False, size: int = 12) -> Path:
        write_folders(tmp_path / suite, suite, seed, nasty, size)
        return tmp_path / suite

    return make


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("mode", ["strict", "official", "partial"])
@pytest.mark.parametrize("seed", range(2))
def test_whole_submission(folders: Callable[..., Path], suite: str, mode: Mode, seed: int) -> None:
    folder = folders(suite, seed)
    for convention in CONVENTIONS:
        found = scored(folder, suite, mode, convention)
        assert official_text(found.layout) == reference(folder, suite, convention)
        assert not found.warnings
        assert not found.layout["xharness"]["partial"]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("seed", range(4))
def test_whole_submission_with_odd_content(folders: Callable[..., Path], suite: str, seed: int) -> None:
    folder = folders(suite, seed, nasty=True, size=9 + seed)
    for convention in CONVENTIONS:
        found = scored(folder, suite, "official", convention)
        assert official_text(found.layout) == reference(folder, suite, convention)
        assert any("2 of " in warning for warning in found.warnings)


@pytest.mark.parametrize("suite", SUITES)
def test_odd_content_is_faults_in_strict_mode(folders: Callable[..., Path], suite: str) -> None:
    with pytest.raises(PredictionError) as error:
        scored(folders(suite, nasty=True), suite)
    assert len(error.value.faults) == 101
    assert int(error.value.faults[-1].split()[2].replace(",", "")) > 100  # "... and 214 more"


def test_zeros_are_integers_where_the_official_script_writes_such(folders: Callable[..., Path]) -> None:
    folder = folders("xtreme")
    for language in ("de", "fr"):
        (folder / f"predictions/bucc2018/test-{language}.tsv").write_text(f"{language}-9\ten-9\n")
    path = folder / "predictions/udpos/test-af.tsv"
    path.write_text("".join("O\n" if line.strip() else "\n" for line in path.read_text().splitlines()))
    text = official_text(scored(folder, "xtreme").layout)
    assert text == reference(folder, "xtreme")
    assert text.count('"de": 0,') == 3
    assert text.count('"af": 0,') == 2
    assert text.count('"af": 0.0,') == 1  # no chunk of many was found
    later = official_text(scored(folder, "xtreme", convention="seqeval-1.2").layout)
    assert later == reference(folder, "xtreme", "seqeval-1.2")
    assert later.count('"af": 0.0,') == 3


def test_key_order_and_what_stands_under_xharness(folders: Callable[..., Path]) -> None:
    layout = scored(folders("xtreme-r"), "xtreme-r").layout
    groups = ["classification", "tagging", "qa", "retrieval", "multi_choice"]
    tasks = ["xnli", "panx", "udpos", "tatoeba", "xcopa", "mewslix", "xquad", "mlqa", "tydiqa"]
    assert list(layout) == [*groups, *tasks, "xharness"]
    own = layout["xharness"]
    assert own["xtreme_r_mean_9"] == second_opinion.mean([layout[task]["avg_metric"] for task in tasks])
    assert "xtreme_r_mean_10" not in own
    assert list(own["udpos"]) == list(own["panx"]) == ["accuracy", "avg_accuracy"]
    assert {one["task"] for one in own["missing"]} == {"lareqa"}
    assert (own["mode"], own["partial"], own["udpos_convention"]) == ("strict", False, "seqeval-0.0.12")


# What the official script does not take: it ends with a traceback, and so do we, with a message.


def no_more(name: str) -> Callable[[Path], None]:
    return removed(name)


def text(name: str, content: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(content, "utf-8") and None


def file_for_folder(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        shutil.rmtree(folder / name)
        (folder / name).write_text("x")

    return apply


def no_questions(found: dict[str, Any]) -> None:
    for article in found["data"]:
        article["paragraphs"] = []


def no_answers(found: dict[str, Any]) -> None:
    found["data"][0]["paragraphs"][0]["qas"][0]["answers"] = []


def both(name: str, content: str) -> Callable[[Path], None]:
    return lambda folder: [text(f"{side}/{name}", content)(folder) for side in ("predictions", "labels")] and None


REFUSED = {
    "no predictions": ("xtreme", no_more("predictions"), "predictions: no such folder"),
    "no labels": ("xtreme", no_more("labels"), "labels: no such folder"),
    "file for predictions": ("xtreme", file_for_folder("predictions"), "predictions: is a file, expected a folder"),
    "prediction file absent": (
        "xtreme",
        no_more("predictions/xnli/test-el.tsv"),
        "predictions/xnli/test-el.tsv: missing",
    ),
    "label file absent": ("xtreme", no_more("labels/mlqa/test-vi.json"), "labels/mlqa/test-vi.json: missing"),
    "jsonl for tsv": (
        "xtreme-r",
        lambda folder: (
            (folder / "predictions/xcopa/test-et.jsonl").rename(folder / "predictions/xcopa/test-et.tsv") and None
        ),
        "predictions/xcopa/test-et.jsonl: missing",
    ),
    "label count": (
        "xtreme",
        on_lines("predictions/pawsx/test-ko.tsv", lambda lines: lines[1:]),
        "predictions/pawsx/test-ko.tsv: 11 lines, expected 12",
    ),
    "label count by a blank line": (
        "xtreme",
        on_lines("predictions/pawsx/test-ko.tsv", lambda lines: [*lines, ""]),
        "predictions/pawsx/test-ko.tsv: 13 lines, expected 12",
    ),
    "choice count": (
        "xtreme-r",
        on_lines("labels/xcopa/test-th.jsonl", lambda lines: lines[1:]),
        "predictions/xcopa/test-th.jsonl: 12 lines, expected 11",
    ),
    "sentence count": (
        "xtreme",
        on_lines("predictions/udpos/test-zh.tsv", lambda lines: ["", *lines]),
        "predictions/udpos/test-zh.tsv: 13 sentences, expected 12",
    ),
    "no label in a line": (
        "xtreme-r",
        on_lines("predictions/xcopa/test-th.jsonl", lambda lines: ['{"answer": 1}', *lines[1:]]),
        "predictions/xcopa/test-th.jsonl:1: found",
    ),
    "blank line among choices": (
        "xtreme-r",
        on_lines("predictions/xcopa/test-th.jsonl", lambda lines: [*lines[1:], ""]),
        "predictions/xcopa/test-th.jsonl:12: found ''",
    ),
    "no labels to divide by": ("xtreme", both("xnli/test-de.tsv", ""), "labels/xnli/test-de.tsv: no labels"),
    "no questions": (
        "xtreme",
        on_json("labels/xquad/test-de.json", no_questions),
        "labels/xquad/test-de.json: no labels",
    ),
    "no answers": ("xtreme", on_json("labels/mlqa/test-de.json", no_answers), "question 1 of 12: no gold answer"),
    "gold list empty": (
        "xtreme-r",
        on_json("labels/mewslix/test-de.json", lambda found: found.update({"de-0": []})),
        "query 1 of 12: no gold id",
    ),
    "JSON cut off": ("xtreme", text("predictions/xquad/test-de.json", '{"a": "b"'), "test-de.json:1: not JSON"),
    "JSON with a byte-order mark": (
        "xtreme",
        text("predictions/xquad/test-de.json", "\ufeff{}"),
        "test-de.json:1: not JSON",
    ),
    "an answer that is no text": (
        "xtreme",
        on_json("predictions/xquad/test-de.json", lambda found: found.update({"xquad-0": 1})),
        "xquad-0: found 1, expected text",
    ),
    "not UTF-8": (
        "xtreme",
        lambda folder: (folder / "predictions/xnli/test-de.tsv").write_bytes(b"\xff\n" * 12) and None,
        "test-de.tsv: not UTF-8 (byte 0)",
    ),
}


@pytest.mark.parametrize(("suite", "change", "message"), REFUSED.values(), ids=REFUSED)
def test_ends_where_the_official_script_ends(
    folders: Callable[..., Path], suite: str, change: Callable[[Path], None], message: str
) -> None:
    folder = folders(suite)
    change(folder)
    with pytest.raises(XHarnessError) as error:
        scored(folder, suite, "official")
    assert len(error.value.faults) == 1
    assert message in str(error.value)
    with pytest.raises(Exception) as officially:
        reference(folder, suite)
    assert not isinstance(officially.value, second_opinion.CrashAfterWriting)
    with pytest.raises(XHarnessError):
        scored(folder, suite)


def test_later_seqeval_refuses_sentences_of_another_length(folders: Callable[..., Path]) -> None:
    folder = folders("xtreme")
    on_lines("predictions/udpos/test-zh.tsv", lambda lines: [lines[0], *lines])(folder)
    assert official_text(scored(folder, "xtreme", "official").layout) == reference(folder, "xtreme")
    with pytest.raises(PredictionError, match=r"test-zh\.tsv: sentence 1 has \d+ tags, expected \d+, and seqeval 1\.2"):
        scored(folder, "xtreme", "official", "seqeval-1.2")
    with pytest.raises(ValueError, match="lengths"):
        reference(folder, "xtreme", "seqeval-1.2")


# What the official script takes without a word.


def no_predictions(folder: Path) -> None:
    for task in ("xquad", "mlqa"):
        for path in (folder / "predictions" / task).iterdir():
            path.write_text("{}")


TAKEN = {
    "no task": ("xtreme", lambda folder: [shutil.rmtree(p) for p in (folder / "labels").iterdir()]),
    "a task without predictions": ("xtreme", no_more("predictions/panx")),
    "a task without labels": ("xtreme-r", no_more("labels/xcopa")),
    "one task alone": (
        "xtreme",
        lambda folder: [shutil.rmtree(p) for p in (folder / "predictions").iterdir() if p.name != "tydiqa"],
    ),
    "an unknown folder": ("xtreme", lambda folder: (folder / "predictions/other").mkdir()),
    "a file in the way": ("xtreme", file_for_folder("predictions/mlqa")),
    "another language": ("xtreme", text("predictions/xnli/test-xx.tsv", "x")),
    "no answers at all": ("xtreme", no_predictions),
    "no pairs": ("xtreme", both("bucc2018/test-ru.tsv", "")),
    "no sentences": ("xtreme", both("panx/test-ru.tsv", "")),
    "no mentions": ("xtreme-r", both("mewslix/test-fa.json", "{}")),
    "byte-order marks": ("xtreme", both("xnli/test-de.tsv", "\ufeffneutral\nneutral\n")),
    "one byte-order mark": ("xtreme", text("predictions/tatoeba/test-kk.tsv", "\ufeff" + "1\n" * 12)),
}


@pytest.mark.parametrize(("suite", "change"), TAKEN.values(), ids=TAKEN)
def test_goes_on_where_the_official_script_goes_on(
    folders: Callable[..., Path], suite: str, change: Callable[[Path], object]
) -> None:
    folder = folders(suite)
    change(folder)
    assert official_text(scored(folder, suite, "official").layout) == reference(folder, suite)


def test_official_mode_tells_what_it_passed_over(folders: Callable[..., Path]) -> None:
    folder = folders("xtreme")
    shutil.rmtree(folder / "predictions/pawsx")
    (folder / "predictions/xquad/test-de.json").write_text("{}")
    found = scored(folder, "xtreme", "official")
    own = found.layout["xharness"]
    assert found.warnings == ("xquad de: 12 of 12 ids without a prediction, scored 0",)
    assert (own["partial"], own["complete"]) == (True, False)
    assert [(m["task"], m["language"]) for m in own["missing"]] == [
        *(("pawsx", code) for code in ("de", "en", "es", "fr", "ja", "ko", "zh")),
        ("xquad", "de"),
    ]
    assert found.layout["xquad"]["f1"]["de"] == 0


# LAReQA: in the official table, without a reader or a metric.

LAREQA = "ar de el en es hi ru th tr vi zh"


def with_lareqa(folder: Path, sides: tuple[str, ...] = ("predictions", "labels"), languages: str = LAREQA) -> Path:
    for side in sides:
        write_lareqa(folder / side, languages)
    return folder


def test_lareqa_with_all_tasks_ends_the_official_script(folders: Callable[..., Path]) -> None:
    folder = with_lareqa(folders("xtreme-r"))
    with pytest.raises(PredictionError, match="lareqa: the official script ends with KeyError 'avg_metric'"):
        scored(folder, "xtreme-r", "official")
    with pytest.raises(KeyError, match="avg_metric"):
        reference(folder, "xtreme-r")


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "broken"])
def test_lareqa_without_another_task_ends_it_after_writing(folders: Callable[..., Path], broken: bool) -> None:
    folder = with_lareqa(folders("xtreme-r"))
    shutil.rmtree(folder / "predictions/xcopa")
    if broken:  # officially nobody opens it
        (folder / "predictions/lareqa/test-de.json").write_text("{")
    found = scored(folder, "xtreme-r", "official")
    with pytest.raises(second_opinion.CrashAfterWriting) as crash:
        reference(folder, "xtreme-r")
    assert official_text(found.layout) == str(crash.value)
    assert found.layout["lareqa"] == {}
    assert "lareqa: the official script ends with a KeyError here, after it wrote its file" in found.crash


def test_lareqa_is_scored_beside_the_official_layout(folders: Callable[..., Path]) -> None:
    folder = with_lareqa(folders("xtreme-r"))
    own = scored(folder, "xtreme-r").layout["xharness"]
    assert own["lareqa"]["avg_metric"] == 100.0
    assert own["complete"] is True
    assert own["missing"] == []
    assert own["xtreme_r_mean_10"] == pytest.approx((own["xtreme_r_mean_9"] * 9 + 100) / 10)


@pytest.mark.parametrize("side", ["predictions", "labels"])
def test_lareqa_on_one_side_is_not_scored(folders: Callable[..., Path], side: str) -> None:
    folder = with_lareqa(folders("xtreme-r"), (side,))
    for mode in ("strict", "official", "partial"):
        found = scored(folder, "xtreme-r", mode)
        assert official_text(found.layout) == reference(folder, "xtreme-r")
        assert "lareqa" not in found.layout["xharness"]
        assert not found.layout["xharness"]["partial"]


# Partial.


def test_partial_leaves_out_what_is_not_there(folders: Callable[..., Path]) -> None:
    folder = folders("xtreme")
    whole = scored(folder, "xtreme").layout
    shutil.rmtree(folder / "predictions/udpos")
    (folder / "predictions/xnli/test-ar.tsv").unlink()
    (folder / "labels/xnli/test-bg.tsv").unlink()
    layout = scored(folder, "xtreme", "partial").layout
    others = {code: value for code, value in whole["xnli"]["accuracy"].items() if code not in ("ar", "bg")}
    assert layout["xnli"]["accuracy"] == others
    assert "udpos" not in layout
    assert "tagging" not in layout
    assert "all_task" not in layout
    assert layout["panx"] == whole["panx"]
    own = layout["xharness"]
    assert (own["partial"], own["complete"], own["mode"]) == (True, False, "partial")
    reasons = {(m["task"], m["language"]): m["reason"] for m in own["missing"]}
    assert reasons["xnli", "ar"] == "no prediction file"
    assert reasons["xnli", "bg"] == "no label file"
    assert len(reasons) == 2 + 33


def test_partial_leaves_out_ids_that_are_not_there(folders: Callable[..., Path]) -> None:
    folder = folders("xtreme")
    on_json("predictions/xquad/test-de.json", lambda found: {"xquad-3": found["xquad-3"]})(folder)
    on_json("labels/xquad/test-en.json", lambda found: found)(folder)
    found = scored(folder, "xtreme", "partial")
    assert found.warnings == ("xquad de: 11 of 12 ids without a prediction, left out",)
    assert found.layout["xharness"]["partial"] is True
    assert found.layout["xharness"]["missing"] == [
        {"task": "xquad", "language": "de", "reason": "11 of 12 ids without a prediction, left out"}
    ]
    officially = scored(folder, "xtreme", "official").layout["xquad"]["f1"]["de"]
    assert found.layout["xquad"]["f1"]["de"] == pytest.approx(12 * officially)


def test_partial_still_refuses_what_is_broken(folders: Callable[..., Path]) -> None:
    folder = folders("xtreme")
    on_lines("predictions/xnli/test-ar.tsv", lambda lines: ["Neutral", *lines[2:]])(folder)
    (folder / "predictions/xquad/test-de.json").write_text('{"who": "x"}')
    with pytest.raises(PredictionError) as error:
        scored(folder, "xtreme", "partial")
    assert [fault.partition("predictions/")[2] for fault in error.value.faults] == [
        "xnli/test-ar.tsv: 11 lines, expected 12",
        "xnli/test-ar.tsv:1: found 'Neutral', expected one of contradiction, entailment, neutral "
        "(did you mean 'neutral'?)",
        "xquad/test-de.json: 1 unknown question ids: 'who'",
    ]


def test_partial_of_nothing_is_an_error(folders: Callable[..., Path], tmp_path: Path) -> None:
    folder = folders("xtreme")
    shutil.rmtree(folder / "labels")
    (folder / "labels").mkdir()
    with pytest.raises(DataError, match="no task of xtreme has files in both"):
        scored(folder, "xtreme", "partial")


def test_unknown_convention(folders: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"--udpos-convention 0: expected seqeval-0\.0\.12 or seqeval-1\.2"):
        scored(folders("xtreme"), "xtreme", convention="0")
