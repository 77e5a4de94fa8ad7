"""What a submission says of itself: the fields of `metadata.yaml`, checked at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from xtreme_harness.errors import CardError, did_you_mean, listed
from xtreme_harness.files.checked import MOST
from xtreme_harness.files.told import model_fault, no_flag
from xtreme_harness.files.yaml import read_yaml

__all__ = ["About", "Metadata", "Published", "faults_of", "read_about", "read_metadata"]

M = TypeVar("M", bound=BaseModel)
Whole = Annotated[int, BeforeValidator(no_flag)]


class About(BaseModel):
    """What every submission says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    suite: str
    url: str | None = None
    note: str = ""


class Metadata(About):
    """Predictions of one's own: what is handed in with them."""

    kind: Literal["predictions"] = "predictions"
    contact: str = Field(min_length=1)  # a person or address
    licence: str = Field(min_length=1)  # of the predictions
    parameters: Whole = Field(gt=0, lt=10**15)  # number of weights
    pretraining_languages: Annotated[Whole, Field(ge=1)] | tuple[str, ...]  # how many, or which
    pretraining_data: str = Field(min_length=1)
    parallel_data: str = "none"
    fine_tuning_data: str = Field(min_length=1)
    translations: str = "none"  # translated data used in fine-tuning or testing
    seeds: tuple[Whole, ...] = ()
    fingerprint: str | None = None  # of the results.json it comes from


class Published(About):
    """Figures read in a paper or a repository: nobody here has seen the predictions."""

    kind: Literal["published"]
    source: str = Field(min_length=1)  # the paper or repository, and which of its tables
    arxiv: str | None = Field(default=None, pattern=r"^\d{4}\.\d{4,5}$")
    setting: Literal[
        "zero-shot", "translate-train", "translate-train-all", "translate-test", "prompting", "human", "unstated"
    ]
    split: Literal["test", "dev"] = "test"
    qa_convention: Literal["mean", "f1"] | None = None  # of the QA figures in the printed averages
    doubtful: dict[str, tuple[str, ...]] = {}  # task -> languages whose figure may stand in the wrong column
    verified: bool  # was every figure read in the source named?


def read_metadata(file: Path) -> Metadata:
    """Read and check the `metadata.yaml` of predictions.

    Raises:
        CardError: with every fault of the file.
    """
    return _checked(file, read_yaml(file), Metadata)


def read_about(file: Path) -> Metadata | Published:
    """Read and check a `metadata.yaml` of either kind.

    Raises:
        CardError: with every fault of the file.
    """
    raw = read_yaml(file)
    kind = raw.get("kind", "predictions")
    if kind == "published":
        return _checked(file, raw, Published)
    if kind == "predictions":
        return _checked(file, raw, Metadata)
    near = did_you_mean(str(kind), ["published", "predictions"])
    raise CardError(f"{file}: kind: found {kind!r:.80}, expected 'published' or 'predictions'{near}")


def faults_of(where: Path, error: ValidationError, known: type[BaseModel]) -> list[str]:
    """One message a fault: file, key path, what was found, what was expected."""
    return [f"{where}: {model_fault(one, known.model_fields)}" for one in error.errors()]


def _checked(file: Path, raw: dict[str, Any], model: type[M]) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise CardError(*listed(faults_of(file, error, model), MOST)) from None
