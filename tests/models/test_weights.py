"""Loading weights: what is refused, what is said, and that no tensor is left to chance."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from tests.fixtures.families import adapt, build, edit_json
from xtreme_harness.cards import folder
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.errors import MissingDependency, ModelError
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.models import weights
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.fit import label_order
from xtreme_harness.models.head_table import SEQUENCE, SPANS, TOKENS
from xtreme_harness.models.load import Model, load_model
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Features

XNLI, PANX = all_cards().tasks["xnli"], all_cards().tasks["panx"]


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("bert", SEQUENCE, tmp_path_factory.mktemp("nli"), XNLI.labels)


@pytest.fixture
def copy(nli: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(nli, tmp_path / "copy"))


def load(path: Path, head: str | None = SEQUENCE, **flags: Any) -> Model:
    return load_model(find_checkpoint(str(path), None), head, device="cpu", dtype="float32", **flags)


def logits(model: Model) -> np.ndarray:
    first, second = model.tokenizer.ids(["Der See ist tief.", "The lake is deep."])
    return model.forward(Features([model.tokenizer.two(first, second, 64)])).values


def refused(path: Path, head: str | None = SEQUENCE, **flags: Any) -> str:
    with pytest.raises(ModelError) as caught:
        load(path, head, **flags)
    assert "\n" not in str(caught.value) and str(path.name) in str(caught.value)
    return str(caught.value)


def _truncate(path: Path) -> None:
    file = path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])


def _without(*names: str) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        kept = {k: v for k, v in load_file(path / "model.safetensors").items() if not any(n in k for n in names)}
        save_file(kept, path / "model.safetensors", {"format": "pt"})

    return edit


def _lose_a_shard(path: Path) -> None:
    network = transformers.AutoModelForSequenceClassification.from_pretrained(path)
    (path / "model.safetensors").unlink()
    network.save_pretrained(path, max_shard_size="40KB")
    assert len(list(path.glob("model-*.safetensors"))) > 1
    next(iter(sorted(path.glob("model-*.safetensors")))).unlink()


def _pickle(path: Path) -> None:
    torch.save(load_file(path / "model.safetensors"), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()


def _no_tokenizer(path: Path) -> None:
    for file in [*path.glob("tokenizer*"), *path.glob("vocab*"), *path.glob("special*")]:
        file.unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncate, "cannot be loaded (SafetensorError"),
        (_lose_a_shard, "names model-00001-of-00004.safetensors, which is not there"),
        (_pickle, "only pickled weights, which can run code; save them as safetensors"),
        (lambda path: (path / "model.safetensors").unlink(), "no weights (expected model.safetensors)"),
        (_no_tokenizer, "no tokenizer files in this checkpoint"),
        (lambda path: edit_json(path / "config.json", hidden_size=64), "describes tensors of other sizes"),
        (lambda path: edit_json(path / "config.json", num_hidden_layers=3), "tensors are not in its weights"),
        (lambda path: edit_json(path / "config.json", model_type="nosuch"), "transformers has no model type 'nosuch'"),
        (_without("classifier"), "tensors are not in its weights (classifier.bias, classifier.weight)"),
        (lambda path: (path / "tokenizer.json").write_text("{"), "cannot be loaded ("),
    ],
    ids=["truncated", "missing shard", "pickled", "none", "no tokenizer", "wrong width", "wrong depth", "unknown type",
         "no head", "broken tokenizer"],
)  # fmt: skip
def test_what_cannot_be_loaded_is_one_line(copy: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(copy)
    assert message in refused(copy)


def test_code_that_a_checkpoint_carries_is_not_run(copy: Path, tmp_path: Path) -> None:
    edit_json(copy / "config.json", model_type="own", auto_map={"AutoConfig": "own.OwnConfig"})
    (copy / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert "code of its own, which --trust-remote-code runs" in refused(copy)
    assert not (tmp_path / "ran").exists()


def test_code_beside_a_known_family_is_not_run(copy: Path, nli: Path, tmp_path: Path) -> None:
    maps = {"AutoConfig": "own.C", "AutoModelForSequenceClassification": "own.M"}
    edit_json(copy / "config.json", auto_map=maps)
    (copy / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert (logits(load(copy)) == logits(load(nli))).all()
    assert not (tmp_path / "ran").exists()


def test_a_pooler_must_have_been_trained(copy: Path) -> None:
    pooled = Pooling(2, "pooler", "flags")
    assert load(copy, None, pooling=pooled).forward(Features([])).values.shape == (0, 1)
    _without("pooler")(copy)
    assert "has no trained pooler; use --pooling mean or cls" in refused(copy, None, pooling=pooled)
    assert load(copy, None, pooling=Pooling(2, "mean", "flags")) is not None


def test_a_family_without_a_pooler(tmp_path: Path) -> None:
    path = build("modernbert", None, tmp_path / "m")
    assert "has no pooler" in refused(path, None, pooling=Pooling(2, "pooler", "flags"))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build("xlm", None, tmp_path / "x")
    monkeypatch.setitem(__import__("sys").modules, "sacremoses", None)
    with pytest.raises(MissingDependency, match=r"sacremoses is needed .* pip install 'xtreme-harness\[xlm\]'"):
        load(path, None)


def test_a_tokenizer_of_another_model(copy: Path) -> None:
    network = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
        )
    )
    network.save_pretrained(copy)
    with pytest.raises(ModelError, match=r"the tokenizer gives id \d+, but the network knows ids below 50"):
        logits(load(copy))


def test_nan_is_not_an_answer(copy: Path) -> None:
    tensors = load_file(copy / "model.safetensors")
    tensors["classifier.bias"][:] = float("nan")
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="not numbers"):
        logits(load(copy))


def test_permuted_labels_give_the_same_predictions(tmp_path: Path) -> None:
    plain = build("bert", TOKENS, tmp_path / "plain", PANX.labels)
    turned = Path(shutil.copytree(plain, tmp_path / "turned"))
    ids = [3, 0, 6, 1, 5, 2, 4]
    tensors = load_file(turned / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        tensors[name] = tensors[name][ids].contiguous()
    save_file(tensors, turned / "model.safetensors", {"format": "pt"})
    names = {str(i): PANX.labels[j] for i, j in enumerate(ids)}
    edit_json(turned / "config.json", id2label=names, label2id={v: int(k) for k, v in names.items()})
    located = locate(PANX, "test", "de", Data(folder() / "samples", name="samples"))
    assert located is not None
    kind = KINDS[PANX.kind]
    split = load_split(PANX, "de", "test", located, kind.parse, None, 6)
    found = []
    for path in (plain, turned):
        checkpoint = find_checkpoint(str(path), None)
        order = label_order(checkpoint, PANX.labels, PANX.aliases, "panx")
        model = load_model(checkpoint, TOKENS, order, device="cpu", dtype="float32")
        found.append(predict(model, kind, split, PANX).found)
    assert found[0] == found[1] and len({tag for tags in found[0].values() for tag in tags}) > 1


@pytest.mark.skipif(find_spec("peft") is None, reason="needs peft")
class TestAdapters:
    """An adapter is merged into its base, with the class that it was trained with."""

    @torch.inference_mode()
    def test_equals_the_unmerged_network(self, nli: Path, tmp_path: Path) -> None:
        adapted = adapt(nli, tmp_path / "a", "SEQ_CLS", SEQUENCE, ["query"])
        model = load(tmp_path / "a")  # its tokenizer is the base's
        read = model.tokenizer.raw("Der See ist tief.", "The lake is deep.", return_tensors="pt")
        assert np.abs(adapted(**read).logits.numpy() - logits(model)).max() < 1e-5
        assert np.abs(logits(load(nli)) - logits(model)).max() > 1e-3

    @torch.inference_mode()
    def test_a_head_over_a_base_without_one(self, tmp_path: Path) -> None:
        base = build("qwen2", None, tmp_path / "base")
        adapted = adapt(base, tmp_path / "a", "SEQ_CLS", SEQUENCE, ["q_proj"], num_labels=3)
        checkpoint = find_checkpoint(str(tmp_path / "a"), None)
        assert checkpoint.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
        model = load(tmp_path / "a")
        read = model.tokenizer.raw("Der See ist tief.", "The lake is deep.", return_tensors="pt")
        assert np.abs(adapted(**read).logits.numpy() - logits(model)).max() < 1e-5

    @torch.inference_mode()
    def test_the_encoder_alone_keeps_the_adapter(self, nli: Path, tmp_path: Path) -> None:
        adapted = adapt(nli, tmp_path / "a", "SEQ_CLS", SEQUENCE, ["query"])
        model = load(tmp_path / "a", None, pooling=Pooling(2, "cls", "flags"))
        read = model.tokenizer.raw("Der See ist tief.", return_tensors="pt")
        states = adapted.base_model.model.bert(**read).last_hidden_state[:, 0]
        found = model.forward(Features([model.tokenizer.one(model.tokenizer.ids(["Der See ist tief."])[0], 64)])).values
        assert np.abs(torch.nn.functional.normalize(states, dim=-1).numpy() - found).max() < 1e-5

    def test_an_adapter_of_another_task_is_refused(self, tmp_path: Path) -> None:
        base = build("bert", None, tmp_path / "base")
        adapt(base, tmp_path / "a", None, "AutoModelForMaskedLM", ["query"])
        assert "of the adapter's" in refused(tmp_path / "a", None, pooling=Pooling(2, "mean", "flags"))

    def test_a_head_that_was_not_saved_is_refused(self, tmp_path: Path) -> None:
        base = build("bert", None, tmp_path / "base")
        adapt(base, tmp_path / "a", "QUESTION_ANS", SPANS, ["query"])
        file = tmp_path / "a" / "adapter_model.safetensors"
        save_file({k: v for k, v in load_file(file).items() if "qa_outputs" not in k}, file)
        assert "cannot be loaded (KeyError: 'base_model.model.qa_outputs.weight'" in refused(tmp_path / "a", SPANS)


def test_chatter_is_kept_away(nli: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(nli, None, pooling=Pooling(2, "mean", "flags"))
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_hub_checkpoints_without_safetensors_are_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    (copy / "model.safetensors").unlink()
    checkpoint = replace(find_checkpoint(str(copy), None), repo="a/b", commit="c" * 40)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **k: str(copy))
    with pytest.raises(ModelError, match="only pickled weights"):
        weights.with_weights(checkpoint)
