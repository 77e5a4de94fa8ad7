"""A search: every value is trained once, the best on dev is the checkpoint, and what is known is not found again."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.fixtures.families import build
from xtreme_harness import evaluate, train
from xtreme_harness.errors import CardError, DataError, ModelError, OutputError
from xtreme_harness.jobs import Watch
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.content import content_hash
from xtreme_harness.plan.describe import describe_training
from xtreme_harness.plan.request import TrainRequest
from xtreme_harness.plan.train import PreparedTraining, prepare_training
from xtreme_harness.plan.trials import trials_of
from xtreme_harness.signature import fingerprint
from xtreme_harness.training import stage as stages
from xtreme_harness.training import trials
from xtreme_harness.training.job import training_graph

pytestmark = pytest.mark.slow

RATES = "lr=1e-6,1e-3,1e12"  # the last one ends in what is no number
QUICK: dict[str, Any] = {"data": "samples", "recipe": "fast", "dtype": "float32", "device": "cpu"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    torch.set_num_threads(1)
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> dict[float, float]:
    """Learning rate -> the dev score that the training is said to have, where a test sets one."""
    said: dict[float, float] = {}
    inner = stages._notes

    def told(stage: Any, outcome: Any, sizes: Any) -> dict[str, Any]:
        notes = inner(stage, outcome, sizes)
        if stage.hyper.lr in said:
            notes["lineage"][-1]["dev"] = {stage.task_names[0]: said[stage.hyper.lr]}
        return notes

    monkeypatch.setattr(stages, "_notes", told)
    return said


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The learning rates that were trained, in order."""
    found: list[float] = []
    inner = stages._trained

    def counted(stage: Any, *rest: Any) -> Any:
        found.append(stage.hyper.lr)
        return inner(stage, *rest)

    monkeypatch.setattr(stages, "_trained", counted)
    return found  # type: ignore[return-value]


def searched(base: Path, out: Path, rates: str = RATES, task: str = "mnli", **options: Any) -> dict[str, Any]:
    """Search, and say what the checkpoint says of its last stage."""
    steps = [f"max_steps={options.pop('steps', 2)}"]
    train(base, task, output=out, settings=[*steps, rates], **{**QUICK, **options})
    return own(out)


def own(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "xharness.json").read_text("utf-8"))["lineage"][-1]
    return found


def prepared(base: Path, *settings: str, task: str = "mnli", **options: Any) -> PreparedTraining:
    return prepare_training(TrainRequest.of(base, task, settings=settings, **{**QUICK, **options}))


def test_the_best_becomes_the_checkpoint_and_all_are_told(
    base: Path, tmp_path: Path, scores: dict[float, float], trained: list[float]
) -> None:
    scores |= {1e-6: 40.0, 1e-3: 60.0}
    said = searched(base, tmp_path / "out", RATES)
    assert trained == [1e-6, 1e-3, 1e12]
    search = said["search"]
    assert search["values"] == {"lr": 1e-3}
    assert [trial["values"]["lr"] for trial in search["trials"]] == [1e-6, 1e-3, 1e12]
    assert [trial.get("dev") for trial in search["trials"]] == [{"mnli": 40.0}, {"mnli": 60.0}, None]
    assert search["trials"][2]["failed"].startswith("mnli: the loss is not a number at step 2 of 2")
    assert said["recipe"]["values"]["lr"] == 1e-3
    train(base, "mnli", output=tmp_path / "alone", settings=["max_steps=2", "lr=1e-3"], **QUICK)
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("out", "alone"))
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert [p.name for p in sorted((tmp_path / "out" / "trials").iterdir())] == [
        "lr=0.001", "lr=1e+12", "lr=1e-06", "search.json",
    ]  # fmt: skip
    assert not list((tmp_path / "out" / "trials").rglob("*.safetensors"))
    assert (tmp_path / "out" / "train.jsonl").is_file()
    found = find_checkpoint(str(tmp_path / "out"), "mnli")
    before = content_hash(found.path)
    shutil.rmtree(tmp_path / "out" / "trials")
    assert content_hash(found.path) == before, "what is kept of the trials is no part of the checkpoint"


def test_the_fingerprint_is_that_of_the_search(base: Path, tmp_path: Path, scores: dict[float, float]) -> None:
    unit = prepared(base, "max_steps=2", RATES, output=tmp_path / "out").unit
    scores |= {1e-6: 40.0, 1e-3: 60.0}
    assert searched(base, tmp_path / "out")["fingerprint"] == fingerprint(unit.stages[-1].fields)
    scores |= {1e-6: 80.0}
    assert searched(base, tmp_path / "other")["fingerprint"] == fingerprint(unit.stages[-1].fields)
    assert own(tmp_path / "other")["search"]["values"] == {"lr": 1e-6}


def test_of_equal_scores_the_first_is_chosen(base: Path, tmp_path: Path, scores: dict[float, float]) -> None:
    scores |= {1e-3: 50.0, 1e-6: 50.0, 1e-5: 49.0}
    assert searched(base, tmp_path / "out", "lr=1e-5,1e-3,1e-6")["search"]["values"] == {"lr": 1e-3}


