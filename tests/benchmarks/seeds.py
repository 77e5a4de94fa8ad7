"""Our training loop against `transformers.Trainer`: same data, same features, same recipe, several seeds.

`python -m tests.benchmarks.seeds` trains a real encoder (all-MiniLM-L6-v2, 22 million weights, from the test extra) on
English data with both, and prints the English scores: mean and spread over the seeds, and whether the two means differ
by more than seeds alone explain (a t test at 5 %). A few seeds tell only large differences from noise: read the means
too.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tabulate import tabulate

from tests.benchmarks.materials import ENCODER, REAL, load
from xtreme_harness.cards import TaskCard
from xtreme_harness.cards.recipe import Hyper
from xtreme_harness.kinds import KINDS
from xtreme_harness.kinds.predict import predict
from xtreme_harness.metrics import METRICS
from xtreme_harness.records import Lesson, Split
from xtreme_harness.scoring.means import headline
from xtreme_harness.scoring.score import score

SIDES = ("xharness", "transformers.Trainer")
CRITICAL = {2: 4.303, 4: 2.776, 6: 2.447, 8: 2.306, 18: 2.101}  # of |t| at 5 %, two-sided, by degrees of freedom
HELD_OUT = 400  # examples of TyDiQA's training file that are not trained on: its dev answers are not in the data


@dataclass(frozen=True, slots=True)
class Study:
    """A training set and the English test of what was learned."""

    name: str
    train: str
    test: tuple[str, str]  # task and split; the training task's own name and "train": its last examples, held out
    hyper: Hyper
    examples: int  # trained on, at most


def studies(epochs: float, rate: float, tagged: int, asked: int) -> tuple[Study, ...]:
    """What is trained and tested; the number of sentences of the tagging tasks, and of questions of the others."""
    shared = {"lr": rate, "warmup_ratio": 0.1, "weight_decay": 0.01, "selection": "last"}
    tags = Hyper(epochs=epochs, batch_size=32, max_length=128, **shared)
    spans = Hyper(epochs=epochs, batch_size=16, max_length=256, **shared)
    return (
        Study("UD-POS", "udpos", ("udpos", "dev"), tags, tagged),
        Study("PAN-X", "panx", ("panx", "dev"), tags, tagged),
        Study("SQuAD, then XQuAD", "squad", ("xquad", "test"), spans, asked),
        Study("TyDiQA-GoldP", "tydiqa", ("tydiqa", "train"), spans, asked),
    )


def main() -> int:
    """Train, test, print; 1 where a difference exceeds what seeds explain."""
    given = _arguments()
    if not REAL.is_dir():
        print(f"{REAL}: no real data; the samples are too small to train on", file=sys.stderr)
        return 2
    lines, record = [], []
    for study in studies(given.epochs, given.rate, given.sentences, given.questions):
        if given.only and study.train not in given.only:
            continue
        train, test = _data(study, given.tests)
        scores: dict[str, list[float]] = {side: [] for side in SIDES}
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        for seed in given.seeds:
            for side, trained in zip(SIDES, (_ours, _theirs), strict=True):
                started = time.perf_counter()
                model = trained(study, train, seed, given.dtype)
                seconds[side].append(time.perf_counter() - started)
                scores[side].append(_score(model, *test))
                print(f"{study.name}, seed {seed}, {side}: {scores[side][-1]:.2f}", file=sys.stderr)
        lines.append(_line(study, train[0], scores, seconds))
        record.append({"study": study.name, "hyper": study.hyper.model_dump(), "scores": scores, "seconds": seconds})
    headers = ["task", "examples", *SIDES, "difference", "t", "within seed noise", "seconds", "theirs"]
    print(tabulate(lines, headers=headers, tablefmt="pipe", disable_numparse=True))
    if given.output:
        given.output.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    return int(any(line[-3] == "no" for line in lines))


def welch(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Difference of two means in units of its own standard error; infinite where nothing varies and they differ.

    >>> welch([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    0.0
    """
    difference = statistics.mean(ours) - statistics.mean(theirs)
    error = math.sqrt(sum(statistics.variance(side) / len(side) for side in (ours, theirs)))
    if error == 0:
        return math.copysign(math.inf, difference) if difference else 0.0
    return difference / error


def _line(
    study: Study, train: Split[Any], scores: dict[str, list[float]], seconds: dict[str, list[float]]
) -> list[str]:
    ours, theirs = (scores[side] for side in SIDES)
    means = [f"{statistics.mean(s):.2f} +- {statistics.stdev(s) if len(s) > 1 else 0:.2f}" for s in (ours, theirs)]
    t = welch(ours, theirs) if len(ours) > 1 else math.nan
    freedom = 2 * (len(ours) - 1)
    critical = next((value for least, value in sorted(CRITICAL.items(), reverse=True) if freedom >= least), math.inf)
    noise = "" if math.isnan(t) else "yes" if abs(t) <= critical else "no"
    times = [f"{statistics.median(seconds[side]):.0f}" for side in SIDES]
    difference = f"{statistics.mean(ours) - statistics.mean(theirs):+.2f}"
    return [study.name, str(len(train.examples)), *means, difference, f"{t:.1f}", noise, *times]


def _data(study: Study, tests: int) -> tuple[tuple[Split[Any], TaskCard], tuple[Split[Any], TaskCard]]:
    """The training set and the test set, each with its card in the study's length."""
    train, card = load(study.train, "train", "en", str(REAL))
    task, split = study.test
    if split == "train":
        test, asked = replace(train, examples=train.examples[-HELD_OUT:]), card
        train = replace(train, examples=train.examples[:-HELD_OUT])
    else:
        test, asked = load(task, split, "en", str(REAL))
    train = replace(train, examples=train.examples[: study.examples])
    test = replace(test, examples=test.examples[:tests])
    return (train, _cut(card, study.hyper)), (test, _cut(asked, study.hyper))


