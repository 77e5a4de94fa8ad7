"""`xharness submission check`, `pack` and `labels` as a user sees them."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.broken_submissions import BROKEN, SIZE, Broken, write_lareqa
from tests.fixtures.generated_folders import write_folders
from xtreme_harness import evaluate

pytestmark = pytest.mark.slow

SUITES = ("xtreme", "xtreme-r")
Run = Callable[..., Any]
METADATA = {
    "model": "tiny",
    "suite": "xtreme",
    "contact": "someone@example.org",
    "licence": "CC0-1.0",
    "parameters": 1000,
    "pretraining_languages": 40,
    "pretraining_data": "Wikipedia",
    "fine_tuning_data": "English",
    "translations": "none",
    "seeds": [1, 2],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions and labels of both suites, without fault; read only."""
    root = tmp_path_factory.mktemp("whole")
    for suite in SUITES:
        write_folders(root / suite, suite, 3, size=SIZE)
    return root


@pytest.fixture(scope="module")
def random_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of `random` on the samples; read only."""
    out = tmp_path_factory.mktemp("random") / "out"
    evaluate("random", list(SUITES), data="samples", output=out)
    return out


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the folders of a suite."""
    return lambda suite: Path(shutil.copytree(whole / suite, tmp_path / suite))


@pytest.fixture
def metadata(tmp_path: Path) -> Callable[..., Path]:
    """Write a metadata file; a field of None is left out."""

    def write(**changes: object) -> Path:
        fields = {key: value for key, value in (METADATA | changes).items() if value is not None}
        path = tmp_path / "about.yaml"
        path.write_text(yaml.safe_dump(fields))
        return path

    return write


@pytest.mark.parametrize("suite", SUITES)
def test_check_of_a_good_submission(xharness: Run, whole: Path, suite: str) -> None:
    place = whole / suite
    run = xharness("submission", "check", place / "predictions", "--suite", suite, "--labels", place / "labels")
    assert (run.status, run.err) == (0, "")
    assert run.out == f"{place / 'predictions'}: no faults, ready for {suite}\n"
    run = xharness("submission", "check", place / "predictions", "--suite", suite)
    assert (run.status, run.err) == (0, "")
    assert run.out.endswith("(numbers of answers and ids were not checked: give --labels DIR)\n")


@pytest.mark.parametrize("broken", BROKEN)
def test_check_of_a_broken_submission(xharness: Run, whole: Path, broken: Broken, tmp_path: Path) -> None:
    found, labels = tmp_path / "predictions", whole / broken.suite / "labels"
    shutil.copytree(whole / broken.suite / "predictions", found)
    broken.change(found)
    run = xharness("submission", "check", found, "--suite", broken.suite, "--labels", labels)
    assert run.status == 1
    assert broken.explains(run.err.splitlines(), found)
    number = len(broken.faults)
    assert run.out == f"{found}: {number} fault{'s' if number > 1 else ''}\n"
    run = xharness("submission", "check", found, "--suite", broken.suite)
    if broken.seen == "labels":
        assert (run.status, run.err) == (0, "")
    else:
        assert run.status == 1
        assert broken.explains(run.err.splitlines(), found)


def test_check_takes_a_folder_that_serves_both_suites(xharness: Run, whole: Path, tmp_path: Path) -> None:
    for suite in SUITES:
        shutil.copytree(whole / suite / "predictions", tmp_path / "both", dirs_exist_ok=True)
    write_lareqa(tmp_path / "both", "ar de el en es hi ru th tr vi zh")
    (tmp_path / "both/metadata.yaml").write_text("x")
    (tmp_path / "both/.hidden").write_text("x")
    (tmp_path / "both/xnli/.DS_Store").write_text("x")
    for suite in SUITES:
        run = xharness("submission", "check", tmp_path / "both", "--suite", suite)
        assert (run.status, run.err) == (0, "")


def test_check_without_the_labels_of_some_tasks(xharness: Run, folder: Callable[[str], Path]) -> None:
    place = folder("xtreme")
    shutil.rmtree(place / "labels/xnli")
    (place / "labels/panx/test-de.tsv").unlink()
    run = xharness("submission", "check", place / "predictions", "--suite", "xtreme", "--labels", place / "labels")
    assert (run.status, run.err) == (0, "")


