"""A dataset's commit and files: asked from the Hub once a process, or found in the Hub's local cache."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from xtreme_harness.cards import HubSource
from xtreme_harness.errors import DataError, HubSilent
from xtreme_harness.hub import ask, fetch_file, one_line, silence, unstored

__all__ = ["ELSEWHERE", "Repository", "fetched", "find", "pinned", "silent_or"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
ELSEWHERE = "use --data samples, --data DIR, or a folder made by `xharness download` where there is a network"


@dataclass(frozen=True, slots=True)
class Repository:
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


def pinned(source: HubSource) -> bool:
    """Whether the card names a commit, as opposed to a branch or nothing."""
    return bool(source.revision and _COMMIT.fullmatch(source.revision))


def find(source: HubSource) -> Repository:
    """Ask the Hub; take the local cache when offline, or when the Hub is silent and the pinned commit is there.

    Raises:
        DataError: in one line, whether the Hub cannot be reached, or has no such dataset or revision.
    """
    from huggingface_hub import constants

    revision = source.revision or "main"
    if constants.HF_HUB_OFFLINE:
        return _cached(source.path, revision)
    answer = _ask(source.path, revision, constants.ENDPOINT)
    if isinstance(answer, Repository):
        return answer
    if answer.silent and pinned(source) and (known := _cached(source.path, revision)).files:
        return replace(known, silence=answer.fault)
    raise HubSilent(answer.fault) if answer.silent else DataError(answer.fault)


@lru_cache(maxsize=256)
def _ask(path: str, revision: str, endpoint: str) -> Repository | _Refusal:
    """Ask once a process."""
    from huggingface_hub import HfApi

    hub = HfApi(endpoint=endpoint)

    def files_of() -> tuple[str, list[str]]:
        info = hub.dataset_info(path, revision=revision)
        files = [sibling.rfilename for sibling in info.siblings or ()]
        if not files:  # not every server lists the files with the commit
            tree = hub.list_repo_tree(path, repo_type="dataset", revision=revision, recursive=True)
            files = [entry.path for entry in tree if hasattr(entry, "size")]
        return str(info.sha), files

    try:
        commit, files = ask(files_of)
    except Exception as error:  # which ones depends on the HTTP client that the library uses
        return _refusal(error, path, revision, endpoint)
    if _COMMIT.fullmatch(revision) and commit != revision:
        return _Refusal(f"{path}: the Hub gave commit {commit}, the card pins {revision}", False)
    return Repository(commit, tuple(files))


def _refusal(error: Exception, path: str, revision: str, endpoint: str) -> _Refusal:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, RevisionNotFoundError):
        return _Refusal(f"{path}: the Hub has no revision '{revision}'; correct hub.revision in the card", False)
    if isinstance(error, GatedRepoError) or (status in (401, 403) and not isinstance(error, RepositoryNotFoundError)):
        page = f"{endpoint}/datasets/{path}"
        return _Refusal(f"{path}: access is restricted; ask for it at {page} and run `hf auth login`", False)
    if isinstance(error, RepositoryNotFoundError):
        advice = "correct hub.path in the card, or run `hf auth login` if it is private"
        return _Refusal(f"{path}: the Hub ({endpoint}) has no such dataset; {advice}", False)
    why = silence(error, ELSEWHERE, unread=True)
    return _Refusal(f"{path}: {why or f'the Hub ({endpoint}) does not give it: {one_line(error)}; {ELSEWHERE}'}", True)


def silent_or(error: Exception, path: str, other: str) -> DataError:
    """What to raise of a dataset: HubSilent where the Hub was not reached, else a DataError with the other fault."""
    why = silence(error, ELSEWHERE)
    return HubSilent(f"{path}: {why}") if why else DataError(other)


def _folder(path: str) -> Path:
    """Where the Hub's cache keeps a dataset."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"datasets--{path.replace('/', '--')}"


def _cached(path: str, revision: str) -> Repository:
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
        raise DataError(f"{path}: revision '{revision}' is not in the local cache (HF_HUB_OFFLINE is set); {ELSEWHERE}")
    root = folder / "snapshots" / commit
    files = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
    return Repository(commit, tuple(files), cached=True)


def fetched(source: HubSource, repository: Repository, name: str) -> Path:
    """Return the path of a file in the cache; download it if need be.

    Raises:
        DataError: the Hub refuses or falls silent, the cache cannot be written, or the branch has moved.
    """
    from huggingface_hub import constants

    if repository.cached:
        return _folder(source.path) / "snapshots" / repository.commit / name
    revision = source.revision or "main"  # by its name, so that the cache learns which commit it was
    try:
        file = fetch_file(source.path, name, revision)
    except Exception as error:
        if fault := unstored(error):
            raise DataError(f"{source.path}: {fault}") from error
        refusal = _refusal(error, source.path, revision, constants.ENDPOINT)
        raise (HubSilent if refusal.silent else DataError)(refusal.fault) from error
    found = file.parts[-2 - name.count("/")]  # .../snapshots/<commit>/<name>
    if found != repository.commit:
        raise DataError(f"{source.path}: '{revision}' moved from {repository.commit} to {found} meanwhile; run again")
    return file
