"""A card to start from: another's kind, labels and layout under a new name, with a comment at every key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from xtreme_harness.cards.schema import FileSource, HubSource, TaskCard
from xtreme_harness.errors import CardError
from xtreme_harness.files.shown import shown

__all__ = ["TO_WRITE", "new_card"]

TO_WRITE = "TO WRITE"  # what a text of a new card begins with until somebody has written it
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ENDINGS = (".tsv", ".csv", ".jsonl", ".json", ".txt", ".conllu")
_LANGUAGES, _LABELS = 3, 12  # of the other card, that a new one begins with
_SAID = {
    "name": "the name of this file",
    "title": "one line for people",
    "kind": "tasks/README.md lists the kinds, and the fields that each reads",
    "metric": "tasks/README.md lists the metrics",
    "extension": "of prediction files",
    "licence": "of the data",
    "labels": "every class, spelt as in the data; the order is that of the class ids",
    "labels_file": "the labels stand in this file of the data folder",
    "aliases": "another spelling in the data: the label",
    "train": "the cards whose training data a model for this task learns from; []: none",
    "selection": "the data that choose the checkpoint",
    "train_on": "english, target (each language's own model), all (joined), or codes",
    "select_on": "english or target: on whose dev data weights are chosen",
    "languages": "BCP 47 or ISO 639-3, as the data spell them",
    "parallel": "true: line 7, or id 7, is the same item in every language",
    "presets": "how sentence vectors are read",
    "calibrate": "the split on which a threshold is chosen",
    "options": "of the kind",
    "official": "files below the folder that --data names",
    "official.format": "tasks/README.md lists the formats and their options",
    "official.files": "{language} is a code of `languages`; {code} what `official.languages: {language: code}` says",
    "official.options": "of the format",
    "official.options.columns": "field: its column in the file",
    "hub.columns": "field: its column on the Hub",
    "hub": "a data set on the Hub instead, or as well",
}


def new_card(name: str, like: TaskCard) -> str:
    """Write a card that reads as `like` does, for data of another name.

    Args:
        name: of the new card, and of the folder of its data.
        like: whose kind, metric, labels, options and layout it begins with.

    Raises:
        CardError: this can be no card's name, or a card that is made of parts has no data of its own to be like.
    """
    if not _NAME.fullmatch(name):
        raise CardError(f"tasks new {shown(name)}: expected a name of lower-case letters, digits, _ and -")
    if like.parts:
        raise CardError(f"--like {like.name}: is made of {', '.join(like.parts)}; name one of these")
    card: dict[str, Any] = {
        "name": name,
        "title": f"{TO_WRITE}: what is asked",
        "kind": like.kind,
        "metric": like.metric,
        "extension": like.extension if like.extension != "tsv" else None,
        "licence": f"{TO_WRITE}: may the data be used, by whom?",
        "labels": list(like.labels[:_LABELS]) or None,
        "labels_file": f"{name}/labels.json" if like.labels_file else None,
        "aliases": dict(like.aliases) or None,
        "train": [name if unit == like.name else unit for unit in like.train],
        "selection": like.selection if like.selection != "dev" else None,
        "train_on": like.train_on if like.train_on in ("target", "all") else None,
        "select_on": like.select_on if like.select_on != "english" else None,
        "languages": _some_languages(like),
        "parallel": like.parallel,
        "calibrate": like.calibrate,
        "options": like.said_options or None,
        "official": _files(name, like.file_sources[0]) if like.file_sources else None,
        "presets": {key: one.model_dump(exclude_defaults=True) for key, one in like.presets.items()} or None,
    }
    lines = [f"# Made like {like.name}; `xharness tasks check {name}.yaml --data DIR` says what it lacks."]
    for key, value in card.items():
        lines += _written(key, value) if value is not None else []
    if like.hub is not None:
        block = _written("hub", _on_the_hub(like.hub))
        lines += block if not like.file_sources else [f"# {line}" for line in block]
    return "\n".join(lines) + "\n"


def _some_languages(like: TaskCard) -> list[str]:
    """The first of the other's languages; English before all, if it has it."""
    english = like.english
    ordered = sorted(like.all_languages, key=lambda code: code != english)
    return ordered[:_LANGUAGES]


def _files(name: str, source: FileSource) -> dict[str, Any]:
    """A layout of one folder of the card's own, in the other's format."""
    files = {}
    for split, roles in source.files.items():
        own = {}
        for role, patterns in roles.items():
            ending = next((end for end in _ENDINGS if patterns[-1].endswith(end)), "")
            each = "-{language}" if any("{" in pattern for pattern in patterns) or split == "train" else ""
            own[role] = f"{name}/{split}{each}{'.' + role if len(roles) > 1 else ''}{ending}"
        files[split] = own["rows"] if set(own) == {"rows"} else own
    return {"format": source.format, "files": files, "options": dict(source.options)}


def _on_the_hub(source: HubSource) -> dict[str, Any]:
    found = source.model_dump(exclude_defaults=True, exclude={"languages", "note"})
    return {**found, "path": "OWNER/NAME", "revision": "0" * 40}


def _written(path: str, value: Any) -> list[str]:
    """A key and what is under it, with its comment."""
    *above, key = path.split(".")
    margin, said = "  " * len(above), f"  # {_SAID[path]}" if path in _SAID else ""
    nested = isinstance(value, Mapping) and value and (not above or path in ("official.files", "official.options"))
    if not nested:
        return [f"{margin}{_inline(key)}: {_inline(value)}{said}"]
    below = [line for inner, one in value.items() for line in _written(f"{path}.{inner}", one)]
    return [f"{margin}{_inline(key)}:{said}", *below]


def _inline(value: Any) -> str:
    """A value on one line."""
    plain = yaml.safe_dump(_plain(value), default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return plain.removesuffix("\n").removesuffix("\n...").strip()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
