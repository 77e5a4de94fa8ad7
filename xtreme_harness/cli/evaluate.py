"""`xharness eval`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.cli.echo import echo
from xtreme_harness.cli.graph_flags import do_jobs, graph_options, require_graph_flags, show
from xtreme_harness.cli.options import (
    DATA,
    DEVICE,
    DTYPE,
    INCLUDE_PATH,
    LANGUAGES,
    LIMIT_TRAIN,
    PLACE,
    RECIPE,
    SELECT_ON,
    SET,
    TASKS,
    TRACKER,
    engine_flags,
    engine_options,
    read_count,
    read_seeds,
)

if TYPE_CHECKING:
    from xtreme_harness.plan.request import EvalRequest

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
    type=PLACE,
    metavar="DIR",
    help="Labels in the official form, for data without gold.",
)
@click.option(
    "--translated",
    type=PLACE,
    metavar="DIR",
    help="Evaluation data translated into English, DIR/<task>/test-<lang>.<ext>, read for all other languages.",
)
@click.option(
    "--output-path",
    "-o",
    type=PLACE,
    metavar="DIR",
    help="Folder of the results.  [default: xharness-out/<model>]",
)
@click.option(
    "--train",
    type=click.Choice(["auto", "never", "always"]),
    default="auto",
    show_default=True,
    help="Train the target stage where a head is missing, in OUT/models/<unit>.",
)
@RECIPE
@SET
@LIMIT_TRAIN
@click.option(
    "--train-on",
    multiple=True,
    metavar="english|target|all|CODES",
    help="Languages whose training data are used: each evaluated language's own (target), all joined, or those "
    "named.  [default: as the card says, mostly english]",
)
@SELECT_ON
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
@graph_options
@click.option("--force", is_flag=True, help="Compute finished cells anew; trained checkpoints are kept.")
@engine_options
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Predict zero-shot and score: official prediction files, leaderboard JSON, results.json.

    Run the same command again to continue a run that stopped: finished cells are kept.

    \b
      xharness eval --model ckpt/ --tasks xtreme,xtreme-r --data download/ -o out
      xharness eval --model oracle --tasks xnli --data samples --by-language
    """  # noqa: D301 - click reads the backspace
    from xtreme_harness.cli.show import Progress, print_result
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.evaluation.costs import weigh_runs
    from xtreme_harness.evaluation.driver import graph_of
    from xtreme_harness.evaluation.evaluate import run_evaluation, runs_of
    from xtreme_harness.evaluation.seeds import seed_table
    from xtreme_harness.plan.describe import describe_evaluation
    from xtreme_harness.plan.estimate import Found
    from xtreme_harness.plan.evaluate import prepare_evaluation, resolve_evaluation
    from xtreme_harness.plan.series import is_series

    require_graph_flags(ctx, given)
    request, found = _request(given), Found()
    if is_series(request.model):
        ctx.exit(_series(ctx, request, given))
    if given["job"]:
        do_jobs(ctx, graph_of(runs_of(resolve_evaluation(request))), given["job"])
    prepared = prepare_evaluation(request)
    if given["dry_run"]:
        weigh = partial(weigh_runs, runs_of(prepared), prepared.output, found)
        show(ctx, describe_evaluation(prepared, found), request.engine, weigh, as_json=given["format"] == "json")
        return
    progress, training = Progress(quiet=ctx.obj["quiet"]), TrainingProgress(quiet=ctx.obj["quiet"])
    watch = progress.watch(training)
    try:
        result = run_evaluation(prepared, watch)
    finally:
        training.close()
        progress.close()
    progress.out = str(prepared.output)
    print_result(result, progress, by_language=given["by_language"])
    if request.seeds:
        echo(f"\nover seeds:\n\n{seed_table(result)}")
    ctx.exit(3 if result.failed else 0)


def _request(given: Mapping[str, Any]) -> EvalRequest:
    """What the flags ask."""
    from xtreme_harness.plan.request import EvalRequest

    same = (
        "data", "languages", "split", "labels", "translated", "layer", "label_order", "revision", "seed", "device",
        "dtype", "limit", "log_samples", "pooling", "keep_head", "trust_remote_code", "train", "recipe", "limit_train",
        "train_on", "select_on", "tracker", "force",
    )  # fmt: skip
    return EvalRequest.of(
        given["model"],
        given["tasks"],
        output=given["output_path"],
        include=given["include_path"],
        preset=given["retrieval_preset"],
        settings=given["set"],
        seeds=read_seeds(given["seeds"]),
        batch_size=read_count(given["batch_size"], "--batch-size"),
        **{name: given[name] for name in same},
        **engine_flags(given),
    )


def _series(ctx: click.Context, request: EvalRequest, given: Mapping[str, Any]) -> int:
    """Evaluate the checkpoints that a pattern fits, print their table, and return the exit status."""
    from xtreme_harness.cli.show import Progress
    from xtreme_harness.cli.training_progress import TrainingProgress
    from xtreme_harness.evaluation.costs import weigh_runs
    from xtreme_harness.evaluation.driver import graph_of
    from xtreme_harness.evaluation.series import run_series, runs_of, series_table
    from xtreme_harness.plan.describe import describe_series
    from xtreme_harness.plan.estimate import Found
    from xtreme_harness.plan.series import prepare_series

    prepared, found = prepare_series(request), Found()
    if given["job"]:
        do_jobs(ctx, graph_of(runs_of(prepared.evaluations(alone=True))), given["job"])
    if given["dry_run"]:
        members = prepared.evaluations()
        said = describe_series(members, found)
        weigh = partial(weigh_runs, runs_of(members), prepared.output, found)
        show(ctx, said, request.engine, weigh, as_json=given["format"] == "json")
        return 0
    quiet = ctx.obj["quiet"]
    progress, training = Progress(quiet=quiet), TrainingProgress(quiet=quiet)
    try:
        outcome = run_series(prepared, progress.watch(training))
    finally:
        training.close()
        progress.close()
    echo(f"{series_table(prepared.output, list(outcome.failed))}\n")
    faults = [(name, line) for name, error in outcome.failed.items() for line in error.message.splitlines()]
    faults += [
        (f"{name}: {cell}", line)
        for name, result in outcome.results.items()
        for cell, message in result.failed.items()
        for line in message.splitlines()
    ]
    for where, line in faults:
        echo(f"failed: {where}: {line}", err=True)
    if faults:
        echo("the others are saved; the same command continues", err=True)
    echo(f"series:      {prepared.output}/series.json")
    return 3 if faults else 0