@pytest.mark.parametrize("what", ["predictions", "labels"])
def test_check_of_nothing(xharness: Run, whole: Path, tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("x")
    for path, message in ((tmp_path / "none", "no such folder"), (tmp_path / "file", "is a file, expected a folder")):
        places = [path] if what == "predictions" else [whole / "xtreme/predictions", "--labels", path]
        run = xharness("submission", "check", *places, "--suite", "xtreme")
        assert (run.status, run.out) == (2, "")
        assert run.errors[0].startswith(f"error: {path}: {message}")


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "not UTF-8": (lambda file: file.write_bytes(b"\xe9\n" * 9), "not UTF-8"),
    "nested": (lambda file: file.write_text('{"a":' * 50_000), ""),
    "a long number": (lambda file: file.write_text(f'{{"label": {"9" * 6000}}}'), ""),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "cannot be read (Is a directory)"),
    "a pipe": (lambda file: (file.unlink(), os.mkfifo(file)), "is no file, expected the "),
    "a link to nothing": (lambda file: (file.unlink(), file.symlink_to("nowhere")), "such file"),
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("side", ["predictions", "labels"])
@pytest.mark.parametrize(
    "name", ["xquad/test-de.json", "xcopa/test-et.jsonl", "udpos/test-de.tsv", "mewslix/test-de.json"]
)
def test_check_lists_what_cannot_be_read(
    xharness: Run, folder: Callable[[str], Path], what: str, side: str, name: str
) -> None:
    place = folder("xtreme-r")
    change, said = UNREADABLE[what]
    change(place / side / name)
    (place / "predictions/xnli/test-de.tsv").unlink()
    asked = ("submission", "check", place / "predictions", "--suite", "xtreme-r", "--labels", place / "labels")
    run = xharness(*asked)
    assert run.status == 1
    lines = run.err.splitlines()
    assert f"{place / 'predictions/xnli/test-de.tsv'}: missing" in lines
    (first, *_) = [line for line in lines if line.startswith(f"{place / side / name}")]
    assert said in first
    assert all(line.startswith(str(place)) for line in lines)


def test_check_of_an_empty_folder(xharness: Run, tmp_path: Path) -> None:
    run = xharness("submission", "check", tmp_path, "--suite", "xtreme")
    assert run.status == 1
    assert len(run.err.splitlines()) == 9


@pytest.mark.parametrize("suite", SUITES)
def test_what_eval_writes_lacks_languages_alone(xharness: Run, random_run: Path, tmp_path: Path, suite: str) -> None:
    labels = tmp_path / "labels"
    assert xharness("submission", "labels", "--data", "samples", "--suite", suite, "--to", labels).status == 0
    place = random_run / "predictions" / suite
    run = xharness("submission", "check", place, "--suite", suite, "--labels", labels)
    assert run.status == 1
    missing = json.loads((random_run / f"leaderboard-{suite}.json").read_text())["xharness"]["missing"]
    faults = run.err.splitlines()
    assert len(faults) == len(missing)
    optional = "; lareqa is optional: give all its languages, or remove the folder"
    assert {fault.removesuffix(optional).rpartition(": ")[2] for fault in faults} == {"missing"}


@pytest.mark.parametrize("run_fixture", ["random_run", "demo_run", "oracle_run"])
@pytest.mark.parametrize("suite", SUITES)
def test_score_gives_the_figures_of_eval(
    xharness: Run, request: pytest.FixtureRequest, tmp_path: Path, run_fixture: str, suite: str
) -> None:
    out: Path = request.getfixturevalue(run_fixture)
    labels = tmp_path / "labels"
    xharness("submission", "labels", "--data", "samples", "--suite", suite, "--to", labels)
    places = ["--predictions", out / "predictions" / suite, "--labels", labels, "--suite", suite]
    run = xharness("score", *places, "--partial")
    assert (run.status, run.err) == (0, "")
    found, wanted = json.loads(run.out), json.loads((out / f"leaderboard-{suite}.json").read_text())
    own = [one.pop("xharness") for one in (found, wanted)]
    assert json.dumps(found) == json.dumps(wanted)
    compared = own[0].keys() - {"mode", "partial", "udpos_convention", "missing"}
    assert compared >= {"panx", "udpos", "complete", "limited"}
    assert compared >= {"lareqa", "xtreme_r_mean_9", "xtreme_r_mean_10"} or suite == "xtreme"
    assert {key: json.dumps(own[0][key]) for key in compared} == {key: json.dumps(own[1][key]) for key in compared}


# Runs with --limit, and packing.


@pytest.fixture(scope="module")
def limited_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("limited") / "out"
    evaluate("random", ["xtreme"], data="samples", output=out, limit=2)
    return out


