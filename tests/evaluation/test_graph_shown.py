"""What a dry run says of the graph: a few lines for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import yaml

from tests.fixtures.families import build
from tests.fixtures.own_jobs import Own
from xtreme_harness.evaluation.costs import Cost, Weighed, weigh_runs
from xtreme_harness.evaluation.evaluate import runs_of
from xtreme_harness.evaluation.graph_shown import graph_json, graph_lines
from xtreme_harness.files.schema import load_schema, schema_faults
from xtreme_harness.jobs import Engine, Graph
from xtreme_harness.plan.describe import describe_evaluation
from xtreme_harness.plan.estimate import Found
from xtreme_harness.plan.evaluate import PreparedEvaluation, prepare_evaluation
from xtreme_harness.plan.request import EvalRequest

Run = Callable[..., Any]
OUT = Path("/runs/out")


def weighed(jobs: dict[str, tuple[str, float | None, tuple[str, ...]]]) -> Weighed:
    """A graph of jobs by name: what each does, its seconds, its needs."""
    cell = SimpleNamespace(key="xnli", language="de")
    costs = {
        name: Cost(does, name, OUT, (OUT / name,), (cell,) if does == "evaluate" else (), 10, seconds)  # type: ignore[arg-type]
        for name, (does, seconds, _) in jobs.items()
    }
    graph = Graph(tuple(Own(name) for name in jobs), {name: needs for name, (_, _, needs) in jobs.items() if needs})
    return Weighed(graph, costs, OUT, Engine())


def lines(jobs: dict[str, tuple[str, float | None, tuple[str, ...]]]) -> list[str]:
    own = weighed(jobs)
    return graph_lines(own, {2: own, 8: own})


SQUAD = {
    "train squad": ("train", 10800.0, ()),
    "train xnli": ("train", 7200.0, ()),
    "evaluate xquad": ("evaluate", 1200.0, ("train squad",)),
    "evaluate xnli": ("evaluate", 600.0, ("train xnli",)),
}


def test_the_path_and_what_more_workers_bring() -> None:
    assert lines(SQUAD) == [
        "graph: 4 jobs: 2 trainings, 2 pieces of 2 cells",
        "critical path: train squad (about 3.0 hours) -> evaluate xquad (about 20 minutes): about 3.3 hours of "
        "about 5.5 hours in all; with 2 workers about 3.3 hours; with 8 workers about 3.3 hours",
    ]


def test_where_a_time_is_untold_the_path_is_by_jobs() -> None:
    jobs = {**SQUAD, "choose": ("choose", 0.0, ()), "late": ("evaluate", None, ("evaluate xnli",))}
    assert lines(jobs) == [
        "graph: 6 jobs: 2 trainings, 1 choice among trials, 3 pieces of 3 cells",
        "critical path, by the number of jobs: train xnli (about 2.0 hours) -> evaluate xnli (about 10 minutes) -> "
        "late; 1 time untold",
    ]


def test_a_long_path_is_summarised_and_a_short_one_says_little() -> None:
    chain = {f"{n}": ("train", 100.0, (f"{n - 1}",) if n else ()) for n in range(6)}
    assert "critical path: 0 (about 2 minutes) -> 1 (about 2 minutes) -> 3 more -> 5 (about 2" in lines(chain)[1]
    assert lines({"a": ("evaluate", 2.0, ())}) == [
        "graph: 1 job: 1 piece of 1 cell", "critical path: a (under a minute): under a minute in all",
    ]  # fmt: skip
    assert lines({}) == ["graph: 0 jobs: "]


def test_json_is_what_the_schema_says() -> None:
    alone = {name: ["xharness", "--job", name] for name in SQUAD}
    found = graph_json(weighed({**SQUAD, "late": ("train", None, ())}), ["xharness"], {**alone, "late": ["x"]})
    assert found["seconds"] is found["critical_path"]["seconds"] is None
    assert (found["output"], found["folder"]) == ("/runs/out", str(Path.cwd()))
    whole = graph_json(weighed({**SQUAD}), ["xharness"], alone)
    assert whole["critical_path"] == {"jobs": ["train squad", "evaluate xquad"], "seconds": 12000.0}
    assert whole["seconds"] == 19800.0


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without any head."""
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


def prepared(base: Path, tmp_path: Path, **options: Any) -> PreparedEvaluation:
    asked: dict[str, Any] = {"data": "samples", "recipe": "fast", "device": "cpu", "output": tmp_path / "out"}
    return prepare_evaluation(EvalRequest.of(base, "xquad,mlqa,xcopa,tatoeba", **asked | options))


