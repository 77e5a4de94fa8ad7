"""A checkpoint's files to a transformers tokenizer and network; whatever goes wrong is one line.

Nothing that a checkpoint carries is executed: weights are read from safetensors alone.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from xtreme_harness.errors import HubSilent, MissingDependency, ModelError
from xtreme_harness.hub import fetch_files, listening, silence, unstored
from xtreme_harness.models.adapters import adapter_misfit
from xtreme_harness.models.checkpoint import Checkpoint, require_weights, tokenizer_holder
from xtreme_harness.models.fit import no_trained_head
from xtreme_harness.models.foreign import foreign_code
from xtreme_harness.models.head_table import HEADS, encoder_class, head_of_adapter
from xtreme_harness.models.heads import load_head

__all__ = [
    "TOGETHER", "auto_class", "load_network", "load_tokenizer", "quietly", "require", "require_code",
    "with_weights",
]  # fmt: skip

_FILES = ["*.json", "*.jsonl", "*.txt", "*.model", "*.safetensors", "*.tiktoken", "*.codes"]
_FOLDER = "give the path of a checkpoint folder"
_FIELD = re.compile(r"Validation error for field '([^']+)': (?:\w+: )?(.*)")
_WHOLE = re.compile(r"Class validation error for validator '[^']+': (?:\w+: )?(.*)")
TOGETHER = "do they belong together?"
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_POOLER = re.compile(r"(^|\.)pooler\.")


@contextmanager
def quietly(checkpoint: Checkpoint) -> Iterator[None]:
    """Keep the libraries' chatter away, and turn what goes wrong into one line.

    Raises:
        MissingDependency: for a package that the checkpoint's family needs.
        HubSilent: when something must come from the Hub, which does not answer.
        ModelError: for everything else.
    """
    from transformers.utils import logging as chatter

    level, bars = chatter.get_verbosity(), chatter.is_progress_bar_enabled()
    chatter.set_verbosity_error()
    chatter.disable_progress_bar()
    try:
        with warnings.catch_warnings(), listening():
            warnings.simplefilter("ignore")
            yield
    except (ModelError, MissingDependency, HubSilent):
        raise
    except ImportError as error:
        raise MissingDependency(f"{checkpoint.name}: {_one_line(error)}") from error
    except Exception as error:
        if why := silence(error, _FOLDER):
            raise HubSilent(f"{checkpoint.name}: {why}") from error
        raise _unloadable(checkpoint, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the tokenizers' library: no Exception, but no end either
            raise
        raise _unloadable(checkpoint, error) from error
    finally:
        chatter.set_verbosity(level)
        if bars:
            chatter.enable_progress_bar()


def _unloadable(checkpoint: Checkpoint, error: BaseException) -> ModelError:
    """The line for what a library does not take; a field of the configuration is named where the library names it."""
    reason, config = _one_line(error), checkpoint.path / "config.json"
    if field := _FIELD.search(reason):
        what = field[2].removeprefix(f"Field '{field[1]}' ").partition(". Errors:")[0]
        return ModelError(f"{config}: {field[1]}: {what}; is the checkpoint complete?")
    if whole := _WHOLE.search(reason):
        return ModelError(f"{config}: {whole[1]}; is the checkpoint complete?")
    if "ignore_mismatched_sizes" in reason:  # it prints the report that it speaks of
        return ModelError(
            f"{checkpoint.name}: config.json describes tensors of other sizes than its weights have; {TOGETHER}"
        )
    return ModelError(
        f"{checkpoint.name}: cannot be loaded ({type(error).__name__}: {reason}); is the checkpoint complete?"
    )


def with_weights(checkpoint: Checkpoint, trust: bool = False) -> Path:
    """The folder with the weights in it; fetched from the Hub when it is a Hub id.

    Raises:
        HubSilent: when the Hub does not answer.
        ModelError: when the Hub does not give them, or there are none, or only pickled ones.
    """
    path = checkpoint.path
    if checkpoint.repo:
        wanted = [*_FILES, "*.py"] if trust else _FILES
        try:
            path = fetch_files(checkpoint.repo, checkpoint.commit, wanted)
        except Exception as error:
            if why := silence(error, _FOLDER, unread=True):
                raise HubSilent(f"{checkpoint.name}: {why}") from None
            if fault := unstored(error):
                raise ModelError(f"{checkpoint.name}: {fault}") from None
            raise ModelError(f"{checkpoint.name}: cannot fetch the weights from the Hub ({_one_line(error)})") from None
    require_weights(checkpoint, path)
    return path


def load_tokenizer(checkpoint: Checkpoint, path: Path, trust: bool = False) -> Any:
    """The transformers tokenizer; an adapter without one has its base's."""
    from transformers import AutoTokenizer

    holder = tokenizer_holder(checkpoint)
    if holder is not checkpoint:
        return load_tokenizer(holder, with_weights(holder), trust)
    if checkpoint.family == "xlm":
        require("sacremoses", "xlm")
    return AutoTokenizer.from_pretrained(path, trust_remote_code=trust)


