"""HTML in which text is text: what is not `Html` is escaped, so nothing read from data can become markup."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Child", "Html", "el", "embedded_json", "joined"]

_VOID = {"input", "meta", "br"}


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is put into a page as it is."""

    text: str


Child = Html | str | int | None | Iterable["Child"]  # of an element


def el(tag: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """An element.

    Args:
        tag: its name.
        children: Html as it is, text escaped, iterables one after the other, None nothing.
        attributes: a trailing underscore is dropped and others become hyphens; None and False leave one out.

    >>> el("td", "a < b", class_="n", data_v=3).text
    '<td class="n" data-v="3">a &lt; b</td>'
    """
    opened = [tag]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        spelled = key.rstrip("_").replace("_", "-")
        opened.append(spelled if value is True else f'{spelled}="{html.escape(str(value))}"')
    start = f"<{' '.join(opened)}>"
    return Html(start if tag in _VOID else f"{start}{joined(children).text}</{tag}>")


def joined(children: Child) -> Html:
    """Children one after the other, text escaped."""
    if isinstance(children, Html):
        return children
    if children is None:
        return Html("")
    if isinstance(children, str | int):
        return Html(html.escape(str(children)))
    return Html("".join(joined(child).text for child in children))


def embedded_json(name: str, value: Any) -> Html:
    r"""Data for the page's script; `<`, `>` and `&` are escaped, so that no text in it can end the element.

    >>> embedded_json("x", "</script>").text
    '<script type="application/json" id="x">"\\u003c/script\\u003e"</script>'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Html(f'<script type="application/json" id="{html.escape(name)}">{text}</script>')
