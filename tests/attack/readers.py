"""Every reader of files that others wrote: a valid file of each, and the function that reads it."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.attack.box import lay_out
from xtreme_harness.cards import Cards, TaskCard
from xtreme_harness.cards.recipe import read_recipe
from xtreme_harness.data.formats import FORMATS
from xtreme_harness.data.sources import parse_data
from xtreme_harness.data.splits import load_split
from xtreme_harness.data.texts import read_texts
from xtreme_harness.data.training_sets import resolved_labels
from xtreme_harness.errors import XHarnessError
from xtreme_harness.files.text import read_text
from xtreme_harness.gate.rules import read_rules
from xtreme_harness.grid.schema import read_grid
from xtreme_harness.kinds import KINDS
from xtreme_harness.leaderboard.submissions import read_submission
from xtreme_harness.models.checkpoint import find_checkpoint
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.results.curves import read_training
from xtreme_harness.results.json_file import to_json
from xtreme_harness.results.read import read_result
from xtreme_harness.results.samples import read_samples
from xtreme_harness.results.series import read_series
from xtreme_harness.submission.metadata import read_about, read_metadata

__all__ = ["READERS", "Laid", "Reader", "complaint"]


@dataclass(frozen=True)
class Reader:
    """A reader of one file.

    Attributes:
        name: of the file's kind.
        form: of its content: json, yaml, jsonl, lines, bytes.
        files: what lies beside it: its name there -> its name in the stock.
        file: that is changed.
        read: reads it; its argument is the folder.
    """

    name: str
    form: str
    files: dict[str, str]
    file: str
    read: Callable[[Path], object]


class Laid:
    """A reader with its files in a folder of its own."""

    def __init__(self, reader: Reader, stock: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        lay_out(stock, folder, reader.files)
        self.reader, self.folder = reader, folder
        self.valid = (folder / reader.file).read_bytes()

    def complaint(self, raw: bytes) -> str:
        """What is wrong with how the reader takes this content; "" where nothing is."""
        (self.folder / self.reader.file).write_bytes(raw)
        return complaint(lambda: self.reader.read(self.folder))


def complaint(read: Callable[[], object]) -> str:
    """The exception of a reader that is none of the project's; "" where there is none."""
    try:
        read()
    except XHarnessError:
        return ""
    except Exception as error:
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""
        return f"{type(error).__name__} at {where}: {str(error)[:200]}"
    return ""


@cache
def _cards() -> Cards:
    return all_cards()


def _data(task: str, language: str, split: str = "test") -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from xtreme_harness.data.sources import locate

        data = parse_data([f"{folder / 'data'}"], _cards().tasks)
        card = resolved_labels(_cards().tasks[task], data)
        located = locate(card, split, language, data)
        kind = KINDS[card.kind]
        return located and load_split(card, language, split, located, kind.parse, kind.passage)

    return read


def _format(
    name: str, form: str, task: str, file: str, language: str = "de", split: str = "test", folder: str = ""
) -> Reader:
    folder = folder or f"samples/{task}"
    place = f"data/{Path(folder).name}"
    return Reader(f"data: {name}", form, {place: folder}, f"{place}/{file}", _data(task, language, split))


def _side(name: str, form: str, task: str, language: str = "de") -> list[Reader]:
    ending = {"xquad": "json", "mewslix": "json", "xcopa": "jsonl"}.get(task, "tsv")
    suite = "xtreme" if task == "bucc2018" else "xtreme-r"
    files = {side: f"{suite}/{side}s/{task}/test-{language}.{ending}" for side in ("label", "prediction")}
    files["label"] = f"{suite}/labels/{task}/test-{language}.{ending}"

    def golds(folder: Path) -> dict[str, Any]:
        card = _cards().tasks[task]
        return KINDS[card.kind].golds(read_text(folder / "label"), "label", card)

    def loads(folder: Path) -> object:
        card = _cards().tasks[task]
        text = read_text(folder / "prediction")
        gold = golds(folder)
        faults = KINDS[card.kind].faults(text, "prediction", gold, card)
        found = KINDS[card.kind].loads(text, "prediction", list(gold), card)
        return faults, found

    return [
        Reader(f"label file: {name}", form, files, "label", golds),
        Reader(f"predictions: {name}", form, files, "prediction", loads),
    ]


