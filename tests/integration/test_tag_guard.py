"""An instance without its tags runs on only if somebody says so."""

from __future__ import annotations

import email
import email.policy
import json
from email.message import EmailMessage
from typing import Any

import boto3
import pytest

from infra.local.aws import clients
from tests.integration.asking import Executions, Person, expire, withdraw
from tests.integration.conftest import ON_CALL
from tests.integration.stack import Running

ANA, BO = "+12025550701", "+12025550702"


@pytest.fixture(scope="module", autouse=True)
def _owners(guarded: Running) -> None:
    ssm = guarded.client("ssm")
    for name, number in (("ana", ANA), ("bo", BO)):
        value = json.dumps({"address": f"sms:{number}", "email": f"{name}@example.org"})
        ssm.put_parameter(Name=f"/dragoman/owners/{name}", Value=value, Type="String", Overwrite=True)


@pytest.fixture
def ana(guarded: Running) -> Person:
    return Person(guarded, ANA)


@pytest.fixture
def guards(guarded: Running) -> Executions:
    return Executions(guarded, "TagGuard")


def instance(ec2: Any, **tags: str) -> str:
    """The id of a new instance."""
    given = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    specified = {"TagSpecifications": given} if tags else {}
    made = ec2.run_instances(ImageId="ami-0abcdef1234567890", MinCount=1, MaxCount=1, **specified)
    return str(made["Instances"][0]["InstanceId"])


def described(stack: Running, instance_id: str) -> tuple[str, dict[str, str]]:
    """An instance's state and tags."""
    found = stack.client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return found["State"]["Name"], {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def mails(stack: Running, about: str) -> list[EmailMessage]:
    """The e-mails whose subject names something."""
    files = sorted((stack.settings.state_dir / "mail").glob("*.eml"))
    parsed = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    return [mail for mail in parsed if about in mail["Subject"]]


def test_instance_with_its_tags_is_let_be(guarded: Running, guards: Executions) -> None:
    instance_id = instance(guarded.client("ec2"), Owner="ana", Project="desk")
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "complete"}]
    assert described(guarded, instance_id)[0] == "running"


def test_instance_that_its_owner_keeps_runs_on_and_is_not_asked_about_again(
    guarded: Running, ana: Person, guards: Executions
) -> None:
    ec2 = guarded.client("ec2")
    instance_id = instance(ec2, Owner="ana@example.org")
    assert f'The EC2 instance {instance_id} runs without the tags ["Project"].' in ana.question()
    ana.answer("Keep it")
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "kept"}]
    state, tags = described(guarded, instance_id)
    assert (state, tags["dragoman:keep"].startswith("tag-guard-")) == ("running", True)
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.start_instances(InstanceIds=[instance_id])
    assert {"instanceId": instance_id, "outcome": "allowed"} in guards.outputs(2)


def test_instance_that_its_owner_stops_is_stopped(guarded: Running, ana: Person, guards: Executions) -> None:
    instance_id = instance(guarded.client("ec2"), Owner="ana")
    ana.question()
    ana.answer("2")
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "stopped"}]
    assert described(guarded, instance_id) == ("stopped", {"Owner": "ana"})
    assert mails(guarded, instance_id) == []


def test_instance_that_nobody_answers_for_is_stopped_and_its_owner_told_by_mail(
    guarded: Running, ana: Person, guards: Executions
) -> None:
    instance_id = instance(guarded.client("ec2"), Owner="ana")
    ana.question()
    expire(guarded, instance_id)
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "stopped"}]
    assert described(guarded, instance_id)[0] == "stopped"
    (mail,) = mails(guarded, instance_id)
    assert (mail["From"], mail["To"]) == ("desk@example.org", "ana@example.org")
    body = mail.get_body()
    assert body is not None
    assert '["Project"]' in body.get_content()


def test_instance_whose_question_is_taken_back_runs_on_until_it_starts_again(
    guarded: Running, ana: Person, guards: Executions
) -> None:
    ec2 = guarded.client("ec2")
    instance_id = instance(ec2, Owner="ana")
    ana.question()
    withdraw(guarded, instance_id)
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "withdrawn"}]
    assert described(guarded, instance_id) == ("running", {"Owner": "ana"})
    assert mails(guarded, instance_id) == []
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.start_instances(InstanceIds=[instance_id])
    assert instance_id in ana.question()
    ana.answer("2")
    assert {"instanceId": instance_id, "outcome": "stopped"} in guards.outputs(2)


def test_instance_that_gets_its_tags_in_the_place_of_an_answer_runs_on(
    guarded: Running, ana: Person, guards: Executions
) -> None:
    ec2 = guarded.client("ec2")
    instance_id = instance(ec2, Owner="ana")
    ana.question()
    ec2.create_tags(Resources=[instance_id], Tags=[{"Key": "Project", "Value": "desk"}])
    expire(guarded, instance_id)
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "complete"}]
    assert described(guarded, instance_id)[0] == "running"


def test_instance_that_starts_twice_is_asked_about_once(guarded: Running, ana: Person, guards: Executions) -> None:
    ec2 = guarded.client("ec2")
    instance_id = instance(ec2, Owner="ana")
    ana.question()
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.start_instances(InstanceIds=[instance_id])
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "already-asked"}]
    ana.answer("shut it down")
    assert {"instanceId": instance_id, "outcome": "stopped"} in guards.outputs(2)
    items = guarded.client("dynamodb").scan(TableName=guarded.outputs()["IncidentsTableName"])["Items"]
    assert f"instance#{instance_id}" not in [item["incidentId"]["S"] for item in items]


def test_instance_without_an_owner_is_asked_of_whoever_started_it(guarded: Running, guards: Executions) -> None:
    bo = Person(guarded, BO)
    instance_id = instance(as_user(guarded, "bo"))
    assert f'{instance_id} runs without the tags ["Owner","Project"].' in bo.question()
    bo.answer("1")
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "kept"}]


def test_instance_whose_owner_is_not_listed_is_asked_of_those_on_call(guarded: Running, guards: Executions) -> None:
    on_call = Person(guarded, ON_CALL)
    instance_id = instance(guarded.client("ec2"), Owner="Somebody Else")
    assert instance_id in on_call.question()
    on_call.answer("2")
    assert guards.outputs(1) == [{"instanceId": instance_id, "outcome": "stopped"}]


def as_user(stack: Running, name: str) -> Any:
    """An EC2 client with the credentials of an IAM user of that name, who may do everything there."""
    iam = stack.client("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="ec2", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=clients.REGION)
    return session.client("ec2", endpoint_url=f"http://127.0.0.1:{stack.settings.ports.aws}")
