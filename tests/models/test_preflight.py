"""Checkpoints with one thing wrong: refused in a line before anything is computed, or they work."""

from __future__ import annotations

import copy as copies
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.fixtures.families import FAMILIES, adapt, build, edit_json
from xtreme_harness.errors import ModelError, XHarnessError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.head_table import SEQUENCE, SPANS
from xtreme_harness.models.load import load_model
from xtreme_harness.models.pooling import Pooling
from xtreme_harness.plan.loading import Hashes, require_loadable
from xtreme_harness.records import Features


def answers(path: Path) -> np.ndarray:
    """What `eval` does with a checkpoint: found, asked, hashed, loaded, run."""
    found = find_checkpoint(str(path), None)
    require_loadable(found, False)
    Hashes().of(found)
    pooling = None if found.head else Pooling(1, "mean", "flags")
    model = load_model(found, found.head, (), pooling, device="cpu", dtype="float32")
    first, second = model.tokenizer.ids(["Der See ist tief.", "The lake is deep."])
    return model.forward(Features([model.tokenizer.two(first, second, 64)])).values


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        require_loadable(find_checkpoint(str(path), None), False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_passes(family: str, tmp_path: Path) -> None:
    require_loadable(find_checkpoint(str(build(family, None, tmp_path)), None), False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_act": "nonsense"}, "config.json: hidden_act: found 'nonsense', which transformers does not know"),
        ({"use_cache": "x"}, "config.json: use_cache: expected bool, got str (value: 'x')"),
        ({"vocab_size": 7}, "describes embeddings.word_embeddings.weight as 7 x 32, but the weights have 1200 x 32"),
        ({"num_hidden_layers": 500}, "parameters, but the weights have"),
        ({"pad_token_id": 5000}, "Padding_idx must be within num_embeddings"),
        ({"num_attention_heads": 7}, "The hidden size (32) is not a multiple of the number of attention heads (7)"),
    ],
)
def test_a_configuration_of_another_network(copy: Path, changes: dict[str, Any], words: str) -> None:
    edit_json(copy / "config.json", **changes)
    assert words in refused(copy)


@pytest.mark.parametrize("length", [-5, 0, 1, 3, 4])
def test_a_tokenizer_without_room_for_a_text(copy: Path, length: int) -> None:
    edit_json(copy / "tokenizer_config.json", model_max_length=length)
    words = f"tokenizer_config.json: model_max_length: leaves room for {length} tokens, expected at least 5"
    assert words in refused(copy)


@pytest.mark.parametrize("length", [float("nan"), "512", True, [512]])
def test_a_length_that_is_none(copy: Path, length: Any) -> None:
    edit_json(copy / "tokenizer_config.json", model_max_length=length)
    assert "tokenizer_config.json: model_max_length: found" in refused(copy)


@pytest.mark.parametrize("length", [512, 512.0, 10**30, 1e30, float("inf"), None])
def test_a_large_length_is_none(copy: Path, length: Any) -> None:
    edit_json(copy / "tokenizer_config.json", model_max_length=length)
    assert answers(copy).shape == (1, 3)


def test_answers_are_asked_for_by_name(copy: Path) -> None:
    before = answers(copy)
    edit_json(copy / "config.json", return_dict=False)
    assert (answers(copy) == before).all()


def _broken(path: Path, name: str, value: float) -> None:
    tensors = load_file(path / "model.safetensors")
    next(value for key, value in tensors.items() if name in key).view(-1)[:3] = value
    save_file(tensors, path / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(copy: Path, value: float) -> None:
    _broken(copy, "layer.1.output.dense.weight", value)
    with pytest.raises(ModelError) as caught:
        answers(copy)
    assert "bert.encoder.layer.1.output.dense.weight: 3 of its 1,536 values are not numbers" in str(caught.value)
    assert "--dtype" not in str(caught.value)


def test_a_dtype_is_advised_where_the_weights_are_sound(copy: Path) -> None:
    tensors = load_file(copy / "model.safetensors")
    tensors["bert.encoder.layer.0.output.dense.weight"].fill_(60_000.0)
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    model = load_model(find_checkpoint(str(copy), None), SEQUENCE, device="cpu", dtype="float16")
    assert "though its weights are finite; use --dtype float32 or bfloat16" in model.unsound()
    wide = load_model(find_checkpoint(str(copy), None), SEQUENCE, device="cpu", dtype="float32")
    assert "in float32 and with finite weights; does" in wide.unsound()


class TestAdapters:
    """What can be wrong with an adapter without its weights being read."""

    @pytest.fixture
    def adapter(self, nli: Path, tmp_path: Path) -> Path:
        pytest.importorskip("peft")
        adapt(nli, tmp_path / "a", "SEQ_CLS", SEQUENCE, ["query"])
        return tmp_path / "a"

    def test_without_a_task_type(self, adapter: Path) -> None:
        assert answers(adapter).shape == (1, 3)
        edit_json(adapter / "adapter_config.json", task_type=None)
        told = refused(adapter)
        assert "adapter_config.json: task_type: missing, so the adapter is read as one of the encoder" in told
        assert "expected one of SEQ_CLS, TOKEN_CLS, QUESTION_ANS" in told

    def test_an_adapter_of_the_encoder_needs_none(self, tmp_path: Path) -> None:
        base = build("bert", None, tmp_path / "base")
        adapt(base, tmp_path / "a", None, "AutoModel", ["query"])
        assert answers(tmp_path / "a").shape == (1, 32)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"task_type": "SEQ"}, "task_type: found 'SEQ', expected one of SEQ_CLS"),
            ({"r": "two"}, "r: found 'two', expected a whole number"),
            ({"peft_type": "x"}, "peft_type: found 'x', expected a type that PEFT knows"),
            ({"target_modules": 7}, "target_modules: found 7, expected a text or a list of texts"),
            ({"base_model_name_or_path": ["x"]}, "base_model_name_or_path: found ['x'], expected a text"),
            ({"base_model_name_or_path": "."}, "its base_model_name_or_path, ., is the adapter itself"),
            ({"target_modules": "(a|a)*b|(.*)*x|(.+)+y"}, "a pattern that takes without end; expected names"),
            ({"target_modules": "(query"}, "which is no pattern"),
            ({"eva_config": 1}, "eva_config: found 1, expected an object"),
        ],
    )
    def test_settings(self, adapter: Path, changes: dict[str, Any], words: str) -> None:
        edit_json(adapter / "adapter_config.json", **changes)
        assert words in refused(adapter)

    def test_a_base_that_is_an_adapter(self, adapter: Path, tmp_path: Path) -> None:
        shutil.copytree(adapter, tmp_path / "b")
        edit_json(tmp_path / "b" / "adapter_config.json", base_model_name_or_path="../a")
        edit_json(adapter / "adapter_config.json", base_model_name_or_path="../b")  # and that one's is this
        assert "is an adapter too; merge that first" in refused(adapter)

    def test_pickled_weights_beside_others(self, adapter: Path) -> None:
        tensors = load_file(adapter / "adapter_model.safetensors")
        (adapter / "adapter_model.safetensors").rename(adapter / "other.safetensors")
        torch.save(tensors, adapter / "adapter_model.bin")
        assert "only pickled weights, which can run code" in refused(adapter)
        assert "(expected adapter_model.safetensors)" in refused(adapter)


