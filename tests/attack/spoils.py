"""What can be wrong with the content of a file: functions from valid bytes to bad ones, by what the file holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml

__all__ = ["ESCAPES", "SPOILS", "Spoil", "keyed_spoils"]

Spoil = Callable[[bytes], bytes]
Table = dict[str, tuple[Spoil, str]]  # name -> what it does, and what is expected
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\x00\x7f\u202e"
DIGITS = b"9" * 5000
MANY = 100_000


def _in_the_middle(insert: bytes) -> Spoil:
    return lambda raw: raw[: len(raw) // 2] + insert + raw[len(raw) // 2 :]


def _utf16(raw: bytes) -> bytes:
    return raw.decode("utf-8", "replace").encode("utf-16")


def _first_text(text: str) -> Spoil:
    """Put something into the first text of a JSON value that is no key."""

    def spoil(raw: bytes) -> bytes:
        value = json.loads(raw)
        for path, one in _leaves(value):
            if isinstance(one, str) and path:
                return _dumped(_with(value, path, one + text))
        return _dumped([value, text])

    return spoil


def _first_number(written: str) -> Spoil:
    """Write the first number of a JSON value in another way."""

    def spoil(raw: bytes) -> bytes:
        value = json.loads(raw)
        for path, one in _leaves(value):
            if isinstance(one, int | float) and not isinstance(one, bool) and path:
                return _dumped(_with(value, path, "@@")).replace(b'"@@"', written.encode())
        if isinstance(value, dict):
            return _dumped({**value, "number": "@@"}).replace(b'"@@"', written.encode())
        return written.encode()

    return spoil


def _twice(raw: bytes) -> bytes:
    """The first key of an object twice."""
    value = json.loads(raw)
    if not isinstance(value, dict) or not value:
        return raw
    key = next(iter(value))
    return b"{" + _dumped(key) + b": null, " + _dumped(value)[1:]


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _leaves(one, (*path, key))
    if not isinstance(value, dict | list):
        yield path, value


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    made = copy.deepcopy(value)
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = new
    return made


def _places(value: Any, path: tuple[Any, ...] = (), shape: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Every key once, whichever item of a list it stands in: where it stands, and its name."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield (*path, key), (*shape, key)
            yield from _places(one, (*path, key), (*shape, key))
    elif isinstance(value, list):
        for i, one in enumerate(value[:50]):
            yield (*path, i), (*shape, "[]")
            yield from _places(one, (*path, i), (*shape, "[]"))


WRONG: tuple[Any, ...] = (
    None, [], {}, "word", -1, True, 10**30, 1.5, [None], {"a": None}, "", [[]], float("nan"), "\x1b[2J", 0, ["a", "a"],
    float("inf"), "../..", {"": {}}, "x" * 3000,
)  # fmt: skip


def keyed_spoils(raw: bytes, form: str, most: int, each: int) -> Table:
    """A wrong value at every key of a JSON or YAML file; `each` of them at a key, and at most so many keys."""
    value = yaml.safe_load(raw) if form == "yaml" else json.loads(raw.split(b"\n")[0] if form == "jsonl" else raw)
    rest = raw.partition(b"\n")[2] if form == "jsonl" else b""
    places: dict[Any, Any] = {}
    for path, shape in _places(value):
        places.setdefault(shape, path)
    if len(places) > most:
        step = len(places) / most
        chosen = list(places.items())
        places = dict(chosen[int(i * step)] for i in range(most))
    table: Table = {}
    for i, (shape, path) in enumerate(places.items()):
        for k in range(each):
            wrong = WRONG[(i * 7 + k * 3) % len(WRONG)]
            name = f"{'.'.join(map(str, shape))[:60]} is {json.dumps(wrong)[:20]}"
            table[name] = (_replacing(value, path, wrong, form, rest), "any")
    return table


def _replacing(value: Any, path: Any, wrong: Any, form: str, rest: bytes) -> Spoil:
    def spoil(raw: bytes) -> bytes:
        made = _with(value, path, wrong)
        if form == "yaml":
            return yaml.safe_dump(made, sort_keys=False, allow_unicode=True).encode()
        return _dumped(made) + (b"\n" + rest if form == "jsonl" else b"")

    return spoil


def _on_first_line(spoil: Spoil) -> Spoil:
    def first(raw: bytes) -> bytes:
        line, end, rest = raw.partition(b"\n")
        return spoil(line).replace(b"\n", b" ") + end + rest

    return first


ANY: Table = {
    "empty": (lambda raw: b"", "refused"),
    "NUL bytes": (_in_the_middle(b"\x00\x00\x00"), "any"),
    "UTF-16": (_utf16, "refused"),
    "Latin-1": (_in_the_middle("é".encode("latin-1")), "refused"),
    "garbage": (lambda raw: bytes(range(256)) * 8, "refused"),
    "a byte-order mark": (lambda raw: b"\xef\xbb\xbf" + raw, "any"),
    "truncated": (lambda raw: raw[: len(raw) * 2 // 3], "any"),
    "terminal escapes": (lambda raw: ESCAPES.encode() + raw, "any"),
    "one line of 20 MB": (lambda raw: b"x" * 20_000_000, "any"),
    "100,000 bad lines": (lambda raw: b"\x1b[2Jbad\tline\n" * MANY, "any"),
    "CR LF": (lambda raw: raw.replace(b"\n", b"\r\n"), "any"),
    "CR alone": (lambda raw: raw.replace(b"\n", b"\r"), "any"),
}
JSON: Table = ANY | {
    "truncated": (lambda raw: raw.rstrip()[: len(raw) * 2 // 3], "refused"),
    "one line of 20 MB": (lambda raw: b'"' + b"x" * 20_000_000, "refused"),
    "100,000 bad lines": (lambda raw: b"bad line\n" * MANY, "refused"),
    "terminal escapes": (lambda raw: ESCAPES.encode() + raw, "refused"),
    "lists nested 100,000 deep": (lambda raw: b"[" * MANY + b"]" * MANY, "refused"),
    "objects nested 100,000 deep": (lambda raw: b'{"a":' * MANY + b"1" + b"}" * MANY, "refused"),
    "lists nested 900 deep": (lambda raw: b"[" * 900 + b"]" * 900, "refused"),
    "a deep value": (lambda raw: raw.rstrip()[:-1] + b', "deep": ' + b"[" * MANY + b"]" * MANY + b"}", "refused"),
    "a number of 5,000 digits": (_first_number(DIGITS.decode()), "any"),
    "NaN": (_first_number("NaN"), "any"),
    "infinity": (_first_number("-Infinity"), "any"),
    "1e999": (_first_number("1e999"), "any"),
    "a list": (lambda raw: b"[]", "refused"),
    "an empty object": (lambda raw: b"{}", "any"),
    "a number": (lambda raw: b"3", "refused"),
    "null": (lambda raw: b"null", "refused"),
    "a text": (lambda raw: b'"text"', "refused"),
    "an unknown key": (lambda raw: b'{"unkn\\u001bown": [1], ' + raw.lstrip()[1:], "any"),
    "a key twice": (_twice, "any"),
    "half a surrogate pair": (_first_text("\ud800"), "any"),
    "an escaped half": (lambda raw: _first_text("@@")(raw).replace(b"@@", b"\\ud800"), "any"),
    "escaped escapes": (lambda raw: _first_text("@@")(raw).replace(b"@@", b"\\u001b[2J\\u0000\\u009b"), "any"),
    "a text of 2 MB": (_first_text("y" * 2_000_000), "any"),
}
YAML: Table = ANY | {
    "one line of 20 MB": (lambda raw: b"x" * 20_000_000, "refused"),
    "100,000 bad lines": (lambda raw: b"- bad: [line\n" * MANY, "refused"),
    "NUL bytes": (_in_the_middle(b"\x00\x00"), "refused"),
    "terminal escapes": (lambda raw: b'title: "\\e[2J\\x07"\n' + raw, "any"),
    "lists nested 100,000 deep": (lambda raw: b"a: " + b"[" * MANY, "refused"),
    "closed lists nested 5,000 deep": (lambda raw: b"a: " + b"[" * 5000 + b"]" * 5000, "refused"),
    "mappings nested deep": (lambda raw: b"".join(b" " * i + b"a:\n" for i in range(900)), "refused"),
    "a number of 5,000 digits": (lambda raw: b"big: " + DIGITS + b"\n" + raw, "refused"),
    "a list": (lambda raw: b"- a\n- b\n", "refused"),
    "a text": (lambda raw: b"text\n", "refused"),
    "null": (lambda raw: b"null\n", "refused"),
    "an unknown key": (lambda raw: b"unknown_key: [1]\n" + raw, "refused"),
    "a key twice": (lambda raw: raw.rstrip() + b"\n" + raw, "refused"),
    "an alias bomb": (
        lambda raw: (
            b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 40))
        ),
        "refused",
    ),
    "a merge bomb": (
        lambda raw: (
            b"m0: &m0 {x: 1}\n"
            + b"".join(b"m%d: &m%d {<<: [*m%d, *m%d]}\n" % (i, i, i - 1, i - 1) for i in range(1, 40))
        ),
        "refused",
    ),
    "an alias within itself": (lambda raw: b"a: &a [*a]\n" + raw, "refused"),
    "a merge of itself": (lambda raw: b"a: &a {<<: *a}\n" + raw, "refused"),
    "code": (lambda raw: b'a: !!python/object/apply:os.system ["touch ../owned"]\n' + raw, "refused"),
    "a date that is none": (lambda raw: b"a: 2020-99-99\n" + raw, "refused"),
    "a key that is a list": (lambda raw: b"? [a, b]\n: c\n" + raw, "refused"),
    "a key that is a number": (lambda raw: b"7: x\n" + raw, "refused"),
    "two documents": (lambda raw: raw + b"\n---\n" + raw, "refused"),
    "a tab": (lambda raw: b"a:\n\t- b\n" + raw, "refused"),
}
LINES: Table = ANY | {
    "a line of one field": (lambda raw: b"x\n" + raw, "any"),
    "a hundred fields": (lambda raw: b"\t".join([b"x"] * 100) + b"\n" + raw, "any"),
    "an open quotation mark": (lambda raw: b'"' + raw, "any"),
    "escapes in a field": (lambda raw: raw.replace(b"\t", b"\t\x1b]0;owned\x07\x1b[2J", 3), "any"),
    "line separators": (lambda raw: raw.replace(b" ", "\u2028\x85\x0b\x0c".encode(), 5), "any"),
    "blank lines": (lambda raw: b"\n\n\n" + raw + b"\n\n", "any"),
    "a directional override": (lambda raw: "\u202eevil\t\u2066x\n".encode() + raw, "any"),
    "a number of 5,000 digits": (lambda raw: DIGITS + b"\t" + DIGITS + b"\n" + raw, "any"),
}
JSONL: Table = (
    ANY
    | {name: (_on_first_line(spoil), expect) for name, (spoil, expect) in JSON.items() if name not in ANY}
    | {"half a line": (lambda raw: raw[: raw.index(b"\n") // 2], "refused")}
)
SPOILS: dict[str, Table] = {"json": JSON, "yaml": YAML, "lines": LINES, "jsonl": JSONL, "bytes": ANY}
