"""What a checkpoint folder is found to be, how its labels map, and what is said when it does not fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

from tests.fixtures.families import CHOICE, SEQUENCE, SPANS, TOKENS, adapt, build, edit_json
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import (
    Checkpoint,
    content_hash,
    find_checkpoint,
    head_fault,
    label_order,
    read_checkpoint,
)
from xtreme_harness.plan.cells import all_cards

XNLI, PAWSX = all_cards().tasks["xnli"], all_cards().tasks["pawsx"]


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("bert", SEQUENCE, tmp_path_factory.mktemp("nli"), XNLI.labels)


@pytest.fixture
def copy(nli: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(nli, tmp_path / "copy"))


def order(checkpoint: Checkpoint, card: Any = XNLI, **flags: Any) -> tuple[int, ...]:
    return label_order(checkpoint, card.labels, card.aliases, card.name, **flags)


def relabelled(path: Path, *labels: str) -> Checkpoint:
    edit_json(path / "config.json", id2label=dict(enumerate(labels)), label2id=None)
    return find_checkpoint(str(path), None)


def test_facts(nli: Path) -> None:
    found = find_checkpoint(str(nli), None)
    assert (found.head, found.labels, found.family, found.layers, found.stage) == (
        SEQUENCE,
        XNLI.labels,
        "bert",
        2,
        "target",
    )
    assert order(found) == (0, 1, 2)
    assert head_fault(found, SEQUENCE, XNLI.labels) is None and head_fault(found, None, ()) is None


@pytest.mark.parametrize(
    ("family", "head"),
    [
        ("bert", TOKENS),
        ("xlm", SPANS),
        ("xlm-roberta", CHOICE),
        ("eurobert", SPANS),
        ("mt5", SEQUENCE),
        ("qwen2", None),
    ],
)
def test_the_head_is_read_from_the_small_files(family: str, head: str | None, tmp_path: Path) -> None:
    found = find_checkpoint(str(build(family, head, tmp_path, ("x", "y") if head in (TOKENS, SEQUENCE) else ())), None)
    assert found.head == head and found.layers == 2
    assert found.labels == (("x", "y") if head in (TOKENS, SEQUENCE) else ())


def test_an_encoder_decoders_own_head_is_not_taken(tmp_path: Path) -> None:
    transformers.MT5Config(architectures=["MT5ForSequenceClassification"]).save_pretrained(tmp_path)
    found = find_checkpoint(str(tmp_path), None)
    assert found.head is None
    assert "its own head runs the decoder" in str(head_fault(found, SEQUENCE, ()))


def test_xlms_beam_head_is_not_taken(tmp_path: Path) -> None:
    transformers.XLMConfig(architectures=["XLMForQuestionAnswering"]).save_pretrained(tmp_path)
    assert find_checkpoint(str(tmp_path), None).head is None


def test_labels_map_by_name(copy: Path) -> None:
    assert order(relabelled(copy, "neutral", "Contradiction ", "ENTAILMENT")) == (1, 2, 0)
    assert order(relabelled(copy, "entailment", "contradictory", "neutral", "other")) == (1, 0, 2)


def test_labels_that_do_not_map_list_both_sets(nli: Path, copy: Path) -> None:
    with pytest.raises(ModelError) as caught:
        order(find_checkpoint(str(nli), None), PAWSX)
    assert (
        "do not map onto pawsx's by name: the checkpoint has contradiction, entailment, neutral; pawsx has 0, 1"
        in str(caught.value)
    )
    with pytest.raises(
        ModelError, match=r"the checkpoint has yes, no, maybe; xnli has contradiction, entailment, neutral"
    ):
        order(relabelled(copy, "yes", "no", "maybe"))
    with pytest.raises(ModelError, match="do not map"):
        order(relabelled(copy, "LABEL_0", "LABEL_1"))


def test_nameless_labels_are_never_guessed(copy: Path) -> None:
    found = relabelled(copy, "LABEL_0", "LABEL_1", "LABEL_2")
    with pytest.raises(ModelError, match="--label-order xnli=contradiction,entailment,neutral"):
        order(found)
    assert order(found, given=("entailment", "neutral", "contradiction")) == (2, 0, 1)
    with pytest.raises(ModelError, match=r"--label-order xnli=a,b: 2 names, but .* has 3 classes"):
        order(found, given=("a", "b"))
    with pytest.raises(ModelError, match="the checkpoint has a, b, c; xnli has contradiction"):
        order(found, given=("a", "b", "c"))


def test_missing_heads_are_named(nli: Path, copy: Path) -> None:
    found = find_checkpoint(str(nli), None)
    assert "no head for AutoModelForQuestionAnswering (architectures: BertForSequenceClassification)" in str(
        head_fault(found, SPANS, ())
    )
    (copy / "xharness.json").write_text('{"stage": "intermediate"}')
    found = find_checkpoint(str(copy), None)
    assert "an intermediate checkpoint" in str(head_fault(found, SEQUENCE, XNLI.labels))
    assert head_fault(found, SEQUENCE, XNLI.labels, keep_head=True) is None


def test_a_folder_of_checkpoints(nli: Path, tmp_path: Path) -> None:
    for place in ("xnli", "heads/squad", "encoder"):
        shutil.copytree(nli, tmp_path / place)
    assert find_checkpoint(str(tmp_path), "xnli").path == tmp_path / "xnli"
    assert find_checkpoint(str(tmp_path), "squad").path == tmp_path / "heads" / "squad"
    assert find_checkpoint(str(tmp_path), None).path == tmp_path / "encoder"
    with pytest.raises(
        ModelError, match=r"nor a checkpoint for 'panx' in this folder; it has checkpoints for encoder, xnli"
    ):
        find_checkpoint(str(tmp_path), "panx")


def _broken(text: str) -> Callable[[Path], object]:
    return lambda path: (path / "config.json").write_text(text)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_broken('{"model_type": "be'), "config.json: cannot be read as JSON"),
        (_broken("[]"), "config.json: found a JSON list, expected an object"),
        (_broken("{}"), "config.json names no model_type"),
        (lambda path: (path / "xharness.json").write_text('{"head": {"labels": []}}'), "xharness.json: head: found"),
        (lambda path: (path / "config.json").unlink(), "neither config.json nor a checkpoint for 'encoder'"),
    ],
    ids=["cut off", "a list", "no model type", "head without class", "no config"],
)
def test_broken_small_files_are_one_line(copy: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(copy)
    with pytest.raises(ModelError) as caught:
        find_checkpoint(str(copy), None)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(ModelError, match=r"no such folder \(did you mean 'checkpoint'\?\)"):
        find_checkpoint(str(tmp_path / "chekpoint"), None)


def test_hash_follows_every_file_that_counts(nli: Path, copy: Path) -> None:
    first = content_hash(nli)
    assert content_hash(copy) == first
    (copy / "training.log").write_text("x")
    assert content_hash(copy) == first
    edit_json(copy / "config.json", hidden_act="relu")
    assert content_hash(copy) != first


@pytest.fixture(scope="module")
def adapter(nli: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("peft")
    path = tmp_path_factory.mktemp("adapter")
    adapt(nli, path, "SEQ_CLS", SEQUENCE, ["query"])
    return path


class TestAdapters:
    """PEFT folders: their base is given as a path."""

    def test_labels_are_the_bases_where_there_are_as_many(self, adapter: Path, nli: Path) -> None:
        found = read_checkpoint(adapter, "a")
        assert (found.head, found.labels) == (SEQUENCE, XNLI.labels)
        assert found.base is not None and found.base.path == nli

    def test_otherwise_they_have_no_names(self, adapter: Path, copy: Path, tmp_path: Path) -> None:
        edit_json(copy / "config.json", id2label=None, architectures=["BertModel"])
        moved = Path(shutil.copytree(adapter, tmp_path / "adapter"))
        edit_json(moved / "adapter_config.json", base_model_name_or_path="../copy")
        found = read_checkpoint(moved, "a")
        assert found.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
        with pytest.raises(ModelError, match="--label-order xnli="):
            order(found)

    def test_the_hash_has_the_base_in_it(self, adapter: Path, copy: Path, tmp_path: Path) -> None:
        moved = Path(shutil.copytree(adapter, tmp_path / "adapter"))
        edit_json(moved / "adapter_config.json", base_model_name_or_path=str(copy))
        before = content_hash(moved)
        edit_json(copy / "config.json", hidden_act="relu")
        assert content_hash(moved) != before

    def test_a_base_that_is_not_there(self, adapter: Path, tmp_path: Path) -> None:
        moved = Path(shutil.copytree(adapter, tmp_path / "adapter"))
        edit_json(moved / "adapter_config.json", base_model_name_or_path=str(tmp_path / "nowhere"))
        with pytest.raises(ModelError, match=r"base_model_name_or_path: .*nowhere: no such folder"):
            read_checkpoint(moved, "a")
        edit_json(moved / "adapter_config.json", base_model_name_or_path=None)
        with pytest.raises(ModelError, match="names no base_model_name_or_path"):
            read_checkpoint(moved, "a")


def test_sentence_transformers_modules(copy: Path) -> None:
    modules = '[{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1_Pooling"}%s]'
    (copy / "modules.json").write_text(modules % "")
    (copy / "1_Pooling").mkdir()
    for config, mode in (
        ('{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}', "mean"),
        ('{"pooling_mode_cls_token": true, "include_prompt": true}', "cls"),
        ('{"embedding_dimension": 32, "pooling_mode": "lasttoken"}', "last"),
    ):
        (copy / "1_Pooling" / "config.json").write_text(config)
        sentence = find_checkpoint(str(copy), None).sentence
        assert sentence is not None and (sentence.mode, sentence.fault) == (mode, "")
    for config, fault in (
        ('{"pooling_mode_max_tokens": true}', "pooling pooling_mode_max_tokens is not supported"),
        ('{"pooling_mode": ["cls", "mean"]}', "pooling cls + mean is not supported"),
    ):
        (copy / "1_Pooling" / "config.json").write_text(config)
        sentence = find_checkpoint(str(copy), None).sentence
        assert sentence is not None and fault in sentence.fault
    (copy / "modules.json").write_text(modules % ', {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}')
    sentence = find_checkpoint(str(copy), None).sentence
    assert sentence is not None and "modules.json has Dense, which is not supported" in sentence.fault
