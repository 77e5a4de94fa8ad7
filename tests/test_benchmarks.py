"""The arithmetic of the benchmark table; the measuring itself is `make bench`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.peak import forward_gflop
from tests.benchmarks.seeds import welch
from tests.benchmarks.suite import SUITE, Benchmark, Contestant, Ratio, Share
from tests.benchmarks.table import HEADERS, Measured, agreement, lines, ratio, record, share
from tests.benchmarks.worker import Worker, WorkerError

FAST, SLOW = Contestant("ours", "a:b"), Contestant("peers", "c:d")


def measured(bar: float | None = 3, share_bar: float | None = 50) -> Measured:
    benchmark = Benchmark(
        "x", "X, {n} pairs", "xnli", "en", "test", (2, 4),
        {"ours": FAST, "theirs": SLOW}, (Ratio("ours", "theirs", bar),), (Share("ours", "float32", share_bar),),
    )  # fmt: skip
    return Measured(
        benchmark, 2,
        {"ours": [1.0, 9.0, 2.0], "theirs": [6.0, 5.0, 100.0]},
        {"ours": ["a", ["b", "c"]], "theirs": ["a", ["b", "x"]]},
        {"ours": {"dtype": "float32", "gflop": 100.0}, "theirs": {}},
        {"float32": [200.0, 100.0, 100.0]},
    )  # fmt: skip


def test_ratio_is_of_the_medians() -> None:
    assert ratio(measured(), Ratio("ours", "theirs")) == 6.0 / 2.0


def test_share_takes_each_repetition_against_the_peak_beside_it() -> None:
    # 100 GFLOP in 1, 9, 2 s: 100, 11.1, 50 GFLOP/s, of 200, 100, 100: 50, 11.1, 50 percent
    assert share(measured(), Share("ours", "float32")) == 50.0


@pytest.mark.parametrize(("bar", "said"), [(3, "yes"), (3.01, "no"), (None, "")])
def test_line_says_whether_the_bar_is_reached(bar: float | None, said: str) -> None:
    line = dict(zip(HEADERS, lines(measured(bar))[0], strict=True))
    assert line["reached"] == said
    assert line["ratio"] == "3.00x"
    assert line["work"] == "X, 2 pairs"


def test_share_line_names_the_peak() -> None:
    line = lines(measured())[1]
    assert "float32 matrix peak, 100 GFLOP/s" in line
    assert "50 %" in line
    assert all(len(each) == len(HEADERS) for each in lines(measured()))


@pytest.mark.parametrize(
    ("ours", "theirs", "percent"),
    [
        (["a", "b"], ["a", "b"], 100.0),
        (["a", "b"], ["a", "c"], 50.0),
        ([["N", "V"], ["N"]], [["N", "X"], ["N"]], 200 / 3),
        ([("1",), ()], [["1"], []], 100.0),
    ],
    ids=["all", "half", "tags one by one", "tuples and lists"],
)
def test_agreement(ours: list[object], theirs: list[object], percent: float) -> None:
    assert agreement(ours, theirs) == pytest.approx(percent)


def test_predictions_of_other_examples_are_not_compared() -> None:
    with pytest.raises(ValueError, match="2 predictions against 1"):
        agreement(["a", "b"], ["a"])


def test_record_keeps_every_repetition() -> None:
    found = record(measured())
    assert found["seconds"]["theirs"] == [6.0, 5.0, 100.0]
    assert found["ratios"][0]["equal_percent"] == pytest.approx(200 / 3)
    assert found["shares"] == [{"ours": "ours", "dtype": "float32", "percent": 50.0, "bar": 50}]


def test_gflop_without_attention_is_two_for_each_weight_and_token() -> None:
    layer = 4 * 8 * 8 + 2 * 8 * 16
    attention = 4 * 1 * 1 * 8  # a sequence of one token looks at itself
    assert forward_gflop([1], layers=3, width=8, inner=16) == pytest.approx(3 * (2 * layer + attention) / 1e9)


@pytest.mark.parametrize("benchmark", SUITE, ids=lambda b: b.name)
def test_lines_name_contestants_that_exist(benchmark: Benchmark) -> None:
    named = {n for r in benchmark.ratios for n in (r.ours, r.against)} | {s.ours for s in benchmark.shares}
    assert named <= set(benchmark.contestants)
    for contestant in benchmark.contestants.values():
        module, _, function = contestant.function.partition(":")
        file = Path(__file__).parent / "benchmarks" / f"{module.replace('.', '/')}.py"
        assert f"\ndef {function}(" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("ours", "theirs", "t"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.0),
        ([5.0, 6.0, 7.0], [1.0, 2.0, 3.0], 4 / (2 / 3) ** 0.5),
        ([2.0, 2.0], [1.0, 1.0], float("inf")),
    ],
    ids=["equal", "apart", "without spread"],
)
def test_difference_of_two_means_in_its_own_error(ours: list[float], theirs: list[float], t: float) -> None:
    assert welch(ours, theirs) == pytest.approx(t)


def test_worker_measures_the_work_and_outlives_a_failure(tmp_path: Path) -> None:
    worker = Worker(Path(sys.executable), tmp_path / "log")
    try:
        with pytest.raises(WorkerError, match="nobody"):
            worker.ask(do="prepare", name="x", function="nobody:ours", job={})
        worker.ask(do="prepare", name="x", function="retrieval:ours", job={"size": 4})
        reply = worker.ask(do="run", name="x")
    finally:
        worker.close()
    assert worker.process.returncode == 0
    assert reply["seconds"] > 0
    assert [len(neighbours) for neighbours in reply["answers"]] == [10] * 4
