"""Text for LaTeX."""

from __future__ import annotations

__all__ = ["escape"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def escape(text: str) -> str:
    r"""Make text print as it stands.

    >>> escape("map_at_20 & 5 %")
    'map\\_at\\_20 \\& 5 \\%'
    """
    return "".join(_SPECIAL.get(character, character) for character in text)
