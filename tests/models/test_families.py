"""Every family through every kind: right predictions, whatever the batches, equal to plain transformers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file

from tests.fixtures.families import FAMILIES, LANGUAGES, T5S, build
from xtreme_harness.cards import TaskCard, folder
from xtreme_harness.data.sources import Data, locate
from xtreme_harness.data.splits import load_split
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.models.fit import head_fault, label_order
from xtreme_harness.models.head_table import CHOICE, SPANS, TOKENS
from xtreme_harness.models.load import Model, load_model
from xtreme_harness.models.pooling import choose_pooling
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.records import Arrays, Split

pytestmark = pytest.mark.slow

CARDS = all_cards()
CELLS = {  # a cell of every kind
    "sequence_classification": ("xnli", "zh"),
    "multiple_choice": ("xcopa", "th"),
    "token_classification": ("panx", "de"),
    "extractive_qa": ("xquad", "zh"),
    "bitext": ("tatoeba", "de"),
    "retrieval": ("lareqa", "en"),
}
HEADS = {kind: KINDS[kind].head for kind in CELLS}


@dataclass(frozen=True)
class Run:
    """A checkpoint, a cell and what the one gave for the other."""

    path: Path
    model: Model
    card: TaskCard
    split: Split[Any]
    found: dict[str, Any]
    arrays: Arrays


def load(path: Path, card: TaskCard, **flags: Any) -> Model:
    kind = KINDS[card.kind]
    checkpoint = find_checkpoint(str(path), None)
    assert head_fault(checkpoint, kind.head, card.labels) is None
    pooling = choose_pooling(card, checkpoint) if kind.head is None else None
    order = label_order(checkpoint, card.labels, card.aliases, card.name) if card.labels else ()
    return load_model(checkpoint, kind.head, order, pooling, "cpu", "float32", **flags)


def sample(card: TaskCard, language: str, name: str = "test", limit: int | None = 4) -> Split[Any]:
    located = locate(card, name, language, Data(folder() / "samples", name="samples"))
    assert located is not None
    kind = KINDS[card.kind]
    split = load_split(card, language, name, located, kind.parse, kind.passage, limit)
    return replace(split, pool=tuple(split.pool)[:12])


def answer(model: Model, card: TaskCard, split: Split[Any]) -> tuple[dict[str, Any], Arrays]:
    kind = KINDS[card.kind]
    features = kind.featurize(split, model.tokenizer, card)
    arrays = model.forward(features)
    return kind.decode(arrays, features, split, card), arrays


@pytest.fixture(scope="module", params=[(f, k) for f in FAMILIES for k in CELLS], ids=lambda p: f"{p[0]}-{p[1]}")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    family, kind = request.param
    task, language = CELLS[kind]
    card = CARDS.tasks[task]
    path = build(family, HEADS[kind], tmp_path_factory.mktemp(family), card.labels)
    model, split = load(path, card), sample(card, language)
    return Run(path, model, card, split, *answer(model, card, split))


def test_gives_every_example_a_prediction_of_its_kind(run: Run) -> None:
    found, card = run.found, run.card
    assert list(found) == [e.id for e in run.split.examples] and len(found) == 4
    if card.kind == "sequence_classification":
        assert set(found.values()) <= set(card.labels)
    elif card.kind == "multiple_choice":
        assert set(found.values()) <= {0, 1}
    elif card.kind == "token_classification":
        assert all(len(found[e.id]) == len(e.words) for e in run.split.examples)
        assert {tag for tags in found.values() for tag in tags} <= set(card.labels)
    elif card.kind == "extractive_qa":
        assert all(found[e.id] and found[e.id] in e.context for e in run.split.examples)
    else:
        known = {p.id for p in run.split.pool}
        size = 1 if card.kind == "bitext" else 12
        assert all(len(ids) == len(set(ids)) == size and set(ids) <= known for ids in found.values())
    assert predict(run.model, KINDS[card.kind], run.split, card).found == found


def test_does_not_depend_on_batches(run: Run) -> None:
    for budget, rows in ((1, None), (4096, 3), (300, None)):
        model = replace(run.model, budget=budget, rows=rows, _pools={})
        found, arrays = answer(model, run.card, run.split)
        assert found == run.found
        assert np.abs(arrays.values - run.arrays.values).max() < 1e-4
        if arrays.pool is not None and run.arrays.pool is not None:
            assert np.abs(arrays.pool - run.arrays.pool).max() < 1e-4


def test_equals_plain_transformers(run: Run) -> None:
    """One unpadded example at a time, with the special tokens and segment ids of the tokenizer itself."""
    wanted = Plain(run).values()
    assert wanted.shape == run.arrays.values.shape
    assert np.abs(wanted - run.arrays.values).max() < 1e-4


class Plain:
    """What transformers alone gives for a run's examples."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(run.path)
        self.head = HEADS[run.card.kind]
        self.family = find_checkpoint(str(run.path), None).family
        if self.head is None or (run.path / "head.safetensors").exists():
            auto = transformers.AutoModelForTextEncoding if self.family in T5S else transformers.AutoModel
        else:
            auto = getattr(transformers, self.head)
        self.network = auto.from_pretrained(run.path, dtype=torch.float32).eval()

    def values(self) -> np.ndarray:
        return getattr(self, self.run.card.kind)()

    def inputs(self, *texts: str, **flags: Any) -> Any:
        read = self.tokenizer(*texts, return_tensors="pt", **flags)
        if self.family not in ("bert", "rembert"):
            read.pop("token_type_ids", None)
        if self.family == "xlm":
            read["langs"] = torch.full_like(read["input_ids"], LANGUAGES.get(self.run.split.language, 0))
        return read

    @torch.inference_mode()
    def logits(self, read: Any, last: bool = False) -> torch.Tensor:
        """(c,) of a sequence head, (length, c) of a token head."""
        beside = self.run.path / "head.safetensors"
        per_token = self.head in (TOKENS, SPANS)
        if not beside.exists():
            if self.head == CHOICE:
                read = {name: value.unsqueeze(0) for name, value in read.items()}
            out = self.network(**read)
            if self.head == SPANS:
                return torch.stack([out.start_logits, out.end_logits], dim=-1)[0]
            return out.logits[0]
        head, hidden = load_file(beside), self.network(**read).last_hidden_state[0]
        if not per_token:
            hidden = hidden[-1] if self.family in ("qwen2", "qwen3", "llama", "bloom") else hidden.mean(0)
        return hidden @ head["out.weight"].T + head["out.bias"]

    def sequence_classification(self) -> np.ndarray:
        texts = [(e.text_a, e.text_b) for e in self.run.split.examples]
        return np.stack([self.logits(self.inputs(*pair, truncation=True, max_length=128)) for pair in texts])

    def multiple_choice(self) -> np.ndarray:
        pairs = [(e.text, choice) for e in self.run.split.examples for choice in e.choices]
        return np.stack([self.logits(self.inputs(*pair, truncation=True, max_length=128)) for pair in pairs])

    def extractive_qa(self) -> np.ndarray:
        features = KINDS["extractive_qa"].featurize(self.run.split, self.run.model.tokenizer, self.run.card)
        whole = [
            e
            for i, e in enumerate(self.run.split.examples)
            if [w.example for w in features.detail.windows].count(i) == 1
        ]
        if len(whole) < len(self.run.split.examples):
            pytest.skip("the passages take several windows in this tokenizer")
        return np.concatenate([self.logits(self.inputs(e.question, e.context)) for e in whole])

    def token_classification(self) -> np.ndarray:
        found = []
        for example in self.run.split.examples:
            if self.family == "xlm":
                pieces = [self.tokenizer.tokenize(word) for word in example.words]
                firsts = np.cumsum([1, *(len(p) for p in pieces)])[:-1].tolist()
                text = self.tokenizer.convert_tokens_to_ids([p for word in pieces for p in word])
                ids = torch.tensor([self.tokenizer.build_inputs_with_special_tokens(text)])
                read = {"input_ids": ids, "langs": torch.full_like(ids, LANGUAGES[self.run.split.language])}
            else:
                text, starts = " " if self.spaced() else "", []
                for word in example.words:
                    starts.append(len(text))
                    text += f"{word} "
                read = self.inputs(text.rstrip(), return_offsets_mapping=True)
                spans = read.pop("offset_mapping")[0].tolist()
                ends = [b for _, b in spans]
                firsts = [
                    next(i for i, b in enumerate(ends) if b > start or (b == start > 0 and spans[i][0] < b))
                    for start in starts
                ]
            found.append(self.logits(read)[firsts])
        return np.concatenate(found)

    def spaced(self) -> bool:
        return self.family in ("modernbert", "eurobert", "qwen2", "qwen3", "bloom")

    def bitext(self) -> np.ndarray:
        return np.stack([self.vector(e.text, 512) for e in self.run.split.examples])

    def retrieval(self) -> np.ndarray:
        return np.stack([self.vector(e.text, 96) for e in self.run.split.examples])

    @torch.inference_mode()
    def vector(self, text: str, length: int) -> torch.Tensor:
        assert self.run.model.pooling is not None
        out = self.network(**self.inputs(text, truncation=True, max_length=length), output_hidden_states=True)
        if self.run.model.pooling.mode == "pooler":
            return torch.nn.functional.normalize(out.pooler_output[0], dim=-1)
        return torch.nn.functional.normalize(out.hidden_states[self.run.model.pooling.layer][0].mean(0), dim=-1)
