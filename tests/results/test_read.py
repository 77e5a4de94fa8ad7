"""Runs as they lie on disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness import evaluate
from xtreme_harness.data.sources import file_hash
from xtreme_harness.errors import OutputError
from xtreme_harness.metrics import METRICS, column_sums
from xtreme_harness.results.json_file import to_json
from xtreme_harness.results.read import read_result, read_seeds
from xtreme_harness.results.result import Result
from xtreme_harness.results.tables import by_language_table


@pytest.fixture
def copied(oracle_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(oracle_run, tmp_path / "run"))


def test_every_cell_is_read_with_its_rows(oracle_run: Path) -> None:
    run = read_result(oracle_run)
    assert run.model == "oracle"
    assert run.suites == ("xtreme", "xtreme-r")
    assert run.has_rows
    assert len(run.scored) == len(run.cells) == 100
    for (task, language), cell in run.scored.items():
        assert cell.name == f"{task} {language}"
        assert cell.rows is not None
        assert cell.rows.shape == (cell.n, len(METRICS[cell.metric].columns))
        assert METRICS[cell.metric].reduce(column_sums(cell.rows)) == pytest.approx(dict(cell.metrics))
    assert run.scored["xquad", "de"].ids is not None
    assert run.scored["panx", "de"].ids is None
    assert run.scored["xnli", "de"].samples == file_hash(oracle_run / "samples/xnli/de.jsonl")


def everything(result: Result) -> dict[str, Any]:
    """All fields, also the rows, without what only a result on disk has."""
    on_disk = {"file": None, "date": None, "environment": None}
    whole = asdict(replace(result, **on_disk))
    for cell in [*whole["cells"], *whole.pop("scored").values()]:
        cell["rows"] = cell["rows"].tolist() if cell["rows"] is not None else None
        cell["errors"] = {name: pytest.approx(error, rel=1e-12) for name, error in cell["errors"].items()}
    return whole


@pytest.mark.parametrize(
    "options",
    [
        {}, {"limit": 2, "seed": 7}, {"split": "dev"},
        {"tasks": ["xnli", "tatoeba@xtreme-r", "xtreme-r"], "languages": "de"},
    ],
    ids=["whole", "limited", "dev", "by name"],
)  # fmt: skip
def test_what_evaluate_returns_is_read_back(tmp_path: Path, options: dict[str, Any]) -> None:
    ask: dict[str, Any] = {"model": "random", "tasks": ["xtreme", "xtreme-r"], "data": "samples", **options}
    result = evaluate(output=tmp_path, **ask)
    found = read_result(tmp_path)
    assert sorted(found.means, key=str) == sorted(result.means, key=str)
    ordered = {"means": result.means}  # scope by scope when read
    assert everything(replace(found, **ordered)) == everything(result)
    assert found.path == tmp_path


def test_what_was_read_is_written_again(oracle_run: Path) -> None:
    kept = json.loads((oracle_run / "results.json").read_text("utf-8"))
    found = json.loads(json.dumps(to_json(read_result(oracle_run), float(kept["total_evaluation_time_seconds"]))))
    found["date"] = kept["date"]
    for block in ("results", "groups"):
        assert list(found[block]) == list(kept[block])
        for name, entry in kept.pop(block).items():
            assert found[block][name] == {k: v if k == "alias" else pytest.approx(v) for k, v in entry.items()}
        del found[block]
    assert found == kept


def test_without_rows_the_cells_stay_on_the_disk(copied: Path) -> None:
    shutil.rmtree(copied / "cells")
    run = read_result(copied, rows=False)
    whole = read_result(copied)
    assert run == whole
    assert not run.has_rows
    assert by_language_table(run).count("100.0") == by_language_table(whole).count("100.0") > 50


def test_results_json_alone_has_figures_without_rows(oracle_run: Path, tmp_path: Path) -> None:
    shutil.copy(oracle_run / "results.json", tmp_path / "mine.json")
    run = read_result(tmp_path / "mine.json")
    cell = run.scored["udpos", "de"]
    assert (cell.metric, cell.rows, cell.metrics["f1"]) == ("chunk_f1", None, 100.0)
    assert not run.has_rows


def test_seeds_are_read_in_their_order(oracle_run: Path, tmp_path: Path) -> None:
    for seed in (10, 2):
        shutil.copytree(oracle_run, tmp_path / f"seed-{seed}")
    runs = read_seeds(tmp_path)
    assert [run.seed for run in runs] == [2, 10]
    assert np.array_equal(runs[0].scored["xnli", "de"].rows, runs[1].scored["xnli", "de"].rows)  # type: ignore[arg-type]
    assert [run.seed for run in read_seeds(oracle_run)] == [42]


def test_a_cell_of_another_run_is_named(copied: Path) -> None:
    file = copied / "cells" / "xnli" / "de.json"
    record = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**record, "fingerprint": "0" * 64}), "utf-8")
    with pytest.raises(OutputError, match=r"xnli.de\.json: fingerprint 00000000, results\.json has \w{8}: it is of"):
        read_result(copied)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"results\.json: no such file; expected the results\.json of `xharness eval`, or its folder"),
        ("{", r"results\.json:1: not JSON"),
        ("[]", r"results\.json: found list, expected an object"),
        ("{}", r"results\.json: no `xharness` block"),
    ],
    ids=["absent", "broken", "list", "foreign"],
)
def test_what_is_no_run(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text, "utf-8")
    with pytest.raises(OutputError, match=message):
        read_seeds(tmp_path)


def broken(folder: Path, change: Callable[[dict[str, Any]], object]) -> tuple[str, ...]:
    file = folder / "results.json"
    raw = json.loads(file.read_text("utf-8"))
    change(raw)
    file.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(OutputError) as caught:
        read_result(folder)
    assert all(fault.startswith(f"{file}: ") for fault in caught.value.faults)
    return tuple(fault.removeprefix(f"{file}: ") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (lambda raw: raw["xharness"].update(schema_version=3),
         ["xharness.schema_version: found 3, expected 1 to 2; a newer xharness wrote it: update xharness"]),
        (lambda raw: raw.update(date="today", model_name=None),
         ['date: found "today", expected a number', "model_name: found null, expected a text"]),
        (lambda raw: raw["xharness"].pop("failed"), ["xharness.failed: missing, expected an object"]),
        (lambda raw: raw["xharness"].pop("split"), ["xharness.split: missing, expected test or dev"]),
        (lambda raw: raw["xharness"]["cells"][3].update(n="24", metric="bleu"),
         ['xharness.cells[3].n: found "24", expected a whole number from 1']),
        (lambda raw: raw["xharness"]["missing"][0].pop("reason"), ["xharness.missing[0].reason: missing"]),
        (lambda raw: raw["xharness"]["datasets"]["xnli"].update(rows=-1),
         ["xharness.datasets.xnli.rows: found -1, expected a whole number from 0"]),
        (lambda raw: raw["xharness"]["uncertainty"]["scopes"]["xtreme"]["tasks"]["xnli"].update(level="tasks"),
         ['xharness.uncertainty.scopes.xtreme.tasks.xnli.level: found "tasks", expected suite or group or task']),
        (lambda raw: raw["xharness"]["uncertainty"]["scopes"]["xtreme"]["tasks"]["xnli"]["parts"].append("qq"),
         ["xharness.uncertainty.scopes.xtreme.tasks.xnli.parts["]),
    ],
    ids=["newer", "top", "block", "this version's", "cells", "missing", "datasets", "means", "parts"],
)  # fmt: skip
def test_every_fault_names_file_key_found_and_expected(
    copied: Path, change: Callable[[dict[str, Any]], object], faults: list[str]
) -> None:
    found = broken(copied, change)
    assert len(found) == len(faults)
    assert all(one.startswith(start) for one, start in zip(found, faults, strict=True))
