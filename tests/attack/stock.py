"""The valid files that bad ones are made from, each made once: data, runs, checkpoints, submissions."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

__all__ = ["make_stock"]

CONLLU = """# sent_id = 1
1\tDer\tder\tDET\tART\t_\t2\tdet\t_\t_
2\tHund\tHund\tNOUN\tNN\t_\t3\tnsubj\t_\t_
3\tbellt\tbellen\tVERB\tVVFIN\t_\t0\troot\t_\t_

# sent_id = 2
1-2\tzum\t_\t_\t_\t_\t_\t_\t_\t_
1\tzu\tzu\tADP\tAPPR\t_\t3\tcase\t_\t_
2\tdem\tder\tDET\tART\t_\t3\tdet\t_\t_
3\tHaus\tHaus\tNOUN\tNN\t_\t0\troot\t_\t_

"""
WINOGRAD = """\
en\town\t?\tThe cup hit it.\t["The", "cup", "hit", "it", "."]\t["it", [3, 4], ["it"]]\t\
[["a cup", [0, 1], ["a"], true], ["a lamp", [1, 2], ["b"], false]]
ru\town\tIt fell.\tОно упало.\t["Оно", "упало", "."]\t["Оно", [0, 1], ["Оно"]]\t\
[["стекло", [0, 1], ["a"], false], ["дерево", [1, 2], ["b"], true]]
en\town\t?\tIt fell.\t["It", "fell", "."]\t["It", [0, 1], ["It"]]\t\
[["A cup", [0, 1], ["a"], false], ["A lamp", [1, 2], ["b"], true]]
"""
METADATA = """kind: predictions
model: "Tiny"
suite: xtreme-r
contact: someone@example.org
licence: MIT
parameters: 1000000
pretraining_languages: [en]
pretraining_data: texts
fine_tuning_data: XNLI
"""
PUBLISHED = """kind: published
model: "Tiny"
suite: xtreme
setting: zero-shot
split: test
source: "a paper"
url: https://example.org
qa_convention: f1
verified: true
"""
GRID = """bases: [base]
intermediates: [hellaswag]
targets: [tatoeba]
languages: [de, sw]
seeds: [1]
data: samples
recipe: fast
set: [max_steps=2]
"""
RECIPE = """name: mine
title: a recipe
defaults:
  {lr: 5.0e-5, epochs: 1, batch_size: 8, max_length: 64, warmup_ratio: 0.1, weight_decay: 0.01, max_steps: 2,
   selection: last}
search: {lr: [5.0e-5, 1.0e-4], dropout: [null, 0.1]}
tasks:
  squad: {max_length: 128, search: {lr: [1.0e-5]}}
"""
SUITES = """own:
  title: two
  tasks: [xnli, tatoeba]
  groups: {nli: [xnli], search: [tatoeba]}
  languages: {xnli: [de, en], "*": [de, sw]}
  metrics: {xnli: accuracy}
  mean: languages
  overall: own_mean
other:
  groups: {nli: [xnli]}
"""
SUITE = """suite: lone
groups: {nli: [xnli], search: [tatoeba]}
languages: [de, sw]
mean: groups
overall: lone_mean
"""
RULES = """rules:
  - name: tasks
    task: "*"
    max_drop: 100.0
    significant_drop: {alpha: 0.05, correction: holm, min_drop: 100}
  - name: nothing lost
    new_failures: forbid
    missing: forbid
"""
PAIRS = """name: pairs
title: two sentences
kind: minimal_pairs
metric: accuracy
licence: CC0
languages: [de]
extension: jsonl
options: {variant: original, bad: [bad]}
official:
  format: tsv
  files: {test: "pairs/test-{language}.tsv"}
  options: {header: true, quoting: csv, columns: {good: good, bad: bad}}
