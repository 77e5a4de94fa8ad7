"""What is searched: which value holds where, every fault, what a trial is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cards.recipe import LARGE, read_recipe
from xtreme_harness.cards.search_space import combinations, trial_name
from xtreme_harness.errors import CardError

TASKS = ["xnli", "squad", "mnli"]
RECIPE = """
defaults: {lr: 1, epochs: 1}
search: {lr: [0.1, 2e-1], dropout: [null, 0.3]}
tasks:
  xnli: {lr: 3}
  squad: {search: {lr: ["5", 6, 7]}, large: {dropout: 0.2}}
"""


@pytest.fixture
def searched(tmp_path: Path) -> str:
    """A recipe that searches for all tasks, and otherwise for one."""
    file = tmp_path / "searched.yaml"
    file.write_text(RECIPE, "utf-8")
    return str(file)


BOTH = {"lr": (0.1, 0.2), "dropout": (None, 0.3)}


@pytest.mark.parametrize(
    ("settings", "task", "size", "space"),
    [
        ([], "mnli", 8, BOTH), ([], "", 8, BOTH), ([], "xnli", 8, {"dropout": (None, 0.3)}),
        ([], "squad", 8, {"lr": (5.0, 6.0, 7.0), "dropout": (None, 0.3)}),
        ([], "squad", LARGE, {"lr": (5.0, 6.0, 7.0)}),
        (["lr=1e-5, 2e-5"], "mnli", 8, {"lr": (1e-5, 2e-5), "dropout": (None, 0.3)}),
        (["lr=1e-5,2e-5"], "xnli", 8, {"lr": (1e-5, 2e-5), "dropout": (None, 0.3)}),
        (["lr=1e-5,2e-5"], "squad", LARGE, {"lr": (1e-5, 2e-5)}),
        (["lr=1e-5,2e-5", "lr=4"], "squad", 8, {"dropout": (None, 0.3)}),
        (["lr=4", "lr=1e-5,2e-5"], "squad", LARGE, {"lr": (1e-5, 2e-5)}),
        (["tasks.mnli.lr=4"], "mnli", 8, {"dropout": (None, 0.3)}),
        (["tasks.squad.lr=4"], "squad", LARGE, {}),
        (["tasks.xnli.lr=8,9"], "xnli", 8, {"lr": (8.0, 9.0), "dropout": (None, 0.3)}),
        (["tasks.squad.dropout=none,0"], "squad", LARGE, {"lr": (5.0, 6.0, 7.0), "dropout": (None, 0.0)}),
        (["schedule=linear,constant", "dropout=0"], "xnli", 8, {"schedule": ("linear", "constant")}),
    ],
)  # fmt: skip
def test_the_particular_and_the_later_go_first(
    searched: str, settings: list[str], task: str, size: int, space: dict[str, Any]
) -> None:
    assert read_recipe(searched, settings, TASKS).space(task, size) == space


def test_no_recipe_that_ships_searches() -> None:
    for name in ("xtreme", "jiant", "fast"):
        assert read_recipe(name).space("xnli", 8) == {}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("search: 3", ["search: found 3, expected keys with lists of values, such as {lr: [1e-5, 2e-5]}"]),
        ("search: {lrr: [1]}", ["search.lrr: unknown key (did you mean 'lr'?)"]),
        ("search: {lr: 1}", ["search.lr: found 1, expected a list of values"]),
        ("search: {lr: []}", ["search.lr: found [], expected a list of values"]),
        ("search: {lr: [1, 1.0]}", ["search.lr[1]: 1.0 stands twice"]),
        ("search: {lr: [-1, x, true]}",
         ["search.lr[0]: Input should be greater than 0 (found -1)", "search.lr[1]: Input should be a valid number",
          "search.lr[2]: true and false are no value of this key (found True)"]),
        ("search: {gradient_checkpointing: [true, false]}",
         ["search.gradient_checkpointing: cannot be searched; give it one value"]),
        ("search: {freeze_encoder: [true]}", ["search.freeze_encoder: cannot be searched; give it one value"]),
        ("search: {eval_examples: [1, 2]}", ["search.eval_examples: cannot be searched; give it one value"]),
        ("search: {schedule: [cosine]}", ["search.schedule[0]: Input should be 'linear' or 'constant'"]),
        ("tasks: {squad: {search: {lr: [1, 1]}}}", ["tasks.squad.search.lr[1]: 1 stands twice"]),
        ("search: {seed: [1, 2]}\ntasks: {squad: {search: []}}",
         ["search.seed: unknown key", "tasks.squad.search: found []"]),
        (f"search: {{lr: {list(range(1, 9))}, epochs: {list(range(1, 10))}}}",
         ["search: 72 trainings (lr 8 x epochs 9), expected at most 64"]),
        (f"search: {{lr: {list(range(1, 9))}}}\ntasks: {{squad: {{search: {{epochs: {list(range(1, 10))}}}}}}}",
         ["tasks.squad.search: 72 trainings (lr 8 x epochs 9), expected at most 64"]),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_every_fault_is_told_with_its_path(tmp_path: Path, text: str, faults: list[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(CardError) as caught:
        read_recipe(str(file), tasks=TASKS)
    assert len(caught.value.faults) == len(faults)
    for found, fault in zip(caught.value.faults, faults, strict=True):
        assert found.startswith(f"{file}: {fault}")


@pytest.mark.parametrize(
    ("setting", "faults"),
    [
        ("lr=1e-5,", ["lr[1]: Input should be a valid number, unable to parse string as a number (found '')"]),
        ("lr=1e-5,0.00001", ["lr[1]: '0.00001' stands twice"]),
        ("tasks.xnli.epochs=0,x", ["epochs[0]: Input should be greater than 0 (found '0')", "epochs[1]: "]),
        ("freeze_encoder=true,false", ["freeze_encoder: cannot be searched; give it one value"]),
        ("eval_examples=1,2", ["eval_examples: cannot be searched; give it one value"]),
    ],
)
def test_a_wrong_setting_is_told(setting: str, faults: list[str]) -> None:
    with pytest.raises(CardError) as caught:
        read_recipe("fast", [setting])
    assert len(caught.value.faults) == len(faults)
    for found, fault in zip(caught.value.faults, faults, strict=True):
        assert found.startswith(f"--set {setting}: {fault}")


def test_several_keys_mean_their_product() -> None:
    found = combinations(read_recipe("fast", ["lr=1e-5,2e-5,5e-5", "epochs=3,10"]).space("xnli", 8))
    assert [trial_name(values) for values in found] == [
        "lr=1e-05,epochs=3", "lr=1e-05,epochs=10", "lr=2e-05,epochs=3", "lr=2e-05,epochs=10", "lr=5e-05,epochs=3",
        "lr=5e-05,epochs=10",
    ]  # fmt: skip


def test_values_that_differ_have_names_that_differ() -> None:
    values = [1.0, 1e10, 1.23456789e-5, 1.23456788e-5, 0.1 + 0.2, 0.3, None, "linear", 12]
    names = [trial_name({"a": value}) for value in values]
    assert names == [
        "a=1", "a=1e+10", "a=1.23456789e-05", "a=1.23456788e-05", "a=0.30000000000000004", "a=0.3", "a=none",
        "a=linear",         "a=12",
    ]  # fmt: skip
