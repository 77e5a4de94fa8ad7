"""The published baselines, and the reading of folders and runs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.made_runs import made_figures
from xtreme_harness.cards import Cards
from xtreme_harness.errors import CardError, OutputError
from xtreme_harness.leaderboard.recompute import disagreements, recomputed
from xtreme_harness.leaderboard.submissions import folder, load_submissions, read_submission, submissions_of
from xtreme_harness.plan.cells import all_cards
from xtreme_harness.scoring.means import left_to_right_mean
from xtreme_harness.submission.metadata import read_about

SLUGS = sorted(p.name for p in folder().iterdir() if p.is_dir())
KNOWN = {  # printed averages that do not follow from the figures printed with them; the notes of the folders say more
    "filter-rembert-paper": {"mean", "mean_of_groups", "classification", "qa"},
    "xlm-r-large-rembert-paper": {"tagging", "qa"},
    "xlm-r-large-xtreme-leaderboard": {"all_task"},
    "xlm-r-base-xlm-v-paper-xquad": {"xquad.f1"},
}
PUBLISHED = {"kind": "published", "model": "M", "suite": "xtreme", "source": "S", "setting": "zero-shot"}
PUBLISHED |= {"qa_convention": "mean", "verified": True}
OWN = {"model": "M", "suite": "xtreme", "contact": "me", "licence": "CC0", "parameters": 3}
OWN |= {"pretraining_languages": 2, "pretraining_data": "text", "fine_tuning_data": "English"}


@pytest.fixture(scope="module")
def cards() -> Cards:
    return all_cards()


def written(place: Path, about: object, scores: object) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    (place / "metadata.yaml").write_text(yaml.safe_dump(about), "utf-8")
    (place / "scores.json").write_text(json.dumps(scores), "utf-8")
    return place


@pytest.mark.parametrize("slug", SLUGS)
def test_folder_validates_and_its_averages_agree(slug: str, cards: Cards) -> None:
    one = read_submission(folder() / slug, cards)
    off = {name for name, (printed, value) in recomputed(one, cards).items() if abs(printed - value) > 0.1 + 1e-9}
    assert off == KNOWN.get(slug, set())


@pytest.mark.parametrize("slug", SLUGS)
def test_folder_says_where_its_figures_are_from(slug: str) -> None:
    about = read_about(folder() / slug / "metadata.yaml")
    assert about.kind == "published"
    assert about.source
    assert about.verified


def test_every_system_of_the_brief_is_there(cards: Cards) -> None:
    models = " ".join(one.model for one in load_submissions(cards))
    for name in (
        "mBERT",
        "XLM",
        "XLM-R Large",
        "X-STILTs",
        "FILTER",
        "VECO",
        "RemBERT",
        "mT5-XXL",
        "InfoXLM",
        "mmBERT",
    ):
        assert name in models


def test_sources_that_disagree_both_stand(cards: Cards) -> None:
    found = {one.slug: one for one in load_submissions(cards)}
    assert found["x-stilts-rembert-paper"].tasks["xquad"]["f1"] == 78.7
    assert found["x-stilts-mt5-readme"].tasks["xquad"] == {"f1": 77.2}


def test_recomputed_by_hand(cards: Cards) -> None:
    found = recomputed(read_submission(folder() / "rembert-rembert-paper", cards), cards)
    qa = ((64.0 + 79.6) / 2 + (55.0 + 73.1) / 2 + (63.0 + 77.0) / 2) / 3
    assert found["qa"] == (68.6, pytest.approx(qa))
    assert found["mean"][1] == pytest.approx((80.8 + 76.5 + 70.1 + 87.5 + 3 * qa) / 7)
    f1_only = recomputed(read_submission(folder() / "mbert-base-mgte-paper", cards), cards)
    assert f1_only["mean"] == (59.43, pytest.approx(59.43, abs=0.005))


def test_disagreement_is_put_in_words(cards: Cards) -> None:
    filter_ = read_submission(folder() / "filter-rembert-paper", cards)
    said = disagreements(filter_, cards, set(filter_.tasks))
    assert "filter-rembert-paper: its source prints mean 74.9; the figures here give 74.42" in said
    assert disagreements(filter_, cards, {"xnli"}) == []


def test_printed_averages_of_the_recorded_tables(shared: Path) -> None:
    """Rows by seed that are not among the submissions; the Avg. cells of development seeds repeat the test split's."""
    tables = json.loads((shared / "spec/published/xlmv_seed_tables.json").read_text("utf-8"))
    for data in ("wikiann", "masakhaner"):
        for model, splits in tables[data].items():
            tests = {row["row"]: row["avg_printed"] for row in splits["test"]}
            for split, rows in splits.items():
                for row in rows:
                    mean = left_to_right_mean(row["scores"].values())
                    if split == "dev" and row["row"] != "mean":
                        assert row["avg_printed"] == tests[row["row"]], (model, row["row"])
                    else:
                        assert mean == pytest.approx(row["avg_printed"], abs=0.1), (model, split, row["row"])


