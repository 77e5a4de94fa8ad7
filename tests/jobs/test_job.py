"""What comes of a piece of work, and that a job is a value that another process can do."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from tests.fixtures.own_jobs import Saying
from tests.fixtures.warm import Warm
from xtreme_harness.errors import DataError, HubSilent, OutputError
from xtreme_harness.evaluation.graph import evaluation_graph
from xtreme_harness.jobs import SILENT, Failure, Job, Outcome, all_failed, attempt, results, run_job
from xtreme_harness.jobs.mailbox import Mailbox
from xtreme_harness.plan.evaluate import prepare_evaluation
from xtreme_harness.plan.request import EvalRequest, TrainRequest
from xtreme_harness.plan.train import prepare_training
from xtreme_harness.training.job import training_graph


def test_what_a_job_returns_is_what_it_left() -> None:
    outcome = run_job(Saying("a", says=7), SILENT)
    assert (outcome.job.name, outcome.left, outcome.failure) == ("a", 7, None)
    assert results([outcome]) == [7]


@pytest.mark.parametrize(
    ("error", "message", "line"),
    [
        (DataError("x.tsv:1: no label", "x.tsv:9: no label"), "x.tsv:1: no label\nx.tsv:9: no label",
         "x.tsv:1: no label x.tsv:9: no label"),
        (RuntimeError("no\nsuch luck"), "RuntimeError: no such luck", "RuntimeError: no such luck"),
    ],
    ids=["the user's to fix", "ours"],
)  # fmt: skip
def test_what_goes_wrong_is_a_failure(error: Exception, message: str, line: str) -> None:
    failure = run_job(Saying("a", says=error), SILENT).failure
    assert failure is not None
    assert (failure.message, failure.line, failure.error) == (message, line, error)
    with pytest.raises(type(error)) as again:
        results([run_job(Saying("a", says=error), SILENT)])
    assert again.value is error


@pytest.mark.parametrize("error", [OutputError("full"), HubSilent("silent"), KeyboardInterrupt()], ids=repr)
def test_what_ends_everything_is_no_failure(error: BaseException) -> None:
    with pytest.raises(type(error)):
        attempt("a", lambda: Saying("a", says=error).run(SILENT))


def test_the_failures_of_all_are_one_error_of_the_first_kind() -> None:
    told = [attempt("", lambda line=line: Saying("", says=DataError(line)).run(SILENT)) for line in ("a", "b", "a")]
    error = all_failed([one for one in told if isinstance(one, Failure)])
    assert isinstance(error, DataError)
    assert error.faults == ("a", "b")


ELSEWHERE = """
import pickle, sys
from pathlib import Path
from xtreme_harness.jobs.elsewhere import do
do(*pickle.loads(Path(sys.argv[1], "job").read_bytes()))
"""


def done_elsewhere(job: Job, tmp_path: Path, warm: Warm) -> Outcome:
    """Do a job in a process that knows nothing but its pickle."""
    mailbox = Mailbox(tmp_path / "messages", job)
    (tmp_path / "job").write_bytes(pickle.dumps((job, mailbox.ask())))
    child = warm.start(ELSEWHERE, [str(tmp_path)])
    assert child.wait(120) == 0, child.err
    mailbox.read(SILENT)
    outcome = mailbox.outcome()
    assert outcome is not None
    return outcome


def written(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("predictions/**/*.*"))}


@pytest.mark.slow
def test_cells_are_evaluated_elsewhere_as_here(checkpoint: Path, tmp_path: Path, warm: Warm) -> None:
    request = EvalRequest.of(checkpoint, "pawsx", data="samples", output=tmp_path / "out", languages="de,en")
    graph = evaluation_graph(prepare_evaluation(request))
    (job,) = graph.jobs
    assert not graph.needs_of(job)
    here = results([run_job(job, SILENT)])[0]
    files = written(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    outcome = done_elsewhere(job, tmp_path, warm)
    assert outcome.failure is None
    assert (
        [one.cell.name for one in outcome.left.done] == [one.cell.name for one in here.done] == ["pawsx de", "pawsx en"]
    )
    assert len(files) == 2
    assert written(tmp_path / "out") == files


@pytest.mark.slow
def test_a_stage_is_trained_elsewhere_as_here(checkpoint: Path, tmp_path: Path, warm: Warm) -> None:
    request = TrainRequest.of(
        checkpoint / "encoder", "copa", data="samples", output=tmp_path / "out", recipe="fast",
        settings=["max_steps=2", "precision=float32"], device="cpu",
    )  # fmt: skip
    prepared = prepare_training(request)
    (job,) = training_graph(prepared.unit, [prepared.output]).jobs
    run_job(job, SILENT)
    weights = (tmp_path / "out" / "model.safetensors").read_bytes()
    shutil.rmtree(tmp_path / "out")
    outcome = done_elsewhere(job, tmp_path, warm)
    assert outcome.failure is None, outcome.failure
    assert not outcome.left.kept
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == weights
