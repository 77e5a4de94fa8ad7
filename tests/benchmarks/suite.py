"""What is measured: every benchmark, who competes in it, and what is asked of the result. Data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to do the work."""

    side: Literal["ours", "peers"]  # whose environment it runs in
    function: str  # "module:function" below tests.benchmarks; takes the job, returns worker.Prepared
    options: Mapping[str, Any] = field(default_factory=dict)  # added to the job


@dataclass(frozen=True, slots=True)
class Ratio:
    """A line of the table: how many times faster one contestant is than another."""

    ours: str
    against: str
    bar: float | None = None  # at least; None: for information
    equal: bool = True  # their predictions can be compared one by one


@dataclass(frozen=True, slots=True)
class Share:
    """A line of the table: the part of the measured matrix peak that a contestant reaches on its `gflop`."""

    ours: str
    dtype: str
    bar: float | None = None  # percent, at least


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The same work done by several."""

    name: str
    title: str  # with {n} for the number of examples
    task: str  # whose texts and head; "": none are needed
    language: str
    split: str
    sizes: tuple[int, int]  # examples: `make bench`, `make bench-full`
    contestants: Mapping[str, Contestant]
    ratios: tuple[Ratio, ...]
    shares: tuple[Share, ...] = ()


QA = "peers.trainer:answer"  # the documented example pads windows to 384; to the longest is harder to beat
OURS = {
    "ours": Contestant("ours", "ours:predictor", {"dtype": "auto"}),
    "ours float32": Contestant("ours", "ours:predictor", {"dtype": "float32"}),
}

SUITE = (
    Benchmark(
        "xnli", "XNLI, {n} pairs", "xnli", "en", "test", (128, 512),
        {
            **OURS,
            "static 128, float32": Contestant("peers", "peers.static:classify"),
            "Trainer.predict": Contestant("peers", "peers.trainer:classify"),
            "Trainer.predict, batch 32, bf16": Contestant("peers", "peers.trainer:classify", {"tuned": True}),
        },
        (
            Ratio("ours", "static 128, float32", 15),
            Ratio("ours", "Trainer.predict", 6),
            Ratio("ours", "Trainer.predict, batch 32, bf16", 1.4),
            Ratio("ours float32", "Trainer.predict", 1.45),
            Ratio("ours float32", "static 128, float32"),
        ),
    ),
    Benchmark(
        "forward", "forward alone to mean vectors, {n} XNLI pairs", "xnli", "en", "test", (128, 512),
        {
            "ours float32": Contestant("ours", "ours:forward", {"dtype": "float32"}),
            "ours bfloat16": Contestant("ours", "ours:forward", {"dtype": "bfloat16"}),
        },
        (),
        (Share("ours float32", "float32", 80), Share("ours bfloat16", "bfloat16", 55)),
    ),
    Benchmark(
        "udpos", "UD-POS, {n} sentences", "udpos", "en", "dev", (128, 500),
        {**OURS, "Trainer.predict": Contestant("peers", "peers.trainer:tag")},
        (Ratio("ours", "Trainer.predict", 5), Ratio("ours float32", "Trainer.predict")),
    ),
    Benchmark(
        "xquad", "XQuAD with decoding, {n} questions", "xquad", "en", "test", (16, 100),
        {
            **OURS,
            "Trainer.predict + example decoding": Contestant("peers", QA, {"padding": "max_length"}),
            "the same, padded to the longest": Contestant("peers", QA, {"padding": False}),
        },
        (
            Ratio("ours", "Trainer.predict + example decoding", 6),
            Ratio("ours", "the same, padded to the longest"),
            Ratio("ours float32", "the same, padded to the longest"),
        ),
    ),
    Benchmark(
        "decoding", "QA decoding alone, {n} questions", "xquad", "en", "test", (1000, 1000),
        {
            "ours": Contestant("ours", "ours:qa_decoding"),
            "example decoding": Contestant("peers", "peers.qa:decoding"),
        },
        (Ratio("ours", "example decoding", 20),),
    ),
    Benchmark(
        "xcopa", "XCOPA, {n} questions", "xcopa", "et", "test", (64, 400),
        {**OURS, "Trainer.predict": Contestant("peers", "peers.trainer:choose")},
        (Ratio("ours", "Trainer.predict", 5), Ratio("ours float32", "Trainer.predict")),
    ),
    Benchmark(
        "tatoeba", "Tatoeba encode + search, {n} sentences", "tatoeba", "de", "test", (150, 1000),
        {**OURS, "sentence-transformers": Contestant("peers", "peers.sentences:search")},
        (Ratio("ours", "sentence-transformers", 4), Ratio("ours float32", "sentence-transformers", 1.1)),
    ),
    Benchmark(
        "bucc", "BUCC encode + mine, {n} sentences", "bucc2018", "zh", "dev", (60, 1000),
        {**OURS, "mteb bitext mining": Contestant("peers", "peers.sentences:mine")},
        (
            Ratio("ours", "mteb bitext mining", equal=False),  # mteb takes the nearest; we score margins both ways
            Ratio("ours float32", "mteb bitext mining", equal=False),
        ),
    ),
    Benchmark(
        "training", "training, {n} XNLI pairs, one epoch", "xnli", "en", "train", (64, 256),
        {
            "ours": Contestant("ours", "training:ours", {"dtype": "auto"}),
            "ours float32": Contestant("ours", "training:ours", {"dtype": "float32"}),
            "Trainer.train, batch 32": Contestant("peers", "training:trainer"),
        },
        (
            Ratio("ours", "Trainer.train, batch 32", 2.4, equal=False),
            Ratio("ours float32", "Trainer.train, batch 32", 1.3, equal=False),
        ),
    ),
    Benchmark(
        "probing", "a head over a frozen encoder, {n} XNLI pairs, four epochs", "xnli", "en", "train", (64, 256),
        {
            "ours": Contestant("ours", "training:ours", {"dtype": "auto", "epochs": 4, "frozen": True}),
            "states computed every epoch": Contestant(
                "ours", "training:ours", {"dtype": "auto", "epochs": 4, "frozen": True, "kept": False}
            ),
            "the encoder trained too": Contestant("ours", "training:ours", {"dtype": "auto", "epochs": 4}),
        },
        (
            Ratio("ours", "states computed every epoch", equal=False),
            Ratio("ours", "the encoder trained too", equal=False),
        ),
    ),
    Benchmark(
        "search", "exact search, {n} queries in ten times as many, 768 wide", "", "", "", (5000, 20_000),
        {
            "ours": Contestant("ours", "retrieval:ours"),
            "faiss.IndexFlatIP": Contestant("ours", "retrieval:flat"),
        },
        (Ratio("ours", "faiss.IndexFlatIP"),),
        (Share("ours", "float32", 85),),
    ),
    Benchmark(
        "stream", "exact search, 1,000 x {n}, 768 wide", "", "", "", (100_000, 1_003_893),
        {"ours": Contestant("ours", "retrieval:streamed")},
        (),
    ),
    Benchmark(
        "workers", "the demo's evaluation, training included", "", "", "", (1, 1),
        {f"{n} worker{'s' * (n > 1)}": Contestant("ours", "workers:evaluated", {"workers": n}) for n in (2, 1)},
        (Ratio("2 workers", "1 worker", 1.3),),
    ),
)  # fmt: skip