FAULTS = [
    ({"suite": "xtrem"}, {}, ["suite: unknown suite 'xtrem' (did you mean 'xtreme'?)"]),
    (
        {"setting": "magic", "sorce": "x"},
        {},
        ["setting: Input should be", "sorce: unknown key (did you mean 'source'?)"],
    ),
    ({"source": None}, {}, ["source: "]),
    ({"kind": "publishd"}, {}, ["kind: found 'publishd', expected 'published' or 'predictions' (did you mean"]),
    ({}, {"tasks": {"xnlli": {"accuracy": 1}}}, ["xnlli: unknown task (did you mean 'xnli'?)"]),
    ({}, {"tasks": {"xnli": {"acuracy": 1}}}, ["tasks.xnli.acuracy: unknown metric (did you mean 'accuracy'?)"]),
    ({}, {"tasks": {"xnli": {"accuracy": 101}}}, ["tasks.xnli.accuracy: Input should be less than or equal to 100"]),
    ({}, {"tasks": {"xnli": {"accuracy": True}}}, ["tasks.xnli.accuracy: Input should be a valid number (found True)"]),
    ({}, {"tasks": {"xnli": {"accuracy": float("nan")}}}, ["tasks.xnli.accuracy: Input should be a finite number"]),
    ({}, {"tasks": {"xnli": {"accuracy": 1}}, "printd": {}}, ["printd: unknown key (did you mean 'printed'?)"]),
    ({}, {"tasks": {"xnli": {"accuracy": 1}}, "printed": {"men": 1}}, ["printed.men: unknown average (did you mean"]),
    ({}, {"languages": {"xnli": {"eu": {"accuracy": 1}}}}, ["languages.xnli: xtreme has no 'eu' there"]),
    ({}, {}, ["no figure at all"]),
    (
        {},
        {"tasks": {"xnli": {"accuracy": 1}}, "languages": {"xnli": {"de": {"accuracy": 1}}}},
        ["tasks.xnli: its languages are 1, xtreme has 15"],
    ),
    ({}, {"tasks": {"xquad": {"f1": 1}}}, ["xquad: only f1, but metadata.yaml says qa_convention: mean"]),
    ({"qa_convention": None}, {"tasks": {"xquad": {"f1": 1}}}, ["xquad: metadata.yaml has no qa_convention"]),
    ({"doubtful": {"xnli": ["de"]}}, {"tasks": {"xnli": {"accuracy": 1}}}, ["doubtful.xnli: scores.json has no xnli"]),
]


@pytest.mark.parametrize(("about", "scores", "messages"), FAULTS, ids=[f[2][0][:40] for f in FAULTS])
def test_faults_are_named(
    about: dict[str, object], scores: object, messages: list[str], cards: Cards, tmp_path: Path
) -> None:
    place = written(tmp_path / "x", PUBLISHED | about, scores)
    with pytest.raises(CardError) as error:
        read_submission(place, cards)
    for message in messages:
        assert message in str(error.value)


def test_all_faults_of_all_folders_come_together(cards: Cards, tmp_path: Path) -> None:
    written(tmp_path / "a", PUBLISHED | {"setting": "magic"}, {"tasks": {}})
    written(tmp_path / "b", PUBLISHED, {"tasks": {"xnlli": {"accuracy": 1}, "xquad": {"f": 1}}})
    (tmp_path / "c").mkdir()
    with pytest.raises(CardError) as error:
        load_submissions(cards, [tmp_path, tmp_path / "none"])
    text = str(error.value)
    for part in (
        "a/metadata.yaml: setting",
        "xnlli",
        "tasks.xquad.f:",
        "c/metadata.yaml: no such file",
        "no such folder",
    ):
        assert part in text
    assert "c/scores.json: no such file" in text


