"""What a checkpoint is, read from its small files: no torch, no weights.

A checkpoint is a folder that `from_pretrained` reads, a Hub id, a PEFT adapter folder, or a folder that holds one
checkpoint per training unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import HubSilent, ModelError, did_you_mean
from xtreme_harness.hub import fetch_files, silence, unstored
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.held import adapter_labels, general_head, held_head, held_labels
from xtreme_harness.models.sentence import SentencePooling, read_object, sentence_pooling

__all__ = [
    "SELF_TESTS",
    "Checkpoint",
    "SentencePooling",
    "base_of",
    "encoder_beside",
    "find_checkpoint",
    "read_checkpoint",
    "require_weights",
    "tokenizer_holder",
]

SELF_TESTS = ("oracle", "majority", "random")  # models without weights
_SMALL = ["*.json", "*.txt", "*.model", "*.jsonl", "*/config.json", "*.tiktoken"]
_TOKENIZERS = ("tokenizer.json", "vocab.*", "*.model", "*.tiktoken", "*.codes")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_HUB_ID = re.compile(r"^[\w][\w.-]*(/[\w.-]+)?$")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The facts of a checkpoint that do not need its weights."""

    name: str  # as the user wrote it, with the unit's folder where there is one
    path: Path
    config: Mapping[str, Any]
    head: str | None  # the head that it holds, a key of HEADS
    general: Mapping[str, Any] | None  # the general head beside the encoder: {"class", "labels", "pool"}
    labels: tuple[str, ...]  # by class id; () when it has no label head
    stage: str  # "base" | "intermediate" | "target"
    adapter: Mapping[str, Any] | None  # PEFT's adapter_config.json
    sentence: SentencePooling | None
    repo: str | None = None  # Hub id
    commit: str | None = None
    lineage: tuple[Mapping[str, Any], ...] = ()
    base: Checkpoint | None = None  # what an adapter is an addition to
    tasks: tuple[str, ...] = ()  # what it was last trained on, by xharness; () = not told
    encoder: Checkpoint | None = None  # where the encoder lies, when the folder holds a head alone

    @property
    def family(self) -> str:
        """The model type that transformers knows it by: "xlm-roberta"."""
        return str(self.config.get("model_type", ""))

    @property
    def layers(self) -> int:
        """Number of transformer blocks of the encoder."""
        for key in ("num_hidden_layers", "n_layers", "num_layers", "n_layer"):
            if self.config.get(key):
                return int(self.config[key])
        raise ModelError(f"{self.name}: config.json does not say how many layers there are")


def find_checkpoint(name: str, unit: str | None, revision: str | None = None) -> Checkpoint:
    """Find the checkpoint that serves a training unit.

    Args:
        name: folder or Hub id, as the user wrote it.
        unit: "xnli", "squad" ...; None for the encoder as it is.
        revision: of a Hub id.

    Raises:
        ModelError: in one line, when there is none.
    """
    root = Path(name)
    if not root.is_dir():
        return _from_hub(name, revision)
    places = [root / unit, root / "heads" / unit] if unit else [root / "encoder"]
    found = next((p for p in [*places, root] if _is_checkpoint(p)), None)
    if found is None:
        inside = sorted(p.name for p in root.iterdir() if _is_checkpoint(p))
        wanted = f"neither config.json nor a checkpoint for '{unit or 'encoder'}'"
        known = f"; it has checkpoints for {', '.join(inside)}" if inside else ""
        raise ModelError(f"{name}: {wanted} in this folder{known}")
    return read_checkpoint(found, str(root / found.relative_to(root)))


def require_weights(checkpoint: Checkpoint, path: Path) -> None:
    """Raise ModelError when a folder has no weights, or only pickled ones."""
    if any(path.glob("*.safetensors")):
        return
    pickled = any(True for pattern in _PICKLES for _ in path.glob(pattern)) or checkpoint.repo is not None
    why = "only pickled weights, which can run code; save them as safetensors" if pickled else "no weights"
    raise ModelError(f"{checkpoint.name}: {why} (expected model.safetensors)")


