"""The Hugging Face Hub: one split of one language, at the commit that the card pins.

Files are chosen by the card's pattern, so that no other split is fetched, and kept in the Hub's own cache under their
commit: what is read can only be what was asked for. `datasets` reads them. A repository without files of that pattern
is left to `datasets`, which may fall back to whatever revision it has cached; there the commit is checked.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from xtreme_harness.cards import HubSource
from xtreme_harness.data.hub_shapes import SHAPES, Loaded
from xtreme_harness.data.sources import _filled
from xtreme_harness.errors import DataError, did_you_mean
from xtreme_harness.records import Table

__all__ = ["SHAPES", "hub_revision", "read_hub"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHARDS = re.compile(r"-of-(\d+)\.")
_READERS = {".parquet": "parquet", ".json": "json", ".jsonl": "json"}  # suffix -> builder of `datasets`
_TIMEOUT = 10.0  # seconds for the question that tells whether the Hub is there
_ELSEWHERE = "use --data samples, --data DIR, or a folder made by `xharness download` where there is a network"


@dataclass(frozen=True, slots=True)
class _Repository:
    """A dataset at one commit."""

    commit: str
    files: tuple[str, ...]
    cached: bool = False  # the files are those of the local cache, perhaps not all
    silence: str = ""  # why the Hub did not answer, where it was asked


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why the Hub gave nothing."""

    fault: str
    silent: bool  # the Hub did not answer, as opposed to: it said no


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
    part = dict(source.splits).get(split)  # type: ignore[call-overload]
    if part is None:
        raise DataError(f"{source.path}: does not have the split '{split}'; found {', '.join(source.splits)}")
    config = _filled(source.config, language, source.languages)
    with _quiet():
        repository = _repository(source)
        where = f"{source.path}@{repository.commit[:7]} {config}/{part}"
        dataset = _dataset(source, repository, config, part, where)
        features = {name: getattr(feature, "feature", feature) for name, feature in dataset.features.items()}
        classes = {name: feature.names for name, feature in features.items() if hasattr(feature, "names")}
        options = _filled(source.options, language, source.languages)
        loaded = Loaded(dataset, dataset.column_names, classes, where, source.columns, source.names, options)
        return SHAPES[source.shape](loaded)


def hub_revision(source: HubSource) -> str:
    """Return the commit that is loaded: the pin, or what the Hub (offline: the local cache) has now.

    Raises:
        DataError: there is no pin, and neither says.
    """
    if source.revision and _COMMIT.fullmatch(source.revision):
        return source.revision
    return _repository(source).commit


def _repository(source: HubSource) -> _Repository:
    """Ask the Hub; take the local cache when offline, or when the Hub is silent and the pinned commit is there."""
    from huggingface_hub import constants

    revision = source.revision or "main"
    pinned = _COMMIT.fullmatch(revision) is not None
    if constants.HF_HUB_OFFLINE:
        return _cached(source.path, revision)
    answer = _ask(source.path, revision, constants.ENDPOINT)
    if isinstance(answer, _Repository):
        return answer
    if answer.silent and pinned and (known := _cached(source.path, revision)).files:
        return replace(known, silence=answer.fault)
    raise DataError(answer.fault)


@lru_cache(maxsize=256)
def _ask(path: str, revision: str, endpoint: str) -> _Repository | _Refusal:
    """Ask once a process: a Hub that is down would cost each load its retries, some 23 seconds."""
    from huggingface_hub import HfApi

    try:
        info = HfApi(endpoint=endpoint).dataset_info(path, revision=revision, timeout=_TIMEOUT)
    except Exception as error:  # which ones depends on the HTTP client that the library uses
        return _refusal(error, path, revision, endpoint)
    return _Repository(str(info.sha), tuple(sibling.rfilename for sibling in info.siblings or ()))


def _refusal(error: Exception, path: str, revision: str, endpoint: str) -> _Refusal:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, RevisionNotFoundError):
        return _Refusal(f"{path}: the Hub has no revision '{revision}'; correct hub.revision in the card", False)
    if isinstance(error, GatedRepoError) or (status == 403 and not isinstance(error, RepositoryNotFoundError)):
        page = f"{endpoint}/datasets/{path}"
        return _Refusal(f"{path}: access is restricted; ask for it at {page} and run `hf auth login`", False)
    if isinstance(error, RepositoryNotFoundError):
        advice = "correct hub.path in the card, or run `hf auth login` if it is private"
        return _Refusal(f"{path}: the Hub ({endpoint}) has no such dataset; {advice}", False)
    return _Refusal(f"{path}: the Hub ({endpoint}) cannot be reached: {_line(error)}; {_ELSEWHERE}", True)


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."


