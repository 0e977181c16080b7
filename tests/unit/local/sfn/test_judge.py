"""What the services and Step Functions would refuse."""

from typing import Any

import pytest

from infra.local.sfn.judge import Task, definition_problems
from infra.local.sfn.mocks import Return, Throw

PREFIX = "arn:aws:states:::"
GATEWAY = "a1b2.execute-api.us-east-1.amazonaws.com"


def problems_of(resource: str, **parameters: Any) -> list[str]:
    return Task(PREFIX + resource).request_problems(parameters)


@pytest.mark.parametrize(
    ("resource", "parameters"),
    [
        ("dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "x"}}}),
        ("lambda:invoke", {"FunctionName": "f", "Payload": {"any": ["thing"]}}),
        ("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {"a": 1}}]}),
        ("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": '{"a": 1}'}]}),
        ("aws-sdk:translate:translateText", {"Text": "a", "SourceLanguageCode": "en", "TargetLanguageCode": "de"}),
        ("http:invoke", {"ApiEndpoint": "https://x", "Method": "GET", "Authentication": {"ConnectionArn": "a"}}),
        ("apigateway:invoke", {"ApiEndpoint": GATEWAY, "Method": "POST", "RequestBody": {}, "AuthType": "IAM_ROLE"}),
        ("aws-sdk:sfn:startSyncExecution", {"StateMachineArn": "arn", "Input": "{}"}),
        ("aws-sdk:rekognition:detectText", {"Image": {"S3Object": {"Bucket": "abc", "Name": "x"}}}),
        (
            "sns:publish",
            {
                "TopicArn": "arn",
                "Message": "{}",
                "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}},
            },
        ),
    ],
)
def test_request_that_the_service_takes_has_no_problems(resource: str, parameters: dict[str, Any]) -> None:
    assert problems_of(resource, **parameters) == []


@pytest.mark.parametrize(
    ("resource", "parameters", "reason"),
    [
        ("dynamodb:getItem", {"TableName": "t"}, "Key"),
        ("dynamodb:putItem", {"TableName": "t", "Item": {"n": {"N": 1}}}, "Invalid type"),
        ("dynamodb:putItem", {"TableName": "t", "Item": {"s": "text"}}, "Invalid type"),
        ("aws-sdk:translate:translateText", {"Text": "a", "SourceLanguageCode": "en"}, "TargetLanguageCode"),
        ("aws-sdk:comprehend:detectDominantLanguage", {"text": "a"}, "Text"),
        ("aws-sdk:sfn:startSyncExecution", {"stateMachineArn": "arn"}, "stateMachineArn"),
        ("http:invoke", {"ApiEndpoint": "http://x", "Method": "GET", "Authentication": {}}, "https"),
        ("http:invoke", {"ApiEndpoint": "https://x", "Method": "GET"}, "Authentication"),
        ("apigateway:invoke", {"ApiEndpoint": f"https://{GATEWAY}", "Method": "GET"}, "host name"),
        ("apigateway:invoke", {"ApiEndpoint": GATEWAY}, "Method"),
        ("apigateway:invoke", {"ApiEndpoint": GATEWAY, "Method": "GET", "AuthType": "IAM"}, "AuthType"),
        ("apigateway:invoke", {"ApiEndpoint": GATEWAY, "Method": "DELETE", "RequestBody": {}}, "RequestBody"),
    ],
)
def test_request_that_the_service_refuses_has_a_problem(resource: str, parameters: dict[str, Any], reason: str) -> None:
    assert reason in " ".join(problems_of(resource, **parameters))


def test_request_of_a_form_needs_its_header() -> None:
    request = {"ApiEndpoint": "https://x", "Method": "POST", "Authentication": {}}
    form = {"Transform": {"RequestBodyEncoding": "URL_ENCODED"}}
    assert "Content-Type" in " ".join(problems_of("http:invoke", **request, **form))
    headers = {"Headers": {"content-type": "application/x-www-form-urlencoded"}}
    assert problems_of("http:invoke", **request, **form, **headers) == []