def tokenizer_holder(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint that holds the tokenizer's files: itself, or the base of an adapter.

    Raises:
        ModelError: when neither has any.
    """
    if any(True for pattern in _TOKENIZERS for _ in checkpoint.path.glob(pattern)):
        return checkpoint
    below = checkpoint.base or checkpoint.encoder
    if below is not None:
        return tokenizer_holder(below)
    raise ModelError(
        f"{checkpoint.name}: no tokenizer files in this checkpoint (expected tokenizer.json); "
        "save the tokenizer beside the weights"
    )


def read_checkpoint(path: Path, name: str, repo: str | None = None, commit: str | None = None) -> Checkpoint:
    """Read the small files of a checkpoint folder."""
    adapter = read_object(path / "adapter_config.json") if (path / "adapter_config.json").exists() else None
    config = read_object(path / "config.json") if (path / "config.json").exists() else {}
    base = base_of(adapter, path, name) if adapter is not None else None
    if base is not None and not config:
        config = {**base.config, "architectures": None}
    notes = read_object(path / "xharness.json") if (path / "xharness.json").exists() else {}
    if not config.get("model_type"):
        raise ModelError(f"{name}: config.json names no model_type, so transformers cannot load it")
    general = general_head(notes.get("head"), name)
    head = str(general["class"]) if general else held_head(config, adapter)
    labels = tuple(general.get("labels", ())) if general else held_labels(config, head)
    if adapter is not None and head is not None and HEADS[head].labelled:
        labels = adapter_labels(path, labels)
    return Checkpoint(
        name=name,
        path=path,
        config=config,
        head=head,
        general=general,
        labels=labels,
        stage=str(notes.get("stage") or ("target" if head else "base")),
        adapter=adapter,
        sentence=sentence_pooling(path, name),
        repo=repo,
        commit=commit,
        lineage=tuple(notes.get("lineage", ())),
        base=base,
        tasks=tuple(notes.get("tasks", ())),
        encoder=encoder_beside(path, notes, name),
    )


def _is_checkpoint(path: Path) -> bool:
    return (path / "config.json").exists() or (path / "adapter_config.json").exists()


def _from_hub(name: str, revision: str | None) -> Checkpoint:
    if Path(name).is_file():
        raise ModelError(f"{name}: is a file; give the folder of the checkpoint")
    if not _HUB_ID.match(name):
        near = did_you_mean(
            Path(name).name, [p.name for p in Path(name).parent.iterdir()] if Path(name).parent.is_dir() else []
        )
        raise ModelError(
            f"{name}: no such folder{near}; give a checkpoint folder, a Hub id, or oracle, majority, random"
        )
    try:
        path = fetch_files(name, revision, _SMALL)
    except Exception as error:
        if why := silence(error, "give the path of a checkpoint folder", unread=True):
            raise HubSilent(f"{name}: no such folder{did_you_mean(name, SELF_TESTS)}, and {why}") from None
        if fault := unstored(error):
            raise ModelError(f"{name}: {fault}") from None
        reason = " ".join(str(error).split()).partition(" Please")[0]
        reason = reason if len(reason) < 120 else f"{reason[:120].rpartition(' ')[0]} ..."
        raise ModelError(
            f"{name}: no such folder{did_you_mean(name, SELF_TESTS)}, and the Hub does not give a model of that name "
            f"({type(error).__name__}: {reason}); without network, give the path of a checkpoint folder"
        ) from None
    return read_checkpoint(path, name, repo=name, commit=path.name)


def base_of(adapter: Mapping[str, Any], path: Path, name: str) -> Checkpoint:
    """The checkpoint that an adapter was trained on: a folder, also relative to the adapter's, or a Hub id."""
    wanted = str(adapter.get("base_model_name_or_path") or "")
    if not wanted:
        raise ModelError(f"{name}: adapter_config.json names no base_model_name_or_path")
    near = path / wanted
    try:
        found = find_checkpoint(str(near) if near.is_dir() else wanted, None, adapter.get("revision"))
    except ModelError as error:
        raise ModelError(f"{name}: the adapter's base_model_name_or_path: {error}") from None
    if found.adapter is not None:
        raise ModelError(f"{name}: its base {wanted} is an adapter too; merge that first")
    return found


def encoder_beside(path: Path, notes: Mapping[str, Any], name: str) -> Checkpoint | None:
    """The checkpoint that holds the encoder of a head that was saved beside others (`heads/<task>`)."""
    if not notes.get("encoder"):
        return None
    place = path / str(notes["encoder"])
    if not _is_checkpoint(place):
        raise ModelError(f"{name}: xharness.json: encoder: no checkpoint at {place}; copy the whole folder")
    return read_checkpoint(place.resolve(), str(place))
