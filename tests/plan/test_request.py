"""What a command was asked: read the same from the shell and from Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.errors import DataError, MissingDependency, ModelError
from xtreme_harness.plan.request import EvalRequest, TrainRequest


def test_one_name_or_several_text_or_paths() -> None:
    one = EvalRequest.of("m", "xnli,panx", data="samples", include="cards", labels="gold", languages="de,fr", layer="8")
    other = EvalRequest.of(
        Path("m"), ["xnli", "panx"], data=["samples"], include=[Path("cards")], labels=Path("gold"),
        languages=["de", "fr"], layer=8,
    )  # fmt: skip
    assert one == other
    assert (one.tasks, one.data, one.include, one.layer) == (("xnli", "panx"), ("samples",), (Path("cards"),), 8)


def test_an_option_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"no argument 'limits' \(did you mean 'limit'\?\)"):
        EvalRequest.of("m", "xnli", limits=3)
    with pytest.raises(TypeError, match=r"no argument 'mlm_wieght' \(did you mean 'mlm_weight'\?\)"):
        TrainRequest.of("m", "xnli", mlm_wieght=0.1)


def test_all_that_makes_no_sense_is_told_together() -> None:
    request = EvalRequest.of(
        "org/name", "xnli", dtype="float8", limit=0, batch_size=-1, preset="papr", train="sometimes", executor="slurmm",
        limit_train=0, trust_remote_code=True,
    )  # fmt: skip
    with pytest.raises(ModelError) as error:
        request.require_sense()
    told = [line.partition(":")[0].split()[0] for line in error.value.faults]
    assert told == [
        "--dtype", "--limit-train", "--executor", "--trust-remote-code", "--limit", "--batch-size",
        "--retrieval-preset", "--train",
    ]  # fmt: skip
    with pytest.raises(ModelError, match="--model: empty"):
        EvalRequest.of("", "xnli").require_sense()


@pytest.mark.parametrize("kind", [EvalRequest, TrainRequest])
def test_seeds_and_trackers(kind: type[EvalRequest] | type[TrainRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="--seeds 1,2,1: a seed stands twice"):
        kind.of("m", "xnli", seeds=[1, 2, 1]).require_sense()
    monkeypatch.setattr("xtreme_harness.plan.trackers.find_spec", lambda package: None)
    with pytest.raises(MissingDependency, match="--tracker wandb: not installed"):
        kind.of("m", "xnli", tracker="wandb").require_sense()


def test_a_pinned_revision_or_a_folder_may_be_trusted(tmp_path: Path) -> None:
    for model, revision in (("org/name", "a" * 40), (str(tmp_path), None)):
        EvalRequest.of(model, "xnli", trust_remote_code=True, revision=revision).require_sense()
    with pytest.raises(ModelError, match="pin it by --revision"):
        EvalRequest.of("org/name", "xnli", trust_remote_code=True, revision="main").require_sense()
