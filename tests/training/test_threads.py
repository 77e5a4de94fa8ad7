"""The weights of a training do not tell how many cores it had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch
import transformers

from tests.fixtures.families import build
from tests.fixtures.training_runs import prepared, stage_on_samples
from xtreme_harness.cards.recipe import Masking, Mixture
from xtreme_harness.models.head_table import HEADS, MASKED_LM
from xtreme_harness.training import network
from xtreme_harness.training.loop import fit
from xtreme_harness.training.masking import MLM, masked_course
from xtreme_harness.training.network import Role, merge_adapters
from xtreme_harness.training.threads import same_threads, threads_of

TASKS = {
    "mnli": "classes",
    "glue_stsb": "squares",
    "udpos": "tags",
    "squad": "spans",
    "copa": "choices",
    "lareqa": "pairs",
}
TEXTS = {"en": [f"The boat number {i} left the harbour before the rain began." for i in range(64)]}
FEW = ("max_steps=3", "batch_size=16", "max_length=64", "lr=1e-3")


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """As many as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder with a masked-LM head."""
    return build("bert", "AutoModelForMaskedLM", tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is worth several threads."""
    path = build("bert", None, tmp_path_factory.mktemp("base") / "wide")
    sizes = {"hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 6}
    config = transformers.AutoConfig.from_pretrained(path, **sizes)
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(path)
    return path


def weights(
    base: Path, folder: Path, threads: int, *settings: str, task: str = "mnli", dtype: str = "float32"
) -> Mapping[str, torch.Tensor]:
    """What a few steps of training come to, of a process with so many threads."""
    torch.set_num_threads(threads)
    trainee, courses = prepared(stage_on_samples(base, (task,), *FEW, *settings))
    fit(trainee, courses, courses[0].hyper, Mixture(), folder / str(threads), 1, device="cpu", dtype=dtype)
    assert torch.get_num_threads() == threads
    merge_adapters(trainee)
    return trainee.state_dict()


def require_equal(runs: list[Mapping[str, torch.Tensor]]) -> None:
    """The same weights, bit by bit."""
    for other in runs[1:]:
        assert set(other) == set(runs[0])
        assert not [name for name, value in other.items() if not torch.equal(value, runs[0][name])]


def test_every_head_that_is_trained_is_tested_here() -> None:
    trained = {head.objective for head in HEADS.values() if head.objective is not None}
    assert trained == {*TASKS.values(), "masked words"}


@pytest.mark.parametrize("task", TASKS)
def test_of_every_head(base: Path, tmp_path: Path, task: str) -> None:
    require_equal([weights(base, tmp_path, threads, task=task) for threads in (1, 2, 3)])


def test_of_masked_words(base: Path, tmp_path: Path) -> None:
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        stage = stage_on_samples(base, ("mnli",), *FEW)
        trainee = network.build(stage.checkpoint, [Role(MLM, MASKED_LM)], stage.hyper, 1)
        course = masked_course(TEXTS, Masking(), trainee.tokenizer, stage.hyper, 1)
        fit(trainee, [course], stage.hyper, Mixture(), tmp_path / str(threads), 1, device="cpu", dtype="float32")
        found.append(trainee.state_dict())
    require_equal(found)


@pytest.mark.parametrize(
    ("settings", "dtype"),
    [((), "float32"), ((), "bfloat16"), (("lora_rank=4",), "float32")],
    ids=["float32", "bfloat16", "low rank"],
)
def test_of_a_wider_network(wide: Path, tmp_path: Path, settings: tuple[str, ...], dtype: str) -> None:
    require_equal([weights(wide, tmp_path, threads, *settings, dtype=dtype) for threads in (1, 2, 3)])


def test_tables_of_embeddings_do_not_count() -> None:
    table = torch.nn.Embedding(1_000_000, 8)
    assert threads_of(torch.nn.ModuleList([table, torch.nn.Linear(999, 1999)])) == 1
    assert threads_of(torch.nn.ModuleList([table, torch.nn.Linear(1000, 2000)])) == 2
    assert threads_of(torch.nn.ModuleList([torch.nn.Linear(5000, 5000)])) == 8


def test_the_threads_come_back_after_a_fault() -> None:
    torch.set_num_threads(3)
    with pytest.raises(KeyError), same_threads(torch.nn.Linear(2, 2)):
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == 3
