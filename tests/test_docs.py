"""Every command of README and of the pages runs, in its order, in an empty folder, and prints what the page shows."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.docs_hub import repositories
from tests.fixtures.hub_server import HubServer

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")), "submissions/README.md"]
NOT_RUN = {  # commands that are no xharness; `make demo` runs, as the command that it stands for
    "README.md": ["make demo", "make test"],
    "docs/install.md": ["pip install ."],
    "docs/robustness.md": [
        "make attack",
        "python -m tests.attack --only 'data: tsv'",
        "python -m tests.attack --count",
    ],
    "docs/speed.md": ["make bench"],
}
_BLOCK = re.compile(r"(?:<!-- (output|file: \S+) -->\n)?^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page asks for, and what it shows."""

    text: str
    files: dict[str, str]  # blocks that are the content of a file
    steps: list[tuple[str, str]]  # language and text: a command, or a block of Python
    shown: dict[int, str]  # step -> its output


@cache
def page(name: str) -> Page:
    text = (ROOT / name).read_text("utf-8")
    files, steps, shown = {}, [], {}
    for mark, language, body in _BLOCK.findall(text):
        if mark == "output":
            shown[len(steps) - 1] = body
        elif mark:
            files[mark.removeprefix("file: ")] = body
        elif language == "python":
            steps.append((language, body))
        elif language == "sh":
            steps += [("sh", line) for line in body.splitlines() if line.strip() and not line.startswith("#")]
    return Page(text, files, steps, shown)


def commands(name: str) -> list[str]:
    return [text for language, text in page(name).steps if language == "sh"]


def runs(text: str) -> bool:
    """Is it a step that is run here?"""
    return text == "make demo" or not any(text in others for others in NOT_RUN.values())


