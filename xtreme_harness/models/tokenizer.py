"""One face for every tokenizer: ids, character offsets and word pieces, without special tokens or padding.

Texts are tokenised alone and put together here, so that fast and slow tokenizers truncate alike, and a
family's special tokens (two separators, none, segment ids) are read once from what its tokenizer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.errors import ModelError
from xtreme_harness.models.alignment import align
from xtreme_harness.models.coverage import covering, no_offsets
from xtreme_harness.records import Encoded

__all__ = ["Template", "Tokenizer", "longest_first"]

Span = tuple[int, int]

_BATCH = 2000  # texts a call: large enough for the tokenizer's own threads, small enough for memory
_PROBE = ("abc", "xyz")


@dataclass(frozen=True, slots=True)
class Template:
    """The special tokens around one text or two, and the segment ids of each part."""

    prefix: tuple[int, ...]
    middle: tuple[int, ...]  # between two texts
    suffix: tuple[int, ...]
    types: tuple[int, ...] | None  # one for each special token and one for each whole text, in their order

    @property
    def size(self) -> int:
        """Number of special tokens."""
        return len(self.prefix) + len(self.middle) + len(self.suffix)


class Tokenizer:
    """Wraps a transformers tokenizer.

    Attributes:
        limit: the most positions that the model takes, special tokens included.
        raw: the transformers tokenizer.
        size: the network knows ids below this; None: whatever the tokenizer gives.
        name: of its checkpoint, for messages.
    """

    def __init__(self, raw: Any, limit: int, size: int | None = None, name: str = "") -> None:
        """Read the special tokens off the tokenizer's own answers.

        Raises:
            ModelError: when the tokenizer gives nothing for plain letters.
        """
        self.raw = raw
        self.limit = limit
        self.size = size
        self.name = name or f"tokenizer {type(raw).__name__}"
        self._backend = _backend(raw)
        self._single = self._template(1)
        self._pair = self._template(2)
        self._joint = self._word_prefix()

    @property
    def single_size(self) -> int:
        """Special tokens around one text."""
        return self._single.size

    @property
    def pair_size(self) -> int:
        """Special tokens around two texts."""
        return self._pair.size

    @property
    def pair_prefix(self) -> int:
        """Special tokens before the first of two texts."""
        return len(self._pair.prefix)

    @property
    def pair_middle(self) -> int:
        """Special tokens between two texts."""
        return len(self._pair.middle)

    @property
    def single_prefix(self) -> int:
        """Special tokens before a single text."""
        return len(self._single.prefix)

    @property
    def unknown(self) -> int:
        """The id that stands for what has no pieces."""
        return self._special("unk", "mask", "eos", "pad")

    @property
    def padding(self) -> int:
        """The id to pad with, also for tokenizers that came without one (decoders)."""
        return self._special("pad", "eos", "unk")

    @property
    def mask(self) -> int:
        """The id that stands for a token that is to be told.

        Raises:
            ModelError: the tokenizer has none.
        """
        if self.raw.mask_token_id is None:
            raise ModelError(f"{self.name}: its tokenizer has no mask token; give a base model pretrained with one")
        return int(self.raw.mask_token_id)

    def _special(self, *names: str) -> int:
        """The first special token that there is and that the network knows; 0 when there is none."""
        ids = [getattr(self.raw, f"{name}_token_id", None) for name in names]
        return next((int(i) for i in ids if i is not None and (self.size is None or i < self.size)), 0)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens."""
        found: list[list[int]] = []
        for i in range(0, len(texts), _BATCH):
            batch = list(texts[i : i + _BATCH])
            if self._backend is None:
                found.extend(self._call(batch)["input_ids"])
            else:
                found.extend(e.ids for e in self._ready().encode_batch_fast(batch, add_special_tokens=False))
        return found

    def spans(self, texts: Sequence[str]) -> list[tuple[list[int], list[Span]]]:
        """Token ids of each text and the characters [start, end) each token covers, blanks trimmed.

        Every visible character belongs to a token (`coverage.covering`); a text for which the tokenizer has no token
        is one unknown one.

        Raises:
            ModelError: when the tokenizer's offsets are none.
        """
        found: list[tuple[list[int], list[Span]]] = []
        for i in range(0, len(texts), _BATCH):
            batch = list(texts[i : i + _BATCH])
            if self._backend is not None:
                read = self._ready().encode_batch(batch, add_special_tokens=False)
                pairs = [(e.ids, e.offsets) for e in read]
            elif self.raw.is_fast:
                called = self._call(batch, return_offsets_mapping=True)
                pairs = list(zip(called["input_ids"], called["offset_mapping"], strict=True))
            else:  # a slow tokenizer gives no offsets, even when asked for them
                pairs = [self._aligned(text) for text in batch]
            found.extend(self._covered(text, ids, spans) for text, (ids, spans) in zip(batch, pairs, strict=True))
        return found

    def words(self, words: Sequence[str]) -> list[list[int]]:
        """Token ids of each word as it is tokenised inside running text."""
        return self.ids([self._joint + word for word in words])

    def one(self, ids: Sequence[int], max_length: int, keep: Sequence[int] | None = None) -> Encoded:
        """Wrap one text in special tokens, cutting it to `max_length` tokens in all."""
        room = max(0, min(max_length, self.limit) - self._single.size)
        return self._filled(_wrap(self._single, ids[:room], None, keep))

    def two(self, first: Sequence[int], second: Sequence[int], max_length: int) -> Encoded:
        """Wrap two texts in special tokens, cut by the longest-first rule to `max_length` tokens in all."""
        room = max(0, min(max_length, self.limit) - self._pair.size)
        a, b = longest_first(len(first), len(second), room)
        return self._filled(_wrap(self._pair, first[:a], second[:b], None))

    def _filled(self, encoded: Encoded) -> Encoded:
        """One token at least: an empty text without special tokens is no sequence that a network can read."""
        return encoded if encoded.ids else Encoded([self.unknown], None, encoded.keep)

    def _call(self, texts: list[str], **flags: Any) -> Any:
        # verbose=False: a text beyond the model's limit is no fault here, it is cut or windowed later
        return self.raw(texts, add_special_tokens=False, return_attention_mask=False, verbose=False, **flags)

    def _ready(self) -> Any:
        """The library behind a fast tokenizer, set as transformers sets it for every call of `_call`."""
        backend: Any = self._backend
        backend.no_truncation()
        backend.no_padding()
        backend.encode_special_tokens = bool(self.raw.split_special_tokens)
        return backend

    def _template(self, texts: int) -> Template:
        plain = [self._call([text])["input_ids"][0] for text in _PROBE]
        whole = self.raw(*_PROBE[:texts], return_attention_mask=False)
        ids = list(whole["input_ids"])
        types = whole.get("token_type_ids")
        first, second = plain
        a = _find(ids, first, 0)
        after = a + len(first)
        b = _find(ids, second, after) if texts == 2 else after
        if not first or not second or a < 0 or b < 0:
            raise ModelError(f"tokenizer {type(self.raw).__name__}: gives no usable ids for plain letters ({ids})")
        end = b + len(second) if texts == 2 else after
        marks = None
        if types is not None:
            marks = (*types[: a + 1], *types[after:b], *(types[b : b + 1] if texts == 2 else ()), *types[end:])
        return Template(tuple(ids[:a]), tuple(ids[after:b]), tuple(ids[end:]), marks)

    def _word_prefix(self) -> str:
        """A blank, where a word inside a text is not tokenised like the same word alone (byte-level BPE)."""
        alone, spaced, running = (self._call([text])["input_ids"][0] for text in ("word", " word", "a word"))
        lead = len(self._call(["a"])["input_ids"][0])
        return " " if running[lead:] == spaced != alone else ""

    def _covered(self, text: str, ids: list[int], spans: Sequence[Span]) -> tuple[list[int], list[Span]]:
        if not ids and text.strip():
            return [self.unknown], covering(text, [(0, len(text))], self.name)
        return ids, covering(text, spans, self.name)

    def _aligned(self, text: str) -> tuple[list[int], list[Span]]:
        pieces = self.raw.tokenize(text)
        ids = list(self.raw.convert_tokens_to_ids(pieces))
        spans = align(text, [None if piece == self.raw.unk_token else _letters(piece) for piece in pieces])
        if spans is None:
            raise no_offsets(self.name, f"its pieces are not in the text: {' '.join(pieces[:5])}"[:120])
        return ids, spans


