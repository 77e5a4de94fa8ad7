"""What a run left, with one thing changed: every reader gives a result or says in one line what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Finished, Made
from tests.fixtures.tampering import tampered
from xtreme_harness import evaluate
from xtreme_harness.errors import OutputError, XHarnessError
from xtreme_harness.plan.standing import find_trained, find_trial, refuse_other
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import read_samples, texts
from xtreme_harness.results.series import read_entries
from xtreme_harness.training.translated import quality_table, read_quality

pytestmark = pytest.mark.slow
FIGURES = ("task", "language", "status", "metric", "n", "metrics", "columns", "rows", "fields", "fingerprint")
ASKED: dict[str, Any] = {"data": "samples", "languages": "de,en", "log_samples": True}


@pytest.fixture(scope="module")
def kept(made_once: Made) -> Path:
    """A small run of every shape of cell."""
    tasks = ["xnli", "xquad", "bucc2018", "udpos", "tatoeba@xtreme-r"]
    return made_once("small-random", lambda out: evaluate("random", tasks, output=out, **ASKED))


@pytest.fixture
def run(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "run"))


def refused(read: Callable[[], object], place: Path | str) -> bool:
    """Is it refused, and then in few lines that name the place?"""
    try:
        read()
    except XHarnessError as error:
        assert 0 < len(error.faults) <= 11
        assert all(fault.startswith((f"{place}", "... and ")) and "\n" not in fault for fault in error.faults)
        return True
    return False


def each(file: Path) -> Iterator[str]:
    """Write a file anew with every change; what was changed."""
    text = file.read_text("utf-8")
    for name, value in tampered(json.loads(text)):
        file.write_text(json.dumps(value), "utf-8")
        yield name
    file.write_text(text, "utf-8")


def counted(file: Path, read: Callable[[], object]) -> tuple[list[str], int]:
    """The changes that are refused, and the number of all."""
    found = [(name, refused(read, file)) for name in each(file)]
    return [name for name, wrong in found if wrong], len(found)


@pytest.mark.parametrize("rows", [True, False], ids=["with rows", "without"])
def test_results_json(run: Path, rows: bool) -> None:
    file = run / "results.json"
    wrong, tried = counted(file, lambda: read_result(run, rows))
    assert tried > 2000
    assert len(wrong) > 0.7 * tried
    for name in ("xharness/cells/0/n -1", "xharness/cells twice", "xharness/schema_version huge", "date 1e999"):
        assert name in wrong


def test_what_is_accepted_can_be_used(run: Path, kept: Path, tmp_path: Path, xharness: Callable[..., Finished]) -> None:
    shutil.rmtree(run / "cells")
    commands = [
        ["compare", run, kept, "--paired-bs", "5"], ["gate", run, kept, "--paired-bs", "5"],
        ["gate", kept, run, "--paired-bs", "5"], ["report", run, "-o", tmp_path / "page.html"],
        ["leaderboard", "--with", run],
        *(["export", run, "--format", form] for form in ("lm-eval", "eee", "markdown", "latex", "csv")),
    ]  # fmt: skip
    used = 0
    for i, name in enumerate(each(run / "results.json")):
        if i % 30 or refused(lambda: read_result(run, False), run):
            continue
        used += 1
        for command in commands:
            ended = xharness(*command)
            assert ended.status in (0, 1, 2), name
            assert "unexpected" not in ended.err, name
    assert used > 10


@pytest.mark.parametrize("cell", ["xnli/de", "xquad/de", "bucc2018/de", "udpos/de", "tatoeba@xtreme-r/de"])
def test_cells(run: Path, cell: str) -> None:
    file = run / "cells" / f"{cell}.json"
    wrong, tried = counted(file, lambda: read_result(run))
    assert tried > 200
    for name in (
        "n -1",
        "rows missing",
        "rows/0 null",
        "rows/0/0 NaN",
        "metrics list",
        "fingerprint text",
        "fields null",
    ):
        assert name in wrong


def test_a_run_over_tampered_cells_computes_them_anew(run: Path) -> None:
    file = run / "cells/xnli/de.json"
    once = json.loads(file.read_text("utf-8"))
    for i, name in enumerate(each(file)):
        if i % 12:
            continue
        evaluate("random", ["xnli"], output=run, **{**ASKED, "languages": "de"})
        again = json.loads(file.read_text("utf-8"))
        assert {key: again[key] for key in FIGURES} == {key: once[key] for key in FIGURES}, name


@pytest.mark.parametrize("task", ["xnli", "xquad", "bucc2018", "udpos", "tatoeba@xtreme-r"])
def test_samples(run: Path, task: str) -> None:
    result, file = read_result(run), run / "samples" / task / "de.jsonl"
    line = file.read_text("utf-8").splitlines()[0]

    def read() -> None:
        for sample in read_samples(result, task, "de"):
            assert all(isinstance(text, str) for parts in texts(sample) for text in parts)

    for _, value in tampered(json.loads(line)):
        file.write_text(f"{line}\n{json.dumps(value)}\n", "utf-8")
        refused(read, f"{file}:2: ")
    file.write_text(line.replace('"id"', '"ID"', 1), "utf-8")
    assert refused(read, f"{file}:1: no logged example")


def test_a_series(tmp_path: Path) -> None:
    file = tmp_path / "series.json"
    file.write_text(json.dumps({"schema_version": 1, "runs": [{"name": "a", "path": "a", "step": 1}]}), "utf-8")
    wrong, tried = counted(file, lambda: read_entries(tmp_path))
    assert len(wrong) > 0.7 * tried


def test_notes_of_a_checkpoint(tmp_path: Path) -> None:
    own = {"stage": "target", "seed": 1, "steps": 2, "selected_step": 2, "dev": {"xnli": 50.0}, "examples": {"xnli": 3}}
    fields = {"base": "x", "tasks": {"xnli": {"data": {}}}}
    notes = {"stage": "target", "tasks": ["xnli"], "lineage": [own], "fields": fields}
    file = tmp_path / "xharness.json"
    file.write_text(json.dumps(notes), "utf-8")
    assert find_trained(tmp_path, fields) is not None
    for name in each(file):
        found = find_trained(tmp_path, fields)
        assert found is None or {"seed", "steps", "dev"} <= found.notes["lineage"][-1].keys(), name
        refused(lambda: refuse_other(tmp_path, fields), tmp_path)


def test_notes_of_a_trial(tmp_path: Path) -> None:
    own = {"stage": "target", "seed": 1, "steps": 2, "selected_step": 2, "dev": {"xnli": 50.0}, "examples": {"xnli": 3}}
    fields = {"base": "x", "tasks": {"xnli": {"data": {}}}}
    notes = {"stage": "target", "tasks": ["xnli"], "lineage": [own], "fields": fields}
    file = tmp_path / "trial.json"
    file.write_text(json.dumps({"fields": fields, "notes": notes}), "utf-8")
    known = find_trial(tmp_path, fields)
    assert known is not None
    assert known.score == 50.0
    for name in each(file):
        found = find_trial(tmp_path, fields)
        assert found is None or found.failed or isinstance(found.score, float), name
        refused(lambda: refuse_other(tmp_path, fields), tmp_path)


def test_reports_on_translations(tmp_path: Path) -> None:
    own = {"task": "xnli", "language": "de", "rows": 3, "empty": 0, "untranslated": 0, "lengths": 0, "labels": 0}
    file = tmp_path / "translations-xnli.json"
    file.write_text(json.dumps([{**own, "flagged": ["1"], "chrf": None, "bleu": 1.5, "signature": "x"}]), "utf-8")
    assert "xnli" in quality_table(read_quality(tmp_path))
    wrong, tried = counted(file, lambda: quality_table(read_quality(tmp_path)))
    assert len(wrong) > 0.7 * tried


def test_many_faults_are_counted(run: Path) -> None:
    file = run / "results.json"
    raw = json.loads(file.read_text("utf-8"))
    raw["xharness"]["cells"] = [None] * 50
    file.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(OutputError) as caught:
        read_result(run)
    assert caught.value.faults[0] == f"{file}: xharness.cells[0]: found null, expected an object"
    assert (len(caught.value.faults), caught.value.faults[-1]) == (11, "... and 40 more")
