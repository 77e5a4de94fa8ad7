from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.warm import CLI, Warm
from xtreme_harness import evaluate, evaluate_series
from xtreme_harness.errors import DataError, ModelError, OutputError
from xtreme_harness.evaluation.series import series_table
from xtreme_harness.files.folder import locked
from xtreme_harness.plan.series import find_members, is_series, series_output
from xtreme_harness.results.result import Result
from xtreme_harness.results.series import read_series

XNLI = ("--tasks", "xnli", "--languages", "de,sw", "--data", "samples", "--train", "never")


def folders(root: Path, names: Sequence[str]) -> str:
    """Empty folders, and the pattern that fits them."""
    for name in names:
        (root / name).mkdir(parents=True)
    return f"{root}/*"


@pytest.fixture
def training(checkpoint: Path, tmp_path: Path) -> Path:
    """A training run with three checkpoints of XNLI."""
    for step in (2, 10, 9):
        shutil.copytree(checkpoint / "xnli", tmp_path / "run" / f"step-{step}")
    return tmp_path / "run"


@pytest.fixture
def evaluated(xharness: Callable[..., Any], training: Path, tmp_path: Path) -> Callable[..., Any]:
    """`xharness eval` on all checkpoints of the training run."""
    return lambda *args: xharness("eval", "-m", f"{training}/step-*", *XNLI, "-o", tmp_path / "out", *args)


def names_of(out: Path) -> list[str]:
    return [run["name"] for run in json.loads((out / "series.json").read_text("utf-8"))["runs"]]


