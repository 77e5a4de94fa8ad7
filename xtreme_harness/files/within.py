"""Names that a file or a card gives, as paths below a folder: none of them leads out of it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

__all__ = ["name_fault", "within"]

_LONGEST = 255  # bytes of one step, on every common file system


def name_fault(name: str) -> str:
    """What keeps a relative path from naming something below a folder; "" where nothing does.

    >>> name_fault("1_Pooling/config.json")
    ''
    >>> name_fault("../secret")
    "leads out of its folder ('..')"
    """
    steps = PurePosixPath(name).parts
    if "\0" in name:
        return "holds a NUL character"
    if PurePosixPath(name).is_absolute() or "\\" in name:
        return "is an absolute path" if "\\" not in name else "holds a backslash"
    if ".." in steps:
        return "leads out of its folder ('..')"
    if not steps:
        return "is empty" if not name else "is the folder itself"
    long = [step for step in steps if len(step.encode("utf-8", "surrogatepass")) > _LONGEST]
    return f"is longer than {_LONGEST} bytes" if long else ""


def within(root: Path, name: str) -> Path:
    """The path of a name below a folder, which links in that folder may lead elsewhere: those are its owner's.

    Raises:
        ValueError: where the name leads out of the folder or names nothing; the words follow the name in a message.
    """
    if fault := name_fault(name):
        raise ValueError(fault)
    return root / name
