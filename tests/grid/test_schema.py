"""The grid file, and the graph that it stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness import CardError
from xtreme_harness.grid.prepare import GridRequest, eval_request, grid_runs
from xtreme_harness.grid.schema import Grid, read_grid

LONG = "x" * 256
LEAST = "bases: base\nintermediates: [mnli]\ntargets: xnli\n"


def written(tmp_path: Path, text: str) -> Path:
    """A grid file."""
    (tmp_path / "grid.yaml").write_text(text, "utf-8")
    return tmp_path / "grid.yaml"


def test_short_forms_and_names(tmp_path: Path) -> None:
    text = (
        "bases: [org/one, {model: org/two, name: b, revision: r1}]\n"
        "intermediates: [none, mnli, [mnli, squad], {tasks: mnli, mlm: texts}, {tasks: squad, limit: 10}]\n"
        "targets: xtreme\nseeds: 3\nset: [lr=1e-5]\n"
    )
    grid = read_grid(written(tmp_path, text))
    assert [base.label for base in grid.bases] == ["one", "b"]
    assert [one.label for one in grid.trainings] == ["mnli", "mnli+squad", "mnli+mlm", "squad@10"]
    assert (grid.targets, grid.seeds, grid.set, grid.split) == (("xtreme",), (3,), ("lr=1e-5",), "test")


def test_the_training_languages_of_the_targets(tmp_path: Path) -> None:
    grid = read_grid(written(tmp_path, LEAST + "train_on: [de, sw]\nselect_on: target\n"))
    (run, *_) = grid_runs(grid, tmp_path)
    asked = eval_request(GridRequest(grid, tmp_path), run)
    assert (asked.train_on, asked.select_on) == (("de", "sw"), "target")
    assert eval_request(GridRequest(read_grid(written(tmp_path, LEAST)), tmp_path), run).train_on == ()


def test_limits_for_all_make_one_training_each(tmp_path: Path) -> None:
    grid = read_grid(written(tmp_path, LEAST + "intermediate_limit: [100, 1000, all]\n"))
    assert [one.label for one in grid.trainings] == ["mnli@100", "mnli@1000", "mnli"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (LEAST.replace("bases", "base"), "base: unknown key (did you mean 'bases'?)"),
        (LEAST.replace("bases: base", "bases: [{modle: x}]"), "bases[0].modle: unknown key (did you mean 'model'?)"),
        (LEAST.replace("mnli", "none, {tasks: mnli, limt: 3}"), "intermediates[1].limt: unknown key (did you mean"),
        (LEAST.replace("mnli", "none, null"), "intermediates[1]: found None, expected a name, or keys and values"),
        (LEAST.replace("mnli", "mnlli"), "intermediates[0]: unknown task 'mnlli' (did you mean 'mnli'?)"),
        (LEAST.replace("mnli", "tatoeba"), "intermediates[0]: tatoeba: has no training data"),
        (LEAST.replace("xnli", "xnlli"), "targets[0]: unknown task 'xnlli' (did you mean 'xnli'?)"),
        (LEAST.replace("mnli", "mnli, [mnli]"), "intermediates: 'mnli' stands twice; give one of them another `name`"),
        (LEAST.replace("mnli", "{tasks: mnli, name: ..}"), "intermediates: '..' cannot be the name of a folder"),
        (LEAST.replace("mnli", "{tasks: mnli, name: .}"), "intermediates: '.' cannot be the name of a folder"),
        (LEAST.replace("bases: base", "bases: [{model: x, name: ..}]"), "bases: '..' cannot be the name of a folder"),
        (LEAST.replace("mnli", f"{{tasks: mnli, name: {LONG}}}"), f"intermediates: '{LONG}' cannot be the name of"),
        (LEAST.replace("mnli", "{tasks: mnli, name: a/b}"), "intermediates: 'a/b' cannot be the name of a folder"),
        (LEAST.replace("mnli", "{tasks: mnli, name: none}"), "intermediates: the name 'none' is that of the baseline"),
        (LEAST + "seeds: [1, 2, 1]\n", "seeds: '1' stands twice"),
        (LEAST + "split: validation\n", "split: Input should be 'test' or 'dev' (found 'validation')"),
        (LEAST.replace("mnli", "{tasks: mnli, name: ..}"), "intermediates: '..' cannot be the name of a folder"),
        (LEAST.replace("mnli", "{tasks: mnli, mlm: ''}"), "intermediates[0].mlm: String should have at least 1"),
        (LEAST.replace("mnli", "{tasks: mnli, mlm_weight: .nan}"), "intermediates[0].mlm_weight: Input should be"),
        (LEAST + "seeds: [-1]\n", "seeds[0]: Input should be greater than or equal to 0 (found -1)"),
        (LEAST + "seeds: [4294967296]\n", "seeds[0]: Input should be less than or equal to 4294967295"),
        (LEAST + "seeds: [true]\n", "seeds[0]: expected a number (found True)"),
        (LEAST + "batch_size: 100000000\n", "batch_size: Input should be less than or equal to 65536"),
        (LEAST + "target_limit: 0\n", "target_limit: Input should be greater than or equal to 1 (found 0)"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line(tmp_path: Path, text: str, fault: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(CardError) as error:
        read_grid(file)
    assert [one for one in error.value.faults if one.startswith(f"{file}: {fault}")]


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(CardError) as error:
        read_grid(written(tmp_path, LEAST.replace("xnli", "xnlli") + "split: x\nseed: [1]\n"))
    assert len(error.value.faults) == 3


def test_an_encoder_serves_one_run_and_the_baseline_needs_none(tmp_path: Path) -> None:
    grid = Grid.model_validate(
        {"bases": ["a", "b"], "intermediates": ["mnli", "squad"], "targets": "xnli", "seeds": [1, 2]}
    )
    runs = grid_runs(grid, tmp_path)
    encoders = [run.encoder.folder for run in runs if run.encoder]
    assert (len(runs), len(encoders), len(set(encoders))) == (12, 8, 8)
    assert [run.name for run in runs[:4]] == ["a/none/seed-1", "a/mnli/seed-1", "a/squad/seed-1", "b/none/seed-1"]
    assert (runs[0].model, runs[1].model) == ("a", str(tmp_path / "encoders/a/mnli/seed-1"))
