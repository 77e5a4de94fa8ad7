"""A Hugging Face Hub on loopback: as much of its API as `datasets` and `huggingface_hub` ask for.

    with HubServer({("dataset", "facebook/xnli"): {"a" * 40: {"README.md": b"..."}}}) as hub:
        subprocess.run([...], env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path)})
        assert "GET /datasets/facebook/xnli/resolve/main/README.md" in hub.requests

The libraries read HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE when they are imported: set them for a new process.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["HubServer", "Repositories"]

Repositories = Mapping[tuple[str, str], Mapping[str, Mapping[str, bytes]]]  # (type, id) -> commit -> name -> content
Reply = tuple[int, dict[str, str], bytes]

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class HubServer:
    """Serves repositories given in memory, and counts what it is asked.

    `requests` counts "METHOD /path". While `status` is set every request gets that status and nothing else.
    """

    def __init__(
        self,
        repositories: Repositories,
        refs: Mapping[tuple[str, str], Mapping[str, str]] | None = None,
        gated: Collection[str] = (),
    ) -> None:
        """`refs`: branch -> commit, besides `main`, the last commit given; `gated`: ids whose files are refused."""
        self.repositories = repositories
        self.refs = {key: {"main": list(c)[-1], **(refs or {}).get(key, {})} for key, c in repositories.items() if c}
        self.gated = gated
        self.status: int | None = None
        self.requests: Counter[str] = Counter()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is to be."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def downloads(self) -> list[str]:
        """Names of the files whose content was fetched, each once, in order."""
        found = [
            request.split("/resolve/")[1]
            for request in self.requests
            if request.startswith("GET ") and "/resolve/" in request
        ]
        return list(dict.fromkeys(name.split("/", 1)[1] for name in found))

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop; from now on connections are refused."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def reply(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        parts = urlsplit(target)
        self.requests[f"{method} {unquote(parts.path)}"] += 1
        if self.status is not None:
            return self.status, {}, b""
        steps = [unquote(step) for step in parts.path.strip("/").split("/")]
        api, steps = steps[0] == "api", steps[1:] if steps[0] == "api" else steps
        kind = steps.pop(0)[:-1] if steps[0] in ("datasets", "models", "spaces") else "model"
        key, steps = (kind, "/".join(steps[:2])), steps[2:]
        if key not in self.repositories:
            return _missing("RepoNotFound")
        action, revision, *path = [*steps, "main"] if len(steps) == 1 else steps or ["revision", "main"]
        commit = self.refs.get(key, {}).get(revision, revision)
        files = self.repositories[key].get(commit)
        if files is None:
            return _missing("RevisionNotFound")
        if not api and action == "resolve":
            return self._file(key[1], commit, files, "/".join(path), headers)
        if action == "revision":
            return _json(_info(key[1], commit, files, key[1] in self.gated))
        if action == "tree":
            options = parse_qs(parts.query)
            return _tree(files, "/".join(path), _yes(options, "recursive"), _yes(options, "expand"))
        if action == "paths-info":
            return _json(_paths(files, body))
        return _missing("EntryNotFound")

    def _file(self, name: str, commit: str, files: Mapping[str, bytes], path: str, headers: Mapping[str, str]) -> Reply:
        if name in self.gated:
            return 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to this dataset is restricted."}, b""
        if path not in files:
            status, extra, body = _missing("EntryNotFound")
            return status, {**extra, "X-Repo-Commit": commit}, body
        content = files[path]
        told = {"ETag": f'"{_digest(content)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if (wanted := _RANGE.fullmatch(headers.get("Range", ""))) is None:
            return 200, told, content
        start, end = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        told["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return 206, told, content[start : end + 1]


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = hub.reply(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _missing(code: str) -> Reply:
    return 404, {"X-Error-Code": code, "X-Error-Message": code}, b""


def _json(value: Any) -> Reply:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _yes(options: Mapping[str, list[str]], name: str) -> bool:
    return options.get(name, ["false"])[0].lower() in ("true", "1")


def _info(name: str, commit: str, files: Mapping[str, bytes], gated: bool) -> dict[str, Any]:
    return {
        "id": name,
        "author": name.split("/")[0],
        "sha": commit,
        "lastModified": "2024-01-01T00:00:00.000Z",
        "createdAt": "2024-01-01T00:00:00.000Z",
        "private": False,
        "gated": "manual" if gated else False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [{"rfilename": path} for path in files],
    }


def _tree(files: Mapping[str, bytes], folder: str, recursive: bool, expand: bool) -> Reply:
    prefix = f"{folder}/" if folder else ""
    inside = [path for path in files if path.startswith(prefix)]
    if not inside:
        return _missing("EntryNotFound")
    folders = {"/".join(path.split("/")[: depth + 1]) for path in inside for depth in range(path.count("/"))}
    entries = [path for path in sorted({*inside, *folders}) if path.startswith(prefix)]
    return _json([_entry(files, path, expand) for path in entries if recursive or "/" not in path[len(prefix) :]])


def _paths(files: Mapping[str, bytes], body: bytes) -> list[dict[str, Any]]:
    text = body.decode()
    sent = json.loads(text) if text.startswith("{") else parse_qs(text)
    folders = {path.rsplit("/", depth)[0] for path in files for depth in range(1, path.count("/") + 1)}
    return [_entry(files, path, expand=False) for path in sent.get("paths", ()) if path in files or path in folders]


def _entry(files: Mapping[str, bytes], path: str, expand: bool) -> dict[str, Any]:
    if path not in files:
        found: dict[str, Any] = {"type": "directory", "oid": _digest(path.encode()), "size": 0, "path": path}
    else:
        found = {"type": "file", "oid": _digest(files[path]), "size": len(files[path]), "path": path}
    if expand:
        found["lastCommit"] = {"id": "0" * 40, "title": "data", "date": "2024-01-01T00:00:00.000Z"}
    return found
