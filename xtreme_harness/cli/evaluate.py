"""`xharness eval`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.cli.options import (
    DATA,
    DEVICE,
    DTYPE,
    INCLUDE_PATH,
    LANGUAGES,
    LIMIT_TRAIN,
    RECIPE,
    SET,
    TASKS,
    TRACKER,
    read_seeds,
)

if TYPE_CHECKING:
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.results.result import Result

__all__ = ["command"]


@click.command("eval", short_help="Predict and score a checkpoint.")
@click.option(
    "--model",
    "-m",
    required=True,
    metavar="CKPT",
    help="Checkpoint folder, Hub id, PEFT adapter, folder of checkpoints by unit; or oracle, majority, random. "
    "A pattern such as 'run/step-*' means every checkpoint of one training run.",
)
@TASKS
@LANGUAGES
@click.option(
    "--split", type=click.Choice(["test", "dev"]), default="test", show_default=True, help="Which split to evaluate."
)
@DATA
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Labels in the official form, for data without gold.",
)
@click.option(
    "--output-path",
    "-o",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the results.  [default: xharness-out/<model>]",
)
@click.option(
    "--train",
    type=click.Choice(["auto", "never", "always"]),
    default="auto",
    show_default=True,
    help="Train the English target stage where a head is missing, in OUT/models/<unit>.",
)
@RECIPE
@SET
@LIMIT_TRAIN
@click.option("--seed", type=int, default=42, show_default=True, help="Of training, and of `--model random`.")
@click.option("--seeds", metavar="1,2,3", help="Train and evaluate once a seed, in OUT/seed-N/; OUT holds the means.")
@click.option(
    "--batch-size",
    "-b",
    default="auto",
    show_default=True,
    metavar="auto|N",
    help="Sequences a batch, at most; auto: as many as a token budget allows.",
)
@DTYPE
@DEVICE
@click.option(
    "--limit",
    "-L",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the first N examples of every cell; results are marked LIMITED.",
)
@click.option("--log-samples", "-s", is_flag=True, help="Write input, gold and prediction of every example.")
@click.option("--by-language", is_flag=True, help="Print a table of all languages too.")
@INCLUDE_PATH
@click.option("--revision", metavar="REV", help="Revision of a model on the Hub.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that the checkpoint carries; needs --revision.")
@click.option("--layer", metavar="last|N|FRACTION", help="Hidden state of sentence vectors; 0 is the embeddings.")
@click.option("--pooling", type=click.Choice(["mean", "cls", "pooler"]), help="Pooling of sentence vectors.")
@click.option(
    "--retrieval-preset",
    type=click.Choice(["paper", "script", "jiant", "last"]),
    help="A card's named layer and pooling.",
)
@click.option(
    "--label-order",
    multiple=True,
    metavar="TASK=A,B,C",
    help="Labels by class id, for checkpoints whose labels have no names.",
)
@click.option("--keep-head", is_flag=True, help="Use the head of an intermediate checkpoint.")
@TRACKER
@click.option("--dry-run", is_flag=True, help="Print the plan and stop; loads no weights.")
@click.option("--force", is_flag=True, help="Compute finished cells anew; trained checkpoints are kept.")
@click.option("--executor", type=click.Choice(["local"]), default="local", show_default=True, help="Where cells run.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Predict zero-shot and score: official prediction files, leaderboard JSON, results.json.

    Run the same command again to continue a run that stopped: finished cells are kept.

    \b
      xharness eval --model ckpt/ --tasks xtreme,xtreme-r --data download/ -o out
      xharness eval --model oracle --tasks xnli --data samples --by-language
    """  # noqa: D301 - click reads the backspace
    from xtreme_harness.cli.show import Progress, print_plan, print_result
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.evaluation.evaluate import default_output
    from xtreme_harness.evaluation.seeds import seed_table
    from xtreme_harness.evaluation.series import is_series

    several = is_series(given["model"])
    if given["dry_run"] and several:
        _plan_series(given)
        return
    if given["dry_run"]:
        print_plan(given)
        return
    progress, training = Progress(quiet=ctx.obj["quiet"]), TrainingProgress(quiet=ctx.obj["quiet"])
    run = partial(_evaluate, given, progress, training)
    try:
        if several:
            ctx.exit(_evaluate_series(given, run))
        result = run(given["model"], given["output_path"])
    finally:
        training.close()
        progress.close()
    if given["seeds"]:
        progress.out = str(given["output_path"] or default_output(given["model"]))
    print_result(result, progress, by_language=given["by_language"])
    if given["seeds"]:
        click.echo(f"\nover seeds:\n\n{seed_table(result)}")
    ctx.exit(3 if result.failed else 0)


