"""Cost and time of a full pass over many GPUs, on paper: what each job computes, by a speed that is measured or given.

    python -m tests.benchmarks.scale --tflops 312 --shares 0.4 0.27 --price-an-hour 2
    python -m tests.benchmarks.scale --measure

A scheduler hands out the jobs as the executors do. Dev scores during training are not counted.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from tests.benchmarks.scale_graph import floating_point_operations, grid_graph, pass_graph
from xtreme_harness.evaluation.costs import TRAIN, Weighed
from xtreme_harness.jobs import critical_path, makespan

__all__ = ["Speed", "lines", "main", "path_lines", "seconds_of"]

GPUS = (1, 8, 64, 512)
HEADERS = ("GPUs", "time", "GPU-hours, busy", "GPU-hours, held", "cost, busy", "cost, held", "utilisation")
_SPLIT = 8  # GPUs over which the longest training is divided, to see what that would bring


@dataclass(frozen=True, slots=True)
class Speed:
    """What one GPU does."""

    peak: float  # operations a second
    forward: float  # the share of it that a forward pass reaches
    training: float  # and a step of training
    start: float = 0.0  # seconds of every job that are no arithmetic: imports, weights, data


def seconds_of(graph: Weighed, parameters: float, speed: Speed) -> dict[str, float]:
    """Name of a job -> its seconds on one GPU."""
    done = floating_point_operations(graph, parameters)
    share = {name: speed.training if graph.costs[name].does == TRAIN else speed.forward for name in done}
    return {name: speed.start + count / (speed.peak * share[name]) for name, count in done.items()}


def lines(graph: Weighed, takes: Mapping[str, float], gpus: Sequence[int], price: float) -> list[list[str]]:
    """One line a number of GPUs; held: all of them until the last job has ended."""
    total = sum(takes.values()) / 3600
    found = []
    for number in gpus:
        hours = makespan(graph.graph, takes, number) / 3600
        held = number * hours
        found.append(
            [f"{number}", _spoken(hours), f"{total:.1f}", f"{held:.1f}", f"{price * total:.2f}", f"{price * held:.2f}",
             f"{100 * total / held:.0f} %"]
        )  # fmt: skip
    return found


def path_lines(graph: Weighed, takes: Mapping[str, float]) -> list[str]:
    """The chain that no number of GPUs makes shorter, its longest stage, and what would shorten it."""
    path = critical_path(graph.graph, takes)
    length = sum(takes[name] for name in path)
    longest = max(path, key=takes.__getitem__)
    label, share = graph.costs[longest].label, takes[longest] / length
    alike = [name for name, cost in graph.costs.items() if cost.does == TRAIN and _stage(cost.label) == _stage(label)]
    split = {**takes, **{name: takes[name] / _SPLIT for name in alike}}
    after = critical_path(graph.graph, split)
    rest = sum(split[name] for name in after)
    total = sum(takes.values())
    chain = " -> ".join(f"{graph.costs[name].label} ({_spoken(takes[name] / 3600)})" for name in path)
    trained = sum(takes[name] for name, cost in graph.costs.items() if cost.does == TRAIN)
    return [
        f"jobs: {len(takes)}; {100 * trained / total:.0f} % of the compute is training",
        f"critical path: {chain}: {_spoken(length / 3600)}",
        f"its longest stage: {label}, {100 * share:.0f} % of it; GPUs that can be kept busy: {total / length:.0f}",
        f"every {_stage(label)} training over {_SPLIT} GPUs, ideally: {_spoken(rest / 3600)}; then the longest is "
        f"{graph.costs[max(after, key=split.__getitem__)].label}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    given = _arguments(arguments)
    if given.measure:
        from tests.benchmarks.scale_measured import measured

        print(measured(given.shape))
        return
    if given.grid:
        bases, intermediates, seeds = given.grid
        graph = grid_graph(bases, intermediates, seeds, given.tasks)
        print(
            f"a grid of {bases} bases, {intermediates} intermediate tasks, {seeds} seeds, on {', '.join(given.tasks)}"
        )
    else:
        graph = pass_graph(given.tasks, given.seeds, given.set)
        print(f"eval --tasks {','.join(given.tasks)}, recipe xtreme")
    speed = Speed(given.tflops * 1e12, *given.shares, given.start)
    takes = seconds_of(graph, given.parameters, speed)
    print(
        f"{given.parameters:.3g} parameters without embeddings; a GPU of {given.tflops:g} TFLOP/s, of which "
        f"{100 * speed.forward:.0f} % forward and {100 * speed.training:.0f} % in training (given, not measured): "
        f"{speed.peak * speed.forward / 2 / given.parameters:,.0f} tokens a second forward, "
        f"{speed.peak * speed.training / 6 / given.parameters:,.0f} trained; {speed.start:g} s to start a job; "
        f"{given.price_an_hour:g} an hour\n"
    )
    table = lines(graph, takes, given.gpus, given.price_an_hour)
    print(tabulate(table, headers=HEADERS, tablefmt="pipe", disable_numparse=True))
    print("\n" + "\n".join(path_lines(graph, takes)))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=["xtreme", "xtreme-r"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[], help="a run each")
    parser.add_argument("--set", nargs="+", default=[], help="over the recipe, as lr=1e-5,2e-5,3e-5")
    parser.add_argument("--grid", nargs=3, type=int, metavar=("BASES", "INTERMEDIATES", "SEEDS"))
    parser.add_argument("--parameters", type=float, default=302e6, help="without embeddings (XLM-R Large)")
    parser.add_argument("--tflops", type=float, default=312, help="peak of a GPU (A100, bfloat16)")
    parser.add_argument("--shares", nargs=2, type=float, default=[0.4, 0.27], metavar=("FORWARD", "TRAINING"))
    parser.add_argument("--tokens-a-second", type=float, help="forward, of one GPU; in place of --tflops and --shares")
    parser.add_argument("--start", type=float, default=30.0, metavar="SECONDS", help="of every job, beside arithmetic")
    parser.add_argument("--price-an-hour", type=float, default=2.0)
    parser.add_argument("--gpus", nargs="+", type=int, default=list(GPUS))
    parser.add_argument("--measure", action="store_true", help="the shares that our code reaches on this machine")
    parser.add_argument("--shape", default="base", help="of the encoder that is measured")
    given = parser.parse_args(arguments)
    if given.tokens_a_second:  # training reaches the same share
        given.tflops, given.shares = given.tokens_a_second * 2 * given.parameters / 1e12, [1.0, 1.0]
    return given


def _stage(label: str) -> str:
    """What is trained, whatever run it belongs to: xnli."""
    return label.partition("/trials/")[0].rpartition("/")[2]


def _spoken(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"


if __name__ == "__main__":
    main()
