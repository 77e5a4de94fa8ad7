"""A tiny multilingual encoder with random weights, made from the samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.cards import Cards, folder
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.examples import running_texts
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.plan.cells import all_cards

__all__ = ["build_base", "sample_texts", "tiny_config", "train_tokenizer"]

_VOCABULARY = 4000


def build_base(path: Path, seed: int = 0) -> Path:
    """Write a tiny XLM-R with random weights (seeded) and a masked-LM head; its tokenizer is trained on the samples."""
    import torch
    import transformers
    from transformers.utils import logging as chatter

    chatter.set_verbosity_error()
    chatter.disable_progress_bar()
    tokenizer = train_tokenizer(list(sample_texts(all_cards())))
    torch.manual_seed(seed)
    getattr(transformers, MASKED_LM).from_config(tiny_config(len(tokenizer))).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def sample_texts(cards: Cards) -> Iterator[str]:
    """All texts of the samples, in every language, each split once."""
    samples = Data(folder() / "samples", name="samples")
    for card in cards.tasks.values():
        kind = KINDS[card.kind]
        for language in card.all_languages:
            for split in ("train", "dev", "test"):
                located = locate(card, split, language, samples)
                if located is None:
                    continue
                loaded = load_split(card, language, split, located, kind.parse, kind.passage)
                for example in loaded.examples:
                    yield from running_texts(kind, example)
                for passage in loaded.pool:
                    yield passage.text


def train_tokenizer(texts: list[str], vocabulary: int = _VOCABULARY) -> Any:
    """A tokenizer that wraps texts as XLM-R's does, trained on these (by byte pairs, the same every time)."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]
    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    raw.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False),
    )
    ids = [(token, raw.token_to_id(token)) for token in ("<s>", "</s>")]
    raw.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", ids)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>",
        unk_token="<unk>", mask_token="<mask>", model_max_length=512,
    )  # fmt: skip


def tiny_config(vocabulary: int, labels: Sequence[str] = ()) -> Any:
    """Two layers of 64."""
    from transformers import XLMRobertaConfig

    config = XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128,
        max_position_embeddings=514, type_vocab_size=1, pad_token_id=2, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
    return config
