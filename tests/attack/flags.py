"""Bad values of every flag of every command, found by asking the commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from tests.attack.box import Case, lay_out

__all__ = ["GROUPS", "flag_cases"]

VALUES = {
    "nothing": "",
    "a blank": " ",
    "minus one": "-1",
    "nought": "0",
    "5,000 digits": "9" * 5000,
    "a large number": "99999999999999999999",
    "infinity": "inf",
    "not a number": "nan",
    "1.e999": "1.e999",
    "a word": "wrod",
    "terminal escapes": "\x1b]0;owned\x07\x1b[2J",
    "half a character": "\udcff",
    "a name of 300 bytes": "n" * 300,
    "an equals sign": "=",
    "key and nothing": "xnli=",
    "a comma": ",",
    "a way out and back": "out/../w",
    "this folder": ".",
    "a word of 20,000 characters": "w" * 20_000,
    "another script": "１２",
}
FILES = {"run": "runs/oracle", "other": "runs/random", "p": "xtreme-r/predictions", "l": "xtreme-r/labels",
         "m.yaml": "metadata.yaml", "base": "base"}  # fmt: skip
COMMANDS = {  # command -> a use that is right, and what lies beside it
    "eval": ("-q eval -m random -t xnli --languages de --data samples --device cpu --dry-run -o out", ()),
    "train": ("-q train -m base -t xnli --data samples --recipe fast --device cpu --dry-run -o out", ("base",)),
    "score": ("score --predictions p --labels l --suite xtreme-r", ("p", "l")),
    "compare": ("compare run other --paired-bs 100", ("run", "other")),
    "gate": ("gate run run --paired-bs 100", ("run",)),
    "submission check": ("submission check p --suite xtreme-r", ("p",)),
    "submission pack": ("submission pack p --suite xtreme-r --metadata m.yaml -o out/packed", ("p", "m.yaml")),
    "submission labels": ("submission labels --data samples --suite xtreme --to out", ()),
    "leaderboard": ("leaderboard --suite xtreme", ()),
    "report": ("report run -o out/r.html", ("run",)),
    "export": ("export run --format csv", ("run",)),
    "tasks list": ("tasks list", ()),
    "tasks show": ("tasks show xnli", ()),
    "tasks check": ("tasks check copa --data samples", ()),
    "download": ("download --tasks xnli --languages de --no-train --to out", ()),
}
PLACES = ("output", "output_path", "folder", "junit", "markdown")  # options whose value is where something is written
GROUPS = tuple(f"flags of {command}" for command in COMMANDS)


def flag_cases(group: str, stock: Path) -> Iterator[Case]:
    """Every bad value of every option and argument of a command."""
    command = group.removeprefix("flags of ")
    right, files = COMMANDS[command]

    def lay(stock: Path, box: Path) -> None:
        lay_out(stock, box, {name: FILES[name] for name in files})

    for param in _command(command).params:
        if isinstance(param, click.Option) and (param.is_flag or param.name == "help"):
            continue
        for what, value in VALUES.items():
            name, argv = _argv(right, command, param, value)
            own = isinstance(param, click.Option) and param.name in PLACES
            yield Case(
                group,
                f"{name}: {what}",
                lay,
                _nothing,
                argv,
                "any",
                (1, 2, 3),
                told=r"\S+[: ]",
                working=True,
                named=own,
            )
    yield Case(group, "a flag that there is not", lay, _nothing, (*right.split(), "--nosuch"))
    yield Case(
        group,
        "a flag twice",
        lay,
        _nothing,
        (*right.split(), *right.split()[-2:]),
        "any",
        (1, 2),
        told=r"\S+[: ]",
        working=True,
    )


def _nothing(box: Path) -> None:
    """Everything is as it should be, but for the flag."""


def _command(name: str) -> click.Command:
    from xtreme_harness.cli.main import cli

    found: click.Command = cli
    for word in name.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), word)
        assert inner is not None
        found = inner
    return found


def _argv(right: str, command: str, param: click.Parameter, value: str) -> tuple[str, tuple[str, ...]]:
    """The command with one value replaced, or one option more."""
    words = right.split()
    if isinstance(param, click.Option):
        flags = [*param.opts, *param.secondary_opts]
        for i, word in enumerate(words[:-1]):
            if word in flags:
                return max(flags, key=len), (*words[: i + 1], value, *words[i + 2 :])
        flag = max(flags, key=len)
        return flag, (*words, f"{flag}={value}")
    at = words.index(command.split()[-1]) + 1
    return str(param.name), (*words[:at], value, *words[at + 1 :])
