"""One encoder and the heads that are trained over it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

import torch
from torch import nn

from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.errors import ModelError
from xtreme_harness.models.checkpoint import Checkpoint, read_checkpoint
from xtreme_harness.models.compute.dropout import replace_dropout
from xtreme_harness.models.compute.masked_words import Places, answer_kept
from xtreme_harness.models.compute.unpadded import compute_without_padding
from xtreme_harness.models.fit import head_fault, label_order, no_trained_head
from xtreme_harness.models.head_table import ENCODER_DECODERS, HEADS
from xtreme_harness.models.heads import HeadedEncoder, with_head
from xtreme_harness.models.load import fitted_tokenizer
from xtreme_harness.models.pooling import WITH_POOLER, pool
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.models.weights import load_network, load_tokenizer, quietly, with_weights
from xtreme_harness.training.frozen import Frozen, freeze
from xtreme_harness.training.threads import same_threads

__all__ = ["Role", "Trainee", "build", "encoder_of", "merge_adapters"]


@dataclass(frozen=True, slots=True)
class Role:
    """One task as the network sees it."""

    task: str
    head: str  # a key of HEADS
    labels: tuple[str, ...] = ()
    aliases: Mapping[str, str] | None = None  # other spelling of a label -> the label
    group: int | None = None  # dual encoders: pairs that share a softmax


class DualEncoder(nn.Module):
    """An encoder whose vectors are compared: queries with passages, by scaled cosine."""

    def __init__(self, encoder: Any, scale: float, group: int | None) -> None:
        super().__init__()
        self.encoder = encoder
        self.scale = nn.Parameter(torch.tensor(scale))
        self.group = group
        self.config = encoder.config
        self.mode = "pooler" if getattr(encoder, "pooler", None) is not None else "mean"

    @property
    def reader(self) -> Any:
        """The part that reads the inputs."""
        return self.encoder

    def get_input_embeddings(self) -> Any:
        """The encoder's."""
        return self.encoder.get_input_embeddings()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **inputs: torch.Tensor) -> Any:
        """Return an object with `vectors` (n, d), `scale` and `group`."""
        out = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **inputs)
        vectors = out.pooler_output if self.mode == "pooler" else pool(out.last_hidden_state, attention_mask, "mean")
        return SimpleNamespace(vectors=vectors, scale=self.scale, group=self.group)


class Trainee(nn.Module):
    """A shared encoder with one network a task; `members[task]` is a whole network that holds the encoder."""

    def __init__(self, members: Mapping[str, nn.Module], tokenizer: Tokenizer) -> None:
        super().__init__()
        self.members = nn.ModuleDict(dict(members))
        self.tokenizer = tokenizer
        self.orders: dict[str, tuple[int, ...]] = {}  # task -> class id of each of the card's labels
        self.names: dict[str, tuple[str, ...]] = {}  # task -> labels by class id
        self.kept: set[str] = set()  # tasks whose head came with the checkpoint
        self.pads = True  # does the encoder compute the padding of a batch?
        self.adapted = False  # are low-rank additions trained, and not the encoder itself?
        self.frozen: Frozen | None = None  # the encoder, where it is not trained

    def forward(
        self, task: str, inputs: Mapping[str, torch.Tensor], kept: Places | None = None,
        states: torch.Tensor | None = None,
    ) -> Any:  # fmt: skip
        """Run one task's network; a masked-LM head answers for the kept positions alone where it can, (k, c).

        With the states of a frozen encoder, the head alone is run.
        """
        member: Any = self.members[task]
        member.kept = kept
        if self.frozen is not None:
            self.frozen.given = states
        try:
            return member(**inputs)
        finally:
            if self.frozen is not None:
                self.frozen.given = None

    def train(self, mode: bool = True) -> Self:
        """Train, or not; a frozen encoder never drops anything."""
        super().train(mode)
        if self.frozen is not None:
            self.frozen.encoder.eval()
        return self


