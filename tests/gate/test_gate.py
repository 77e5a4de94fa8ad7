"""The gate: rules on runs, published baselines and series."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.fixtures.made_runs import accuracy_rows, made_figures, made_run, shipped_cards, suite_cells, write_run
from xtreme_harness.cards import Suite
from xtreme_harness.errors import DataError, OutputError
from xtreme_harness.gate.baseline import published_value
from xtreme_harness.gate.decide import check_runs, check_series
from xtreme_harness.gate.gate import gate, gate_series
from xtreme_harness.gate.outputs import as_annotations, as_junit, as_markdown, as_text
from xtreme_harness.gate.places import figures_of
from xtreme_harness.gate.rules import DEFAULT, Rule, read_rules
from xtreme_harness.gate.verdicts import Example, Report, Verdict
from xtreme_harness.leaderboard.submissions import Submission, folder, read_submission
from xtreme_harness.plan.cells import Missing
from xtreme_harness.results.result import Result

CODES = ("de", "en", "sw", "ur")


def answers(drop: dict[str, float] | None = None, n: int = 1000):
    """XNLI at 80 %; `drop` is the share of the items that a language no longer gets right."""
    rng = np.random.default_rng(0)
    rows = {}
    for code in CODES:
        right = np.arange(n) < 0.8 * n
        rng.shuffle(right)
        right[rng.choice(np.flatnonzero(right), int((drop or {}).get(code, 0) * n), replace=False)] = False
        rows["xnli", code] = accuracy_rows(right)
    return rows


def judged(rules, old=None, new=None, **options) -> Report:
    runs = [one if one is not None else made_run(answers(), name) for one, name in ((old, "old"), (new, "new"))]
    parsed = [Rule.model_validate(rule) for rule in ([rules] if isinstance(rules, dict) else rules)]
    return check_runs(parsed, [runs[0]], [runs[1]], shipped_cards(), resamples=300, **options)


def broken(report: Report) -> list[tuple[str, str]]:
    return [(one.condition, one.place) for one in report.broken]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"task": "xnli", "floor": 79}, [("floor", "xnli")]),
        ({"task": "xnli", "floor": 78.4}, []),
        ({"task": "xnli", "language": "*", "floor": 79}, [("floor", "xnli sw")]),
        ({"task": "xnli", "max_drop": 1.5}, [("max_drop", "xnli")]),
        ({"task": "xnli", "max_drop": 1.6}, []),
        ({"language": "*", "max_relative_drop": 7.9}, [("max_relative_drop", "sw")]),
        ({"language": "*", "max_relative_drop": 8}, []),
        ({"family": "Niger-Congo", "max_drop": 5}, [("max_drop", "Niger-Congo")]),
        ({"script": "Latn", "max_drop": 2}, [("max_drop", "Latn")]),
        ({"script": "Arab", "max_drop": 0}, []),
        ({"task": "*", "language": "*", "significant_drop": {}}, [("significant_drop", "xnli sw")]),
        ({"task": "xnli", "language": "sw", "significant_drop": {"min_drop": 7}}, []),
        ({"task": "xnli", "language": "de", "significant_drop": 0.05}, []),
    ],
    ids=str,
)
def test_figures(rule: dict[str, object], expected: list[tuple[str, str]]) -> None:
    """Swahili falls by 6.4 points, so the mean of four languages by 1.6."""
    report = judged(rule, new=made_run(answers({"sw": 0.064}), "new"))
    assert broken(report) == expected
    assert not report.of("skipped")


def test_correction_is_over_the_figures_of_the_rule() -> None:
    new = made_run(answers({"sw": 0.006}), "new")
    rules = [
        {"task": "xnli", "language": "*", "significant_drop": {"correction": correction}}
        for correction in ("holm", "benjamini-hochberg", "none")
    ]
    adjusted = [next(v.p for v in judged(rule, new=new).verdicts if v.place == "xnli sw") for rule in rules]
    assert adjusted[0] == adjusted[1] == pytest.approx(4 * adjusted[2])


def test_a_rise_is_no_drop() -> None:
    old = made_run(answers({"sw": 0.2}), "old")
    rules = [{"task": "*", "language": "*", "max_drop": 0, "max_relative_drop": 0, "significant_drop": {}}]
    assert not judged(rules, old=old).broken


@pytest.mark.parametrize(
    ("rule", "new", "message"),
    [
        ({"new_failures": "forbid"}, {"failed": {"xnli fr": "out of\nmemory", "xnli zh": "known"}},
         "1 x cells failed that did not before: xnli fr: out of memory"),
        ({"missing": "forbid"}, {"rows": {("xnli", "de"): answers()["xnli", "de"]}},
         "3 x cells are missing: xnli en; xnli sw; xnli ur"),
        ({"missing": "forbid-all"}, {"missing": [Missing("xnli", "bg", (), "no data")]},
         "1 x cells are missing: xnli bg: no data"),
        ({"limited": "forbid"}, {"limited": True}, "1 x the run has --limit: new"),
    ],
    ids=["failures", "missing", "missing of all", "limited"],
)  # fmt: skip
def test_runs(rule: dict[str, str], new: dict[str, object], message: str) -> None:
    rows = new.pop("rows", answers())
    old = made_run(answers(), "old", failed={"xnli zh": "known"})
    report = judged(rule, old=old, new=made_run(rows, "new", **new))
    assert [one.message for one in report.broken] == [message]
    assert not judged({key: "allow" for key in rule} | {"limited": "allow"}, new=made_run(rows, "new", **new)).broken


def test_limited_runs_are_refused_unless_a_rule_allows_them() -> None:
    new = made_run(answers(), "new", limited=True)
    assert broken(judged({"task": "xnli", "floor": 1}, new=new)) == [("limited", "run")]
    assert not judged([{"task": "xnli", "floor": 1}, {"limited": "allow"}], new=new).broken


def strange(value: float, where: str = "metrics") -> Result:
    """A run whose Swahili figure is not a number."""
    run = made_run(answers(), "new")
    cells = []
    for cell in run.cells:
        change: dict[str, object] = {"metrics": {"accuracy": value}}
        if where == "rows":
            change = {"rows": np.full((1000, 2), value)}
        elif where == "errors":
            change = {"errors": {"accuracy": value}}
        cells.append(replace(cell, **change) if cell.language == "sw" else cell)  # type: ignore[arg-type]
    return replace(run, cells=tuple(cells))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("where", ["metrics", "rows", "errors"])
@pytest.mark.parametrize("side", ["old", "new"])
@pytest.mark.parametrize(
    "rule",
    [
        {"task": "xnli", "max_drop": 100}, {"task": "*", "language": "*", "max_relative_drop": 100},
        {"family": "*", "significant_drop": {"min_drop": 50}}, {"script": "Latn", "significant_drop": 0.01},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_a_number_breaks_every_rule(value: float, where: str, side: str, rule: dict[str, object]) -> None:
    report = judged(rule, **{side: strange(value, where)})
    assert report.broken
    assert all("xnli sw: new: " in one.message for one in report.broken)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_floor_is_kept_by_what_is_not_a_number(value: float) -> None:
    report = judged({"task": "*", "language": "*", "floor": 50}, new=strange(value))
    assert [(one.place, one.message) for one in report.broken] == [
        ("xnli sw", f"xnli sw: new: accuracy: {value}, expected a number")
    ]
    assert [one.place for one in report.of("kept") if one.condition == "floor"] == ["xnli de", "xnli en", "xnli ur"]
    published = read_submission(folder() / "xlm-r-large-xtreme-leaderboard", shipped_cards())
    rules = [Rule.model_validate({"task": "xnli", "floor": 50})]
    assert broken(check_runs(rules, published, [strange(value)], shipped_cards())) == [("floor", "xnli")]


def test_the_best_of_a_series_has_a_number() -> None:
    runs = [made_run(answers(), "1"), strange(float("nan")), made_run(answers(), "3")]
    reports = check_series([Rule.model_validate({"task": "xnli", "max_drop": 1})], runs, shipped_cards())
    assert [(one.old, bool(one.broken)) for one in reports] == [("1", True), ("new", True), ("1", False)]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"task": "panx", "max_drop": 1}, ["max_drop"]), ({"task": "panx", "floor": 1}, ["floor"]),
        ([{"task": "panx", "max_drop": 1}, {"missing": "allow"}], []),
        ([{"task": "panx", "max_drop": 1}, {"missing": "forbid"}], ["missing"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_figure_that_the_new_run_has_lost_breaks_its_rules(rules: dict[str, object], expected: list[str]) -> None:
    rows = np.column_stack([np.ones((600, 2)), np.ones((600, 3))])
    old = made_run({**answers(), ("panx", "de"): rows}, "old")
    assert [one.condition for one in judged(rules, old=old).broken] == expected


def test_a_floor_of_a_task_that_was_asked_for_and_is_not_there_is_broken() -> None:
    absent = {"tasks": {"panx": {"de": "failed: no memory"}}}
    report = judged({"task": "panx", "floor": 1}, new=replace(made_run(answers(), "new"), absent=absent))
    assert [(one.condition, one.message) for one in report.broken] == [
        ("floor", "the new run has no finished cell of it")
    ]
    assert not judged({"task": "panx", "floor": 1}).broken


@pytest.mark.parametrize("rows", [True, False])
def test_runs_without_a_common_cell_are_not_judged(rows: bool) -> None:
    empty = replace(made_run(answers(), "new"), cells=())
    old = made_run(answers(), "old") if rows else made_figures({("xnli", "de"): {"accuracy": 80.0}}, "old")
    with pytest.raises(DataError, match=r"^old and new: nothing to compare: no finished cell"):
        judged({"task": "xnli", "floor": 50}, old=old, new=empty)


def test_a_rule_that_finds_nothing_says_so() -> None:
    report = judged({"task": "panx", "max_drop": 1})
    assert [(v.status, v.place, v.message) for v in report.verdicts if v.condition == "max_drop"] == [
        ("skipped", "task panx", "no finished cells of both runs make up such a figure")
    ]


def test_floors_are_on_all_cells_of_the_new_run() -> None:
    old = made_run({("xnli", "de"): answers()["xnli", "de"]}, "old")
    report = judged({"task": "xnli", "language": "sw", "floor": 79}, old=old, new=made_run(answers({"sw": 0.1}), "new"))
    assert broken(report) == [("floor", "xnli sw")]


def test_unlike_results() -> None:
    new = made_run(answers(), "new", fields={"data": {"f": "other"}})
    with pytest.raises(DataError, match="data differs"):
        judged({"task": "xnli", "max_drop": 1}, new=new)
    assert judged({"task": "xnli", "max_drop": 1}, new=new, force=True).warnings


def test_the_default_rules_on_full_results() -> None:
    """A whole XTREME at low cost: noise breaks nothing, a planted drop is named in its task and language."""
    rng = np.random.default_rng(2)

    def run(name: str, drop: tuple[str, str] | None = None):
        rows = {}
        for key in suite_cells("xtreme"):
            right = base[key] ^ (rng.random(600) < 0.04)
            if key == drop:
                right &= rng.random(600) > 0.15
            one = np.ones(600)
            columns = {2: [right, one], 3: [right, right, one], 5: [right, one, one, right, one]}
            columns = {**columns, 3: [right, one, one]} if key[0] == "bucc2018" else columns
            width = {"pawsx": 2, "xnli": 2, "tatoeba": 2, "udpos": 5, "panx": 5}.get(key[0], 3)
            rows[key] = np.column_stack(columns[width]).astype(float)
        return made_run(rows, name, suites=["xtreme"])

    base = {key: rng.random(600) < 0.7 for key in suite_cells("xtreme")}
    rules = read_rules(DEFAULT, shipped_cards())
    old = run("old")
    same = check_runs(rules, [old], [run("same")], shipped_cards(), resamples=200)
    assert not same.broken
    assert not same.of("skipped")
    worse = check_runs(rules, [old], [run("worse", ("tydiqa", "sw"))], shipped_cards(), resamples=200)
    assert ("significant_drop", "xtreme: tydiqa sw") in broken(worse)
    assert {one.place for one in worse.broken} <= {"xtreme: tydiqa", "xtreme: tydiqa sw"}
    assert len(worse.broken[-1].examples) == 3


def test_published_baseline() -> None:
    baseline = read_submission(folder() / "xlm-r-large-ernie-m-readme", shipped_cards())
    codes = shipped_cards().card("xnli").suites["xtreme"].languages
    rows = {("xnli", code): accuracy_rows(np.arange(1000) < 700) for code in codes}
    rules = [
        Rule.model_validate(rule)
        for rule in (
            {"task": "xnli", "max_drop": 10}, {"task": "xnli", "language": "en", "max_drop": 20},
            {"suite": "xtreme", "max_drop": 1}, {"task": "xnli", "significant_drop": {}},
        )
    ]  # fmt: skip
    report = check_runs(rules, baseline, [made_run(rows, "new", suites=["xtreme"])], shipped_cards())
    assert [(v.status, v.condition, v.place) for v in report.verdicts] == [
        ("broken", "max_drop", "xtreme: xnli"), ("kept", "max_drop", "xtreme: xnli en"),
        ("skipped", "max_drop", "suite xtreme"), ("skipped", "significant_drop", "task xnli"),
        ("kept", "limited", "run"),
    ]  # fmt: skip
    assert report.broken[0].old == pytest.approx(80.9, abs=0.06)
    assert "published figures have no examples" in report.of("skipped")[1].message


@pytest.mark.parametrize(
    ("mean", "value"),
    [("groups", ((70 + 80) / 2 + 80) / 2), ("tasks", (70 + 80) / 2), ("languages", None)],
)
def test_published_figures_under_a_suites_own_mean(mean: str, value: float | None) -> None:
    """Xnli is printed by language, pawsx as a mean, which says nothing of one language."""
    groups = {"a": ["xnli", "pawsx"], "b": ["pawsx"]}
    languages = {"xnli": ["de", "sw"], "pawsx": ["de", "en"]}
    own = Suite.model_validate({"groups": groups, "languages": languages, "mean": mean})
    cards = replace(shipped_cards(), suites={"own": own})
    printed = {"de": {"accuracy": 80.0}, "sw": {"accuracy": 60.0}}
    about = ("p", "published", "M", "own", "paper", "zero-shot", "test")
    cells = [(task, code) for task, codes in languages.items() for code in codes]
    baseline = Submission(*about, tasks={"pawsx": {"accuracy": 80.0}}, languages={"xnli": printed})
    (figure,) = figures_of(Rule.model_validate({"suite": "own", "max_drop": 1}), cards, ["own"], cells)
    assert published_value(figure, baseline, cards) == value
    whole = replace(
        baseline, languages={"xnli": printed, "pawsx": {"de": {"accuracy": 90.0}, "en": {"accuracy": 70.0}}}
    )
    by_language = ((80 + 90) / 2 + 60 + 70) / 3
    assert published_value(figure, whole, cards) == pytest.approx(by_language if mean == "languages" else value)


def test_published_figures_of_all_submissions_can_be_judged() -> None:
    rows = {key: np.ones((5, 5 if key[0] in ("udpos", "panx") else 3)) for key in suite_cells("xtreme")}
    rows = {key: one if key[0] not in ("xnli", "pawsx", "tatoeba") else one[:, :2] for key, one in rows.items()}
    rules = read_rules(DEFAULT, shipped_cards())
    for place in sorted(p for p in folder().iterdir() if p.is_dir()):
        baseline = read_submission(place, shipped_cards())
        if baseline.split == "test":
            assert not check_runs(
                rules, baseline, [made_run(rows, "perfect", suites=["xtreme"])], shipped_cards()
            ).broken


def test_worst_examples_of_real_runs(oracle_run: Path, tmp_path: Path) -> None:
    """Three answers of a cell turned wrong: the gate names them with their texts."""
    bad = Path(shutil.copytree(oracle_run, tmp_path / "bad"))
    file = bad / "cells" / "xnli" / "sw.json"
    record = json.loads(file.read_text("utf-8"))
    for i in (2, 5, 7):
        record["rows"][i][0] = 0
    record["metrics"] = {"accuracy": 100 * (1 - 3 / record["n"])}
    file.write_text(json.dumps(record), "utf-8")
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{task: xnli, language: sw, max_drop: 1}]", "utf-8")
    report = gate(oracle_run, bad, rules=rules, paired_bs=100)
    examples = report.broken[0].examples
    assert [(e.cell, e.id, e.old, e.new) for e in examples] == [("xnli sw", str(i), 100, 0) for i in (2, 5, 7)]
    first = json.loads((bad / "samples" / "xnli" / "sw.jsonl").read_text("utf-8").splitlines()[2])
    assert first["input"]["text_a"][:20] in examples[0].text
    assert f"gold: {first['gold']}" in examples[0].text


def test_series(tmp_path: Path) -> None:
    """50, 80, 70, 75: the third falls from the last, the fourth is below the best."""
    rng = np.random.default_rng(0)
    runs = []
    for step, right in ((1, 0.5), (2, 0.8), (3, 0.7), (4, 0.75)):
        rows = {("xnli", code): accuracy_rows(rng.random(2000) < right) for code in CODES}
        write_run(made_run(rows, f"step-{step}"), tmp_path / f"step-{step}")
        runs.append({"name": f"step-{step}", "path": f"step-{step}", "step": step})
    (tmp_path / "series.json").write_text(json.dumps({"runs": runs}), "utf-8")
    reports = gate_series([tmp_path], paired_bs=200)
    assert [(Path(r.old).name, Path(r.new).name, bool(r.broken)) for r in reports] == [
        ("step-1", "step-2", False), ("step-2", "step-3", True), ("step-3", "step-4", False),
        ("step-2", "step-4", True),
    ]  # fmt: skip
    again = gate_series([tmp_path / f"step-{step}" for step in (1, 2, 3, 4)], paired_bs=200)
    assert [as_text(r) for r in again] == [as_text(r) for r in reports]
    with pytest.raises(OutputError, match="1 run, expected a series of two or more"):
        gate_series([tmp_path / "step-1"])


def test_every_fault_of_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: [{task: xnli, max_dorp: 1}]", "utf-8")
    with pytest.raises(OutputError) as error:
        gate("xlm-r-large-xtreme-leaderbord", tmp_path / "new", rules=tmp_path / "rules.yaml")
    assert len(error.value.faults) == 4
    assert "(did you mean 'xlm-r-large-xtreme-leaderboard'?)" in error.value.faults[2]


HOSTILE = Report(
    "old", "new",
    (
        Verdict("a, b", "floor", "xnli", "broken", "50% | <script>\n@someone", 60.0, 50.0, examples=(
            Example("xnli sw", "1", 100, 0, "a \x00 `b` <b>|"),)),
        Verdict("c", "max_drop", "panx", "skipped", "why"), Verdict("d", "limited", "run", "kept", "fine"),
    ),
)  # fmt: skip


def test_junit() -> None:
    root = ElementTree.fromstring(as_junit([HOSTILE]))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("skipped")) == ("testsuites", "3", "1", "1")
    cases = root.findall("testsuite/testcase")
    assert [(c.get("classname"), c.get("name"), [e.tag for e in c]) for c in cases] == [
        ("a, b", "floor: xnli", ["failure"]), ("c", "max_drop: panx", ["skipped"]), ("d", "limited: run", []),
    ]  # fmt: skip
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.get("message") == "50% | <script> @someone"
    assert "example 1: 100 -> 0: a \ufffd `b` <b>|" in (failure.text or "")


def test_junit_in_a_reader(tmp_path: Path) -> None:
    import junitparser as reader

    (tmp_path / "gate.xml").write_text(as_junit([HOSTILE, HOSTILE]), "utf-8")
    suites = reader.JUnitXml.fromfile(str(tmp_path / "gate.xml"))
    assert (suites.tests, suites.failures, suites.skipped) == (6, 2, 2)
    assert [case.name for suite in suites for case in suite][:2] == ["floor: xnli", "max_drop: panx"]


def test_markdown_holds_no_markup_of_the_data() -> None:
    text = as_markdown([HOSTILE])
    assert text.startswith("### ❌ xharness gate failed: 1 broken, 1 kept, 1 skipped\n")
    assert "| a, b | floor | xnli | 60.00 | 50.00 | 50% \\| &lt;script&gt; @\u200bsomeone |" in text
    assert "<script>" not in text
    assert "<b>" not in text
    assert text.count("<details>") == text.count("</details>") == 2


def test_annotations_are_one_line_each() -> None:
    assert as_annotations([HOSTILE]) == [
        "::error title=xharness gate%3A a%2C b::new: xnli: 50%25 | <script>%0A@someone"
    ]  # fmt: skip