def test_a_general_head_of_other_outputs(tmp_path: Path) -> None:
    path = build("mt5", SEQUENCE, tmp_path, ("x", "y"))
    notes = json.loads((path / "xharness.json").read_text())
    notes["head"]["labels"] = ["x", "y", "z"]
    (path / "xharness.json").write_text(json.dumps(notes))
    with pytest.raises(ModelError, match=r"has 2 outputs, but xharness.json describes 3 labels"):
        answers(path)


WRONG = (None, True, -1, 0, 10**12, 1.5, float("nan"), float("inf"), "", "x", "../../x", [], [None], {}, {"x": 1})


def leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a JSON file stand, objects and lists themselves too."""
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, one in inner:
        yield from leaves(one, (*at, key))


def tampered(whole: Any, at: tuple[Any, ...], value: Any) -> Any:
    """The same with another value in one place."""
    changed = copies.deepcopy(whole)
    holder = changed
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = value
    return changed


def _sentence(path: Path) -> Path:
    build("bert", None, path)
    modules = [{"idx": 0, "path": "", "type": "s.Transformer"}, {"idx": 1, "path": "1_Pooling", "type": "s.Pooling"}]
    (path / "modules.json").write_text(json.dumps(modules))
    (path / "1_Pooling").mkdir()
    (path / "1_Pooling" / "config.json").write_text(
        '{"pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}'
    )
    return path


def _adapted(path: Path) -> Path:
    adapt(build("bert", SEQUENCE, path / "base", ("x", "y")), path / "a", "SEQ_CLS", SEQUENCE, ["query"])
    edit_json(path / "a" / "adapter_config.json", base_model_name_or_path=str(path / "base"))
    return path / "a"


MADE = {
    "bert": (lambda path: build("bert", SEQUENCE, path, ("x", "y", "z")), ("config.json", "tokenizer_config.json")),
    "eurobert": (lambda path: build("eurobert", SPANS, path), ("config.json", "xharness.json")),
    "sentence": (_sentence, ("modules.json", "1_Pooling/config.json")),
    "adapter": (_adapted, ("adapter_config.json",)),
    "tokenizer": (lambda path: build("bert", None, path), ("tokenizer.json",)),
}


def survives(made: Path, name: str, share: int) -> None:
    """Put every wrong value in every place of a file, or one in so many; what comes is a line or a model."""
    text = (made / name).read_text("utf-8")
    whole = json.loads(text)
    places = [at for at in leaves(whole) if at[:2] != ("model", "vocab")]
    cases = [(at, value) for at in places for value in WRONG][::share]
    try:
        for at, value in cases:
            (made / name).write_text(json.dumps(tampered(whole, at, value)), "utf-8")
            try:
                assert np.isfinite(answers(made)).all()
            except XHarnessError as error:
                assert all("\n" not in fault and fault for fault in error.faults), (at, value)
    finally:
        (made / name).write_text(text, "utf-8")


@pytest.mark.parametrize("kind", [name for name in MADE if name != "tokenizer"])
def test_a_wrong_value_in_some_places(kind: str, tmp_path: Path) -> None:
    make, files = MADE[kind]
    made = make(tmp_path / "m")
    for name in files:
        survives(made, name, 23)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MADE)
def test_a_wrong_value_in_every_place(kind: str, tmp_path: Path) -> None:
    make, files = MADE[kind]
    made = make(tmp_path / "m")
    for name in files:
        survives(made, name, 1 if kind != "tokenizer" else 5)
