"""Headers of safetensors files, and the index of shards."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from xtreme_harness.errors import ModelError
from xtreme_harness.models.headers import require_shards, shapes_in, weight_files


def test_names_and_shapes(nli: Path) -> None:
    file = nli / "model.safetensors"
    assert shapes_in(file) == {name: tuple(value.shape) for name, value in load_file(file).items()}


def raw(header: Any, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a header of 0 bytes in a file of 0"),
        (b"short", "a header of 0 bytes in a file of 5"),
        (raw({}, 1 << 62), "a header of 4,611,686,018,427,387,904 bytes in a file of"),
        (raw(b"\xff\xfe garbage"), "'utf-8' codec can't decode"),
        (raw(b"[" * 5000), "nested more than 100 deep"),
        (raw([1]), "the header is [1], no object"),
        (raw({"a": 1}), "'a' is 1, no tensor of this file"),
        (raw({"a": {**TENSOR, "shape": [-1]}}) + b"1234", "'a' is {'dtype': 'F32', 'shape': [-1]"),
        (raw({"a": {**TENSOR, "shape": "x"}}) + b"1234", "no tensor of this file"),
        (raw({"a": TENSOR}), "no tensor of this file"),  # its four bytes are cut off
    ],
)
def test_what_is_none_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        shapes_in(file)
    assert f"{file}: cannot be read as safetensors (" in str(caught.value) and words in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match=r"a.safetensors: cannot be read \(found a pipe, expected a file\)"):
        shapes_in(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ([], "found a JSON list, expected an object"),
        ({"weight_map": {}}, "metadata: missing, expected an object"),
        ({"metadata": {}, "weight_map": ["a"]}, "weight_map: found ['a'], expected an object"),
        ({"metadata": {}, "weight_map": {"t": 1}}, "weight_map.t: found 1, expected a text"),
        ({"metadata": {}, "weight_map": {"t": "../a.safetensors"}}, "'../a.safetensors' leads out of its folder"),
        ({"metadata": {}, "weight_map": {"t": "/a.safetensors"}}, "'/a.safetensors' is an absolute path"),
        ({"metadata": {}, "weight_map": {"t": "b", "u": "a"}}, "names a and 1 more, which is not there"),
    ],
)
def test_an_index_of_shards(tmp_path: Path, index: Any, words: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError) as caught:
        require_shards(tmp_path)
    assert words in str(caught.value) and "model.safetensors.index.json" in str(caught.value)


def test_shards_are_the_weights(nli: Path, tmp_path: Path) -> None:
    save_file(load_file(nli / "model.safetensors"), tmp_path / "one.safetensors")
    index = {"metadata": {}, "weight_map": {"a": "one.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    require_shards(tmp_path)
    assert weight_files(tmp_path) == [tmp_path / "one.safetensors"]
    assert weight_files(nli) == [nli / "model.safetensors"]
