"""A Hub in this process, and little patience with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.fixtures.docs_hub import repositories
from tests.fixtures.hub_server import HubServer

_held = cache(repositories)
PATIENCE = 1.2  # seconds


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """The Hub that this process asks, with an empty cache."""
    from huggingface_hub import close_session, constants

    from xtreme_harness.data import hub_repository
    from xtreme_harness.hub import patience, transport

    with HubServer(_held()) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.4)
        monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.4)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(transport, "SILENCE", PATIENCE)
        monkeypatch.setattr(patience, "TELL", 0.5)
        transport.listen().anew()
        hub_repository._ask.cache_clear()
        close_session()
        yield server
    transport.listen().anew()
    hub_repository._ask.cache_clear()
    close_session()
