"""The endpoint as boto3 sees it, and as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.sfn import docker, strict
from infra.local.sfn.definitions import ROLE_ARN
from infra.local.sfn.server import Server
from infra.local.sfn.service import StepFunctions
from tests.unit.local.sfn import toy

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = Server(StepFunctions(strict.Interpreter(), toy.book()), 0)
    yield server.url
    server.close()


@pytest.fixture(scope="module")
def client(url: str) -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False),
    )


@pytest.fixture(scope="module")
def arn(client: Any) -> str:
    created = client.create_state_machine(
        name="toy", definition=toy.MACHINE.definition, roleArn=ROLE_ARN, type="EXPRESS"
    )
    return str(created["stateMachineArn"])


def finished(client: Any, started: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        described: dict[str, Any] = client.describe_execution(executionArn=started["executionArn"])
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.01)
    raise AssertionError("the execution did not end")


def error_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


def test_machine_is_listed_and_described_as_it_was_created(client: Any, arn: str) -> None:
    assert [machine["name"] for machine in client.list_state_machines()["stateMachines"]] == ["toy"]
    described = client.describe_state_machine(stateMachineArn=arn)
    assert (described["definition"], described["type"]) == (toy.MACHINE.definition, "EXPRESS")


def test_machine_may_be_created_twice_but_not_changed(client: Any, arn: str) -> None:
    same = {"name": "toy", "roleArn": ROLE_ARN, "type": "EXPRESS"}
    assert client.create_state_machine(definition=toy.MACHINE.definition, **same)["stateMachineArn"] == arn
    other = toy.machine({"A": {"Type": "Succeed"}}).definition
    assert error_of(client.create_state_machine, definition=other, **same) == "StateMachineAlreadyExists"


def test_machine_that_does_not_parse_is_refused(client: Any) -> None:
    bad = {"name": "bad", "definition": '{"States": {}}', "roleArn": ROLE_ARN}
    assert error_of(client.create_state_machine, **bad) == "InvalidDefinition"


def test_machine_that_is_deleted_is_gone(client: Any) -> None:
    definition = toy.machine({"A": {"Type": "Succeed"}}).definition
    made = client.create_state_machine(name="short-lived", definition=definition, roleArn=ROLE_ARN)
    client.delete_state_machine(stateMachineArn=made["stateMachineArn"])
    gone = {"stateMachineArn": made["stateMachineArn"]}
    assert error_of(client.describe_state_machine, **gone) == "StateMachineDoesNotExist"


def test_execution_of_a_case_ends_with_its_output(client: Any, arn: str) -> None:
    described = finished(client, client.start_execution(stateMachineArn=f"{arn}#Happy", input='{"text": "x"}'))
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"])["translated"][0] == {"text": "one"}
    assert described["stopDate"] >= described["startDate"]


def test_execution_without_mock_fails_with_the_reason(client: Any, arn: str) -> None:
    described = finished(client, client.start_execution(stateMachineArn=f"{arn}#NoMock"))
    assert (described["status"], described["error"]) == ("FAILED", strict.MOCK_ERROR)
    assert "'Translate'" in described["cause"]


def test_execution_run_synchronously_returns_its_outcome(client: Any, arn: str) -> None:
    outcome = client.start_sync_execution(stateMachineArn=f"{arn}#Refused", name="sync", input="{}")
    assert (outcome["status"], outcome["error"], outcome["cause"]) == ("FAILED", "Refused", "no")


def test_history_comes_in_pages_and_in_reverse(client: Any, arn: str) -> None:
    started = client.start_execution(stateMachineArn=f"{arn}#Happy")
    finished(client, started)
    pages = list(
        client.get_paginator("get_execution_history").paginate(**_of(started), PaginationConfig={"PageSize": 7})
    )
    events = [event for page in pages for event in page["events"]]
    assert len(pages) > 2
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    newest = client.get_execution_history(**_of(started), reverseOrder=True, maxResults=1)["events"]
    assert newest[0]["type"] == "ExecutionSucceeded"


def test_execution_that_is_stopped_is_aborted(client: Any) -> None:
    loop = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    made = client.create_state_machine(name="loop", definition=toy.machine(loop).definition, roleArn=ROLE_ARN)
    started = client.start_execution(stateMachineArn=made["stateMachineArn"])
    assert client.describe_execution(**_of(started))["status"] == "RUNNING"
    time.sleep(0.1)
    client.stop_execution(**_of(started))
    assert finished(client, started)["status"] == "ABORTED"
    listed = client.list_executions(stateMachineArn=made["stateMachineArn"], statusFilter="ABORTED")["executions"]
    assert [execution["executionArn"] for execution in listed] == [started["executionArn"]]
    client.delete_state_machine(stateMachineArn=made["stateMachineArn"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"suffix": "#Nonsense"}, "InvalidArn"),
        ({"suffix": "x"}, "StateMachineDoesNotExist"),
        ({"suffix": "#Happy", "input": "{"}, "InvalidExecutionInput"),
        ({"suffix": "#Happy", "name": "twice"}, "ExecutionAlreadyExists"),
    ],
)
def test_start_refuses_what_aws_refuses(client: Any, arn: str, arguments: dict[str, str], code: str) -> None:
    if arguments.get("name"):
        client.start_execution(stateMachineArn=f"{arn}#Happy", name=arguments["name"])
    given = {key: value for key, value in arguments.items() if key != "suffix"}
    assert error_of(client.start_execution, stateMachineArn=arn + arguments["suffix"], **given) == code


def test_sync_refuses_a_standard_machine(client: Any) -> None:
    definition = toy.machine({"A": {"Type": "Succeed"}}).definition
    made = client.create_state_machine(name="standard", definition=definition, roleArn=ROLE_ARN, type="STANDARD")
    machine = {"stateMachineArn": made["stateMachineArn"]}
    assert error_of(client.start_sync_execution, **machine) == "StateMachineTypeNotSupported"
    client.delete_state_machine(**machine)


def test_operation_that_is_not_served_says_so(client: Any) -> None:
    assert error_of(client.list_activities) == "UnknownOperationException"


def test_docker_command_publishes_on_loopback_and_mounts_the_mocks(tmp_path: Path) -> None:
    command = docker.command(8083, tmp_path / "mocks.json", "name")
    assert "127.0.0.1:8083:8083" in command
    assert any(part.startswith("type=bind,readonly,source=") for part in command)
    assert command[-1] == docker.IMAGE


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "infra.local.sfn", "--engine", "strict", "--port", "0", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    (tmp_path / "toy.asl.json").write_text(toy.MACHINE.definition, "utf-8")
    (tmp_path / "toy.mock.json").write_text(json.dumps(toy.DOCUMENT), "utf-8")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_process_announces_its_machines_and_stops_cleanly(machines: Path, number: signal.Signals) -> None:
    process = start("--machines", str(machines), "--mocks", str(machines))
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    while "Ctrl-C" not in process.stdout.readline():
        pass
    process.send_signal(number)
    _, complaints = process.communicate(timeout=10)
    assert (process.returncode, complaints) == (0, "")
    assert lines[0].startswith("Step Functions on http://127.0.0.1:")
    assert ":stateMachine:toy  (7 cases)" in lines[1]


def test_process_runs_a_command_against_itself_and_returns_its_status(machines: Path) -> None:
    program = "import os, sys, urllib.request as r; r.urlopen(os.environ['DRAGOMAN_SFN_ENDPOINT']).read(); sys.exit(7)"
    process = start("--machines", str(machines), "--mocks", str(machines), "--", sys.executable, "-c", program)
    _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (7, "")


FAKE_DOCKER = """#!{python}
import os, pathlib, sys
here, arguments = pathlib.Path(__file__).parent, sys.argv[1:]
if arguments[0] == "run":
    port = arguments[arguments.index("--publish") + 1].split(":")[1]
    mocks = next(part for part in arguments if part.startswith("type=bind")).split("source=")[1].split(",")[0]
    (here / "pid").write_text(str(os.getpid()))
    empty = here / "empty"
    empty.mkdir()
    options = ["--engine", "strict", "--port", port, "--machines", str(empty), "--mocks", mocks]
    os.execv(sys.executable, [sys.executable, "-m", "infra.local.sfn", *options])
