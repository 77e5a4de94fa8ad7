"""Work to Slurm: the options of sbatch as a user gives them, and the submission, which submitit does."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from shutil import which
from typing import Any

from xtreme_harness.errors import ClusterError, DataError, MissingDependency
from xtreme_harness.files.text import read_text
from xtreme_harness.files.yaml import read_yaml

__all__ = ["PREFIX", "new_name", "read_options", "require_slurm", "submit"]

PREFIX = "xharness-"  # of the names under which submissions stand in the queue
_KEY = re.compile(r"[a-z][a-z0-9-]*")
_LINES = ("setup", "teardown")  # of the job's script, before and behind the work
_NUMBERS = ("array-parallelism", "signal-delay-s")
_ONE = ("nodes", "ntasks", "ntasks-per-node")  # of several, each would do the whole work
_OURS = (
    "array", "dependency", "error", "input", "job-name", "no-requeue", "open-mode", "output", "requeue", "signal",
    "test-only", "wait", "wrap",
)  # fmt: skip
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")
_SIGNAL_DELAY = 90  # seconds between the signal that asks to stop and the end of a job's time
_SETUP = (
    "export HF_HUB_OFFLINE=1",  # what the work reads was fetched before
    "export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}",  # srun takes it from sbatch no more
    "export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}",
    "export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}",  # see devices.patient
)
Work = Callable[[], None]


def read_options(values: Sequence[str]) -> dict[str, str]:
    """Read the values of `--slurm`: options of sbatch by their long names, or YAML files of them; the last one wins.

    Args:
        values: "partition=gpu", "exclusive", "cluster.yaml" ...

    Returns:
        option -> value; "" of one that has none.

    Raises:
        DataError: for an option that is none, or that the program sets itself; all faults together.
        CardError: for a file that cannot be read.
    """
    found: dict[str, str] = {}
    faults: list[str] = []
    for value in values:
        key, separator, said = value.partition("=")
        if separator or Path(value).suffix not in (".yaml", ".yml"):
            given, place = {key: said}, "--slurm"
        else:
            given, place = _from_file(Path(value)), f"--slurm {value}"
        for name, text in given.items():
            plain = name.strip().lstrip("-").replace("_", "-")
            fault = _fault(plain, text)
            if fault:
                faults.append(f"{place}: {name}: {fault}")
            found[plain] = text
    if faults:
        raise DataError(*faults)
    return found


def _from_file(file: Path) -> dict[str, str]:
    """The options of a file, as they are written: YAML takes 12:30:00 for a number."""
    import yaml

    read_yaml(file)
    found: dict[str, str] = {}
    for key, value in yaml.load(read_text(file), yaml.BaseLoader).items():
        if isinstance(value, list):
            found[key] = ("\n" if key in _LINES else ",").join(map(str, value))
        elif not isinstance(value, str):
            raise DataError(f"--slurm {file}: {key}: found a {type(value).__name__}, expected a value or a list")
        elif value.lower() not in _NO:
            found[key] = "" if value.lower() in _YES else value
    return found


def _fault(key: str, value: str) -> str:
    if not _KEY.fullmatch(key):
        return "expected KEY=VALUE with a long option of sbatch, such as partition=gpu, or a file.yaml of them"
    if key in _OURS:
        return "is set by xharness itself; leave it out"
    if key in _ONE and value != "1":
        return f"found {value or 'nothing'}, expected 1: a piece of work runs on one node, in one process"
    if key in _NUMBERS and not re.fullmatch(r"[1-9]\d{0,5}", value):
        return f"found {value or 'nothing'}, expected a number"
    if key not in _LINES and "\n" in value:
        return "found a line break"
    return ""


def require_slurm() -> None:
    """Raise MissingDependency where no work can be given to Slurm from here."""
    if find_spec("submitit") is None:
        raise MissingDependency("submitit is needed for --executor slurm: pip install 'xtreme-harness[slurm]'")
    absent = [name for name in ("sbatch", "squeue", "scancel", "srun") if which(name) is None]
    if absent:
        raise MissingDependency(
            f"--executor slurm: {', '.join(absent)} not found; run it where jobs are submitted, on a login node"
        )


def new_name() -> str:
    """A name that no other submission has."""
    return PREFIX + secrets.token_hex(6)


def submit(
    works: Sequence[Work], name: str, folder: Path, options: Mapping[str, str], after: Sequence[str] = ()
) -> list[str]:
    """Submit pieces of work, several as one array.

    Args:
        works: what is done, each a value that can be pickled.
        name: as the queue shows it.
        folder: for scripts, pickles and what is printed; all nodes see it.
        options: of sbatch, as `read_options` gives them.
        after: ids of the jobs that must have ended before.

    Returns:
        an id each: "12", or "12_0", "12_1" ...

    Raises:
        ClusterError: sbatch does not take them: with what it says.
    """
    from submitit.core.utils import FailedJobError, FailedSubmissionError
    from submitit.slurm.slurm import SlurmExecutor

    executor = SlurmExecutor(folder)
    executor.update_parameters(**_parameters(name, options, after))
    try:
        with _as_from_a_login_node(), redirect_stderr(StringIO()):  # submitit prints what it raises
            return [str(job.job_id) for job in executor.submit_array(works)]
    except (FailedJobError, FailedSubmissionError) as error:
        raise ClusterError(f"sbatch refuses the work: {_said(str(error))}; {_given(options)}") from None


def _parameters(name: str, options: Mapping[str, str], after: Sequence[str]) -> dict[str, Any]:
    """What submitit is told; options of sbatch go through as they are."""
    known = (*_LINES, *_NUMBERS, "srun-args")
    plain: dict[str, Any] = {key: value or True for key, value in options.items() if key not in known}
    plain["requeue"] = True  # some clusters leave it out
    if after:
        plain["dependency"] = f"afterany:{':'.join(after)}"
    own = {key.replace("-", "_"): int(options[key]) for key in _NUMBERS if key in options}
    lines = {key: options[key].splitlines() for key in _LINES if key in options}
    return {
        "job_name": name,
        "time": None,  # submitit would say five minutes; without, it is what the partition says
        "stderr_to_stdout": True,
        "signal_delay_s": _SIGNAL_DELAY,
        **own,
        **({"teardown": lines["teardown"]} if "teardown" in lines else {}),
        "setup": [*_SETUP, *lines.get("setup", ())],
        **({"srun_args": options["srun-args"].split()} if "srun-args" in options else {}),
        "additional_parameters": plain,
    }


@contextmanager
def _as_from_a_login_node() -> Iterator[None]:
    """Hide the job that this process is in, where it is in one: what sbatch inherited of it would contradict."""
    if "SLURM_JOB_ID" not in os.environ:
        yield
        return
    ours = [key for key in os.environ if key.startswith(("SLURM_", "SLURMD_", "SRUN_")) and key != "SLURM_CONF"]
    kept = {key: os.environ.pop(key) for key in ours}
    try:
        yield
    finally:
        os.environ.update(kept)


def _said(text: str) -> str:
    """What sbatch said, in one line, without its own name and what says nothing."""
    lines = [re.sub(r"^sbatch: (error: )?", "", line).strip() for line in text.splitlines()]
    told = [line for line in lines if line and not line.startswith("Try ")]
    detailed = [line for line in told if not line.startswith("Batch job submission failed")]
    return "; ".join(detailed or told) or "it does not say why"


def _given(options: Mapping[str, str]) -> str:
    words = [f"--slurm {key}={value}" if value else f"--slurm {key}" for key, value in options.items()]
    shown = ", ".join(word for word in words if "\n" not in word)
    return f"correct {shown}" if shown else "name a partition, an account or a time by --slurm KEY=VALUE"
