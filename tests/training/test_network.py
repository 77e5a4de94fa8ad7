"""Networks over one encoder, and the checkpoints that they are saved as."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.fixtures.families import build as build_base
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.errors import OutputError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import SEQUENCE
from xtreme_harness.models.weights import load_network
from xtreme_harness.training.gradients import inputs_of, reader_of
from xtreme_harness.training.network import Role, build, encoder_of, merge_adapters
from xtreme_harness.training.objectives import objective_of
from xtreme_harness.training.saving import save_checkpoint

pytestmark = pytest.mark.slow

NOTES = {"stage": "target", "lineage": []}
CPU = torch.device("cpu")
SEVERAL = ("mnli", "squad", "udpos", "hellaswag")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder."""
    return build_base("bert", None, tmp_path_factory.mktemp("base") / "bert")


def made(base: Path, tasks: tuple[str, ...], *settings: str) -> tuple[Any, Any]:
    """An untrained network and its courses, whose weights are not those of any file."""
    trainee, courses = prepared(stage_on_samples(base, tasks, *settings))
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in trainee.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return trainee.eval(), courses


def outputs(member: Any, trainee: Any, course: Any) -> list[torch.Tensor]:
    """What a task's network says of three lessons; of padding, where it says something of every token, nothing."""
    inputs = inputs_of(reader_of(trainee, course, CPU), course.lessons[:3])
    with torch.no_grad():
        out = member(**inputs)
    real = inputs["attention_mask"].bool()
    tables = [out.logits] if hasattr(out, "logits") else [out.start_logits, out.end_logits]
    return [table[real] if table.shape[:2] == real.shape else table for table in tables]


def same(ones: list[torch.Tensor], others: list[torch.Tensor], atol: float = 1e-6) -> bool:
    return all(torch.allclose(one, other, rtol=0, atol=atol) for one, other in zip(ones, others, strict=True))


@pytest.mark.parametrize("task", SEVERAL)
def test_plain_transformers_computes_the_same(base: Path, tmp_path: Path, task: str) -> None:
    trainee, (course,) = made(base, (task,))
    before = outputs(trainee.members[task], trainee, course)
    save_checkpoint(trainee, [task], tmp_path / "out", NOTES)
    loaded = getattr(transformers, course.role.head).from_pretrained(tmp_path / "out").eval()
    assert same(outputs(loaded, trainee, course), before)


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "deberta-v2", "mt5", "qwen2"])
def test_heads_beside_one_encoder_compute_the_same(tmp_path: Path, family: str) -> None:
    trainee, courses = made(build_base(family, None, tmp_path / "base"), SEVERAL)
    encoders = {id(encoder_of(member)) for member in trainee.members.values()}
    assert len(encoders) == 1
    before = [outputs(trainee.members[c.name], trainee, c) for c in courses]
    save_checkpoint(trainee, SEVERAL, tmp_path / "out", NOTES)
    auto = transformers.AutoModelForTextEncoding if family == "mt5" else transformers.AutoModel
    _, info = auto.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert all("pooler" in name for name in info["missing_keys"])
    for course, expected in zip(courses, before, strict=True):
        found = find_checkpoint(str(tmp_path / "out"), course.name)
        assert (found.path.name, found.head) == (course.name, course.role.head)
        assert found.labels == course.role.labels
        network = load_network(found, found.path, found.head, torch.float32).eval()
        assert same(outputs(network, trainee, course), expected, atol=1e-6)


def test_a_new_head_has_the_outputs_of_its_task_whatever_the_checkpoints_own_has(tmp_path: Path) -> None:
    nli = build_base("bert", SEQUENCE, tmp_path, ("contradiction", "entailment", "neutral"))
    trainee, (course,) = prepared(stage_on_samples(nli, ("squad",)))
    assert outputs(trainee.eval().members["squad"], trainee, course)[0].ndim == 1
    assert trainee.members["squad"].qa_outputs.out_features == 2


