"""`xharness download`."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import INCLUDE_PATH, LANGUAGES, PLACE, TASKS

__all__ = ["command"]


@click.command("download")
@TASKS
@click.option("--to", "folder", required=True, type=PLACE, metavar="DIR", help="Where the files go.")
@LANGUAGES
@INCLUDE_PATH
@click.option("--no-train", is_flag=True, help="Leave the English training data out.")
@click.pass_context
def command(
    ctx: click.Context,
    tasks: tuple[str, ...],
    folder: Path,
    languages: tuple[str, ...],
    include_path: tuple[Path, ...],
    no_train: bool,
) -> None:
    """Fetch the data of tasks from the Hub into DIR, for machines without network.

    Then `xharness eval --data DIR` needs no network. Mind the licences that are printed: several forbid commercial use.
    """
    from xtreme_harness.cards.names import split_names
    from xtreme_harness.plan.asked import asked_targets
    from xtreme_harness.plan.cells import narrowed
    from xtreme_harness.plan.download import Fetched, download, training_cards

    cards, asked = asked_targets(tasks, include_path)
    targets = narrowed(asked, split_names(languages))
    training = [] if no_train else training_cards(targets, dict(cards.tasks))
    shown = {card.name: card for card in [*(t.card for t in targets), *training]}
    for card in shown.values():
        echo(f"licence: {card.name}: {card.licence}")

    def tell(fetched: Fetched) -> None:
        where = f"{fetched.task} {fetched.split} {fetched.language}"
        if fetched.problem:
            echo(f"not fetched: {where}: {fetched.problem}", err=True)
        elif not ctx.obj["quiet"]:
            echo(f"{where}: {fetched.rows} examples", err=True)

    found = download(targets, training, folder, tell)
    done = [f for f in found if not f.problem]
    echo(f"{len(done)} of {len(found)} parts in {folder}; use them with --data {folder}")
    ctx.exit(0 if len(done) == len(found) else 2 if not done else 3)