def test_the_same_command_trains_nothing_again(base: Path, tmp_path: Path, trained: list[float]) -> None:
    searched(base, tmp_path / "out")
    before = (tmp_path / "out" / "xharness.json").read_bytes()
    trained.clear()
    searched(base, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "trials")
    searched(base, tmp_path / "out")
    assert trained == []
    assert (tmp_path / "out" / "xharness.json").read_bytes() == before


@pytest.mark.parametrize(
    ("grown", "score", "again", "best"),
    [
        ("lr=1e-6,1e-3,1e-4,1e12", 90.0, [1e-4], 1e-4), ("lr=1e-6,1e-3,1e-4,1e12", 10.0, [1e-4], 1e-3),
        ("lr=1e-3,1e-6", 0.0, [], 1e-3), ("lr=1e-6,1e12", 0.0, [1e-6], 1e-6),
    ],
    ids=["the new one is best", "the old one stays", "one less", "the best left out"],
)  # fmt: skip
def test_other_values_train_the_new_ones_alone(
    base: Path, tmp_path: Path, scores: dict[float, float], trained: list[float],
    grown: str, score: float, again: list[float], best: float,
) -> None:  # fmt: skip
    scores |= {1e-6: 40.0, 1e-3: 60.0, 1e-4: score}
    searched(base, tmp_path / "out")
    trained.clear()
    said = searched(base, tmp_path / "out", grown)
    assert trained == again
    assert said["search"]["values"] == {"lr": best}
    assert len(said["search"]["trials"]) == grown.count(",") + 1
    train(base, "mnli", output=tmp_path / "alone", settings=["max_steps=2", f"lr={best}"], **QUICK)
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("out", "alone"))
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_search_over_other_things_does_not_pass_for_this_one(base: Path, tmp_path: Path) -> None:
    searched(base, tmp_path / "out", "lr=1e-6,1e-5")
    with pytest.raises(OutputError, match="holds another run"):
        searched(base, tmp_path / "out", "dropout=0,0.2")
    with pytest.raises(OutputError, match="holds another run"):
        train(base, "mnli", output=tmp_path / "out", settings=["max_steps=2", "lr=1e-6"], **QUICK)
    assert "search" not in (
        train(base, "mnli", output=tmp_path / "out", settings=["max_steps=2", "lr=1e-6"], force=True, **QUICK)[0]
        .notes["lineage"][-1]
    )  # fmt: skip


