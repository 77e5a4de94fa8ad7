"""What training prints while it runs and when it ends."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.cli.echo import echo, echo_above
from xtreme_harness.data.trained_on import TrainedOn
from xtreme_harness.errors import escaped
from xtreme_harness.files.shown import some
from xtreme_harness.jobs import Watch
from xtreme_harness.plan.stage import Stage, languages_of
from xtreme_harness.plan.standing import Trained
from xtreme_harness.results.tables import training_lines
from xtreme_harness.tables.markdown import pipe_table

__all__ = ["TrainingProgress", "print_trained"]

_EVERY = 30.0  # seconds between lines where there is no terminal


class TrainingProgress:
    """A bar a stage with loss, tokens a second and time left; plain lines where there is no terminal."""

    def __init__(self, quiet: bool = False) -> None:
        """Print nothing when `quiet`."""
        self.quiet = quiet
        self.names: dict[str, str] = {}  # by folder: of stages that have begun; several may be under way at once
        self.bars: dict[str, Any] = {}
        self.said: dict[str, float] = {}
        self.dev: dict[str, str] = {}  # the language of the dev data

    @property
    def watch(self) -> Watch:
        """Its parts."""
        return Watch(started=self.started, event=self.event, ended=self.ended, handed=self.handed)

    def started(self, stage: Stage, folder: Path) -> None:
        """Say what is trained, and where."""
        place = str(folder)
        self.names[place], self.said[place] = stage.name, 0.0
        self.dev[place] = _dev(languages_of(stage.tasks))
        if not self.quiet:
            tasks = ", ".join(task.name + _languages(task.data.trained) for task in stage.tasks)
            echo_above(
                f"training {tasks} from {stage.checkpoint.name} "
                f"(recipe {stage.recipe.name}, seed {stage.manner.seed}) -> {folder}"
            )

    def event(self, name: str, event: Mapping[str, Any]) -> None:
        """Show how far it is."""
        if self.quiet:
            return
        place = str(event.get("folder", name))
        label = name if list(self.names.values()).count(name) < 2 else place
        if "dev" in event:
            scores = ", ".join(f"{task} {value:.2f}" for task, value in event["dev"].items())
            echo_above(f"{label}: step {event['step']}: {self.dev.get(place, 'English')} dev: {scores}")
            return
        speed = event["tokens"] / max(event["seconds"], 1e-9)
        if sys.stderr.isatty():
            bar = self._bar(place, label, event["total"])
            bar.update(event["step"] - bar.n)
            bar.set_postfix_str(f"loss {event['loss']:.3f}, {speed:,.0f} tokens/s")
        elif event["seconds"] - self.said.get(place, 0.0) >= _EVERY:
            self.said[place] = event["seconds"]
            left = event["seconds"] / event["here"] * (event["total"] - event["step"])
            echo_above(
                f"{label}: step {event['step']} of {event['total']}, loss {event['loss']:.3f}, "
                f"{speed:,.0f} tokens/s, {left:.0f} s left"
            )

    def ended(self, stage: Stage, trained: Trained) -> None:
        """Say how a stage ended."""
        if (bar := self.bars.pop(str(trained.path), None)) is not None:
            bar.close()
        if self.quiet:
            return
        if trained.kept:
            echo_above(f"kept {trained.path}: trained before from the same things")
            return
        own = trained.notes["lineage"][-1]
        scores = ", ".join(f"{task} {value:.2f}" for task, value in own["dev"].items())
        selected = f"; weights of step {own['selected_step']}" if own["selected_step"] != own["steps"] else ""
        dev = f"; {_dev(own)} dev: {scores}" if scores else ""
        if "search" in own:
            for line in training_lines([own]):
                echo_above(f"{line} -> {trained.path}{dev}")
            return
        echo_above(f"trained {trained.path}: {own['steps']} steps{selected}{dev}")

    def handed(self, said: str) -> None:
        """Say that a cluster has the jobs, which may wait there for long."""
        if not self.quiet:
            echo_above(said)

    def close(self) -> None:
        """Remove the bars."""
        while self.bars:
            self.bars.popitem()[1].close()

    def _bar(self, place: str, label: str, total: int) -> Any:
        """The bar of a stage."""
        from tqdm import tqdm

        if place not in self.bars:
            self.bars[place] = tqdm(total=total, unit="step", dynamic_ncols=True, leave=False, desc=escaped(label))
        return self.bars[place]


def _languages(trained: TrainedOn) -> str:
    """What is said of a task that is not trained on English alone."""
    return "" if trained.on_english else f" in {some(trained.languages)}"


def _dev(fields: Mapping[str, Any]) -> str:
    """The languages of the dev data, of the fields of a stage."""
    return ", ".join(dict.fromkeys(fields.get("select_language", {}).values())) or "English"


def print_trained(trained: Sequence[Trained]) -> None:
    """Print what was found of translations, the dev scores and the paths."""
    from xtreme_harness.training.translated import quality_table, read_quality

    if trained and (found := read_quality(trained[0].path)):
        echo(quality_table(found))
        echo("")
    rows = [
        [task, one.notes["lineage"][-1]["seed"], f"{score:.2f}"]
        for one in trained
        for task, score in one.notes["lineage"][-1]["dev"].items()
    ]
    if rows:
        echo(pipe_table(rows, ["task", "seed", f"{_dev(trained[0].notes['lineage'][-1])} dev"]))
        echo("")
    for line in dict.fromkeys(line for one in trained for line in training_lines(one.notes["lineage"])):
        echo(line)
    for one in trained:
        echo(f"checkpoint:  {one.path}/")