"""


def make_stock(stock: Path) -> None:
    """Write everything below a folder."""
    from tests.fixtures.generated_folders import write_folders
    from tests.fixtures.own_cards import ratings
    from tests.fixtures.tiny_checkpoint import build_checkpoint
    from xtreme_harness import evaluate
    from xtreme_harness.cards import folder
    from xtreme_harness.demonstration.tiny import build_base

    samples = folder() / "samples"
    (stock / "samples").mkdir(parents=True)
    shutil.copytree(samples, stock / "samples", dirs_exist_ok=True)
    _texts(stock)
    ratings(stock / "own")
    for name in ("label", "prediction"):
        (stock / "own" / name).write_text("".join(f"{i / 7}\n" for i in range(30)), "utf-8")
    for suite in ("xtreme", "xtreme-r"):
        write_folders(stock / suite, suite, 1, size=6)
    build_checkpoint(stock / "ckpt")
    build_base(stock / "base")
    asked: dict[str, Any] = {"data": "samples", "languages": "de,en", "log_samples": True}
    for model in ("oracle", "random"):
        evaluate(model, ["xnli", "panx", "xquad"], output=stock / "runs" / model, **asked)
    evaluate(
        stock / "ckpt" / "encoder", ["xnli"], output=stock / "runs" / "trained", data="samples", languages="de",
        recipe="fast", settings=["max_steps=2", "epochs=1"],
    )  # fmt: skip
    _checkpoints(stock)
    _series(stock)


def _texts(stock: Path) -> None:
    for name, text in {
        "suites.yaml": SUITES, "suite.yaml": SUITE,
        "rules.yaml": RULES, "grid.yaml": GRID, "recipe.yaml": RECIPE, "metadata.yaml": METADATA,
        "subs/mine/metadata.yaml": PUBLISHED,
        "subs/mine/scores.json": json.dumps({"tasks": {"xnli": {"accuracy": 70.5}, "xquad": {"f1": 60.0}}}),
        "texts/en.txt": "the hat of the old man\n" * 40, "texts/de.txt": "der Hut des alten Mannes\n" * 40,
        "ud/UD_German-GSD/de_gsd-ud-test.conllu": CONLLU,
        "ccg/tags_to_id.json": json.dumps({"N": 0, "NP": 1, "S": 2}),
        **{f"ccg/{split}.tsv": "the man sleeps\tNP N S\na dog\tNP N\n" * 4 for split in ("train", "dev", "test")},
        "winograd/xwinograd/dataset.tsv": WINOGRAD,
        "judged/queries.tsv": "q1\tdie See\nq2\tein Haus\nq3\tder Baum\n",
        "judged/corpus.jsonl": "".join(
            json.dumps({"docid": f"7#{i}", "title": "Haus" * (i % 2), "text": "am See"}) + "\n" for i in range(9)
        ),
        "judged/corpus.tsv": "7#0\tHaus\tam See\n7#1\t\tam See\n7#2\tBaum\tim Haus\n",
        "judged/qrels.trec": "q1 Q0 7#0 1\nq1 Q0 7#1 0\nq2 Q0 7#2 2\n",
        "judged/qrels.tsv": "query-id\tcorpus-id\tscore\nq1\t7#0\t1\nq2\t7#2\t2\n",
        "judged/grades.json": json.dumps({"q1": {"7#0": 1, "7#1": 0}, "q2": {"7#2": 2}}),
        "mycard.yaml": _card(), "above.yaml": "include: base.yaml\ntrain: [above]\n",
        "base.yaml": _card().replace("mycard", "base"),
        "pairs.yaml": PAIRS, "pairs/test-de.tsv": "good\tbad\nEr ist da.\tEr sind da.\nSie kommen.\tSie kommt.\n",
    }.items():  # fmt: skip
        (stock / name).parent.mkdir(parents=True, exist_ok=True)
        (stock / name).write_text(text, "utf-8")


def _card() -> str:
    from xtreme_harness.cards import folder

    text = (folder() / "xnli.yaml").read_text("utf-8")
    return text.replace("name: xnli", "name: mycard").replace("train: [xnli]\n", "train: [mycard]\n")


def _checkpoints(stock: Path) -> None:
    """A sentence encoder with its own pooling, and an adapter."""
    sentence = stock / "sentence"
    shutil.copytree(stock / "ckpt" / "encoder", sentence)
    modules = [{"idx": i, "name": str(i), "type": f"sentence_transformers.models.{kind}", "path": path}
               for i, (kind, path) in enumerate([("Transformer", ""), ("Pooling", "1_Pooling")])]  # fmt: skip
    (sentence / "modules.json").write_text(json.dumps(modules))
    (sentence / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (sentence / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (sentence / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
    prompts = {"prompts": {"query": "q: "}, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    (sentence / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    _adapter(stock)


def _adapter(stock: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    base = AutoModelForSequenceClassification.from_pretrained(stock / "ckpt" / "xnli")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft asks transformers by an older name
        adapted = get_peft_model(base, LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query"]))
        adapted.save_pretrained(stock / "adapter")
    file = stock / "adapter" / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "base_model_name_or_path": "../base"}))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(stock / "ckpt" / "xnli" / name, stock / "adapter" / name)


def _series(stock: Path) -> None:
    from xtreme_harness import evaluate, evaluate_series

    for step in (1, 2):
        shutil.copytree(stock / "ckpt" / "xnli", stock / "steps" / f"step-{step}")
    asked: Any = {"data": "samples", "languages": "de", "train": "never"}
    evaluate_series(
        f"{stock}/steps/*", lambda one, out: evaluate(one, ["xnli"], output=out, **asked), stock / "runs" / "series"
    )
