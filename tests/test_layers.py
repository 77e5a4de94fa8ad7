"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import xtreme_harness
from xtreme_harness.kinds import KINDS
from xtreme_harness.models.head_table import HEADS

ROOT = Path(xtreme_harness.__file__).parent
GROUPS = (  # a module imports from its own folder and from those before it
    ("what everything uses", ("errors", "records", "languages", "signature", "processor", "files", "tables", "jobs")),
    ("the Hub", ("hub",)),
    ("what a task is", ("cards", "data", "metrics", "search", "models", "kinds")),
    ("what a command will do, what it found", ("scoring", "plan", "results", "submission")),
    ("the work", ("training", "evaluation")),
    ("what is done with results", ("leaderboard", "comparison", "gate", "report", "exports")),
    ("many runs, and the command line", ("grid", "demonstration", "cli")),
)
LAYERS = tuple(name for _, names in GROUPS for name in names)
FILES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def name_of(file: Path) -> str:
    """Dotted name below the package: "data.formats.squad"."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text("utf-8"))


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Every module of the package that a file imports, also inside functions, with the line."""
    for node in ast.walk(parsed(file)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            names = [node.module or ""]
            if node.module == "xtreme_harness":
                names = [f"xtreme_harness.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("xtreme_harness."):
                yield name.removeprefix("xtreme_harness."), node.lineno


def test_imports_only_from_layers_above() -> None:
    below = [
        f"{name_of(file)}:{line}: imports {name}, which stands below it"
        for file in FILES
        for name, line in imports(file)
        if LAYERS.index(name.split(".")[0]) > LAYERS.index(name_of(file).split(".")[0])
    ]
    assert not below


def test_every_layer_exists() -> None:
    assert set(LAYERS) == {name_of(file).split(".")[0] for file in FILES}


def spoken(file: Path) -> Iterator[tuple[str, int]]:
    """Every string in an expression, and every attribute that is asked for, with its line; no docstrings."""
    tree = parsed(file)
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.value, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno


def kinds_named(file: Path) -> list[int]:
    """Lines that say the name of a kind."""
    return [line for word, line in spoken(file) if word in KINDS]


def heads_named(file: Path) -> list[int]:
    """Lines that say the name of a head, or of any Auto class."""
    return [line for word, line in spoken(file) if word in HEADS or word.startswith("AutoModel")]


def test_nobody_outside_kinds_names_one() -> None:
    others = [file for file in FILES if name_of(file).split(".")[0] != "kinds"]
    assert not {name_of(file): lines for file in others if (lines := kinds_named(file))}


def test_heads_are_named_in_their_table_alone() -> None:
    others = [file for file in FILES if name_of(file) != "models.head_table"]
    assert not {name_of(file): lines for file in others if (lines := heads_named(file))}


@pytest.mark.parametrize(
    ("code", "kinds", "heads"),
    [
        ("kind == 'bitext'", 1, 0), ("kind.name in ('a', 'retrieval')", 1, 0), ("f({'extractive_qa': 1})", 1, 0),
        ("x = {'bitext': 1}['bitext']", 2, 0), ("card.kind in KINDS", 0, 0), ("kind == 'published'", 0, 0),
        ("\"\"\"bitext\"\"\"", 0, 0), ("head = 'AutoModelForMaskedLM'", 0, 1), ("transformers.AutoModel.x()", 0, 1),
        ("f(head='dual encoder')", 0, 1), ("print(f'no dual encoder for {x}')", 0, 0), ("kind.head is None", 0, 0),
    ],
)  # fmt: skip
def test_names_are_recognised(tmp_path: Path, code: str, kinds: int, heads: int) -> None:
    (tmp_path / "x.py").write_text(code)
    assert (len(kinds_named(tmp_path / "x.py")), len(heads_named(tmp_path / "x.py"))) == (kinds, heads)


LINES, FUNCTION, MODULES, FOLDERS = 300, 60, 6, 24


def long_parts(file: Path) -> list[str]:
    """The module itself where it is too long, and its functions that are."""
    text = file.read_text("utf-8")
    found = [f"{text.count(chr(10))} lines"] if text.count("\n") > LINES else []
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            found += [f"{node.name}: {size} lines"] if size > FUNCTION else []
    return found


def test_modules_and_functions_are_short() -> None:
    assert not {name_of(file): parts for file in FILES if (parts := long_parts(file))}


def test_the_top_of_the_package_is_seen_at_a_glance() -> None:
    assert len([file for file in ROOT.glob("*.py")]) <= MODULES
    assert len({file.relative_to(ROOT).parts[0] for file in FILES if len(file.relative_to(ROOT).parts) > 1}) <= FOLDERS


# file names that are said in several folders and mean the same in each
SHARED_NAMES = {
    "base": "the type of what the folder holds: a kind, a metric",
    "bitext": "two files of sentences: how they are read, what is asked of them",
    "check": "what is wrong with a thing that a user wrote: a card, a submission",
    "describe": "what a dry run prints: of an evaluation or a training, of a grid",
    "evaluate": "the command: prepared, carried out",
    "graph": "jobs and what each needs: the type, those of an evaluation",
    "job": "a piece of work: what it is, one that trains, one that evaluates",
    "options": "what a user may say of an evaluation: as a record, as click options",
    "ranking": "ranked lists: what is asked of a model, their figures",
    "schema": "what a file may say: a card, a grid; how the schemas that ship are read",
    "score": "predictions and gold to figures: of a split, of two folders, as a command",
    "series": "checkpoints of one training run: found, evaluated",
    "squad": "SQuAD: its files, its metric",
    "stage": "a stage of training: resolved, carried out",
    "tagging": "sentences of tags: their files, their metric",
    "train": "the command: prepared, carried out",
    "trials": "the trainings of a search: resolved, carried out",
}


def test_a_file_name_is_said_once_or_means_the_same() -> None:
    """A command's module has the name of what it calls; any other name that is said twice has a reason."""
    names = [file.stem for file in FILES if file.stem != "__init__" and file.parent != ROOT / "cli"]
    commands = {file.stem for file in FILES if file.parent == ROOT / "cli"}
    twice = {name for name in names if names.count(name) > 1}
    assert not twice - set(SHARED_NAMES)
    assert set(SHARED_NAMES) <= twice | commands
