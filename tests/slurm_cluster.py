"""A Slurm cluster of two nodes on this machine, from Debian's packages, for the tests.

    python -m tests.slurm_cluster start FOLDER      what to set in the environment, to be evaluated by a shell
    python -m tests.slurm_cluster stop FOLDER

Needs root, and `apt-get install slurmctld slurmd slurm-client munge`. Everything lies below FOLDER: key, sockets,
logs, state. The nodes claim more processors than there are. Jobs in the partition `high` preempt those in `low`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

__all__ = ["NODES", "lacking", "start", "stop", "wait_idle"]

NODES = ("n1", "n2")
PATIENCE = 60  # seconds for a daemon to come up
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scontrol")
CONFIGURATION = """\
ClusterName=xharness
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPort={controller}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
MailProg=/bin/true
ReturnToService=1
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=100000,bf_interval=1,preempt_youngest_first
InactiveLimit=120
KillWait=5
SlurmdTimeout=300
BatchStartTimeout=20
MinJobAge=300
OverTimeLimit=0
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1} CPUs=2 Sockets=2 RealMemory=4000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2} CPUs=2 Sockets=2 RealMemory=4000
PartitionName=low Nodes=n1,n2 Default=YES MaxTime=60 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=high Nodes=n1,n2 MaxTime=60 DefaultTime=10 PriorityTier=9 PreemptMode=OFF
"""


def lacking() -> str:
    """Why no cluster can be started here; "" where one can."""
    path = _environment(Path())["PATH"]
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        return f"{', '.join(absent)}: not installed (apt-get install slurmctld slurmd slurm-client munge)"
    return "" if os.geteuid() == 0 else "a Slurm cluster of its own needs root"


def start(folder: Path) -> dict[str, str]:
    """Start a cluster and wait until its nodes are idle.

    Returns:
        what to set in the environment of whoever uses it.

    Raises:
        RuntimeError: it does not come up, with the ends of its logs; nothing is left running.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = {"SLURM_CONF": str(_configured(folder))}
    try:
        _munge(folder)
        for command in (["slurmctld", "-i", "-c"], *(["slurmd", "-N", node] for node in NODES)):
            _ran(folder, *command)
        wait_idle(folder)
    except BaseException:
        stop(folder)
        raise
    return own


def stop(folder: Path) -> None:
    """End every process of the cluster, those of its jobs included."""
    for step in (signal.SIGTERM, signal.SIGKILL):
        pids = [*_pids(folder)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, step)
        end = time.monotonic() + 3
        while time.monotonic() < end and (pids := [pid for pid in pids if _runs(pid)]):
            time.sleep(0.05)


def wait_idle(folder: Path) -> None:
    """Wait until all nodes are idle; raises RuntimeError where they do not become so."""
    end = time.monotonic() + PATIENCE
    asked = ["sinfo", "--noheader", "--Node", "--partition", "low", "--format", "%T"]
    while True:
        run = _called(folder, *asked)
        if run.returncode == 0 and run.stdout.split() == ["idle"] * len(NODES):
            return
        if time.monotonic() > end:
            raise RuntimeError(f"{' '.join(asked)}: {run.stdout}{run.stderr}\n{_logs(folder)}")
        time.sleep(0.1)


def _configured(folder: Path) -> Path:
    for name in ("state", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir(exist_ok=True)
    host = socket.gethostname().partition(".")[0]
    ports = dict(zip(("controller", *NODES), _free_ports(1 + len(NODES)), strict=True))
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, host=host, **ports))
    return configuration


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _munge(folder: Path) -> None:
    """Start the daemon that signs credentials, with a key, a socket and files of its own."""
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(64))
    places = {name: folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
    given = [f"--{option}={place}" for option, place in zip(_MUNGE, places.values(), strict=True)]
    _ran(folder, "munged", "--force", f"--key-file={key}", *given)


_MUNGE = ("socket", "pid-file", "log-file", "seed-file")


def _ran(folder: Path, *command: str) -> None:
    run = _called(folder, *command)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)}: {run.stdout}{run.stderr}\n{_logs(folder)}")


def _called(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = _environment(folder)
    with (folder / "said.log").open("a+") as said:  # a daemon would keep a pipe open
        said.seek(0, os.SEEK_END)
        start = said.tell()
        run = subprocess.run(command, stdout=said, stderr=said, env=environment, timeout=PATIENCE, check=False)
        said.seek(start)
        return subprocess.CompletedProcess(command, run.returncode, said.read(), "")


def _environment(folder: Path) -> Mapping[str, str]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"
    return {**os.environ, "PATH": path, "SLURM_CONF": str(folder / "slurm.conf")}


def _logs(folder: Path) -> str:
    return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in sorted(folder.glob("*.log")))


def _pids(folder: Path) -> Iterator[int]:
    """The cluster's daemons, and the processes of its jobs."""
    conf, key = f"SLURM_CONF={folder / 'slurm.conf'}".encode(), f"--key-file={folder / 'munge.key'}".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            command, given = ((place / name).read_bytes().split(b"\0") for name in ("cmdline", "environ"))
            program = command[0].decode(errors="replace").partition(":")[0]  # "slurmstepd: [4.batch]"
            daemon = Path(program).name in ("slurmctld", "slurmd", "slurmstepd")
            job = any(word.startswith(b"SLURM_JOB_ID=") for word in given)
            if key in command or (conf in given and (daemon or job)):
                yield int(place.name)


def _runs(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """A cluster that is stopped at the end, whatever happens."""
    own = start(folder)
    try:
        yield own
    finally:
        stop(folder)


def main() -> None:
    """Start or stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["start", "stop"])
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    if asked.what == "stop":
        stop(asked.folder.resolve())
    elif why := lacking():
        sys.exit(why)
    else:
        print("\n".join(f"export {name}={value}" for name, value in start(asked.folder.resolve()).items()))


if __name__ == "__main__":
    main()
