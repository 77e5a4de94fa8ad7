"""A checkpoint and a head to a Model that turns features into arrays."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xtreme_harness.errors import MissingDependency, ModelError
from xtreme_harness.models.batching import pad, token_batches
from xtreme_harness.models.checkpoint import ENCODER_DECODERS, Checkpoint
from xtreme_harness.models.heads import load_head
from xtreme_harness.models.pooling import Pooling, pool
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.records import Arrays, Encoded, Features

__all__ = ["Model", "choose_device", "choose_dtype", "load_model", "position_limit"]

Floats = NDArray[np.float32]
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_TOKEN_BUDGET = {"cpu": 4096, "cuda": 65536}  # padded tokens a batch
_POOL_CHUNK = 16384  # passages encoded before the next are tokenised
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "xmod")  # count from padding_idx + 1
_NO_LIMIT = 1 << 20


@dataclass(slots=True)
class Model:
    """A loaded checkpoint with one head, ready to predict."""

    tokenizer: Tokenizer
    network: Any
    device: torch.device
    order: tuple[int, ...] = ()  # class id of each of the card's labels; () = as they come
    pooling: Pooling | None = None  # None: the head's logits
    by_choice: bool = False  # a transformers multiple-choice head: (n, choices, length) in, one choice a row here
    budget: int = 4096  # padded tokens a batch
    rows: int | None = None  # sequences a batch, at most
    report: Callable[[int], None] = lambda sequences: None  # called with the number of sequences done
    _pools: dict[str, Floats] = field(default_factory=dict)

    def forward(self, features: Features) -> Arrays:
        """Run the network over all sequences of a split.

        Returns:
            logits in the card's label order, or vectors of length 1; the pool's vectors where there is a pool.
        """
        with torch.inference_mode():
            parts = self._compute(features.inputs)
            vectors = self._pool(features) if self.pooling is not None else None
        if parts and parts[0].ndim == 2:
            offsets = np.cumsum([0, *(len(part) for part in parts)])
            return Arrays(np.concatenate(parts), offsets, vectors, device=str(self.device))
        values = np.stack(parts) if parts else np.zeros((0, 1), np.float32)
        return Arrays(values, np.zeros(1, np.int64) if not parts else None, vectors, device=str(self.device))

    def _compute(self, inputs: Sequence[Encoded]) -> list[Floats]:
        """Answer every sequence, in batches of similar length; what does not fit in memory comes again in halves."""
        found: list[Any] = [None] * len(inputs)
        lengths = np.array([len(e.ids) for e in inputs], dtype=np.int64)
        waiting = token_batches(lengths.tolist(), self.budget, self.rows)[::-1]
        while waiting:
            batch = waiting.pop()
            try:
                answers = self._batch([inputs[i] for i in batch])
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not _out_of_memory(error) or len(batch) == 1:
                    raise
                self.budget = max(1, int(lengths[batch].max()) * len(batch) // 2)
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
                left = np.concatenate([batch, *waiting[::-1]])
                smaller = token_batches(lengths[left].tolist(), self.budget, self.rows)
                waiting = [left[part] for part in smaller][::-1]
                continue
            for i, answer in zip(batch, answers, strict=True):
                found[i] = answer
            self.report(len(batch))
        return found

    def _batch(self, rows: Sequence[Encoded]) -> list[Floats]:
        """Answers of one batch: (c,) a sequence for sequence heads and vectors, (kept positions, c) for token heads."""
        inputs = self._tensors(rows)
        if self.pooling is not None:
            return list(self._vectors(inputs).cpu().numpy())
        if self.by_choice:
            inputs = {name: value.unsqueeze(1) for name, value in inputs.items()}
        out = self.network(**inputs)
        if hasattr(out, "start_logits"):
            return _kept(torch.stack([out.start_logits, out.end_logits], dim=-1), rows)
        logits = out.logits[..., list(self.order)] if self.order else out.logits
        if logits.ndim == 3:
            return _kept(logits, rows)
        return list(logits.float().cpu().numpy())

    def _tensors(self, rows: Sequence[Encoded]) -> dict[str, torch.Tensor]:
        fill = self.tokenizer.raw.pad_token_id or 0
        lengths = np.array([len(row.ids) for row in rows])
        ids = pad([row.ids for row in rows], fill)
        found = {"input_ids": ids, "attention_mask": (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)}
        if rows[0].types is not None and self.takes("token_type_ids"):
            found["token_type_ids"] = pad([row.types or () for row in rows], 0)
        return {name: torch.from_numpy(value).to(self.device, non_blocking=True) for name, value in found.items()}

    def takes(self, name: str) -> bool:
        """Does the network have an input of this name, with a meaning?"""
        network = getattr(self.network, "encoder", self.network) if hasattr(self.network, "pool") else self.network
        if name == "token_type_ids" and int(getattr(self.network.config, "type_vocab_size", 0) or 0) < 2:
            return False
        return name in inspect.signature(network.forward).parameters

    def _vectors(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        if self.pooling is None:
            raise ModelError("vectors are asked of a model that was loaded with a head")
        if self.pooling.mode == "pooler":
            pooled = self.network(**inputs).pooler_output.float()
            return torch.nn.functional.normalize(pooled, dim=-1)
        states = self.network(**inputs, output_hidden_states=True).hidden_states
        return pool(states[self.pooling.layer], inputs["attention_mask"], self.pooling.mode)

    def _pool(self, features: Features) -> Floats:
        key = features.pool_key
        if key and key in self._pools:
            return self._pools[key]
        vectors = _gathered(self._pool_parts(features.pool))
        if key:
            self._pools.clear()  # one pool at a time: it can be the largest thing in memory
            self._pools[key] = vectors
        return vectors

    def _pool_parts(self, sequences: Iterable[Encoded]) -> Iterator[Floats]:
        stream = iter(sequences)
        while chunk := list(islice(stream, _POOL_CHUNK)):
            yield np.stack(self._compute(chunk))


def load_model(
    checkpoint: Checkpoint,
    head: str | None,
    order: Sequence[int] = (),
    pooling: Pooling | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
    trust_remote_code: bool = False,
) -> Model:
    """Load tokenizer and weights.

    Args:
        checkpoint: what to load.
        head: a transformers Auto class; None for the encoder.
        order: class id of each of the card's labels.
        pooling: how sentence vectors are read, where head is None.
        device: "auto", "cpu", "cuda" or "cuda:N".
        dtype: "auto" or a key of DTYPES.
        batch_size: sequences a batch, at most; None leaves it to the token budget.
        trust_remote_code: run code that the checkpoint carries (its revision must be pinned).

    Raises:
        ModelError: in one line, for whatever cannot be loaded.
    """
    place = choose_device(device)
    kind = DTYPES[choose_dtype(dtype, place)]
    if trust_remote_code and checkpoint.repo and checkpoint.commit is None:
        raise ModelError(f"{checkpoint.name}: --trust-remote-code needs a pinned --revision")
    path = _with_weights(checkpoint)
    with _quietly(checkpoint):
        raw = _tokenizer(checkpoint, path, trust_remote_code)
        network = _network(checkpoint, path, head, kind, trust_remote_code)
    _settle_padding(raw, network)
    tokenizer = Tokenizer(raw, position_limit(network.config, raw))
    if pooling is not None and pooling.mode == "pooler" and not _trained_pooler(network, path):
        raise ModelError(f"{checkpoint.name}: has no trained pooler; use --pooling mean or cls")
    budget = _TOKEN_BUDGET[place.type]
    by_choice = head == "AutoModelForMultipleChoice" and checkpoint.general is None
    return Model(tokenizer, network.to(place).eval(), place, tuple(order), pooling, by_choice, budget, batch_size)


def choose_device(wanted: str) -> torch.device:
    """The device that is meant; "auto" is the first CUDA device, else the processor."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise ModelError(f"--device {wanted}: torch finds no CUDA device here; use --device cpu")
    try:
        return torch.device(wanted)
    except RuntimeError:
        raise ModelError(f"--device {wanted}: expected auto, cpu, cuda or cuda:N") from None


