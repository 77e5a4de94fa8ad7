"""What a model is to read before a text: `query: `, `passage: `."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from xtreme_harness.cards import TaskCard

__all__ = ["prompted", "prompts_said"]

_OPTIONS = {"prompt": "all", "query_prompt": "query", "passage_prompt": "passage"}  # that a kind may have


def prompted(prompt: str, texts: Iterable[str]) -> list[str]:
    """The texts with what a model wants to read before each."""
    return [prompt + text for text in texts]


def prompts_said(card: TaskCard) -> str:
    """The prompts of a card, for signatures: "prompts:query=query:%20"; "" where it has none."""
    found = {said: card.options[name] for name, said in _OPTIONS.items() if card.options.get(name)}
    return "prompts:" + ",".join(f"{said}={quote(text, safe=':')}" for said, text in found.items()) if found else ""
