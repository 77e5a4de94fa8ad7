"""What a checkpoint is, read from its small files: no torch, no weights.

A checkpoint is a folder that `from_pretrained` reads, a Hub id, a PEFT adapter folder, or a folder that holds one
checkpoint per training unit.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import HubSilent, ModelError, did_you_mean
from xtreme_harness.files.regular import kind_of
from xtreme_harness.hub import fetch_files, silence, unstored
from xtreme_harness.models.head_table import HEADS
from xtreme_harness.models.headers import require_shards
from xtreme_harness.models.held import adapter_labels, held_head, held_labels
from xtreme_harness.models.inventory import is_checkpoint, require_files, require_folder
from xtreme_harness.models.known_keys import ENCODER
from xtreme_harness.models.sentence import SentencePooling, sentence_pooling
from xtreme_harness.models.small_files import read_notes, read_small_files

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
_SMALL = ["*.json", "*.txt", "*.model", "*.jsonl", "*/config.json", "*.tiktoken", "*.codes"]
_TOKENIZERS = ("tokenizer.json", "vocab.*", "*.model", "*.tiktoken", "*.codes")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_PICKLED = "only pickled weights, which can run code; save them as safetensors"
_OWN = (("adapter", "adapter_model.safetensors"), ("encoder", "head.safetensors"))  # by what sets a checkpoint apart
_LONGEST = 255  # bytes of a file's name
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


def find_checkpoint(name: str, unit: str | None, revision: str | None = None, below: bool = False) -> Checkpoint:
    """Find the checkpoint that serves a training unit.

    Args:
        name: folder or Hub id, as the user wrote it.
        unit: "xnli", "squad" ...; None for the encoder as it is.
        revision: of a Hub id.
        below: is it the base of an adapter, and so none itself?

    Raises:
        ModelError: in one line, when there is none.
    """
    root = Path(name)
    if not os.path.isdir(root):  # noqa: PTH112 - False, no error, for a name that no file can have
        return _from_hub(name, revision, below)
    found = _place(root, name, unit)
    return read_checkpoint(found, str(root / found.relative_to(root)), below=below)


def _place(root: Path, name: str, unit: str | None) -> Path:
    """The folder of the checkpoint that serves a unit: one of its own below the folder given, or that itself."""
    require_folder(root, name)
    places = [root / unit, root / "heads" / unit] if unit else [root / "encoder"]
    found = next((p for p in [*places, root] if is_checkpoint(p)), None)
    if found is None:
        inside = sorted(p.name for p in root.iterdir() if is_checkpoint(p))
        wanted = f"neither config.json nor a checkpoint for '{unit or 'encoder'}'"
        known = f"; it has checkpoints for {', '.join(inside)}" if inside else ""
        raise ModelError(f"{name}: {wanted} in this folder{known}")
    return found


def require_weights(checkpoint: Checkpoint, path: Path) -> None:
    """Raise ModelError when a folder has no weights, only pickled ones, or not all shards of them."""
    own = [name for kind, name in _OWN if getattr(checkpoint, kind) is not None]
    if own and not (path / own[0]).exists():
        pickled = any(True for pattern in _PICKLES for _ in path.glob(pattern))
        raise ModelError(f"{checkpoint.name}: {_PICKLED if pickled else 'no weights'} (expected {own[0]})")
    if any(path.glob("*.safetensors")):
        require_shards(path)
        return
    pickled = any(True for pattern in _PICKLES for _ in path.glob(pattern)) or checkpoint.repo is not None
    raise ModelError(f"{checkpoint.name}: {_PICKLED if pickled else 'no weights'} (expected model.safetensors)")


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


def read_checkpoint(
    path: Path, name: str, repo: str | None = None, commit: str | None = None, below: bool = False
) -> Checkpoint:
    """Read the small files of a checkpoint folder.

    Args:
        path: folder.
        name: for messages.
        repo: Hub id, of one from the Hub.
        commit: there.
        below: is it the base of an adapter, and so none itself?

    Raises:
        ModelError: every fault of them.
    """
    require_files(path)
    files = read_small_files(path)
    adapter, notes = files.adapter, files.notes
    if adapter is not None and below:
        raise ModelError(f"{name}: is an adapter too; merge that first")
    base = base_of(adapter, path, name) if adapter is not None else None
    config = files.config
    if base is not None and not config:
        config = {**base.config, "architectures": None}
    if not config.get("model_type"):
        raise ModelError(f"{name}: config.json names no model_type, so transformers cannot load it")
    general = notes.get("head")
    head = str(general["class"]) if general else held_head(config, adapter)
    labels = tuple(general.get("labels") or ()) if general else held_labels(config, head, str(path / "config.json"))
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
        sentence=sentence_pooling(path, name, files.modules),
        repo=repo,
        commit=commit,
        lineage=tuple(notes.get("lineage") or ()),
        base=base,
        tasks=tuple(notes.get("tasks") or ()),
        encoder=encoder_beside(path, notes, name),
    )


def _from_hub(name: str, revision: str | None, below: bool) -> Checkpoint:
    if fault := _no_folder(name):
        raise ModelError(f"{name}: {fault}; give the folder of the checkpoint")
    if not _HUB_ID.match(name):
        beside = Path(name).parent
        readable = beside.is_dir() and os.access(beside, os.R_OK)
        near = did_you_mean(Path(name).name, [p.name for p in beside.iterdir()] if readable else [])
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
    return read_checkpoint(path, name, repo=name, commit=path.name, below=below)


def _no_folder(name: str) -> str:
    """What a name stands for that is no folder and can be no Hub id; "" where nothing of that name is there."""
    if any(len(os.fsencode(step)) > _LONGEST for step in Path(name).parts):
        return f"cannot be read ({os.strerror(errno.ENAMETOOLONG)})"
    try:
        kind = kind_of(Path(name).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "a link to nothing" if Path(name).is_symlink() else ""
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except ValueError:
        return "holds a NUL character"
    return f"is {kind or 'a file'}"


def base_of(adapter: Mapping[str, Any], path: Path, name: str) -> Checkpoint:
    """The checkpoint that an adapter was trained on: a folder, also relative to the adapter's, or a Hub id."""
    wanted = str(adapter.get("base_model_name_or_path") or "")
    if not wanted:
        raise ModelError(f"{name}: adapter_config.json names no base_model_name_or_path")
    near = path / wanted
    place = str(near) if os.path.isdir(near) else wanted  # noqa: PTH112 - any name may stand there
    if os.path.realpath(place) == os.path.realpath(path):
        raise ModelError(f"{name}: its base_model_name_or_path, {wanted}, is the adapter itself")
    try:
        return find_checkpoint(place, None, adapter.get("revision"), below=True)
    except ModelError as error:
        raise ModelError(*(f"{name}: the adapter's base_model_name_or_path: {one}" for one in error.faults)) from None


def encoder_beside(path: Path, notes: Mapping[str, Any], name: str) -> Checkpoint | None:
    """The checkpoint that holds the encoder of a head that was saved beside others (`heads/<task>`)."""
    if not notes.get("encoder"):
        return None
    place = path / ENCODER
    if not is_checkpoint(place):
        raise ModelError(f"{name}: xharness.json: encoder: no checkpoint at {place}; copy the whole folder")
    if read_notes(place).get("encoder"):
        raise ModelError(f"{name}: xharness.json: encoder: what lies at {place} is the head of another encoder")
    return read_checkpoint(place.resolve(), str(place))
