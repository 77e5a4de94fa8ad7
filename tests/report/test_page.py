"""The page: what is on it, what is not, and how large it is."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.plan.cells import all_cards
from xtreme_harness.report.fertility import Fertility
from xtreme_harness.report.inputs import Model, compared, read_all
from xtreme_harness.report.page import Content, build_page
from xtreme_harness.results.read import read_result
from xtreme_harness.results.result import Result
from xtreme_harness.results.series import read_series

pytestmark = pytest.mark.slow

NASTY = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """Collects tags, ids and attributes, and checks that elements nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @property
    def ids(self) -> list[str]:
        return [str(attrs["id"]) for _, attrs in self.tags if "id" in attrs]


def page_of(*runs: Path, **more: Any) -> str:
    models, series = read_all(runs)
    return build_page(Content(models, *compared(models), series, **more))


@pytest.fixture(scope="module")
def page(oracle_run: Path, demo_run: Path) -> str:
    return page_of(demo_run, oracle_run)


def test_it_nests_and_its_links_lead_somewhere(page: str) -> None:
    read = Reader(page)
    assert len(read.ids) == len(set(read.ids))
    links = [str(attrs["href"]).removeprefix("#") for tag, attrs in read.tags if tag == "a"]
    assert set(links) <= set(read.ids)
    assert set(links) == {
        "overview", "languages", "intervals", "comparison", "transfer", "cells", "examples", "provenance",
    }  # fmt: skip


def test_nothing_is_loaded(page: str) -> None:
    assert not [
        (tag, name) for tag, attrs in Reader(page).tags for name in attrs if name in ("src", "srcset", "action", "data")
    ]
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_the_policy_lets_the_pages_own_script_run(page: str) -> None:
    import base64
    import hashlib

    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_figures_of_the_runs_are_there(page: str, demo_run: Path) -> None:
    own = json.loads((demo_run / "results.json").read_text("utf-8"))["xharness"]
    for name, entry in own["uncertainty"]["scopes"]["xtreme"]["tasks"].items():
        assert f">{entry['value']:.2f}<" in page, name
    for cell in own["cells"]:
        assert cell["signature"] in page
    assert "Python 3" in page


def test_the_same_runs_give_the_same_bytes(oracle_run: Path) -> None:
    assert page_of(oracle_run) == page_of(oracle_run)


def test_text_of_data_is_text(oracle_run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(oracle_run, tmp_path / "run"))
    file = folder / "samples/xnli/de.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    lines[0]["input"]["text_a"] = NASTY
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    results = folder / "results.json"
    record = json.loads(results.read_text("utf-8"))
    record["model_name"] = NASTY
    record["pretty_env_info"] = NASTY
    record["xharness"]["failed"] = {NASTY: NASTY}
    results.write_text(json.dumps(record), "utf-8")
    page = page_of(folder, title=NASTY)
    assert "<script>document" not in page
    assert "<img" not in page
    assert [tag for tag, _ in Reader(page).tags].count("script") == 2  # the data and the page's own
    data = re.search(r'id="explore-data">(.*?)</script>', page)
    assert data is not None
    assert NASTY in [example["in"].get("text_a") for example in json.loads(data[1])["examples"]]
    page.encode()


def test_without_samples_there_are_no_examples(demo_run: Path, oracle_run: Path) -> None:
    assert 'id="examples"' not in page_of(demo_run)
    assert 'id="examples"' not in page_of(oracle_run, examples=0)


def test_at_most_so_many_examples_of_a_cell_those_that_differ_first(oracle_run: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(oracle_run, tmp_path / "other"))
    file = other / "samples/xnli/de.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    lines[-1] |= {"prediction": "none", "statistics": {"correct": 0, "n": 1}}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    data = re.search(r'id="explore-data">(.*?)</script>', page_of(oracle_run, other, examples=1))
    assert data is not None
    examples = json.loads(data[1])["examples"]
    chosen = {(e["t"], e["l"]): e for e in examples}
    assert len(chosen) == len(examples) == len(read_result(oracle_run).scored)
    one = chosen["xnli", "de"]
    assert (one["id"], [answer["ok"] for answer in one["out"]]) == (lines[-1]["id"], [True, False])


def test_runs_that_cannot_be_compared_say_why(oracle_run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(oracle_run / "results.json", other)  # without statistics
    page = page_of(oracle_run, other)
    assert "These runs are not compared:" in page
    assert "nothing to compare" in page


def test_significant_cells_are_marked(page: str) -> None:
    assert page.count('class="n pos sure"') > 20  # the oracle against chance
    assert 'class="n neg sure"' not in page


def test_training_and_series_and_fertility(oracle_run: Path, demo_run: Path, tmp_path: Path) -> None:
    trained = Path(shutil.copytree(demo_run, tmp_path / "trained"))
    log = trained / "models/xnli/train.jsonl"
    log.parent.mkdir(parents=True)
    steps = [{"step": step, "task": "mnli", "loss": 1 / step} for step in range(1, 2000)]
    log.write_text("\n".join(map(json.dumps, [*steps, {"step": 1999, "dev": {"accuracy": 70.0}}])), "utf-8")
    entries = [{"name": "a", "path": "trained", "step": 10}, {"name": "b", "path": str(oracle_run), "step": 2000}]
    (tmp_path / "series.json").write_text(json.dumps({"runs": entries}), "utf-8")
    assert read_series(tmp_path) is not None
    page = page_of(tmp_path, cuts={"de": Fertility("de", 30, 20, "word", 3)})
    read = Reader(page)
    assert {"training", "series", "comparison"} <= set(read.ids)
    assert [tag for tag, _ in read.tags].count("polyline") >= 3
    assert max(len(p.split()) for p in re.findall(r'points="([^"]*)"', page)) <= 402
    assert ">1.50<" in page
    assert ">10.00<" in page


def test_seeds_are_one_model(oracle_run: Path, tmp_path: Path) -> None:
    from xtreme_harness import evaluate

    out = tmp_path / "three"
    evaluate("random", ["xnli"], data="samples", output=out, seeds=[1, 2], log_samples=True)
    page = page_of(out, oracle_run)
    assert "<title>xharness: random · oracle</title>" in page
    assert "mean of 2 seeds" in page
    assert "Seeds of random" in page
    assert "seed 2" in page
    data = re.search(r'id="explore-data">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1])["runs"] == ["random", "oracle"]


def full_run(run: Result, suite: str) -> Result:
    """A run with every cell of a suite, each like one of the same task."""
    cells = [
        replace(next(cell for cell in run.scored.values() if cell.task == name), language=code, samples=None)
        for name in all_cards().suites[suite].tasks
        for code in all_cards().tasks[name].suites[suite].languages
    ]
    return replace(run, cells=tuple(cells), missing=())


def test_a_full_run_without_samples_is_under_five_megabytes(oracle_run: Path) -> None:
    run = full_run(read_result(oracle_run), "xtreme")
    assert len(run.scored) > 150
    assert len(build_page(Content([Model(run, (run,))])).encode()) < 2_000_000
