"""`xharness train`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.cli.graph_flags import do_jobs, graph_options, require_graph_flags, show
from xtreme_harness.cli.options import (
    DATA,
    DEVICE,
    DTYPE,
    INCLUDE_PATH,
    LIMIT_TRAIN,
    PLACE,
    RECIPE,
    SELECT_ON,
    SET,
    TRACKER,
    engine_flags,
    engine_options,
    read_seeds,
)

if TYPE_CHECKING:
    from xtreme_harness.plan.request import TrainRequest

__all__ = ["command"]


@click.command("train", short_help="Train a checkpoint on English tasks.")
@click.option("--model", "-m", metavar="BASE", help="Checkpoint folder, Hub id or PEFT adapter to start from.")
@click.option(
    "--tasks",
    "-t",
    multiple=True,
    metavar="NAMES",
    help="Cards or groups; a target stands for its English training set. Several are trained at once.",
)
@DATA
@click.option(
    "--output-path",
    "-o",
    type=PLACE,
    metavar="DIR",
    help="Folder of the checkpoint.  [default: xharness-out/<model>+<tasks>]",
)
@RECIPE
@SET
@click.option("--seed", type=int, default=42, show_default=True, help="Of new heads, order, dropout and masking.")
@click.option("--seeds", metavar="1,2,3", help="One checkpoint a seed, in OUT/seed-N/.")
@LIMIT_TRAIN
@click.option(
    "--train-on",
    multiple=True,
    metavar="english|all|CODES",
    help="Languages whose training data are joined.  [default: as the card says, mostly english]",
)
@SELECT_ON
@click.option("--mlm", type=PLACE, metavar="DIR", help="Mix in masked language modelling: DIR/<lang>.txt.")
@click.option("--mlm-weight", type=float, metavar="SHARE", help="Share of its steps.  [default: the recipe's, 0.1]")
@click.option(
    "--translated",
    type=PLACE,
    metavar="DIR",
    help="Machine-translated training data, DIR/<task>/<lang>.<ext>, beside the English.",
)
@click.option("--translations-only", is_flag=True, help="Train on the translations instead of the English data.")
@click.option(
    "--sampling",
    type=click.Choice(["uniform", "proportional", "temperature", "specified", "time-dependent"]),
    help="From which of several tasks a step draws; details by --set mixture.KEY=VALUE.",
)
@click.option("--keep-head", is_flag=True, help="Start from the checkpoint's own head where it fits the task.")
@DTYPE
@DEVICE
@click.option("--grid", type=PLACE, metavar="FILE", help="Bases x intermediates x targets x seeds.")
@TRACKER
@INCLUDE_PATH
@click.option("--revision", metavar="REV", help="Revision of a model on the Hub.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that the checkpoint carries; needs --revision.")
@engine_options
@click.option("--dry-run", is_flag=True, help="Print what would be trained and stop.")
@graph_options
@click.option("--force", is_flag=True, help="Train over what another run left in the folder.")
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Train one task, or several at once: intermediate training or an English target stage.

    Leaves a checkpoint that plain transformers loads, with its lineage in xharness.json. Run the same command again
    to continue a run that stopped.

    \b
      xharness train --model xlm-roberta-base --tasks hellaswag -o stilt
      xharness train --model xlm-roberta-base --tasks mnli,squad,hellaswag --mlm texts/ -o stilt
      xharness eval --model stilt --tasks xtreme
    """  # noqa: D301 - click reads the backspace
    from xtreme_harness.cli.training_progress import TrainingProgress, print_trained
    from xtreme_harness.evaluation.costs import weigh_training
    from xtreme_harness.jobs import joined
    from xtreme_harness.plan.describe import describe_training
    from xtreme_harness.plan.estimate import Found
    from xtreme_harness.plan.train import prepare_training
    from xtreme_harness.training.processes import is_main_process
    from xtreme_harness.training.train import graphs_of, run_training

    require_graph_flags(ctx, given)
    if given["grid"]:
        from xtreme_harness.cli.grid import run_grid

        run_grid(ctx, given)
        return
    for flag in ("model", "tasks"):
        if not given[flag]:
            raise click.UsageError(f"Missing option '--{flag}'.", ctx)
    prepared = prepare_training(_request(given), alone=bool(given["job"]))
    if given["job"]:
        do_jobs(ctx, joined(graphs_of(prepared)), given["job"])
    if given["dry_run"]:
        found = Found()
        said, weighed = describe_training(prepared, found), weigh_training(prepared, found)
        show(ctx, said, prepared.request.engine, lambda n: weighed, as_json=given["format"] == "json")
        return
    progress = TrainingProgress(quiet=ctx.obj["quiet"] or not is_main_process())
    try:
        trained = run_training(prepared, progress.watch)
    finally:
        progress.close()
    if is_main_process():
        print_trained(trained)


def _request(given: Mapping[str, Any]) -> TrainRequest:
    """What the flags ask."""
    from xtreme_harness.plan.request import TrainRequest

    same = (
        "data", "recipe", "limit_train", "mlm", "mlm_weight", "translated", "translations_only", "sampling", "seed",
        "keep_head", "dtype", "device", "revision", "trust_remote_code", "force", "tracker", "train_on", "select_on",
    )  # fmt: skip
    return TrainRequest.of(
        given["model"],
        given["tasks"],
        output=given["output_path"],
        include=given["include_path"],
        settings=given["set"],
        seeds=read_seeds(given["seeds"]),
        **{name: given[name] for name in same},
        **engine_flags(given),
    )
