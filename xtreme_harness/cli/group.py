"""`xharness`: the command group."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Any

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.errors import escaped

__all__ = ["ALIASES", "COMMANDS", "cli"]

COMMANDS = {  # command -> (module, one line of help); a module is imported when its command is asked for
    "eval": ("evaluate", "Predict and score a checkpoint on suites or tasks."),
    "train": ("train", "Train a checkpoint on English tasks, one or several at once."),
    "score": ("score", "Score a prediction folder against a label folder, as the official evaluator does."),
    "compare": ("compare", "Differences between runs and a baseline, with paired tests."),
    "gate": ("gate", "A regression check of a run against another, by rules; exit status 1 when one is broken."),
    "submission": ("submission", "Check, pack and label submissions."),
    "leaderboard": ("leaderboard", "Show published baselines, and runs of your own beside them."),
    "report": ("report", "Write one page about finished runs, to be looked at."),
    "export": ("export", "Write a finished run in other people's formats."),
    "tasks": ("tasks", "List, show and check task cards; begin one of your own."),
    "download": ("download", "Fetch the data of tasks into a folder that runs without network."),
    "demo": ("demo", "Build a tiny checkpoint and evaluate both suites on the samples, offline."),
}
ALIASES = {"ls": ("tasks", "list"), "validate": ("tasks", "check")}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; an alias stands for a sub-command."""
        if cmd_name in ALIASES:
            group, inner = ALIASES[cmd_name]
            loaded = self.get_command(ctx, group)
            return loaded.commands.get(inner) if isinstance(loaded, click.Group) else None
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"xtreme_harness.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Name the nearest command when one is unknown."""
        from xtreme_harness.errors import did_you_mean

        if args and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"no command '{args[0]}'{did_you_mean(args[0], [*COMMANDS, *ALIASES])}; see xharness --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


class _Escaping(logging.Formatter):
    """Writes control characters out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return escaped(super().format(record))


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from xtreme_harness.signature import VERSION

        echo(f"xharness {VERSION}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": "XHARNESS",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 110,
        "token_normalize_func": lambda name: name.replace("_", "-"),
    },
)
@click.option("--verbose", "-v", is_flag=True, help="Show what happens, and the traceback of errors.")
@click.option("--quiet", "-q", is_flag=True, help="Show errors, tables and paths only.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def cli(ctx: click.Context, verbose: bool, quiet: bool) -> None:
    """Evaluate multilingual encoders on XTREME and XTREME-R.

    \b
      xharness demo demo/                                    everything, offline, in a minute or two
      xharness eval --model ckpt/ --tasks xtreme             predictions and scores of a checkpoint
      xharness tasks list                                    what can be evaluated
    """  # noqa: D301 - click reads the backspace
    ctx.ensure_object(dict).update(verbose=verbose, quiet=quiet)
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(_Escaping("%(message)s"))
    log = logging.getLogger("xtreme_harness")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
