"""Machines that wait: for a token, for a child, for a service that takes long. Both engines, answered from mocks."""

import json
from typing import Any

import pytest

from infra.local.sfn import mocks
from infra.local.sfn.definitions import Machine
from infra.local.sfn.judge import Task, definition_problems
from tests.statemachines import engines
from tests.statemachines.matching import blur_times, differences

PREFIX = "arn:aws:states:::"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/parked"


def task(resource: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": PREFIX + resource,
        "Parameters": parameters,
        "ResultPath": f"$.{fields.pop('into', 'result')}",
        **({} if fields.get("End") or "Next" in fields else {"End": True}),
        **fields,
    }


ASK = task(
    "aws-sdk:dynamodb:updateItem.waitForTaskToken",
    {
        "TableName": "questions",
        "Key": {"questionId": {"S.$": "$.id"}},
        "UpdateExpression": "SET #token = :token",
        "ExpressionAttributeNames": {"#token": "token"},
        "ExpressionAttributeValues": {":token": {"S.$": "$$.Task.Token"}},
    },
    TimeoutSecondsPath="$.left",
    HeartbeatSecondsPath="$.remindAfter",
    Catch=[
        {"ErrorEquals": ["States.HeartbeatTimeout"], "ResultPath": "$.why", "Next": "Remind"},
        {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.why", "Next": "Close"},
        {"ErrorEquals": ["DynamoDb.ConditionalCheckFailedException"], "ResultPath": "$.why", "Next": "Close"},
    ],
    Next="Answered",
)
DEFINITION = {
    "StartAt": "Ask",
    "States": {
        "Ask": ASK,
        "Remind": task(
            "states:startExecution.sync:2",
            {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child", "Input": {"id.$": "$.id"}},
            ResultSelector={"status.$": "$.Output.status"},
            Catch=[{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.why", "Next": "Close"}],
            Next="Answered",
        ),
        "Answered": {"Type": "Pass", "End": True},
        "Close": {"Type": "Pass", "Parameters": {"why.$": "$.why.Error"}, "End": True},
    },
}
MACHINE = Machine("waiting", json.dumps(DEFINITION), "STANDARD")
GIVEN = {"id": "q1", "left": 3600, "remindAfter": 600}
CHILD = {
    "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:child:x",
    "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:child",
    "StartDate": 1_795_000_000_000,
    "Status": "SUCCEEDED",
    "Output": {"status": "answered"},
}


def run(engine: str, machine: Machine = MACHINE, given: Any = None, **answers: mocks.Answer) -> engines.Account:
    responses = {state: {"0": _raw(answer)} for state, answer in answers.items()}
    document = {
        "StateMachines": {machine.name: {"TestCases": {"case": {state: state for state in answers}}}},
        "MockedResponses": responses,
    }
    return engines.ENGINES[engine](machine, mocks.parse(document, "test"), "case", given or GIVEN)


def _raw(answer: mocks.Answer) -> dict[str, Any]:
    if isinstance(answer, mocks.Throw):
        return {"Throw": {"Error": answer.error, "Cause": answer.cause}}
    return {"Return": answer.value}


ENGINES = pytest.mark.parametrize("engine", ["strict", "embedded"])


@ENGINES
def test_return_is_what_sendtasksuccess_hands_over(engine: str) -> None:
    done = run(engine, Ask=mocks.Return({"by": "sms"}))
    assert (done.status, done.output) == ("SUCCEEDED", {**GIVEN, "result": {"by": "sms"}})
    assert done.path == ["Ask", "Answered"]
    sent = {"@some": {"ExpressionAttributeValues": {":token": {"S": "@token"}}}}
    assert differences([sent], done.requests_of("Ask")) == []


@ENGINES
@pytest.mark.parametrize("error", ["States.HeartbeatTimeout", "States.Timeout", "States.TaskFailed"])
def test_throw_is_caught_by_its_own_name(engine: str, error: str) -> None:
    child: mocks.Answer = (
        mocks.Throw("States.TaskFailed", "{}") if error == "States.TaskFailed" else mocks.Return(CHILD)
    )
    ask = mocks.Throw("States.HeartbeatTimeout" if error == "States.TaskFailed" else error, "late")
    answers: dict[str, Any] = {"Ask": ask} if error == "States.Timeout" else {"Ask": ask, "Remind": child}
    done = run(engine, **answers)
    expected = {"States.HeartbeatTimeout": None, "States.Timeout": error, "States.TaskFailed": error}[error]
    assert (done.status, done.output.get("why") if expected else done.output["result"]) == (
        "SUCCEEDED",
        expected or {"status": "answered"},
    )


@ENGINES
@pytest.mark.parametrize(("names", "caught"), [(["States.Timeout"], True), (["States.TaskFailed"], False)])
def test_heartbeat_that_fails_to_come_is_a_timeout(engine: str, names: list[str], caught: bool) -> None:
    ask = {**ASK, "Catch": [{"ErrorEquals": names, "Next": "Close"}], "Next": "Close"}
    states = {"Ask": ask, "Close": {"Type": "Succeed"}}
    machine = Machine("beat", json.dumps({"StartAt": "Ask", "States": states}), "STANDARD")
    done = run(engine, machine, Ask=mocks.Throw("States.HeartbeatTimeout", ""))
    assert (done.status, done.error) == (("SUCCEEDED", None) if caught else ("FAILED", "States.HeartbeatTimeout"))


@ENGINES
@pytest.mark.parametrize("wrong", [{"left": 0}, {"left": 1.5}, {"remindAfter": -1}, {"remindAfter": "600"}])
def test_bounds_must_be_positive_integers(engine: str, wrong: dict[str, Any]) -> None:
    done = run(engine, given={**GIVEN, **wrong})
    assert (done.status, done.error) == ("FAILED", "States.Runtime")


def test_engines_agree_state_by_state() -> None:
    answers: dict[str, Any] = {"Ask": mocks.Throw("States.HeartbeatTimeout", ""), "Remind": mocks.Return(CHILD)}
    judge, other = run("strict", **answers), run("embedded", **answers)
    for what in ("entered", "requests", "results", "exited"):
        assert blur_times(getattr(other, what)) == blur_times(getattr(judge, what)), what


@ENGINES
def test_token_is_gone_after_its_task(engine: str) -> None:
    states = {
        "Ask": {**{key: value for key, value in ASK.items() if key != "Catch"}, "Next": "Late"},
        "Late": {"Type": "Pass", "Parameters": {"token.$": "$$.Task.Token"}, "End": True},
    }
    machine = Machine("late", json.dumps({"StartAt": "Ask", "States": states}), "STANDARD")
    assert run(engine, machine, Ask=mocks.Return({})).error == "States.Runtime"


CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("aws-sdk:sfn:sendTaskSuccess", {"TaskToken": "t" * 16, "Output": "{}"}, {}),
    ("aws-sdk:sfn:sendTaskFailure", {"TaskToken": "t" * 16, "Error": "Gone", "Cause": "x"}, {}),
    ("aws-sdk:sfn:sendTaskHeartbeat", {"TaskToken": "t" * 16}, {}),
    ("aws-sdk:s3:putObject", {"Bucket": "media", "Key": "a.json", "Body": {"any": ["thing"]}}, {"ETag": '"1"'}),
    ("aws-sdk:sqs:startMessageMoveTask", {"SourceArn": "arn:aws:sqs:x:1:dlq"}, {"TaskHandle": "h"}),
    (
        "aws-sdk:ec2:describeInstances",
        {"InstanceIds": ["i-1"]},
        {"Reservations": [{"Instances": [{"InstanceId": "i-1", "Tags": [{"Key": "Owner", "Value": "ada"}]}]}]},
    ),
    ("aws-sdk:ec2:stopInstances", {"InstanceIds": ["i-1"]}, {"StoppingInstances": []}),
    ("aws-sdk:ec2:createTags", {"Resources": ["i-1"], "Tags": [{"Key": "k", "Value": "v"}]}, {}),
    (
        "aws-sdk:cloudtrail:lookupEvents",
        {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": "i-1"}], "MaxResults": 10},
        {"Events": [{"EventName": "RunInstances", "Username": "ada", "EventTime": "2026-11-18T15:33:20Z"}]},
    ),
    ("aws-sdk:ssm:getParameter", {"Name": "/dragoman/owners/ada"}, {"Parameter": {"Value": "{}", "Version": 1}}),
    (
        "aws-sdk:sesv2:sendEmail",
        {
            "FromEmailAddress": "a@example.org",
            "Destination": {"ToAddresses": ["b@example.org"]},
            "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        },
        {"MessageId": "m"},
    ),
    (
        "aws-sdk:sesv2:sendEmail",
        {"Destination": {"ToAddresses": ["b@example.org"]}, "Content": {"Raw": {"Data": "From: a@example.org"}}},
        {"MessageId": "m"},
    ),
    (
        "aws-sdk:comprehend:batchDetectSentiment",
        {"LanguageCode": "en", "TextList": ["good"]},
        {"ResultList": [{"Index": 0, "Sentiment": "POSITIVE"}], "ErrorList": []},
    ),
    ("aws-sdk:comprehend:detectSentiment", {"LanguageCode": "en", "Text": "good"}, {"Sentiment": "POSITIVE"}),
    (
        "aws-sdk:dynamodb:query",
        {"TableName": "t", "KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}},
        {"Items": [{"a": {"S": "x"}}], "Count": 1, "ScannedCount": 1},
    ),
]


@ENGINES
@pytest.mark.parametrize(("resource", "parameters", "answer"), CALLS, ids=[call[0] for call in CALLS])
def test_integration_is_known_to_engines_and_judge(
    engine: str, resource: str, parameters: dict[str, Any], answer: Any
) -> None:
    definition = {"StartAt": "Call", "States": {"Call": task(resource, parameters)}}
    done = run(engine, Machine("call", json.dumps(definition), "STANDARD"), Call=mocks.Return(answer))
    assert (done.status, done.output) == ("SUCCEEDED", {**GIVEN, "result": answer})
    assert definition_problems(definition) == []
    judge = Task(PREFIX + resource)
    assert [judge.request_problems(sent) for sent in done.requests_of("Call")] == [[]]
    assert judge.answer_problems(mocks.Return(answer)) == []


@pytest.mark.parametrize(
    ("resource", "error", "possible"),
    [
        ("aws-sdk:dynamodb:updateItem.waitForTaskToken", "States.HeartbeatTimeout", True),
        ("aws-sdk:dynamodb:updateItem.waitForTaskToken", "DynamoDb.ConditionalCheckFailedException", True),
        ("aws-sdk:dynamodb:updateItem.waitForTaskToken", "GivenUp", True),
        ("aws-sdk:dynamodb:updateItem", "States.HeartbeatTimeout", False),
        ("states:startExecution.sync:2", "States.TaskFailed", True),
        ("states:startExecution.sync:2", "StepFunctions.ExecutionAlreadyExistsException", True),
        ("states:startExecution.sync:2", "StepFunctions.AWSStepFunctionsException", True),
        ("states:startExecution.sync:2", "Sfn.ExecutionAlreadyExistsException", False),
        ("aws-sdk:sfn:sendTaskSuccess", "Sfn.TaskTimedOutException", True),
        ("aws-sdk:sfn:sendTaskSuccess", "Sfn.TaskDoesNotExistException", True),
        ("aws-sdk:sfn:sendTaskHeartbeat", "Sfn.InvalidTokenException", True),
        ("aws-sdk:ec2:stopInstances", "Ec2.Ec2Exception", True),
        ("aws-sdk:ec2:stopInstances", "EC2.Ec2Exception", False),
        ("aws-sdk:ssm:getParameter", "Ssm.ParameterNotFoundException", True),
        ("aws-sdk:sesv2:sendEmail", "SesV2.MessageRejectedException", True),
        ("aws-sdk:cloudtrail:lookupEvents", "CloudTrail.CloudTrailException", True),
        ("aws-sdk:sqs:startMessageMoveTask", "Sqs.UnsupportedOperationException", True),
    ],
)
def test_can_fail_with_knows_the_names(resource: str, error: str, possible: bool) -> None:
    assert Task(PREFIX + resource).can_fail_with(error) is possible


def test_sync_returns_only_what_succeeded() -> None:
    judge = Task(PREFIX + "states:startExecution.sync:2")
    assert judge.answer_problems(mocks.Return(CHILD)) == []
    assert judge.answer_problems(mocks.Return({**CHILD, "Status": "FAILED"})) != []
    assert judge.answer_problems(mocks.Return({**CHILD, "output": "{}"})) != []


@pytest.mark.parametrize(
    ("change", "type_", "problem"),
    [
        ({}, "STANDARD", []),
        (
            {},
            "EXPRESS",
            ["Ask: Express workflows do not support the pattern 'waitForTaskToken'"],
        ),
        (
            {"Resource": PREFIX + "aws-sdk:dynamodb:updateItem"},
            "STANDARD",
            ["Ask: $$.Task.Token must be handed over by tasks that wait for it, and is there for no others"],
        ),
        (
            {"Resource": PREFIX + "aws-sdk:dynamodb:updateItem.sync:2", "Parameters": {"TableName": "t"}},
            "STANDARD",
            ["Ask: aws-sdk:dynamodb:updateItem does not support the pattern 'sync:2'"],
        ),
    ],
)
def test_definition_problems_knows_the_patterns(change: dict[str, Any], type_: str, problem: list[str]) -> None:
    ask = {**ASK, **change}
    ask["Catch"] = [{"ErrorEquals": ["States.Timeout"], "Next": "Ask"}]
    assert definition_problems({"StartAt": "Ask", "States": {"Ask": ask}}, type_) == problem
