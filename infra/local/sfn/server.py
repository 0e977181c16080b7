"""The HTTP front of ``StepFunctions``: AWS JSON 1.0 on 127.0.0.1. Signatures are not checked."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.sfn.service import ApiError, StepFunctions

_LOG = logging.getLogger(__name__)
_TARGET = "AWSStepFunctions."


class Server(ThreadingHTTPServer):
    """Serves in a thread until ``close``; ``url`` says where."""

    daemon_threads = True

    def __init__(self, service: StepFunctions, port: int) -> None:
        """Bind a port of 127.0.0.1; 0 takes a free one. Raises OSError if it is taken."""
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise OSError(
                f"port {port} of 127.0.0.1 cannot be had ({error.strerror}); choose another with --port"
            ) from error
        self.service = service
        self.refused: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, name="sfn-endpoint", daemon=True).start()

    def close(self) -> None:
        """Stop serving, abort what runs and give the port back."""
        self.shutdown()
        self.service.stop_all()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: unbuffered they wait 40 ms for one another (Nagle and delayed acknowledgement).
    wbufsize = 64 * 1024
    server: Server

    def do_POST(self) -> None:
        """Answer one API call."""
        operation = self.headers.get("X-Amz-Target", "").removeprefix(_TARGET)
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
            self._answer(HTTPStatus.OK, self.server.service.call(operation, request))
        except json.JSONDecodeError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"__type": "SerializationException", "message": str(error)})
        except ApiError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"__type": error.code, "message": str(error)})

    def do_GET(self) -> None:
        """Answer a look in a browser, or a health check."""
        self._answer(HTTPStatus.OK, {"service": "states", "status": "ready"})

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the request line out of the terminal."""
        _LOG.debug(format, *args)

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        payload = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(payload)
