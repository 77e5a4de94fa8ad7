"""Can a checkpoint be loaded? Asked before anything is computed, of its small files alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.errors import DataError, MissingDependency, ModelError
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.checkpoint import Checkpoint, require_weights, tokenizer_holder
from xtreme_harness.models.content import content_hash
from xtreme_harness.models.fit import pretrained_fault
from xtreme_harness.models.head_table import MASKED_LM
from xtreme_harness.plan.stage import Stage, Unit
from xtreme_harness.plan.trials import require_search, trials_of

__all__ = ["Hashes", "require_loadable", "require_masked_head", "require_unit"]


@dataclass(frozen=True, slots=True)
class Hashes:
    """What identifies the contents of checkpoints; each is hashed once."""

    known: dict[Path, str] = field(default_factory=dict)

    def of(self, checkpoint: Checkpoint) -> str:
        """The commit of a checkpoint from the Hub, the SHA-256 of a folder's files."""
        if checkpoint.path not in self.known:
            self.known[checkpoint.path] = checkpoint.commit or content_hash(checkpoint.path)
        return self.known[checkpoint.path]


def require_loadable(checkpoint: Checkpoint, trust: bool) -> None:
    """Raise ModelError where tokenizer or weights are missing or cannot be what they should.

    MissingDependency where the family needs a package that is not installed.
    """
    tokenizer_holder(checkpoint)
    for part in (checkpoint, checkpoint.base, checkpoint.encoder):
        if part is not None and part.repo is None:  # a Hub model's weights are fetched when they are needed
            require_weights(part, part.path)
    from xtreme_harness.models.preflight import require_sound

    require_sound(checkpoint, trust)


def require_masked_head(checkpoint: Checkpoint) -> None:
    """Raise ModelError where a checkpoint says that it brings no masked-LM head; one drawn by chance teaches nothing.

    What only its weights can tell is found when they are loaded.
    """
    if why := pretrained_fault(checkpoint, MASKED_LM):
        raise ModelError(f"{checkpoint.name}: --mlm: {why}")


def _require_peft(hyper: Hyper) -> None:
    """Raise MissingDependency where low-rank additions are asked for and peft is not installed."""
    if hyper.lora_rank and find_spec("peft") is None:
        raise MissingDependency("peft is needed for this checkpoint: pip install 'xtreme-harness[peft]'")


def _require_head(stage: Stage) -> None:
    """Raise DataError where a frozen encoder would leave nothing to train, or what is trained is inside it."""
    if not stage.hyper.freeze_encoder:
        return
    pairs = [task.name for task in stage.tasks if KINDS[task.card.kind].head is None]
    faults = [f"{name}: freeze_encoder: it is the encoder that is trained, there is no head" for name in pairs]
    beside = {"gradient_checkpointing": stage.hyper.gradient_checkpointing, "lora_rank": stage.hyper.lora_rank}
    faults += [f"{stage.name}: freeze_encoder: not with {name}" for name, given in beside.items() if given]
    if stage.manner.mlm is not None:
        faults.append(f"{stage.name}: freeze_encoder: not with --mlm, which trains the encoder")
    if faults:
        raise DataError(*faults)


def require_unit(unit: Unit) -> None:
    """Refuse a unit whose encoder cannot be loaded, or whose recipe cannot be followed.

    Raises:
        ModelError: of the checkpoint.
        DataError: of a search that has nothing to choose by, or of an encoder that cannot stay frozen.
        MissingDependency: peft.
    """
    require_search(unit)
    for stage in unit.stages:
        require_loadable(stage.checkpoint, stage.manner.trust)
        for one in (stage, *(trial.stage for trial in trials_of(stage))):
            _require_head(one)
            _require_peft(one.hyper)
