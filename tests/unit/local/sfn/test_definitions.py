"""How state machine files are read."""

import json
from pathlib import Path

import pytest

from infra.local.sfn import definitions
from tests.unit.local.sfn import toy

TEMPLATE = """
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      DefinitionUri: ../statemachines/one.asl.json
      DefinitionSubstitutions:
        ReportsTable: !Ref Reports
        NormaliseWebhookFunctionArn: !GetAtt NormaliseWebhook.Arn
"""


def write(directory: Path, **states: str) -> Path:
    document = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": states, "End": True}}}
    (directory / "one.asl.json").write_text(json.dumps(document), "utf-8")
    (directory / "template.yaml").write_text(TEMPLATE, "utf-8")
    return directory


def test_load_fills_substitutions_by_their_names(tmp_path: Path) -> None:
    write(tmp_path, a="${ReportsTable}", b="${NormaliseWebhookFunctionArn}", c="${DeskLanguages}")
    (machine,) = definitions.load(tmp_path, settings={"DeskLanguages": "fr"})
    assert json.loads(machine.definition)["States"]["A"]["Result"] == {
        "a": "dragoman-reports",
        "b": "arn:aws:lambda:us-east-1:123456789012:function:dragoman-normalise-webhook",
        "c": "fr",
    }
    assert machine.arn == "arn:aws:states:us-east-1:123456789012:stateMachine:one"


def test_load_refuses_a_substitution_that_the_template_lacks(tmp_path: Path) -> None:
    write(tmp_path, a="${ReportsTable}", b="${Forgotten}")
    with pytest.raises(definitions.DefinitionError, match=r"one\.asl\.json: .*Forgotten"):
        definitions.load(tmp_path, tmp_path / "template.yaml")


def test_load_takes_the_type_from_the_template(tmp_path: Path) -> None:
    write(tmp_path)
    assert [machine.type for machine in definitions.load(tmp_path, tmp_path / "template.yaml")] == ["EXPRESS"]


def test_load_names_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "bad.asl.json").write_text("{", "utf-8")
    with pytest.raises(definitions.DefinitionError, match=r"bad\.asl\.json"):
        definitions.load(tmp_path)


def test_sequential_runs_iterations_one_after_another_and_changes_nothing_else() -> None:
    changed = json.loads(definitions.sequential(toy.MACHINE.definition))
    assert changed["States"]["Each"].pop("MaxConcurrency") == 1
    assert toy.DEFINITION["States"]["Each"]["MaxConcurrency"] == 3
    assert {**toy.DEFINITION["States"]["Each"], "MaxConcurrency": 1} == {
        **changed["States"]["Each"],
        "MaxConcurrency": 1,
    }


def test_walk_finds_states_inside_map_and_parallel() -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    parallel = {"States": {"A": {"Type": "Parallel", "Branches": [inner], "End": True}}}
    assert [name for name, _ in definitions.walk(parallel)] == ["A", "B"]
    assert "Failed" in [name for name, _ in definitions.walk(toy.DEFINITION)]
