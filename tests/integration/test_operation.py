"""Starting, stopping, crashing, parking and putting back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local import config
from tests.integration.stack import Running, lasting, message_sid, new_stack, until

ENGLISH = "Good morning, I would like to see a doctor today."


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack to stop and kill, which answers a sender twice an hour."""
    running = new_stack(tmp_path_factory.mktemp("own"), DRAGOMAN_REPLIES_PER_HOUR="2", DRAGOMAN_DESK_LANGUAGES="en")
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def depth(stack: Running, output: str) -> int:
    """Messages that can be seen in a queue."""
    url = stack.outputs()[output]
    attributes = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_run_says_where_everything_is(own_stack: Running) -> None:
    output = own_stack.output
    assert own_stack.webhook in output
    assert own_stack.settings.api_key() in output
    assert "make text FROM=" in output
    assert "Portuguese <-> English (neural" in output.replace("Spanish, ", "").replace("\n", " ") or "English" in output


def test_landing_page_says_where_things_are(own_stack: Running) -> None:
    base = f"http://127.0.0.1:{own_stack.settings.ports.gateway}"
    answer = httpx.get(base, timeout=10)
    assert answer.status_code == 200
    assert own_stack.webhook in answer.text
    assert httpx.get(f"{base}/favicon.ico", timeout=10).status_code == 404


def test_run_with_a_busy_port_says_which_and_how_to_move_it(own_stack: Running, tmp_path: Path) -> None:
    second = new_stack(tmp_path, DRAGOMAN_GATEWAY_PORT=str(own_stack.settings.ports.gateway))
    done = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=config.ROOT,
        env=second.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert str(own_stack.settings.ports.gateway) in done.stderr
    assert "DRAGOMAN_GATEWAY_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_text_prints_the_report_and_the_answer(own_stack: Running) -> None:
    environment = {**own_stack.environment, "FROM": "+12025550140", "BODY": ENGLISH}
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.text"],
        cwd=config.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    report = json.loads(done.stdout[: done.stdout.rindex("}") + 1])
    assert report["message"]["text"] == ENGLISH
    assert "Answered to +12025550140 (en)" in done.stdout


def test_reply_rate_stops_a_loop_of_two_machines(own_stack: Running) -> None:
    sender = "+12025550141"
    states = [own_stack.text(From=sender, Body=f"{ENGLISH} {turn}")["reply"]["state"] for turn in range(4)]
    # A clock hour may turn in between, which opens a new window: then one more goes out.
    assert states.count("sent") <= 3
    assert states[-1] == "suppressed" or states.count("suppressed") >= 1
    assert len(own_stack.sent(sender)) == states.count("sent")


def test_poison_message_is_parked_explained_and_put_back(own_stack: Running) -> None:
    sqs, queue = own_stack.client("sqs"), own_stack.outputs()["MessagesQueueUrl"]
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    try:
        event = {"detail-type": "MessageReceived", "source": "dragoman", "detail": {"messageId": message_sid()}}
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
        until(lambda: depth(own_stack, "MessagesDeadLetterQueueUrl") or None, seconds=60)
        listed = redrive(own_stack)
        assert "messages: 1 parked" in listed
        assert event["detail"]["messageId"] in listed  # type: ignore[index]
        assert "messages: 1 put back" in redrive(own_stack, "--queue", "messages")
        until(lambda: depth(own_stack, "MessagesDeadLetterQueueUrl") or None, seconds=60)
        sqs.purge_queue(QueueUrl=own_stack.outputs()["MessagesDeadLetterQueueUrl"])
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=visibility)


def redrive(stack: Running, *arguments: str) -> str:
    """What `make redrive` prints."""
    command = [sys.executable, "-m", "infra.redrive", *arguments]
    done = subprocess.run(
        command, cwd=config.ROOT, env=stack.environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_reports_beyond_the_plans_rate_are_throttled(own_stack: Running) -> None:
    with httpx.Client(headers={"x-api-key": own_stack.settings.api_key()}) as client:
        answers = [client.get(f"{own_stack.settings.gateway_url}/reports/none") for _ in range(80)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["content-type"].startswith("application/problem+json")
    assert refused[0].json()["status"] == 429


def test_second_start_finds_the_data_again(own_stack: Running) -> None:
    report = own_stack.text(From="+12025550142", Body=ENGLISH)
    key = own_stack.settings.api_key()
    assert own_stack.stop() == 0
    assert "Traceback" not in own_stack.output
    own_stack.start()
    assert own_stack.settings.api_key() == key
    assert lasting(own_stack.get(f"/reports/{report['reportId']}").json()) == lasting(report)
    assert own_stack.text(From="+12025550142", Body="thanks")["language"] == {"code": "en", "method": "known"}


def test_killed_stack_loses_no_acknowledged_message(own_stack: Running) -> None:
    posted = [own_stack.fields(From=f"+1202555015{number}", Body=ENGLISH) for number in range(10)]
    for fields in posted:
        assert own_stack.post(fields).status_code == 200
    own_stack.stop(signal.SIGKILL)
    own_stack.start()
    for fields in posted:
        report = own_stack.report(dict(fields)["MessageSid"])
        assert report["message"]["text"] == ENGLISH
    assert own_stack.stop() == 0
