"""Many output folders at once: the bound on open files is raised as far as it must be, and no further."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from xtreme_harness.errors import OutputError
from xtreme_harness.files.handles import allow_open


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The bound of a process that stands at 256 files, of 1024 that it could have."""
    bounds = [256, 1024]
    monkeypatch.setattr(resource, "getrlimit", lambda what: tuple(bounds))
    monkeypatch.setattr(resource, "setrlimit", lambda what, new: bounds.__setitem__(slice(None), new))
    yield bounds


@pytest.mark.parametrize(("files", "soft"), [(1, 256), (128, 256), (129, 257), (896, 1024)])
def test_it_is_raised_as_far_as_it_must_be(bounds: list[int], files: int, soft: int) -> None:
    allow_open(files)
    assert bounds == [soft, 1024]


def test_what_the_system_does_not_allow_is_said(bounds: list[int]) -> None:
    with pytest.raises(OutputError, match="900 output folders at once: this process may have 1024 files open; raise"):
        allow_open(900)
    assert bounds == [256, 1024]
