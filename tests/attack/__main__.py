"""`make attack`: bad inputs, kills and mutated files; prints what was tried and found, and ends with 1 for a fault.

python -m tests.attack --quick             a few of every kind
python -m tests.attack --only results      the kinds with that word in their names
python -m tests.attack --count             how many cases there are, by kind
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from tests.attack.crowds import WAYS
from tests.attack.executors import kill_executors
from tests.attack.kills import COMMANDS, kill_all
from tests.attack.mutations import mutate_all
from tests.attack.runner import Group, try_groups
from tests.attack.stock import make_stock
from tests.attack.worker import cases, groups
from tests.fixtures.warm import warm_server

__all__ = ["main"]


def main() -> int:
    """Try everything that was asked for; 1 when a fault was found."""
    given = _arguments()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xharness-attack-") as place:
        folder = Path(place)
        folder.chmod(0o755)  # another user works in it
        stock = given.stock or folder / "stock"
        if not stock.exists():
            print("making valid files ...", file=sys.stderr)
            make_stock(stock)
        names = [name for name in groups() if _wanted(name, given.only)]
        if given.count:
            return _count(names, stock)
        (folder / "hub").mkdir()
        (folder / "hub").chmod(0o777)
        done: list[Group] = []
        with warm_server() as server:
            options = {"quick": given.quick, "seed": given.seed, "only": given.case, "at_once": given.jobs}
            done += try_groups(server, names, stock, folder, tell=_tell, **options)
            killed = [name for name in COMMANDS if _wanted(f"killed: {name}", given.only)]
            done += kill_all(server, killed, stock, folder, given.kills, given.seed, tell=_tell)
            ways = [name for name in WAYS if _wanted(f"executors: {name}", given.only)]
            done += kill_executors(server, ways, stock, folder, given.kills, given.seed, tell=_tell)
        mutated = (
            []
            if given.case
            else mutate_all(stock, given.minutes, given.seed, lambda name: _wanted(name, given.only), _tell)
        )
        done += mutated
    return _report(done, time.monotonic() - started)


def _wanted(name: str, only: list[str]) -> bool:
    return not only or any(fnmatch.fnmatch(name, f"*{word}*") for word in only)


def _tell(group: Group) -> None:
    print(f"{group.name}: {group.cases} cases, {len(group.found)} faults, {group.seconds:.0f} s", file=sys.stderr)
    for one in group.found:
        print(f"    {one.case}: {' | '.join(one.faults)}"[:600], file=sys.stderr)


def _count(names: list[str], stock: Path) -> int:
    rows = [[name, sum(1 for _ in cases(name, stock, False, 0))] for name in names]
    print(tabulate([*rows, ["all", sum(n for _, n in rows)]], headers=["kind", "cases"], tablefmt="pipe"))
    return 0


def _report(done: list[Group], seconds: float) -> int:
    rows = [[group.name, group.cases, len(group.found)] for group in done]
    total = ["all", sum(row[1] for row in rows), sum(row[2] for row in rows)]  # type: ignore[misc]
    print(tabulate([*rows, total], headers=["kind", "tried", "faults"], tablefmt="pipe"))
    print(f"\n{total[1]} tried in {seconds / 60:.0f} minutes: {total[2] or 'no'} faults")
    return 1 if total[2] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="a few cases of every kind, one kill a command")
    parser.add_argument(
        "--only", action="append", default=[], metavar="KIND", help="kinds with this in their name; repeatable"
    )
    parser.add_argument("--case", default="", metavar="WORDS", help="cases with this in their name")
    parser.add_argument("--seed", type=int, default=0, help="of what a quick run draws, of kills and mutations")
    parser.add_argument("--kills", type=int, metavar="N", help="kills a command and an executor (default 8; quick: 1)")
    parser.add_argument("--minutes", type=float, help="of mutations (default 3; quick: 0.2)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--count", action="store_true", help="say how many bad inputs there are, and stop")
    parser.add_argument("--stock", type=Path, metavar="DIR", help="where the valid files are, or will be left")
    given = parser.parse_args()
    given.kills = (1 if given.quick else 8) if given.kills is None else given.kills
    given.minutes = (0.2 if given.quick else 3.0) if given.minutes is None else given.minutes
    return given


if __name__ == "__main__":
    sys.exit(main())
