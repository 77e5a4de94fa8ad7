"""Files of xharness 0.1.0 as files of this version: what 0.1.0 did not store is concluded here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

from xtreme_harness.errors import OutputError, listed
from xtreme_harness.kinds import KINDS
from xtreme_harness.metrics import METRICS
from xtreme_harness.plan.cells import BY_NAME

__all__ = ["cell", "kind_of", "results"]

Raw = dict[str, Any]


def cell(raw: Raw) -> Raw:
    """`cells/<task>/<language>.json`; a file of this version as it is."""
    if raw.get("schema_version", 1) != 1 or not isinstance(raw.get("fields"), dict):
        return raw
    told = {key: raw["fields"][key] for key in ("metric", "seed") if key in raw["fields"]}
    return {**raw, **told, "schema_version": 2}


def results(raw: Raw, place: str) -> Raw:
    """`results.json`, whose `xharness` block is there; a file of this version as it is.

    Raises:
        OutputError: when a signature does not name the metric of its cell.
    """
    own = raw["xharness"]
    if own.get("schema_version", 1) != 1:
        return raw
    split = _split(raw)
    sources = own.get("datasets", {})
    metrics = [_metric_of(entry) for entry in own["cells"]]
    faults = [
        f"{place}: {entry.get('task')} {entry.get('language')}: no known metric in the signature "
        f"{entry.get('signature')}"
        for entry, metric in zip(own["cells"], metrics, strict=True)
        if not metric
    ]
    if faults:
        raise OutputError(*listed(faults, 10))
    cells = [
        {**entry, "split": split, "metric": metric, "source": sources.get(entry["task"], {}).get("source", "")}
        for entry, metric in zip(own["cells"], metrics, strict=True)
    ]
    absent = _absent(own)
    block = {**own, "schema_version": 2, "cells": cells, "split": split, "absent": absent}
    block["uncertainty"] = {**own["uncertainty"], "scopes": _scopes(raw, cells, absent)}
    return {**raw, "xharness": block}


def _split(raw: Mapping[str, Any]) -> str:
    """It stands beside every scored cell, in lm-eval's block; one run has one."""
    return "dev" if any(one.get("split") == "dev" for one in raw.get("configs", {}).values()) else "test"


def _metric_of(entry: Mapping[str, Any]) -> str:
    """The metric that the signature names; "" where it names none."""
    named = re.search(r"\|metric:([^|]+)\|", entry.get("signature", ""))
    return named[1] if named and named[1] in METRICS else ""


def _absent(own: Mapping[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """Failed cells had no scope: those that no suite's layout lists belong to tasks that were asked for by name."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for suite, layout in own["official"].items():
        for one in layout["xharness"]["missing"]:
            found.setdefault(suite, {}).setdefault(one["task"], {})[one["language"]] = one["reason"]
    for one in own["missing"]:
        if BY_NAME in one["suites"]:
            found.setdefault(BY_NAME, {}).setdefault(one["task"], {})[one["language"]] = one["reason"]
    listed_there = {(task, code) for tasks in found.values() for task, codes in tasks.items() for code in codes}
    for name, message in own["failed"].items():
        task, _, code = name.rpartition(" ")
        if (task, code) not in listed_there:
            found.setdefault(BY_NAME, {}).setdefault(task, {})[code] = f"failed: {' '.join(message.split())}"
    return found


def _scopes(
    raw: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], absent: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, dict[str, dict[str, Raw]]]:
    """The means with their level, name in results.json, metric, parts, and what they lack."""
    scopes: Mapping[str, Mapping[str, Mapping[str, Raw]]] = raw["xharness"]["uncertainty"]["scopes"]
    metrics = {entry["task"]: entry["metric"] for entry in cells}
    keys = _keys(scopes, raw["group_subtasks"])
    found = {}
    for scope, parts in scopes.items():
        tasks = {}
        for name, entry in parts["tasks"].items():
            languages = [one.removeprefix(f"{name}_") for one in raw["group_subtasks"][keys[scope, name]]]
            lacking = list(absent.get(scope, {}).get(name, ()))
            facts = {"level": "task", "metric": metrics[name], "parts": languages, "lacking": lacking}
            tasks[name] = {**_spread(entry), **facts, "key": keys[scope, name], "wanted": len(languages) + len(lacking)}
        groups = {}
        for name, entry in parts["groups"].items():
            members = [one.partition("@")[0] for one in raw["group_subtasks"][keys[scope, name]]]
            lacking = [task for task, one in tasks.items() if one["lacking"] and task.partition("@")[0] in members]
            overall = name == scope or name.startswith(f"{scope.replace('-', '_')}_mean")
            facts = {"level": "suite" if overall else "group", "metric": "", "parts": members, "lacking": lacking}
            groups[name] = {**_spread(entry), **facts, "key": keys[scope, name], "wanted": len(members)}
        found[scope] = {"tasks": tasks, "groups": groups}
    return found


def _keys(scopes: Mapping[str, Mapping[str, Mapping[str, Any]]], groups: Collection[str]) -> dict[tuple[str, str], str]:
    """(scope, name) -> the name among `groups`: with its scope where a mean of another scope had taken it.

    Which scope came first is not told, but the others have theirs in the name. `tatoeba@xtreme-r` is a name of its own.
    """
    pairs = [(scope, name) for scope, parts in scopes.items() for level in parts.values() for name in level]
    names = {name for _, name in pairs}
    longer = {pair: f"{pair[1]}@{pair[0]}" for pair in pairs}
    return {pair: key if key in groups and key not in names else pair[1] for pair, key in longer.items()}


def _spread(entry: Mapping[str, Any]) -> Raw:
    """A run of one seed did not tell the parts of its variance: all of it is the examples'."""
    variance = {"examples": entry["standard_error"] ** 2, "seeds": 0.0, "languages": None}
    return {"variance": variance, "seeds": {}, **entry}


def kind_of(example: Mapping[str, Any]) -> str | None:
    """The kind that a logged example is of, by its fields; None of one that nobody knows."""
    return next((name for name, kind in KINDS.items() if {f.name for f in fields(kind.example)} == set(example)), None)