def _numbers() -> list[Reader]:
    """Files of numbers, of a card of ratings."""
    files = {"ratings.yaml": "own/ratings.yaml", "label": "own/label", "prediction": "own/prediction"}

    def card(folder: Path) -> TaskCard:
        return all_cards([folder / "ratings.yaml"]).card("ratings")

    def golds(folder: Path) -> dict[str, Any]:
        kind, text = KINDS[card(folder).kind], read_text(folder / "label")
        kind.label_faults(text, "label", card(folder))
        return kind.golds(text, "label", card(folder))

    def loads(folder: Path) -> object:
        kind, text, gold = KINDS[card(folder).kind], read_text(folder / "prediction"), golds(folder)
        return kind.faults(text, "prediction", gold, card(folder)), kind.loads(
            text, "prediction", [*gold], card(folder)
        )

    return [
        Reader("label file: numbers", "lines", files, "label", golds),
        Reader("predictions: numbers", "lines", files, "prediction", loads),
    ]


def _ratings(folder: Path) -> object:
    from xtreme_harness.data.sources import locate

    cards = all_cards([folder / "ratings.yaml"])
    card, data = cards.card("ratings"), parse_data([str(folder)], cards.tasks)
    located = locate(card, "test", "kn", data)
    return located and load_split(card, "kn", "test", located, KINDS[card.kind].parse)


def _judged(folder: Path) -> object:
    """Queries, corpus and judgements of whatever endings lie there, the corpus to its end."""
    files = {role: sorted((folder / "j").glob(f"{role}.*")) for role in ("queries", "corpus", "qrels")}
    return deque(FORMATS["qrels"](files, {}).pool, maxlen=0)


def _qrels(name: str, form: str, changed: str, **others: str) -> Reader:
    endings = {"queries": "tsv", "corpus": "jsonl", "qrels": "trec", **others}
    files = {f"j/{role}.{ending}": f"judged/{role}.{ending}" for role, ending in endings.items()}
    return Reader(f"data: {name}", form, files, f"j/{changed}.{endings[changed]}", _judged)


