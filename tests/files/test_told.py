"""How messages spell places, values and what pydantic found."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from xtreme_harness.files.told import in_json, model_fault, no_flag, step_to


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""
    sizes: tuple[Annotated[float, BeforeValidator(no_flag)], ...] = ()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"nam": 1}, "nam: unknown key (did you mean 'name'?)"),
        ({"name": False},
         "name: Input should be a valid string (found False: YAML reads no, off, yes, on so; put it in quotes)"),
        ({"sizes": 1}, "sizes: Input should be a list (found 1)"),
        ({"sizes": [1, True]}, "sizes[1]: expected a number (found True)"),
        ({"name": ["x" * 10**6]}, f"name: Input should be a valid string (found ['{'x' * 78}…)"),
    ],
    ids=["unknown", "flag", "list", "number", "long"],
)  # fmt: skip
def test_what_pydantic_found(raw: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(raw)
    assert [model_fault(error, Model.model_fields) for error in caught.value.errors()] == [message]


def test_values_and_keys_are_cut() -> None:
    assert in_json("x" * 100) == f'"{"x" * 38}…'
    assert in_json({str(i): i for i in range(10**4)}).endswith("…")
    assert len(in_json([[list(range(100))] * 100])) == 40
    assert step_to("", "x" * 100) == f'["{"x" * 38}…]'
