"""SDK integrations of services that are no JSON on the wire, or that the local AWS has to make up."""

import base64
import email
import json
import time
import uuid
from collections.abc import Iterator
from email import policy
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.aws import clients
from infra.local.aws.server import EmbeddedAws
from tests.unit.local.aws.conftest import Peer, Run

ROLE = "sdk-tasks"
Statements = list[dict[str, Any]]


@pytest.fixture
def allow(stack: dict[str, str]) -> Iterator[Any]:
    """Gives a role of its own its permissions; returns what `run` takes as role's name."""
    iam = clients.client("iam")
    stack["SdkRole"] = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def put(*pairs: tuple[str, str]) -> None:
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs]
        iam.put_role_policy(RoleName=ROLE, PolicyName="all", PolicyDocument=json.dumps({"Statement": statements}))

    put(("none:None", "*"))
    yield put
    iam.delete_role_policy(RoleName=ROLE, PolicyName="all")
    iam.delete_role(RoleName=ROLE)
    del stack["SdkRole"]


def call(run: Run, resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{resource}", "Parameters": parameters}
    return run(state, role="SdkRole")


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:000000000000:{resource}"


DENIED: dict[str, tuple[dict[str, Any], str]] = {
    "s3:putObject": ({"Bucket": "b", "Key": "k", "Body": {}}, "s3:PutObject on resource: arn:aws:s3:::b/k"),
    "ec2:describeInstances": ({}, "ec2:DescribeInstances on resource: *"),
    "ec2:stopInstances": (
        {"InstanceIds": ["i-1"]},
        f"ec2:StopInstances on resource: {arn('ec2', 'instance/i-1')}",
    ),
    "ec2:createTags": (
        {"Resources": ["i-1"], "Tags": []},
        f"ec2:CreateTags on resource: {arn('ec2', 'instance/i-1')}",
    ),
    "cloudtrail:lookupEvents": ({}, "cloudtrail:LookupEvents on resource: *"),
    "ssm:getParameter": ({"Name": "/a/b"}, f"ssm:GetParameter on resource: {arn('ssm', 'parameter/a/b')}"),
    "sqs:startMessageMoveTask": ({"SourceArn": arn("sqs", "x")}, "sqs:StartMessageMoveTask"),
    "comprehend:batchDetectSentiment": (
        {"TextList": ["a"], "LanguageCode": "en"},
        "comprehend:BatchDetectSentiment",
    ),
    "sesv2:sendEmail": (
        {"FromEmailAddress": "Desk <a@x.org>", "Content": {"Raw": {"Data": "x"}}},
        f"ses:SendRawEmail on resource: {arn('ses', 'identity/x.org')}",
    ),
}
ERRORS = {"s3": "S3", "ec2": "Ec2", "cloudtrail": "CloudTrail", "ssm": "Ssm", "sqs": "Sqs", "sesv2": "SesV2"}


@pytest.mark.parametrize("resource", DENIED)
def test_role_without_permission_is_denied(allow: Any, run: Run, peer: Peer, resource: str) -> None:
    parameters, action = DENIED[resource]
    service = ERRORS.get(resource.partition(":")[0], "Comprehend")
    answer = call(run, resource, parameters)
    assert answer["error"] == f"{service}.{service}Exception"
    assert action in answer["cause"]
    assert not peer.requests


@pytest.mark.parametrize(
    ("body", "content"),
    [({"año": [1]}, '{"año":[1]}'), ([{"a": 1}], '[{"a":1}]'), ("text data", '"text data"'), (0, "0")],
)
def test_put_object_writes_json_text(allow: Any, run: Run, body: Any, content: str) -> None:
    s3 = clients.client("s3")
    s3.create_bucket(Bucket="rows")
    allow(("s3:PutObject", "arn:aws:s3:::rows/digests/*"))
    answer = call(run, "s3:putObject", {"Bucket": "rows", "Key": "digests/a.json", "Body": body})
    assert answer["output"]["ETag"].startswith('"')
    assert s3.get_object(Bucket="rows", Key="digests/a.json")["Body"].read().decode() == content
    missing = call(run, "s3:putObject", {"Bucket": "rows", "Body": body})
    assert missing["error"] == "States.Runtime"
    allow(("s3:PutObject", "*"))
    assert call(run, "s3:putObject", {"Bucket": "no-rows", "Key": "a", "Body": body})["error"] in (
        "S3.NoSuchBucketException",
        "S3.S3Exception",
    )


def test_instances_are_described_tagged_and_stopped(allow: Any, run: Run) -> None:
    ec2: Any = clients.client("ec2")
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    allow(("ec2:DescribeInstances", "*"), ("ec2:StopInstances", arn("ec2", "instance/*")), ("ec2:CreateTags", "*"))
    (reservation,) = call(run, "ec2:describeInstances", {"InstanceIds": [instance]})["output"]["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "running"
    assert reservation["Instances"][0]["LaunchTime"].endswith("Z")
    tags = [{"Key": "dragoman:decision", "Value": "keep"}]
    assert call(run, "ec2:createTags", {"Resources": [instance], "Tags": tags})["status"] == "SUCCEEDED"
    stopped = call(run, "ec2:stopInstances", {"InstanceIds": [instance]})["output"]["StoppingInstances"]
    assert stopped[0]["InstanceId"] == instance
    unknown = call(run, "ec2:describeInstances", {"InstanceIds": ["i-0123456789abcdef0"]})
    assert unknown["error"] == "Ec2.Ec2Exception"
    assert "does not exist" in unknown["cause"]


def test_instances_are_found_by_their_ids_and_none_is_no_error(allow: Any, run: Run) -> None:
    ec2: Any = clients.client("ec2")
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=2, MaxCount=2)["Instances"]
    allow(("ec2:DescribeInstances", "*"))

    def found(instance: str) -> list[str]:
        filters = [
            {"Name": "instance-id", "Values": [instance]},
            {"Name": "instance-state-name", "Values": ["pending", "running"]},
        ]
        reservations = call(run, "ec2:describeInstances", {"Filters": filters})["output"]["Reservations"]
        return [each["InstanceId"] for reservation in reservations for each in reservation["Instances"]]

    assert found(made[1]["InstanceId"]) == [made[1]["InstanceId"]]
    assert found("i-0123456789abcdef0") == []


def test_trail_knows_who_started_an_instance(allow: Any, run: Run, stack: dict[str, str]) -> None:
    iam: Any = clients.client("iam")
    name = f"ada-{uuid.uuid4().hex[:6]}"
    iam.create_user(UserName=name)
    everything = {"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="ec2", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    as_user = clients.session(key["AccessKeyId"], key["SecretAccessKey"])
    ec2 = as_user.client("ec2", endpoint_url=clients.endpoint())
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    allow(("cloudtrail:LookupEvents", "*"))
    wanted = [{"AttributeKey": "ResourceName", "AttributeValue": instance}]
    (event,) = call(run, "cloudtrail:lookupEvents", {"LookupAttributes": wanted})["output"]["Events"]
    assert (event["EventName"], event["Username"]) == ("RunInstances", name)
    assert event["EventTime"].endswith("Z")


def test_parameters_are_read_and_missing_ones_named(allow: Any, run: Run) -> None:
    clients.client("ssm").put_parameter(Name="/probe/owners/ada", Value='{"email": "a@x.org"}', Type="String")
    allow(("ssm:GetParameter", arn("ssm", "parameter/probe/*")))
    found = call(run, "ssm:getParameter", {"Name": "/probe/owners/ada"})["output"]["Parameter"]
    assert json.loads(found["Value"]) == {"email": "a@x.org"}
    assert found["LastModifiedDate"].endswith("Z")
    assert call(run, "ssm:getParameter", {"Name": "/probe/owners/bob"})["error"] == "Ssm.ParameterNotFoundException"


def test_parked_messages_are_put_back(allow: Any, run: Run) -> None:
    sqs: Any = clients.client("sqs")

    def queue(name: str, **attributes: str) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    parked_url, parked = queue("parked")
    policy_ = json.dumps({"deadLetterTargetArn": parked, "maxReceiveCount": 1})
    url, target = queue("source", RedrivePolicy=policy_)
    lonely = queue("lonely")[1]
    for number in range(25):
        sqs.send_message(QueueUrl=parked_url, MessageBody=str(number))
    allow(("sqs:*", parked), ("sqs:*", lonely))
    denied = call(run, "sqs:startMessageMoveTask", {"SourceArn": parked})
    assert f"sqs:SendMessage on resource: {target}" in denied["cause"]
    allow(("sqs:*", "*"))
    assert call(run, "sqs:startMessageMoveTask", {"SourceArn": lonely})["error"] == "Sqs.UnsupportedOperationException"
    missing = {"SourceArn": arn("sqs", "missing")}
    assert call(run, "sqs:startMessageMoveTask", missing)["error"] == "Sqs.ResourceNotFoundException"
    assert call(run, "sqs:startMessageMoveTask", {"SourceArn": parked})["output"]["TaskHandle"]
    bodies: list[str] = []
    until = time.monotonic() + 5
    while len(bodies) < 25 and time.monotonic() < until:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)
        bodies += [message["Body"] for message in received.get("Messages", [])]
    assert sorted(map(int, bodies)) == list(range(25))


def mails(aws: EmbeddedAws) -> list[Path]:
    return sorted(aws.mail_dir.glob("*.eml"), key=lambda path: int(path.stem.rpartition("-")[2]))


SIMPLE = {"Subject": {"Data": "Übersicht"}, "Body": {"Text": {"Data": "Grüße"}, "Html": {"Data": "<p>Grüße</p>"}}}


def test_simple_mail_is_written_as_mime(allow: Any, run: Run, aws: EmbeddedAws) -> None:
    allow(("ses:SendEmail", arn("ses", "identity/x.org")))
    parameters = {
        "FromEmailAddress": "Desk <desk@x.org>",
        "Destination": {"ToAddresses": ["ada@y.org"], "BccAddresses": ["bob@y.org"]},
        "Content": {"Simple": SIMPLE},
    }
    before = len(mails(aws))
    answer = call(run, "sesv2:sendEmail", parameters)
    path = mails(aws)[before]
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (message["From"], message["To"], message["Bcc"]) == ("Desk <desk@x.org>", "ada@y.org", None)
    assert message["Subject"] == "Übersicht"
    assert answer["output"]["MessageId"] in message["Message-ID"]
    assert message.get_body(("plain",)).get_content().strip() == "Grüße"  # type: ignore[union-attr]
    assert path.stat().st_mode & 0o077 == 0
    assert aws.mail_dir.stat().st_mode & 0o077 == 0


RAW = "From: desk@x.org\r\nTo: ada@y.org\r\nSubject: s\r\n\r\nwörds\r\n"


def test_raw_mail_of_a_function_is_written_as_it_is(aws: EmbeddedAws) -> None:
    ses: Any = clients.client("sesv2")
    before = len(mails(aws))
    ses.send_email(FromEmailAddress="desk@x.org", Content={"Raw": {"Data": RAW.encode()}})
    assert mails(aws)[before].read_bytes() == RAW.encode()
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_email(FromEmailAddress="desk@x.org", Content={"Raw": {"Data": b"no header"}})


def test_raw_mail_of_a_machine_is_json_text_and_refused(allow: Any, run: Run, aws: EmbeddedAws) -> None:
    """As s3:putObject writes a string: with quotes, which no header begins with."""
    allow(("ses:SendRawEmail", arn("ses", "identity/desk@x.org")))
    before = len(mails(aws))
    parameters = {"FromEmailAddress": "desk@x.org", "Content": {"Raw": {"Data": RAW}}}
    assert call(run, "sesv2:sendEmail", parameters)["error"] == "SesV2.BadRequestException"
    assert len(mails(aws)) == before


def test_inline_pictures_belong_to_the_html(aws: EmbeddedAws) -> None:
    attached = {"RawContent": b"\x89PNG", "FileName": "a.png", "ContentType": "image/png", "ContentId": "chart"}
    before = len(mails(aws))
    clients.client("sesv2").send_email(
        FromEmailAddress="desk@x.org",
        Destination={"ToAddresses": ["ada@y.org"]},
        Content={"Simple": {**SIMPLE, "Attachments": [{**attached, "ContentDisposition": "INLINE"}]}},
    )
    message = email.message_from_bytes(mails(aws)[before].read_bytes(), policy=policy.default)
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content()) == ("<chart>", b"\x89PNG")
    assert base64.b64encode(b"\x89PNG").decode() in mails(aws)[before].read_text()