@pytest.fixture(scope="module")
def ran(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What every step of every page left, in one process against one Hub."""
    asked = {name: {"files": page(name).files, "steps": [s for s in page(name).steps if runs(s[1])]} for name in PAGES}
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(demo / "demo", folder / "pages" / "demo", copy_function=os.link)
    told = {"status": 0, "out": (demo / "printed.txt").read_text("utf-8"), "err": ""}
    (folder / "pages" / "demo.json").write_text(json.dumps(told), "utf-8")
    with HubServer(repositories()) as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hf"), "NO_PROXY": "*"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.fixtures.run_pages", str(folder / "pages")],
            input=json.dumps(asked), capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found


def test_commands_are_known() -> None:
    """What is run here and what is not: nothing in the pages escapes both lists."""
    others = {name: [c for c in commands(name) if not c.startswith("xharness ")] for name in PAGES}
    assert {name: found for name, found in others.items() if found} == NOT_RUN
    assert sum(len(commands(name)) for name in PAGES) - sum(map(len, NOT_RUN.values())) >= 12


def test_make_demo_is_the_command_that_is_run_for_it() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "DEMO ?= demo\n" in makefile
    assert re.search(r"^demo: .*\n\t\$\(BIN\)/xharness demo \$\(DEMO\)$", makefile, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PAGES if any(runs(text) for _, text in page(name).steps)])
def test_every_step_runs_and_prints_what_is_shown(name: str, ran: dict[str, list[dict[str, Any]]]) -> None:
    done = iter(ran[name])
    for number, (_, text) in enumerate(page(name).steps):
        if not runs(text):
            continue
        left = next(done)
        expected = re.search(r"# exit status (\d)", text)  # a command that shows what a failure looks like says so
        assert left["status"] == (int(expected[1]) if expected else 0), f"{text}\n{left['out']}\n{left['err']}"
        if number in page(name).shown:
            shown = page(name).shown[number]
            assert re.fullmatch(_pattern(shown), _figureless(left["out"])), f"{text}\n{shown}\n{left['out']}"


def _pattern(shown: str) -> str:
    """What an output must match: a line `...` stands for any number of lines."""
    lines = _figureless(shown).splitlines(keepends=True)
    return "".join("(?:.*\n)*" if line == "...\n" else re.escape(line) for line in lines)


def _figureless(text: str) -> str:
    """Output without its figures and the width of its columns, which differ with torch, and without estimated times."""
    without = re.sub(r"[-+<]?\d+[.,]\d+", "0", text)
    without = re.sub(r"under a minute|about (?:a|\d+) minutes?", "a while", without)
    return re.sub(r"-+", "-", re.sub(r" +", " ", without))


def test_the_output_in_readme_is_that_of_the_main_command() -> None:
    (number,) = page("README.md").shown
    assert page("README.md").steps[number][1].startswith("xharness eval --model demo/checkpoint --tasks xtreme ")


@pytest.mark.slow
def test_the_figures_of_the_first_python_example(ran: dict[str, list[dict[str, Any]]]) -> None:
    """Those of `oracle` differ with nothing."""
    number = page("docs/python.md").steps.index(next(s for s in page("docs/python.md").steps if s[0] == "python"))
    assert ran["docs/python.md"][number]["out"] == page("docs/python.md").shown[number] == "xnli 100.0 ± 0.0\n"


def test_card_example_is_a_card(tmp_path: Path) -> None:
    from xtreme_harness.plan.cells import all_cards

    (tmp_path / "mynli.yaml").write_text(page("docs/tasks.md").files["mynli.yaml"], "utf-8")
    card = all_cards([tmp_path]).card("mynli")
    assert (card.kind, card.all_languages, card.labels[0]) == ("sequence_classification", ("de",), "contradiction")


def test_grid_example_is_a_grid(tmp_path: Path) -> None:
    from xtreme_harness.grid.schema import read_grid

    (tmp_path / "grid.yaml").write_text(page("docs/grid.md").files["grid.yaml"], "utf-8")
    grid = read_grid(tmp_path / "grid.yaml")
    assert (len(grid.bases), [one.label for one in grid.intermediates][-1]) == (2, "mnli+squad+hellaswag")


def test_every_command_of_the_program_stands_in_the_pages() -> None:
    from xtreme_harness.cli.main import COMMANDS

    text = "\n".join(page(name).text for name in PAGES)
    assert [name for name in COMMANDS if f"xharness {name}" not in text and f"make {name}" not in text] == []


def test_cards_in_the_guide_read_real_data(shared: Path, tmp_path: Path) -> None:
    """The two whole cards of tasks/README, on AmericasNLI and MasakhaNER."""
    from xtreme_harness import evaluate

    (tmp_path / "mynli.yaml").write_text(_card("mynli").replace("[qu, ht]", "[gn, nah, quy]"), "utf-8")
    (tmp_path / "myner.yaml").write_text(_card("myner"), "utf-8")
    data = [f"mynli={shared / 'realdata/americasnli'}", f"myner={shared / 'realdata/masakhaner'}"]
    result = evaluate("oracle", ["mynli", "myner"], data=data, include=[tmp_path], output=tmp_path / "out")
    sizes = {cell.key: cell.n for cell in result.cells}
    assert sizes == {
        ("mynli", "gn"): 750, ("mynli", "nah"): 738, ("mynli", "quy"): 750, ("myner", "sw"): 604, ("myner", "yo"): 645,
    }  # fmt: skip
    assert {task.spread.value for task in result.tasks} == {100.0}


def test_the_retrieval_card_of_the_guide_reads_files(tmp_path: Path) -> None:
    """By a corpus in two compressed files, queries and TREC's judgements."""
    from xtreme_harness import evaluate

    (tmp_path / "myqrels.yaml").write_text(_card("myqrels"), "utf-8")
    folder = tmp_path / "myqrels" / "sw"
    folder.mkdir(parents=True)
    for i in (0, 1):
        with gzip.open(folder / f"docs-{i}.jsonl.gz", "wt") as file:
            file.write(f'{{"docid": "7#{i}", "title": "Ziwa", "text": "maji {i}"}}\n')
    (folder / "topics.tsv").write_text("q1\twapi\nq2\tlini\n")
    (folder / "qrels.tsv").write_text("q1 Q0 7#1 1\nq1 Q0 7#0 0\nq2 Q0 7#0 2\n")
    asked: dict[str, Any] = {"data": str(tmp_path), "include": [tmp_path], "languages": "sw"}
    (cell,) = evaluate("oracle", "myqrels", output=tmp_path / "out", **asked).cells
    assert (cell.n, cell.metrics["ndcg@10"], cell.metrics["recall@100"]) == (2, 100, 100)
    assert "|prompts:query=query:%20,passage=passage:%20|" in cell.signature


def _card(name: str) -> str:
    """A whole card that stands in the guide."""
    guide = (ROOT / "tasks" / "README.md").read_text("utf-8")
    (found,) = re.findall(rf"```yaml\n(name: {name}\n.*?)```", guide, re.DOTALL)
    return str(found)


def test_readme_is_read_in_three_minutes() -> None:
    text = page("README.md").text
    assert (text.count("\n") <= 120, len(text.encode()) <= 7000) == (True, True)


def test_every_page_is_linked() -> None:
    linked = {
        (ROOT / name).parent.joinpath(target.partition("#")[0]).resolve()
        for name in ("README.md", "docs/README.md")
        for target in _links(name)
    }
    assert [file.name for file in sorted((ROOT / "docs").glob("*.md")) if file.resolve() not in linked] == []


@pytest.mark.parametrize("name", [*PAGES, "tasks/README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    faults = []
    for target in _links(name):
        path, _, anchor = target.partition("#")
        place = (ROOT / name).parent / path if path else ROOT / name
        if not place.exists() or (anchor and anchor not in _anchors(place)):
            faults.append(target)
    assert faults == []


def _links(name: str) -> list[str]:
    """The relative links of a page, code left out."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [target for target in _LINK.findall(prose) if not re.match(r"[a-z]+:", target)]


def _anchors(place: Path) -> list[str]:
    """The headings of a page, as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