class TestMembers:
    @pytest.mark.parametrize(
        ("names", "steps"),
        [
            (["step-2", "step-10", "step-1"], [1, 2, 10]),
            (["checkpoint-500", "checkpoint-1500"], [500, 1500]),
            (["global_step00020", "global_step00003"], [3, 20]),
            (["epoch-1", "epoch-12", "epoch-3"], [1, 3, 12]),
            (["v2-step-7-of-90", "v2-step-8-of-90"], [7, 8]),
        ],
        ids=["step", "checkpoint", "global_step", "last number", "of the word step"],
    )
    def test_stand_in_the_order_of_their_steps(self, tmp_path: Path, names: list[str], steps: list[int]) -> None:
        found = find_members(folders(tmp_path, names))
        assert [one.step for one in found] == steps
        assert sorted(one.name for one in found) == sorted(names)

    def test_what_varies_names_them(self, tmp_path: Path) -> None:
        folders(tmp_path, ["step-1/encoder", "step-2/encoder", "step-2/optimizer"])
        found = find_members(f"{tmp_path}/step-*/encoder")
        assert [(one.name, one.step) for one in found] == [("step-1/encoder", 1), ("step-2/encoder", 2)]

    def test_files_and_hidden_folders_are_none(self, tmp_path: Path) -> None:
        pattern = folders(tmp_path, ["step-1", ".step-2"])
        (tmp_path / "step-3").write_text("")
        assert [one.name for one in find_members(pattern)] == ["step-1"]

    def test_a_pattern_that_fits_nothing_is_one_error(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError) as error:
            find_members(f"{tmp_path}/step-*")
        assert error.value.faults == (
            f"--model {tmp_path}/step-*: fits no folder; expected checkpoints such as run/step-1000, run/step-2000",
        )

    def test_all_names_without_a_step_and_all_equal_steps_are_said(self, tmp_path: Path) -> None:
        pattern = folders(tmp_path, ["best", "last", "step-5", "step-05"])
        with pytest.raises(ModelError) as error:
            find_members(pattern)
        assert [re.sub(r".*?/(\w[\w-]*)(, |:).*", r"\1", fault) for fault in error.value.faults[:2]] == ["best", "last"]
        assert "both are step 5" in error.value.faults[2]

    @pytest.mark.parametrize(("model", "several"), [("run/step-*", True), ("org/name", False), ("oracle", False)])
    def test_patterns_are_told_from_models(self, model: str, several: bool) -> None:
        assert is_series(model) is several

    def test_a_folder_of_that_name_is_a_checkpoint(self, tmp_path: Path) -> None:
        (tmp_path / "odd[1]").mkdir()
        assert not is_series(str(tmp_path / "odd[1]"))

    def test_the_folder_of_the_results_is_named_after_the_run(self, monkeypatch: Any, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        assert series_output("step-*") == Path("xharness-out") / tmp_path.name


@pytest.mark.slow
class TestEvaluate:
    def test_a_run_each_and_a_series_that_report_and_gate_read(self, evaluated: Any, tmp_path: Path) -> None:
        done = evaluated()
        assert done.status == 0
        assert names_of(tmp_path / "out") == ["step-2", "step-9", "step-10"]
        found = read_series(tmp_path / "out")
        assert found is not None
        assert found.steps == (2, 9, 10)
        assert all(set(run.scored) == {("xnli", "de"), ("xnli", "sw")} for run in found.runs)

    def test_the_table_of_steps_comes_last(self, evaluated: Any, tmp_path: Path) -> None:
        lines = evaluated().out.splitlines()
        assert lines[-1] == f"series:      {tmp_path / 'out'}/series.json"
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
        assert rows[0] == ["step", "xnli"]
        assert [row[0] for row in rows[2:]] == ["2", "9", "10"]
        own = json.loads((tmp_path / "out" / "step-9" / "results.json").read_text("utf-8"))["xharness"]
        entry = own["uncertainty"]["scopes"]["tasks"]["tasks"]["xnli"]
        assert rows[3][1] == f"{entry['value']:.2f} ± {entry['standard_error']:.2f}"

    def test_continuing_keeps_finished_cells_and_changes_no_file(self, evaluated: Any, tmp_path: Path) -> None:
        evaluated()
        files = sorted([*(tmp_path / "out").glob("*/cells/*/*.json"), tmp_path / "out" / "series.json"])
        before = [(file.read_bytes(), file.stat().st_ino if "cells" in file.parts else 0) for file in files]
        done = evaluated()
        assert done.status == 0
        assert "examples," not in done.err, "a cell was computed anew"
        assert [(f.read_bytes(), f.stat().st_ino if "cells" in f.parts else 0) for f in files] == before

    def test_a_failing_checkpoint_stops_no_other(self, evaluated: Any, training: Path, tmp_path: Path) -> None:
        (training / "step-9" / "config.json").unlink()
        done = evaluated()
        assert done.status == 3
        assert names_of(tmp_path / "out") == ["step-2", "step-10"]
        assert "| 9      | -" in done.out
        assert done.errors[0].startswith("failed: step-9: ")
        assert "Traceback" not in done.err

    def test_a_checkpoint_that_fails_now_leaves_the_series(
        self, evaluated: Any, training: Path, tmp_path: Path
    ) -> None:
        evaluated()
        (training / "step-9" / "config.json").unlink()
        assert evaluated().status == 3
        assert names_of(tmp_path / "out") == ["step-2", "step-10"]

    def test_a_new_checkpoint_joins_and_one_that_is_gone_stays(
        self, evaluated: Any, training: Path, tmp_path: Path
    ) -> None:
        evaluated()
        shutil.move(training / "step-2", training / "step-11")
        done = evaluated()
        assert done.status == 0
        assert names_of(tmp_path / "out") == ["step-2", "step-9", "step-10", "step-11"]
        assert "| 2      | 33.33" in done.out

    def test_what_another_training_run_left_does_not_stay(self, evaluated: Any, training: Path, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        evaluate("oracle", ["xnli"], data="samples", languages="de", output=tmp_path / "out" / "step-1")
        entry = {"name": "step-1", "path": "step-1", "step": 1}
        (tmp_path / "out" / "series.json").write_text(json.dumps({"schema_version": 1, "runs": [entry]}))
        assert evaluated().status == 0
        assert names_of(tmp_path / "out") == ["step-2", "step-9", "step-10"]

    def test_a_broken_series_file_is_written_anew(self, evaluated: Any, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "series.json").write_text('{"runs": [{}')
        done = evaluated()
        assert done.status == 0
        assert "series.json:1: not JSON" in done.err
        assert "; it is written anew" in done.err
        assert len(names_of(tmp_path / "out")) == 3

    def test_limited_is_said(self, evaluated: Any) -> None:
        assert "| step (LIMITED to 3)" in evaluated("--limit", 3).out

    def test_dry_run_names_the_checkpoints_and_leaves_nothing(self, evaluated: Any, tmp_path: Path) -> None:
        done = evaluated("--dry-run")
        assert done.status == 0
        assert done.out.startswith("3 checkpoints: step-2, step-9, step-10; the first of them:\n")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("args", "fault"),
        [
            (["--tasks", "xnlli"], "error: unknown task 'xnlli' (did you mean 'xnli'?); see `xharness tasks list`"),
            (["--languages", "bg"], "error: xnli bg: samples has no test data"),
        ],
        ids=["task", "language"],
    )
    def test_what_is_wrong_for_all_is_said_once(self, evaluated: Any, args: list[str], fault: str) -> None:
        done = evaluated(*args)
        assert (done.status, done.errors) == (2, [fault])

    def test_all_checkpoints_failing_is_wrong_use(self, evaluated: Any, training: Path, tmp_path: Path) -> None:
        for folder in training.iterdir():
            (folder / "config.json").unlink()
        done = evaluated()
        assert done.status == 2
        assert len(done.errors) == 3
        assert not (tmp_path / "out" / "series.json").exists()

    def test_a_folder_that_cannot_be_used_stops_no_other(self, evaluated: Any, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "step-2").write_text("")
        done = evaluated()
        assert done.status == 3, done.err
        assert [line for line in done.errors if "step-2: a file is in the way" in line]
        assert "step-2" not in names_of(tmp_path / "out")
        assert len(names_of(tmp_path / "out")) == 2

    def test_a_second_process_is_refused(self, training: Path, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        with locked(tmp_path / "out"), pytest.raises(OutputError, match="another xharness"):
            evaluate_series(f"{training}/step-*", unreachable, tmp_path / "out")


def unreachable(model: str, output: Path) -> Result:
    raise AssertionError("nothing may be computed")


def oracle_for(languages: Mapping[str, str]) -> Callable[[str, Path], Result]:
    """Stands for a checkpoint: the oracle, on languages that depend on the folder's name."""

    def run(model: str, output: Path) -> Result:
        asked = languages[Path(model).name]
        if not asked:
            raise DataError(f"{model}: no")
        return evaluate("oracle", ["xnli"], data="samples", languages=asked, output=output)

    return run


def test_after_every_run_the_series_holds_what_ended(tmp_path: Path) -> None:
    pattern = folders(tmp_path / "run", ["step-1", "step-2", "step-3"])
    seen = []

    def watched(model: str, output: Path) -> Result:
        seen.append(names_of(tmp_path / "out") if (tmp_path / "out" / "series.json").exists() else [])
        return oracle_for(dict.fromkeys(["step-1", "step-2", "step-3"], "de"))(model, output)

    evaluate_series(pattern, watched, tmp_path / "out")
    assert seen == [[], ["step-1"], ["step-1", "step-2"]]


def test_an_interrupt_leaves_what_ended_and_releases_the_folder(tmp_path: Path) -> None:
    pattern = folders(tmp_path / "run", ["step-1", "step-2"])

    def interrupted(model: str, output: Path) -> Result:
        if model.endswith("step-2"):
            raise KeyboardInterrupt
        return oracle_for({"step-1": "de"})(model, output)

    with pytest.raises(KeyboardInterrupt):
        evaluate_series(pattern, interrupted, tmp_path / "out")
    assert names_of(tmp_path / "out") == ["step-1"]
    evaluate_series(pattern, oracle_for({"step-1": "de", "step-2": "de"}), tmp_path / "out")
    assert names_of(tmp_path / "out") == ["step-1", "step-2"]


def test_failures_of_all_are_told_together(tmp_path: Path) -> None:
    pattern = folders(tmp_path, ["step-1", "step-2"])
    with pytest.raises(DataError) as error:
        evaluate_series(pattern, oracle_for({"step-1": "", "step-2": ""}), tmp_path / "out")
    assert error.value.faults == (f"{tmp_path}/step-1: no", f"{tmp_path}/step-2: no")


def test_means_over_fewer_languages_are_starred(samples: Path, tmp_path: Path) -> None:
    out, data = tmp_path / "out", tmp_path / "data"
    (data / "xnli").mkdir(parents=True)
    shutil.copy(samples / "xnli/test-de.tsv", data / "xnli")
    evaluate("oracle", ["xnli"], data="samples", output=out / "step-1", languages=["de", "sw"])
    evaluate("oracle", ["xnli"], data=str(data), output=out / "step-2")  # other languages are missing
    runs = [{"name": f"step-{n}", "path": f"step-{n}", "step": n} for n in (1, 2)]
    (out / "series.json").write_text(json.dumps({"runs": runs}))
    table = series_table(out)
    assert "| 1      | 100.00 ± 0.00  |" in table
    assert "| 2      | 100.00 ± 0.00* |" in table
    assert table.endswith("* over fewer languages or tasks than at other steps")


@pytest.mark.slow
def test_killed_and_continued_it_gives_the_same_bytes(warm: Warm, training: Path, tmp_path: Path) -> None:
    command = ("eval", "-m", f"{training}/step-*", *XNLI, "-o")
    assert warm.start(CLI, [*command, tmp_path / "whole"]).wait(120) == 0
    process = warm.start(CLI, [*command, tmp_path / "killed"])
    deadline = time.monotonic() + 60
    while not (tmp_path / "killed" / "step-9").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait(60)
    assert warm.start(CLI, [*command, tmp_path / "killed"]).wait(120) == 0
    for name in (
        "series.json",
        *(f"step-{n}/predictions/tasks/xnli/test-{c}.tsv" for n in (2, 9, 10) for c in ("de", "sw")),
    ):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
