"""Every command of README runs, in its order, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.hub_server import HubServer
from tests.fixtures.readme_hub import repositories

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def _commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


def test_commands_are_known() -> None:
    """What is run here and what is not: nothing in README escapes both lists."""
    others = [c for c in _commands() if not c.startswith("xharness ")]
    assert others == ["make demo", "make test", "pip install ."]
    assert len(_commands()) - len(others) >= 12


@pytest.mark.slow
def test_every_command_runs(tmp_path: Path) -> None:
    printed: dict[str, str] = {}
    with HubServer(repositories()) as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}
        for command in (c for c in _commands() if c.startswith("xharness ")):
            arguments = [sys.executable, "-m", "xtreme_harness.cli.main", *shlex.split(command, comments=True)[1:]]
            done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
            # a run on samples lacks most languages; the demo's checkpoint is worse than the oracle
            expected = {"xharness submission check": 1, "xharness gate": 1}
            status = next((code for start, code in expected.items() if command.startswith(start)), 0)
            assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
            printed[command] = done.stdout
    shown = re.findall(r"```sh\n([^\n]*)\n```\n\n<!-- output -->\n```text\n(.*?)```", README, re.DOTALL)
    assert len(shown) == 1
    command, output = shown[0]
    assert [_name(line) for line in output.splitlines()] == [_name(line) for line in printed[command].splitlines()]


def _name(line: str) -> str:
    """A line of output without its figures: those of the demo's random weights differ with the version of torch."""
    return line.split("|")[1].strip() if line.startswith("| ") else line


@pytest.mark.slow
def test_python_example_runs(tmp_path: Path) -> None:
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "xnli 100.0 ± 0.0\n"


def test_card_example_is_a_card(tmp_path: Path) -> None:
    from xtreme_harness.plan.cells import all_cards

    (example,) = [one for one in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if one.startswith("name:")]
    (tmp_path / "mynli.yaml").write_text(example, "utf-8")
    card = all_cards([tmp_path]).card("mynli")
    assert (card.kind, card.all_languages, card.labels[0]) == ("sequence_classification", ("de",), "contradiction")


def test_grid_example_is_a_grid(tmp_path: Path) -> None:
    from xtreme_harness.grid.schema import read_grid

    (example,) = [one for one in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if one.startswith("bases:")]
    (tmp_path / "grid.yaml").write_text(example, "utf-8")
    grid = read_grid(tmp_path / "grid.yaml")
    assert (len(grid.bases), [one.label for one in grid.intermediates][-1]) == (2, "mnli+squad+hellaswag")


def test_every_command_of_the_program_stands_in_readme() -> None:
    from xtreme_harness.cli.main import COMMANDS

    assert [name for name in COMMANDS if f"xharness {name}" not in README and f"make {name}" not in README] == []


def test_cards_in_the_guide_read_real_data(shared: Path, tmp_path: Path) -> None:
    """The two whole cards of tasks/README, on AmericasNLI and MasakhaNER."""
    from xtreme_harness import evaluate

    guide = (ROOT / "tasks" / "README.md").read_text("utf-8")
    nli, ner = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "mynli.yaml").write_text(nli.replace("[qu, ht]", "[gn, nah, quy]"), "utf-8")
    (tmp_path / "myner.yaml").write_text(ner, "utf-8")
    data = [f"mynli={shared / 'realdata/americasnli'}", f"myner={shared / 'realdata/masakhaner'}"]
    result = evaluate("oracle", ["mynli", "myner"], data=data, include=[tmp_path], output=tmp_path / "out")
    sizes = {cell.key: cell.n for cell in result.cells}
    assert sizes == {
        ("mynli", "gn"): 750, ("mynli", "nah"): 738, ("mynli", "quy"): 750, ("myner", "sw"): 604, ("myner", "yo"): 645,
    }  # fmt: skip
    assert {task.spread.value for task in result.tasks} == {100.0}
