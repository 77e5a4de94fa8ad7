"""What a checkpoint folder is found to be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.families import adapt, edit_json
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import find_checkpoint, read_checkpoint
from xtreme_harness.models.content import content_hash
from xtreme_harness.models.fit import head_fault, label_order
from xtreme_harness.models.head_table import SEQUENCE
from xtreme_harness.plan.cells import all_cards

XNLI = all_cards().tasks["xnli"]


def test_facts(nli: Path) -> None:
    found = find_checkpoint(str(nli), None)
    assert (found.head, found.labels, found.family, found.layers, found.stage) == (
        SEQUENCE,
        XNLI.labels,
        "bert",
        2,
        "target",
    )
    assert label_order(found, XNLI.labels, {}, "xnli") == (0, 1, 2)
    assert head_fault(found, SEQUENCE, XNLI.labels) is None and head_fault(found, None, ()) is None


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
            label_order(found, XNLI.labels, {}, "xnli")

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
