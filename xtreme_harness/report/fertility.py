"""How a tokenizer cuts each language: tokens a word or character, and the share it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from xtreme_harness.errors import OutputError
from xtreme_harness.languages import language
from xtreme_harness.results.result import Result
from xtreme_harness.results.samples import read_samples, texts

__all__ = ["Fertility", "count", "fertility", "read_texts"]


@dataclass(frozen=True, slots=True)
class Fertility:
    """What a tokenizer makes of the texts of one language."""

    language: str
    tokens: int  # without special tokens
    units: int  # words where the script separates them, characters other than blanks where it does not
    unit: str  # "word" | "character"
    unknown: int  # tokens that stand for what the vocabulary lacks

    @property
    def per_unit(self) -> float:
        """Tokens a word or character."""
        return self.tokens / self.units if self.units else float("nan")

    @property
    def unknown_rate(self) -> float:
        """Share of unknown tokens, percent."""
        return 100 * self.unknown / self.tokens if self.tokens else float("nan")


def read_texts(runs: Iterable[Result], searching: Iterable[str]) -> dict[str, list[str]]:
    """Texts by language, each once, of the examples that runs logged.

    Args:
        runs: runs with `--log-samples`.
        searching: tasks that are left out, because not all their texts are in the cell's language.

    Raises:
        OutputError: when no run logged any.
    """
    found: dict[str, dict[str, None]] = {}
    skipped = set(searching)
    for run in runs:
        for task, code in run.scored:
            if task.partition("@")[0] in skipped:
                continue
            for sample in read_samples(run, task, code):
                glue = " " if language(code).spaced else ""
                found.setdefault(code, {}).update((glue.join(parts), None) for parts in texts(sample))
    if not found:
        raise OutputError("no examples to tokenize: evaluate with --log-samples, or leave --tokenizer away")
    return {code: list(lines) for code, lines in found.items()}


def fertility(tokenizer: Any, by_language: Mapping[str, Iterable[str]]) -> dict[str, Fertility]:
    """Count tokens by language.

    Args:
        tokenizer: a transformers tokenizer.
        by_language: code -> texts.
    """
    return {code: count(tokenizer, code, lines) for code, lines in by_language.items()}


def count(tokenizer: Any, code: str, lines: Iterable[str]) -> Fertility:
    """Count the tokens of one language's texts."""
    spaced = language(code).spaced
    tokens = units = unknown = 0
    for text in lines:
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        tokens += len(ids)
        unknown += sum(i == tokenizer.unk_token_id for i in ids) if tokenizer.unk_token_id is not None else 0
        words = text.split()
        units += len(words) if spaced else sum(map(len, words))
    return Fertility(code, tokens, units, "word" if spaced else "character", unknown)