def build(
    checkpoint: Checkpoint, roles: Sequence[Role], hyper: Hyper, seed: int, keep_head: bool = False, trust: bool = False
) -> Trainee:
    """Load a checkpoint's encoder in float32 and put a head a task over it.

    Args:
        checkpoint: the base, an earlier stage, or an adapter (which is merged).
        roles: the tasks.
        hyper: dropout, LoRA, gradient checkpointing and what is frozen are read from it.
        seed: of new heads.
        keep_head: take the checkpoint's own head for the tasks that it fits.
        trust: run code that the checkpoint carries.

    Raises:
        ModelError: in one line, for whatever cannot be loaded; a masked-LM head that the checkpoint does not have.
    """
    path = with_weights(checkpoint, trust)
    torch.manual_seed(seed)
    with quietly(checkpoint):
        raw = load_tokenizer(checkpoint, path, trust)
        encoder = load_network(checkpoint, path, None, torch.float32, trust)
        encoder.requires_grad_(True)  # what PEFT merges, it leaves frozen
        tokenizer = fitted_tokenizer(raw, encoder, checkpoint.name)
        members: dict[str, nn.Module] = {}
        for role in roles:
            torch.manual_seed(seed)
            members[role.task] = _member(checkpoint, encoder, role, hyper)
        if not any(_uses_pooler(member) for member in members.values()) and hasattr(encoder, "pooler"):
            encoder.pooler = None
        trainee = Trainee(members, tokenizer)
        for role in roles:
            _label(trainee, checkpoint, role, keep_head, trust)
        _prepare(trainee, encoder, hyper)
        if hyper.freeze_encoder:
            trainee.frozen = freeze(encoder, checkpoint)
            trainee.pads = False  # nothing is computed of it by a head
    return trainee


def encoder_of(member: Any) -> Any:
    """The encoder inside a task's network."""
    return member.encoder if isinstance(member, HeadedEncoder | DualEncoder) else member.base_model


def _member(checkpoint: Checkpoint, encoder: Any, role: Role, hyper: Hyper) -> nn.Module:
    import transformers

    head = HEADS[role.head]
    if head.auto is None:
        if checkpoint.family in WITH_POOLER and getattr(encoder, "pooler", None) is None:
            encoder.pooler = type(encoder)._from_config(encoder.config, dtype=torch.float32).pooler
        return DualEncoder(encoder, hyper.score_scale, role.group)
    auto = getattr(transformers, head.auto)
    config = copy.deepcopy(encoder.config)
    if role.labels:
        config.id2label = dict(enumerate(role.labels))
        config.label2id = {label: i for i, label in enumerate(role.labels)}
    fits = type(config) in auto._model_mapping and checkpoint.family not in ENCODER_DECODERS
    if head.pretrained:
        if not fits:
            raise ModelError(f"{checkpoint.name}: --mlm: the family '{checkpoint.family}' has no masked-LM head")
        return _masked_lm(checkpoint, encoder, auto)
    outputs = len(role.labels) or head.outputs or 0
    if not fits:
        return with_head(encoder, role.head, outputs)
    if not head.by_choice and config.num_labels != outputs:
        config.num_labels = outputs
    network = auto.from_config(config, dtype=torch.float32)
    own = getattr(network, network.base_model_prefix)
    if getattr(own, "pooler", None) is not None and getattr(encoder, "pooler", None) is None:
        encoder.pooler = own.pooler
    network.pooled = getattr(own, "pooler", None) is not None
    setattr(network, network.base_model_prefix, encoder)
    member: nn.Module = network
    return member


def _masked_lm(checkpoint: Checkpoint, encoder: Any, auto: Any) -> nn.Module:
    """The checkpoint's own masked-LM head over the shared encoder; one drawn by chance would teach nothing."""
    path = with_weights(checkpoint)
    network, info = auto.from_pretrained(path, dtype=torch.float32, use_safetensors=True, output_loading_info=True)
    lacking = sorted(name for name in info["missing_keys"] if "pooler" not in name and "decoder" not in name)
    if lacking or checkpoint.base is not None:
        raise ModelError(f"{checkpoint.name}: --mlm: {no_trained_head(checkpoint)}")
    setattr(network, network.base_model_prefix, encoder)
    network.tie_weights()
    answer_kept(network)
    member: nn.Module = network
    return member


def _uses_pooler(member: Any) -> bool:
    return bool(getattr(member, "pooled", False)) or getattr(member, "mode", "") == "pooler"


