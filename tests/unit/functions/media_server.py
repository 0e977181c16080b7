"""A Twilio that serves media over real HTTP, and notes every request that reaches it."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class MediaServer:
    """What it answers by path, and the requests it got: path and headers."""

    port: int
    answers: dict[str, Respond] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sent_credentials(self) -> list[str]:
        """The paths of the requests that carried credentials."""
        return [path for path, headers in self.requests if "authorization" in headers or "cookie" in headers]


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[MediaServer]:
    """A server for the time of a with block, encrypted if it is given a certificate."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            respond = server.answers.get(self.path, status(404))
            try:
                respond(self)
            except OSError:
                # The client has gone, as it should.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    if tls is not None:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    server = MediaServer(http.server_address[1])
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def file(content: bytes, content_type: str | None = "image/jpeg") -> Respond:
    """The bytes with their length."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if content_type is not None:
            request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return respond


def status(code: int, **headers: str) -> Respond:
    """An answer without a body; header names are written with _ for -."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    return respond


def redirect(location: str, code: int = 307) -> Respond:
    return status(code, Location=location, Set_Cookie="session=1")


def streamed(pieces: Iterator[bytes], chunked: bool, announced: int | None = None) -> Respond:
    """Piece by piece: chunked, or until the connection ends, perhaps before the length that was announced."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        request.send_response(200)
        request.send_header("Content-Type", "video/mp4")
        if chunked:
            request.send_header("Transfer-Encoding", "chunked")
        elif announced is not None:
            request.send_header("Content-Length", str(announced))
        request.end_headers()
        for piece in pieces:
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            request.wfile.flush()
        if chunked:
            request.wfile.write(b"0\r\n\r\n")

    return respond
