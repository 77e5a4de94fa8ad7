"""A tiny checkpoint with random weights for every training unit, like a user's folder of fine-tuned checkpoints."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.kinds import KINDS
from xtreme_harness.plan import all_cards
from xtreme_harness.tiny import sample_texts, tiny_config, train_tokenizer

UNITS = ("xnli", "pawsx", "xcopa", "udpos", "panx", "squad", "tydiqa", "lareqa", "mewslix")


def build_checkpoint(path: Path, seed: int = 0) -> Path:
    """Write a tiny XLM-R for every training unit, and one without a head, below `path`."""
    import torch
    import transformers
    from transformers.utils import logging as chatter

    chatter.set_verbosity_error()
    chatter.disable_progress_bar()
    cards = all_cards()
    tokenizer = train_tokenizer(list(sample_texts(cards)))
    for unit in ("encoder", *UNITS):
        torch.manual_seed(seed)
        card = cards.tasks.get(unit)
        head = KINDS[card.kind].head if card else None
        config = tiny_config(len(tokenizer), card.labels if card else ())
        model = getattr(transformers, head or "AutoModel").from_config(config)
        model.save_pretrained(path / unit)
        tokenizer.save_pretrained(path / unit)
    return path
