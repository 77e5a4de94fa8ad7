"""What an argument must be, for a flag and for its name in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness import compare, demo, evaluate, evaluate_series, run_grid, score, train
from xtreme_harness.errors import DataError, XHarnessError
from xtreme_harness.gate.gate import gate, gate_series
from xtreme_harness.plan.arguments import LAYER, PLACE, SEED, faults_of, number, one_of, optional, shown, whole
from xtreme_harness.plan.request import EvalRequest, TrainRequest

NAN, INF = float("nan"), float("inf")
WRONG: dict[str, tuple[str, tuple[Any, ...]]] = {  # of an evaluation
    "model": ("--model", (None, 3, "", True, "a\0b", "y" * 300)),
    "tasks": ("--tasks", (3, None, [3], {"xnli": 1})),
    "pooling": ("--pooling", ("MEAN", 1, "", True)),
    "seeds": ("--seeds", ("1,2", 1, True, [-1], ["a"], [1.5], [True], {"a": 1}, None, [2**32], ",")),
    "seed": ("--seed", ("abc", -1, 1.5, True, None, 2**32, NAN)),
    "train": ("--train", ("sometimes", None, True)),
    "languages": ("--languages", (5, None, [5], {"de": 1})),
    "layer": ("--layer", (True, NAN, INF, -1, -1.5, 1.5, "1.e999", "nan", "1e5", [], 10**30, "", b"1")),
    "limit": ("--limit", (1.5, 0, True, "3", 10**30, NAN)),
    "split": ("split", ("validation", None, "")),
    "dtype": ("--dtype", (None, "int8", "")),
    "settings": ("--set", ({"lr": 1}, 5, [5], [""])),
    "data": ("--data", ("", 5, None, [5])),
    "output": ("--output-path", ("", 5, True, "a\0b", "x" * 300)),
    "include": ("--include-path", ("", 5, [5])),
    "labels": ("--labels", ("", 5)),
    "recipe": ("--recipe", ("", None, 5)),
    "device": ("--device", ("", None, "tpu", "cuda:x", "cuda:-1")),
    "revision": ("--revision", ("", 5)),
    "tracker": ("--tracker", ("", 5)),
    "executor": ("--executor", (None, "", 5, "slurmm")),
    "force": ("--force", ("yes", None)),
    "trust_remote_code": ("--trust-remote-code", ("no",)),
    "label_order": ("--label-order", (5, {"a": 1}, [5])),
    "batch_size": ("--batch-size", (0, 1.5, True, 10**9, "x")),
    "limit_train": ("--limit-train", (0, 1.5, True)),
}
WRONG_TRAINING: dict[str, tuple[str, tuple[Any, ...]]] = {
    "mlm": ("--mlm", ("", 5)),
    "mlm_weight": ("--mlm-weight", (NAN, INF, 0, 1, -1, "a", True, 10**400)),
    "translated": ("--translated", ("", 5)),
    "translations_only": ("--translations-only", ("x",)),
    "sampling": ("--sampling", ("unifrm", 5, "")),
}


def cases(table: dict[str, tuple[str, tuple[Any, ...]]]) -> list[Any]:
    return [
        pytest.param(name, flag, value, id=f"{name}={shown(value)[:20]}")
        for name, (flag, values) in table.items()
        for value in values
    ]


@pytest.mark.parametrize(("name", "flag", "value"), cases(WRONG))
def test_what_no_evaluation_can_be_asked(name: str, flag: str, value: Any) -> None:
    asked = {"model": "oracle", "tasks": "xnli", **{name: value}}
    faults = EvalRequest.of(**asked).faults()
    assert [fault.partition(" ")[0].rstrip(":") for fault in faults][:1] == [flag]
    assert all("\n" not in fault and len(fault) < 200 for fault in faults)


@pytest.mark.parametrize(("name", "flag", "value"), cases(WRONG_TRAINING))
def test_what_no_training_can_be_asked(name: str, flag: str, value: Any) -> None:
    (fault,) = TrainRequest.of("m", "xnli", **{name: value}).faults()
    assert fault.partition(" ")[0].rstrip(":") == flag


@pytest.mark.parametrize(
    "options",
    [
        {"seeds": range(2)}, {"seeds": [np.int64(1)]}, {"seed": np.int64(3)}, {"limit": np.int64(2)}, {"layer": "0.5"},
        {"layer": 1.0}, {"layer": 0}, {"layer": "last"}, {"data": Path("x")}, {"languages": ["de", "sw"]},
        {"settings": "lr=1e-5"}, {"recipe": Path("fast.yaml")}, {"device": "cuda:0"}, {"labels": None}, {"seeds": ()},
        {"seed": 2**32 - 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_right_passes(options: dict[str, Any]) -> None:
    EvalRequest.of("oracle", "xnli", **options).require_sense()


def test_a_request_without_the_reader_is_checked_too() -> None:
    assert EvalRequest(model="m", tasks=("xnli",), seeds="1,2").faults() == [  # type: ignore[arg-type]
        "--seeds 1,2: expected a list of numbers from 0 to 4294967295"
    ]


def test_faults_say_what_was_found_and_what_is_wanted() -> None:
    wanted = {
        "a": ("--a", whole(1, 9)), "b": ("--b", optional(number(0, 1))), "c": ("--c", one_of(("mean", "cls"))),
        "d": ("--d", PLACE), "e": ("--e", SEED), "f": ("--f", LAYER),
    }  # fmt: skip
    assert faults_of({"a": 9, "b": None, "c": "cls", "d": "x", "e": 0, "f": 0.5}, wanted) == []
    assert faults_of({"a": 10**5000, "b": NAN, "c": "Mean", "d": "", "e": -1, "f": "x" * 500}, wanted) == [
        "--a (a number that is too long to be shown): expected a number from 1 to 9",
        "--b nan: expected a number between 0 and 1",
        "--c Mean: expected mean, cls (did you mean 'mean'?)",
        "--d: empty, expected a path, of names of at most 255 bytes",
        "--e -1: expected a number from 0 to 4294967295",
        f"--f {'x' * 59}…: expected last, an index such as 8, or a fraction such as 0.67",
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda: compare("a"), lambda: compare("a", 5), lambda: compare(None, "a"), lambda: compare("a", ""),  # type: ignore[arg-type]
        lambda: compare("a", "b", paired_bs=1), lambda: compare("a", "b", paired_bs=10**9),
        lambda: compare("a", "b", paired_ar=-1), lambda: compare("a", "b", seed=-1),
        lambda: compare("a", "b", include="cards"), lambda: gate("a", "b", rules=""),
        lambda: gate("a", "b", paired_bs=True),
        lambda: gate_series("a"), lambda: gate_series(["a", ""]), lambda: score("", "b", "xtreme"),
        lambda: score("a", "b", "xtrem"), lambda: score("a", "b", "xtreme", mode="strickt"),  # type: ignore[arg-type]
        lambda: demo(""), lambda: evaluate_series("", print, "o"), lambda: evaluate_series("run/step-*", None, "o"),  # type: ignore[arg-type]
        lambda: evaluate_series("run/step-*", print, ""), lambda: run_grid("grid.yaml", ""), lambda: run_grid(None),  # type: ignore[arg-type]
        lambda: evaluate("oracle", "xnli", watch=5), lambda: train("m", "xnli", watch=None),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_public_functions_check_their_arguments(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^\S+( .*)?: (empty, )?expected "):
        call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("pattern", ["run", "run/a**b", "nowhere/step-*"])
def test_a_pattern_that_is_none_or_fits_nothing(pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(XHarnessError, match=f"--model {pattern.replace('*', '.')}: "):
        evaluate_series(pattern, print, "o")  # type: ignore[arg-type]