if arguments[0] == "stop":
    os.kill(int((here / "pid").read_text()), 15)
"""


def test_process_uses_docker_where_it_answers(machines: Path, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "docker"
    fake.parent.mkdir()
    fake.write_text(FAKE_DOCKER.format(python=sys.executable), "utf-8")
    fake.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = (
        "import os, boto3; c = boto3.client('stepfunctions', endpoint_url=os.environ['DRAGOMAN_SFN_ENDPOINT'], "
        "region_name='us-east-1', aws_access_key_id='x', aws_secret_access_key='x'); "
        "m = c.list_state_machines()['stateMachines'][0]; print('found', m['name'], m['type']); "
        "c.start_execution(stateMachineArn=m['stateMachineArn'] + '#Happy')"
    )
    options = ["--engine", "auto", "--port", str(port), "--machines", str(machines), "--mocks", str(machines)]
    command = [sys.executable, "-m", "infra.local.sfn", *options, "--", sys.executable, "-c", program]
    path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"by {docker.IMAGE}" in done.stdout
    assert "found toy STANDARD" in done.stdout


def test_process_says_when_its_port_is_taken(url: str, machines: Path) -> None:
    port = url.rpartition(":")[2]
    process = start("--machines", str(machines), "--mocks", str(machines), "--port", port)
    _, complaints = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"port {port}" in complaints
    assert os.linesep not in complaints.strip()


def _of(started: dict[str, Any]) -> dict[str, Any]:
    return {"executionArn": started["executionArn"]}
