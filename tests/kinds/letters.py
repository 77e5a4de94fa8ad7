"""The tokenizer of the kind tests: one piece a character."""

from __future__ import annotations

from typing import Any

from tokenizers import Regex, models, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Raw
from transformers import PreTrainedTokenizerFast

from xtreme_harness.models.tokenizer import Tokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def _letters() -> Tokenizer:
    """Every character but blanks is a piece; Chinese, Thai and ASCII ones are known, others are unknown."""
    raw = Raw(models.WordLevel(unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    known = [*map(chr, range(33, 127)), *map(chr, range(0xE01, 0xE5C)), *"深湖在西伯利亚最世界上的是贝加尔一米"]
    raw.train_from_iterator([known], trainers.WordLevelTrainer(special_tokens=SPECIAL, show_progress=False))
    raw.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] [SEP] $B [SEP]", [("[CLS]", 2), ("[SEP]", 3)]
    )
    names: dict[str, Any] = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return Tokenizer(PreTrainedTokenizerFast(tokenizer_object=raw, **names), 512)


LETTERS = _letters()
