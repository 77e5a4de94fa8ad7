"""Bad places for what is written: links planted in an output folder, devices, pipes, full disks, closed folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.attack.box import Case, lay_out
from tests.attack.places import device

__all__ = ["GROUPS", "output_cases"]

LONG = "n" * 256
RUN = {"run": "runs/oracle", "other": "runs/random", "p": "xtreme-r/predictions", "l": "xtreme-r/labels",
       "m.yaml": "metadata.yaml", "base": "ckpt/encoder", "small": "samples/xnli"}  # fmt: skip


@dataclass(frozen=True)
class Writer:
    """A command that writes: `@` stands for the place."""

    name: str
    argv: str
    folder: bool  # a folder, or one file
    files: tuple[str, ...]  # of the stock's names in RUN
    planted: tuple[str, ...] = ()  # names inside its folder, where a link may be planted
    slow: bool = False  # only what is refused at once can be tried


WRITERS = (
    Writer("eval", "-q eval -m oracle -t xnli --languages de --data samples --log-samples -o @", True, (),
           (".lock", "log.txt", "cells", "cells/xnli", "cells/xnli/de.json", "predictions", "predictions/tasks",
            "predictions/tasks/xnli/test-de.tsv", "samples", "samples/xnli", "results.json", "leaderboard-xtreme.json",
            ".writable")),
    Writer("train", "-q train -m base -t xnli --data samples --recipe fast --set max_steps=1 --device cpu -o @", True,
           ("base",),
           (".lock", "log.txt", "train.jsonl", "training", "model.safetensors", "config.json", "xharness.json",
            "tokenizer.json")),
    Writer("score", "score --predictions p --labels l --suite xtreme-r -o @", False, ("p", "l")),
    Writer("compare", "compare run other --paired-bs 100 -o @", False, ("run", "other")),
    Writer("gate --junit", "gate run run --paired-bs 100 --junit @", False, ("run",)),
    Writer("gate --markdown", "gate run run --paired-bs 100 --markdown @", False, ("run",)),
    Writer("report", "report run -o @", False, ("run",)),
    Writer("export", "export run --format csv -o @", False, ("run",)),
    Writer("pack", "submission pack p --suite xtreme-r --metadata m.yaml -o @", True, ("p", "m.yaml")),
    Writer("pack to a zip", "submission pack p --suite xtreme-r --metadata m.yaml -o @.zip", False, ("p", "m.yaml")),
    Writer("labels", "submission labels --data samples --suite xtreme --to @", True, (),
           ("xnli", "xnli/test-de.tsv", "panx/test-de.tsv")),
    Writer("download", "download --tasks xnli --languages de --no-train --to @", True, (),
           ("xnli", "xnli/test-de.tsv")),
    Writer("demo", "-q demo @", True, (), slow=True),
)  # fmt: skip
GROUPS = tuple(f"output of {writer.name}" for writer in WRITERS)


def output_cases(group: str, stock: Path) -> Iterator[Case]:
    """Every bad place of a command's output."""
    writer = next(one for one in WRITERS if f"output of {one.name}" == group)
    ending = ".zip" if writer.argv.endswith(".zip") else ""
    own = {name: RUN[name] for name in writer.files}

    def lay(stock: Path, box: Path) -> None:
        lay_out(stock, box, own)

    def case(
        name: str, spoil: Callable[[Path], None], place: str = "out", expect: str = "refused", **more: object
    ) -> Case:
        argv = tuple(word.replace("@", place) for word in writer.argv.split())
        statuses = (1, 2, 3) if "gate" in writer.name else (2, 3)
        told = r"|".join((r"\S+ \S+: \d+ labels", "not written", "missing"))
        return Case(group, name, lay, spoil, argv, expect, statuses, told, working=True, **more)  # type: ignore[arg-type]

    if writer.name not in ("download", "demo", "train"):
        yield case("a new place", lambda box: None, expect="same")
        yield case("folders that are not there yet", lambda box: None, "out/a/b", expect="same")
    odd = [one for one in _names(case) if not writer.slow or one.expect == "refused"]
    yield from (one for one in odd if not (ending and one.name == "nothing"))  # that is a file named .zip
    yield from _in_place(case, writer, f"out{ending}")
    yield from _planted(case, writer)
    yield from _closed(case, writer, f"out{ending}")


