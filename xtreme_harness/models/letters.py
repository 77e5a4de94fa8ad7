"""Which characters are no letters of their own."""

from __future__ import annotations

import unicodedata

__all__ = ["clings"]

# Hangul vowels and final consonants as parts of a syllable; the halfwidth voicing marks of Katakana
_COMPOSED = ((0x1160, 0x11FF), (0xD7B0, 0xD7FB), (0xFF9E, 0xFF9F))


def clings(char: str) -> bool:
    r"""Is it a mark, a format character, or what composes with the letter before it?

    >>> clings("\u0301"), clings("\u200d"), clings("\u1161"), clings("a")
    (True, True, True, False)
    """
    if char.isascii():
        return False
    category = unicodedata.category(char)
    return category[0] == "M" or category == "Cf" or any(first <= ord(char) <= last for first, last in _COMPOSED)