def _cut(card: TaskCard, hyper: Hyper) -> TaskCard:
    from xtreme_harness.plan.stage import with_length

    return with_length(card, hyper)


def _ours(study: Study, train: tuple[Split[Any], TaskCard], seed: int, dtype: str) -> Any:
    """Our loop; returns a model that predicts."""
    from xtreme_harness.cards.recipe import Mixture
    from xtreme_harness.training.course import Course, head_of, lessons_of
    from xtreme_harness.training.loop import fit
    from xtreme_harness.training.network import Role, build

    split, card = train
    kind = KINDS[card.kind]
    role = Role(card.name, head_of(kind), card.labels, card.aliases)
    trainee = build(_checkpoint(), [role], study.hyper, seed)
    course = Course(role, study.hyper, lessons_of(kind, split, trainee.tokenizer, card))
    with tempfile.TemporaryDirectory() as folder:
        fit(trainee, [course], study.hyper, Mixture(), Path(folder), seed, dtype=dtype)
    return _reader(trainee.members[card.name], trainee.tokenizer)


def _theirs(study: Study, train: tuple[Split[Any], TaskCard], seed: int, dtype: str) -> Any:
    """`transformers.Trainer` on the same features; returns a model that predicts."""
    import transformers

    from xtreme_harness.models.load import fitted_tokenizer
    from xtreme_harness.training.course import lessons_of

    split, card = train
    kind, hyper = KINDS[card.kind], study.hyper
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    transformers.set_seed(seed)
    place = _checkpoint().path
    network = getattr(transformers, str(kind.head)).from_pretrained(place, num_labels=len(card.labels) or 2)
    tokenizer = fitted_tokenizer(transformers.AutoTokenizer.from_pretrained(place), network)
    lessons = lessons_of(kind, split, tokenizer, card)
    steps = math.ceil(hyper.epochs * math.ceil(len(lessons) / hyper.batch_size))
    warmup = round(hyper.warmup_ratio * steps)  # in steps: the two round a ratio differently
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            folder, learning_rate=hyper.lr, num_train_epochs=hyper.epochs, warmup_steps=warmup,
            per_device_train_batch_size=hyper.batch_size, weight_decay=hyper.weight_decay, seed=seed,
            max_grad_norm=hyper.max_grad_norm, lr_scheduler_type=hyper.schedule, bf16=_bfloat16(dtype),
            use_cpu=not _cuda(), save_strategy="no", report_to="none", disable_tqdm=True, logging_strategy="no",
        )  # fmt: skip
        trainer = transformers.Trainer(network, arguments, train_dataset=lessons, data_collator=_collated)
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    return _reader(network, tokenizer)


def _collated(lessons: Sequence[Lesson]) -> dict[str, Any]:
    """Padded tensors of a batch, with the goals as the transformers head of their kind takes them."""
    import torch

    rows = [lesson.rows[0] for lesson in lessons]
    longest = max(len(row.ids) for row in rows)
    table = {name: torch.zeros(len(rows), longest, dtype=torch.long) for name in ("input_ids", "attention_mask")}
    table["token_type_ids"] = torch.zeros_like(table["input_ids"])
    for i, row in enumerate(rows):
        size = len(row.ids)
        table["input_ids"][i, :size] = torch.tensor(list(row.ids))
        table["attention_mask"][i, :size] = 1
        if row.types is not None:
            table["token_type_ids"][i, :size] = torch.tensor(list(row.types))
    if rows[0].keep is None:
        starts, ends = zip(*(lesson.goals for lesson in lessons), strict=True)
        return {**table, "start_positions": torch.tensor(starts), "end_positions": torch.tensor(ends)}
    labels = torch.full_like(table["input_ids"], -100)
    for i, lesson in enumerate(lessons):
        labels[i, list(rows[i].keep or ())] = torch.tensor(lesson.goals)
    return {**table, "labels": labels}


def _score(model: Any, split: Split[Any], card: TaskCard) -> float:
    """Percent, by the task's own metric."""
    metric = METRICS[card.metric]
    answers = predict(model, KINDS[card.kind], split, card)
    return headline(metric, score(metric, KINDS[card.kind], split, answers.found).values)


def _reader(network: Any, tokenizer: Any) -> Any:
    import torch

    from xtreme_harness.models.load import Model

    return Model(tokenizer, network.eval(), torch.device("cuda" if _cuda() else "cpu"))


def _checkpoint() -> Any:
    from xtreme_harness.models.checkpoint import find_checkpoint

    return find_checkpoint(str(ENCODER), None)


def _bfloat16(dtype: str) -> bool:
    from xtreme_harness.models.device import choose_device, choose_dtype

    return choose_dtype(dtype, choose_device("auto")) == "bfloat16"


def _cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.seeds", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sentences", type=int, default=600, help="training sentences of a tagging task, at most")
    parser.add_argument("--questions", type=int, default=300, help="training questions of a QA task, at most")
    parser.add_argument("--tests", type=int, default=300, help="test examples of each task, at most")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--rate", type=float, default=1e-4, help="learning rate")
    parser.add_argument("--dtype", default="auto", choices=("auto", "float32", "bfloat16"))
    parser.add_argument("--only", nargs="+", choices=("udpos", "panx", "squad", "tydiqa"))
    parser.add_argument("-o", "--output", type=Path, help="JSON file with the score of every seed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
