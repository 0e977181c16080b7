"""An operator without a browser: signs in, buys a ticket, holds a WebSocket, sends frames and reads what comes."""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from infra.local.config import OPERATORS
from tests.integration.stack import Running

Frame = dict[str, Any]
WAIT_SECONDS = 60


def id_token(stack: Running, email: str = OPERATORS[0]) -> str:
    """What Cognito gives an operator who signs in."""
    outputs = stack.outputs()
    answer = stack.client("cognito-idp").admin_initiate_auth(
        UserPoolId=outputs["UserPoolId"],
        ClientId=outputs["UserPoolClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": stack.settings.desk_password()},
    )
    return str(answer["AuthenticationResult"]["IdToken"])


def ask(stack: Running, method: str, path: str, token: str | None, **options: Any) -> httpx.Response:
    """A request to the REST API with an operator's token, or without."""
    headers = {"Authorization": token} if token is not None else {}
    return httpx.request(method, f"{stack.settings.gateway_url}{path}", headers=headers, timeout=30, **options)


def ticket(stack: Running, token: str, **details: str) -> str:
    """A ticket for the WebSocket API, bought with a token."""
    answer = ask(stack, "POST", "/desk/tickets", token, json=details)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"])


def message_id() -> str:
    """An operator's message id that nobody used before."""
    return f"DM{uuid.uuid4().hex}"


class Console:
    """A connected operator. `frames` holds everything that came, oldest first."""

    def __init__(self, stack: Running, email: str = OPERATORS[0], **details: str) -> None:
        self.frames: list[Frame] = []
        self._stack, self._news = stack, queue.Queue[Frame]()
        self.token = id_token(stack, email)
        self.socket: ClientConnection = connect(
            f"{stack.settings.socket_url}?ticket={ticket(stack, self.token, **details)}", max_size=None, proxy=None
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def _listen(self) -> None:
        try:
            for text in self.socket:
                self._news.put(json.loads(text))
        except ConnectionClosed:
            pass

    def send(self, frame: Frame | str) -> None:
        """Sends a frame, or whatever text."""
        self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    def call(self, action: str, **rest: Any) -> Frame:
        """Sends a frame and waits for its answer, known by its `ref`."""
        ref = uuid.uuid4().hex
        self.send({"action": action, "ref": ref, **rest})
        return self.wait(lambda frame: frame.get("ref") == ref)

    def wait(self, wanted: Callable[[Frame], bool], seconds: float = WAIT_SECONDS) -> Frame:
        """The first frame, of those that came or will come, for which `wanted` holds. Fails after `seconds`."""
        deadline = time.monotonic() + seconds
        for frame in self.frames:
            if wanted(frame):
                return frame
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.frames.append(self._news.get(timeout=left))
            except queue.Empty:
                break
            if wanted(self.frames[-1]):
                return self.frames[-1]
        raise AssertionError(f"nothing after {seconds} s; came: {[frame.get('type') for frame in self.frames]}")

    def message(self, message_id: str) -> Frame:
        """The pushed message with this id."""
        return self.wait(lambda frame: frame["type"] == "message" and frame["messageId"] == message_id)

    def status(self, message_id: str, status: str) -> Frame:
        """The pushed status of a message."""
        return self.wait(lambda f: f["type"] == "status" and f["messageId"] == message_id and f["status"] == status)
