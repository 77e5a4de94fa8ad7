"""A frozen encoder: the head alone is trained, as plain torch trains it on features; the encoder stays bit by bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from tests.fixtures.families import build
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness import evaluate, train
from xtreme_harness.cards.recipe import Hyper, Mixture
from xtreme_harness.errors import DataError
from xtreme_harness.models.reading import encoder_of
from xtreme_harness.plan.mixture import batch_of
from xtreme_harness.plan.request import TrainRequest
from xtreme_harness.plan.train import prepare_training
from xtreme_harness.results.tables import training_lines
from xtreme_harness.training import frozen, loop
from xtreme_harness.training.gradients import inputs_of, reader_of
from xtreme_harness.training.selection import Best
from xtreme_harness.training.state import State, load_state, save_state, save_weights

pytestmark = pytest.mark.slow

STEPS = 9
RECIPE = (
    "freeze_encoder=true", "dropout=0", "batch_size=32", "epochs=3", f"max_steps={STEPS}", "lr=1e-2", "warmup_ratio=0",
    "weight_decay=0.1", "schedule=constant", "max_grad_norm=1e9",
)  # fmt: skip
QUICK: dict[str, Any] = {"data": "samples", "recipe": "fast", "dtype": "float32", "device": "cpu"}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder, with a pooler of its own."""
    torch.set_num_threads(1)
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


def fitted(base: Path, folder: Path, *settings: str, task: str = "mnli") -> tuple[Any, Any]:
    """The trainee and its course after training."""
    stage = stage_on_samples(base, (task,), *RECIPE, *settings)
    trainee, courses = prepared(stage)
    loop.fit(trainee, courses, courses[0].hyper, Mixture(), folder, stage.manner.seed, device="cpu", dtype="float32")
    return trainee, courses[0]


def without_pooler(base: Path, path: Path) -> Path:
    """The same encoder as one that was pretrained on masked words alone."""
    path.mkdir()
    for file in base.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    weights = {name: value for name, value in load_file(base / "model.safetensors").items() if "pooler" not in name}
    save_file(weights, path / "model.safetensors", {"format": "pt"})
    return path


def test_it_is_plain_torch_on_features(base: Path, tmp_path: Path) -> None:
    """Vectors of the pooler, computed once by transformers' own network; then a linear layer over them."""
    import transformers

    stage = stage_on_samples(base, ("mnli",), *RECIPE)
    trainee, (course,) = prepared(stage)
    head = torch.nn.Linear(*reversed(trainee.members["mnli"].classifier.weight.shape))
    head.load_state_dict(trainee.members["mnli"].classifier.state_dict())
    plain = transformers.AutoModel.from_pretrained(base).eval()
    reader = reader_of(trainee, course, CPU)
    with torch.no_grad():
        features = torch.cat([plain(**inputs_of(reader, [lesson])).pooler_output for lesson in course.lessons])
    goals = torch.tensor([lesson.goals[0] for lesson in course.lessons])
    groups = [{"params": [head.weight], "weight_decay": 0.1}, {"params": [head.bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.999), eps=1e-8)
    for step in range(STEPS):
        batch = batch_of(course.source, step, stage.manner.seed)
        optimizer.zero_grad()
        cross_entropy(head(features[batch]), goals[batch]).backward()
        optimizer.step()
    before = trainee.members["mnli"].classifier.weight.detach().clone()
    loop.fit(trainee, [course], course.hyper, Mixture(), tmp_path, stage.manner.seed, device="cpu", dtype="float32")
    found = trainee.members["mnli"].classifier
    assert float((found.weight.detach() - before).abs().max()) > 1e-2
    assert torch.allclose(found.weight, head.weight, rtol=0, atol=2e-5)
    assert torch.allclose(found.bias, head.bias, rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    ("family", "task"),
    [
        ("bert", "mnli"), ("bert", "squad"), ("bert", "udpos"), ("bert", "hellaswag"), ("xlm-roberta", "mnli"),
        ("xlm-roberta", "udpos"), ("deberta-v2", "mnli"), ("rembert", "hellaswag"), ("modernbert", "udpos"),
        ("modernbert", "mnli"), ("mt5", "mnli"), ("mt5", "squad"), ("qwen2", "mnli"), ("qwen2", "hellaswag"),
        ("xlm", "mnli"),
    ],
)  # fmt: skip
def test_what_is_kept_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, task: str) -> None:
    """Heads of all sorts, over states that are kept, and over states that are computed for every step.

    One number that is added to all that is compared has no gradient but rounding, which Adam blows up.
    """
    base = build(family, None, tmp_path / "base")
    settings = ("max_steps=12", "batch_size=24")
    kept, course = fitted(base, tmp_path / "kept", *settings, task=task)
    assert course.hyper.batch_size * 12 > len(course.lessons), "lessons come again"
    monkeypatch.setattr(frozen, "ROOM", 0)
    computed, _ = fitted(base, tmp_path / "computed", *settings, task=task)
    weights = computed.state_dict()
    for name, value in kept.state_dict().items():
        if not name.endswith("bias") or task in ("mnli", "udpos"):
            assert torch.allclose(value, weights[name], rtol=0, atol=1e-4), name


