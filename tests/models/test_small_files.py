"""Every fault of a checkpoint's small files is a line: file, key, what was found, what was expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import edit_json
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.fit import label_order
from xtreme_harness.models.small_files import read_small_files, require_tokenizer_files

NAN, INFINITY = float("nan"), float("inf")


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(ModelError) as caught:
        find_checkpoint(str(path), None)
    assert all("\n" not in fault for fault in caught.value.faults)
    return caught.value.faults


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("id2label", ["a", "b"], "found ['a', 'b'], expected an object of names by class id"),
        ("id2label", "entailment", "found 'entailment', expected an object of names by class id"),
        ("id2label", {"entailment": "0"}, "found {'entailment': '0'}, expected an object of names by class id"),
        ("id2label", {"0": ["x"]}, "expected an object of names by class id"),
        ("id2label", {"0": "a", "2": "b"}, "found the class ids 0, 2, expected 0 to 1, each once"),
        ("id2label", {"0": "a", "00": "b"}, "found the class ids 0, 00, expected 0 to 1, each once"),
        ("label2id", ["a"], "found ['a'], expected an object of class ids by name"),
        ("label2id", {"a": "first"}, "expected an object of class ids by name"),
        ("architectures", "BertModel", "found 'BertModel', expected a list of texts"),
        ("architectures", [None], "found [None], expected a list of texts"),
        ("num_labels", "many", "found 'many', expected a whole number"),
        ("num_labels", 2, "found 2, but id2label has 3 names; correct one of them"),
        ("num_hidden_layers", NAN, "found nan, expected a whole number from 1 to 1,024"),
        ("num_hidden_layers", 10**9, "expected a whole number from 1 to 1,024"),
        ("hidden_size", -32, "found -32, expected a whole number from 1"),
        ("hidden_size", True, "found True, expected a whole number from 1"),
        ("vocab_size", INFINITY, "found inf, expected a whole number"),
        ("model_type", ["bert"], "found ['bert'], expected a text"),
        ("torch_dtype", "nonsense", "found 'nonsense', expected the name of a dtype"),
        ("dtype", 7, "found 7, expected the name of a dtype"),
        ("pad_token_id", "0", "found '0', expected a whole number from -1"),
        ("layer_norm_eps", NAN, "found NaN or infinity, expected a number"),
        ("hidden_dropout_prob", 7, "found 7, expected a number from 0 to 1"),
        ("hidden_dropout_prob", 10**400, "expected a number from 0 to 1"),
        ("auto_map", [], "found [], expected an object"),
    ],
)
def test_config(copy: Path, key: str, value: Any, words: str) -> None:
    edit_json(copy / "config.json", **{key: value})
    (fault,) = refused(copy)
    assert fault.startswith(f"{copy}/config.json: {key}: ") and words in fault


def test_faults_of_all_files_come_together(copy: Path) -> None:
    edit_json(copy / "config.json", vocab_size="x", hidden_size=0)
    (copy / "xharness.json").write_text('{"stage": "last", "tasks": "xnli", "lineage": [{"seed": -1, "recipe": {}}]}')
    (copy / "modules.json").write_text('[{"type": 1, "path": "/etc"}, {"type": "a.Pooling", "path": null}]')
    assert [fault.partition(": found")[0].removeprefix(f"{copy}/") for fault in refused(copy)] == [
        "config.json: hidden_size", "config.json: vocab_size", "xharness.json: stage", "xharness.json: tasks",
        "xharness.json: lineage[0]: seed", "xharness.json: lineage[0]: recipe.name", "modules.json: [0]: type",
        "modules.json: [0].path: '/etc' is an absolute path; expected a folder of this checkpoint",
        "modules.json: [1].path",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "JSON nested more than 100 deep"),
        ('{"vocab_size": %s}' % ("9" * 5000), "a number of more than 4300 digits"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
        ("", "Expecting value"),
    ],
    ids=["deep", "digits", "half a character", "empty"],
)
@pytest.mark.parametrize("name", ["config.json", "xharness.json", "modules.json", "adapter_config.json"])
def test_what_no_parser_takes_is_one_line(copy: Path, name: str, text: str, words: str) -> None:
    (copy / name).write_text(text)
    (fault,) = refused(copy)
    assert fault.startswith(f"{copy}/{name}: cannot be read as JSON ({words}")


def test_a_class_id_twice(copy: Path) -> None:
    raw = (copy / "config.json").read_text().replace('"1": "entailment"', '"1": "entailment", "1": "neutral"')
    (copy / "config.json").write_text(raw)
    assert refused(copy) == (f"{copy}/config.json: id2label: has the class id 1 twice",)


def test_names_that_are_numbers_and_ids_that_are_texts_are_read_as_before(copy: Path) -> None:
    edit_json(copy / "config.json", id2label={"1": 1, "0": 0, "2": 2.5}, label2id={"0": "0"}, num_labels=3.0)
    assert find_checkpoint(str(copy), None).labels == ("0", "1", "2.5")


def test_two_classes_of_one_name_are_not_guessed(copy: Path) -> None:
    edit_json(copy / "config.json", id2label={"0": "x", "1": "Entailment", "2": "entailment"}, label2id=None)
    with pytest.raises(ModelError, match=r"two of its classes, 1 and 2, are both named entailment"):
        label_order(find_checkpoint(str(copy), None), ("entailment",), {}, "xnli")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"labels": []}, "head: found {'labels': []}, expected an object with one of"),
        ([1], "head: found [1], expected an object"),
        ({"class": "AutoModelForQuestionAnswering", "pool": "max"}, "head: pool: found 'max', expected one of first"),
        ({"class": "AutoModelForTokenClassification", "labels": "ab"}, "head: labels: found 'ab', expected a list"),
    ],
)
def test_a_general_head(copy: Path, head: Any, words: str) -> None:
    (copy / "xharness.json").write_text(json.dumps({"head": head}))
    (fault,) = refused(copy)
    assert words in fault


@pytest.mark.parametrize("place", ["..", "/", "../../../etc", "../..\0", "../../heads/xnli"])
def test_the_encoder_of_a_head_lies_where_training_leaves_it(copy: Path, place: str) -> None:
    (copy / "xharness.json").write_text(json.dumps({"encoder": place}))
    (fault,) = refused(copy)
    assert fault.endswith("expected '../..'") and "xharness.json: encoder: found" in fault


@pytest.mark.parametrize(
    ("file", "value", "words"),
    [
        (
            "modules.json",
            {"type": "a.Pooling"},
            "modules.json: found {'type': 'a.Pooling'}, expected a list of objects",
        ),
        ("modules.json", ["1_Pooling"], "modules.json: found ['1_Pooling'], expected a list of objects"),
        ("modules.json", [{"type": "a.Pooling", "path": "../p"}], "[0].path: '../p' leads out of its folder ('..')"),
        ("modules.json", [{"type": "a.Pooling", "path": "a/../../p"}], "leads out of its folder ('..')"),
        ("p/config.json", {"pooling_mode": [1]}, "pooling_mode: found [1], expected a text or a list of texts"),
        ("p/config.json", {"pooling_mode_cls_token": 1}, "pooling_mode_cls_token: found 1, expected true or false"),
        ("p/config.json", [], "found a JSON list, expected an object"),
    ],
)
def test_sentence_transformers_files(copy: Path, file: str, value: Any, words: str) -> None:
    (copy / "p").mkdir()
    (copy / "modules.json").write_text('[{"type": "a.Pooling", "path": "p"}]')
    (copy / "p" / "config.json").write_text('{"pooling_mode": "mean"}')
    assert find_checkpoint(str(copy), None).sentence is not None
    (copy / file).write_text(json.dumps(value))
    (fault,) = refused(copy)
    assert words in fault and str(copy / file) in fault


def test_tokenizer_files(copy: Path) -> None:
    require_tokenizer_files(copy)
    edit_json(copy / "tokenizer_config.json", model_max_length="512", cls_token=7, tokenizer_class=["x"])
    (copy / "special_tokens_map.json").write_text("[]")
    with pytest.raises(ModelError) as caught:
        require_tokenizer_files(copy)
    assert [fault.removeprefix(f"{copy}/") for fault in caught.value.faults] == [
        "tokenizer_config.json: cls_token: found 7, expected a text or an object with a text as content",
        "tokenizer_config.json: model_max_length: found '512', expected a number of tokens",
        "tokenizer_config.json: tokenizer_class: found ['x'], expected a text",
        "special_tokens_map.json: found a JSON list, expected an object",
    ]


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    found = read_small_files(tmp_path)
    assert (found.config, found.adapter, found.notes, found.modules) == ({}, None, {}, None)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("config.json", {"bos_token_id": [None]}, "bos_token_id: found [None], expected a whole number from -1 to"),
        ("config.json", {"hidden_dropout_prob": "word"}, "hidden_dropout_prob: found 'word', expected a number"),
        ("xharness.json", {"seconds": float("nan")}, "seconds: nan, expected a number; JSON has no other"),
        ("xharness.json", {"lineage": [{"dev": {"xnli": float("inf")}}]}, "lineage[0].dev.xnli: inf, expected"),
        ("xharness.json", {"lineage": [{"search": 3}]}, "lineage[0]: search: found 3, expected an object of what was"),
        ("xharness.json", {"lineage": [{"search": {"values": {}, "trials": []}}]}, "lineage[0]: search: found {'va"),
        ("xharness.json", {"lineage": [{"search": {"values": {}, "trials": [{"values": {}, "dev": {"a": "b"}}]}}]},
         "lineage[0]: search: found {'values'"),
        ("modules.json", [{"type": "x\0y", "path": ""}], "[0]: type: found 'x\\x00y', expected a text"),
    ],
)  # fmt: skip
def test_what_a_library_would_say_in_its_own_words(copy: Path, name: str, changes: Any, words: str) -> None:
    file = copy / name
    there = json.loads(file.read_text("utf-8")) if file.exists() else {}
    file.write_text(json.dumps({**there, **changes} if isinstance(changes, dict) else changes))
    (fault,) = refused(copy)
    assert fault.startswith(f"{file}: {words}")


def test_a_tokenizer_without_a_model_is_told(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError) as caught:
        require_tokenizer_files(copy)
    assert caught.value.faults == tuple(
        f"{copy}/tokenizer.json: {key}: missing; is the checkpoint complete?" for key in ("added_tokens", "model")
    )
