"""Service integrations: results, error names and the machine's role."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.aws import clients, iam
from tests.unit.local.aws.conftest import Peer, Run


def task(resource: str, parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **fields}


def test_machine_calls_its_function_and_selects_the_result(stack: dict[str, str]) -> None:
    answer = clients.client("stepfunctions").start_sync_execution(
        stateMachineArn=stack["Machine"], name="one", input='{"a": 1}'
    )
    assert answer["status"] == "SUCCEEDED"
    assert json.loads(answer["output"]) == {"greeting": "from the layer", "event": {"a": 1}}
    assert answer["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0


def test_function_exception_is_caught_by_its_class_name(stack: dict[str, str]) -> None:
    answer = clients.client("stepfunctions").start_sync_execution(
        stateMachineArn=stack["Machine"], input='{"do": "raise"}'
    )
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Forbidden", "The signature is wrong.")
    assert "output" not in answer


def test_function_exception_carries_the_payload_lambda_gives(stack: dict[str, str], run: Run) -> None:
    answer = run(task("lambda:invoke", {"FunctionName": stack["Function"], "Payload": {"do": "raise"}}))
    cause = json.loads(answer["cause"])
    assert answer["error"] == cause["errorType"] == "SignatureRejected"
    assert cause["errorMessage"] == "not signed by us"


def test_function_exception_does_not_cost_the_worker(stack: dict[str, str], run: Run) -> None:
    processes = set()
    for payload in ({"do": "process"}, {"do": "raise"}, {"do": "process"}):
        answer = run(task("lambda:invoke", {"FunctionName": stack["FunctionArn"], "Payload": payload}))
        if answer["output"]:
            processes.add(answer["output"]["Payload"])
    assert len(processes) == 1


def test_invoke_through_boto3_reports_the_exception_too(stack: dict[str, str]) -> None:
    answer = clients.client("lambda").invoke(FunctionName=stack["Function"], Payload=b'{"do": "raise"}')
    assert answer["FunctionError"]
    assert json.loads(answer["Payload"].read())["errorType"] == "SignatureRejected"


def test_task_timeout_is_states_timeout(stack: dict[str, str], run: Run) -> None:
    payload = {"do": "sleep", "seconds": 1.5}
    answer = run(task("lambda:invoke", {"FunctionName": stack["Function"], "Payload": payload}, TimeoutSeconds=1))
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Timeout")


def test_function_timeout_is_its_own_error(stack: dict[str, str], run: Run) -> None:
    payload = {"do": "sleep", "seconds": 5}
    answer = run(task("lambda:invoke", {"FunctionName": stack["Function"], "Payload": payload}))
    assert answer["error"] == "Sandbox.Timedout"


def test_missing_function_is_named(run: Run, stack: dict[str, str]) -> None:
    answer = run(task("lambda:invoke", {"FunctionName": stack["FunctionArn"] + "-none"}))
    assert answer["error"] == "Lambda.AWSLambdaException"
    assert "not authorized to perform: lambda:InvokeFunction" in answer["cause"]


def test_function_role_is_enforced(stack: dict[str, str], run: Run) -> None:
    def read(table: str) -> dict[str, Any]:
        payload = {"do": "read", "table": stack[table]}
        return run(task("lambda:invoke", {"FunctionName": stack["Function"], "Payload": payload}))

    assert read("Table")["output"]["Payload"] == "nothing"
    denied = read("OtherTable")
    assert denied["error"] == "ClientError"
    assert "not authorized to perform: dynamodb:GetItem" in denied["cause"]


@pytest.mark.parametrize(
    ("resource", "parameters", "error"),
    [
        ("lambda:invoke", {"FunctionName": "any"}, "Lambda.AWSLambdaException"),
        ("dynamodb:getItem", {"TableName": "any", "Key": {"id": {"S": "1"}}}, "DynamoDB.AmazonDynamoDBException"),
        (
            "aws-sdk:translate:translateText",
            {"Text": "a", "SourceLanguageCode": "en", "TargetLanguageCode": "es"},
            "Translate.TranslateException",
        ),
        ("aws-sdk:comprehend:detectDominantLanguage", {"Text": "a"}, "Comprehend.ComprehendException"),
        (
            "aws-sdk:dynamodb:transactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "any", "Item": {"id": {"S": "1"}}}}]},
            "DynamoDb.DynamoDbException",
        ),
        ("aws-sdk:secretsmanager:getSecretValue", {"SecretId": "probe/api"}, "SecretsManager.SecretsManagerException"),
        (
            "events:putEvents",
            {"Entries": [{"Source": "probe", "DetailType": "Sent", "Detail": {}, "EventBusName": "probe-bus"}]},
            "EventBridge.AccessDeniedException",
        ),
        ("sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:0:t", "Message": "a"}, "SNS.AuthorizationErrorException"),
        ("sqs:sendMessage", {"QueueUrl": "http://127.0.0.1/0/q", "MessageBody": "a"}, "SQS.AccessDeniedException"),
    ],
)
def test_role_without_permission_is_denied(
    resource: str, parameters: dict[str, Any], error: str, run: Run, peer: Peer
) -> None:
    answer = run(task(resource, parameters), role="NothingRole")
    assert (answer["status"], answer["error"]) == ("FAILED", error)
    assert "is not authorized to perform" in answer["cause"]
    assert not peer.requests


def test_denial_of_a_transaction_names_the_table_and_action(stack: dict[str, str], run: Run) -> None:
    item = {"id": {"S": "1"}}
    puts = [{"Put": {"TableName": stack[table], "Item": item}} for table in ("Table", "OtherTable")]
    answer = run(task("aws-sdk:dynamodb:transactWriteItems", {"TransactItems": puts}))
    assert answer["error"] == "DynamoDb.DynamoDbException"
    assert (
        f"dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/{stack['OtherTable']}"
        in answer["cause"]
    )


def test_put_events_is_allowed_by_its_condition_keys_only(stack: dict[str, str], run: Run) -> None:
    entry = {"Source": "probe", "Detail": {"id": "ignored"}, "EventBusName": stack["Bus"]}
    assert (
        run(task("events:putEvents", {"Entries": [{**entry, "DetailType": "Sent"}]}))["output"]["FailedEntryCount"] == 0
    )
    denied = run(task("events:putEvents", {"Entries": [{**entry, "DetailType": "Other"}]}))
    assert denied["error"] == "EventBridge.AccessDeniedException"


def test_put_events_fails_when_the_bus_does_not_exist(stack: dict[str, str], run: Run) -> None:
    iam_client = clients.client("iam")
    allow = {"Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]}
    role = stack["NothingRole"].rpartition("/")[2]
    iam_client.put_role_policy(RoleName=role, PolicyName="events", PolicyDocument=json.dumps(allow))
    entry = {"Source": "probe", "DetailType": "Sent", "Detail": "{}", "EventBusName": "nowhere"}
    answer = run(task("events:putEvents", {"Entries": [entry]}), role="NothingRole")
    refused = run(
        task("events:putEvents", {"Entries": [{**entry, "Source": "aws.probe", "EventBusName": stack["Bus"]}]}),
        role="NothingRole",
    )
    iam_client.delete_role_policy(RoleName=role, PolicyName="events")
    assert (answer["error"], refused["error"]) == ("EventBridge.FailedEntry", "EventBridge.FailedEntry")
    assert "NotAuthorizedForSourceException" in refused["cause"]


def test_conditional_put_fails_by_name(stack: dict[str, str], run: Run) -> None:
    put = task(
        "dynamodb:putItem",
        {
            "TableName": stack["Table"],
            "Item": {"id": {"S": "claimed"}},
            "ConditionExpression": "attribute_not_exists(id)",
        },
    )
    assert run(put)["status"] == "SUCCEEDED"
    assert run(put)["error"] == "DynamoDB.ConditionalCheckFailedException"


def test_transaction_that_is_cancelled_fails_by_name(stack: dict[str, str], run: Run) -> None:
    put = {"TableName": stack["Table"], "Item": {"id": {"S": "t"}}, "ConditionExpression": "attribute_not_exists(id)"}
    write = task("aws-sdk:dynamodb:transactWriteItems", {"TransactItems": [{"Put": put}]})
    assert run(write)["status"] == "SUCCEEDED"
    answer = run(write)
    assert answer["error"] == "DynamoDb.TransactionCanceledException"
    assert "ConditionalCheckFailed" in answer["cause"]


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"Key": {"id": {"N": 5}}}, "Invalid type"),
        ({"Key": {"id": {"S": "1"}}, "Tabel": "x"}, "Tabel"),
        ({}, "Missing required parameter"),
    ],
)
def test_parameters_the_sdk_cannot_send_are_a_runtime_error(
    parameters: dict[str, Any], problem: str, stack: dict[str, str], run: Run
) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    only = {**task("dynamodb:getItem", {"TableName": stack["Table"], **parameters}), "End": True, "Catch": catch}
    answer = run({"StartAt": "Get", "States": {"Get": only, "Caught": {"Type": "Succeed"}}})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert problem in answer["cause"]


def test_translate_and_comprehend_reach_the_ai(run: Run, peer: Peer) -> None:
    replies = {
        "AWSShineFrontendService_20170701.TranslateText": {
            "TranslatedText": "hola",
            "SourceLanguageCode": "en",
            "TargetLanguageCode": "es",
        },
        "Comprehend_20171127.DetectDominantLanguage": {"Languages": [{"LanguageCode": "en", "Score": 0.9}]},
        "Comprehend_20171127.BatchDetectSentiment": {"ResultList": [], "ErrorList": []},
    }
    peer.answer = lambda _path, headers, _body: (
        200,
        "application/x-amz-json-1.1",
        json.dumps(replies[headers["x-amz-target"]]).encode(),
    )
    translate = {"Text": "hello", "SourceLanguageCode": "en", "TargetLanguageCode": "es"}
    translated = run(task("aws-sdk:translate:translateText", translate))
    detected = run(task("aws-sdk:comprehend:detectDominantLanguage", {"Text": "hello"}))
    felt = run(task("aws-sdk:comprehend:batchDetectSentiment", {"TextList": ["hello"], "LanguageCode": "en"}))
    assert felt["output"] == {"ResultList": [], "ErrorList": []}
    assert translated["output"]["TranslatedText"] == "hola"
    assert detected["output"] == {"Languages": [{"LanguageCode": "en", "Score": 0.9}]}
    assert json.loads(peer.requests[0][3]) == translate
    through_boto3 = clients.client("translate").translate_text(**translate)
    assert through_boto3["TranslatedText"] == "hola"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TooManyRequestsException", "Translate.TooManyRequestsException"),
        ("UnsupportedLanguagePairException", "Translate.UnsupportedLanguagePairException"),
        ("SomethingUnmodelled", "Translate.TranslateException"),
    ],
)
def test_translate_errors_have_the_names_of_the_sdk(code: str, error: str, run: Run, peer: Peer) -> None:
    body = json.dumps({"__type": code, "message": "no"}).encode()
    peer.answer = lambda _path, _headers, _body: (400, "application/x-amz-json-1.1", body)
    parameters = {"Text": "a", "SourceLanguageCode": "en", "TargetLanguageCode": "xx"}
    answer = run(task("aws-sdk:translate:translateText", parameters))
    assert answer["error"] == error
    assert answer["cause"].startswith("no (Service: Translate, Status Code: 400")


def test_require_explains_what_is_missing(stack: dict[str, str]) -> None:
    iam.require(stack["MachineRole"], "translate:TranslateText", "*")
    with pytest.raises(iam.AccessDenied, match="is not authorized to perform: s3:GetObject on resource: arn:x"):
        iam.require(stack["MachineRole"], "s3:GetObject", "arn:x")
    with pytest.raises(iam.AccessDenied, match="does not exist"):
        iam.require("arn:aws:iam::000000000000:role/none", "s3:GetObject", "arn:x")


def test_standard_machines_are_refused_synchronously(stack: dict[str, str]) -> None:
    states = clients.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name="standard", definition=definition, roleArn=stack["MachineRole"])
    with pytest.raises(states.exceptions.StateMachineTypeNotSupported):
        states.start_sync_execution(stateMachineArn=machine["stateMachineArn"])
    with pytest.raises(states.exceptions.InvalidExecutionInput):
        states.start_sync_execution(stateMachineArn=stack["Machine"], input="{")
    started = states.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"a": 1}')["executionArn"]
    while (described := states.describe_execution(executionArn=started))["status"] == "RUNNING":
        pass
    assert json.loads(described["output"]) == {"a": 1}
    events = states.get_execution_history(executionArn=started)["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


def test_express_executions_are_not_kept(stack: dict[str, str], run: Run) -> None:
    from ministack.services import stepfunctions  # noqa: PLC0415 - after its environment is set

    before = len(stepfunctions._executions)
    for _ in range(3):
        run({"Type": "Pass"})
    assert len(stepfunctions._executions) == before


def test_machine_timeout_is_timed_out(run: Run) -> None:
    wait = {"Type": "Wait", "Seconds": 5, "End": True}
    answer = run({"StartAt": "Wait", "TimeoutSeconds": 1, "States": {"Wait": wait}})
    assert answer["status"] == "TIMED_OUT"


@pytest.mark.parametrize("field", [{"QueryLanguage": "JSONata"}, {"Assign": {"a": 1}}])
def test_what_the_interpreter_does_not_know_is_refused(field: dict[str, Any], run: Run) -> None:
    answer = run({"Type": "Pass", **field})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert "not available on one machine" in answer["cause"]


def test_machine_starts_another_synchronously(stack: dict[str, str], run: Run) -> None:
    iam_client, role = clients.client("iam"), stack["NothingRole"].rpartition("/")[2]
    allow = {"Statement": [{"Effect": "Allow", "Action": "states:StartSyncExecution", "Resource": stack["Machine"]}]}
    iam_client.put_role_policy(RoleName=role, PolicyName="start", PolicyDocument=json.dumps(allow))
    parameters = {"StateMachineArn": stack["Machine"], "Input": {"n": 1}}
    answer = run(task("aws-sdk:sfn:startSyncExecution", parameters), role="NothingRole")
    iam_client.delete_role_policy(RoleName=role, PolicyName="start")
    assert answer["output"]["Status"] == "SUCCEEDED"
    assert json.loads(answer["output"]["Output"])["event"] == {"n": 1}
    assert answer["output"]["StateMachineArn"] == stack["Machine"]
    assert answer["output"]["BillingDetails"]["BilledDurationInMilliseconds"] % 100 == 0


@pytest.fixture
def allow(stack: dict[str, str]) -> Iterator[Callable[[str, str], None]]:
    """Lets NothingRole do something for the length of a test."""
    iam_client, role = clients.client("iam"), stack["NothingRole"].rpartition("/")[2]

    def put(action: str, resource: str) -> None:
        document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
        iam_client.put_role_policy(RoleName=role, PolicyName="test", PolicyDocument=json.dumps(document))

    yield put
    iam_client.delete_role_policy(RoleName=role, PolicyName="test")


def test_nested_machine_that_fails_is_a_result(
    stack: dict[str, str], run: Run, allow: Callable[[str, str], None]
) -> None:
    allow("states:StartSyncExecution", stack["Machine"])
    parameters = {"StateMachineArn": stack["Machine"], "Input": '{"do": "raise"}'}
    answer = run(task("aws-sdk:sfn:startSyncExecution", parameters), role="NothingRole")
    assert answer["status"] == "SUCCEEDED"
    assert (answer["output"]["Status"], answer["output"]["Error"]) == ("FAILED", "Forbidden")
    assert "Output" not in answer["output"]


def test_nested_machine_that_does_not_exist_is_an_error(
    stack: dict[str, str], run: Run, allow: Callable[[str, str], None]
) -> None:
    missing = stack["Machine"] + "-none"
    allow("states:StartSyncExecution", missing)
    answer = run(task("aws-sdk:sfn:startSyncExecution", {"StateMachineArn": missing}), role="NothingRole")
    assert answer["error"] == "Sfn.StateMachineDoesNotExistException"


def test_nested_machine_needs_permission(stack: dict[str, str], run: Run) -> None:
    answer = run(task("aws-sdk:sfn:startSyncExecution", {"StateMachineArn": stack["Machine"]}), role="NothingRole")
    assert answer["error"] == "Sfn.SfnException"
    assert "not authorized to perform: states:StartSyncExecution" in answer["cause"]


def test_publish_reaches_the_subscribers_whose_filter_takes_it(
    stack: dict[str, str], run: Run, allow: Callable[[str, str], None]
) -> None:
    sns, sqs = clients.client("sns"), clients.client("sqs")
    topic = sns.create_topic(Name="pictures")["TopicArn"]
    queues = {flag: sqs.create_queue(QueueName=f"flagged-{flag}")["QueueUrl"] for flag in ("true", "false")}
    for flag, url in queues.items():
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**send, "Resource": arn}]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        chosen = json.dumps({"flagged": [flag]})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": chosen})
    allow("sns:Publish", topic)
    attributes = {"flagged": {"DataType": "String", "StringValue": "true"}}
    parameters = {"TopicArn": topic, "Message": {"imageId": "IM1"}, "MessageAttributes": attributes}
    answer = run(task("sns:publish", parameters), role="NothingRole")
    assert answer["output"]["MessageId"]
    (message,) = sqs.receive_message(QueueUrl=queues["true"])["Messages"]
    assert json.loads(json.loads(message["Body"])["Message"]) == {"imageId": "IM1"}
    assert "Messages" not in sqs.receive_message(QueueUrl=queues["false"])


def test_publish_to_a_topic_that_does_not_exist_is_an_error(
    stack: dict[str, str], run: Run, allow: Callable[[str, str], None]
) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:none"
    allow("sns:Publish", "*")
    answer = run(task("sns:publish", {"TopicArn": topic, "Message": "a"}), role="NothingRole")
    assert answer["error"] == "SNS.NotFoundException"


def test_rekognition_reads_the_picture_with_the_roles_permission(
    run: Run, peer: Peer, allow: Callable[[str, str], None]
) -> None:
    allow("rekognition:DetectText", "*")
    picture = {"Image": {"S3Object": {"Bucket": "media", "Name": "images/1/image.jpg"}}}
    answer = run(task("aws-sdk:rekognition:detectText", picture), role="NothingRole")
    assert answer["error"] == "Rekognition.RekognitionException"
    assert "s3:GetObject on resource: arn:aws:s3:::media/images/1/image.jpg" in answer["cause"]
    assert not peer.requests