@pytest.mark.parametrize("task", ["mnli", "squad", "udpos", "hellaswag"])
def test_the_network_answers_as_without_it(base: Path, task: str) -> None:
    """With given states as with inputs, in training and in evaluation, twice: the second time from memory."""
    plain, (course,) = prepared(stage_on_samples(base, (task,), "dropout=0"))
    still, _ = prepared(stage_on_samples(base, (task,), "dropout=0", "freeze_encoder=true"))
    reader = reader_of(still, course, CPU)
    inputs = inputs_of(reader, course.lessons[:3])
    with torch.no_grad():
        expected = plain.eval().members[task](**inputs)
        for _ in range(2):
            found = still.eval().members[task](**inputs)
            for name in ("logits", "start_logits", "end_logits"):
                if hasattr(expected, name):
                    assert torch.allclose(found[name], expected[name], atol=1e-6), name
    assert still.frozen is not None
    assert len(still.frozen._remembered) == 1


def test_the_encoder_stays_bit_by_bit(base: Path, tmp_path: Path) -> None:
    train(base, "mnli", output=tmp_path / "out", settings=["freeze_encoder=true", "max_steps=3", "lr=0.1"], **QUICK)
    before, after = (load_file(place / "model.safetensors") for place in (base, tmp_path / "out"))
    assert set(after) - {f"bert.{name}" for name in before} == {"classifier.weight", "classifier.bias"}
    for name, value in before.items():
        assert torch.equal(after[f"bert.{name}"], value), name
    own = json.loads((tmp_path / "out" / "xharness.json").read_text("utf-8"))["lineage"][-1]
    assert own["recipe"]["values"]["freeze_encoder"] is True


def test_a_pooler_that_the_checkpoint_lacks_is_trained(base: Path, tmp_path: Path) -> None:
    bare = without_pooler(base, tmp_path / "bare")
    found = {}
    for name, place in (("bare", bare), ("whole", base)):
        trainee, _ = prepared(stage_on_samples(place, ("mnli",), "freeze_encoder=true"))
        found[name] = {n.partition("mnli.")[2] for n, p in trainee.named_parameters() if p.requires_grad}
    head = {"classifier.weight", "classifier.bias"}
    assert found == {"bare": {"bert.pooler.dense.weight", "bert.pooler.dense.bias", *head}, "whole": head}
    trainee, _ = fitted(bare, tmp_path / "fit", "max_steps=4")
    drawn, _ = prepared(stage_on_samples(bare, ("mnli",), *RECIPE))
    encoder, was = encoder_of(trainee.members["mnli"]), encoder_of(drawn.members["mnli"])
    assert not torch.equal(encoder.pooler.dense.weight, was.pooler.dense.weight)
    assert torch.equal(encoder.embeddings.word_embeddings.weight, was.embeddings.word_embeddings.weight)


def test_the_encoder_drops_nothing_and_the_head_does(base: Path) -> None:
    trainee, _ = prepared(stage_on_samples(base, ("mnli",), "freeze_encoder=true", "dropout=0.5"))
    trainee.train()
    assert trainee.members["mnli"].dropout.training
    assert not any(module.training for module in encoder_of(trainee.members["mnli"]).modules())


