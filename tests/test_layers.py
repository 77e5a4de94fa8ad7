"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import xtreme_harness
from xtreme_harness.kinds import KINDS

ROOT = Path(xtreme_harness.__file__).parent
GROUPS = (  # a module imports from its own folder and from those before it
    ("what everything uses", ("errors", "records", "languages", "signature", "processor", "files", "tables", "jobs")),
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


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Every module of the package that a file imports, also inside functions, with the line."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
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


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_only_from_layers_above(file: Path) -> None:
    mine = name_of(file).split(".")[0]
    assert mine in LAYERS, f"{mine}: stands in no layer; add it to LAYERS where it belongs"
    below = [
        f"{file.name}:{line}: {mine} imports {name}, which stands below it"
        for name, line in imports(file)
        if LAYERS.index(name.split(".")[0]) > LAYERS.index(mine)
    ]
    assert not below


def test_every_layer_exists() -> None:
    assert set(LAYERS) == {name_of(file).split(".")[0] for file in FILES}


def asked_kinds(file: Path) -> Iterator[int]:
    """Lines that compare something with the name of a kind."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Compare):
            constants = [c.value for c in ast.walk(node) if isinstance(c, ast.Constant)]
            if set(KINDS) & {value for value in constants if isinstance(value, str)}:
                yield node.lineno


@pytest.mark.parametrize("file", [f for f in FILES if name_of(f).split(".")[0] != "kinds"], ids=name_of)
def test_nobody_outside_kinds_asks_which_kind_it_serves(file: Path) -> None:
    assert not list(asked_kinds(file))


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("kind == 'bitext'", True), ("card.kind != 'bitext'", True), ("kind.name in ('a', 'retrieval')", True),
        ("card.kind in KINDS", False), ("kind.head is None", False), ("kind == 'published'", False),
    ],
)  # fmt: skip
def test_the_question_is_recognised(tmp_path: Path, code: str, asked: bool) -> None:
    (tmp_path / "x.py").write_text(code)
    assert bool(list(asked_kinds(tmp_path / "x.py"))) is asked
