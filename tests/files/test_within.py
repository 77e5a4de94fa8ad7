"""Names from files and cards never lead out of their folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.files.within import name_fault, within


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../x", "leads out"), ("a/../../x", "leads out"), ("a/..", "leads out"), ("/etc/passwd", "absolute"),
        ("", "is empty"),        (".", "the folder itself"), ("a\0b", "NUL"), ("a\\..\\b", "backslash"),
        ("x" * 256, "longer than 255 bytes"),
        ("é" * 128, "longer than 255 bytes"), ("a/b.json", ""), ("..a/b", ""), ("x" * 255, ""), ("./a", ""),
    ],
)  # fmt: skip
def test_names(name: str, fault: str) -> None:
    assert fault in name_fault(name)
    assert bool(fault) == bool(name_fault(name))


@given(st.text(st.sampled_from("./a\\~\0"), max_size=12))
def test_no_name_leads_out(name: str) -> None:
    root = Path("/root/of/all")
    try:
        place = within(root, name)
    except ValueError:
        return
    assert place != root
    assert root in Path(*[step for step in place.parts if step != "."]).parents