def test_epochs_after_the_first_compute_no_state(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens: list[int] = []
    inner = frozen.Frozen.states

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        tokens.append(int(named["attention_mask"].sum()))
        return inner(self, *given, **named)

    monkeypatch.setattr(frozen.Frozen, "states", counted)
    _, course = fitted(base, tmp_path / "short", "max_steps=1", "batch_size=4", "eval_examples=1")
    whole = sum(len(row.ids) for lesson in course.lessons for row in lesson.rows)
    assert 0 < sum(tokens) < whole / 2, "what comes once is computed when it comes"
    tokens.clear()
    fitted(base, tmp_path / "long", "epochs=5", "max_steps=none", "batch_size=8", "selection=best")
    both = sum(tokens)
    assert whole < both < 2 * whole, "every lesson once, and the dev examples once, though they are scored five times"
    tokens.clear()
    fitted(base, tmp_path / "longer", "epochs=10", "max_steps=none", "batch_size=8", "selection=best")
    assert sum(tokens) == both


def test_its_state_holds_the_head_alone(base: Path, tmp_path: Path) -> None:
    trainee, _ = prepared(stage_on_samples(base, ("mnli",), "freeze_encoder=true"))
    optimizer = loop.optimizer_for(trainee, Hyper())
    with torch.no_grad():
        trainee.members["mnli"].classifier.bias.fill_(3)
    save_state(tmp_path, State(5, Best()), "key", trainee, optimizer)
    save_weights(tmp_path, 5, trainee)
    assert {name.rpartition(".")[0] for name in load_file(tmp_path / "best-5.safetensors")} == {
        "members.mnli.classifier"
    }
    other, _ = prepared(stage_on_samples(base, ("mnli",), "freeze_encoder=true"))
    assert load_state(tmp_path, "key", other, loop.optimizer_for(other, Hyper()), CPU).step == 5
    assert other.members["mnli"].classifier.bias.tolist() == [3, 3, 3]


def test_a_run_that_is_interrupted_goes_on_bit_by_bit(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where states are kept for a part of the sentences, and the others are computed for every step."""
    monkeypatch.setattr(frozen, "ROOM", 60_000)
    monkeypatch.setattr(loop.Saver, "save", _saving_often(loop.Saver.save))
    whole, _ = fitted(base, tmp_path / "whole", task="udpos")
    with monkeypatch.context() as patched:
        patched.setattr(loop, "_tell", _interrupting(5))
        with pytest.raises(KeyboardInterrupt):
            fitted(base, tmp_path / "cut", task="udpos")
    again, _ = fitted(base, tmp_path / "cut", task="udpos")
    weights = whole.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in again.state_dict().items())


def _saving_often(save: Any) -> Any:
    def often(saver: Any, step: int, best: Any) -> None:
        saver.next = 0.0
        save(saver, step, best)

    return often


def _interrupting(step: int) -> Any:
    def tell(run: Any, done: int, *rest: Any) -> None:
        if done == step:
            raise KeyboardInterrupt

    return tell


@pytest.mark.parametrize(
    ("task", "settings", "options", "faults"),
    [
        ("lareqa", [], {}, ["lareqa: freeze_encoder: it is the encoder that is trained, there is no head"]),
        ("mnli", ["lora_rank=4"], {}, ["mnli: freeze_encoder: not with lora_rank"]),
        ("mnli", ["lora_rank=4", "gradient_checkpointing=true"], {},
         ["mnli: freeze_encoder: not with gradient_checkpointing", "mnli: freeze_encoder: not with lora_rank"]),
        ("mnli", [], {"mlm": "texts"}, ["mnli: freeze_encoder: not with --mlm, which trains the encoder"]),
    ],
)  # fmt: skip
def test_what_would_train_the_encoder_is_refused(
    base: Path, tmp_path: Path, task: str, settings: list[str], options: dict[str, Any], faults: list[str]
) -> None:
    if options:
        (tmp_path / "texts").mkdir()
        (tmp_path / "texts" / "en.txt").write_text("a text\n")
        options = {"mlm": tmp_path / "texts"}
    request = TrainRequest.of(
        base, task, settings=["freeze_encoder=true", *settings], output=tmp_path / "out", **QUICK, **options
    )
    with pytest.raises(DataError) as caught:
        prepare_training(request)
    assert list(caught.value.faults) == faults


def test_several_tasks_and_a_search_over_a_frozen_encoder(base: Path, tmp_path: Path) -> None:
    (trained,) = train(
        base, "mnli,udpos", output=tmp_path / "out", settings=["freeze_encoder=true", "lr=1e-3,1e-2", "max_steps=6"],
        **QUICK,
    )  # fmt: skip
    assert set(trained.notes["lineage"][-1]["search"]["trials"][0]["dev"]) == {"mnli", "udpos"}
    before, after = (load_file(place / "model.safetensors") for place in (base, tmp_path / "out"))
    assert all(torch.equal(after[name], before[name]) for name in after)


def test_an_evaluation_says_that_the_encoder_was_frozen(base: Path, tmp_path: Path) -> None:
    found = evaluate(
        base, "xnli", languages="en", output=tmp_path / "out", settings=["freeze_encoder=true", "lr=1e-3,1e-2"], **QUICK
    )
    (line,) = training_lines(found.lineage)
    rate = found.lineage[-1]["search"]["values"]["lr"]
    assert line == f"xnli: frozen encoder; lr={rate:g}, chosen of 2 on dev"
