"""One bad input: laid out in a folder of its own, given to a command in this process, and what came of it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import shutil
import signal
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Case", "Outcome", "attempt", "faults_of", "lay_out"]

Lay = Callable[[Path, Path], None]  # stock, box: valid files
SECONDS = 10.0  # in which everything ends
LINES, CHARACTERS = 101, 2_200
NOBODY = 65534
_RAW = re.compile(  # what Python says, and no place of the program
    r"Traceback \(most|unexpected \w*(?:Error|Exception|Warning|Iteration)|KeyError|'NoneType'|"
    r"object has no attribute|not subscriptable|unhashable type|"
    r"invalid literal for|object is not iterable|indices must be|Errno \d|must be str, not|not supported between|"
    r"codec can't|recursion depth|has no len\(\)|positional argument|<class '|object at 0x|list index out of range"
)
_KNOWN = re.compile(  # the beginnings of lines that are no fault
    r"error: |warning: |failed: |missing: |not written: |not fetched: |licence: |interrupted|Usage: |\s*$"
)


@dataclass(frozen=True)
class Case:
    """A command over files of which one is bad.

    Attributes:
        kind: of file, of output or of flag.
        name: what is wrong.
        lay: makes the valid files.
        spoil: makes one of them bad; its argument is the box.
        argv: the command; it runs in the box, and `out` is its output.
        expect: "refused", "same" (as the valid files), or "any" of the two.
        statuses: of a refusal.
        told: the beginnings of other lines that the command prints on stderr.
        user: run by another user than root.
        most: bytes that a file may grow to, as on a full disk.
        working: is it refused in the midst of work, so that `out` may hold a lock, a log and empty folders?
        named: does the bad value say where to write, so that anything in the box may change?
    """

    kind: str
    name: str
    lay: Lay
    spoil: Callable[[Path], None]
    argv: tuple[str, ...]
    expect: str = "refused"
    statuses: tuple[int, ...] = (2,)
    told: str = ""
    user: bool = False
    most: int | None = None
    working: bool = False
    named: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    status: int | str
    out: str
    err: str
    seconds: float
    before: Mapping[str, Any] = field(repr=False)
    after: Mapping[str, Any] = field(repr=False)


class TookTooLong(BaseException):
    """Raised in the midst of whatever does not end."""


def lay_out(stock: Path, box: Path, names: Mapping[str, str]) -> None:
    """Take files and folders of the stock into a box: its name there -> its name in the stock."""
    for name, source in names.items():
        place = box / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (stock / source).is_dir():
            shutil.copytree(stock / source, place, copy_function=shutil.copyfile, dirs_exist_ok=True)
        else:
            shutil.copyfile(stock / source, place)


def snapshot(folder: Path) -> dict[str, Any]:
    """Everything below a folder: kind, mode, size, time of change, target of a link."""
    found: dict[str, Any] = {}
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            entry = path.lstat()
            target = str(path.readlink()) if path.is_symlink() else ""
            seen = (stat.filemode(entry.st_mode), target)
            if stat.S_ISREG(entry.st_mode):
                seen = (*seen, entry.st_size, entry.st_mtime_ns)
            found[str(path.relative_to(folder))] = seen
    return found


def attempt(case: Case, stock: Path, box: Path) -> Outcome:
    """Lay a case out and run its command."""
    case.lay(stock, box)
    case.spoil(box)
    if case.user:
        _hand_over(box)
    before = snapshot(box)
    started = time.process_time()  # a busy machine is no fault; what waits for ever is stopped
    with _inside(box), _as_user(case.user), _limited(case.most), _caught() as streams:
        status = _run(case.argv)
    seconds = time.process_time() - started
    return Outcome(status, *(stream() for stream in streams), seconds, before, snapshot(box))


def faults_of(case: Case, got: Outcome, clean: Outcome | None) -> list[str]:
    """What is wrong with an outcome; `clean` is that of the valid files."""
    faults = []
    refused = got.status != 0
    if not isinstance(got.status, int):
        return [f"{got.status}"]
    if refused and case.expect == "same":
        faults.append(f"refused: {got.err.strip()[:300]}")
    elif refused and got.status not in case.statuses:
        faults.append(f"exit status {got.status}, expected {' or '.join(map(str, case.statuses))}")
    if not refused and case.expect == "refused":
        faults.append("accepted")
    if not refused and case.expect == "same" and clean and got.out != clean.out:
        faults.append("accepted with another result than the clean file's")
    if refused and not got.err.strip():
        faults.append("refused without a word")
    faults += _line_faults(case, got)
    faults += _written(case, got, refused)
    if got.seconds > SECONDS:
        faults.append(f"took {got.seconds:.0f} s")
    return faults


def _line_faults(case: Case, got: Outcome) -> list[str]:
    faults = []
    lines = got.err.splitlines() if "\x0b" not in got.err else got.err.split("\n")
    if found := _RAW.search(got.err):
        at = max(0, found.start() - 150)
        faults.append(f"says what Python says: {got.err[at : found.end() + 150]!r}")
    told = [line for line in lines if not line.startswith(("missing: ", "not written: ", "not fetched: "))]
    if len(told) > LINES + 20:  # beside what is not there, of which each part is named
        faults.append(f"{len(told)} lines on stderr")
    longest = max(lines, key=len, default="")
    if len(longest) > CHARACTERS:
        faults.append(f"a line of {len(longest)} characters: {longest[:100]!r}")
    strange = [line for line in lines if not _KNOWN.match(line) and not (case.told and re.match(case.told, line))]
    if strange and not faults:
        faults.append(f"a line that is neither an error nor known: {strange[0][:200]!r}")
    for name, text in (("stderr", got.err), ("stdout", got.out)):
        raw = sorted({c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t\r"})
        if raw:
            faults.append(f"control characters on {name}: {raw!r}")
    if got.status == 2 and not re.search("^(error|not fetched|not written): ", got.err, re.MULTILINE):
        faults.append("status 2 without an error line")
    return faults


def _written(case: Case, got: Outcome, refused: bool) -> list[str]:
    """What has changed outside the output, and after a refusal inside it."""
    changed = [name for name in sorted({*got.before, *got.after}) if got.before.get(name) != got.after.get(name)]
    if not refused or got.status == 3 or case.most is not None:
        changed = [name for name in changed if not f"{name}/".startswith(("out/", "out.zip/"))]
    elif case.working:
        begun = ("out/.lock", "out/log.txt", "out/results.json")
        changed = [
            n
            for n in changed
            if not f"{n}/".startswith("out/") or (n not in begun and n in got.after and got.after[n][0][0] != "d")
        ]
    if not changed or (case.named and not refused):
        return []
    return [f"written: {', '.join(changed[:4])}{' ...' if len(changed) > 4 else ''}"]


def _run(argv: Sequence[str]) -> int | str:
    from xtreme_harness.cli.main import main

    def stop(number: int, frame: Any) -> None:
        raise TookTooLong

    kept = signal.signal(signal.SIGALRM, stop)
    handled = signal.getsignal(signal.SIGTERM)
    signal.setitimer(signal.ITIMER_REAL, 2 * SECONDS)
    try:
        main(list(argv))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except TookTooLong:
        return f"no end after {2 * SECONDS:.0f} s"
    except BaseException as error:
        return f"raised {type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
        signal.signal(signal.SIGTERM, handled)
    return "did not exit"


@contextlib.contextmanager
def _inside(box: Path) -> Iterator[None]:
    here = Path.cwd()
    os.chdir(box)
    try:
        yield
    finally:
        os.chdir(here)


@contextlib.contextmanager
def _as_user(other: bool) -> Iterator[None]:
    """Be nobody for a while, where one is root: root may read everything."""
    if not other or os.getuid() != 0:
        yield
        return
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, 0)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)


def _hand_over(box: Path) -> None:
    """Give a box to the other user, modes as they are."""
    if os.getuid() == 0:
        for path in [box, *box.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


@contextlib.contextmanager
def _limited(most: int | None) -> Iterator[None]:
    """Let no file grow beyond a number of bytes."""
    if most is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class _Terminal(io.StringIO):
    """What is shown on a terminal, where click takes no escapes away."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def _caught() -> Iterator[list[Callable[[], str]]]:
    """Catch what is printed."""
    out, err = _Terminal(), _Terminal()
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield [out.getvalue, err.getvalue]
    finally:
        sys.stdout, sys.stderr = kept
