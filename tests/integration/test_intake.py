"""The front door: signatures, content types, what is refused and why."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

from tests.integration.stack import Running, sign, until

FUNCTION = "dragoman-normalise-webhook"


def problem(answer: httpx.Response) -> dict[str, object]:
    """The problem document in an answer."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    document: dict[str, object] = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]
    return document


def test_intake_signed_webhook_is_answered_with_empty_twiml(stack: Running) -> None:
    answer = stack.post(stack.fields())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml"
    assert answer.text.strip() == '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


@pytest.mark.parametrize("headers", [{}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "bm9wZQ=="}])
def test_intake_missing_or_wrong_signature_is_forbidden(stack: Running, headers: dict[str, str]) -> None:
    fields = stack.fields()
    answer = stack.post(fields, headers=headers)
    assert answer.status_code == 403
    problem(answer)
    assert stack.get(f"/reports/{dict(fields)['MessageSid']}").status_code == 404


def test_intake_header_name_in_lower_case_is_the_same_header(stack: Running) -> None:
    fields = stack.fields()
    signature = sign(stack.settings.twilio.auth_tokens[0], stack.webhook, fields)
    assert stack.post(fields, headers={"x-twilio-signature": signature}).status_code == 200


@pytest.mark.parametrize("name", ["Body", "From", "MessageSid"])
def test_intake_tampered_field_is_forbidden(stack: Running, name: str) -> None:
    fields = stack.fields()
    signature = sign(stack.settings.twilio.auth_tokens[0], stack.webhook, fields)
    tampered = [(key, value + "1" if key == name else value) for key, value in fields]
    assert stack.post(tampered, headers={"X-Twilio-Signature": signature}).status_code == 403


def test_intake_signature_without_the_stage_is_forbidden(stack: Running) -> None:
    signed = stack.webhook.replace(f"/{stack.settings.stage}/", "/")
    assert stack.post(stack.fields(), signed_url=signed).status_code == 403


@pytest.mark.parametrize(
    "query", ["source=twilio", "b=2&a=1", "name=caf%C3%A9%20noir", "name=a+b", "empty=&flag=1", "path=/x/y:z"]
)
def test_intake_query_string_is_part_of_the_signature(stack: Running, query: str) -> None:
    fields = stack.fields()
    assert stack.post(fields, url=f"{stack.webhook}?{query}").status_code == 200
    assert stack.post(fields, url=f"{stack.webhook}?{query}", signed_url=stack.webhook).status_code == 403


def test_intake_blank_fields_are_part_of_the_signature(stack: Running) -> None:
    fields = [*stack.fields(), ("FromCity", ""), ("ButtonText", "")]
    assert stack.post(fields).status_code == 200


def test_intake_override_fragment_is_not_signed(stack: Running) -> None:
    assert stack.post(stack.fields(), url=stack.webhook + "#rc=5&rp=all").status_code == 403
    assert stack.post(stack.fields(), url=stack.webhook + "#rc=5", signed_url=stack.webhook).status_code == 200


def test_intake_rotated_token_works_soon_beside_the_old_one(stack: Running) -> None:
    secrets = stack.client("secretsmanager")
    before = json.loads(secrets.get_secret_value(SecretId="dragoman/twilio")["SecretString"])
    fresh = "f" * 32
    assert stack.post(stack.fields(), token=fresh).status_code == 403
    rotated = {**before, "authTokens": [fresh, *before["authTokens"]]}
    secrets.put_secret_value(SecretId="dragoman/twilio", SecretString=json.dumps(rotated))
    try:
        # A function reads the secret again at most every 30 s for a signature that it does not know.
        until(lambda: stack.post(stack.fields(), token=fresh).status_code == 200 or None, seconds=60, every=1)
        assert stack.post(stack.fields()).status_code == 200
    finally:
        secrets.put_secret_value(SecretId="dragoman/twilio", SecretString=json.dumps(before))


def test_intake_twilios_published_vector_is_verified(stack: Running) -> None:
    """https://www.twilio.com/docs/usage/security: a call's webhook, so once verified it is refused as no message."""
    secrets, functions = stack.client("secretsmanager"), stack.client("lambda")
    before = secrets.get_secret_value(SecretId="dragoman/twilio")["SecretString"]
    configured = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    secrets.put_secret_value(SecretId="dragoman/twilio", SecretString=json.dumps({"authTokens": ["12345"]}))
    variables = {**configured, "PUBLIC_BASE_URL": "https://mycompany.com"}
    functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
    form = "CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212"
    try:
        assert intake(stack, form, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=") == "BadRequest"
        assert intake(stack, form.replace("1234&", "4321&"), "0/KCTR6DLpKmkAf8muzZqo1nDgQ=") == "Forbidden"
    finally:
        secrets.put_secret_value(SecretId="dragoman/twilio", SecretString=before)
        functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": configured})
    assert stack.post(stack.fields()).status_code == 200


def intake(stack: Running, form: str, signature: str) -> str:
    """The error that the machine intake ends with for a request to /myapp.php?foo=1&bar=2."""
    request = {
        "body": base64.b64encode(form.encode()).decode(),
        "signature": base64.b64encode(signature.encode()).decode(),
        "query": "foo=1&bar=2",
        "path": "/myapp.php",
        "domain": "mycompany.com",
        "stagePath": "/myapp.php",
        "requestId": "r",
        "receivedAtMs": 1732186157000,
    }
    machines = stack.client("stepfunctions")
    arn = next(
        each["stateMachineArn"] for each in machines.list_state_machines()["stateMachines"] if "intake" in each["name"]
    )
    return str(machines.start_sync_execution(stateMachineArn=arn, input=json.dumps(request))["error"])


@pytest.mark.parametrize("name", ["MessageSid", "AccountSid", "From", "To"])
def test_intake_webhook_without_a_required_field_says_which(stack: Running, name: str) -> None:
    fields = [(key, value) for key, value in stack.fields() if key != name]
    answer = stack.post(fields)
    assert answer.status_code == 400
    assert name in str(problem(answer)["detail"])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_intake_other_content_type_is_unsupported(stack: Running, content_type: str) -> None:
    answer = httpx.post(stack.webhook, content=b"{}", headers={"Content-Type": content_type}, timeout=10)
    assert answer.status_code == 415
    problem(answer)


def test_intake_body_beyond_a_message_is_too_large(stack: Running) -> None:
    answer = stack.post([*stack.fields(), ("Padding", "x" * 250_000)])
    assert answer.status_code == 413
    problem(answer)


def test_intake_get_is_no_route(stack: Running) -> None:
    answer = httpx.get(stack.webhook, timeout=10)
    assert answer.status_code == 404
    problem(answer)


def test_intake_failing_secret_is_a_503_that_keeps_nothing(stack: Running) -> None:
    fields = stack.fields()
    functions = stack.client("lambda")
    environment = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=FUNCTION, Environment={"Variables": {**environment, "TWILIO_SECRET_ID": "dragoman/nothing"}}
    )
    try:
        answer = stack.post(fields)
        assert answer.status_code == 503
        problem(answer)
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": environment})
    assert stack.post(fields).status_code == 200
    assert stack.report(dict(fields)["MessageSid"])["reply"]["state"] == "sent"
