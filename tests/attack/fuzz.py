"""The same readers under atheris, which finds new ways through them: `python -m tests.attack.fuzz --only 'data: tsv'`.

It needs `pip install atheris`; what stands after `--` are libFuzzer's flags, such as `-max_total_time=600`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.attack.mutations import mutated
from tests.attack.readers import READERS, Laid
from tests.attack.stock import make_stock

__all__ = ["main"]


def main() -> None:
    """Feed one reader after the other, chosen by the first byte, until a complaint or the time is up."""
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("atheris is not installed: pip install atheris")
    parser = argparse.ArgumentParser(prog="python -m tests.attack.fuzz", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="readers with this in their name")
    parser.add_argument("--stock", type=Path, metavar="DIR", help="where the valid files are, or will be left")
    given, flags = parser.parse_known_args()
    folder = Path(tempfile.mkdtemp(prefix="xharness-fuzz-"))
    stock = given.stock or folder / "stock"
    if not stock.exists():
        make_stock(stock)
    readers = [Laid(one, stock, folder / str(i)) for i, one in enumerate(READERS) if given.only in one.name]

    def one_input(data: bytes) -> None:
        source = atheris.FuzzedDataProvider(data)
        laid = readers[source.ConsumeIntInRange(0, len(readers) - 1)]
        by_structure = source.ConsumeBool()
        edits = [
            (source.ConsumeIntInRange(0, 19), source.ConsumeIntInRange(0, 999) / 1000, source.ConsumeIntInRange(0, 999))
            for _ in range(source.ConsumeIntInRange(1, 6))
        ]
        if what := laid.complaint(mutated(laid.reader, laid.valid, edits, by_structure)):
            raise AssertionError(f"{laid.reader.name}: {what}: {edits}")

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *(flag for flag in flags if flag != "--")], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
