"""Settings that would have code fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.families import edit_json
from xtreme_harness.errors import ModelError
from xtreme_harness.models import foreign
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.foreign import foreign_code
from xtreme_harness.models.load import load_model
from xtreme_harness.plan.loading import require_loadable

FETCHED = [
    ({"attn_implementation": "org/kernel"}, "attn_implementation"),
    ({"_attn_implementation": "org/kernel@main:f"}, "_attn_implementation"),
    ({"attn_implementation": "kernels-community/flash-attn2"}, "attn_implementation"),
    ({"attn_implementation": "paged|org/kernel"}, "attn_implementation"),
    ({"attn_implementation": {"": "sdpa", "text_config": "a/b"}}, "attn_implementation.text_config"),
    ({"attn_implementation": ["a/b"]}, "attn_implementation"),
    ({"text_config": {"_attn_implementation": "a/b"}}, "text_config._attn_implementation"),
    ({"experts_implementation": "sonicmoe"}, "experts_implementation"),
]


@pytest.mark.parametrize(("config", "key"), FETCHED)
def test_code_to_be_fetched_is_named(config: dict[str, Any], key: str) -> None:
    (fault,) = foreign_code(config, "config.json")
    assert fault.startswith(f"config.json: {key}: found ") and "which is code to be fetched" in fault
    assert "--trust-remote-code" in fault


@pytest.mark.parametrize("name", ["eager", "sdpa", "flex_attention", "paged|eager", None])
def test_what_transformers_brings_is_taken(name: str | None) -> None:
    assert foreign_code({"attn_implementation": name, "quantization_config": {"quant_method": "awq"}}, "c") == []


def test_what_is_fetched_only_where_another_package_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"attn_implementation": "flash_attention_2", "quantization_config": {"quant_method": "mxfp4"}}
    monkeypatch.setattr(foreign, "_is_there", lambda package: False)
    assert foreign_code(config, "c") == []
    monkeypatch.setattr(foreign, "_is_there", lambda package: package == "kernels")
    assert [fault.split(": ")[1] for fault in foreign_code(config, "c")] == [
        "attn_implementation", "quantization_config.quant_method"
    ]  # fmt: skip
    monkeypatch.setattr(foreign, "_is_there", lambda package: True)
    assert len(foreign_code(config, "c")) == 1


def test_it_is_refused_before_anything_is_loaded(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_json(copy / "config.json", attn_implementation="org/kernel@main")
    found = find_checkpoint(str(copy), None)
    with pytest.raises(ModelError, match="found 'org/kernel@main', which is code to be fetched"):
        require_loadable(found, trust=False)
    with pytest.raises(ModelError, match="which is code to be fetched"):
        load_model(found, found.head, device="cpu", dtype="float32")
