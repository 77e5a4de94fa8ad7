"""Every head that is read or trained, as one table.

A head has one name, which checkpoints (`xharness.json`), results and messages have too. That of a head which
transformers knows is the Auto class that loads it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CAUSAL_LM",
    "CHOICE",
    "DUAL_ENCODER",
    "ENCODER_DECODERS",
    "HEADS",
    "MASKED_LM",
    "NUMBER",
    "SEQUENCE",
    "SPANS",
    "TOKENS",
    "Head",
    "encoder_class",
    "general_heads",
    "head_of_adapter",
    "head_of_architecture",
    "task_types",
]

SEQUENCE, TOKENS = "AutoModelForSequenceClassification", "AutoModelForTokenClassification"
SPANS, CHOICE = "AutoModelForQuestionAnswering", "AutoModelForMultipleChoice"
MASKED_LM, CAUSAL_LM = "AutoModelForMaskedLM", "AutoModelForCausalLM"
NUMBER = "single number"  # a sequence head with a single output
DUAL_ENCODER = "dual encoder"  # an encoder whose vectors are compared; it has no layers of its own
_ENCODER, _TEXT_ENCODER = "AutoModel", "AutoModelForTextEncoding"
ENCODER_DECODERS = ("t5", "mt5", "umt5")  # their own heads run the decoder; a general head on the encoder is used
_BEAM_DECODERS = ("XLMForQuestionAnswering", "XLNetForQuestionAnswering")  # other outputs than a start and an end


@dataclass(frozen=True, slots=True)
class Head:
    """What there is to know about a head, where no layer of it is at hand."""

    auto: str | None  # the transformers Auto class whose networks end in it; None: no class has it
    objective: str | None  # what training minimises, a key of training.objectives.OBJECTIVES; None: it is not trained
    endings: tuple[str, ...] = ()  # of the architectures that are this head; (): none is taken for it
    peft: str | None = None  # the task type of an adapter that was trained with it
    labelled: bool = False  # has it an output a label of the task?
    outputs: int | None = None  # of a task without labels; None: no general head can stand in for it
    per_token: bool = False  # an answer a kept position, or one a sequence
    sides: bool = False  # are its two outputs a token a start and an end?
    layer: str = "classifier"  # attribute, in networks of the BERT kind, that makes answers of states
    by_choice: bool = False  # transformers' own takes (n, choices, length), and has one output whatever its config says
    exact: bool = False  # does it decide by less than bfloat16 tells apart? --dtype auto is float32 then
    pretrained: tuple[str, ...] = ()  # endings of the architectures that bring it; it is never drawn by chance


HEADS: dict[str, Head] = {
    SEQUENCE: Head(SEQUENCE, "classes", ("ForSequenceClassification",), "SEQ_CLS", labelled=True, outputs=2),
    NUMBER: Head(SEQUENCE, "squares", outputs=1),
    TOKENS: Head(TOKENS, "tags", ("ForTokenClassification",), "TOKEN_CLS", labelled=True, outputs=2, per_token=True),
    SPANS: Head(
        SPANS, "spans", ("ForQuestionAnswering", "ForQuestionAnsweringSimple"), "QUESTION_ANS",
        outputs=2, per_token=True, sides=True, layer="qa_outputs",
    ),
    CHOICE: Head(CHOICE, "choices", ("ForMultipleChoice",), outputs=1, by_choice=True),
    DUAL_ENCODER: Head(None, "pairs"),
    MASKED_LM: Head(
        MASKED_LM, "masked words", per_token=True, exact=True, pretrained=("MaskedLM", "ForPreTraining", "LMHeadModel"),
    ),
    CAUSAL_LM: Head(CAUSAL_LM, None, peft="CAUSAL_LM", per_token=True),
}  # fmt: skip


def general_heads() -> tuple[str, ...]:
    """Heads that a linear layer over any encoder can stand in for."""
    return tuple(name for name, head in HEADS.items() if head.outputs is not None)


def head_of_architecture(architecture: str) -> str | None:
    """The head of a class of networks.

    >>> head_of_architecture("BertForTokenClassification") == TOKENS
    True
    """
    if architecture in _BEAM_DECODERS:
        return None
    return next((name for name, head in HEADS.items() if architecture.endswith(head.endings)), None)


def head_of_adapter(task: str) -> str | None:
    """The head by which an adapter of a PEFT task type was trained."""
    return next((name for name, head in HEADS.items() if head.peft == task), None)


def task_types() -> tuple[str, ...]:
    """PEFT's names of what adapters are trained for, of the heads here."""
    return tuple(head.peft for head in HEADS.values() if head.peft is not None)


def encoder_class(family: str) -> str:
    """The transformers Auto class that loads an encoder without a head."""
    return _TEXT_ENCODER if family in ENCODER_DECODERS else _ENCODER
