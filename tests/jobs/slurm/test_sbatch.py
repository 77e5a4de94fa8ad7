"""Options of sbatch, as a user gives them and as they reach its script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import CardError, DataError, MissingDependency
from xtreme_harness.jobs.slurm.sbatch import read_options, require_slurm, submit

CLUSTER = """
partition: gpu
time: 12:30:00
gpus_per_node: 2
exclusive: true
oversubscribe: no
nodelist: [n1, n2]
setup: [module load cuda, 'export A=b c']
"""


def test_options_of_a_file_are_as_written_and_the_last_word_wins(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_text(CLUSTER)
    found = read_options(["qos=low", str(tmp_path / "big.yaml"), "partition=a100", "--mem_per_cpu=4G", "requeue-not="])
    assert found == {
        "qos": "low", "partition": "a100", "time": "12:30:00", "gpus-per-node": "2", "exclusive": "",
        "nodelist": "n1,n2", "setup": "module load cuda\nexport A=b c", "mem-per-cpu": "4G", "requeue-not": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("p=gpu\nrm", "--slurm: p: found a line break"),
        ("array=0-9", "--slurm: array: is set by xharness itself; leave it out"),
        ("nodes=2", "--slurm: nodes: found 2, expected 1: a piece of work runs on one node, in one process"),
        ("array-parallelism=x", "--slurm: array-parallelism: found x, expected a number"),
        ("Gpu Partition", "--slurm: Gpu Partition: expected KEY=VALUE with a long option of sbatch"),
        ("=x", "--slurm: : expected KEY=VALUE"),
    ],
)
def test_an_option_that_cannot_be_is_refused(value: str, fault: str) -> None:
    with pytest.raises(DataError) as error:
        read_options([value])
    assert str(error.value).startswith(fault)


def test_every_fault_is_told_at_once_and_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text("output: x\nwrap: y\n")
    with pytest.raises(DataError) as error:
        read_options([str(file), "ntasks=8"])
    assert [line.partition(": ")[0] for line in error.value.faults] == [f"--slurm {file}"] * 2 + ["--slurm"]
    file.write_text("time: {a: b}")
    with pytest.raises(DataError, match="time: found a dict, expected a value or a list"):
        read_options([str(file)])
    with pytest.raises(CardError, match="no such file"):
        read_options([str(tmp_path / "not.yaml")])


def test_without_submitit_or_sbatch_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependency, match="sbatch, squeue, scancel, srun not found; run it where jobs are sub"):
        require_slurm()
    monkeypatch.setattr("xtreme_harness.jobs.slurm.sbatch.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pip install 'xtreme-harness\[slurm\]'"):
        require_slurm()


def test_the_script_says_what_was_asked_and_no_time_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submitit.slurm.slurm.SlurmExecutor.affinity", classmethod(lambda cls: 2))
    monkeypatch.setattr(
        "submitit.core.utils.CommandFunction.__call__", lambda self, *given: "Submitted batch job 12"
    )  # sbatch itself
    options: dict[str, Any] = {"partition": "gpu", "exclusive": "", "setup": "module load cuda", "signal-delay-s": "60"}
    ids = submit([print, print], "xharness-1", tmp_path, options, ["3", "4_1"])
    assert ids == ["12_0", "12_1"]
    script = (tmp_path / "12_submission.sh").read_text().splitlines()
    told = {line.removeprefix("#SBATCH --") for line in script if line.startswith("#SBATCH")}
    assert {
        "partition=gpu", "exclusive", "array=0-1%2", "dependency=afterany:3:4_1", "requeue", "signal=USR2@60",
        "open-mode=append", "job-name=xharness-1",
    } <= told  # fmt: skip
    assert not [line for line in told if line.startswith("time")]
    assert script.index("module load cuda") > script.index("export HF_HUB_OFFLINE=1")