def choose_dtype(wanted: str, device: torch.device) -> str:
    """The dtype that is meant; "auto" is bfloat16 where the hardware multiplies it natively, else float32."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability(device)[0] >= 8 else "float32"
    native = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if native else "float32"


def position_limit(config: Any, raw: Any) -> int:
    """The most tokens of a sequence, special ones included, that positions and tokenizer allow."""
    limits = [int(raw.model_max_length)] if raw.model_max_length and raw.model_max_length < _NO_LIMIT else []
    positions = getattr(config, "max_position_embeddings", None)
    if positions and int(positions) > 0:
        family = getattr(config, "model_type", "")
        padding = getattr(config, "pad_token_id", None)
        limits.append(int(positions) - (int(padding or 0) + 1 if family in _OFFSET_POSITIONS else 0))
    return min(limits, default=_NO_LIMIT)


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _kept(values: torch.Tensor, rows: Sequence[Encoded]) -> list[Floats]:
    """Cut padding and unwanted positions away: (n, length, c) to n arrays (kept, c), with one copy to the host."""
    length = values.shape[1]
    wanted = [row.keep if row.keep is not None else range(len(row.ids)) for row in rows]
    flat = np.concatenate([np.asarray(keep, dtype=np.int64) + i * length for i, keep in enumerate(wanted)])
    at = torch.from_numpy(flat).to(values.device)
    table = values.reshape(-1, values.shape[-1]).index_select(0, at).float().cpu().numpy()
    return np.split(table, np.cumsum([len(keep) for keep in wanted])[:-1])


def _gathered(parts: Iterable[Floats]) -> Floats:
    """One array of all parts; each part is freed once copied, so that the peak stays near the size of the result."""
    waiting = list(parts)
    if not waiting:
        return np.zeros((0, 1), np.float32)
    whole = np.empty((sum(len(part) for part in waiting), waiting[0].shape[1]), np.float32)
    at = 0
    for i in range(len(waiting)):
        part, waiting[i] = waiting[i], whole[:0]
        whole[at : at + len(part)] = part
        at += len(part)
    return whole


def _with_weights(checkpoint: Checkpoint) -> Path:
    """The folder with the weights in it; fetched from the Hub when it is a Hub id."""
    path = checkpoint.path
    if checkpoint.repo:
        from huggingface_hub import snapshot_download

        small = ["*.json", "*.txt", "*.model", "*.safetensors", "*.py", "*.tiktoken"]
        try:
            path = Path(snapshot_download(checkpoint.repo, revision=checkpoint.commit, allow_patterns=small))
        except Exception as error:
            reason = " ".join(str(error).split())[:160]
            raise ModelError(f"{checkpoint.name}: cannot fetch the weights from the Hub ({reason})") from None
    if not any(path.glob("*.safetensors")):
        pickled = any(path.glob("*.bin")) or any(path.glob("*.pt"))
        why = "only pickled weights, which can run code; save them as safetensors" if pickled else "no weights"
        raise ModelError(f"{checkpoint.name}: {why} (expected model.safetensors)")
    return path


@contextmanager
def _quietly(checkpoint: Checkpoint) -> Iterator[None]:
    """Keep the libraries' chatter away, and turn what goes wrong into one line."""
    from transformers.utils import logging as chatter

    level = chatter.get_verbosity()
    bars = chatter.is_progress_bar_enabled()
    chatter.set_verbosity_error()
    chatter.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ModelError, MissingDependency):
        raise
    except ImportError as error:
        raise MissingDependency(f"{checkpoint.name}: {' '.join(str(error).split())[:200]}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:240]
        raise ModelError(f"{checkpoint.name}: cannot be loaded ({type(error).__name__}: {reason})") from error
    finally:
        chatter.set_verbosity(level)
        if bars:
            chatter.enable_progress_bar()


def _tokenizer(checkpoint: Checkpoint, path: Path, trust: bool) -> Any:
    from transformers import AutoTokenizer

    names = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model")
    if not any((path / name).exists() for name in names):
        raise ModelError(f"{checkpoint.name}: no tokenizer files in this checkpoint (expected tokenizer.json); save the tokenizer beside the weights")
    if checkpoint.family == "xlm":
        _require("sacremoses", "xlm")
    return AutoTokenizer.from_pretrained(path, trust_remote_code=trust)


def _network(checkpoint: Checkpoint, path: Path, head: str | None, dtype: torch.dtype, trust: bool) -> Any:
    import transformers

    flags = {"dtype": dtype, "use_safetensors": True, "trust_remote_code": trust}
    if checkpoint.adapter is not None:
        return _adapted(checkpoint, path, head, dtype)
    if head is None or checkpoint.general is not None:
        encoder = _encoder_class(checkpoint.family).from_pretrained(path, **flags)
        return encoder if head is None else load_head(encoder, checkpoint.general or {}, path)
    return getattr(transformers, head).from_pretrained(path, **flags)


def _encoder_class(family: str) -> Any:
    import transformers

    return transformers.AutoModelForTextEncoding if family in ENCODER_DECODERS else transformers.AutoModel


def _adapted(checkpoint: Checkpoint, path: Path, head: str | None, dtype: torch.dtype) -> Any:
    """A base model with a PEFT adapter merged into it."""
    import transformers

    peft = _require("peft", "peft")
    name = str((checkpoint.adapter or {})["base_model_name_or_path"])
    base = str(path / name) if (path / name).is_dir() else name
    flags: dict[str, Any] = {"dtype": dtype, "use_safetensors": True}
    if checkpoint.labels and head is not None:
        flags["num_labels"] = len(checkpoint.labels)
    cls = _encoder_class(checkpoint.family) if head is None else getattr(transformers, head)
    return peft.PeftModel.from_pretrained(cls.from_pretrained(base, **flags), path).merge_and_unload()


def _require(module: str, extra: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingDependency(f"{module} is needed for this checkpoint: pip install 'xtreme-harness[{extra}]'") from None


def _settle_padding(raw: Any, network: Any) -> None:
    """Give tokenizer and network the same padding id, where the tokenizer came without one (decoders)."""
    if raw.pad_token_id is None:
        raw.pad_token = raw.eos_token or raw.unk_token or raw.convert_ids_to_tokens(0)
    if getattr(network.config, "pad_token_id", None) is None:
        network.config.pad_token_id = raw.pad_token_id


def _trained_pooler(network: Any, path: Path) -> bool:
    from safetensors import safe_open

    if getattr(network, "pooler", None) is None:
        return False
    for file in path.glob("*.safetensors"):
        with safe_open(file, framework="pt") as weights:
            if any("pooler." in name for name in weights.keys()):  # noqa: SIM118 - safe_open is no mapping
                return True
    return False


