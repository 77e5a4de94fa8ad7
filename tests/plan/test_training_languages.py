"""Training languages from end to end: each target's own, all joined, those named; what is absent, what is recorded."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fixtures.families import build
from tests.fixtures.many_languages import write_task
from xtreme_harness import DataError, ModelError, evaluate, train
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.plan.request import EvalRequest, TrainRequest

pytestmark = pytest.mark.slow

NONE = "no training data of agree in this language"
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder without any head."""
    torch.set_num_threads(1)
    return build("bert", None, tmp_path_factory.mktemp("base") / "bert")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A card and its data; Yoruba has no training set, Swahili no dev set."""
    return write_task(tmp_path_factory.mktemp("task"))


@pytest.fixture
def flags(task: tuple[Path, Path]) -> list[object]:
    card, data = task
    return ["-t", "agree", "--include-path", card, "--data", data, "--recipe", "fast", "--dtype", "float32"]


@pytest.fixture
def evaluated(xharness: Run, base: Path, flags: list[object], tmp_path: Path) -> Run:
    """`xharness eval` on the task, into `out`."""

    def run(*args: object, model: Path = base, out: str = "out") -> Any:
        return xharness("eval", "-m", model, *flags, "--set", "max_steps=2", "-o", tmp_path / out, *args)

    return run


def result(out: Path) -> dict[str, Any]:
    own: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))["xharness"]
    return own


def cells(out: Path) -> dict[str, str]:
    """Language -> what its signature says of training and selection."""
    found = {}
    for cell in result(out)["cells"]:
        parts = [part for part in cell["signature"].split("|") if part.startswith(("train:", "select:"))]
        found[cell["language"]] = "|".join(parts)
    return found


def units(out: Path) -> list[str]:
    return sorted(path.parent.name for path in (out / "models").glob("*/xharness.json"))


def lineage(model: Path) -> dict[str, Any]:
    last: dict[str, Any] = json.loads((model / "xharness.json").read_text("utf-8"))["lineage"][-1]
    return last


def test_every_language_has_a_model_of_its_own_and_one_without_data_is_missing(evaluated: Run, tmp_path: Path) -> None:
    done, out = evaluated("--train-on", "target"), tmp_path / "out"
    assert done.status == 0, done.err
    assert units(out) == ["agree", "agree.de", "agree.sw"]
    assert cells(out) == {"en": "", "de": "train:target", "sw": "train:target"}
    (absent,) = result(out)["missing"]
    assert (absent["language"], absent["reason"].partition(" has ")[2]) == ("yo", NONE)
    assert lineage(out / "models/agree.de")["train_languages"] == {"agree": ["de"]}
    assert "train_on" not in lineage(out / "models/agree")
    hashes = {unit: lineage(out / "models" / unit)["data"]["agree"]["train"] for unit in units(out)}
    assert len({str(value) for value in hashes.values()}) == 3
    assert result(out)["transfer_gap"] == {}, "nothing is transferred where each language is trained on"
    again = evaluated("--train-on", "target")
    assert "kept all 3 of 3 cells" in again.out
    assert "training agree" not in again.err


def test_another_choice_is_computed_anew_and_the_fields_are_named(evaluated: Run, tmp_path: Path) -> None:
    assert evaluated("--train-on", "target", "--languages", "en,de").status == 0
    done = evaluated("--languages", "en,de")
    assert done.status == 0, done.err
    assert "agree de: computed anew, because model, train_languages, train_on changed" in done.err
    assert "agree en" not in done.err, "English is trained on English either way"
    assert cells(tmp_path / "out") == {"en": "", "de": ""}
    assert list(result(tmp_path / "out")["transfer_gap"]) == ["agree"]


@pytest.mark.parametrize(
    ("words", "unit", "languages", "said"),
    [("all", "agree.all", ["en", "de", "sw"], "train:all"), ("sw,de", "agree.de+sw", ["de", "sw"], "train:de+sw")],
)
def test_joined_sets_serve_all_languages(
    evaluated: Run, tmp_path: Path, words: str, unit: str, languages: list[str], said: str
) -> None:
    done, out = evaluated("--train-on", words, "--limit-train", 10), tmp_path / "out"
    assert done.status == 0, done.err
    assert units(out) == [unit]
    assert cells(out) == dict.fromkeys(("en", "de", "sw", "yo"), said)
    last = lineage(out / "models" / unit)
    assert last["train_languages"] == {"agree": languages}
    assert last["examples"] == {"agree": 10 * len(languages)}, "the limit is of each language"
    assert f"training agree in {', '.join(languages)} from" in done.err


def test_weights_are_chosen_on_the_language_or_on_english(evaluated: Run, tmp_path: Path) -> None:
    done, out = evaluated("--select-on", "target"), tmp_path / "out"
    assert done.status == 0, done.err
    assert units(out) == ["agree", "agree.dev-de", "agree.dev-yo"]
    assert cells(out) == {"en": "", "de": "select:target", "yo": "select:target"}
    (absent,) = result(out)["missing"]
    assert absent["language"] == "sw"
    assert absent["reason"].endswith("has no dev data of agree in this language, on which its weights would be chosen")
    assert lineage(out / "models/agree.dev-de")["select_language"] == {"agree": "de"}
    assert "agree.dev-de: step 1: de dev: agree " in done.err
    assert evaluated("--train-on", "target", "--select-on", "target", "--languages", "de").status == 0
    assert cells(out) == {"de": "train:target|select:target"}
    assert "agree.de.dev-de" in units(out)


def test_the_card_says_what_a_task_is_trained_on_and_the_flag_wins(
    evaluated: Run, task: tuple[Path, Path], tmp_path: Path
) -> None:
    own = tmp_path / "agree.yaml"
    own.write_text(task[0].read_text("utf-8") + "train_on: [de, sw]\n", "utf-8")
    assert evaluated("--include-path", own, "--languages", "de").status == 0
    assert units(tmp_path / "out") == ["agree.de+sw"]
    assert evaluated("--include-path", own, "--languages", "de", "--train-on", "english").status == 0
    assert units(tmp_path / "out") == ["agree", "agree.de+sw"]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("train_on: some", "train_on: expected english, target, all, or a list of different codes (found 'some')"),
        ("train_on: [all, de]", "train_on: expected english, target, all, or a list of different codes"),
        ("train_on: [de, de]", "train_on: expected english, target, all, or a list of different codes"),
        ("train_on: []", "train_on: expected english, target, all, or a list of different codes"),
        ("select_on: all", "select_on: Input should be 'english' or 'target' (found 'all')"),
    ],
)
def test_a_card_that_says_something_else_is_refused(
    evaluated: Run, task: tuple[Path, Path], tmp_path: Path, value: str, fault: str
) -> None:
    own = tmp_path / "agree.yaml"
    own.write_text(task[0].read_text("utf-8") + value + "\n", "utf-8")
    done = evaluated("--include-path", own)
    assert (done.status, len(done.errors)) == (2, 1)
    assert fault in done.errors[0]


def test_a_language_of_the_card_that_it_does_not_have_is_named(
    evaluated: Run, task: tuple[Path, Path], tmp_path: Path
) -> None:
    own = tmp_path / "agree.yaml"
    own.write_text(task[0].read_text("utf-8") + "train_on: [de, fr]\n", "utf-8")
    done = evaluated("--include-path", own)
    assert done.status == 2
    assert done.errors == ["error: agree: train_on fr: agree has no such language; it has en, de, sw, yo"]


def test_what_is_named_and_absent_costs_that_alone(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--train-on", "target", "--languages", "de,yo")
    assert (done.status, len(done.errors)) == (3, 1)
    assert done.errors[0].startswith("failed: agree yo: ")
    assert done.errors[0].endswith(" has no training data of agree in this language")
    assert cells(tmp_path / "out") == {"de": "train:target"}
    assert units(tmp_path / "out") == ["agree.de"]


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (("--train-on", "target", "--languages", "yo"), f"agree yo: DATA has {NONE}"),
        (("--train-on", "de,yo"), "to train it: agree: DATA has no training data in yo; use --data hub, or a folder"),
        (("--train-on", "fr"), "--train-on fr: agree has no such language"),
        (("--train-on", "german"), "--train-on german: no code of a language (did you mean 'de'?); expected english"),
        (("--train-on", "target,de"), "--train-on ('target', 'de'): expected english, target, all, or codes"),
        (("--train-on", "de,de"), ""),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    evaluated: Run, task: tuple[Path, Path], tmp_path: Path, args: tuple[str, ...], fault: str
) -> None:
    done = evaluated(*args, "--dry-run")
    if not fault:
        assert done.status == 0
        return
    assert (done.status, len(done.errors)) == (2, 1)
    assert fault.replace("DATA", str(task[1])) in done.errors[0]
    assert not (tmp_path / "out").exists()


def test_a_dry_run_shows_every_unit_and_what_is_absent(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--train-on", "target", "--limit-train", 10, "--dry-run")
    assert done.status == 0, done.err
    rows = [[part.strip() for part in line.split("|")[1:4]] for line in done.out.splitlines() if "| target" in line]
    assert rows == [["agree", "target", "10"], ["agree.de", "target", "10"], ["agree.sw", "target", "10"]]
    assert re.search(r"3 cells -> .*/out; trains agree, agree.de, agree.sw first; under a minute", done.out)
    assert re.search(r"missing: agree yo: .* has no training data of agree in this language", done.out)
    joined = evaluated("--train-on", "all", "--limit-train", 10, "--dry-run")
    assert re.search(r"\| agree.all +\| target +\| 30 ", joined.out)
    assert "agree.all: trained on 3 of the languages of agree: en de sw" in joined.out
    named = evaluated("--train-on", "target", "--languages", "de,yo", "--dry-run")
    assert named.status == 0
    assert re.search(r"failed: agree yo: .* has no training data of agree in this language", named.out)


def test_a_self_test_is_not_trained_at_all(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--train-on", "target", model=Path("oracle"))
    assert done.status == 0, done.err
    assert cells(tmp_path / "out") == dict.fromkeys(("en", "de", "sw", "yo"), "")


def test_a_folder_of_models_by_language_serves_and_is_not_mistaken(evaluated: Run, tmp_path: Path) -> None:
    assert evaluated("--train-on", "target", out="first").status == 0
    models = tmp_path / "first/models"
    done = evaluated("--train-on", "target", "--train", "never", "--languages", "de,sw", model=models)
    assert done.status == 0, done.err
    assert cells(tmp_path / "out") == {"de": "train:target", "sw": "train:target"}
    (models / "agree.sw").rename(models / "agree.yo")
    wrong = evaluated("--train-on", "target", "--train", "never", "--languages", "yo", model=models, out="wrong")
    assert (wrong.status, len(wrong.errors)) == (2, 1)
    assert wrong.errors[0].endswith("models/agree.yo: was trained on sw, not on yo")
    other = evaluated("--train-on", "all", "--train", "never", "--languages", "de", model=models, out="wrong")
    assert other.status == 2
    assert "was trained on English, not on en, de, sw" in other.errors[0]


def test_a_checkpoint_says_itself_what_it_was_trained_on(
    evaluated: Run, xharness: Run, base: Path, flags: list[object], tmp_path: Path
) -> None:
    folder = tmp_path / "de"
    done = xharness("train", "-m", base, *flags, "--set", "max_steps=2", "--train-on", "de", "-o", folder)
    assert done.status == 0, done.err
    assert (lineage(folder)["train_on"], lineage(folder)["tasks"]) == ({"agree": "de"}, ["agree"])
    kept = ("--keep-head", "--train", "never")  # train calls what no suite reads intermediate
    assert evaluated(*kept, "--languages", "de,en", model=folder).status == 0
    assert cells(tmp_path / "out") == {"de": "train:de", "en": "train:de"}
    asked = evaluated(*kept, "--languages", "de", "--train-on", "target", model=folder)
    assert asked.status == 0, asked.err
    assert cells(tmp_path / "out") == {"de": "train:target"}, "it is the model that was asked for"
    refused = evaluated(*kept, "--languages", "de", "--train-on", "english", model=folder)
    assert (refused.status, len(refused.errors)) == (2, 1)
    assert refused.errors[0].endswith("de: was trained on de, not on English")


def test_trained_for_one_language_or_for_those_named(base: Path, task: tuple[Path, Path], tmp_path: Path) -> None:
    card, data = task
    options: dict[str, Any] = {
        "include": card, "data": data, "recipe": "fast", "settings": ["max_steps=1"], "dtype": "float32",
    }  # fmt: skip
    (one,) = train(base, "agree", train_on="all", output=tmp_path / "all", **options)
    assert one.notes["lineage"][-1]["train_languages"] == {"agree": ["en", "de", "sw"]}
    (two,) = train(base, "agree", train_on=["de"], select_on="target", output=tmp_path / "de", **options)
    assert two.notes["lineage"][-1]["select_language"] == {"agree": "de"}
    with pytest.raises(ModelError, match="--train-on target: train leaves one checkpoint, for no one language"):
        train(base, "agree", train_on="target", output=tmp_path / "no", **options)
    with pytest.raises(DataError, match="select_on target: a checkpoint of several languages has none"):
        train(base, "agree", train_on="all", select_on="target", output=tmp_path / "no", **options)
    (tmp_path / "mt/agree").mkdir(parents=True)
    shutil.copy(data / "agree/de/train.tsv", tmp_path / "mt/agree/de.tsv")
    with pytest.raises(DataError, match="is of the English data; add --train-on english"):
        train(base, "agree", train_on="de", translated=tmp_path / "mt", output=tmp_path / "no", **options)
    own = tmp_path / "agree.yaml"
    own.write_text(card.read_text("utf-8") + "train_on: target\n", "utf-8")
    with pytest.raises(DataError, match="its card says train_on: target, and train leaves one checkpoint; add --train"):
        train(base, "agree", output=tmp_path / "no", **(options | {"include": own}))
    assert not (tmp_path / "no").exists()


def test_runs_of_other_training_languages_are_not_set_beside_each_other(
    evaluated: Run, xharness: Run, task: tuple[Path, Path], tmp_path: Path
) -> None:
    assert evaluated("--languages", "de,sw").status == 0
    assert evaluated("--languages", "de,sw", "--train-on", "target", out="target").status == 0
    runs = (tmp_path / "out", tmp_path / "target", "--include-path", task[0])
    done = xharness("compare", *runs)
    assert (done.status, done.errors) == (2, [
        "error: agree: train_on differs: english and target in de, and so in 1 more; these results are not comparable; "
        "--force compares them nevertheless"
    ])  # fmt: skip
    assert xharness("compare", *runs, "--force").status == 0
    gate = xharness("gate", *runs)
    assert gate.status == 2
    assert "train_on differs: english and target" in gate.errors[0]


def test_seeds_are_trained_each(evaluated: Run, tmp_path: Path) -> None:
    done = evaluated("--train-on", "target", "--languages", "de,yo", "--seeds", "1,2")
    assert (done.status, len(done.errors)) == (3, 1)
    assert [units(tmp_path / "out" / f"seed-{seed}") for seed in (1, 2)] == [["agree.de"], ["agree.de"]]
    assert cells(tmp_path / "out") == {"de": "train:target"}


def test_languages_share_the_stage_before_their_own(base: Path, task: tuple[Path, Path], tmp_path: Path) -> None:
    card, data = task
    (tmp_path / "agree.yaml").write_text(card.read_text("utf-8").replace("train: [agree]", "train: [first, agree]"))
    (tmp_path / "first.yaml").write_text(card.read_text("utf-8").replace("name: agree", "name: first"))
    first = tmp_path / "data"
    shutil.copytree(data, first)
    shutil.copytree(data / "agree", first / "first")
    found = evaluate(
        base, "agree", include=tmp_path, data=first, recipe="fast", settings=["max_steps=1"], dtype="float32",
        train_on="target", languages="de,sw", output=tmp_path / "out",
    )  # fmt: skip
    assert not found.failed
    assert units(tmp_path / "out") == ["agree.de", "agree.sw", "first"]
    assert lineage(tmp_path / "out/models/first").get("train_on") is None, "what goes before is English"


def test_requests_read_what_a_caller_has() -> None:
    assert EvalRequest.of("m", "t", train_on="de,sw").train_on == ("de", "sw")
    assert EvalRequest.of("m", "t", train_on=["target"], select_on="target").faults() == []
    assert TrainRequest.of("m", "t", train_on=["target"]).faults() != []
    assert EvalRequest.of("m", "t", select_on="all").faults() == ["--select-on all: expected english, target"]


def test_the_fingerprints_of_english_say_nothing(task: tuple[Path, Path]) -> None:
    card = all_cards([task[0]]).card("agree")
    assert not {"train_on", "select_on"} & set(card.model_dump(exclude_defaults=True))
