"""Everything that could have changed a number: fingerprints, and the one-line signature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["UNSAID", "VERSION", "changed_fields", "fingerprint", "library_versions", "signature"]

_LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "faiss-cpu",
    "faiss-gpu",
    "numpy",
    "peft",
    "sacremoses",
)
_SHORT = {"bfloat16": "bf16", "float32": "fp32", "float16": "fp16"}


def _own_version() -> str:
    try:
        return version("xtreme-harness")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0+unknown"


VERSION = _own_version()

UNSAID = "auto"  # a field that the machine chooses which does the work


def library_versions() -> dict[str, str]:
    """Versions of the libraries that can change a number, as far as they are installed; nothing is imported."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def fingerprint(fields: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the fields.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the fields that differ; what is left to another machine to choose, `UNSAID`, differs from nothing.

    >>> changed_fields({"dtype": "float32", "limit": None}, {"dtype": "bfloat16", "limit": None})
    ('dtype',)
    """
    return tuple(key for key in sorted({*old, *new}) if new.get(key) not in (old.get(key), UNSAID))


def signature(fields: Mapping[str, Any]) -> str:
    """One line to paste into a paper, in sacreBLEU's manner."""
    parts = [
        str(fields["task"]),
        f"suite:{'+'.join(fields['suites'])}",
        f"split:{fields['split']}" if fields["split"] != "test" else "",
        f"metric:{fields['metric']}",
        f"data:{fields['source']}",
        f"len:{fields['max_length']}" if fields.get("max_length") else "",
        str(fields.get("said") or ""),
        f"layer:{fields['layer']}|pool:{fields['pooling']}" if fields.get("pooling") else "",
        f"preset:{fields['preset']}" if fields.get("preset") else "",
        f"train:{fields['train_on']}" if fields.get("train_on") else "",
        f"select:{fields['select_on']}" if fields.get("select_on") else "",
        f"translated:{fields['translated']}" if fields.get("translated") else "",
        f"search:{fields['search']}" if fields.get("search") else "",
        f"seed:{fields['seed']}",
        f"dtype:{_SHORT.get(fields['dtype'], fields['dtype'])}" if fields.get("dtype") else "",
        f"limit:{fields['limit']}" if fields.get("limit") else "",
        f"fp:{fields['fingerprint'][:8]}",
        f"v:{VERSION}",
    ]
    return "|".join(part for part in parts if part)
