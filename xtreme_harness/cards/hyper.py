"""The values that a recipe gives: of a training, of a mixture of tasks, of masked language modelling."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, field_validator

__all__ = ["SAMPLINGS", "Hyper", "Masking", "Mixture", "Strict"]

Sampling = Literal["uniform", "proportional", "temperature", "specified", "time-dependent"]
SAMPLINGS: tuple[str, ...] = ("uniform", "proportional", "temperature", "specified", "time-dependent")
_MANY = 2**31 - 1  # of anything that is counted
_SIZE = 65_536  # of a batch, or a rank
_EPOCHS = 1_000_000
Real = Annotated[float, Field(le=10**12)]  # beyond any use of a number here


class Strict(BaseModel):
    """No unknown keys, no flag in place of a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """`lr: true` would be 1."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("true and false are no value of this key")
        return value


_LATER = {"freeze_encoder": False}  # fields that came later; where they are the default, nothing says them


class Hyper(Strict):
    """The hyper-parameters of one training task."""

    lr: Real = Field(default=2e-5, gt=0)
    epochs: float = Field(default=3, gt=0, le=_EPOCHS)
    max_steps: int | None = Field(default=None, ge=1, le=_MANY)  # optimiser steps; None: as many as the epochs take
    # examples (windows of a passage, chunks of a sentence) an optimiser step
    batch_size: int = Field(default=32, ge=1, le=_SIZE)
    max_length: int | None = Field(default=None, ge=8, le=_MANY)  # tokens of a sequence; None: the card's
    warmup_ratio: float = Field(default=0.0, ge=0, le=1)  # share of the steps
    warmup_steps: int = Field(default=0, ge=0, le=_MANY)  # instead of the ratio, where it is not 0
    schedule: Literal["linear", "constant"] = "linear"  # after the warm-up: down to 0, or level
    weight_decay: Real = Field(default=0.0, ge=0)  # not of biases and LayerNorm weights
    adam_epsilon: Real = Field(default=1e-8, gt=0)
    adam_beta1: float = Field(default=0.9, ge=0, lt=1)
    adam_beta2: float = Field(default=0.999, ge=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0, allow_inf_nan=True)  # .inf: no clipping
    dropout: float | None = Field(default=None, ge=0, lt=1)  # None: the model's own
    selection: Literal["best", "last"] = "best"  # which weights are kept, by the English dev set
    eval_every: int | None = Field(default=None, ge=1, le=_MANY)  # optimiser steps; None: once an epoch
    eval_examples: int | None = Field(default=None, ge=1, le=_MANY)  # the first so many of the dev set; None: all
    patience: int | None = Field(default=None, ge=1, le=_MANY)  # stop after so many evaluations without improvement
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"  # of the forward pass; weights are float32
    token_budget: int | None = Field(default=None, ge=64, le=_MANY)  # padded tokens computed at once; None: by device
    gradient_checkpointing: bool = False
    freeze_encoder: bool = False  # a probe: what the checkpoint brings stays as it is, only new layers are trained
    lora_rank: int | None = Field(default=None, ge=1, le=_SIZE)  # train low-rank additions of it and the head only
    lora_alpha: Real = Field(default=16.0, gt=0)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    score_scale: Real = Field(default=100.0, gt=0)  # dual encoders: where the learned scale of the cosine starts
    # dual encoders: pairs that share a softmax; None: the whole batch
    softmax_group: int | None = Field(default=None, ge=2, le=_SIZE)

    def recorded(self) -> dict[str, Any]:
        """All values, for fingerprints and lineages; of those that came later only what is not the default."""
        return self.model_dump(exclude={name for name in _LATER if getattr(self, name) == _LATER[name]})


def _weight(value: Any) -> Any:
    """A number from 0; of a text that is no number, whoever reckons with it says what is wrong."""
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        return value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= _MANY:
        raise ValueError("Input should be a number from 0, or an expression in t and total")
    return value if isinstance(value, str) else float(number)


Weight = Annotated[float | str, PlainValidator(_weight)]


class Mixture(Strict):
    """From which task an optimiser step draws; weights as in jiant 2."""

    sampling: Sampling = "proportional"
    cap: int | None = Field(default=None, ge=1, le=_MANY)  # a task counts as having at most so many examples
    temperature: Real = Field(default=2.0, gt=0)  # weight = size ** (1 / temperature)
    weights: dict[str, Weight] = {}  # task -> weight; time-dependent: an expression in t (step) and total


class Masking(Strict):
    """Multilingual masked-language modelling as one more task."""

    weight: float = Field(default=0.1, gt=0, lt=1)  # share of the optimiser steps
    probability: float = Field(
        default=0.15, gt=0, lt=1
    )  # of a token to be predicted: 80 % masked, 10 % random, 10 % kept
    language_exponent: float = Field(
        default=0.7, ge=0, le=1
    )  # a language is drawn by its number of lines to this power
    max_length: int = Field(default=256, ge=8, le=_MANY)
    batch_size: int = Field(default=32, ge=1, le=_SIZE)
