"""The Hub's two formats: community evaluations (`.eval_results/*.yaml`) and a model card's `model-index`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from xtreme_harness.cards import Cards
from xtreme_harness.errors import MissingDependency, OutputError
from xtreme_harness.kinds import KINDS
from xtreme_harness.languages import language
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import BY_NAME, all_cards
from xtreme_harness.results.frame import SCORE
from xtreme_harness.results.result import Mean, Result
from xtreme_harness.results.values import CellFigure, cell_figures, date_of, means_of

__all__ = ["to_hf_eval_results", "to_model_index"]

_METRICS = {  # ours -> the Hub's spelling
    "map@20": "map_at_20", "macro_f1": "f1", "weighted_f1": "f1", "matthews": "matthews_correlation",
    "pearson": "pearsonr", "spearman": "spearmanr",
}  # fmt: skip


def to_hf_eval_results(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """Community evaluations: every cell's headline, and the means of tasks that have all their languages.

    The task ids are ours, `xnli_de` and `xnli`: a leaderboard shows what its data set registers under that id. The
    figures are percents, the notes hold the signature. Means over several data sets have no place there.

    Raises:
        OutputError: for results that no data set's leaderboard should show: LIMITED, or of the sample data.
        MissingDependency: without huggingface_hub.
    """
    hub = _library()
    _require_publishable(run)
    cards = all_cards(include)
    date = date_of(run).date().isoformat()
    entries = []
    for one in cell_figures(run):
        if one.headline:
            where = _dataset(run, cards, one.task)
            entries.append(_entry(hub, where, one.cell, one.value, date, one.signature))
    for mean in means_of(run):
        if isinstance(mean, Mean) and mean.level == "task" and not mean.lacking:
            where = _dataset(run, cards, mean.name)
            notes = f"mean, {mean.size}; {run.signature}"
            entries.append(_entry(hub, where, mean.key, mean.spread.value, date, notes))
    known = [entry for entry in entries if entry is not None]
    if not known:
        raise OutputError(f"{run.place}: no result is of a data set on the Hub, so this format cannot hold any")
    return str(yaml.safe_dump(hub.eval_result_entries_to_yaml(known), sort_keys=False, allow_unicode=True))


def to_model_index(run: Result, model: str, include: Sequence[Path] = ()) -> str:
    """A model card's metadata, between its `---` lines: every value of every cell, and the means.

    Raises:
        OutputError: for results that a card should not show: LIMITED, or of the sample data.
        MissingDependency: without huggingface_hub.
    """
    hub = _library()
    _require_publishable(run)
    cards = all_cards(include)
    results = [_of_cell(hub, run, cards, one) for one in cell_figures(run)]
    results += [_of_mean(hub, run, cards, mean) for mean in means_of(run) if isinstance(mean, Mean)]
    data = hub.ModelCardData(model_name=model, eval_results=results)
    return f"---\n{data.to_yaml()}\n---\n"


def _library() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError:
        raise MissingDependency("huggingface_hub is not installed: pip install huggingface_hub") from None
    return huggingface_hub


def _require_publishable(run: Result) -> None:
    limit = run.limit
    faults = [f"{run.place}: LIMITED to {limit} examples a cell, which this format cannot say"] if limit else []
    invented = [task for task, dataset in run.datasets.items() if dataset.source == "samples"]
    if invented:
        faults.append(
            f"{run.place}: {', '.join(invented)}: computed on the sample data, which is no published data set"
        )
    if faults:
        raise OutputError(
            *(f"{fault}; evaluate in full, or export markdown, latex, csv or lm-eval" for fault in faults)
        )


def _dataset(run: Result, cards: Cards, task: str) -> tuple[str | None, str | None]:
    """The data set's id and revision; of local files the id of the same data on the Hub, without a revision."""
    found = run.dataset(task)
    if found.hub:
        return found.hub, found.revision
    card = cards.tasks.get(task.partition("@")[0])
    return (card.hub.path, None) if card and card.hub and card.evaluated_from_hub else (None, None)


def _entry(
    hub: Any, where: tuple[str | None, str | None], task: str, value: float, date: str, notes: str
) -> Any | None:
    name, revision = where
    if name is None:
        return None
    return hub.EvalResultEntry(
        dataset_id=name, task_id=task, value=round(value, 4), dataset_revision=revision, date=date, notes=notes
    )


def _of_cell(hub: Any, run: Result, cards: Cards, one: CellFigure) -> Any:
    kind, title = _named(cards, one.task)
    name, revision = _dataset(run, cards, one.task)
    main = METRICS[run.scored[one.task, one.language].metric].main
    metric = f"mean_of_{'_and_'.join(main)}" if one.metric == SCORE else _METRICS.get(one.metric, one.metric)
    return hub.EvalResult(
        task_type=kind,
        task_name=title,
        dataset_type=name or one.task,
        dataset_name=f"{title} ({language(one.language).name})",
        dataset_config=one.cell,
        dataset_split=run.split,
        dataset_revision=revision,
        metric_type=metric,
        metric_name=f"{one.task} {one.language}: {one.metric}",
        metric_value=round(one.value, 4),
    )


def _of_mean(hub: Any, run: Result, cards: Cards, mean: Mean) -> Any:
    task = mean.level == "task"
    kind, title = _named(cards, mean.name) if task else ("other", f"{mean.scope}: {mean.name}")
    name, revision = _dataset(run, cards, mean.name) if task else (None, None)
    scope = "" if mean.scope == BY_NAME else f" in {mean.scope}"
    return hub.EvalResult(
        task_type=kind,
        task_name=title,
        dataset_type=name or mean.name,
        dataset_name=f"{title} (mean{scope})",
        dataset_config=mean.key,
        dataset_split=run.split,
        dataset_revision=revision,
        metric_type="score",
        metric_name=f"{mean.key}: {mean.rule}, {mean.share or mean.size}",
        metric_value=round(mean.spread.value, 4),
    )


def _named(cards: Cards, task: str) -> tuple[str, str]:
    """The Hub's name of the kind of task, and the task's title."""
    card = cards.tasks.get(task.partition("@")[0])
    return (KINDS[card.kind].hub_task, card.title) if card else ("other", task)
