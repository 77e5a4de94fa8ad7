"""Random changes of valid files, of bytes and of structure, and a loop over all readers for some minutes."""

from __future__ import annotations

import copy
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.attack.readers import READERS, Laid, Reader
from tests.attack.runner import Found, Group

__all__ = ["CHUNKS", "VALUES", "edited", "mutate_all", "mutated", "restructured"]

CHUNKS: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\n", b"\r", b"\t", b" ", b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",",
    b"-", b"9" * 30, b"9" * 5000, b"1e999", b"NaN", b"null", b"true", b"\\ud800", b"\xed\xa0\x80",
    b"\x1b[2J", b"[" * 300,
    b"&a", b"*a", b"!!python/object:x", b"<<: ", b"? ", b"---\n", "é\u2028\u202e\u0301".encode(), b"..", b"/",
    b"%", b"0x1p3",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, 10**400, float("nan"), float("inf"), "", " ", "word", "\x1b[2J", "\x00",
    "a\nb", "../..", "/etc", "x" * 300, "🙂", "nan", "1", [], [None], [[]], {}, {"": None},
    {"a": {}}, ["a", "a"], [0, 1, 2],
    "\ud800", {"0": "a"}, -(10**25), 1e308,
)  # fmt: skip
Edit = tuple[int, float, int]  # what is done, where (a share of the file), with which chunk


def edited(raw: bytes, edits: Sequence[Edit]) -> bytes:
    """Bytes put in, overwritten, taken out, doubled, or cut off."""
    for what, share, number in edits:
        at, chunk = int(share * len(raw)), CHUNKS[number % len(CHUNKS)]
        size = max(1, number % 40)
        match what % 5:
            case 0:
                raw = raw[:at] + chunk + raw[at:]
            case 1:
                raw = raw[:at] + chunk + raw[at + len(chunk) :]
            case 2:
                raw = raw[:at] + raw[at + size :]
            case 3:
                raw = raw[: at + size] + raw[at:]
            case _:
                raw = raw[:at]
    return raw


def restructured(value: Any, edits: Sequence[Edit]) -> Any:
    """Values replaced, taken out, doubled or renamed somewhere in a tree."""
    tree = [copy.deepcopy(value)]
    for what, share, number in edits:
        holders = list(_holders(tree))
        holder, key = holders[int(share * len(holders)) % len(holders)]
        new = copy.deepcopy(VALUES[number % len(VALUES)])
        if what % 4 == 0 or holder is tree:
            holder[key] = new
        elif what % 4 == 1:
            del holder[key]
        elif isinstance(holder, dict):
            holder[str(new)[:20] if what % 4 == 2 else "more"] = holder[key]
        else:
            holder.insert(key, new if what % 4 == 2 else holder[key])
    return tree[0]


def _holders(tree: Any) -> Any:
    """Every place in a tree: what holds it, and its key there."""
    for key, one in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(one, dict | list):
            yield from _holders(one)


def structured(raw: bytes, form: str, edits: Sequence[Edit]) -> bytes:
    """A JSON or YAML file, or one line of a JSON lines file, with its values changed."""
    if form == "jsonl":
        lines = raw.split(b"\n")
        at = edits[0][2] % max(1, len(lines) - 1)
        lines[at] = structured(lines[at], "json", edits)
        return b"\n".join(lines)
    value = restructured(yaml.safe_load(raw) if form == "yaml" else json.loads(raw), edits)
    if form == "yaml":
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def mutated(reader: Reader, raw: bytes, edits: Sequence[Edit], by_structure: bool) -> bytes:
    """A file with changes: of its values where it has some and that is asked for, else of its bytes."""
    if by_structure and reader.form in ("json", "yaml", "jsonl"):
        return structured(raw, reader.form, edits)
    return edited(raw, edits)


def mutate_all(
    stock: Path, minutes: float, seed: int, wanted: Callable[[str], bool], tell: Callable[[Group], None]
) -> list[Group]:
    """Give every reader changed files, for its share of some minutes.

    Args:
        stock: of valid files.
        minutes: for all.
        seed: of the changes.
        wanted: is a group of this name to be tried?
        tell: called with every group that is done.
    """
    readers = [reader for reader in READERS if wanted(f"mutated: {reader.name}")] if minutes else []
    done = []
    with tempfile.TemporaryDirectory(prefix="xharness-mutated-") as folder:
        for reader in readers:
            group = Group(f"mutated: {reader.name}")
            _mutate(
                Laid(reader, stock, Path(folder) / "box"),
                Random(f"{seed} {reader.name}"),
                60 * minutes / len(readers),
                group,
            )
            done.append(group)
            tell(group)
    return done


def _mutate(laid: Laid, rng: Random, seconds: float, group: Group) -> None:
    seen: set[str] = set()
    started = time.monotonic()
    if what := laid.complaint(laid.valid):
        group.found.append(Found("the valid file", (what,)))
    while (now := time.monotonic()) < started + seconds:
        edits = [(rng.randrange(20), rng.random(), rng.randrange(1000)) for _ in range(rng.choice((1, 1, 1, 2, 3, 6)))]
        raw = mutated(laid.reader, laid.valid, edits, rng.random() < 0.6)
        what = laid.complaint(raw)
        group.cases += 1
        if (took := time.monotonic() - now) > 10:
            what = f"took {took:.0f} s"
        place = what.partition(": ")[0]
        if what and place not in seen:  # the same place again says nothing new
            seen.add(place)
            group.found.append(Found(f"{edits}", (what,)))
    group.seconds = time.monotonic() - started
