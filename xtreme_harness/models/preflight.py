"""Can a checkpoint be loaded? Its tokenizer is, and its network is built without memory: no weights are read."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import torch

from xtreme_harness.errors import ModelError
from xtreme_harness.models.adapters import require_fitting, require_patterns
from xtreme_harness.models.checkpoint import Checkpoint, tokenizer_holder
from xtreme_harness.models.head_table import head_of_adapter
from xtreme_harness.models.headers import shapes_in, weight_files
from xtreme_harness.models.load import fitted_tokenizer
from xtreme_harness.models.small_files import require_tokenizer_files
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.models.weights import TOGETHER, auto_class, load_tokenizer, quietly, require, require_code

__all__ = ["require_sound", "tokenizer_alone"]

_ACTIVATIONS = ("hidden_act", "hidden_activation", "activation_function", "dense_act_fn", "classifier_activation")
_SPARE = 1 << 20  # parameters that a network may have beyond those of its files: poolers, tables without use


def require_sound(checkpoint: Checkpoint, trust: bool) -> None:
    """Refuse a checkpoint whose tokenizer or network cannot be built as its files say.

    Code that comes with it is not run for this: such a one is loaded, or refused, when its turn comes.

    Args:
        checkpoint: whose small files are on disk; weights are looked at where they are.
        trust: may code that it carries be run?

    Raises:
        MissingDependency: for a package that its family needs.
        ModelError: in one line, for everything else.
    """
    require_code(checkpoint, trust)
    if _carries_code(checkpoint, trust):
        return
    holder = tokenizer_holder(checkpoint)
    require_tokenizer_files(holder.path)
    with quietly(checkpoint):
        network = _built(checkpoint)
        fitted_tokenizer(load_tokenizer(holder, holder.path), network)
    _require_sizes(checkpoint.base or checkpoint.encoder or checkpoint, network)
    if checkpoint.adapter is not None and checkpoint.base is not None:
        _require_adapter(checkpoint, checkpoint.base, network)


def tokenizer_alone(checkpoint: Checkpoint) -> Tokenizer:
    """A checkpoint's tokenizer as its network can use it, without a weight being read.

    Raises:
        ModelError: in one line, when it cannot be loaded.
    """
    with quietly(checkpoint):
        return fitted_tokenizer(load_tokenizer(checkpoint, checkpoint.path), _built(checkpoint), checkpoint.name)


def _carries_code(checkpoint: Checkpoint, trust: bool) -> bool:
    parts = [part for part in (checkpoint, checkpoint.base, checkpoint.encoder) if part is not None]
    return trust and any(part.config.get("auto_map") for part in parts)


def _built(checkpoint: Checkpoint, head: str | None = None) -> Any:
    """The network as the configuration describes it, on no device; the encoder alone where there is no head."""
    import transformers
    from transformers.activations import ACT2FN

    below = checkpoint.base or checkpoint.encoder or checkpoint
    config = transformers.AutoConfig.from_pretrained(below.path, trust_remote_code=False)
    for key in _ACTIVATIONS:
        if isinstance(name := getattr(config, key, None), str) and name not in ACT2FN:
            raise ModelError(f"{below.path / 'config.json'}: {key}: found {name!r}, which transformers does not know")
    if head is not None and checkpoint.labels:
        config.num_labels = len(checkpoint.labels)
    with torch.device("meta"):
        return auto_class(head, below.family).from_config(config, dtype=torch.float32, trust_remote_code=False)


def _require_sizes(checkpoint: Checkpoint, network: Any) -> None:
    """Refuse a configuration that describes other tensors than the weights on disk are, or far more of them.

    A library would draw those by chance first, in as much memory as it takes.
    """
    if "quantization_config" in checkpoint.config:  # several parameters in one number
        return
    config = checkpoint.path / "config.json"
    try:
        held = {name: shape for file in _there(checkpoint.path) for name, shape in shapes_in(file).items()}
    except ModelError:  # no weights at all: found when they are loaded, so that the others of a run are not stopped
        return
    wanted = {name: tuple(one.shape) for name, one in network.named_parameters()}
    prefix = network.base_model_prefix
    for name, shape in wanted.items():
        found = held.get(name, held.get(f"{prefix}.{name}"))
        if found is not None and prod(found) != prod(shape):
            raise ModelError(
                f"{config}: describes {name} as {_words(shape)}, but the weights have {_words(found)}; {TOGETHER}"
            )
    total, most = sum(map(prod, wanted.values())), sum(map(prod, held.values()))
    if held and total > 2 * most + _SPARE:
        raise ModelError(f"{config}: describes {total:,} parameters, but the weights have {most:,}; {TOGETHER}")


def _require_adapter(checkpoint: Checkpoint, base: Checkpoint, network: Any) -> None:
    """Refuse an adapter that PEFT does not read, or that belongs to another network."""
    peft = require("peft", "peft")
    head = head_of_adapter(str((checkpoint.adapter or {}).get("task_type")))
    with quietly(checkpoint):
        peft.PeftConfig.from_pretrained(str(checkpoint.path))
        trained = network if head is None else _built(checkpoint, head)
    modules = [name for name, _ in trained.named_modules() if name]
    require_patterns(checkpoint, modules)
    require_fitting(checkpoint, base, modules)


def _there(path: Path) -> list[Path]:
    """The files of the weights; () where they are still to be fetched."""
    return [file for file in weight_files(path) if file.exists()]


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
