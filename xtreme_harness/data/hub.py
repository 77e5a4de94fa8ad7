"""The Hugging Face Hub: one split of one language, at the commit that the card pins.

Files are chosen by the card's pattern, so that no other split is fetched, and kept in the Hub's own cache under their
commit: what is read can only be what was asked for. `datasets` reads them. A repository without files of that pattern
is left to `datasets`, which may fall back to whatever revision it has cached; there the commit is checked.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xtreme_harness.cards import HubSource
from xtreme_harness.data.hub_qrels import config_and_split
from xtreme_harness.data.hub_repository import ELSEWHERE, Repository, fetched, find, pinned, silent_or
from xtreme_harness.data.hub_shapes import SHAPES, Loaded
from xtreme_harness.data.patterns import filled
from xtreme_harness.errors import DataError, HubSilent, did_you_mean
from xtreme_harness.files.shown import some
from xtreme_harness.hub import listening, one_line
from xtreme_harness.records import Table

__all__ = ["SHAPES", "hub_revision", "read_hub"]

_SHARDS = re.compile(r"-of-(\d+)\.")
_AS_WRITTEN = {"keep_default_na": False}  # "NA" and "null" are words
_READERS: dict[str, tuple[str, dict[str, Any]]] = {  # suffix -> builder of `datasets`, how it reads
    ".parquet": ("parquet", {}),
    ".json": ("json", {}),
    ".jsonl": ("json", {}),
    ".csv": ("csv", _AS_WRITTEN),
    ".tsv": ("csv", {"sep": "\t", **_AS_WRITTEN}),
}


def read_hub(source: HubSource, split: str, language: str) -> Table:
    """Load one split of one language.

    Args:
        source: where the dataset lies and how its columns are read.
        split: "train", "dev" or "test".
        language: the benchmark's code.

    Raises:
        DataError: the source does not have the split or language, the Hub cannot be reached or refuses, the pinned
            commit cannot be had, or the columns are not those that the card names.
    """
    if language in source.options.get("absent", ()):
        raise DataError(f"{source.path}: does not have the language '{language}'; use --data DIR for it")
    part = source.splits.get(split)  # type: ignore[call-overload]
    if part is None:
        raise DataError(f"{source.path}: does not have the split '{split}'; found {', '.join(source.splits)}")
    config, part = (filled(said, language, source.languages) for said in (source.config, part))
    with _quiet(), listening():
        repository = find(source)
        columns, options = (filled(said, language, source.languages) for said in (source.columns, source.options))
        if not source.configs:
            return SHAPES[source.shape](_loaded(source, repository, config, part, columns, options))
        named = filled(source.configs, language, source.languages)
        places = {role: config_and_split(value, part) for role, value in named.items()}
        parts = {role: _loaded(source, repository, *place, columns, options) for role, place in places.items()}
        where = f"{source.path}@{repository.commit[:7]} {language}/{part}"
        return SHAPES[source.shape](Loaded({}, (), {}, where, columns, source.names, options, parts))


def hub_revision(source: HubSource) -> str:
    """Return the commit that is loaded: the pin, or what the Hub (offline: the local cache) has now.

    Raises:
        DataError: there is no pin, and neither says.
    """
    if source.revision and pinned(source):
        return source.revision
    return find(source).commit


def _loaded(
    source: HubSource, repository: Repository, config: str, part: str, columns: Mapping[str, str],
    options: Mapping[str, Any],
) -> Loaded:  # fmt: skip
    where = f"{source.path}@{repository.commit[:7]} {config}/{part}"
    dataset = _dataset(source, repository, config, part, where)
    features = {name: getattr(feature, "feature", feature) for name, feature in dataset.features.items()}
    classes = {name: feature.names for name, feature in features.items() if hasattr(feature, "names")}
    return Loaded(dataset, dataset.column_names, classes, where, columns, source.names, options)


def _dataset(source: HubSource, repository: Repository, config: str, split: str, where: str) -> Any:
    """Load a `datasets.Dataset` by the card's pattern, or by what the repository itself says of its configs."""
    patterns = [source.files.replace("{config}", config).replace("{split}", part) for part in split.split("+")]
    found = [[name for name in repository.files if _fits(name, pattern)] for pattern in patterns]
    names, pattern = [name for part in found for name in part], " + ".join(patterns)
    if all(found) and not (repository.cached and any(map(_incomplete, found))):
        return _read([fetched(source, repository, name) for name in names], where)
    if repository.silence:
        raise HubSilent(repository.silence)
    folders = {name.split("/")[0] for name in repository.files if "/" in name}
    near = did_you_mean(config, folders) if config not in folders else ""
    number = f"only {len(names)} of the files" if names else "no file"
    return _configured(source, repository, config, split, f"{where}: {number} '{pattern}'{near}")


def _fits(name: str, pattern: str) -> bool:
    """Whether a file is data and matches; unlike fnmatch's, a wildcard stops at '/'."""
    parts, wanted = name.split("/"), pattern.split("/")
    return (
        _suffix(name) in _READERS
        and len(parts) == len(wanted)
        and all(fnmatchcase(part, want) for part, want in zip(parts, wanted, strict=True))
    )


def _suffix(name: str) -> str:
    return Path(name.removesuffix(".gz")).suffix


def _incomplete(names: Sequence[str]) -> bool:
    """Whether shards are missing that the others' names count: "test-00000-of-00002.parquet"."""
    return any((count := _SHARDS.search(name)) and int(count.group(1)) != len(names) for name in names)


def _read(files: Sequence[Path], where: str) -> Any:
    import datasets

    try:
        builder, how = _READERS[_suffix(files[0].name)]
        return datasets.load_dataset(builder, data_files={"rows": [str(f) for f in files]}, split="rows", **how)
    except Exception as error:  # the library documents none
        cause = error.__cause__ or error
        raise DataError(f"{where}: {files[0].name} cannot be read: {one_line(cause)}") from error


def _configured(source: HubSource, repository: Repository, config: str, split: str, where: str) -> Any:
    import datasets

    try:
        builder = datasets.load_dataset_builder(source.path, config, revision=repository.commit)
        found = Path(builder.cache_dir).name  # a folder a commit, also when an old cache stands in for the Hub
        if found == repository.commit:
            builder.download_and_prepare()
            return builder.as_dataset(split)  # it knows "a+b" too
    except Exception as error:  # a script, an unknown config or split, another layout
        if repository.cached:
            raise DataError(f"{where} in the local cache (HF_HUB_OFFLINE is set); {ELSEWHERE}") from error
        there = some([name for name in repository.files if _suffix(name) in _READERS]) or "none"
        wrong = f"{where}, and config '{config}' cannot be loaded: {one_line(error)}"
        other = f"{wrong}; files of data there: {there}; correct the card, or use --data DIR"
        raise silent_or(error, source.path, other) from error
    raise DataError(f"{source.path}: the local cache has commit {found}, expected {repository.commit}; {ELSEWHERE}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars, log lines and warnings of both libraries off the terminal."""
    import datasets
    import huggingface_hub.utils as hub

    logs = [(log, log.get_verbosity()) for log in (datasets.logging, hub.logging)]
    bars = [(bar, bar.are_progress_bars_disabled()) for bar in (datasets.utils, hub)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for log, _ in logs:
            log.set_verbosity(logging.CRITICAL)
        for bar, _ in bars:
            bar.disable_progress_bars()
        try:
            yield
        finally:
            for log, level in logs:
                log.set_verbosity(level)
            for bar, off in bars:
                if not off:
                    bar.enable_progress_bars()
