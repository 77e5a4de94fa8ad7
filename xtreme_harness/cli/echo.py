"""Printing: whatever comes from a file is shown by the terminal and never obeyed by it."""

from __future__ import annotations

import click

from xtreme_harness.errors import escaped

__all__ = ["echo"]


def echo(text: object = "", err: bool = False, nl: bool = True) -> None:
    """Print a text, its control characters written out; to stderr where `err`."""
    click.echo(escaped(str(text)), err=err, nl=nl)