def _names(case: Callable[..., Case]) -> Iterator[Case]:
    for name, place in {
        "a name of 256 bytes": LONG, "a name of 256 bytes below": f"out/{LONG}/x",
        "a path of 5,000 bytes": "out/" + "d/" * 2500,
        "nothing": "", "a name of half a character": "out/\udcff", "a name with escapes": "out/\x1b[2J\x07",
    }.items():  # fmt: skip
        yield case(name, lambda box: None, place, "any" if "escapes" in name or "half" in name else "refused")


def _in_place(case: Callable[..., Case], writer: Writer, place: str) -> Iterator[Case]:
    """Something else stands where it writes."""

    def stand(make: Callable[[Path], object]) -> Callable[[Path], None]:
        return lambda box: make(box / place) and None

    def file_to_follow(path: Path) -> None:
        (path.parent / "target").write_text("kept\n")
        path.symlink_to("target")

    file = "refused" if writer.folder else "any"
    yield case("a pipe that nobody reads", stand(lambda path: os.mkfifo(path)))
    yield case("a link to itself", stand(lambda path: path.symlink_to(path.name)))
    yield case("a file in the way", stand(lambda path: path.write_text("kept\n")), expect=file)
    yield case(
        "a folder below a file",
        stand(lambda path: path.write_text("kept\n")),
        f"{place}/in/it" if writer.folder else f"{place}/it",
    )
    nowhere = stand(lambda path: path.symlink_to("nowhere"))
    yield case("a link to nowhere", nowhere, expect="refused" if writer.folder else "any", named=not writer.folder)
    if writer.folder:
        yield case("a link to a file", stand(file_to_follow))
    else:
        yield case("a folder in the way", stand(lambda path: path.mkdir()))
    yield case("a full device", stand(lambda path: device(path, 7)))
    swallows = stand(lambda path: device(path, 3))
    yield case("a device that swallows", swallows, expect="refused" if writer.folder else "any")


def _planted(case: Callable[..., Case], writer: Writer) -> Iterator[Case]:
    """Links inside the output folder that lead out of it."""

    def plant(name: str, folder: bool) -> Callable[[Path], None]:
        def make(box: Path) -> None:
            target = box / "victim"
            if folder:
                target.mkdir()
                (target / "kept").write_text("kept\n")
            else:
                target.write_text("kept\n" * 10)
            (box / "out" / name).parent.mkdir(parents=True, exist_ok=True)
            (box / "out" / name).symlink_to(target)

        return make

    for name in writer.planted:
        for folder in (False, True):
            yield case(
                f"{name}: a link to a {'folder' if folder else 'file'} outside", plant(name, folder), expect="any"
            )
        yield case(
            f"{name}: a link to nowhere", lambda box, name=name: _link(box / "out" / name, "../made"), expect="any"
        )
        yield case(f"{name}: a pipe", lambda box, name=name: _pipe(box / "out" / name), expect="any")


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def _closed(case: Callable[..., Case], writer: Writer, place: str) -> Iterator[Case]:
    """No permission, and disks that are full after so many bytes."""

    def closed(mode: int) -> Callable[[Path], None]:
        def close(box: Path) -> None:
            (box / "shut").mkdir()
            (box / "shut").chmod(mode)

        return close

    yield case("a folder that may not be written", closed(0o555), f"shut/{place}", user=True)
    yield case("a folder that may not be entered", closed(0), f"shut/{place}", user=True)
    if writer.folder:
        yield case("a folder that may not be written, itself", closed(0o555), "shut", user=True)
    for most in (0, 1) if writer.slow else (0, 1, 100, 3000):
        yield case(
            f"a disk that is full after {most} bytes a file",
            lambda box: None,
            expect="refused" if most < 100 else "any",
            most=most,
        )
