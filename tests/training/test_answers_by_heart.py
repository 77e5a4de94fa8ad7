"""A network that has learnt five answers by heart gives them to the letter, whatever its tokenizer leaves uncovered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.fixtures.tokenizer_kinds import transformers_tokenizer
from xtreme_harness.models import tokenizer as tokenizer_module
from xtreme_harness.models.coverage import covering

QUESTIONS = {  # each with its passage and answer
    "Which river rises near Olsberg?": ("The river Olm rises near Olsberg.", "Olm"),
    "Who drew the map?": ("A map was drawn by Ida Kuhn.", "Ida Kuhn"),
    "When was it drawn?": ("It was drawn in 1764 by hand.", "1764"),
    "How many mills stand there?": ("The valley has 7 mills in all.", "7"),
    "What is the inn called?": ("The inn is called rose\u0301 by all.", "rose\u0301"),
}
SETTINGS = ("epochs=150", "max_steps=150", "lr=2e-3", "warmup_ratio=0", "dropout=0")


def squad() -> str:
    paragraphs = [
        {
            "context": context,
            "qas": [
                {"id": f"q{i}", "question": asked, "answers": [{"text": text, "answer_start": context.index(text)}]}
            ],
        }
        for i, (asked, (context, text)) in enumerate(QUESTIONS.items())
    ]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]})


def checkpoint(name: str, path: Path) -> Path:
    corpus = tuple(text for asked, (context, _) in QUESTIONS.items() for text in (asked, context))
    tokenizer = transformers_tokenizer(name, corpus)
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=514, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["words before bytes, roberta", "bert uncased", "nfkc metaspace"])
def test_answers_to_the_letter(name: str, xharness: Callable[..., Any], tmp_path: Path) -> None:
    for place in ("squad/train-v1.1.json", "squad/dev-v1.1.json", "xquad/xquad.en.json"):
        (tmp_path / "data" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / place).write_text(squad(), "utf-8")
    model, out = checkpoint(name, tmp_path / "base"), tmp_path / "out"
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    ended = xharness(
        "eval", "--model", model, "--tasks", "xquad", "--languages", "en", "--data", tmp_path / "data",
        "--recipe", "fast", *settings, "-o", out,
    )  # fmt: skip
    assert ended.status == 0
    (file,) = out.glob("predictions/*/xquad/test-en.json")
    found = json.loads(file.read_text("utf-8"))
    assert found == {f"q{i}": answer for i, (_, answer) in enumerate(QUESTIONS.values())}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_tokenizer_without_offsets_is_refused_before_a_step(
    command: str, xharness: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = checkpoint("bert cased", tmp_path / "base")
    monkeypatch.setattr(
        tokenizer_module, "covering", lambda text, spans, name: covering(text, [(0, 0)] * len(spans), name)
    )
    ended = xharness(
        command, "--model", model, "--tasks", "squad" if command == "train" else "xquad", "--data", "samples",
        "--recipe", "fast", "-o", tmp_path / "out",
    )  # fmt: skip
    assert ended.status != 0
    assert len(ended.errors) == 1
    assert f"{model}: its tokenizer does not say which characters each token covers" in ended.errors[0]
    assert not list((tmp_path / "out").rglob("*.safetensors"))
