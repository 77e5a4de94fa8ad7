from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.export import FORMATS as OFFERED
from xtreme_harness.exports import FORMATS


def test_every_format_is_offered() -> None:
    assert tuple(FORMATS) == OFFERED


@pytest.mark.parametrize("place", ["", "results.json"], ids=["folder", "file"])
def test_prints(xharness: Callable[..., Any], oracle_run: Path, place: str) -> None:
    done = xharness("export", oracle_run / place, "--format", "lm-eval", "--model-id", "org/model")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)["model_name"] == "org/model"


def test_writes(xharness: Callable[..., Any], oracle_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "new" / "table.tex"
    done = xharness("export", oracle_run, "--format", "latex", "-o", file)
    assert (done.status, done.out) == (0, f"latex: {file}\n")
    assert file.read_text("utf-8").startswith("% \\usepackage{booktabs}")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--format", "hf-eval-results"], "computed on the sample data"),
        (["--format", "markdown", "--model-id", "model"], "found 'model', expected ORG/NAME"),
        (["--format", "excel"], "'excel' is not one of"),
        ([], "Missing option '--format'"),
    ],
    ids=["samples", "model-id", "format", "no format"],
)
def test_wrong_use(xharness: Callable[..., Any], oracle_run: Path, args: list[str], message: str) -> None:
    done = xharness("export", oracle_run, *args)
    assert (done.status, done.out) == (2, "")
    assert message in done.errors[0]


def test_no_run(xharness: Callable[..., Any], tmp_path: Path) -> None:
    done = xharness("export", tmp_path, "--format", "csv")
    assert done.status == 2
    assert done.errors == [f"error: {tmp_path / 'results.json'}: no such file; expected the results.json of "
                           "`xharness eval`, or its folder"]  # fmt: skip
