"""`xharness score` as a user sees it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import second_opinion
from tests.fixtures.broken_submissions import BROKEN, SIZE, Broken, on_json, write_lareqa
from tests.fixtures.generated_folders import write_folders

pytestmark = pytest.mark.slow

SUITES = ("xtreme", "xtreme-r")
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions and labels of both suites, without fault; read only."""
    root = tmp_path_factory.mktemp("whole")
    for suite in SUITES:
        write_folders(root / suite, suite, 3, size=SIZE)
    return root


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the folders of a suite."""
    return lambda suite: Path(shutil.copytree(whole / suite, tmp_path / suite))


def sides(folder: Path, suite: str) -> list[object]:
    return ["--predictions", folder / "predictions", "--labels", folder / "labels", "--suite", suite]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_submission(xharness: Run, whole: Path, broken: Broken, tmp_path: Path) -> None:
    found, labels = tmp_path / "predictions", whole / broken.suite / "labels"
    shutil.copytree(whole / broken.suite / "predictions", found)
    broken.change(found)
    places = ["--predictions", found, "--labels", labels, "--suite", broken.suite]
    run = xharness("score", *places, "-o", tmp_path / "scores.json")
    if broken.seen == "check":
        assert (run.status, run.err) == (0, "")
        return
    assert run.status == 2
    assert run.out == ""
    assert broken.explains([line.removeprefix("error: ") for line in run.err.splitlines()], found)
    assert not list(tmp_path.glob("*.json*"))


def test_all_faults_together(xharness: Run, folder: Callable[[str], Path]) -> None:
    place = folder("xtreme")
    broken = [one for case in BROKEN if (one := case.values[0]).suite == "xtreme" and one.seen != "check"]
    chosen = [
        one for one in broken if one.name.startswith(("a Tatoeba row in", "words left", "BUCC columns", "a task of"))
    ]
    for one in chosen:
        one.change(place / "predictions")
    run = xharness("score", *sides(place, "xtreme"))
    assert run.status == 2
    assert len(run.errors) == sum(len(one.faults) for one in chosen) - 1  # the misnamed task is BUCC


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("flags", [[], ["--official"], ["--partial"]], ids=["strict", "official", "partial"])
def test_output_file(xharness: Run, whole: Path, tmp_path: Path, suite: str, flags: list[str]) -> None:
    out = tmp_path / "new" / "scores.json"
    run = xharness("score", *sides(whole / suite, suite), *flags, "-o", out)
    assert (run.status, run.err) == (0, "")
    layout = json.loads(out.read_text("utf-8"))
    assert list(layout)[-1] == "xharness"
    own = layout.pop("xharness")
    assert own["mode"] == (flags[0][2:] if flags else "strict")
    reference = second_opinion.evaluate(whole / suite / "predictions", whole / suite / "labels", suite)
    assert json.dumps(layout, indent=2) == reference
    assert out.read_text("utf-8").startswith(reference[:-2])  # to the byte
    assert f"| mlqa | {layout['mlqa']['avg_metric']:.2f} |" in " ".join(run.out.split())
    assert ("xtreme_r_mean_9" in run.out) == (suite == "xtreme-r")
    assert "PARTIAL" not in run.out
    assert run.out.endswith(f"scores: {out}\n")


def test_stdout_is_the_json_alone(xharness: Run, whole: Path) -> None:
    run = xharness("score", *sides(whole / "xtreme", "xtreme"))
    assert (run.status, run.err) == (0, "")
    assert "all_task" in json.loads(run.out)


def test_the_same_folders_give_the_same_bytes(xharness: Run, whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole / "xtreme-r", tmp_path / "elsewhere")
    found = [xharness("score", *sides(place, "xtreme-r")).out for place in (whole / "xtreme-r", tmp_path / "elsewhere")]
    assert found[0] == found[1]


def test_convention(xharness: Run, whole: Path) -> None:
    flags = ["--udpos-convention", "seqeval-1.2"]
    layout = json.loads(xharness("score", *sides(whole / "xtreme", "xtreme"), *flags).out)
    assert layout.pop("xharness")["udpos_convention"] == "seqeval-1.2"
    place = whole / "xtreme"
    reference = second_opinion.evaluate(place / "predictions", place / "labels", "xtreme", "seqeval-1.2")
    assert json.dumps(layout, indent=2) == reference


def test_partial_is_marked(xharness: Run, folder: Callable[[str], Path], tmp_path: Path) -> None:
    place = folder("xtreme")
    shutil.rmtree(place / "predictions/xnli")
    on_json("predictions/mlqa/test-de.json", lambda found: found.pop("mlqa-0") and None)(place)
    run = xharness("score", *sides(place, "xtreme"), "--partial", "-o", tmp_path / "scores.json")
    assert run.status == 0
    assert run.err == f"warning: mlqa de: 1 of {SIZE} ids without a prediction, left out\n"
    assert "score (PARTIAL)" in run.out
    own = json.loads((tmp_path / "scores.json").read_text())["xharness"]
    assert (own["partial"], own["complete"], len(own["missing"])) == (True, False, 16)


def test_the_official_crash_after_writing(xharness: Run, folder: Callable[[str], Path], tmp_path: Path) -> None:
    place = folder("xtreme-r")
    for side in ("predictions", "labels"):
        write_lareqa(place / side, "de")
    shutil.rmtree(place / "labels/mlqa")
    run = xharness("score", *sides(place, "xtreme-r"), "--official", "-o", tmp_path / "scores.json")
    assert run.status == 2
    assert run.errors == ["error: lareqa: the official script ends with a KeyError here, after it wrote its file"]
    assert json.loads((tmp_path / "scores.json").read_text())["lareqa"] == {}


def test_the_official_crash_before_writing(xharness: Run, folder: Callable[[str], Path], tmp_path: Path) -> None:
    place = folder("xtreme-r")
    for side in ("predictions", "labels"):
        write_lareqa(place / side, "de")
    run = xharness("score", *sides(place, "xtreme-r"), "--official", "-o", tmp_path / "scores.json")
    assert run.status == 2
    assert len(run.errors) == 1
    assert "KeyError 'avg_metric'" in run.err
    assert not (tmp_path / "scores.json").exists()


LABELS_WRONG = {
    "no folder": (lambda labels: shutil.rmtree(labels), ["{}: no such folder"]),
    "a task missing": (
        lambda labels: shutil.rmtree(labels / "pawsx"),
        ["{}/pawsx: missing, expected a folder with the labels of pawsx"],
    ),
    "a file missing": (
        lambda labels: (labels / "pawsx/test-de.tsv").unlink(),
        ["{}/pawsx/test-de.tsv: no such file"],
    ),
    "an empty file": (
        lambda labels: (labels / "pawsx/test-de.tsv").write_text(""),
        ["{}/pawsx/test-de.tsv: no labels"],
    ),
    "a byte-order mark": (
        lambda labels: (labels / "pawsx/test-de.tsv").write_bytes(b"\xef\xbb\xbf0\n"),
        ["{}/pawsx/test-de.tsv:1: begins with a byte-order mark; save it as UTF-8 without"],
    ),
    "no SQuAD file": (
        lambda labels: (labels / "mlqa/test-de.json").write_text("{}"),
        ["{}/mlqa/test-de.json: not a SQuAD label file: data: found nothing, expected a list"],
    ),
}


@pytest.mark.parametrize(("change", "faults"), LABELS_WRONG.values(), ids=LABELS_WRONG)
def test_labels_that_are_wrong(
    xharness: Run, folder: Callable[[str], Path], change: Callable[[Path], object], faults: list[str]
) -> None:
    place = folder("xtreme")
    change(place / "labels")
    run = xharness("score", *sides(place, "xtreme"))
    assert (run.status, run.out) == (2, "")
    assert run.err.splitlines() == [f"error: {fault.format(place / 'labels')}" for fault in faults]


def test_folders_the_wrong_way_round(xharness: Run, whole: Path) -> None:
    place = whole / "xtreme"
    run = xharness("score", "--predictions", place / "labels", "--labels", place / "predictions", "--suite", "xtreme")
    assert run.status == 2
    assert any("expected text" in line or "'version' beside the key 'data'" in line for line in run.errors)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--official", "--partial"], "--official and --partial exclude each other"),
        (["--suite", "xtrem"], "--suite: unknown suite 'xtrem' (did you mean 'xtreme'?)"),
        (["--udpos-convention", "1.2"], "'1.2' is not one of 'seqeval-0.0.12', 'seqeval-1.2'"),
        (["--predictions", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_wrong_use(xharness: Run, whole: Path, flags: list[str], message: str) -> None:
    run = xharness("score", *sides(whole / "xtreme", "xtreme"), *flags)
    assert (run.status, run.out) == (2, "")
    assert len(run.errors) == 1
    assert message in run.errors[0]


def test_output_that_cannot_be_written(xharness: Run, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file/scores.json", tmp_path):
        run = xharness("score", *sides(whole / "xtreme", "xtreme"), "-o", out)
        assert run.status == 2
        assert run.errors[0].startswith(f"error: {out}: cannot be written (")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_labels_of_another_task_are_refused(xharness: Any, oracle_run: Path, tmp_path: Path) -> None:
    """PAN-X labels replaced by UD-POS ones, which have as many lines."""
    labels = tmp_path / "labels"
    xharness("submission", "labels", "--data", "samples", "--suite", "xtreme", "--to", labels)
    for file in (labels / "panx").iterdir():
        file.write_bytes((labels / "udpos" / file.name).read_bytes())
    places = ["--predictions", oracle_run / "predictions/xtreme", "--labels", labels, "--suite", "xtreme"]
    run = xharness("score", *places, "--partial")
    assert run.status == 2
    assert f"{labels}/panx/test-de.tsv:1: label 'PROPN', expected one of O, B-PER" in run.err
