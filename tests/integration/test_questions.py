"""Questions over the running stack: asked by REST or by a machine, sent in the contact's language, ended once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dragoman.validation import validator
from infra.questions import Clock, followed
from tests.integration.desk import Console
from tests.integration.stack import Running, until

SPANISH = "Buenos días, ¿dónde está la clínica, por favor?"
CHOICES = [{"value": "redrive", "text": "Send again"}, {"value": "leave", "text": "Leave it"}]
TEXT = "Three messages could not be delivered. Shall we send them again?"


def post(stack: Running, body: object, key: str = "", path: str = "/questions") -> httpx.Response:
    """Asks, as an integrator does."""
    headers = {"x-api-key": stack.settings.api_key()} | ({"Idempotency-Key": key} if key else {})
    return httpx.post(f"{stack.settings.gateway_url}{path}", json=body, headers=headers, timeout=30)


def ask(stack: Running, number: str, key: str = "", **changes: Any) -> str:
    """Asks the number something, and returns the question's id."""
    answer = post(stack, {"address": f"sms:{number}", "text": TEXT, "choices": CHOICES} | changes, key)
    assert answer.status_code == 202, answer.text
    created: dict[str, Any] = answer.json()
    validator("question_created")(created)
    assert answer.headers["Location"] == f"questions/{created['questionId']}"
    return str(created["questionId"])


def question(
    stack: Running, question_id: str, ready: Callable[[dict[str, Any]], bool], seconds: float = 60
) -> dict[str, Any]:
    """The question, once it is as it should be."""

    def look() -> dict[str, Any] | None:
        answer = stack.get(f"/questions/{question_id}")
        if answer.status_code != 200:
            assert answer.status_code == 404, answer.text
            return None
        found: dict[str, Any] = answer.json()
        validator("question")(found)
        return found if ready(found) else None

    return until(look, seconds)


def stands(*statuses: str) -> Callable[[dict[str, Any]], bool]:
    return lambda found: found["status"] in statuses


def worded(found: dict[str, Any]) -> bool:
    return "messageId" in found or found["status"] != "open"


def put(stack: Running, number: str, count: int = 1) -> list[str]:
    """The last words that the number got, once there are so many messages."""
    bodies = until(lambda: found if len(found := [each["body"] for each in stack.sent(number)]) >= count else None)
    return [str(body) for body in bodies[-count:]]


def test_question_reaches_its_contact_in_their_language(stack: Running) -> None:
    number = "+12025550300"
    stack.text(From=number, Body=SPANISH)
    with Console(stack, language="en") as console:
        question_id = ask(stack, number, askedBy="Night shift")
        found = question(stack, question_id, worded)
        assert (found["status"], found["contactLanguage"], found["askedBy"]) == ("open", "es", "Night shift")
        assert found["choices"] == CHOICES
        report = stack.report(found["messageId"])
        frame = console.message(found["messageId"])
    words = put(stack, number)[0]
    text, options, code = words.split("\n\n")
    assert text != TEXT
    assert [line[:3] for line in options.splitlines()] == ["1. ", "2. "]
    assert code == f"(#{found['code']})"
    assert report["reply"]["state"] == "sent"
    assert {"language": "es", "status": "translated", "text": words} in report["translations"]
    assert report["message"]["text"].startswith(TEXT)
    assert frame["question"] == {"questionId": question_id, "kind": "question", "code": found["code"]}
    assert frame["sentText"] == {"language": "es", "text": words}
    assert frame["author"]["name"] == "Night shift"
    assert stack.text(From=number, Body="2")["question"]["value"] == "leave"
    done = question(stack, question_id, stands("answered"))
    assert (done["answer"]["value"], done["answer"]["text"], done["answer"]["original"]) == ("leave", "Leave it", "2")