def test_own_folder_replaces_a_shipped_one(cards: Cards, tmp_path: Path) -> None:
    written(tmp_path / "rembert-rembert-paper", PUBLISHED, {"tasks": {"xnli": {"accuracy": 1.5}}})
    written(tmp_path / "mine", PUBLISHED | {"verified": False}, {"tasks": {"xnli": {"accuracy": 2.5}}})
    found = {one.slug: one for one in load_submissions(cards, [tmp_path])}
    assert len(found) == len(SLUGS) + 1
    assert found["rembert-rembert-paper"].tasks == {"xnli": {"accuracy": 1.5}}
    assert found["mine"].source == "S (not verified)"


def test_predictions_carry_the_official_layout(cards: Cards, tmp_path: Path) -> None:
    codes = cards.card("pawsx").suites["xtreme"].languages
    layout = {"pawsx": {"accuracy": dict.fromkeys(codes, 50.0), "avg_accuracy": 50.0, "avg_metric": 50.0}}
    layout["xnli"] = {"accuracy": {"de": 40.0}, "avg_accuracy": 40.0}
    one = read_submission(written(tmp_path / "mine", OWN, layout), cards)
    assert one.kind == "predictions"
    assert one.languages["pawsx"]["de"] == {"accuracy": 50.0}
    assert one.missing == ("xnli in 1 of 15 languages",)
    with pytest.raises(CardError, match="expected what `xharness score -o` writes"):
        read_submission(written(tmp_path / "bad", OWN, {"tasks": {"xnli": {"accuracy": 1}}}), cards)


def test_figures_beside_the_official_ones_are_read_or_left_out(cards: Cards, tmp_path: Path) -> None:
    """What `score -o` writes under `xharness`: all values of a metric, and what a kind counts besides."""
    layout = {
        "miracl": {"ndcg@10": {"sw": 50.0}, "recall@100": {"sw": 60.0}},
        "multiblimp": {"accuracy": {"deu": 70.0}},
        "xharness": {
            "miracl": {"recall@20": {"sw": 40.0}, "mrr@10": {"sw": 30.0}, "avg_mrr@10": 30.0},
            "multiblimp": {"accuracy_SV-P": {"deu": 10.0}},
            "complete": False, "limited": False, "missing": [],
        },
    }  # fmt: skip
    one = read_submission(written(tmp_path / "mine", OWN | {"suite": "world"}, layout), cards)
    assert one.languages["miracl"]["sw"] == {"ndcg@10": 50, "recall@100": 60, "recall@20": 40, "mrr@10": 30}
    assert one.languages["multiblimp"] == {"deu": {"accuracy": 70}}
    layout["miracl"]["ndgc@10"] = layout["miracl"].pop("ndcg@10")
    with pytest.raises(CardError, match=r"languages.miracl.sw.ndgc@10: unknown metric \(did you mean 'ndcg@10'"):
        read_submission(written(tmp_path / "bad", OWN | {"suite": "world"}, layout), cards)


def test_run_of_a_task_stands_in_every_suite_that_has_it(cards: Cards) -> None:
    codes = cards.card("xnli").all_languages
    found = submissions_of(made_figures({("xnli", code): {"accuracy": 50.0} for code in codes}, "mine"), cards)
    assert [(one.suite, one.model, one.missing) for one in found] == [("xtreme", "mine", ()), ("xtreme-r", "mine", ())]


def test_a_run_that_is_not_zero_shot_says_so(cards: Cards) -> None:
    run = made_figures({("xnli", code): {"accuracy": 50.0} for code in ("en", "de")}, "mine")
    told = [replace(run.cells[0]), replace(run.cells[1], train_on="target", translated="mt@1f0c2a9b")]
    assert {one.setting for one in submissions_of(run, cards)} == {""}
    found = submissions_of(replace(run, cells=tuple(told)), cards)
    assert {one.setting for one in found} == {"trained on target; translate-test"}


def test_run_of_a_suite_is_incomplete_without_all_its_tasks(cards: Cards) -> None:
    (one,) = submissions_of(made_figures({("tatoeba@xtreme-r", "de"): {"accuracy": 50.0}}, suites=["xtreme-r"]), cards)
    assert one.languages["tatoeba"] == {"de": {"accuracy": 50.0}}
    assert "tatoeba in 1 of 41 languages" in one.missing
    assert "lareqa in 0 of 11 languages" in one.missing