def _backend(raw: Any) -> Any | None:
    """The library behind a fast tokenizer, where transformers adds nothing to it but time: half of a call's."""
    from transformers import PreTrainedTokenizerFast

    plain = isinstance(raw, PreTrainedTokenizerFast) and all(
        getattr(type(raw), name) is getattr(PreTrainedTokenizerFast, name) for name in ("__call__", "_encode_plus")
    )
    return raw.backend_tokenizer if plain else None


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """Lengths of two texts cut to `room` tokens by taking one at a time from the longer, the second when equal.

    The rule of the library that the official scripts use (transformers of 2020, `truncate_sequences`).

    >>> longest_first(10, 3, 8), longest_first(9, 9, 7), longest_first(2, 3, 9)
    ((5, 3), (4, 3), (2, 3))
    """
    if first + second <= room:
        return first, second
    half = room // 2
    if second <= half:
        return room - second, second
    if first <= room - half:
        return first, room - first
    return room - half, half


def _letters(piece: str) -> str:
    """A piece without the marks of where words begin and end."""
    return piece.removesuffix("</w>").removesuffix("@@").removeprefix("##").replace("▁", "")


def _find(ids: Sequence[int], part: Sequence[int], start: int) -> int:
    for i in range(start, len(ids) - len(part) + 1):
        if list(ids[i : i + len(part)]) == list(part):
            return i
    return -1


def _wrap(
    template: Template, first: Sequence[int], second: Sequence[int] | None, keep: Sequence[int] | None
) -> Encoded:
    ids = [*template.prefix, *first, *template.middle, *(second or ()), *template.suffix]
    if template.types is None:
        return Encoded(ids, None, keep)
    marks = iter(template.types)
    types = [next(marks) for _ in template.prefix] + [next(marks)] * len(first)
    types += [next(marks) for _ in template.middle]
    if second is not None:
        types += [next(marks)] * len(second)
    types += [next(marks) for _ in template.suffix]
    return Encoded(ids, types, keep)
