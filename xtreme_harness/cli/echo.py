"""Printing: whatever comes from a file is shown by the terminal and never obeyed by it."""

from __future__ import annotations

import sys

import click

from xtreme_harness.errors import escaped

__all__ = ["echo", "echo_above"]


def echo(text: object = "", err: bool = False, nl: bool = True) -> None:
    """Print a text, its control characters written out; to stderr where `err`."""
    click.echo(escaped(str(text)), err=err, nl=nl)


def echo_above(text: str) -> None:
    """Print a line to stderr, above whatever bars stand there."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(escaped(text), file=sys.stderr)
    else:
        echo(text, err=True)