def load_network(
    checkpoint: Checkpoint, path: Path, head: str | None, dtype: torch.dtype, trust: bool = False, pooler: bool = False
) -> Any:
    """The transformers network, or an encoder with a general head; every tensor of it comes from the checkpoint.

    Args:
        checkpoint: what to load.
        path: where its weights lie.
        head: a key of HEADS; None for the encoder.
        dtype: of the weights.
        trust: run code that the checkpoint carries.
        pooler: is the encoder's pooler needed?

    Raises:
        ModelError: when tensors are missing.
    """
    require_code(checkpoint, trust)
    if checkpoint.base is not None:
        return _adapted(checkpoint, checkpoint.base, path, head, dtype, pooler)
    if checkpoint.encoder is not None:
        if head is None:
            return load_network(checkpoint.encoder, checkpoint.encoder.path, None, dtype, trust, pooler)
        return _beside(checkpoint, checkpoint.encoder, path, head, dtype)
    if head is None or checkpoint.general is not None:
        encoder, missing = _loaded(auto_class(None, checkpoint.family), path, dtype, trust)
        _require_all(checkpoint, missing, pooler)
        return encoder if head is None else load_head(encoder, checkpoint.general or {}, path)
    network, missing = _loaded(auto_class(head, checkpoint.family), path, dtype, trust)
    if HEADS[head].pretrained and any(not name.startswith(f"{network.base_model_prefix}.") for name in missing):
        raise ModelError(f"{checkpoint.name}: {no_trained_head(checkpoint)}")
    _require_all(checkpoint, missing, True)
    return network


def _loaded(cls: Any, path: Path, dtype: torch.dtype, trust: bool = False, **flags: Any) -> tuple[Any, list[str]]:
    """A network, and the names of the tensors that its checkpoint lacks (transformers draws them by chance)."""
    network, info = cls.from_pretrained(
        path, dtype=dtype, use_safetensors=True, trust_remote_code=trust, output_loading_info=True, **flags
    )
    if not network.config.return_dict:  # answers are asked for by their names
        network.config.return_dict = True
    return network, sorted(info["missing_keys"])


def _require_all(checkpoint: Checkpoint, missing: Iterable[str], pooler: bool) -> None:
    lacking = [name for name in missing if pooler or not _POOLER.search(name)]
    if not lacking:
        return
    if all(_POOLER.search(name) for name in lacking):
        raise ModelError(f"{checkpoint.name}: has no trained pooler; use --pooling mean or cls")
    raise ModelError(
        f"{checkpoint.name}: {len(lacking)} of the network's tensors are not in its weights ({', '.join(lacking[:3])}"
        f"{' ...' if len(lacking) > 3 else ''}); is the checkpoint complete?"
    )