def _own_card(name: str, place: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        cards = all_cards([folder / f"{name}.yaml"])
        data = parse_data([str(folder / place)], cards.tasks)
        from xtreme_harness.data.sources import locate

        card = cards.tasks[name]
        located = locate(card, "test", "de", data)
        kind = KINDS[card.kind]
        return located and load_split(card, "de", "test", located, kind.parse, kind.passage)

    return read


def _checkpoint(name: str, source: str, file: str, form: str = "json") -> Reader:
    small = {f"m/{one}": f"{source}/{one}" for one in _SMALL[source]}
    return Reader(f"checkpoint: {name}", form, {**small, "base/config.json": "ckpt/xnli/config.json"}, f"m/{file}",
                  lambda folder: find_checkpoint(str(folder / "m"), "xnli"))  # fmt: skip


_SMALL = {
    "ckpt/xnli": ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
    "sentence": ("config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json",
                 "config_sentence_transformers.json", "model.safetensors", "tokenizer.json"),
    "runs/trained/models/xnli": ("config.json", "xharness.json", "model.safetensors", "tokenizer.json"),
    "adapter": ("adapter_config.json", "adapter_model.safetensors", "tokenizer.json"),
}  # fmt: skip
RUN = {"run": "runs/oracle"}

READERS: tuple[Reader, ...] = (
    Reader("task card", "yaml", {"mycard.yaml": "mycard.yaml", "samples/xnli": "samples/xnli"}, "mycard.yaml",
           _own_card("mycard", "samples")),
    Reader("suites", "yaml", {"suites.yaml": "suites.yaml"}, "suites.yaml",
           lambda folder: all_cards([folder / "suites.yaml"]).suites),
    *(Reader(name, form, {"pairs.yaml": "pairs.yaml", "pairs": "pairs"}, file, _own_card("pairs", "."))
      for name, form, file in (("task card: minimal pairs", "yaml", "pairs.yaml"),
                               ("data: minimal pairs", "lines", "pairs/test-de.tsv"))),
    Reader("recipe", "yaml", {"r.yaml": "recipe.yaml"}, "r.yaml",
           lambda folder: read_recipe(str(folder / "r.yaml"), [])),
    Reader("gate rules", "yaml", {"r.yaml": "rules.yaml"}, "r.yaml",
           lambda folder: read_rules(folder / "r.yaml", _cards())),
    Reader("grid", "yaml", {"g.yaml": "grid.yaml"}, "g.yaml", lambda folder: read_grid(folder / "g.yaml")),
    Reader("metadata", "yaml", {"m.yaml": "metadata.yaml"}, "m.yaml", lambda folder: read_metadata(folder / "m.yaml")),
    Reader("metadata, published", "yaml", {"m.yaml": "subs/mine/metadata.yaml"}, "m.yaml",
           lambda folder: read_about(folder / "m.yaml")),
    Reader("scores.json", "json", {"s": "subs/mine"}, "s/scores.json",
           lambda folder: read_submission(folder / "s", _cards())),
    Reader("results.json", "json", RUN, "run/results.json", lambda folder: to_json(read_result(folder / "run"), 0.0)),
    Reader("cell", "json", RUN, "run/cells/xnli/de.json", lambda folder: read_result(folder / "run")),
    Reader("samples", "jsonl", RUN, "run/samples/xnli/de.jsonl",
           lambda folder: read_samples(read_result(folder / "run"), "xnli", "de")),
    Reader("series.json", "json", {"s": "runs/series"}, "s/series.json", lambda folder: read_series(folder / "s")),
    Reader("train.jsonl", "jsonl", {"t": "runs/trained"}, "t/models/xnli/train.jsonl",
           lambda folder: read_training(read_result(folder / "t"))),
    _checkpoint("config.json", "ckpt/xnli", "config.json"),
    _checkpoint("modules.json", "sentence", "modules.json"),
    _checkpoint("pooling", "sentence", "1_Pooling/config.json"),
    _checkpoint("sentence_bert_config.json", "sentence", "sentence_bert_config.json"),
    _checkpoint("config_sentence_transformers.json", "sentence", "config_sentence_transformers.json"),
    _checkpoint("xharness.json", "runs/trained/models/xnli", "xharness.json"),
    _checkpoint("adapter_config.json", "adapter", "adapter_config.json"),
    _format("tsv", "lines", "xnli", "test-de.tsv"),
    _format("csv", "lines", "cosmosqa", "valid.csv", "en", "dev"),
    _format("jsonl", "jsonl", "xcopa", "test-id.jsonl", "id"),
    _format("jsonl (siqa)", "jsonl", "siqa", "socialIQa_v1.4_dev.jsonl", "en", "dev"),
    _format("jsonl (hellaswag)", "jsonl", "hellaswag", "hellaswag_val.jsonl", "en", "dev"),
    _format("jsonl (commonsenseqa)", "jsonl", "commonsenseqa", "dev_rand_split.jsonl", "en", "dev"),
    _format("CoNLL", "lines", "panx", "test-de.tsv"),
    _format("CoNLL-U", "lines", "udpos", "UD_German-GSD/de_gsd-ud-test.conllu", folder="ud"),
    _format("SQuAD", "json", "xquad", "xquad.de.json"),
    _format("LAReQA", "json", "lareqa", "xquad-r/de.json"),
    _format("Mewsli-X mentions", "jsonl", "mewslix", "wikinews_mentions/test-de.jsonl"),
    _format("Mewsli-X pool", "jsonl", "mewslix", "candidate_set_entities.jsonl"),
    _format("Mewsli-X pairs", "jsonl", "mewslix", "wikipedia_pairs-dev.jsonl", "en", "dev"),
    _qrels("queries", "lines", "queries"),
    _qrels("corpus, objects", "jsonl", "corpus"),
    _qrels("corpus, lines", "lines", "corpus", corpus="tsv"),
    _qrels("qrels of TREC", "lines", "qrels"),
    _qrels("qrels of BEIR", "lines", "qrels", qrels="tsv"),
    Reader("label file: grades", "json", {"label": "judged/grades.json"}, "label",
           lambda folder: KINDS["ranking"].golds(read_text(folder / "label"), "label", _cards().tasks["mewslix"])),
    _format("BUCC", "lines", "bucc2018", "de-en.test.de"),
    _format("BUCC gold", "lines", "bucc2018", "de-en.dev.gold", split="dev"),
    _format("Tatoeba", "lines", "tatoeba", "tatoeba.deu-eng.deu"),
    _format("labels_file", "json", "ccg", "tags_to_id.json", "en", folder="ccg"),
    _format("several splits", "jsonl", "massive", "1.0/data/de-DE.jsonl", "de-DE"),
    _format("annotated slots", "jsonl", "massive_slots", "1.0/data/zh-CN.jsonl", "zh-CN", folder="samples/massive"),
    _format("Winograd schemas", "lines", "xwinograd", "dataset.tsv", "en", folder="winograd/xwinograd"),
    Reader("data: ratings", "lines", {"ratings.yaml": "own/ratings.yaml", "ratings": "own/ratings"},
           "ratings/test-kn.csv", _ratings),
    *_numbers(),
    *_side("classification", "lines", "xnli"),
    *_side("tags", "lines", "panx"),
    *_side("answers", "json", "xquad"),
    *_side("choices", "jsonl", "xcopa", "id"),
    *_side("entities", "json", "mewslix"),
    *_side("mined pairs", "lines", "bucc2018"),
    *_side("nearest sentences", "lines", "tatoeba"),
    Reader("--mlm text", "lines", {"t": "texts"}, "t/de.txt", lambda folder: read_texts(folder / "t")),
)  # fmt: skip
