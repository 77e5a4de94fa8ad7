"""Parameters of an encoder, from file headers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.families import build
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.size import encoder_size


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "modernbert"])
@pytest.mark.parametrize("head", [None, "AutoModelForTokenClassification"], ids=["encoder", "with a head"])
def test_counts_the_parameters_of_the_encoder_alone(tmp_path: Path, family: str, head: str | None) -> None:
    import transformers

    place = build(family, head, tmp_path / "model")
    network = transformers.AutoModel.from_pretrained(place)
    names = {n: p.numel() for n, p in network.named_parameters() if not n.startswith("pooler.")}
    size = encoder_size(find_checkpoint(str(place), None))
    assert size is not None
    assert size.total == sum(names.values())
    assert size.embeddings == sum(n for name, n in names.items() if "embeddings" in name)


def test_shards_are_added_up_and_a_file_without_a_header_counts_nothing(tmp_path: Path) -> None:
    place = build("bert", None, tmp_path / "model")
    (place / "model.safetensors").rename(place / "model-00001-of-00002.safetensors")
    (place / "model-00002-of-00002.safetensors").write_bytes(b"short")
    assert encoder_size(find_checkpoint(str(place), None)) is not None
    (place / "model-00001-of-00002.safetensors").unlink()
    assert encoder_size(find_checkpoint(str(place), None)) is None
    assert json.loads((place / "config.json").read_text("utf-8"))["model_type"] == "bert"