def _folder(path: str) -> Path:
    """Where the Hub's cache keeps a dataset."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"datasets--{path.replace('/', '--')}"


def _cached(path: str, revision: str) -> _Repository:
    """What the cache holds of a revision: its files, none if it is not there; DataError where a name has no commit."""
    folder = _folder(path)
    reference, snapshots = folder / "refs" / revision, sorted(folder.glob("snapshots/*"))
    if _COMMIT.fullmatch(revision):
        commit = revision
    elif reference.is_file():
        commit = reference.read_text("utf-8").strip()
    elif len(snapshots) == 1:
        commit = snapshots[0].name
    else:
        raise DataError(
            f"{path}: revision '{revision}' is not in the local cache (HF_HUB_OFFLINE is set); {_ELSEWHERE}"
        )
    root = folder / "snapshots" / commit
    files = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
    return _Repository(commit, tuple(files), cached=True)


def _dataset(source: HubSource, repository: _Repository, config: str, split: str, where: str) -> Any:
    """Load by the card's pattern, or by what the repository itself says of its configs."""
    pattern = source.files.replace("{config}", config).replace("{split}", split)
    names = [n for n in repository.files if _fits(n, pattern)]
    if names and not (repository.cached and _incomplete(names)):
        return _read([_fetched(source, repository, name) for name in names], split, where)
    if repository.silence:
        raise DataError(repository.silence)
    script = f"{source.path.split('/')[-1]}.py"
    if script in repository.files:
        raise DataError(
            f"{where}: the repository is a script ({script}); dataset scripts are no longer supported, use --data DIR"
        )
    folders = {name.split("/")[0] for name in repository.files if "/" in name}
    return _configured(
        source, repository, config, split, f"{where}: no file '{pattern}'{did_you_mean(config, folders)}"
    )


def _fits(name: str, pattern: str) -> bool:
    """Whether a file is data and matches; unlike fnmatch's, a wildcard stops at '/'."""
    parts, wanted = name.split("/"), pattern.split("/")
    return (
        _reader(name) is not None
        and len(parts) == len(wanted)
        and all(fnmatchcase(part, want) for part, want in zip(parts, wanted, strict=True))
    )


def _reader(name: str) -> str | None:
    return _READERS.get(Path(name.removesuffix(".gz")).suffix)


def _incomplete(names: Sequence[str]) -> bool:
    """Whether shards are missing that the others' names count: "test-00000-of-00002.parquet"."""
    return any((count := _SHARDS.search(name)) and int(count.group(1)) != len(names) for name in names)


def _fetched(source: HubSource, repository: _Repository, name: str) -> Path:
    """Path of a file in the cache, downloaded if need be."""
    from huggingface_hub import constants, hf_hub_download

    snapshot = _folder(source.path) / "snapshots" / repository.commit
    if repository.cached:
        return snapshot / name
    revision = source.revision or "main"  # by its name, so that the cache learns which commit it was
    try:
        file = Path(hf_hub_download(source.path, name, repo_type="dataset", revision=revision))
    except Exception as error:
        raise DataError(_refusal(error, source.path, revision, constants.ENDPOINT).fault) from error
    if not file.is_relative_to(snapshot):
        found = file.relative_to(snapshot.parent).parts[0]
        raise DataError(f"{source.path}: '{revision}' moved from {repository.commit} to {found} meanwhile; run again")
    return file


def _read(files: Sequence[Path], split: str, where: str) -> Any:
    import datasets

    try:
        reader = _reader(files[0].name)
        return datasets.load_dataset(reader, data_files={split: [str(f) for f in files]}, split=split)
    except Exception as error:  # the library documents none
        cause = error.__cause__ or error
        raise DataError(f"{where}: {files[0].name} cannot be read: {_line(cause)}") from error


def _configured(source: HubSource, repository: _Repository, config: str, split: str, where: str) -> Any:
    import datasets

    try:
        dataset = datasets.load_dataset(source.path, config, revision=repository.commit, split=split)
    except Exception as error:
        if repository.cached:
            raise DataError(f"{where} in the local cache (HF_HUB_OFFLINE is set); {_ELSEWHERE}") from error
        raise DataError(f"{where}, and config '{config}' cannot be loaded: {_line(error)}") from error
    wanted = f"hf://datasets/{source.path}@{repository.commit}/"
    files = list(dataset.info.download_checksums or ())
    if not files or not all(file.startswith(wanted) for file in files):
        found = sorted({file.split("@")[-1].split("/")[0] for file in files}) or ["an unknown one"]
        raise DataError(
            f"{source.path}: loaded revision {', '.join(found)}, expected {repository.commit}; {_ELSEWHERE}"
        )
    return dataset


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