def test_mail_that_ses_refuses_is_refused(aws: EmbeddedAws) -> None:
    ses: Any = clients.client("sesv2")
    whole = {"FromEmailAddress": "d@x.org", "Destination": {"ToAddresses": ["a@y.org"]}, "Content": {"Simple": SIMPLE}}
    before = len(mails(aws))
    for wrong in (
        {**whole, "FromEmailAddress": "d@x.org\r\nBcc: c@z.org"},
        {**whole, "Destination": {}},
        {**whole, "Content": {"Simple": {**SIMPLE, "Body": {}}}},
    ):
        with pytest.raises(ses.exceptions.BadRequestException):
            ses.send_email(**wrong)
    assert len(mails(aws)) == before


def as_function(name: str, statement: dict[str, Any]) -> Any:
    """SES as a function calls it, over HTTP, with a role that allows the one statement."""
    iam = clients.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    policy = json.dumps({"Statement": [{"Effect": "Allow", **statement}]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    keys = clients.client("sts").assume_role(RoleArn=role, RoleSessionName="function")["Credentials"]
    return boto3.client(
        "sesv2",
        clients.REGION,
        endpoint_url=clients.endpoint(),
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_mail_of_a_function_needs_the_permission_of_its_sender_and_kind(aws: EmbeddedAws) -> None:
    raw = {"Content": {"Raw": {"Data": RAW.encode()}}}
    simple = {"Destination": {"ToAddresses": ["a@y.org"]}, "Content": {"Simple": SIMPLE}}
    condition = {"StringEquals": {"ses:FromAddress": "desk@x.org"}}
    statement = {"Action": "ses:SendRawEmail", "Resource": arn("ses", "identity/x.org"), "Condition": condition}
    ses = as_function(f"mail-{uuid.uuid4().hex[:8]}", statement)
    before = len(mails(aws))
    assert ses.send_email(FromEmailAddress="Desk <desk@x.org>", **raw)["MessageId"]
    for wrong in (
        {"FromEmailAddress": "desk@x.org", **simple},
        {"FromEmailAddress": "other@x.org", **raw},
        {"FromEmailAddress": "desk@z.org", **raw},
        raw,
    ):
        with pytest.raises(ClientError, match="not authorized to perform: ses:Send"):
            ses.send_email(**wrong)
    assert len(mails(aws)) == before + 1
