"""Does a checkpoint have the head that a task needs, and which of its classes are the task's labels?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from xtreme_harness.errors import ModelError, UnnamedLabels
from xtreme_harness.models.checkpoint import Checkpoint
from xtreme_harness.models.head_table import ENCODER_DECODERS, HEADS

__all__ = ["head_fault", "label_order", "no_trained_head", "pretrained_fault"]


def head_fault(
    checkpoint: Checkpoint, head: str | None, labels: Sequence[str], keep_head: bool = False, unit: str | None = None
) -> str | None:
    """Say why the checkpoint has no head that fits; None when it has one, or none is needed.

    Args:
        checkpoint: whose head.
        head: that is wanted; None: the encoder alone.
        labels: of the task.
        keep_head: take a head that was trained on another task.
        unit: the training unit that is asked for.
    """
    if head is None:
        return None
    wanted, own = HEADS[head], HEADS.get(checkpoint.head or "")
    if wanted.pretrained:
        why = pretrained_fault(checkpoint, head)
        return f"{checkpoint.name}: {why}" if why else None
    alike = own is not None and own.auto == wanted.auto
    if unit and checkpoint.tasks and unit not in checkpoint.tasks and alike and not keep_head:
        trained = ", ".join(checkpoint.tasks)
        return f"{checkpoint.name}: its head was trained on {trained}, not on {unit} (--keep-head uses it)"
    if checkpoint.stage == "intermediate" and not keep_head:
        return f"{checkpoint.name}: an intermediate checkpoint; its head is not for this task (--keep-head uses it)"
    if own is None or not alike:
        found = ", ".join(checkpoint.config.get("architectures") or ["none"])
        hint = (
            "; its own head runs the decoder"
            if checkpoint.family in ENCODER_DECODERS and not checkpoint.general
            else ""
        )
        return f"{checkpoint.name}: no head for {head} (architectures: {found}{hint})"
    if own.labelled and not wanted.labelled and len(checkpoint.labels) != wanted.outputs:
        return f"{checkpoint.name}: its head has {len(checkpoint.labels)} outputs, and {head} has {wanted.outputs}"
    return None


def pretrained_fault(checkpoint: Checkpoint, head: str) -> str | None:
    """Say why a checkpoint brings no head that only pretraining makes; None where its small files say that it does.

    What only its weights can tell is found when they are loaded.

    Args:
        checkpoint: whose head.
        head: a key of HEADS, whose networks are those of masked-LM heads.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as FAMILIES

    if checkpoint.family not in FAMILIES:
        return f"the family '{checkpoint.family}' has no masked-LM head"
    found = checkpoint.config.get("architectures") or ()
    bare = bool(found) and not any(str(name).endswith(HEADS[head].pretrained) for name in found)
    return no_trained_head(checkpoint) if bare or checkpoint.base is not None else None


def no_trained_head(checkpoint: Checkpoint) -> str:
    """The line for a checkpoint without a masked-LM head, which drawn by chance would tell, and teach, nothing."""
    found = ", ".join(checkpoint.config.get("architectures") or ["none"])
    return (
        f"no trained masked-LM head in this checkpoint (architectures: {found}); "
        "give the base model that was pretrained with one"
    )


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
        UnnamedLabels: the checkpoint's labels are numbers, and nobody told their names.
        ModelError: they are others; the message lists both sets.
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
        meant = spelled.get(_plain(label), label)
        if meant in ids and meant in labels:
            raise ModelError(
                f"{checkpoint.name}: two of its classes, {ids[meant]} and {index}, are both named {meant}; mend "
                f"id2label in its config.json, or name them by --label-order {unit}=..."
            )
        ids.setdefault(meant, index)
    if all(label in ids for label in labels):
        return tuple(ids[label] for label in labels)
    both = f"the checkpoint has {', '.join(theirs) or 'none'}; {unit} has {', '.join(labels)}"
    if all(re.fullmatch(r"LABEL_\d+", label) for label in theirs) and len(theirs) == len(labels):
        hint = f"--label-order {unit}={','.join(labels)} (in the order of the class ids)"
        raise UnnamedLabels(f"{checkpoint.name}: its labels have no names ({both}); name them: {hint}")
    raise ModelError(f"{checkpoint.name}: its labels do not map onto {unit}'s by name: {both}")


def _plain(label: str) -> str:
    return label.strip().lower()
