"""One file over HTTP: credentials on the first request alone, every redirect checked, bytes and time bounded.

http.client and not a library with pools: each connection goes to the IP address that was checked, and a slow server is
left after the time given, however it drips.
"""

import base64
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import IO

from dragoman.credentials import Credentials
from fetch_media.address import Place
from fetch_media.errors import (
    MediaForged,
    MediaNotReady,
    MediaTemporarilyUnavailable,
    MediaTooLarge,
    MediaUnavailable,
)

REDIRECTS = (301, 302, 303, 307, 308)
MAX_REDIRECTS = 3
CHUNK = 64 * 1024
OCTETS = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")

Follow = Callable[[str, Place], Place]


@dataclass(frozen=True, slots=True)
class Limits:
    """max_bytes of the file; seconds for all of it, and for one answer of the server."""

    max_bytes: int
    seconds: float = 20
    answer_seconds: float = 5


@cache
def public_tls() -> ssl.SSLContext:
    """TLS with the certificates that the machine trusts: loading them takes a while."""
    return ssl.create_default_context()


@dataclass(slots=True)
class Download:
    """A download under way: `follow` checks a redirect's Location and gives its place, or raises MediaForged."""

    limits: Limits
    follow: Follow
    tls: Callable[[], ssl.SSLContext] = public_tls
    started: float = field(default_factory=time.monotonic)

    def fetch(self, place: Place, credentials: Credentials, into: IO[bytes]) -> tuple[str, int]:
        """Writes the file's bytes; returns its media type, as the server names it, and their number.

        Raises MediaForged, MediaTooLarge, MediaUnavailable, MediaNotReady and MediaTemporarilyUnavailable.
        """
        headers = {"Authorization": _basic(credentials)}
        for _ in range(MAX_REDIRECTS + 1):
            try:
                with closing(self._connected(place)) as sock:
                    response = self._answer(place, sock, headers)
                    if response.status == 200:
                        return _media_type(response), self._read(response, sock, into)
            except (OSError, HTTPException) as error:
                raise MediaTemporarilyUnavailable(f"The connection failed ({type(error).__name__})") from None
            location = response.getheader("Location")
            if response.status not in REDIRECTS or not location:
                raise _refusal(response.status)
            place, headers = self.follow(location, place), {}
        raise MediaForged(f"More than {MAX_REDIRECTS} redirects")

    def _connected(self, place: Place) -> socket.socket:
        sock = self._reached(place)
        try:
            return self.tls().wrap_socket(sock, server_hostname=place.host) if place.secure else sock
        except (OSError, ValueError):
            sock.close()
            raise

    def _reached(self, place: Place) -> socket.socket:
        """A connection to the first of the addresses that takes one: a name may also stand for an IPv6 address, where
        nobody listens."""
        *others, last = place.addresses
        for address in others:
            try:
                return socket.create_connection((address, place.port), self._seconds())
            except OSError:
                continue
        return socket.create_connection((last, place.port), self._seconds())

    def _answer(self, place: Place, sock: socket.socket, headers: Mapping[str, str]) -> HTTPResponse:
        connection = HTTPConnection(place.host, place.port)
        connection.sock = sock
        sock.settimeout(self._seconds())
        usual = {"Host": place.host_header, "Accept-Encoding": "identity", "User-Agent": "dragoman"}
        connection.request("GET", place.target, headers={**usual, **headers})
        return connection.getresponse()

    def _read(self, response: HTTPResponse, sock: socket.socket, into: IO[bytes]) -> int:
        announced, received = response.length, 0
        while True:
            if max(received, announced or 0) > self.limits.max_bytes:
                raise MediaTooLarge(f"The file has more than {self.limits.max_bytes} bytes")
            if not response.isclosed():
                sock.settimeout(self._seconds())
            chunk = response.read1(CHUNK)
            if not chunk:
                break
            received += len(chunk)
            into.write(chunk)
        if announced is not None and received < announced:
            raise MediaTemporarilyUnavailable("The file broke off")
        return received

    def _seconds(self) -> float:
        """How long the next answer may take. Raises MediaTemporarilyUnavailable when the time is up."""
        left = self.limits.seconds - (time.monotonic() - self.started)
        if left <= 0:
            raise MediaTemporarilyUnavailable(f"The file took more than {self.limits.seconds:g} s")
        return min(left, self.limits.answer_seconds)


def _basic(credentials: Credentials) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


def _media_type(response: HTTPResponse) -> str:
    """The media type without its parameters; that of unknown bytes when there is none or it is malformed."""
    given = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    return given if MEDIA_TYPE.fullmatch(given) else OCTETS


def _refusal(status: int) -> Exception:
    """What an answer other than the file means: https://www.twilio.com/docs/usage/twilios-response."""
    if status == 404:
        return MediaNotReady("Twilio does not have the file, or not yet")
    if status == 429 or status >= 500:
        return MediaTemporarilyUnavailable(f"Twilio answered {status}")
    return MediaUnavailable(f"Twilio answered {status}", status)
