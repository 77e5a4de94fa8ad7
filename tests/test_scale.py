"""The arithmetic of a pass over many GPUs: what jobs compute, how long that takes, what nothing makes shorter."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks.scale import Speed, lines, main, path_lines, seconds_of
from tests.benchmarks.scale_graph import floating_point_operations, pass_graph
from xtreme_harness.evaluation.costs import Weighed
from xtreme_harness.jobs import critical_path, makespan

pytestmark = pytest.mark.slow
SPEED = Speed(peak=1e12, forward=0.5, training=0.25, start=10)


@pytest.fixture(scope="module")
def graph() -> Weighed:
    return pass_graph(["xquad", "mlqa"])


def test_jobs_cost_what_their_tokens_cost(graph: Weighed) -> None:
    """SQuAD: 87,599 questions in batches of 32, three times, half of 384 tokens each."""
    (train,) = (name for name, cost in graph.costs.items() if cost.does == "train")
    done, takes = floating_point_operations(graph, 1e6), seconds_of(graph, 1e6, SPEED)
    tokens = 3 * 2738 * 32 * 192
    assert graph.costs[train].tokens == pytest.approx(tokens, rel=1e-3)
    assert done[train] == 6e6 * (graph.costs[train].tokens or 0)
    assert takes[train] == pytest.approx(10 + done[train] / 2.5e11)
    read = {name: cost.tokens or 0 for name, cost in graph.costs.items() if name != train}
    assert all(done[name] == 2e6 * count > 0 for name, count in read.items())
    assert all(takes[name] == pytest.approx(10 + done[name] / 5e11) for name in read)


def test_no_number_of_gpus_is_faster_than_the_path_or_than_all_shared_out(graph: Weighed) -> None:
    takes = seconds_of(graph, 3e8, SPEED)
    total, path = sum(takes.values()), sum(takes[name] for name in critical_path(graph.graph, takes))
    times = {n: makespan(graph.graph, takes, n) for n in (1, 2, 8, 512)}
    assert times[1] == pytest.approx(total)
    assert all(time >= max(total / n, path) - 1e-6 for n, time in times.items())
    assert times[512] == pytest.approx(path)
    table = [line[3:] for line in lines(graph, takes, (1, 512), 2.0)]
    hours = total / 3600
    assert table[0] == [f"{hours:.1f}", f"{2 * hours:.2f}", f"{2 * hours:.2f}", "100 %"]
    assert table[1][0] == f"{512 * path / 3600:.1f}"
    assert table[1][1] == f"{2 * hours:.2f}"


def test_the_longest_stage_is_named_and_divided(graph: Weighed) -> None:
    takes = seconds_of(graph, 3e8, SPEED)
    jobs, path, longest, split = path_lines(graph, takes)
    assert jobs.startswith(f"jobs: {len(takes)}; ")
    assert path.startswith("critical path: train models/squad (")
    assert longest.startswith("its longest stage: train models/squad, ")
    assert split.startswith("every squad training over 8 GPUs, ideally: ")


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--tasks", "xcopa", "--parameters", "1e9", "--tokens-a-second", "1000", "--gpus", "1", "2", "--start", "0"])
    out = capsys.readouterr().out
    assert "1,000 tokens a second forward, 333 trained" in out
    assert len(re.findall(r"^\| [12] ", out, re.MULTILINE)) == 2
    assert "critical path: train models/siqa" in out
    main(["--tasks", "xcopa", "--grid", "2", "1", "2", "--gpus", "4"])
    out = capsys.readouterr().out
    assert "a grid of 2 bases, 1 intermediate tasks, 2 seeds, on xcopa" in out
    assert "critical path: train encoders/base-0/mnli/seed-1 (" in out