@pytest.mark.parametrize("several", [False, True], ids=["one task", "beside others"])
def test_keep_head_starts_from_the_trained_head(base: Path, tmp_path: Path, several: bool) -> None:
    tasks = ("mnli", "squad") if several else ("mnli",)
    trainee, _ = made(base, tasks)
    save_checkpoint(trainee, tasks, tmp_path / "out", {**NOTES, "stage": "intermediate"})
    found = find_checkpoint(str(tmp_path / "out"), None)
    role = Role("mnli", SEQUENCE, trainee.names["mnli"], {})
    kept, new = (build(found, [role], Hyper(), 3, keep_head=keep) for keep in (True, False))
    head = trainee.members["mnli"].classifier.weight
    assert (kept.kept, new.kept) == ({"mnli"}, set())
    assert torch.equal(kept.members["mnli"].classifier.weight, head)
    assert not torch.equal(new.members["mnli"].classifier.weight, head)
    encoders = [encoder_of(one.members["mnli"]).encoder.layer[0].output.dense.weight for one in (kept, new, trainee)]
    assert torch.equal(encoders[0], encoders[2])
    assert torch.equal(encoders[1], encoders[2])


def test_low_rank_additions_are_merged_into_a_plain_checkpoint(base: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    trainee, (course,) = made(base, ("mnli",), "lora_rank=2")
    trained = {name for name, parameter in trainee.named_parameters() if parameter.requires_grad}
    assert trained
    assert all("lora_" in name or "classifier" in name or "pooler" in name for name in trained)
    before = outputs(trainee.members["mnli"], trainee, course)
    save_checkpoint(trainee, ["mnli"], tmp_path / "out", NOTES)
    loaded, info = transformers.AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert same(outputs(loaded.eval(), trainee, course), before, atol=1e-5)
    merge_adapters(trainee)
    assert not any("lora_" in name for name in trainee.state_dict())


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks it
def test_an_adapter_is_a_base(base: Path, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    network = transformers.AutoModel.from_pretrained(base)
    torch.manual_seed(0)
    config = peft.LoraConfig(r=2, target_modules=["query", "value"], init_lora_weights=False)
    adapted = peft.get_peft_model(network, config)
    adapted.save_pretrained(tmp_path / "adapter")
    role = Role("squad", "AutoModelForQuestionAnswering")
    trainee = build(find_checkpoint(str(tmp_path / "adapter"), None), [role], Hyper(), 3).eval()
    ids = torch.arange(10, 30)[None]
    plain = transformers.AutoModel.from_pretrained(base)(input_ids=ids).last_hidden_state
    found = encoder_of(trainee.members["squad"])(input_ids=ids).last_hidden_state
    assert torch.allclose(found, adapted.eval()(input_ids=ids).last_hidden_state, atol=1e-5)
    assert not torch.allclose(found, plain, atol=1e-2)
    assert all(parameter.requires_grad for parameter in trainee.parameters())


def test_gradient_checkpointing_has_the_same_gradients(base: Path) -> None:
    found = []
    for settings in ((), ("gradient_checkpointing=true",)):
        trainee, (course,) = made(base, ("udpos",), "dropout=0", *settings)
        trainee.train()
        lessons = course.lessons[:3]
        out = trainee("udpos", inputs_of(reader_of(trainee, course, CPU), lessons))
        objective_of(course.role.head).loss(out, lessons).backward()
        found.append({name: p.grad for name, p in trainee.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys()
    assert all(torch.allclose(found[0][name], found[1][name], atol=1e-5) for name in found[0])


@pytest.mark.parametrize("family", ["bert", "xlm", "deberta-v2", "modernbert", "mt5", "qwen2"])
def test_dropout_of_the_recipe_reaches_every_layer(tmp_path: Path, family: str) -> None:
    base = build_base(family, None, tmp_path / "base")
    for share, equal in ((0, True), (0.5, False)):
        trainee, (course,) = prepared(stage_on_samples(base, ("mnli",), f"dropout={share}"))
        trainee.train()
        ones, others = (outputs(trainee.members["mnli"], trainee, course) for _ in range(2))
        assert same(ones, others) == equal


@pytest.mark.parametrize("tasks", [("mnli",), ("mnli", "squad")], ids=["one task", "several"])
def test_a_full_disk_leaves_the_checkpoint_before(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: tuple[str, ...]
) -> None:
    trainee, _ = made(base, tasks)
    out = tmp_path / "out"
    save_checkpoint(trainee, tasks, out, NOTES)
    before = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}

    def full(network: Any, folder: Path, **rest: Any) -> None:
        (Path(folder) / "model.safetensors").write_bytes(b"the first half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(transformers.PreTrainedModel, "save_pretrained", full)
        with pytest.raises(OutputError, match=r"no space left on the disk.*what stood there is intact.*make room"):
            save_checkpoint(trainee, tasks, out, {**NOTES, "seed": 2})
    assert {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    save_checkpoint(trainee, tasks, out, {**NOTES, "seed": 2})
    assert (out / "xharness.json").read_bytes() != before[Path("xharness.json")]
