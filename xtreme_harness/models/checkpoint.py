"""What a checkpoint is, read from its small files: no torch, no weights.

A checkpoint is a folder that `from_pretrained` reads, a Hub id, a PEFT adapter folder, or a folder that holds one
checkpoint per training unit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import ModelError, UnnamedLabels, did_you_mean
from xtreme_harness.models.sentence import SentencePooling, read_object, sentence_pooling

__all__ = [
    "Checkpoint",
    "SentencePooling",
    "content_hash",
    "find_checkpoint",
    "head_fault",
    "label_order",
    "read_checkpoint",
    "require_weights",
    "tokenizer_holder",
]

SELF_TESTS = ("oracle", "majority", "random")  # models without weights
HEADS = {  # transformers Auto class -> endings of the architectures that are this head
    "AutoModelForSequenceClassification": ("ForSequenceClassification",),
    "AutoModelForTokenClassification": ("ForTokenClassification",),
    "AutoModelForQuestionAnswering": ("ForQuestionAnswering", "ForQuestionAnsweringSimple"),
    "AutoModelForMultipleChoice": ("ForMultipleChoice",),
}
LABELLED = ("AutoModelForSequenceClassification", "AutoModelForTokenClassification")
ENCODER_DECODERS = ("t5", "mt5", "umt5")  # their own heads run the decoder; a general head on the encoder is used
PEFT_HEADS = {
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
}
ADAPTER_HEADS = ("classifier.weight", "classifier.out_proj.weight", "score.weight")  # last layers, by family
NOT_WEIGHTS = ("heads", "stages", "training", "train.jsonl")  # beside a network that was trained here, no part of it
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
    head: str | None  # the Auto class whose head it holds
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
    base = _base(adapter, path, name) if adapter is not None else None
    if base is not None and not config:
        config = {**base.config, "architectures": None}
    notes = read_object(path / "xharness.json") if (path / "xharness.json").exists() else {}
    if not config.get("model_type"):
        raise ModelError(f"{name}: config.json names no model_type, so transformers cannot load it")
    general = _general(notes.get("head"), name)
    head = str(general["class"]) if general else _head(config, adapter)
    labels = tuple(general.get("labels", ())) if general else _labels(config, head)
    if adapter is not None and head in LABELLED:
        labels = _adapter_labels(path, labels)
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
        encoder=_encoder(path, notes, name),
    )


def head_fault(
    checkpoint: Checkpoint, head: str | None, labels: Sequence[str], keep_head: bool = False, unit: str | None = None
) -> str | None:
    """Say why the checkpoint has no head that fits; None when it has one, or none is needed.

    Args:
        checkpoint: whose head.
        head: the Auto class that is wanted; None: the encoder alone.
        labels: of the task.
        keep_head: take a head that was trained on another task.
        unit: the training unit that is asked for.
    """
    if head is None:
        return None
    if unit and checkpoint.tasks and unit not in checkpoint.tasks and checkpoint.head == head and not keep_head:
        trained = ", ".join(checkpoint.tasks)
        return f"{checkpoint.name}: its head was trained on {trained}, not on {unit} (--keep-head uses it)"
    if checkpoint.stage == "intermediate" and not keep_head:
        return f"{checkpoint.name}: an intermediate checkpoint; its head is not for this task (--keep-head uses it)"
    if checkpoint.head != head:
        found = ", ".join(checkpoint.config.get("architectures") or ["none"])
        hint = (
            "; its own head runs the decoder"
            if checkpoint.family in ENCODER_DECODERS and not checkpoint.general
            else ""
        )
        return f"{checkpoint.name}: no head for {head} (architectures: {found}{hint})"
    return None


def label_order(
    checkpoint: Checkpoint, labels: Sequence[str], aliases: Mapping[str, str], unit: str, given: Sequence[str] = ()
) -> tuple[int, ...]:
    """For each label of the card the class id under which the checkpoint has it, mapped by name.

    Args:
        checkpoint: with `labels` by class id.
        labels: the card's.
        aliases: other spelling -> the card's label.
        unit: the training unit, for the message.
        given: labels by class id, as `--label-order` gives them; instead of the checkpoint's.

    Raises:
        ModelError: that lists both sets.
    """
    theirs = tuple(given) or checkpoint.labels
    if given and checkpoint.labels and len(given) != len(checkpoint.labels):
        raise ModelError(
            f"--label-order {unit}={','.join(given)}: {len(given)} names, but {checkpoint.name} has "
            f"{len(checkpoint.labels)} classes ({', '.join(checkpoint.labels)})"
        )
    spelled = {_plain(alias): label for alias, label in aliases.items()} | {_plain(label): label for label in labels}
    ids: dict[str, int] = {}
    for index, label in enumerate(theirs):
        ids.setdefault(spelled.get(_plain(label), label), index)
    if all(label in ids for label in labels):
        return tuple(ids[label] for label in labels)
    both = f"the checkpoint has {', '.join(theirs) or 'none'}; {unit} has {', '.join(labels)}"
    if all(re.fullmatch(r"LABEL_\d+", label) for label in theirs) and len(theirs) == len(labels):
        hint = f"--label-order {unit}={','.join(labels)} (in the order of the class ids)"
        raise UnnamedLabels(f"{checkpoint.name}: its labels have no names ({both}); name them: {hint}")
    raise ModelError(f"{checkpoint.name}: its labels do not map onto {unit}'s by name: {both}")


def content_hash(path: Path, weights: bool = True) -> str:
    """SHA-256 (hex) over the names and contents of a checkpoint's files, and of the base of an adapter.

    Args:
        path: folder.
        weights: with or without them.
    """
    total = hashlib.sha256()
    if (path / "adapter_config.json").exists():
        base = _base(read_object(path / "adapter_config.json"), path, str(path))
        total.update(f"base\0{base.commit or content_hash(base.path, weights)}\n".encode())
    notes = read_object(path / "xharness.json") if (path / "xharness.json").exists() else {}
    if (shared := _encoder(path, notes, str(path))) is not None:
        total.update(f"encoder\0{content_hash(shared.path, weights)}\n".encode())
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        relative = file.relative_to(path)
        if relative.parts[0].startswith(".") or relative.parts[0] in NOT_WEIGHTS:
            continue
        if file.suffix not in (".safetensors", ".json", ".txt", ".model", ".jsonl", ".tiktoken"):
            continue
        if file.suffix == ".safetensors" and not weights:
            continue
        with file.open("rb") as stream:
            total.update(f"{relative.as_posix()}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


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
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        path = Path(snapshot_download(name, revision=revision, allow_patterns=_SMALL))
    except Exception as error:
        reason = " ".join(str(error).split()).partition(" Please")[0]
        reason = reason if len(reason) < 120 else f"{reason[:120].rpartition(' ')[0]} ..."
        raise ModelError(
            f"{name}: no such folder{did_you_mean(name, SELF_TESTS)}, and the Hub does not give a model of that name "
            f"({type(error).__name__}: {reason}); without network, give the path of a checkpoint folder"
        ) from None
    return read_checkpoint(path, name, repo=name, commit=path.name)


def _base(adapter: Mapping[str, Any], path: Path, name: str) -> Checkpoint:
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


def _adapter_labels(path: Path, named: tuple[str, ...]) -> tuple[str, ...]:
    """Labels of an adapter with a head: its base's names count only where there are as many of them."""
    from safetensors import SafetensorError, safe_open

    for file in path.glob("adapter_model*.safetensors"):
        try:
            with safe_open(file, framework="np") as weights:
                heads = [k for k in weights.keys() if k.endswith(ADAPTER_HEADS)]  # noqa: SIM118 - no mapping
                size = weights.get_slice(heads[0]).get_shape()[0] if heads else len(named)
        except SafetensorError as error:
            raise ModelError(f"{file}: cannot be read ({error}); is the checkpoint complete?") from None
        return named if size == len(named) else tuple(f"LABEL_{i}" for i in range(size))
    return named


