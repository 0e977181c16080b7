"""Rule to queue to pipe to machine, and what happens to what fails on the way."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.aws import clients, pipes
from infra.local.aws.pipes import Pipe, PipeWorkers, _handled, _target_input, _wanted


@pytest.fixture
def workers(stack: dict[str, str]) -> Iterator[PipeWorkers]:
    running = PipeWorkers(concurrency=4)
    running.start()
    yield running
    running.stop()


def put(stack: dict[str, str], detail: dict[str, Any], kind: str = "Sent") -> None:
    entry = {"Source": "probe", "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": stack["Bus"]}
    assert clients.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def item(stack: dict[str, str], identity: str) -> Any:
    return clients.client("dynamodb").get_item(TableName=stack["Table"], Key={"id": {"S": identity}}).get("Item")


def counts(queue_url: str) -> tuple[int, int]:
    """(visible, in flight)"""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = clients.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def soon(condition: Callable[[], Any], seconds: float = 8) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return value


def test_event_reaches_the_machine_and_leaves_the_queue(stack: dict[str, str], workers: PipeWorkers) -> None:
    put(stack, {"id": "through"})
    assert soon(lambda: item(stack, "through")) == {
        "id": {"S": "through"},
        "count": {"S": "1"},
        "pipe": {"S": "probe-pipe"},
    }
    soon(lambda: counts(stack["Queue"]) == (0, 0))


def test_filtered_message_is_dropped(stack: dict[str, str], workers: PipeWorkers) -> None:
    put(stack, {"id": "ignored"})
    soon(lambda: counts(stack["Queue"]) == (0, 0))
    assert item(stack, "ignored") is None


def test_failing_message_is_redelivered_then_parked(stack: dict[str, str], workers: PipeWorkers) -> None:
    clients.client("sqs").purge_queue(QueueUrl=stack["DeadLetters"])
    put(stack, {"id": "failing", "fail": True})
    soon(lambda: counts(stack["Queue"]) == (0, 1))
    soon(lambda: counts(stack["DeadLetters"])[0] == 1)
    [message] = clients.client("sqs").receive_message(
        QueueUrl=stack["DeadLetters"], AttributeNames=["ApproximateReceiveCount"]
    )["Messages"]
    assert json.loads(message["Body"])["detail"]["id"] == "failing"
    assert int(message["Attributes"]["ApproximateReceiveCount"]) == 3
    clients.client("sqs").delete_message(QueueUrl=stack["DeadLetters"], ReceiptHandle=message["ReceiptHandle"])


def test_queue_that_is_closed_to_the_rule_gets_nothing(stack: dict[str, str]) -> None:
    clients.client("sqs").purge_queue(QueueUrl=stack["DeadLetters"])
    put(stack, {"id": "refused"}, "Refused")
    [message] = clients.client("sqs").receive_message(
        QueueUrl=stack["DeadLetters"], MessageAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    clients.client("sqs").purge_queue(QueueUrl=stack["DeadLetters"])


def test_stop_waits_for_executions_under_way(stack: dict[str, str]) -> None:
    running = PipeWorkers()
    running.start()
    for number in range(20):
        put(stack, {"id": f"drained-{number}"})
    running.stop()
    written = sum(item(stack, f"drained-{number}") is not None for number in range(20))
    visible, in_flight = counts(stack["Queue"])
    assert (written + visible, in_flight) == (20, 0)
    clients.client("sqs").purge_queue(QueueUrl=stack["Queue"])


def test_pipe_without_permission_leaves_the_queue_alone(
    stack: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    [pipe] = pipes.pipes()
    denied = Pipe(**{**vars(pipe), "role_arn": stack["NothingRole"]})
    put(stack, {"id": "denied"})
    poller = pipes._Poller(denied, 1)
    soon(lambda: "not authorized to perform: sqs:ReceiveMessage" in caplog.text)
    poller.stop()
    assert counts(stack["Queue"]) == (1, 0)
    clients.client("sqs").purge_queue(QueueUrl=stack["Queue"])


def test_fire_and_forget_starts_a_standard_machine(stack: dict[str, str]) -> None:
    states, iam_client, role = clients.client("stepfunctions"), clients.client("iam"), stack["NothingRole"]
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    target = states.create_state_machine(name="later", definition=definition, roleArn=role)["stateMachineArn"]
    allow = json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": ["sqs:*", "states:StartExecution"], "Resource": "*"}]}
    )
    iam_client.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="pipe", PolicyDocument=allow)
    [pipe] = pipes.pipes()
    changed = {"role_arn": role, "target": target, "invocation": "FIRE_AND_FORGET", "filters": ()}
    poller = pipes._Poller(Pipe(**{**vars(pipe), **changed}), 2)
    put(stack, {"id": "later"})
    [execution] = soon(lambda: states.list_executions(stateMachineArn=target)["executions"])
    soon(lambda: counts(stack["Queue"]) == (0, 0))
    poller.stop()
    iam_client.delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="pipe")
    described = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"])[0]["message"] == {"id": "later"}


def test_stop_gives_up_on_what_takes_too_long(stack: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    [pipe] = pipes.pipes()
    poller = pipes._Poller(pipe, 1)
    poller._free.acquire()
    poller.stop(patience=0.2)
    assert "gave up" in caplog.text
    poller._free.release()


def pipe_with(**fields: Any) -> Pipe:
    base: dict[str, Any] = {
        "name": "p",
        "arn": "arn:p",
        "role_arn": "r",
        "source": "arn:q",
        "target": "arn:m",
        "batch_size": 1,
        "invocation": "REQUEST_RESPONSE",
        "input_template": None,
        "filters": (),
    }
    return Pipe(**{**base, **fields})


RECORD = {"messageId": "m1", "body": '{"detail": {"text": "a \\"b\\"", "n": [1]}}', "attributes": {"Count": "2"}}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (None, RECORD),
        ('{"all": <$.body.detail>}', {"all": {"text": 'a "b"', "n": [1]}}),
        ('{"text": <$.body.detail.text>, "count": <$.attributes.Count>}', {"text": 'a "b"', "count": "2"}),
        ('{"said": "it says <$.body.detail.text>!"}', {"said": 'it says a "b"!'}),
        ('{"json": "<$.body.detail.n>", "pipe": <aws.pipes.pipe-name>}', {"json": "[1]", "pipe": "p"}),
        ('{"none": <$.body.missing>}', {"none": None}),
    ],
)
def test_input_template_fills_in_values(template: str | None, expected: Any) -> None:
    assert _target_input(RECORD, pipe_with(input_template=template)) == expected


def test_body_that_is_not_json_is_text() -> None:
    record = {**RECORD, "body": "plain"}
    assert _target_input(record, pipe_with(input_template='{"body": <$.body>}')) == {"body": "plain"}


def test_filters_see_the_parsed_body(stack: dict[str, str]) -> None:
    assert _wanted(RECORD, ())
    assert _wanted(RECORD, ('{"body": {"detail": {"n": [1]}}}',))
    assert not _wanted(RECORD, ('{"body": {"detail": {"n": [2]}}}',))
    assert _wanted(RECORD, ('{"body": {"detail": {"n": [2]}}}', '{"attributes": {"Count": ["2"]}}'))


def test_reported_failures_stay_in_the_queue() -> None:
    batch = [{"messageId": "a"}, {"messageId": "b"}]
    assert _handled(batch, {"batchItemFailures": [{"itemIdentifier": "a"}]}) == [{"messageId": "b"}]
    assert _handled(batch, {"anything": 1}) == batch
    assert _handled(batch, []) == batch
    assert _handled(batch, None) == []
