"""A process that tries one group of cases after the other, and writes what was wrong with each."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import xtreme_harness
from tests.attack import flags, outputs
from tests.attack.box import Case, Outcome, attempt, faults_of
from tests.attack.inputs import TARGETS, cases_of, clean_case
from xtreme_harness.cards import folder

__all__ = ["cases", "groups", "main"]

MEMORY = 6 << 30
BEFORE = (  # imported while one is root: another user may not be able to read where Python lies
    "csv", "encodings.idna", "encodings.latin_1", "encodings.utf_16", "encodings.utf_8_sig", "html", "tabulate",
    "unicodedata", "xml.etree.ElementTree", "zipfile",
)  # fmt: skip
SMALL = 2  # cases of a group in a quick run, beside the valid files


def groups() -> list[str]:
    """Everything that is tried, by the name of its kind."""
    return [*(target.kind for target in TARGETS), *outputs.GROUPS, *flags.GROUPS]


def cases(group: str, stock: Path, quick: bool, seed: int) -> Iterator[Case]:
    """The cases of a group: of a quick run a few, drawn by the seed; the valid files first."""
    if group in outputs.GROUPS:
        found = list(outputs.output_cases(group, stock))
    elif group in flags.GROUPS:
        found = list(flags.flag_cases(group, stock))
    else:
        target = next(one for one in TARGETS if one.kind == group)
        found = list(cases_of(target, stock, 1))
        yield clean_case(target)
    yield from Random(f"{seed} {group}").sample(found, min(SMALL, len(found))) if quick else found


def _others_may_read() -> bool:
    """May another user than root read the program? Where it lies in a closed folder, none can run it."""
    places = [Path(xtreme_harness.__file__).parent, folder()]
    above = {parent for place in places for parent in place.resolve().parents}
    return all(one.stat().st_mode & 0o5 == 0o5 for one in places) and all(one.stat().st_mode & 0o1 for one in above)


def main() -> None:
    """`worker GROUP STOCK REPORT QUICK SEED START [ONLY]`: one JSON line before and after every case."""
    group, stock, report, quick, seed, start, *only = sys.argv[1:]
    warnings.simplefilter("error")
    resource.setrlimit(
        resource.RLIMIT_DATA, (MEMORY, MEMORY)
    )  # what reads without end shall not take the machine along
    for module in BEFORE:
        import_module(module)
    clean: Outcome | None = None
    with open(report, "a", encoding="utf-8") as file:  # noqa: PTH123 - line by line

        def tell(**line: Any) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()

        for i, case in enumerate(cases(group, Path(stock), quick == "1", int(seed))):
            if case.user and os.getuid() == 0 and not _others_may_read():
                continue
            if case.name != "valid" and (i < int(start) or (only and only[0] not in case.name)):
                continue
            tell(begins=i, name=case.name)
            got, faults = _tried(case, Path(stock), clean)
            clean = got if case.name == "valid" else clean
            tell(
                ended=i,
                name=case.name,
                faults=faults,
                seconds=round(got.seconds, 2),
                status=got.status,
                err=got.err[:2000],
            )
        tell(finished=True)


def _tried(case: Case, stock: Path, clean: Outcome | None) -> tuple[Outcome, list[str]]:
    box = Path(tempfile.mkdtemp(prefix="box-"))
    box.chmod(0o755)
    try:
        got = attempt(case, stock, box)
        return got, faults_of(case, got, clean)
    finally:
        _clear(box)
        shutil.rmtree(box, ignore_errors=True)


def _clear(box: Path) -> None:
    for path in [p for p in box.rglob("*") if p.is_dir() and not p.is_symlink()]:
        path.chmod(0o700)
    for path in box.iterdir():
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


if __name__ == "__main__":
    main()
