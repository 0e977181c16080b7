"""AWS's own Step Functions Local, in a container, where Docker answers.

Not tested where there is no Docker. Image, port and variables: the Step Functions guide, "Configuration options for
Step Functions Local" and "Mocked service integrations".
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.sfn.definitions import REGION, ROLE_ARN, Machine, sequential

IMAGE = "amazon/aws-stepfunctions-local"
_MOUNT = "/home/StepFunctionsLocal/MockConfigFile.json"
_READY_SECONDS = 300  # the first start fetches the image


def available() -> bool:
    """Tell whether a Docker daemon answers."""
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def command(port: int, mocks: Path, name: str) -> list[str]:
    """Return the command that runs the container in the foreground."""
    environment = {
        "SFN_MOCK_CONFIG": _MOUNT,
        "WAIT_TIME_SCALE": "0",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return [
        *("docker", "run", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:8083"),
        *("--mount", f"type=bind,readonly,source={mocks.resolve()},target={_MOUNT}"),
        *(part for key, value in environment.items() for part in ("--env", f"{key}={value}")),
        IMAGE,
    ]


class Container:
    """A running Step Functions Local with the machines created in it; ``url`` says where.

    ``refused`` names the machines that this build of 2024 does not take, with its reasons.
    """

    def __init__(self, port: int, mocks: Path, machines: Iterable[Machine]) -> None:
        """Start it and wait until it answers. Raises RuntimeError if it ends, or takes more than five minutes."""
        self.refused: list[str] = []
        self.url = f"http://127.0.0.1:{port}"
        self.name = f"dragoman-sfn-{port}"
        self._process = subprocess.Popen(command(port, mocks, self.name), stdout=subprocess.DEVNULL)
        try:
            self._create(machines)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop the container and wait for it."""
        subprocess.run(["docker", "stop", "--time", "2", self.name], capture_output=True, check=False)
        self._process.wait(30)

    def _create(self, machines: Iterable[Machine]) -> None:
        client = boto3.client(
            "stepfunctions",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._wait(client.list_state_machines)
        for machine in machines:
            definition = sequential(machine.definition)
            try:
                # Only Standard executions keep the history that the tests read.
                client.create_state_machine(name=machine.name, definition=definition, roleArn=ROLE_ARN, type="STANDARD")
            except ClientError as error:
                self.refused.append(f"{machine.name}: {error}")

    def _wait(self, answers: Callable[[], object]) -> None:
        until = time.monotonic() + _READY_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                answers()
            except (BotoCoreError, ClientError):
                time.sleep(0.5)
            else:
                return
        raise RuntimeError("Step Functions Local did not answer; is its image available?")
