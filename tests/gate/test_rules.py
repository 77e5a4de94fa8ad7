"""The rule file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.made_runs import shipped_cards
from xtreme_harness.errors import CardError
from xtreme_harness.gate.rules import DEFAULT, Rule, families_of, read_rules


def read(text: str, tmp_path: Path) -> tuple[Rule, ...]:
    file = tmp_path / "gate.yaml"
    file.write_text(text, "utf-8")
    return read_rules(file, shipped_cards())


def test_the_default_rules_are_rules() -> None:
    rules = read_rules(DEFAULT, shipped_cards())
    assert {condition for rule in rules for condition in rule.model_fields_set} >= {
        "max_drop", "significant_drop", "new_failures", "missing", "limited",
    }  # fmt: skip


def test_a_rule(tmp_path: Path) -> None:
    text = "rules: [{task: xnli, language: [sw, ur], floor: 60, significant_drop: 0.01}]"
    (rule,) = read(text, tmp_path)
    assert (rule.task, rule.language, rule.floor) == (("xnli",), ("sw", "ur"), 60)
    assert rule.significant_drop is not None
    assert (rule.significant_drop.alpha, rule.significant_drop.correction) == (0.01, "holm")
    assert rule.label == "task xnli, language sw ur"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (".nan", "Input should be a finite number (found nan)"),
        (".inf", "Input should be a finite number (found inf)"),
        ("'nan'", "Input should be a finite number (found 'nan')"), ("true", "expected a number (found True)"),
        ("-1", "Input should be greater than or equal to 0 (found -1)"), ("many", "Input should be a valid number"),
        ("1.0e+999", "Input should be a finite number"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("condition", ["floor", "max_drop", "max_relative_drop", "min_drop"])
def test_a_limit_is_a_number(condition: str, value: str, fault: str, tmp_path: Path) -> None:
    said = f"significant_drop: {{min_drop: {value}}}" if condition == "min_drop" else f"{condition}: {value}"
    place = "significant_drop.min_drop" if condition == "min_drop" else condition
    with pytest.raises(CardError) as error:
        read(f"rules: [{{task: xnli, {said}}}]", tmp_path)
    assert error.value.faults[0].startswith(f"{tmp_path / 'gate.yaml'}: rules[0].{place}: {fault}")


def test_a_number_that_yaml_reads_as_a_text_is_one(tmp_path: Path) -> None:
    (rule,) = read("rules: [{task: xnli, significant_drop: {alpha: 1e-3}}]", tmp_path)
    assert rule.significant_drop is not None
    assert rule.significant_drop.alpha == 0.001


def test_all_faults_together(tmp_path: Path) -> None:
    text = """
rules:
  - {task: xnlli, max_drop: 1}
  - {task: xnli, max_dorp: 1, floor: 120}
  - {language: gr, floor: 5}
  - {family: Slavik, floor: 5}
  - {task: xnli}
  - {max_drop: 1}
  - {group: qa, task: xnli, max_drop: 1}
  - {task: xnli, significant_drop: {alpah: 0.1, correction: bonferroni}}
  - {limited: refuse}
"""
    with pytest.raises(CardError) as error:
        read(text, tmp_path)
    faults = [fault.removeprefix(f"{tmp_path / 'gate.yaml'}: ") for fault in error.value.faults]
    for start in (
        "rules[0].task: unknown task 'xnlli' (did you mean 'xnli'?)",
        "rules[1].max_dorp: unknown key (did you mean 'max_drop'?)",
        "rules[1].floor: Input should be less than or equal to 100 (found 120)",
        "rules[2].language: unknown language 'gr' (did you mean 'el'?)",
        "rules[3].family: unknown family 'Slavik' (did you mean 'Slavic'?)",
        "rules[4]: no condition: give one of floor, max_drop",
        "rules[5]: no place: give one of suite, group",
        "rules[6]: group and task in one rule: write two rules",
        "rules[7].significant_drop.alpah: unknown key (did you mean 'alpha'?)",
        "rules[7].significant_drop.correction: Input should be 'holm', 'benjamini-hochberg' or 'none'",
        "rules[8].limited: Input should be 'forbid' or 'allow' (found 'refuse')",
    ):
        assert any(fault.startswith(start) for fault in faults), (start, faults)
    assert len(faults) == 11


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("floor: .nan", "floor: Input should be a finite number (found nan)"),
        ("floor: yes", "floor: expected a number (found True)"),
        ("max_drop: .inf", "max_drop: Input should be a finite number (found inf)"),
        ("max_drop: true", "max_drop: expected a number (found True)"),
        ("significant_drop: {min_drop: yes}", "significant_drop.min_drop: expected a number (found True)"),
        ("significant_drop: {alpha: .nan}", "significant_drop.alpha: Input should be "),
    ],
)
def test_no_bound_that_is_no_number(tmp_path: Path, condition: str, fault: str) -> None:
    with pytest.raises(CardError) as caught:
        read(f"rules: [{{task: xnli, {condition}}}]", tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'gate.yaml'}: rules[0].{fault}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rulse: []", r"gate\.yaml: rules: missing"),
        ("rules: []", r"gate\.yaml: rules: .*at least 1"),
        ("rules: 5", r"gate\.yaml: rules: Input should be a list \(found 5\)"),
        ("- 1", r"gate\.yaml: found a list, expected a mapping"),
        ("rules: [{task: xnli, floor: 1, floor: 2}]", "key 'floor' stands twice"),
    ],
    ids=["misspelt", "empty", "number", "list", "twice"],
)
def test_no_rule_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        read(text, tmp_path)


def test_families() -> None:
    assert families_of("fi") == ("Uralic",)
