"""What the keys of a checkpoint's JSON files must hold, as tables; a key that is not listed is whatever it is.

The bounds are those of no network that anybody could have: what is beyond them would be built without end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from xtreme_harness.models.shapes import (
    CLASS_IDS,
    CLASS_NAMES,
    FLAG,
    LIST,
    NUMBER,
    OBJECT,
    OBJECTS,
    SEARCH,
    TEXT,
    TEXTS,
    TOKEN,
    Shape,
    each,
    either,
    one_of,
    share,
    whole,
)

__all__ = [
    "ADAPTER",
    "ADAPTER_ALWAYS",
    "ADAPTER_PARTS",
    "CONFIG",
    "ENCODER",
    "NOTES",
    "SHARES",
    "STAGE",
    "TOKENIZER",
    "TOKENIZER_ALWAYS",
]

ENCODER = "../.."  # from `heads/<task>` to the encoder that several heads share
_WIDTH, _POSITIONS = 1 << 20, 1 << 24
_DTYPE = re.compile(r"(torch\.)?(auto|b?float\w*|half|double|u?int\d+)")
_PEFT = re.compile(r"[A-Z][A-Z0-9_]*")
_TASKS = ("SEQ_CLS", "SEQ_2_SEQ_LM", "CAUSAL_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION")
_LAYERS = ("num_hidden_layers", "n_layers", "num_layers", "n_layer", "num_decoder_layers", "encoder_layers")
_WIDTHS = (
    *("hidden_size", "d_model", "emb_dim", "dim", "n_embd", "embedding_size", "input_embedding_size"),
    *("output_embedding_size", "pooler_hidden_size"),
)
_PARTS = (  # some families have one for each layer
    *("d_kv", "d_ff", "head_dim", "num_attention_heads", "n_heads", "n_head", "num_heads"),
    *("num_key_value_heads", "intermediate_size"),
)
_TOKEN_IDS = tuple(f"{name}_token_id" for name in ("bos", "eos", "sep", "cls", "mask", "unk", "decoder_start"))
_A_TEXT = Shape("a text", lambda value: isinstance(value, str))  # also an empty one
_A_DTYPE = Shape("the name of a dtype", lambda value: isinstance(value, dict) or bool(_DTYPE.fullmatch(str(value))))
_NAMES = either(TEXT, TEXTS)

CONFIG: Mapping[str, Shape] = {
    "model_type": TEXT,
    "architectures": TEXTS,
    "id2label": CLASS_NAMES,
    "label2id": CLASS_IDS,
    "num_labels": whole(0, _WIDTH),
    **dict.fromkeys(_LAYERS, whole(1, 1024)),
    **dict.fromkeys(_WIDTHS, whole(1, _WIDTH)),
    **dict.fromkeys(_PARTS, each(whole(1, 1 << 22))),
    "vocab_size": whole(1, _POSITIONS),
    "max_position_embeddings": whole(-1, _POSITIONS),
    "type_vocab_size": whole(0, _WIDTH),
    "pad_token_id": whole(-1, _POSITIONS),
    **dict.fromkeys(_TOKEN_IDS, each(whole(-1, _POSITIONS))),
    "auto_map": OBJECT,
    "quantization_config": OBJECT,
    "dtype": _A_DTYPE,
    "torch_dtype": _A_DTYPE,
}
SHARES = re.compile(r"dropout(_prob|_rate|_p)?$")  # keys of config.json that end so are shares; flags are flags
ADAPTER: Mapping[str, Shape] = {
    "base_model_name_or_path": TEXT,
    "revision": _A_TEXT,
    "task_type": one_of(*_TASKS),
    "peft_type": Shape("a type that PEFT knows, such as LORA", lambda value: bool(_PEFT.fullmatch(str(value)))),
    "r": whole(1, _WIDTH),
    "lora_alpha": NUMBER,
    "lora_dropout": share(),
    "bias": one_of("none", "all", "lora_only"),
    "target_modules": _NAMES,
    "exclude_modules": _NAMES,
    "layers_pattern": _NAMES,
    "layers_to_transform": each(whole(0, 1024)),
    "modules_to_save": TEXTS,
    "target_parameters": TEXTS,
    "init_lora_weights": either(FLAG, TEXT),
    "trainable_token_indices": either(LIST, OBJECT),
    "rank_pattern": OBJECT,
    "alpha_pattern": OBJECT,
    **dict.fromkeys(("use_dora", "use_rslora", "lora_bias", "fan_in_fan_out", "inference_mode"), FLAG),
}
ADAPTER_PARTS = re.compile(r"_config$")  # keys of adapter_config.json that end so are objects
ADAPTER_ALWAYS = ("peft_type", "r", "lora_alpha", "lora_dropout", "bias", "rank_pattern", "alpha_pattern")  # never null
NOTES: Mapping[str, Shape] = {
    "stage": one_of("base", "intermediate", "target"),
    "tasks": TEXTS,
    "lineage": OBJECTS,
    "head": OBJECT,
    "encoder": one_of(ENCODER),
    "fields": OBJECT,
}
STAGE: Mapping[str, Shape] = {
    "stage": TEXT,
    "recipe": OBJECT,
    "seed": whole(0, 1 << 64),
    "checkpoint": TEXT,
    "search": SEARCH,
}
TOKENIZER: Mapping[str, Shape] = {
    **dict.fromkeys(
        ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"), TOKEN
    ),
    "model_max_length": Shape(
        "a number of tokens", lambda value: isinstance(value, int | float) and value is not True and value == value
    ),
    "tokenizer_class": _A_TEXT,
    "added_tokens_decoder": OBJECT,
}
TOKENIZER_ALWAYS = ("added_tokens", "model")  # in tokenizer.json