def _evaluate(
    given: Mapping[str, Any], progress: Progress, training: TrainingProgress, model: str, output: Path | None
) -> Result:
    """Evaluate one checkpoint as the options say."""
    from xtreme_harness.evaluation.evaluate import evaluate

    return evaluate(
        model,
        given["tasks"],
        data=given["data"],
        output=output,
        languages=given["languages"],
        split=given["split"],
        include=given["include_path"],
        labels=given["labels"],
        layer=given["layer"],
        label_order=given["label_order"],
        revision=given["revision"],
        seed=given["seed"],
        seeds=read_seeds(given["seeds"]),
        device=given["device"],
        dtype=given["dtype"],
        batch_size=_batch_size(given["batch_size"]),
        limit=given["limit"],
        log_samples=given["log_samples"],
        pooling=given["pooling"],
        preset=given["retrieval_preset"],
        keep_head=given["keep_head"],
        trust_remote_code=given["trust_remote_code"],
        train=given["train"],
        recipe=given["recipe"],
        settings=tuple(given["set"]),
        limit_train=given["limit_train"],
        tracker=given["tracker"],
        force=given["force"],
        watch=training.watch,
        on_plan=progress.plan,
        on_cell=progress.cell,
        on_sequences=progress.sequences,
    )


def _evaluate_series(given: Mapping[str, Any], run: Callable[[str, Path], Result]) -> int:
    """Evaluate the checkpoints that a pattern fits, print their table, and return the exit status."""
    from xtreme_harness.evaluation.evaluate import plan_evaluation
    from xtreme_harness.evaluation.series import evaluate_series, series_output, series_table

    asked = ("tasks", "data", "languages", "split", "include_path")
    plan_evaluation(*(given[name] for name in asked))  # what is wrong for every checkpoint is said once
    output = Path(given["output_path"] or series_output(given["model"]))
    outcome = evaluate_series(given["model"], run, output)
    click.echo(f"{series_table(output, list(outcome.failed))}\n")
    faults = [(name, line) for name, error in outcome.failed.items() for line in error.faults]
    faults += [
        (f"{name}: {cell}", line)
        for name, result in outcome.results.items()
        for cell, message in result.failed.items()
        for line in message.splitlines()
    ]
    for where, line in faults:
        click.echo(f"failed: {where}: {line}", err=True)
    if faults:
        click.echo("the others are saved; the same command continues", err=True)
    click.echo(f"series:      {output}/series.json")
    return 3 if faults else 0


def _plan_series(given: Mapping[str, Any]) -> None:
    """Print the checkpoints of a series, and what the evaluation of the first would do."""
    from xtreme_harness.cli.show import print_plan
    from xtreme_harness.evaluation.series import find_members, series_output

    members = find_members(given["model"])
    output = Path(given["output_path"] or series_output(given["model"]))
    click.echo(f"{len(members)} checkpoints: {', '.join(member.name for member in members)}; the first of them:\n")
    print_plan({**given, "model": str(members[0].path), "output_path": output / members[0].name})


def _batch_size(value: str) -> int | None:
    if value == "auto":
        return None
    if not value.isdigit() or int(value) < 1:
        raise click.BadParameter(f"found '{value}', expected auto or a number from 1", param_hint="--batch-size")
    return int(value)