def test_question_nobody_answers_is_reminded_of_once_and_expires(stack: Running) -> None:
    number = "+12025550301"
    question_id = ask(stack, number, answerWithinSeconds=14, remindAfterSeconds=5, choices=[])
    found = question(stack, question_id, stands("expired"), 40)
    first, second = put(stack, number, 2)
    assert first == second == f"{TEXT}\n\n(#{found['code']})"
    assert found["askedAt"] < found["remindedAt"] < found["deadlineAt"]
    assert len(stack.sent(number)) == 2
    execution = ended(stack, question_id)
    assert json.loads(execution["output"]) == {"questionId": question_id, "status": "expired"}
    assert (execution["stopDate"] - execution["startDate"]).total_seconds() == pytest.approx(14, abs=4)


def ended(stack: Running, name: str, machine: str = "") -> dict[str, Any]:
    """The execution of that name, once it ended."""
    arn = (machine or stack.outputs()["QuestionStateMachineArn"]).replace(":stateMachine:", ":execution:")
    states = stack.client("stepfunctions")

    def look() -> dict[str, Any] | None:
        execution: dict[str, Any] = states.describe_execution(executionArn=f"{arn}:{name}")
        return None if execution["status"] == "RUNNING" else execution

    return until(look)


def test_question_to_somebody_who_opted_out_ends_at_once_and_is_not_sent(stack: Running) -> None:
    number = "+12025550302"
    stack.text(From=number, Body="STOP")
    before = len(stack.sent(number))
    question_id = ask(stack, number)
    assert "messageId" not in question(stack, question_id, stands("opted-out"))
    assert json.loads(ended(stack, question_id)["output"])["status"] == "opted-out"
    assert len(stack.sent(number)) == before


def test_question_asked_again_with_its_key_is_asked_once(stack: Running) -> None:
    number, key = "+12025550303", f"key-{secrets.token_hex(6)}"
    assert {ask(stack, number, key) for _ in range(3)} == {key}
    refused = post(stack, {"address": f"sms:{number}", "text": "Something else?"}, key)
    assert refused.status_code == 409
    validator("problem")(refused.json())
    assert stack.text(From=number, Body=f"#{question(stack, key, worded)['code']} 1")["question"]["state"] == "answered"
    ended(stack, key)
    body = {"address": f"sms:{number}", "text": TEXT, "choices": CHOICES}
    assert post(stack, body, key).status_code == 409
    asked = [each for each in stack.sent(number) if "(#" in each["body"]]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"address": "+12025550304", "text": "?"}, ""),
        ({"address": "sms:+12025550304"}, ""),
        ({"address": "sms:+12025550304", "text": "?", "choices": [{"value": "a b", "text": "x"}]}, ""),
        ({"address": "sms:+12025550304", "text": "?"}, "with blanks"),
    ],
)
def test_question_that_is_none_is_refused(stack: Running, body: object, key: str) -> None:
    answer = post(stack, body, key)
    assert answer.status_code == 400
    validator("problem")(answer.json())
    assert "POST /questions" in answer.json()["detail"] or "Idempotency-Key" in answer.json()["detail"]


def test_question_as_a_form_is_told_to_come_as_json(stack: Running) -> None:
    url, headers = f"{stack.settings.gateway_url}/questions", {"x-api-key": stack.settings.api_key()}
    answer = httpx.post(url, data={"text": "?"}, headers=headers, timeout=30)
    assert answer.status_code == 415
    validator("problem")(answer.json())
    assert "POST /questions" in answer.json()["detail"]
    assert "application/json" in answer.json()["detail"]


def test_question_that_only_the_machine_can_refuse_says_why(stack: Running) -> None:
    question_id = ask(stack, "+12025550305", answerWithinSeconds=60, remindAfterSeconds=60)
    found = question(stack, question_id, stands("failed"))
    assert "remindAfterSeconds" in found["reason"]
    assert ended(stack, question_id)["error"] == "InvalidQuestion"
    assert stack.sent("+12025550305") == []


def test_question_words_survive_the_way_through_the_api(stack: Running) -> None:
    number, text = "+12025550306", "A \"quote\", it's a \\ and a\nline, ¿sí? 日本 👍 \\' $x #if"
    found = question(stack, ask(stack, number, text=text, choices=[{"value": "a", "text": 'It\'s "a" \\'}]), worded)
    assert (found["text"], found["choices"][0]["text"]) == (text, 'It\'s "a" \\')
    assert put(stack, number)[0] == f'{text}\n\n1. It\'s "a" \\\n\n(#{found["code"]})'


