"""What a configuration would have fetched and run as code, found before a library reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from xtreme_harness.files.shown import shown

__all__ = ["foreign_code"]

# In place of a name of its own, transformers takes "org/repository" and runs what the `kernels` package fetches there.
_ATTENTION = ("eager", "paged|eager", "sdpa", "paged|sdpa", "flex_attention")
_FLASH = {  # name -> the package that computes it; where that lacks, `kernels` fetches another
    "flash_attention_2": "flash_attn", "flash_attention_3": "flash_attn_interface", "flash_attention_4": "flash_attn",
}  # fmt: skip
_EXPERTS = ("eager", "batched_mm", "grouped_mm")
_OWN = {
    **dict.fromkeys(("attn_implementation", "_attn_implementation"), _ATTENTION),
    **dict.fromkeys(("experts_implementation", "_experts_implementation"), _EXPERTS),
}
_FETCHING = ("eetq", "fbgemm_fp8", "fp8", "gguf", "metal", "mxfp4", "mxfp8", "nvfp4")  # ways of quantisation


def foreign_code(config: Mapping[str, Any], place: str) -> list[str]:
    """One line for every setting that has code fetched and run which no package that is installed brings.

    Args:
        config: config.json.
        place: the file, for messages.

    >>> foreign_code({"attn_implementation": "org/kernel@main"}, "config.json")  # doctest: +ELLIPSIS
    ["config.json: attn_implementation: found 'org/kernel@main', which is code to be fetched; expected one of eager...
    """
    found = []
    for at, key, value in _settings(config, ""):
        plain = isinstance(value, str) and value in _FLASH and (_is_there(_FLASH[value]) or not _is_there("kernels"))
        if value not in _OWN[key] and not plain:
            own = _OWN[key]
            found.append(f"{place}: {at}: found {shown(value)}, which is code to be fetched; {_remedy(own)}")
    quantised = config.get("quantization_config")
    way = quantised.get("quant_method") if isinstance(quantised, dict) else None
    if way in _FETCHING and _is_there("kernels"):
        found.append(
            f"{place}: quantization_config.quant_method: found {shown(way)}, whose code is fetched; save the weights "
            "unquantised, or give --trust-remote-code with a pinned --revision"
        )
    return found


def _settings(value: Any, at: str) -> Iterator[tuple[str, str, Any]]:
    """Where a configuration, or one inside it, says how it is computed: key with dots, last key, value."""
    if not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        place = f"{at}.{key}" if at else str(key)
        if key not in _OWN:
            yield from _settings(inner, place)
            continue
        named = inner.items() if isinstance(inner, Mapping) else [("", inner)]  # one for each configuration inside
        yield from ((f"{place}.{part}" if part else place, key, one) for part, one in named if one is not None)


def _remedy(own: tuple[str, ...]) -> str:
    names = ", ".join(name for name in own if "|" not in name)
    return f"expected one of {names}; take the key out, or give --trust-remote-code with a pinned --revision"


def _is_there(package: str) -> bool:
    return find_spec(package) is not None
