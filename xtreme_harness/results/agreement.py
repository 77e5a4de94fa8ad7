"""What no schema can say of a results.json: that its parts agree, and that what they name is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from xtreme_harness.files.told import step_to
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import BY_NAME
from xtreme_harness.results.json_file import lm_eval_name
from xtreme_harness.results.record import metric_faults

__all__ = ["disagreements", "error_keys"]

Raw = Mapping[str, Any]
Cells = Mapping[tuple[str, str], Raw]  # the finished ones, by task and language


def disagreements(raw: Raw) -> list[str]:
    """One line a fault: key, found, expected; without the file.

    Args:
        raw: a results.json that is as its schema says.
    """
    own = raw["xharness"]
    faults = [*_of_run(raw["config"], own), *_of_cells(raw["results"], own)]
    if faults:  # what is averaged is not known
        return faults
    done = {(cell["task"], cell["language"]): cell for cell in own["cells"] if cell["status"] == "done"}
    scopes = own["uncertainty"]["scopes"]
    faults = [fault for scope, levels in scopes.items() for fault in _of_scope(scope, levels, done, own["official"])]
    return faults + _of_keys(scopes)


def error_keys(entry: Raw) -> dict[str, str]:
    """Value of a cell -> the key of its standard error in lm-eval's block."""
    return {name: f"{lm_eval_name(entry['metric'], name)}_stderr,none" for name in entry["metrics"]}


def _of_run(config: Raw, own: Raw) -> Iterator[str]:
    if own["limited"] != (config["limit"] is not None):
        said = "true" if own["limited"] else "false"
        yield f"xharness.limited: found {said}, but config.limit is {config['limit'] or 'null'}"


def _of_cells(figures: Raw, own: Raw) -> Iterator[str]:
    seen: dict[tuple[str, str], int] = {}
    for i, cell in enumerate(own["cells"]):
        place, key = f"xharness.cells[{i}]", (cell["task"], cell["language"])
        if key in seen:
            yield f"{place}: {' '.join(key)} stands twice: also in cells[{seen[key]}]"
        seen.setdefault(key, i)
        if cell["split"] != own["split"]:
            yield f"{place}.split: found {cell['split']}, expected {own['split']}, the run's"
        faults = metric_faults(cell["metric"], cell["metrics"], f"{place}.")
        yield from faults
        low, high = cell["interval"] or (0, 0)
        if low > high:
            yield f"{place}.interval: found {low} to {high}, expected the lower end first"
        for seed, values in cell.get("seeds", {}).items():
            if values.keys() != cell["metrics"].keys():
                yield f"{place}.seeds.{seed}: found {', '.join(values)}, expected {', '.join(cell['metrics'])}"
        block = figures.get("_".join(key), {})
        for error in error_keys(cell).values() if not faults else ():
            if error not in block:
                yield f"{step_to(step_to('results', '_'.join(key)), error)}: missing, expected a number from 0"


def _of_scope(scope: str, levels: Raw, done: Cells, official: Raw) -> Iterator[str]:
    root = step_to("xharness.uncertainty.scopes", scope)
    if scope != BY_NAME and scope not in official:
        yield f"{root}: no such suite in xharness.official"
    for name, mean in levels["tasks"].items():
        yield from _of_task(name, mean, done, step_to(f"{root}.tasks", name))
    known = {name.partition("@")[0] for name in levels["tasks"]}  # groups name the cards
    for name, mean in levels["groups"].items():
        place = step_to(f"{root}.groups", name)
        yield from _of_mean(mean, place, mean["level"] != "task", "suite or group")
        yield from (f"{place}.parts[{i}]: no task '{t}' there" for i, t in enumerate(mean["parts"]) if t not in known)


def _of_task(name: str, mean: Raw, done: Cells, place: str) -> Iterator[str]:
    yield from _of_mean(mean, place, mean["level"] == "task", "task")
    if mean["metric"] not in METRICS:
        yield f"{place}.metric: found '{mean['metric']}', expected the name of a metric"
    first = done.get((name, mean["parts"][0]))
    for i, code in enumerate(mean["parts"]):
        cell = done.get((name, code))
        if cell is None:
            yield f"{place}.parts[{i}]: no finished cell of {name} {code}"
        elif cell["metric"] != mean["metric"]:
            yield f"{place}.metric: found '{mean['metric']}', the cell of {code} has '{cell['metric']}'"
        elif first is not None and cell["metrics"].keys() != first["metrics"].keys():
            yield f"{place}.parts[{i}]: {name} {code} has other values than {name} {mean['parts'][0]}"


def _of_mean(mean: Raw, place: str, fits: bool, level: str) -> Iterator[str]:
    if not fits:
        yield f"{place}.level: found {mean['level']}, expected {level}"
    if mean["wanted"] < len(mean["parts"]):
        yield f"{place}.wanted: found {mean['wanted']}, expected {len(mean['parts'])} or more: so many are averaged"


def _of_keys(scopes: Raw) -> list[str]:
    """Two means of one name would be one in lm-eval's blocks."""
    keys = Counter(mean["key"] for levels in scopes.values() for means in levels.values() for mean in means.values())
    return [f"xharness.uncertainty.scopes: key '{key}' stands {n} times" for key, n in keys.items() if n > 1]