def _encoder(path: Path, notes: Mapping[str, Any], name: str) -> Checkpoint | None:
    """The checkpoint that holds the encoder of a head that was saved beside others (`heads/<task>`)."""
    if not notes.get("encoder"):
        return None
    place = path / str(notes["encoder"])
    if not _is_checkpoint(place):
        raise ModelError(f"{name}: xharness.json: encoder: no checkpoint at {place}; copy the whole folder")
    return read_checkpoint(place.resolve(), str(place))


def _general(head: Any, name: str) -> Mapping[str, Any] | None:
    """The description of a general head, checked."""
    if head is None:
        return None
    if not isinstance(head, dict) or head.get("class") not in HEADS:
        raise ModelError(
            f"{name}: xharness.json: head: found {head!r}, expected an object with one of {', '.join(HEADS)}"
        )
    return head


def _head(config: Mapping[str, Any], adapter: Mapping[str, Any] | None) -> str | None:
    if adapter is not None:
        return PEFT_HEADS.get(str(adapter.get("task_type")))
    if config.get("model_type") in ENCODER_DECODERS:
        return None
    for architecture in config.get("architectures") or ():
        if architecture in ("XLMForQuestionAnswering", "XLNetForQuestionAnswering"):
            return None  # a beam decoder with other outputs, not a start and an end
        for head, endings in HEADS.items():
            if architecture.endswith(endings):
                return head
    return None


def _labels(config: Mapping[str, Any], head: str | None) -> tuple[str, ...]:
    if head not in LABELLED:
        return ()
    names = config.get("id2label")
    if not names:
        return tuple(f"LABEL_{i}" for i in range(int(config.get("num_labels") or 2)))
    return tuple(str(names[key]) for key in sorted(names, key=int))


def _plain(label: str) -> str:
    return label.strip().lower()
