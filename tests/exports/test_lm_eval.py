from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import evaluate
from xtreme_harness.exports import export
from xtreme_harness.results.read import read_result

LIBRARY = "lm_eval.utils"
HOW = "make_table needs lm-eval: pip install --no-deps lm-eval"


def exported(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(export(read_result(folder), "lm-eval"))
    return found


def test_only_printed_names_differ_from_results_json(oracle_run: Path) -> None:
    found, kept = exported(oracle_run), json.loads((oracle_run / "results.json").read_text("utf-8"))
    for block in ("results", "groups"):
        for side in (found, kept):
            for entry in side[block].values():
                del entry["alias"]
    assert found == kept


def test_means_say_which_share_is_there(oracle_run: Path) -> None:
    found = exported(oracle_run)["groups"]
    assert found["pawsx"]["alias"] == "pawsx (6 of 7 languages)"
    assert found["bucc2018"]["alias"] == "bucc2018"
    assert found["xnli@xtreme-r"]["alias"] == "xnli@xtreme-r (7 of 15 languages)"


def test_limited_results_say_so_in_every_name(tmp_path: Path) -> None:
    evaluate("oracle", ["xnli", "xquad"], data="samples", output=tmp_path, limit=5)
    found = exported(tmp_path)
    names = [entry["alias"] for block in ("results", "groups") for entry in found[block].values()]
    assert all("LIMITED to 5" in name for name in names)
    assert found["config"]["limit"] == 5


def test_what_make_table_reads_is_there(oracle_run: Path) -> None:
    """What lm-eval 0.4 looks up: keys of every block, floats beside their errors, and a tree without loose ends."""
    found = exported(oracle_run)
    assert set(found["groups"]) <= set(found["results"])
    assert {child for children in found["group_subtasks"].values() for child in children} <= set(found["results"])
    for name, entry in found["results"].items():
        figures = {key: value for key, value in entry.items() if key != "alias"}
        assert figures
        assert all(isinstance(value, float) and 0 <= value <= 1 for value in figures.values()), name
        assert all(key.count(",") == 1 for key in figures)
        errors = [key for key in figures if "_stderr," in key]
        assert all(key.replace("_stderr,", ",") in figures for key in errors)
    for block in ("versions", "n-shot", "higher_is_better", "n-samples", "configs"):
        assert set(found[block]) == set(found["results"]) - set(found["groups"])


def test_groups_of_two_suites_hold_their_own_tasks(oracle_run: Path) -> None:
    found = exported(oracle_run)["group_subtasks"]
    assert found["tagging"] == ["udpos", "panx"]
    assert found["tagging@xtreme-r"] == ["udpos@xtreme-r", "panx@xtreme-r"]
    assert found["retrieval@xtreme-r"] == ["tatoeba@xtreme-r", "mewslix"]


@pytest.mark.slow
def test_lm_eval_prints_it(demo_run: Path) -> None:
    make_table = pytest.importorskip(LIBRARY, reason=HOW).make_table
    found = exported(demo_run)
    tasks, groups = make_table(found), make_table(found, "groups")
    assert "xtreme (8 of 9 tasks incomplete)" in groups
    row = next(line for line in tasks.splitlines() if "- xnli_de " in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:6] == [found["versions"]["xnli_de"], "none", "0", "acc", "↑"]
    entry = found["results"]["xnli_de"]
    assert float(cells[6]) == pytest.approx(entry["acc,none"], abs=1e-4)
    assert float(cells[8]) == pytest.approx(entry["acc_stderr,none"], abs=1e-4)
    assert (
        len([line for line in groups.splitlines() if "- tatoeba@xtreme-r " in line]) == 3
    )  # retrieval, means of 9, 10