def _label(trainee: Trainee, checkpoint: Checkpoint, role: Role, keep_head: bool, trust: bool) -> None:
    """Settle the order of the labels; with `keep_head`, copy the head that the checkpoint brings, if it fits."""
    trainee.names[role.task], trainee.orders[role.task] = role.labels, tuple(range(len(role.labels)))
    beside = checkpoint.path / "heads" / role.task  # where training on several tasks leaves it
    if keep_head and beside.is_dir():
        checkpoint = read_checkpoint(beside, f"{checkpoint.name}/heads/{role.task}")
    if not keep_head or head_fault(checkpoint, role.head, role.labels, keep_head=True):
        return
    order: tuple[int, ...] = ()
    if role.labels:
        try:
            order = label_order(checkpoint, role.labels, role.aliases or {}, role.task)
        except ModelError:
            return
    if role.labels and len(checkpoint.labels) != len(role.labels):
        return
    old = load_network(checkpoint, with_weights(checkpoint, trust), role.head, torch.float32, trust)
    member = trainee.members[role.task]
    inside = {id(p) for p in encoder_of(old).parameters()}
    head = {name: value for name, value in old.state_dict(keep_vars=True).items() if id(value) not in inside}
    member.load_state_dict({name: value.detach() for name, value in head.items()}, strict=False)
    trainee.names[role.task], trainee.orders[role.task] = checkpoint.labels if role.labels else (), order
    if role.labels and not isinstance(member, HeadedEncoder):
        member.config.id2label = dict(enumerate(checkpoint.labels))  # type: ignore[union-attr]
        member.config.label2id = {label: i for i, label in enumerate(checkpoint.labels)}  # type: ignore[union-attr]
    trainee.kept.add(role.task)


def _prepare(trainee: Trainee, encoder: Any, hyper: Hyper) -> None:
    """No padding, and dropout, gradient checkpointing and low-rank additions as the recipe says."""
    trainee.pads = not compute_without_padding(encoder)
    replace_dropout(trainee)
    if hyper.dropout is not None:
        for module in trainee.modules():
            _set_dropout(module, hyper.dropout)
    if hyper.gradient_checkpointing:
        enable = getattr(encoder, "activation_checkpointing_enable", None)  # its name from transformers 5.20 or so on
        (enable or encoder.gradient_checkpointing_enable)({"use_reentrant": False})
    if hyper.lora_rank:
        _add_lora(trainee, encoder, hyper)


def _set_dropout(module: nn.Module, share: float) -> None:
    if isinstance(module, nn.Dropout):
        module.p = share
    for name, value in list(vars(module).items()):  # some families keep it as a number
        if "dropout" in name and isinstance(value, float):
            setattr(module, name, share)


def _add_lora(trainee: Trainee, encoder: Any, hyper: Hyper) -> None:
    from xtreme_harness.models.weights import require

    peft = require("peft", "peft")
    names = sorted(
        {name.rsplit(".", 1)[-1] for name, module in encoder.named_modules() if isinstance(module, nn.Linear)}
    )
    config = peft.LoraConfig(
        r=hyper.lora_rank, lora_alpha=hyper.lora_alpha, lora_dropout=hyper.lora_dropout, target_modules=names
    )
    frozen = [p for name, p in encoder.named_parameters() if not name.startswith("pooler.")]
    for parameter in frozen:
        parameter.requires_grad_(False)
    peft.inject_adapter_in_model(config, encoder)
    for name, parameter in encoder.named_parameters():
        if "lora_" in name:
            parameter.requires_grad_(True)
    trainee.adapted = True


def merge_adapters(trainee: Trainee) -> None:
    """Add the low-rank additions to the weights they belong to, so that plain transformers loads the result."""
    if not trainee.adapted:
        return
    with same_threads(trainee):
        for parent, name, layer in list(_adapted_layers(trainee)):
            layer.merge()
            setattr(parent, name, layer.get_base_layer())
    trainee.adapted = False


def _adapted_layers(trainee: Trainee) -> Iterator[tuple[nn.Module, str, Any]]:
    from peft.tuners.tuners_utils import BaseTunerLayer

    for parent in trainee.modules():
        for name, child in parent.named_children():
            if isinstance(child, BaseTunerLayer):
                yield parent, name, child