def test_request_of_the_sdk_integration_spells_bool_as_java_does() -> None:
    items = [{"Put": {"TableName": "t", "Item": {"on": {"BOOL": True}}}}]
    problems = problems_of("aws-sdk:dynamodb:transactWriteItems", TransactItems=items)
    assert problems == [".TransactItems.0.Put.Item.on: an SDK integration spells BOOL Bool"]
    assert problems_of("dynamodb:putItem", TableName="t", Item={"on": {"BOOL": True}}) == []


def test_sets_of_the_sdk_integration_are_spelled_as_java_does_both_ways() -> None:
    task = Task(PREFIX + "aws-sdk:dynamodb:batchGetItem")
    update = {"TableName": "t", "Key": {"id": {"S": "1"}}, "UpdateExpression": "ADD ids :id"}
    items = [{"Update": {**update, "ExpressionAttributeValues": {":id": {"Ss": ["1"]}}}}]
    assert problems_of("aws-sdk:dynamodb:transactWriteItems", TransactItems=items) == []
    answers = [Return({"Responses": {"t": [{"ids": {kind: ["1"]}}]}}) for kind in ("Ss", "SS")]
    assert [bool(task.answer_problems(answer)) for answer in answers] == [False, True]


@pytest.mark.parametrize(
    ("resource", "error", "possible"),
    [
        ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException", True),
        ("dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException", False),
        ("aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException", True),
        ("aws-sdk:dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException", False),
        ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailed", False),
        ("lambda:invoke", "Lambda.TooManyRequestsException", True),
        ("lambda:invoke", "Lambda.Throttled", False),
        ("lambda:invoke", "SignatureRejected", True),
        ("events:putEvents", "EventBridge.FailedEntry", True),
        ("events:putEvents", "Events.FailedEntry", False),
        ("http:invoke", "States.Http.StatusCode.429", True),
        ("http:invoke", "States.Http.Socket", True),
        ("http:invoke", "Http.429", False),
        ("http:invoke", "Events.ConnectionResource.InvalidConnectionState", True),
        ("http:invoke", "States.Timeout", True),
        ("apigateway:invoke", "ApiGateway.410", True),
        ("apigateway:invoke", "ApiGateway.SocketTimeoutException", True),
        ("apigateway:invoke", "ApiGateway.200", False),
        ("apigateway:invoke", "States.Http.StatusCode.410", False),
    ],
)
def test_can_fail_with_knows_the_names_of_each_integration(resource: str, error: str, possible: bool) -> None:
    assert Task(PREFIX + resource).can_fail_with(error) is possible


def test_answer_must_fit_the_services_result() -> None:
    task = Task(PREFIX + "aws-sdk:comprehend:detectDominantLanguage")
    assert task.answer_problems(Return({"Languages": [{"LanguageCode": "es", "Score": 0.9}]})) == []
    assert task.answer_problems(Return({"languages": []})) != []
    assert task.answer_problems(Throw("Comprehend.Nonsense", "")) != []


def test_answer_with_a_failed_entry_must_be_thrown() -> None:
    answer = Return({"FailedEntryCount": 1, "Entries": []})
    assert "FailedEntry" in " ".join(Task(PREFIX + "events:putEvents").answer_problems(answer))


def definition(**fields: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": PREFIX + "dynamodb:getItem", "Parameters": {"TableName": "t"}, "End": True}
    return {"StartAt": "A", "States": {"A": {**state, **fields}}}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, []),
        ({"Parameters": {"Table": "t"}}, ["A: dynamodb:getItem does not support ['Table']"]),
        (
            {"Retry": [{"ErrorEquals": ["DynamoDb.ThrottlingException"]}]},
            ["A: dynamodb:getItem never fails with 'DynamoDb.ThrottlingException'"],
        ),
        (
            {"Resource": PREFIX + "aws-sdk:translate:translate"},
            ["A: arn:aws:states:::aws-sdk:translate:translate is no integration that is known here"],
        ),
    ],
)
def test_definition_problems_names_state_and_field(fields: dict[str, Any], problem: list[str]) -> None:
    assert definition_problems(definition(**fields)) == problem
