"""Tiny random checkpoints of every family, each with a tokenizer of the family's own manner.

`build(family, head, path)` saves one; the weights are drawn wide, so that logits differ from example to example.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from xtreme_harness.models.heads import save_headed, with_head
from xtreme_harness.plan import all_cards
from xtreme_harness.tiny import sample_texts

torch.set_num_threads(1)  # tiny networks gain nothing from threads, and lose much where the processor is busy

SEQUENCE, CHOICE = "AutoModelForSequenceClassification", "AutoModelForMultipleChoice"
TOKENS, SPANS = "AutoModelForTokenClassification", "AutoModelForQuestionAnswering"
VOCABULARY = 1200
LANGUAGES = {"en": 0, "de": 1, "zh": 2}  # that the tiny XLM knows


@lru_cache(maxsize=1)
def texts() -> tuple[str, ...]:
    """A few hundred texts of the samples, in all their languages."""
    return tuple(dict.fromkeys(sample_texts(all_cards())))[::12]


@lru_cache(maxsize=8)
def _trained(manner: str) -> str:
    """A trained tokenizer, without special tokens around texts, as JSON."""
    if manner == "wordpiece":
        raw = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        raw.normalizer = normalizers.BertNormalizer(lowercase=False)
        raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        trainer: Any = trainers.WordPieceTrainer(
            vocab_size=VOCABULARY, special_tokens=special, show_progress=False, limit_alphabet=600
        )
    elif manner == "unigram":
        raw = Tokenizer(models.Unigram())
        raw.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
        raw.pre_tokenizer = pre_tokenizers.Metaspace()
        raw.decoder = decoders.Metaspace()
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "[CLS]", "[SEP]"]
        trainer = trainers.UnigramTrainer(
            vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False
        )
    elif manner == "bytes":
        raw = Tokenizer(models.BPE())
        raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        raw.decoder = decoders.ByteLevel()
        special = ["<|begin|>", "<|end|>", "<|pad|>", "<|mask|>"]
        trainer = trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=special, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )  # fmt: skip
    else:  # "gemma": blanks are a letter, no blank before the first word
        raw = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
        raw.normalizer = normalizers.Replace(" ", "▁")
        raw.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
        special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
        trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    raw.train_from_iterator(texts(), trainer)
    return str(raw.to_str())


def tokenizer(manner: str, single: str | None = None, pair: str | None = None, **names: Any) -> Any:
    """A fast tokenizer; `single` and `pair` are templates as `TemplateProcessing` takes them."""
    raw = Tokenizer.from_str(_trained(manner))
    if single and pair:
        special = {piece.split(":")[0] for piece in f"{single} {pair}".split() if not piece.startswith("$")}
        raw.post_processor = processors.TemplateProcessing(single, pair, [(s, raw.token_to_id(s)) for s in special])
    return PreTrainedTokenizerFast(tokenizer_object=raw, **names)


def _bert() -> Any:
    return tokenizer(
        "wordpiece", "[CLS] $A [SEP]", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", model_max_length=512, cls_token="[CLS]",
        sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]",
    )  # fmt: skip


def _roberta() -> Any:
    return tokenizer(
        "unigram", "<s> $A </s>", "<s> $A </s> </s> $B </s>", model_max_length=512, bos_token="<s>", eos_token="</s>",
        cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
    )  # fmt: skip


def _unigram_bert() -> Any:
    return tokenizer(
        "unigram", "[CLS] $A [SEP]", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", model_max_length=512, cls_token="[CLS]",
        sep_token="[SEP]", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
    )  # fmt: skip


def _byte_bert() -> Any:
    return tokenizer(
        "bytes", "<|begin|> $A <|end|>", "<|begin|> $A <|end|> $B <|end|>", cls_token="<|begin|>", sep_token="<|end|>",
        pad_token="<|pad|>", mask_token="<|mask|>", model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _gemma() -> Any:
    return tokenizer(
        "gemma", "<bos> $A <eos>", "<bos> $A <eos> $B <eos>", bos_token="<bos>", eos_token="<eos>", pad_token="<pad>",
        unk_token="<unk>", mask_token="<mask>", model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _euro() -> Any:
    return tokenizer(
        "bytes", "<|begin|> $A <|end|>", "<|begin|> $A <|end|> <|begin|> $B <|end|>", bos_token="<|begin|>",
        eos_token="<|end|>", pad_token="<|pad|>", mask_token="<|mask|>",
    )  # fmt: skip


def _t5() -> Any:
    return tokenizer(
        "unigram", "$A </s>", "$A </s> $B </s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _qwen() -> Any:  # no special tokens around texts, and none to pad with
    return tokenizer("bytes", eos_token="<|end|>", model_input_names=["input_ids", "attention_mask"])


def _llama() -> Any:
    return tokenizer(
        "unigram", "<s> $A", "<s> $A <s> $B", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _bloom() -> Any:
    return tokenizer("bytes", bos_token="<|begin|>", eos_token="<|end|>", pad_token="<|pad|>")


def xlm_tokenizer(path: Path) -> Any:
    """A slow tokenizer: sacremoses, lower-casing, pieces that end words with `</w>`."""
    raw = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["<s>", "</s>", "<pad>", "<unk>", *(f"<special{i}>" for i in range(10))]
    raw.train_from_iterator(
        texts(),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=special, end_of_word_suffix="</w>", show_progress=False,
            limit_alphabet=600,
        ),
    )  # fmt: skip
    path.mkdir(parents=True, exist_ok=True)
    raw.model.save(str(path))
    names = {v: k for k, v in LANGUAGES.items()}
    files = (str(path / "vocab.json"), str(path / "merges.txt"))
    return transformers.XLMTokenizer(*files, lang2id=LANGUAGES, id2lang=names, model_max_length=512)


SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 48, "initializer_range": 0.15,
}  # fmt: skip
ENCODER_IDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
BYTE_IDS = {"pad_token_id": 2, "bos_token_id": 0, "eos_token_id": 1}
T5_SIZES = {
    "vocab_size": VOCABULARY, "d_model": 32, "d_kv": 16, "d_ff": 48, "num_layers": 2, "num_heads": 2,
    "initializer_factor": 1.0, "pad_token_id": 1, "eos_token_id": 2,
}  # fmt: skip

CONFIGS: dict[str, Callable[[], Any]] = {
    "bert": lambda: transformers.BertConfig(**SIZES, max_position_embeddings=512, pad_token_id=0),
    "xlm": lambda: transformers.XLMConfig(
        vocab_size=VOCABULARY,
        emb_dim=32,
        n_layers=2,
        n_heads=2,
        n_langs=len(LANGUAGES),
        use_lang_emb=True,
        lang2id=LANGUAGES,
        id2lang={v: k for k, v in LANGUAGES.items()},
        max_position_embeddings=512,
        init_std=0.15,
        embed_init_std=0.15,
        bos_index=0,
        eos_index=1,
        pad_index=2,
        unk_index=3,
        mask_index=5,
        pad_token_id=2,
    ),
    "xlm-roberta": lambda: transformers.XLMRobertaConfig(
        **SIZES, **ENCODER_IDS, max_position_embeddings=514, type_vocab_size=1
    ),
    "xlm-roberta-xl": lambda: transformers.XLMRobertaXLConfig(
        **SIZES, **ENCODER_IDS, max_position_embeddings=514, type_vocab_size=1
    ),
    "deberta-v2": lambda: transformers.DebertaV2Config(
        **SIZES,
        max_position_embeddings=512,
        relative_attention=True,
        position_buckets=16,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        type_vocab_size=0,
        pad_token_id=1,
        pooler_hidden_size=32,
    ),
    "rembert": lambda: transformers.RemBertConfig(
        **SIZES, input_embedding_size=16, output_embedding_size=24, max_position_embeddings=512, pad_token_id=1
    ),
    "modernbert": lambda: transformers.ModernBertConfig(
        **SIZES,
        max_position_embeddings=512,
        pad_token_id=2,
        bos_token_id=0,
        eos_token_id=1,
        cls_token_id=0,
        sep_token_id=1,
        local_attention=16,
        global_attn_every_n_layers=2,
    ),
    "mmbert": lambda: transformers.ModernBertConfig(
        **SIZES,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=1,
        cls_token_id=2,
        sep_token_id=1,
        local_attention=16,
        global_attn_every_n_layers=2,
    ),
    "eurobert": lambda: transformers.EuroBertConfig(**SIZES, **BYTE_IDS, max_position_embeddings=512, mask_token_id=3),
    "mt5": lambda: transformers.MT5Config(**T5_SIZES),
    "umt5": lambda: transformers.UMT5Config(**T5_SIZES),
    "qwen2": lambda: transformers.Qwen2Config(
        **SIZES, num_key_value_heads=1, max_position_embeddings=512, eos_token_id=1, bos_token_id=None
    ),
    "qwen3": lambda: transformers.Qwen3Config(
        **SIZES, num_key_value_heads=1, head_dim=16, max_position_embeddings=512, eos_token_id=1, bos_token_id=None
    ),
    "llama": lambda: transformers.LlamaConfig(
        **SIZES, num_key_value_heads=1, max_position_embeddings=512, bos_token_id=0, eos_token_id=2
    ),
    "bloom": lambda: transformers.BloomConfig(
        vocab_size=VOCABULARY, hidden_size=32, n_layer=2, n_head=2, initializer_range=0.15, **BYTE_IDS
    ),
}
TOKENIZERS: dict[str, Callable[[], Any]] = {
    "bert": _bert,
    "xlm-roberta": _roberta,
    "xlm-roberta-xl": _roberta,
    "deberta-v2": _unigram_bert,
    "rembert": _unigram_bert,
    "modernbert": _byte_bert,
    "mmbert": _gemma,
    "eurobert": _euro,
    "mt5": _t5,
    "umt5": _t5,
    "qwen2": _qwen,
    "qwen3": _qwen,
    "llama": _llama,
    "bloom": _bloom,
}
FAMILIES = tuple(CONFIGS)
T5S, DECODERS = ("mt5", "umt5"), ("qwen2", "qwen3", "llama", "bloom")


def general(family: str, head: str | None) -> bool:
    """Does the family need a general head here, because transformers has none or runs a decoder?"""
    lacking = {CHOICE: ("eurobert", *DECODERS), SPANS: ("eurobert",)}
    return head is not None and (family in T5S or family in lacking.get(head, ()))


def build(family: str, head: str | None, path: Path, labels: Sequence[str] = (), seed: int = 0) -> Path:
    """Save a tiny checkpoint with its tokenizer.

    Args:
        family: a key of CONFIGS.
        head: a transformers Auto class; None for the encoder.
        path: folder.
        labels: names of the classes, where the head has classes.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    config = CONFIGS[family]()
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
    (xlm_tokenizer(path) if family == "xlm" else TOKENIZERS[family]()).save_pretrained(path)
    if general(family, head):
        outputs = {SPANS: 2, CHOICE: 1}.get(str(head), len(labels))
        save_headed(with_head(_encoder(family, config), str(head), outputs), labels, path)
        return path
    network = _encoder(family, config) if head is None else getattr(transformers, head).from_config(config)
    _widen(network)
    network.save_pretrained(path)
    return path


def _encoder(family: str, config: Any) -> Any:
    auto = transformers.AutoModelForTextEncoding if family in T5S else transformers.AutoModel
    return auto.from_config(config)


def _widen(network: Any) -> None:
    """Give heads and poolers, whose own start is narrow or zero, weights that matter."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if any(part in name for part in ("classifier", "qa_outputs", "score", "pooler", "head")):
                value.normal_(0, 0.3)


def adapt(base: Path, path: Path, task: str | None, head: str, modules: Sequence[str], **flags: Any) -> Any:
    """Save a PEFT adapter of random weights over a checkpoint; the adapted network comes back, unmerged."""
    import peft

    torch.manual_seed(2)
    network = getattr(transformers, head).from_pretrained(base, **flags)
    config = peft.LoraConfig(task_type=task, r=2, target_modules=list(modules), init_lora_weights=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft reads what transformers will rename
        adapted = peft.get_peft_model(network, config).eval()
        adapted.save_pretrained(path)
    return adapted


def edit_json(file: Path, **changes: Any) -> None:
    """Change top keys of a JSON file; None takes a key out."""
    read = {**json.loads(file.read_text("utf-8")), **changes}
    file.write_text(json.dumps({k: v for k, v in read.items() if v is not None}), "utf-8")