def test_questions_are_listed_latest_first_by_status_and_page(stack: Running) -> None:
    ids = [ask(stack, f"+1202555031{place}", answerWithinSeconds=600) for place in range(3)]
    for question_id in ids:
        question(stack, question_id, worded)
    seen, cursor = list[str](), dict[str, str]()
    while len(seen) < 3:
        page = stack.get("/questions", limit=1, **cursor).json()
        validator("question_list")(page)
        seen += [each["questionId"] for each in page["questions"] if each["questionId"] in ids]
        cursor = {"cursor": page["cursor"]} if "cursor" in page else cursor
    assert seen == ids[::-1]
    listed = stack.get("/questions", status="open", limit=100).json()["questions"]
    assert {each["status"] for each in listed} == {"open"}
    assert stack.get("/questions", status="lost").status_code == 400
    assert stack.get("/questions", cursor="x").status_code == 400
    assert stack.get("/questions/nobody-asked").status_code == 404


def test_question_can_be_followed_as_make_ask_does(stack: Running) -> None:
    number = "+12025550307"
    question_id = ask(stack, number, choices=[])
    put(stack, number)
    stack.text(From=number, Body="At five o'clock, I think.")
    headers, said = {"x-api-key": stack.settings.api_key()}, list[str]()
    with httpx.Client(base_url=stack.settings.gateway_url, headers=headers) as client:
        done = followed(client, question_id, said.append, said.append, Clock())
    assert done["answer"]["original"] == "At five o'clock, I think."
    assert said[0].startswith("Asked with the code #")


# --- from another machine

OUTER = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {
                "StateMachineArn": "",
                "Name.$": "States.Format('{}-owner', $$.Execution.Name)",
                "Input": {
                    "address.$": "$.owner",
                    "text": "Keep the instance?",
                    "choices": CHOICES,
                    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id",
                },
            },
            "ResultSelector": {"question.$": "$.Output"},
            "TimeoutSeconds": 60,
            "Next": "Which?",
        },
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.question.answer.value", "StringEquals": "leave", "Next": "Leave"}],
            "Default": "Other",
        },
        "Leave": {"Type": "Pass", "End": True},
        "Other": {"Type": "Fail", "Error": "Other", "Cause": "Another answer"},
    },
}


def nesting_role(stack: Running, machine: str) -> str:
    """A role that may do what statemachines/question.md says, and no more."""
    iam, name = stack.client("iam"), f"outer-{secrets.token_hex(4)}"
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    executions = machine.replace(":stateMachine:", ":execution:") + ":*"
    rule = "arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    allowed = [
        (["states:StartExecution"], machine),
        (["states:DescribeExecution", "states:StopExecution"], executions),
        (["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule),
    ]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in allowed]
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam.put_role_policy(RoleName=name, PolicyName="ask", PolicyDocument=json.dumps(policy))
    return str(role["Role"]["Arn"])


def test_question_nested_in_another_machine_hands_the_answer_on(stack: Running) -> None:
    number, machine = "+12025550308", stack.outputs()["QuestionStateMachineArn"]
    outer = json.loads(json.dumps(OUTER).replace('"StateMachineArn": ""', f'"StateMachineArn": "{machine}"'))
    states, name = stack.client("stepfunctions"), f"outer-{secrets.token_hex(4)}"
    made = states.create_state_machine(name=name, definition=json.dumps(outer), roleArn=nesting_role(stack, machine))
    arn = made["stateMachineArn"]
    states.start_execution(stateMachineArn=arn, name="run", input=json.dumps({"owner": f"sms:{number}"}))
    put(stack, number)
    stack.text(From=number, Body="leave it")
    execution = ended(stack, "run", arn)
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])["question"]
    assert (output["questionId"], output["status"], output["answer"]["value"]) == ("run-owner", "answered", "leave")
