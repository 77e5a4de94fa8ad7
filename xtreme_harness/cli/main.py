"""`xharness`: its exit statuses, and one line for every error.

Everything else is imported inside `main`, so that Ctrl-C in the midst of that ends as it does later.
"""

from __future__ import annotations

import sys

from xtreme_harness.cli.interrupts import Interrupts

TYPE_CHECKING = False  # `typing` takes its time
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    import click

    from xtreme_harness.cli.group import COMMANDS, cli

__all__ = ["COMMANDS", "cli", "main"]

_GROUP_FLAGS = ("-v", "--verbose", "-q", "--quiet", "--version")
DONE, FAULTS, WRONG_USE, CELLS_FAILED = 0, 1, 2, 3


def __getattr__(name: str) -> Any:
    """The command group and its commands, when they are asked for."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from xtreme_harness.cli import group

    return getattr(group, name)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its status: 0, 1, 2, 3 or 130.

    Args:
        args: None: those of the process, which then ends.
    """
    interrupts = Interrupts()
    try:
        interrupts.watch(to_the_end=args is None)
        status = _status(sys.argv[1:] if args is None else args, interrupts)
        interrupts.over = True
    except KeyboardInterrupt:
        status = interrupts.say()
    finally:
        if args is not None:
            interrupts.restore()
    sys.exit(status)


def _status(given: list[str], interrupts: Interrupts) -> int:
    """Run a command; its exit status, everything said that is to be said."""
    import click

    from xtreme_harness.cli.echo import echo
    from xtreme_harness.cli.group import cli
    from xtreme_harness.errors import XHarnessError
    from xtreme_harness.jobs.job import Submitted

    flags: dict[str, bool] = {}  # filled by the command group
    try:
        status = cli.main(args=given, prog_name="xharness", standalone_mode=False, obj=flags)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except Submitted as left:
        echo(str(left))
        return DONE
    except Exception as error:
        if interrupts.came:  # a library has made another exception of it
            raise KeyboardInterrupt from None
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            return DONE
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            echo(error.format_message(), err=True)
        else:
            _report(error.faults if isinstance(error, XHarnessError) else [_line(error, flags)], flags)
        return WRONG_USE
    return status if isinstance(status, int) else DONE


def _line(error: Exception, flags: Mapping[str, bool]) -> str:
    """What is said of an error that is none of ours."""
    import click

    from xtreme_harness.errors import in_words

    if isinstance(error, click.ClickException):
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "xharness"
        return f"{where}: {error.format_message().rstrip('.')}{_misplaced(error)}"
    if isinstance(error, ModuleNotFoundError):
        name = (error.name or "a package").partition(".")[0]
        return f"{name} is not installed, and this command needs it: pip install {name}"
    if isinstance(error, OSError) and error.strerror:
        return in_words(error)
    return f"unexpected {in_words(error)}" + ("" if flags.get("verbose") else "; xharness --verbose shows where")


def _report(faults: Iterable[str], flags: Mapping[str, bool]) -> None:
    """One line a fault; before them, with --verbose, the traceback."""
    import traceback

    from xtreme_harness.cli.echo import echo
    from xtreme_harness.errors import presentable

    if flags.get("verbose"):
        traceback.print_exc()
    for fault in faults:
        echo(f"error: {presentable(' '.join(fault.split()))}", err=True)


def _misplaced(error: click.ClickException) -> str:
    name = getattr(error, "option_name", "")
    return f"; it stands before the command: xharness {name} eval ..." if name in _GROUP_FLAGS else ""


if __name__ == "__main__":
    main()
