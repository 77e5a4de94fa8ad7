"""What 0.1.0 left is read, resumed and used like what is written now."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.version_1 import as_version_1
from xtreme_harness import evaluate
from xtreme_harness.errors import OutputError
from xtreme_harness.jobs import Watch
from xtreme_harness.results import version_1
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result

pytestmark = pytest.mark.slow

OPTIONS: dict[str, dict[str, Any]] = {
    "suites": {"model": "random", "tasks": ["xtreme", "xtreme-r"]},
    "names": {"model": "random", "tasks": ["xnli", "xtreme-r", "tatoeba", "tatoeba@xtreme-r"], "languages": "de,en"},
    "dev": {"model": "majority", "tasks": ["xtreme"], "split": "dev"},
    "limited": {"model": "oracle", "tasks": ["xquad"], "limit": 2},
    "seeds": {"model": "random", "tasks": ["xnli", "xtreme-r"], "seeds": [1, 2]},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """A run of now, and as 0.1.0 would have left it."""
    root = tmp_path_factory.mktemp("version-1")

    def pair(name: str) -> tuple[Path, Path]:
        new, old = root / "2" / name, root / "1" / name  # paths of one length: tables show them
        if not new.exists():
            evaluate(data="samples", output=new, log_samples=True, **OPTIONS[name])
            as_version_1(new, old)
        return new, old

    return pair


def facts(result: Result, seeds: bool) -> dict[str, Any]:
    """What must be equal, without what 0.1.0 did not know: the languages' variance, and languages not asked for."""
    means = [
        (
            m.scope,
            m.level,
            m.name,
            m.key,
            m.metric,
            m.values,
            m.spread,
            m.uncertainty if seeds else None,
            m.parts,
            m.lacking,
        )
        for m in result.means
    ]
    ended = [replace(cell, rows=None) for cell in result.cells]
    return {
        "cells": ended, "means": means, "absent": result.absent, "official": result.official, "split": result.split,
        "seeds": result.seeds, "limit": result.limit, "datasets": result.datasets, "signature": result.signature,
        "missing": result.missing, "config": result.config, "method": result.method,
    }  # fmt: skip


@pytest.mark.parametrize("rows", [True, False], ids=["with rows", "without"])
@pytest.mark.parametrize("name", OPTIONS)
def test_it_says_the_same(made: Callable[[str], tuple[Path, Path]], name: str, rows: bool) -> None:
    new, old = (facts(read_result(folder, rows), name == "seeds") for folder in made(name))
    assert old == new


@pytest.mark.parametrize("name", OPTIONS)
def test_all_its_cells_are_kept(made: Callable[[str], tuple[Path, Path]], name: str, tmp_path: Path) -> None:
    new, _ = made(name)
    out = as_version_1(new, tmp_path / "out")
    before = {file: file.read_bytes() for file in out.rglob("cells/*/*.json")}
    ended = []
    evaluate(data="samples", output=out, log_samples=True, watch=Watch(cell=ended.append), **OPTIONS[name])
    assert {one.status for one in ended} == {"kept"}
    assert len(ended) == len(before)
    assert {file: file.read_bytes() for file in before} == before
    again, once = (json.loads((folder / "results.json").read_text("utf-8"))["xharness"] for folder in (out, new))
    assert again == once


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "RUN", "OTHER", "--paired-bs", "100", "--by-language"],
        ["gate", "OTHER", "RUN", "--paired-bs", "100"],
        ["export", "RUN", "--format", "csv"], ["export", "RUN", "--format", "markdown"],
        ["export", "RUN", "--format", "eee"], ["leaderboard", "--with", "RUN"],
        ["report", "RUN", "OTHER", "-o", "PAGE"],
        ["submission", "check", "RUN/predictions/xtreme", "--suite", "xtreme"],
    ],
    ids=lambda command: " ".join(command[:1] + command[3:4]),
)  # fmt: skip
def test_commands_print_the_same(
    made: Callable[[str], tuple[Path, Path]], command: list[str], tmp_path: Path, xharness: Callable[..., Any]
) -> None:
    printed = []
    for run, other in zip(made("suites"), made("names"), strict=True):
        page = tmp_path / "page.html"
        words = [w.replace("RUN", str(run)).replace("OTHER", str(other)).replace("PAGE", str(page)) for w in command]
        ended = xharness(*words)
        text = "".join([ended.out, ended.err, page.read_text("utf-8") if page.exists() else ""])
        printed.append((ended.status, text.replace(str(other), "OTHER").replace(str(run), "RUN")))
    assert printed[0][0] in (0, 1)
    assert printed[0] == printed[1]


def test_a_metric_that_no_signature_names_is_said(made: Callable[[str], tuple[Path, Path]], tmp_path: Path) -> None:
    raw = json.loads((made("limited")[1] / "results.json").read_text("utf-8"))
    raw["xharness"]["cells"][0]["signature"] = "xquad|metric:bleu|v:0"
    (tmp_path / "results.json").write_text(json.dumps(raw), "utf-8")
    with pytest.raises(OutputError, match=r"results\.json: xquad \w+: no known metric in the signature xquad"):
        read_result(tmp_path)


def test_another_file_of_that_version_is_said(made: Callable[[str], tuple[Path, Path]], tmp_path: Path) -> None:
    raw = json.loads((made("limited")[1] / "results.json").read_text("utf-8"))
    del raw["group_subtasks"]
    (tmp_path / "results.json").write_text(json.dumps(raw), "utf-8")
    with pytest.raises(OutputError, match=r"not as xharness 0\.1\.0 wrote it \(KeyError\('group_subtasks'\)\)"):
        read_result(tmp_path)


def test_a_failed_cell_of_a_task_asked_for_by_name_is_absent_there() -> None:
    own = {"official": {}, "missing": [], "failed": {"tatoeba@xtreme-r de": "out of\n memory"}}
    raw = {"group_subtasks": {}, "xharness": {**own, "cells": [], "uncertainty": {"scopes": {}}}}
    found = version_1.results(raw, "results.json")["xharness"]["absent"]
    assert found == {"tasks": {"tatoeba@xtreme-r": {"de": "failed: out of memory"}}}
