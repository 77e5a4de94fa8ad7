"""Recipes: which value holds for which task and size, and every fault of a file at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cards.test_expected import changed, keys
from xtreme_harness.cards import recipe
from xtreme_harness.cards.recipe import LARGE, Hyper, Masking, Mixture, read_recipe, recipe_names
from xtreme_harness.errors import CardError
from xtreme_harness.files.shown import plain
from xtreme_harness.plan.cells import all_cards

TASKS = ["xnli", "squad", "mnli", "udpos"]
LAYERS = """
defaults: {lr: 1, epochs: 1, batch_size: 1}
large: {lr: 2, epochs: 2}
tasks: {xnli: {lr: 3, large: {lr: 4}}, squad: {epochs: 5}}
"""


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    """A recipe with a value at every level."""
    file = tmp_path / "layers.yaml"
    file.write_text(LAYERS, "utf-8")
    return file


@pytest.mark.parametrize(
    ("task", "size", "lr", "epochs"),
    [
        ("mnli", 768, 1, 1), ("mnli", LARGE, 2, 2), ("xnli", 768, 3, 1), ("xnli", LARGE, 4, 2),
        ("squad", 768, 1, 5), ("squad", 4096, 2, 5), ("", LARGE - 1, 1, 1),
    ],
)  # fmt: skip
def test_the_particular_goes_before_the_general(layers: Path, task: str, size: int, lr: float, epochs: float) -> None:
    hyper = read_recipe(str(layers)).hyper(task, size)
    assert (hyper.lr, hyper.epochs, hyper.batch_size) == (lr, epochs, 1)


@pytest.mark.parametrize("size", [768, LARGE])
@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (["lr=9"], {"xnli": 9, "squad": 9, "mnli": 9}),
        (["tasks.xnli.lr=9"], {"xnli": 9}),
        (["lr=8", "tasks.xnli.lr=9"], {"xnli": 9, "squad": 8}),
        (["tasks.xnli.lr=9", "lr=8"], {"xnli": 8, "squad": 8}),
        (["tasks.mnli.lr=9"], {"mnli": 9}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_setting_goes_before_all_of_the_file(
    layers: Path, settings: list[str], found: dict[str, float], size: int
) -> None:
    read = read_recipe(str(layers), settings, TASKS)
    assert {task: read.hyper(task, size).lr for task in found} == found


def test_settings_reach_mixture_and_masking() -> None:
    settings = [
        "mixture.sampling=specified",
        "mixture.weights.mnli=2",
        "mixture.weights.squad=t/total",
        "mlm.weight=.2",
    ]
    read = read_recipe("fast", [*settings, "max_steps=none", "gradient_checkpointing=true"])
    assert read.mixture.sampling == "specified"
    assert read.mixture.weights == {"mnli": "2", "squad": "t/total"}
    assert read.mlm.weight == 0.2
    assert read.hyper("xnli", 8).max_steps is None
    assert read.hyper("xnli", 8).gradient_checkpointing is True


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_hold_for_every_task_and_name_no_other(name: str) -> None:
    cards = all_cards()
    read = read_recipe(name, tasks=list(cards.tasks))
    assert read.title
    for task in cards.tasks:
        assert read.hyper(task, LARGE).epochs > 0
    assert read.comparable == (name != "fast")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("default: {lr: 1}", ["default: unknown key (did you mean 'defaults'?)"]),
        ("defaults: {epoch: 1}", ["defaults.epoch: unknown key (did you mean 'epochs'?)"]),
        ("defaults: {lr: -1}", ["defaults.lr: Input should be greater than 0 (found -1)"]),
        (
            "defaults: {schedule: cosine}",
            ["defaults.schedule: Input should be 'linear' or 'constant' "],
        ),
        ("tasks: {sqaud: {lr: 1}}", ["tasks.sqaud: unknown task (did you mean 'squad'?)"]),
        ("tasks: {squad: {large: {lrr: 1}}}", ["tasks.squad.large.lrr: unknown key (did you mean 'lr'?)"]),
        ("mixture: {caps: 1}", ["mixture.caps: unknown key (did you mean 'cap'?)"]),
        ("mlm: {weight: 2}", ["mlm.weight: Input should be less than 1 (found 2)"]),
        ("defaults: 3", ["defaults: found 3, expected keys and values"]),
        ("tasks: [squad]", ["tasks: found ['squad'], expected keys and values"]),
        ("tasks: {squad: 2}", ["tasks.squad: found 2, expected keys and values"]),
        ("tasks: {squad: {large: 2}}", ["tasks.squad.large: found 2, expected keys and values"]),
        ("mlm: {a: 1}\ndefaults: {lr: x, epoch: 1}", ["mlm.a: ", "defaults.lr: ", "defaults.epoch: "]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_fault_of_a_file_is_told_with_its_path(tmp_path: Path, text: str, faults: list[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(CardError) as caught:
        read_recipe(str(file), tasks=TASKS)
    assert len(caught.value.faults) == len(faults)
    for found, fault in zip(caught.value.faults, faults, strict=True):
        assert found.startswith(f"{file}: {fault}")


@pytest.mark.parametrize("text", ["defaults:", "tasks:", "tasks: {squad: }", "mixture:", "mlm:", "large:"])
def test_an_empty_part_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"title: mine\n{text}\n", "utf-8")
    settings = ["lr=7", "mixture.cap=3", "mlm.weight=0.5", "tasks.squad.epochs=2"]
    read = read_recipe(str(file), settings, TASKS)
    assert (read.hyper("squad", LARGE).lr, read.hyper("squad", LARGE).epochs) == (7, 2)
    assert (read.mixture.cap, read.mlm.weight) == (3, 0.5)


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("lr", "expected KEY=VALUE, for example lr=1e-5"),
        ("=3", "expected KEY=VALUE"),
        ("lr=fast", "Input should be a valid number, unable to parse string as a number (found 'fast')"),
        ("warmup=3", "unknown key 'warmup'"),
        ("mixture.temprature=3", "unknown key 'mixture.temprature' (did you mean 'mixture.temperature'?)"),
        ("mixture=3", "unknown key 'mixture'"),
        ("mlm.weight.en=3", "unknown key 'mlm.weight.en'"),
        ("tasks.squad=3", "unknown key 'tasks.squad'"),
        ("tasks.squad.epoch=3", "unknown key 'tasks.squad.epoch'"),
        ("tasks.sqaud.epochs=3", "unknown task 'sqaud' (did you mean 'squad'?)"),
    ],
)
def test_a_wrong_setting_is_told(setting: str, fault: str) -> None:
    with pytest.raises(CardError) as caught:
        read_recipe("fast", [setting], [*TASKS, *all_cards().tasks])
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith(f"--set {setting}: {fault}")


DEFAULTS = {**Hyper().model_dump(), "epochs": 3.0, "dropout": 0.1}
WHOLE: dict[str, Any] = {
    "name": "n", "title": "t", "source": "s", "comparable": True, "defaults": DEFAULTS, "large": {"lr": 1e-5},
    "tasks": {"squad": {"lr": 1e-5, "large": {"epochs": 2.0}}}, "mlm": Masking().model_dump(),
    "mixture": {"sampling": "specified", "cap": 3, "temperature": 2.0, "weights": {"squad": 1, "xnli": "t"}},
}  # fmt: skip
NEVER = [float("nan"), float("inf"), -float("inf"), 10**30, 1 << 40_000, -1, [], [1], {1: 2}, {None: 1}]
NOT_FOR = {bool: ["x", 5], int: [True, "x", 1.5], float: [True, "x"], str: [True, 5, {}], type(None): [True, "x", 0]}


@pytest.mark.parametrize(("at", "there"), list(keys(WHOLE)), ids=lambda value: str(value)[:40])
def test_every_key_with_every_wrong_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[str | int, ...], there: Any
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("title: mine\n", "utf-8")
    allowed = at[:2] == ("mixture", "weights") and len(at) == 3
    never = [one for one in NEVER if at[-1] != "max_grad_norm" or one not in (float("inf"), 10**30)]
    for wrong in [*never, *([] if allowed else NOT_FOR.get(type(there), []))]:
        raw = changed(WHOLE, at, wrong)
        monkeypatch.setattr(recipe, "read_yaml", lambda _: raw)  # noqa: B023 - called in this turn
        with pytest.raises(CardError) as raised:
            read_recipe(str(file))
        for fault in raised.value.faults:
            assert fault.startswith(f"{file}: {at[0]}")
            assert "\n" not in fault
            assert len(fault) < len(str(file)) + 250


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("lr=nan", "--set lr=nan: Input should be a finite number (found 'nan')"),
        ("lr=1e999", "--set lr=1e999: Input should be a finite number (found '1e999')"),
        ("max_steps=" + "9" * 5000, "--set 'max_steps=9999"),
        ("batch_size=" + "9" * 30, "--set batch_size=999999999999999999999999999999: Input should be less than or"),
        ("mixture.weights.squad=nan", "--set mixture.weights.squad=nan: mixture.weights.squad: Input should be a "),
        ("mixture.weights.squad=-1", "--set mixture.weights.squad=-1: mixture.weights.squad: Input should be a "),
    ],
)
def test_numbers_that_no_training_can_use(setting: str, message: str) -> None:
    with pytest.raises(CardError) as raised:
        read_recipe("fast", [setting])
    (fault,) = raised.value.faults
    assert fault.startswith(message)
    assert len(fault) < 250


def test_weights_are_kept_as_they_were() -> None:
    weights = Mixture(sampling="specified", weights={"a": 1, "b": "2", "c": "t/total"}).model_dump()["weights"]
    assert [(type(value), value) for value in weights.values()] == [(float, 1.0), (str, "2"), (str, "t/total")]


@pytest.mark.parametrize(
    "setting",
    [
        "lr=nan", "lr=inf", "lr=1e999", "lr=true", "epochs=inf", "epochs=-1", "epochs=1e9", "batch_size=100000",
        "batch_size=1e30", "max_steps=99999999999", "warmup_ratio=nan", "mixture.temperature=nan",
        "mlm.weight=nan", "lora_rank=9999999", "score_scale=inf", f"epochs={'9' * 5000}",
    ],
    ids=lambda setting: setting[:30],
)  # fmt: skip
def test_a_setting_has_a_bound(setting: str) -> None:
    with pytest.raises(CardError) as error:
        read_recipe("xtreme", [setting])
    (fault,) = error.value.faults
    assert fault.startswith(f"--set {plain(setting)}: Input should be ")


def test_true_is_no_number_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("defaults: {lr: true, gradient_checkpointing: true, epochs: .inf}", "utf-8")
    with pytest.raises(CardError) as error:
        read_recipe(str(tmp_path / "r.yaml"))
    assert [fault.partition("r.yaml: ")[2] for fault in error.value.faults] == [
        "defaults.lr: true and false are no value of this key (found True)",
        "defaults.epochs: Input should be a finite number (found inf)",
    ]