def test_check_refuses_a_limited_run(
    xharness: Run, limited_run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = f": comes from a run with --limit ({limited_run.resolve() / 'results.json'}); run it again without"
    place = limited_run / "predictions/xtreme"
    run = xharness("submission", "check", place, "--suite", "xtreme")
    assert run.status == 1
    assert run.err.splitlines()[-1] == f"{place}{said}"
    monkeypatch.chdir(place)
    run = xharness("submission", "check", ".", "--suite", "xtreme")
    assert run.err.splitlines()[-1] == f".{said}"


def test_pack_refuses_a_limited_run(
    xharness: Run, limited_run: Path, tmp_path: Path, metadata: Callable[..., Path]
) -> None:
    place = limited_run / "predictions/xtreme"
    out = tmp_path / "out.zip"
    run = xharness("submission", "pack", place, "--suite", "xtreme", "--metadata", metadata(), "-o", out)
    assert run.status == 2
    assert "comes from a run with --limit" in run.errors[0]
    assert not out.exists()


def test_pack_as_zip(xharness: Run, whole: Path, tmp_path: Path, metadata: Callable[..., Path]) -> None:
    place, out = whole / "xtreme/predictions", tmp_path / "new/out.zip"
    about = metadata()
    run = xharness("submission", "pack", place, "--suite", "xtreme", "--metadata", about, "-o", out)
    assert (run.status, run.out, run.err) == (0, f"packed: {out}\n", "")
    with zipfile.ZipFile(out) as archive:
        assert len(archive.namelist()) == 162 + 1
        assert archive.read("metadata.yaml") == about.read_bytes()
        archive.extractall(tmp_path / "unpacked")
    labels = whole / "xtreme/labels"
    run = xharness("submission", "check", tmp_path / "unpacked", "--suite", "xtreme", "--labels", labels)
    assert (run.status, run.err) == (0, "")


def test_pack_as_folder(xharness: Run, whole: Path, tmp_path: Path, metadata: Callable[..., Path]) -> None:
    place, out = whole / "xtreme-r/predictions", tmp_path / "out"
    about = metadata(suite="xtreme-r")
    run = xharness("submission", "pack", place, "--suite", "xtreme-r", "--metadata", about, "-o", out)
    assert (run.status, run.err) == (0, "")
    assert len([path for path in out.rglob("*") if path.is_file()]) == 192 + 1
    assert xharness("submission", "check", out, "--suite", "xtreme-r").status == 0


def test_pack_lists_the_faults_of_all(
    xharness: Run, folder: Callable[[str], Path], tmp_path: Path, metadata: Callable[..., Path]
) -> None:
    place = folder("xtreme") / "predictions"
    (place / "xnli/test-de.tsv").unlink()
    about = metadata(suite="xtreme-r", contact=None, parameters=-1, modle="x")
    run = xharness("submission", "pack", place, "--suite", "xtreme", "--metadata", about, "-o", tmp_path / "out")
    assert run.status == 2
    assert [line.partition(" (found")[0] for line in run.errors] == [
        f"error: {about}: contact: missing",
        f"error: {about}: parameters: Input should be greater than 0",
        f"error: {about}: modle: unknown key (did you mean 'model'?)",
        f"error: {place}/xnli/test-de.tsv: missing",
    ]
    assert not (tmp_path / "out").exists()


# Labels.


def test_labels_of_the_samples(xharness: Run, tmp_path: Path) -> None:
    run = xharness(
        "-q", "submission", "labels", "--data", "samples", "--suite", "xtreme-r", "--to", tmp_path / "labels"
    )
    assert run.status == 0
    written = [path for path in (tmp_path / "labels").rglob("*") if path.is_file()]
    assert run.out == f"{len(written)} label files in {tmp_path / 'labels'}\n"
    assert {path.parent.name for path in written} == {
        "xnli", "panx", "udpos", "tatoeba", "xcopa", "lareqa", "mewslix", "xquad", "mlqa", "tydiqa",
    }  # fmt: skip


def test_labels_of_data_without_gold(xharness: Run, tmp_path: Path) -> None:
    data = tmp_path / "download"
    (data / "xnli").mkdir(parents=True)
    (data / "pawsx").mkdir()
    (data / "xnli/test-de.tsv").write_text("Ein Satz.\tNoch einer.\n" * 3)
    (data / "pawsx/test-de.tsv").write_text("Ein Satz.\tNoch einer.\t1\n" * 3)
    run = xharness("submission", "labels", "--data", data, "--suite", "xtreme", "--to", tmp_path / "labels")
    assert run.status == 3
    lines = run.err.splitlines()
    assert [line for line in lines if line.startswith("not written")] == [
        f"not written: xnli de: {data} has no gold: the organisers removed it"
    ]
    assert "pawsx de: 3 labels" in lines
    assert [str(p.relative_to(tmp_path / "labels")) for p in (tmp_path / "labels").rglob("*.tsv")] == [
        "pawsx/test-de.tsv"
    ]
    assert (tmp_path / "labels/pawsx/test-de.tsv").read_text() == "1\n1\n1\n"
    shutil.rmtree(data / "pawsx")
    run = xharness("submission", "labels", "--data", data, "--suite", "xtreme", "--to", tmp_path / "none")
    assert run.status == 2
    assert not (tmp_path / "none").exists()


def test_labels_without_data(xharness: Run, tmp_path: Path) -> None:
    run = xharness("submission", "labels", "--data", tmp_path / "x", "--suite", "xtreme", "--to", tmp_path / "labels")
    assert run.status == 2
    assert len(run.errors) == 1
    assert not (tmp_path / "labels").exists()
