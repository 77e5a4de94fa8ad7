"""`xharness tasks list|show|check|new`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.options import DATA, INCLUDE_PATH, PLACE

__all__ = ["command"]


@click.group("tasks")
def command() -> None:
    """List, show and check task cards, and begin one of your own."""


@command.command("list")
@INCLUDE_PATH
def list_tasks(include_path: tuple[Path, ...]) -> None:
    """List suites, groups and tasks."""
    from tabulate import tabulate

    from xtreme_harness.plan.cells import all_cards

    cards = all_cards(include_path)
    rows = []
    for card in cards.tasks.values():
        suites = ", ".join(f"{suite} ({len(its.languages)})" for suite, its in cards.suites_of(card.name).items())
        rows.append([card.name, card.kind, card.metric, suites or f"- ({len(card.all_languages)})", card.licence])
    echo(tabulate(rows, headers=["task", "kind", "metric", "suites (languages)", "licence"], tablefmt="pipe"))
    echo()
    for name, suite in cards.suites.items():
        echo(f"suite {name}: {f'{suite.title}: ' if suite.title else ''}{', '.join(suite.tasks)}")
        for group, members in suite.groups.items():
            echo(f"  group {group}: {', '.join(members)}")


@command.command("show")
@click.argument("names", nargs=-1, required=True)
@INCLUDE_PATH
def show_tasks(names: tuple[str, ...], include_path: tuple[Path, ...]) -> None:
    """Show the cards of tasks: licence, labels, languages, sources; and what suites are made of."""
    from xtreme_harness.plan.cells import all_cards

    files = [Path(name) for name in names if Path(name).suffix in (".yaml", ".yml")]
    cards = all_cards([*include_path, *files])
    within = [name for file in files for found in cards.within(file) for name in found]
    wanted = [*within, *(name for name in names if Path(name) not in files)]
    shown = [one for name in wanted for one in ([name] if name in cards.suites else cards.select(name))]
    for i, name in enumerate(shown):
        if name in cards.suites:
            lines = _suite_described(cards, name)
        else:
            lines = _described(cards.card(name), cards.suites_of(name), cards.places[name])
        echo(("\n" if i else "") + "\n".join(lines))


@command.command("check")
@click.argument("names", nargs=-1)
@DATA
@click.option("--model", "-m", metavar="CKPT", help="Say what share of the gold answers its tokenizer can give.")
@INCLUDE_PATH
@click.pass_context
def check_tasks(
    ctx: click.Context,
    names: tuple[str, ...],
    data: tuple[str, ...],
    model: str | None,
    include_path: tuple[Path, ...],
) -> None:
    """Check cards against their data: schema, source, columns, labels, metric, official example counts.

    Names may be suites, files of cards, and folders of these. Shows the first example of every language; exits with 1
    when something is wrong.
    """
    from xtreme_harness.data.sources import parse_data
    from xtreme_harness.plan.cells import all_cards
    from xtreme_harness.plan.check import Finding, check_card, tokenizers_of
    from xtreme_harness.plan.lacks import notes

    files = [Path(name) for name in names if Path(name).suffix in (".yaml", ".yml") or Path(name).is_dir()]
    cards = all_cards([*include_path, *files])
    within = [name for file in files for found in cards.within(file) for name in found]
    wanted = [*(name for name in names if Path(name) not in files), *within]
    tasks = [t for name in wanted for t in (cards.suites[name].tasks if name in cards.suites else cards.select(name))]
    place = parse_data(data, cards.tasks)
    tokenizers = tokenizers_of(model) if model is not None else None
    faults = measured = 0
    for task in dict.fromkeys(tasks or cards.tasks):

        def tell(finding: Finding, task: str = task) -> None:
            if finding.first is not None:
                echo(f"{task} {finding.split} {finding.language}: {finding.examples} examples; {_short(finding.first)}")
            if finding.reach is not None:
                echo(f"{task} {finding.split} {finding.language}: {_reached(finding.reach)}")
            where = f"{task} {finding.split} {finding.language}" if finding.language else task
            for fault in finding.faults:
                echo(f"{where}: {fault}", err=True)

        findings = check_card(cards.card(task), cards, place, tell, tokenizers)
        for note in notes(cards.card(task), place, [(f.split, f.language) for f in findings if f.examples]):
            echo(f"{task}: {note}")
        faults += sum(len(finding.faults) for finding in findings)
        measured += sum(finding.reach is not None for finding in findings)
    if model is not None and not measured:
        echo("--model: no answers here are cut from a text, so none depend on a tokenizer's offsets")
    echo(f"{faults} faults" if faults else "no faults")
    ctx.exit(1 if faults else 0)


@command.command("new")
@click.argument("name")
@click.option("--like", required=True, metavar="CARD", help="A card for data of the same form, by name or file.")
@click.option("--to", default=".", show_default=True, type=PLACE, metavar="DIR", help="Folder of the new card.")
@INCLUDE_PATH
def new_task(name: str, like: str, to: Path, include_path: tuple[Path, ...]) -> None:
    """Write a card to start from: NAME.yaml, with a comment at every key.

    `tasks check NAME.yaml --data DIR` then says in a line each what it lacks.
    """
    from xtreme_harness.cards.start import new_card
    from xtreme_harness.errors import CardError
    from xtreme_harness.files.text import write_below
    from xtreme_harness.plan.cells import all_cards

    file = Path(like)
    by_path = file.suffix in (".yaml", ".yml")
    cards = all_cards([*include_path, *([file] if by_path else [])])
    text = new_card(name, cards.card(file.stem if by_path else like))
    if name in (taken := {**cards.suite_places, **cards.places}):
        raise CardError(f"tasks new {name}: is the name of {taken[name]}; choose another")
    if (to / f"{name}.yaml").exists():
        raise CardError(f"{to / name}.yaml: is there already; choose another name, or remove it")
    write_below(to, f"{name}.yaml", text)
    echo(f"{to / name}.yaml: like {like}; next: xharness tasks check {to / name}.yaml --data DIR")


def _short(example: Any) -> str:
    """An example on one line."""
    parts = []
    for name, value in asdict(example).items():
        text = " ".join(str(value if not isinstance(value, tuple) else " ".join(map(str, value))).split())
        parts.append(f"{name}={text[:60]}{'...' if len(text) > 60 else ''}")
    return " | ".join(parts)


def _reached(reach: Any) -> str:
    """Of the gold answers, those that a model can give."""
    if not reach.answers:
        return "no gold answers for the tokenizer to reach"
    exact, whole = (100 * n / reach.answers for n in (reach.exact, reach.whole))
    return f"{exact:.1f} % of {reach.answers} gold answers can be given to the letter, {whole:.1f} % in whole tokens"


def _suite_described(cards: Any, name: str) -> list[str]:
    suite = cards.suites[name]
    lines = [f"suite {name}{f': {suite.title}' if suite.title else ''}", f"  file:      {cards.suite_places[name]}"]
    for key, overall in suite.overalls("all_task").items():
        left_out = "" if len(overall.tasks) == len(suite.tasks) else f" of {', '.join(overall.tasks)}"
        lines.append(f"  overall:   {key}: mean over {overall.over}{left_out}")
    lines += [f"  group:     {group}: {', '.join(members)}" for group, members in suite.groups.items()]
    for task in suite.tasks:
        member = cards.member(task, name)
        key = f" ({member.key})" if member.key != task else ""
        codes = f"{len(member.languages)} languages: {' '.join(member.languages)}"
        lines.append(f"  task:      {task}{key}: {member.card.metric}; {codes}")
    return lines


def _described(card: Any, suites: Mapping[str, Any], place: str) -> list[str]:
    lines = [f"{card.name}: {card.title}", f"  file:      {place}"]
    lines += [f"  kind:      {card.kind}", f"  metric:    {card.metric}"]
    facts = {"labels": ", ".join(card.labels), "licence": card.licence, "url": card.url, "citation": card.citation}
    lines += [f"  {key + ':':<10} {value}" for key, value in facts.items() if value]
    units = ", ".join(card.train) or "none: the checkpoint's encoder as it is"
    lines.append(f"  trained on: {units}")
    if (card.train_on, card.select_on) != ("english", "english"):
        words = card.train_on if isinstance(card.train_on, str) else " ".join(card.train_on)
        lines.append(f"  train_on:  {words}; weights are chosen on {card.select_on}")
    if card.parts:
        lines.append(f"  parts:     {', '.join(card.parts)}")
    if card.labels_file:
        lines.append(f"  labels:    in the data folder: {' or '.join(card.labels_file)}")
    for suite, member in suites.items():
        lines.append(f"  {suite}: {len(member.languages)} languages: {' '.join(member.languages)}")
    if card.languages:
        lines.append(f"  languages: {' '.join(card.languages)}")
    if card.hub:
        configs = ", ".join(card.hub.configs.values()) or card.hub.config
        lines.append(f"  hub:       {card.hub.path}@{card.hub.revision or 'main (no pin is known)'} {configs}")
        if card.hub.note:
            lines.append(f"             {card.hub.note.strip()}")
    for name, source in (("official", card.official), ("upstream", card.upstream)):
        for split, roles in source.files.items() if source else ():
            patterns = "; ".join(" or ".join(alternatives) for alternatives in roles.values())
            lines.append(f"  {name + ':':<10} {split}: {patterns} ({source.format})")
    for split, sizes in card.counts.items():
        shown = sizes if isinstance(sizes, int) else ", ".join(f"{code} {n}" for code, n in sizes.items())
        lines.append(f"  examples:  {split}: {shown}")
    if card.note:
        lines.append(f"  note:      {card.note.strip()}")
    return lines
