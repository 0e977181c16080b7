"""Packaging, deployment and what the gateway is told of it."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from infra.local.aws import apis, clients, deploy
from infra.local.aws.server import EmbeddedAws
from infra.local.serving import PortInUse
from tests.unit.local.aws.conftest import STACK


def test_start_refuses_a_second_instance_in_the_process(aws: EmbeddedAws, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="already started"):
        EmbeddedAws(tmp_path, 0, "http://127.0.0.1:1").start()


def test_start_names_a_busy_port(aws: EmbeddedAws, tmp_path: Path) -> None:
    port = int(aws.endpoint_url.rpartition(":")[2])
    with pytest.raises(PortInUse, match=str(port)):
        EmbeddedAws(tmp_path, port, "http://127.0.0.1:1").start()


def test_deploy_is_a_no_op_when_nothing_changed(stack: dict[str, str], sources: Path) -> None:
    cloudformation = clients.client("cloudformation")
    before = len(cloudformation.describe_stack_events(StackName=STACK)["StackEvents"])
    assert deploy.deploy(sources / "template.yaml", STACK, {"Stage": "local"}) == stack
    assert len(cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]) == before


def test_deploy_updates_what_changed_and_keeps_other_parameters(stack: dict[str, str], sources: Path) -> None:
    changed = deploy.deploy(sources / "template.yaml", STACK, {"Greeting": "hola"})
    assert changed["Greeting"] == "hola"
    assert changed["Table"] == stack["Table"]
    assert deploy.deploy(sources / "template.yaml", STACK, {"Greeting": "hello", "Stage": "local"}) == stack


def test_deploy_names_the_failed_resource_and_the_reason(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  Archive:\n"
        "    Type: AWS::Events::Archive\n"
        "    Properties: {ArchiveName: broken, SourceArn: none, EventPattern: {source: no-list}}\n"
    )
    with pytest.raises(deploy.DeployError, match=r"Archive \(AWS::Events::Archive\): .*pattern"):
        deploy.deploy(template, "broken", {})
    template.write_text("Resources:\n  Topic: {Type: AWS::SNS::Topic}\n")
    assert deploy.deploy(template, "broken", {}) == {}


def test_deploy_names_an_unknown_resource_type(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources:\n  X: {Type: AWS::Nothing::Known}\n")
    with pytest.raises(deploy.DeployError, match="AWS::Nothing::Known"):
        deploy.deploy(template, "unknown", {})


def test_package_asks_for_a_build_when_code_is_missing(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: missing, Handler: a.b}}\n"
    )
    with pytest.raises(FileNotFoundError, match="build"):
        deploy.package(template)


def test_package_does_not_depend_on_file_times(stack: dict[str, str], sources: Path) -> None:
    first = deploy.package(sources / "template.yaml")
    (sources / "function" / "handler.py").touch()
    assert deploy.package(sources / "template.yaml") == first
    address = first["Resources"]["Function"]["Properties"]["CodeUri"]
    bucket, _, key = address.removeprefix("s3://").partition("/")
    content = clients.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert zipfile.ZipFile(BytesIO(content)).namelist() == ["handler.py"]


def test_rest_api_has_its_substitutions_resolved(stack: dict[str, str]) -> None:
    api = apis.rest_api()
    integration = api["body"]["paths"]["/things/{id}"]["get"]["x-amazon-apigateway-integration"]
    assert integration["uri"] == "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem"
    assert integration["credentials"] == stack["MachineRole"]
    assert stack["Table"] in integration["requestTemplates"]["application/json"]
    assert api["stage"] == "local"


def test_rest_api_lists_keys_and_plans(stack: dict[str, str]) -> None:
    api = apis.rest_api()
    [key], [plan] = api["apiKeys"], api["usagePlans"]
    assert len(key["value"]) >= 20
    assert plan["throttle"] == {"rateLimit": 5.5, "burstLimit": 10}
    assert plan["quota"] == {"limit": 100, "period": "DAY"}
    assert plan["keyIds"] == [key["id"]]


def test_connection_reads_its_credentials_from_the_secret(stack: dict[str, str]) -> None:
    from ministack.services import eventbridge  # noqa: PLC0415 - after its environment is set

    [connection] = [c for c in eventbridge._connections.values() if c["ConnectionArn"] == stack["Connection"]]
    assert connection["AuthParameters"]["BasicAuthParameters"] == {"Username": "AC1", "Password": "pa:ss"}
    assert connection["SecretArn"].startswith("arn:aws:secretsmanager:us-east-1:000000000000:secret:events!connection/")