@pytest.mark.parametrize("where", ["in a trial", "before the choice", "while it is chosen", "while files are moved"])
def test_an_interrupted_search_goes_on(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: list[float], where: str
) -> None:
    def interrupt(*told: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    def in_second(name: str, event: Any) -> None:
        if len(trained) == 2:
            raise KeyboardInterrupt

    watch = Watch()
    with monkeypatch.context() as patched:
        if where == "in a trial":
            watch = Watch(event=in_second)
        elif where == "before the choice":
            patched.setattr(trials, "_chosen", interrupt)
        elif where == "while it is chosen":
            patched.setattr(trials, "put_in_place", interrupt)
        else:
            patched.setattr(trials, "put_in_place", moving_two)
        with pytest.raises(KeyboardInterrupt):
            searched(base, tmp_path / "out", "lr=1e-6,1e-3", watch=watch)
    assert not (tmp_path / "out" / "xharness.json").exists()
    trained.clear()
    assert searched(base, tmp_path / "out", "lr=1e-6,1e-3")["search"]
    assert trained == ([1e-3] if where == "in a trial" else [])
    assert not (tmp_path / "out" / ".choosing").exists()


def moving_two(new: Path, folder: Path) -> None:
    """Moves two files, and is interrupted then."""
    for name in ("config.json", "model.safetensors"):
        (new / name).replace(folder / name)
    raise KeyboardInterrupt


def test_where_all_fail_the_search_fails_and_each_is_told(base: Path, tmp_path: Path, trained: list[float]) -> None:
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            searched(base, tmp_path / "out", "lr=1e11,1e12", steps=3)
        assert [fault[:40] for fault in caught.value.faults] == [
            "mnli: lr=1e+11: mnli: the loss is not a ", "mnli: lr=1e+12: mnli: the loss is not a ",
        ]  # fmt: skip
    assert trained == [1e11, 1e12], "what failed is not tried again"


def test_stages_are_searched_one_after_the_other(base: Path, tmp_path: Path) -> None:
    said = searched(base, tmp_path / "out", "tasks.siqa.lr=1e-5,1e-4", task="xcopa")
    assert "search" not in said
    lineage = json.loads((tmp_path / "out" / "xharness.json").read_text("utf-8"))["lineage"]
    assert len(lineage[1]["search"]["trials"]) == 2
    assert (tmp_path / "out" / "stages" / "siqa" / "trials" / "lr=0.0001").is_dir()


def test_several_tasks_at_once_are_searched_together(base: Path, tmp_path: Path) -> None:
    said = searched(base, tmp_path / "out", "lr=1e-5,1e-4", task="mnli,copa")
    assert {task for trial in said["search"]["trials"] for task in trial["dev"]} == {"mnli", "copa"}
    head = json.loads((tmp_path / "out" / "heads" / "copa" / "xharness.json").read_text("utf-8"))
    assert head["lineage"][-1] == said
    with pytest.raises(DataError, match=r"tasks.copa.search: several tasks are trained at once; search for all"):
        searched(base, tmp_path / "other", "tasks.copa.lr=1e-5,1e-4", task="mnli,copa")


def test_dual_encoders_are_chosen_by_their_loss(base: Path, tmp_path: Path) -> None:
    said = searched(base, tmp_path / "out", "lr=1e-6,1e-3", task="lareqa", steps=3)
    dev = [trial["dev"]["lareqa"] for trial in said["search"]["trials"]]
    assert said["search"]["values"]["lr"] == (1e-6, 1e-3)[dev.index(max(dev))]
    with pytest.raises(DataError, match=r"lareqa: batch_size cannot be searched: the dev score is by batch"):
        prepared(base, "batch_size=4,8", task="lareqa", output=tmp_path / "out")


def test_without_dev_data_nothing_is_trained(base: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        prepared(base, "lr=1e-5,1e-4", "epochs=1,2", task="tydiqa", output=tmp_path / "out")
    assert caught.value.faults == (
        "tydiqa: no dev data to choose lr, epochs on; give one value: --set tasks.tydiqa.lr=5e-05 "
        "--set tasks.tydiqa.epochs=1.0",
    )
    assert not (tmp_path / "out").exists()


def test_a_dry_run_shows_every_trial(base: Path, tmp_path: Path) -> None:
    shown = describe_training(prepared(base, "lr=1e-5,1e-4", "max_steps=2", output=tmp_path / "out"))
    assert [line.split("|")[1].strip() for line in shown.splitlines() if "mnli" in line] == [
        "mnli lr=1e-05", "mnli lr=0.0001",
    ]  # fmt: skip


def test_jobs_of_trials_need_the_stage_before_and_the_choice_needs_them_all(base: Path, tmp_path: Path) -> None:
    found = prepared(base, "lr=1e-5,1e-4", task="xcopa", output=tmp_path / "out")
    graph = training_graph(found.unit, found.unit.folders(found.output))
    jobs, needs = graph.jobs, graph.needs
    siqa, out = tmp_path / "out" / "stages" / "siqa", tmp_path / "out"
    trial = [f"train {place}/trials/lr={rate}" for place in (siqa, out) for rate in ("1e-05", "0.0001")]
    assert [job.name for job in jobs] == [*trial[:2], f"choose {siqa}", *trial[2:], f"choose {out}"]
    assert needs == {
        trial[0]: (), trial[1]: (), f"choose {siqa}": tuple(trial[:2]), trial[2]: (f"choose {siqa}",),
        trial[3]: (f"choose {siqa}",), f"choose {out}": tuple(trial[2:]),
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(jobs)) == jobs


def test_every_trial_is_the_training_of_its_values_alone(base: Path, tmp_path: Path) -> None:
    """So that its weights, its state and its fingerprint are those of the same training without a search."""
    stage = prepared(base, "lr=1e-5,1e-4", "precision=float32,bfloat16", dtype="auto", output=tmp_path).unit.stages[-1]
    for trial in trials_of(stage):
        settings = [f"{key}={value}" for key, value in trial.values.items()]
        alone = prepared(base, *settings, dtype="auto", output=tmp_path).unit.stages[-1]
        assert trial.stage.fields == alone.fields
        assert (trial.stage.hyper, trial.stage.tasks) == (alone.hyper, alone.tasks)


def test_cells_say_of_how_many_their_model_was_chosen(base: Path, tmp_path: Path) -> None:
    common: dict[str, Any] = {**QUICK, "languages": "en,de"}
    found = evaluate(base, "xnli", output=tmp_path / "out", settings=["max_steps=2", "lr=1e-5,1e-4"], **common)
    assert all("|search:2|" in cell.signature for cell in found.cells)
    assert found.lineage[-1]["search"]["trials"][0]["values"] == {"lr": 1e-5}
    again = evaluate(tmp_path / "out" / "models" / "xnli", "xnli", output=tmp_path / "again", train="never", **common)
    assert [c.metrics for c in again.cells] == [c.metrics for c in found.cells]
    assert all("|search:2|" in cell.signature for cell in again.cells)
    plain = evaluate(base, "xnli", output=tmp_path / "plain", settings=["max_steps=2", "lr=1e-5"], **common)
    assert not any("search" in cell.signature or "search" in cell.fields for cell in plain.cells)


def test_a_wrong_search_is_refused_before_anything_is_read(base: Path, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"--set lr=1,1: lr\[1\]: '1' stands twice"):
        prepared(base, "lr=1,1", output=tmp_path / "out")
