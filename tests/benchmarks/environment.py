"""The virtual environment that the peers run in, made on demand; and the machine, in words."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".bench-venv"
PINS = Path(__file__).with_name("peers.txt")
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"


def peers_python() -> Path:
    """The Python of the peers' environment, which is made where it is missing or its pins have changed."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / "pins"
    wanted = hashlib.sha256(PINS.read_bytes() + CONSTRAINTS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return python
    print(f"installing what we measure against into {FOLDER.name} (once)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    install = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-c", CONSTRAINTS]
    subprocess.run([*install, "torch"], check=True)  # first and alone: the constraint names the build without CUDA
    subprocess.run([*install, "-r", PINS], check=True)
    stamp.write_text(wanted, "utf-8")
    return python


def machine() -> str:
    """Processor and system, for the table's foot."""
    cpu = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in _lines(cpu) if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {platform.system()}"


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.is_file() else []