@pytest.mark.slow
def test_data_are_read_once_for_table_and_graph(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xtreme_harness.plan import estimate

    read: list[tuple[str, str]] = []
    load = estimate.load_split

    def counting(card: Any, language: str, *rest: Any) -> Any:
        read.append((card.name, language))
        return load(card, language, *rest)

    monkeypatch.setattr("xtreme_harness.plan.estimate.load_split", counting)
    own, found = prepared(base, tmp_path, seeds=[1, 2]), Found()
    describe_evaluation(own, found)
    cells = len(own.plan.cells)
    assert len(read) == cells
    one, four = (weigh_runs(runs_of(own), own.output, found, workers) for workers in (None, 4))
    assert len(read) == cells
    assert sum(len(cost.cells) for cost in one.costs.values()) == 2 * cells
    assert len(four.costs) > len(one.costs)
    assert one.seconds == pytest.approx(four.seconds)
    assert [cost.label for cost in one.costs.values()][:2] == ["train seed-1/models/squad", "train seed-1/models/siqa"]


@pytest.mark.slow
def test_a_search_costs_its_trials_and_choosing_nothing(base: Path, tmp_path: Path) -> None:
    own = prepared(base, tmp_path, settings=["lr=1e-5,1e-4"])
    found = weigh_runs(runs_of(own), own.output, Found())
    squad = {name.rpartition("/")[2]: cost for name, cost in found.costs.items() if "models/squad" in name}
    assert squad["lr=1e-05"].seconds == squad["lr=0.0001"].seconds
    assert squad["lr=1e-05"].tokens == squad["lr=0.0001"].tokens
    assert (squad["lr=1e-05"].seconds or 0) > 0
    assert (squad["squad"].does, squad["squad"].seconds, squad["squad"].tokens) == ("choose", 0.0, 0)
    assert squad["lr=1e-05"].outputs == (own.output / "models/squad/trials/lr=1e-05/trial.json",)
    assert squad["squad"].outputs == (own.output / "models/squad/xharness.json",)


@pytest.mark.slow
def test_every_command_prints_a_graph_that_fits_the_schema(xharness: Run, base: Path, tmp_path: Path) -> None:
    for step in (1, 2):
        (tmp_path / f"step-{step}").symlink_to(base)
    (tmp_path / "grid.yaml").write_text(
        yaml.safe_dump(
            {"bases": [str(base)], "intermediates": ["mnli"], "targets": ["xcopa"], "data": "samples", "recipe": "fast"}
        )
    )
    raw = json.loads((Path(__file__).parents[2] / "xtreme_harness/evaluation/graph.schema.json").read_text("utf-8"))
    same = ("--data", "samples", "--recipe", "fast", "-o", tmp_path / "out")
    commands: dict[str, tuple[Any, ...]] = {
        "eval": ("eval", "-m", base, "-t", "xquad,xcopa", *same),
        "seeds": ("eval", "-m", base, "-t", "xquad", "--seeds", "1,2", *same),
        "series": ("eval", "-m", f"{tmp_path}/step-*", "-t", "tatoeba", *same),
        "oracle": ("eval", "-m", "oracle", "-t", "xtreme", *same),
        "train": ("train", "-m", base, "-t", "squad", "--set", "lr=1e-5,1e-4", *same),
        "grid": ("train", "--grid", tmp_path / "grid.yaml", "-o", tmp_path / "out"),
    }
    jobs = {}
    for name, command in commands.items():
        shown = xharness(*command, "--dry-run", "--format", "json")
        assert shown.status == 0, shown.err
        told = json.loads(shown.out)
        assert schema_faults(told, load_schema("xtreme_harness.evaluation", "graph"), name) == []
        jsonschema.validate(told, raw)
        _require_order(told)
        jobs[name] = len(told["jobs"])
        said = xharness(*command, "--dry-run")
        assert f"\ngraph: {jobs[name]} job" in said.out
    assert jobs == {"eval": 5, "seeds": 4, "series": 2, "oracle": 1, "train": 3, "grid": 7}


def _require_order(told: dict[str, Any]) -> None:
    """A job stands behind what it needs, and its command names it."""
    before: set[str] = set()
    for job in told["jobs"]:
        assert before.issuperset(job["needs"])
        before.add(job["name"])
        assert job["command"][-2:] == ["--job", job["name"]]
        assert "--dry-run" not in job["command"]
        assert "--workers" in job["command"]
    assert before.issuperset(told["critical_path"]["jobs"])
