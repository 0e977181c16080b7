"""Starts and stops the service as a process of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[4]


class Serving:
    """`python -m infra.local.ai` on a free port, from enter to exit."""

    def __init__(self, models: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "infra.local.ai", "--port", "0", "--models", str(models), *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        line = self.process.stderr.readline() if self.process.stderr else ""
        found = re.search(r"http://\S+", line)
        assert found, line
        self.url = found.group()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        died = self.process.poll()
        self.process.terminate()
        code = self.process.wait(20)
        if self.process.stderr:
            said = self.process.stderr.read()
            self.process.stderr.close()
            assert (died, code) == (None, 0), said

    def control(self, method: str, path: str, document: Any = None) -> Any:
        """A call to /_ai/*; the JSON answer, whatever the status."""
        body = None if document is None else json.dumps(document).encode()
        return self.send(method, path, body, {})[1]

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        """A bare HTTP call: status and JSON body."""
        request = Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)