def test_run_on_the_dev_split_says_so(cards: Cards) -> None:
    run = replace(made_figures({("xnli", "de"): {"accuracy": 50.0}}), split="dev")
    assert {one.split for one in submissions_of(run, cards)} == {"dev"}


def test_limited_run_cannot_be_shown(cards: Cards) -> None:
    with pytest.raises(OutputError, match="with --limit"):
        submissions_of(made_figures({("xnli", "de"): {"accuracy": 1.0}}, limited=True), cards)


def test_folder_lies_inside_the_package_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xtreme_harness.leaderboard import submissions

    shutil.copytree(folder() / SLUGS[0], tmp_path / "submissions" / SLUGS[0])
    monkeypatch.setattr(submissions, "__file__", str(tmp_path / "leaderboard" / "submissions.py"))
    assert folder() == tmp_path / "submissions"


@pytest.mark.parametrize(
    ("scores", "fault"),
    [
        ({"pawsx": {"accuracy": {"de": -1}}}, "languages.pawsx.de.accuracy: found -1, expected a number from 0 to 100"),
        ({"pawsx": {"accuracy": {"de": 1, "en": None}}}, "pawsx.accuracy.en: found null, expected a number from -100"),
        ({"pawsx": {"accuracy": {"de": 1}}, "all_task": "x"}, 'all_task: found "x", expected a number from -100'),
        ({"pawsx": {"accuracy": {"de": 1}}, "qa": "x"}, 'qa: found "x", expected a number from -100 to 100 or an'),
    ],
    ids=["negative", "null", "text", "block"],
)  # fmt: skip
def test_scores_of_predictions_have_the_official_layout(
    cards: Cards, tmp_path: Path, scores: dict[str, Any], fault: str
) -> None:
    with pytest.raises(CardError) as caught:
        read_submission(written(tmp_path / "own", OWN, scores), cards)
    assert str(caught.value).startswith(f"{tmp_path}/own/scores.json: {fault}")
    good = read_submission(written(tmp_path / "own", OWN, {"pawsx": {"accuracy": {"de": 1}}, "all_task": 1.0}), cards)
    assert good.languages == {"pawsx": {"de": {"accuracy": 1.0}}}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"parameters": True}, "parameters: expected a number (found True)"),
        ({"parameters": 10**400}, "parameters: Input should be less than"),
        ({"pretraining_languages": -1}, "pretraining_languages: Input should be greater than or equal to 1"),
        ({"seeds": [1, False]}, "seeds[1]: expected a number (found False)"),
        ({"kind": ["x"] * 999}, "kind: found ['x', 'x'"),
    ],
    ids=["flag", "huge", "negative", "seed", "kind"],
)
def test_what_metadata_may_not_say(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(CardError) as caught:
        read_about(written(tmp_path / "own", OWN | change, {}) / "metadata.yaml")
    assert caught.value.faults[0].startswith(f"{tmp_path}/own/metadata.yaml: {fault}")
    assert len(caught.value.faults[0]) < 400 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("metric", "figures", "faults"),
    [
        ("f1_accuracy", {"f1": 88.0}, []),  # two main values of which one is printed; no convention of QA is asked for
        ("matthews", {"matthews": -3.5}, []),
        ("macro_f1", {"macro_f1": -3.5}, ["tasks.pawsx.macro_f1: found -3.5, expected a number from 0 to 100"]),
        ("spearman", {"f1": 3}, ["tasks.pawsx.f1: unknown metric", "tasks.pawsx: no spearman"]),
    ],
)
def test_published_figures_of_other_metrics(
    cards: Cards, tmp_path: Path, metric: str, figures: dict[str, float], faults: list[str]
) -> None:
    card = cards.card("pawsx").model_copy(update={"metric": metric})
    about = {key: value for key, value in PUBLISHED.items() if key != "qa_convention"}
    place = written(tmp_path / "own", about, {"tasks": {"pawsx": figures}})
    changed = replace(cards, tasks={**cards.tasks, "pawsx": card})
    if not faults:
        assert read_submission(place, changed).tasks == {"pawsx": figures}
        return
    with pytest.raises(CardError) as raised:
        read_submission(place, changed)
    assert [fault.startswith(f"{place / 'scores.json'}: {start}") for fault, start in
            zip(raised.value.faults, faults, strict=True)] == [True] * len(faults)  # fmt: skip