def _beside(checkpoint: Checkpoint, shared: Checkpoint, path: Path, head: str, dtype: torch.dtype) -> Any:
    """A shared encoder with the head of one task, which lies in a folder of its own."""
    import transformers
    from safetensors.torch import load_file

    if checkpoint.general is not None:
        encoder, missing = _loaded(auto_class(None, shared.family), shared.path, dtype)
        _require_all(shared, missing, pooler=False)
        return load_head(encoder, checkpoint.general, path)
    config = transformers.AutoConfig.from_pretrained(path, trust_remote_code=False)
    network, missing = _loaded(auto_class(head, shared.family), shared.path, dtype, config=config)
    weights = load_file(path / "head.safetensors")
    unknown = network.load_state_dict(weights, strict=False).unexpected_keys
    if unknown:
        raise ModelError(f"{checkpoint.name}: head.safetensors has tensors that the network lacks ({unknown[0]})")
    _require_all(checkpoint, [name for name in missing if name not in weights], pooler=False)
    return network


def _adapted(
    checkpoint: Checkpoint, base: Checkpoint, path: Path, head: str | None, dtype: torch.dtype, pooler: bool
) -> Any:
    """A base model with a PEFT adapter merged into it.

    It is built with the class that it was trained with, also where the encoder alone is wanted: the adapter's tensors
    are named by that class, and PEFT passes over those that it does not find.
    """
    peft = require("peft", "peft")
    task = str((checkpoint.adapter or {}).get("task_type"))
    named = head or head_of_adapter(task)
    flags: dict[str, Any] = {"num_labels": len(checkpoint.labels)} if checkpoint.labels and named else {}
    network, missing = _loaded(auto_class(named, checkpoint.family), with_weights(base), dtype, **flags)
    adapted = peft.PeftModel.from_pretrained(network, path)
    names = set(peft.utils.load_peft_weights(str(path), device="cpu"))
    unused = names - set(peft.get_peft_model_state_dict(adapted))
    if unused:
        raise adapter_misfit(checkpoint, base, sorted(unused), len(names))
    uncovered = [name for name in missing if not any(other.endswith(f".{name}") for other in names)]
    merged = adapted.merge_and_unload()
    if head is not None:
        _require_all(checkpoint, uncovered, True)
        return merged
    encoder = merged.base_model if named else merged
    own = {id(value) for value in encoder.parameters()}
    inside = [name for name in uncovered if id(merged.get_parameter(name)) in own]
    if pooler and not hasattr(encoder, "pooler"):
        inside.append("pooler.")
    _require_all(checkpoint, inside, pooler)
    return encoder


def auto_class(head: str | None, family: str) -> Any:
    """The Auto class that loads a head, or the encoder of a family without one."""
    import transformers

    return getattr(transformers, (HEADS[head].auto if head else None) or encoder_class(family))


def require_code(checkpoint: Checkpoint, trust: bool) -> None:
    """Refuse a checkpoint that cannot be run without code that it carries, or has fetched; say what runs it."""
    from transformers import CONFIG_MAPPING

    parts = [part for part in (checkpoint, checkpoint.base, checkpoint.encoder) if part is not None]
    faults = [line for part in parts for line in foreign_code(part.config, str(part.path / "config.json"))]
    if faults and not trust:
        raise ModelError(*dict.fromkeys(faults))
    if checkpoint.family in CONFIG_MAPPING or trust:
        return
    carries: Mapping[str, Any] = checkpoint.config.get("auto_map") or {}
    hint = "; it carries code of its own, which --trust-remote-code runs (with a pinned --revision)" if carries else ""
    raise ModelError(f"{checkpoint.name}: transformers has no model type '{checkpoint.family}'{hint}")


def require(module: str, extra: str) -> Any:
    """Import a package that an extra of this one installs; MissingDependency with the install line otherwise."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingDependency(
            f"{module} is needed for this checkpoint: pip install 'xtreme-harness[{extra}]'"
        ) from None


def _one_line(error: BaseException) -> str:
    return _CLASS.sub(r"\1", " ".join(str(error).split()))[:200]
