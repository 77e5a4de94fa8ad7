"""Text is text, whatever it holds."""

from __future__ import annotations

import json
import re

import pytest

from xtreme_harness.report.markup import Html, el, embedded_json, joined

NASTY = "</script><script>alert('x')</script>\" onload=\"a & b <!-- \u2028"


def test_children_and_attributes_are_escaped() -> None:
    made = el("td", NASTY, title=NASTY).text
    assert "<script" not in made
    assert made.count("<") == 2  # the element's own tags
    assert '" onload' not in made.removeprefix('<td title="').split('">')[0]


def test_markup_stays_and_nothing_is_nothing() -> None:
    assert joined([Html("<b>"), None, ["<", 3]]).text == "<b>&lt;3"
    assert el("input", type="search", hidden=True, name=None, checked=False).text == '<input type="search" hidden>'


@pytest.mark.parametrize("value", [NASTY, {NASTY: [NASTY]}, "<!--<script>"], ids=["text", "key", "comment"])
def test_data_cannot_end_its_element(value: object) -> None:
    made = embedded_json("d", value).text
    inner = re.fullmatch(r'<script type="application/json" id="d">(.*)</script>', made)
    assert inner is not None
    assert not set("<>&\u2028") & set(inner[1])
    assert json.loads(inner[1]) == value
