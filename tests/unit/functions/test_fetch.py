"""Files of messages, over real HTTP: who gets the credentials, what is followed, how much is taken."""

import base64
import json
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import repeat
from pathlib import Path
from typing import IO, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dragoman.credentials import Credentials
from dragoman.errors import ConfigurationError
from fetch_media import handler as module
from fetch_media.address import Place, media_place, redirect_place
from fetch_media.download import Download, Limits
from fetch_media.errors import (
    MediaForged,
    MediaNotReady,
    MediaTemporarilyUnavailable,
    MediaTooLarge,
    MediaUnavailable,
)
from fetch_media.logic import Reference, fetch
from tests.unit.functions.media_server import MediaServer, file, redirect, serving, status, streamed
from tests.unit.functions.samples import ACCOUNT_SID, MESSAGE_SID, context

MEDIUM = "ME" + "0f" * 16
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{MESSAGE_SID}/Media/{MEDIUM}"
TWILIO = "https://api.twilio.com"
KEY, OTHER_KEY = Credentials("SKkey", "secret:pässword"), Credentials("SKother", "new")
LIMITS = Limits(max_bytes=100_000, seconds=3, answer_seconds=0.5)


class Keys:
    """The API's credentials, which may have been exchanged for others."""

    def __init__(self, later: Credentials | None = None) -> None:
        self.later = later

    def current(self) -> Credentials:
        return KEY

    def renewed(self) -> Credentials | None:
        return self.later


class Kept:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}

    def put(self, key: str, file: IO[bytes], size: int, content_type: str) -> None:
        content = file.read()
        assert len(content) == size
        self.objects[key] = (content, content_type)


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with serving() as started:
        yield started


@pytest.fixture
def other() -> Iterator[MediaServer]:
    with serving() as started:
        yield started


@pytest.fixture
def kept() -> Kept:
    return Kept()


def fetched(server: MediaServer, kept: Kept, keys: Keys | None = None, limits: Limits = LIMITS) -> dict[str, Any]:
    """What comes of the file at PATH of a server that is the configured API."""
    reference = Reference(MESSAGE_SID, ACCOUNT_SID, 0, server.url + PATH)
    return {**fetch(reference, server.url, limits, keys or Keys(), kept)}


def basic(credentials: Credentials) -> str:
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


# --- the way it should go


def test_fetch_file_behind_a_redirect(server: MediaServer, other: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = redirect(f"{other.url}/bytes?token=1")
    other.answers["/bytes?token=1"] = file(b"\xff\xd8\xff picture", "IMAGE/JPEG; charset=binary")
    assert fetched(server, kept) == {"key": f"originals/{MESSAGE_SID}/0", "contentType": "image/jpeg", "bytes": 11}
    assert kept.objects == {f"originals/{MESSAGE_SID}/0": (b"\xff\xd8\xff picture", "image/jpeg")}


def test_fetch_sends_credentials_to_the_api_alone(server: MediaServer, other: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = redirect(f"{other.url}/one")
    other.answers["/one"] = redirect("/two", 302)
    other.answers["/two"] = redirect(f"{server.url}/three", 301)
    server.answers["/three"] = file(b"x")
    fetched(server, kept)
    (asked, headers), (back, later) = server.requests
    assert (asked, headers["authorization"]) == (PATH, basic(KEY))
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert (back, "authorization" in later) == ("/three", False)
    assert [path for path, _ in other.requests] == ["/one", "/two"]
    assert other.sent_credentials() == []


@pytest.mark.parametrize("content_type", [None, "", "nonsense", "text/html\x80", "a/" + "b" * 100])
def test_fetch_without_usable_content_type(server: MediaServer, kept: Kept, content_type: str | None) -> None:
    server.answers[PATH] = file(b"x", content_type)
    assert fetched(server, kept)["contentType"] == "application/octet-stream"


def test_fetch_empty_file(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = file(b"")
    assert fetched(server, kept)["bytes"] == 0


@pytest.mark.parametrize("chunked", [True, False])
def test_fetch_without_content_length(server: MediaServer, kept: Kept, chunked: bool) -> None:
    server.answers[PATH] = streamed(iter([b"abc", b"def"]), chunked)
    assert fetched(server, kept) == {"key": f"originals/{MESSAGE_SID}/0", "contentType": "video/mp4", "bytes": 6}


def test_fetch_compressed_answer_is_kept_as_it_came(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = file(b"bytes")
    fetched(server, kept)
    assert server.requests[0][1]["accept-encoding"] == "identity"


def test_fetch_host_with_an_address_where_nobody_listens(server: MediaServer) -> None:
    server.answers["/x"] = file(b"x")
    place = Place(False, "both.example", server.port, ("127.0.0.2", "127.0.0.1"), "/x", f"{server.url}/x")
    assert Download(LIMITS, lambda *_: place).fetch(place, KEY, BytesIO())[1] == 1


# --- forged addresses


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example{PATH}",
        f"https://api.twilio.com.evil.example{PATH}",
        f"https://evil-api.twilio.com{PATH}",
        f"https://api.evil.twilio.com{PATH}",
        f"https://api.a.b.ie1.twilio.com{PATH}",
        f"https://xapi.twilio.com{PATH}",
        f"https://apiXtwilio.com{PATH}",
        f"http://api.twilio.com{PATH}",
        f"HTTPS://api.twilio.com{PATH}",
        f"https://API.twilio.com{PATH}",
        f"https://user@api.twilio.com{PATH}",
        f"https://user:password@api.twilio.com{PATH}",
        f"https://api.twilio.com@evil.example{PATH}",
        f"https://evil.example#@api.twilio.com{PATH}",
        f"https://evil.example\\@api.twilio.com{PATH}",
        f"https://api.twilio.com:443{PATH}",
        f"https://api.twilio.com:8443{PATH}",
        f"https://api.twilio.com.{PATH}",
        f"https://api.twilio.com\t{PATH}",
        f"//api.twilio.com{PATH}",
        f"file://{PATH}",
        f"ftp://api.twilio.com{PATH}",
        PATH,
        "",
        f"{TWILIO}{PATH}\n",
        f" {TWILIO}{PATH}",
        f"{TWILIO}{PATH}?x=1",
        f"{TWILIO}{PATH}?",
        f"{TWILIO}{PATH}#x",
        f"{TWILIO}{PATH}/",
        f"{TWILIO}{PATH}.json",
        f"{TWILIO}{PATH}0",
        f"{TWILIO}/{PATH}",
        f"{TWILIO}{PATH[:-1]}",
        f"{TWILIO}{PATH}/../../../../../../Accounts.json",
        TWILIO + PATH.replace("/Media/", "%2FMedia%2F"),
        TWILIO + PATH.replace("/Media/", "/Media/../Media/"),
        TWILIO + PATH.replace("/Media/", "//Media/"),
        TWILIO + PATH.replace("ME0f", "ME%30f"),
        TWILIO + PATH.replace("ME0f", "MEٰf"),
        TWILIO + PATH.replace(MEDIUM, "ME" + "0g" * 16),
        TWILIO + PATH.replace(ACCOUNT_SID, "AC" + "0" * 32),
        TWILIO + PATH.replace(ACCOUNT_SID, ACCOUNT_SID.upper()),
        TWILIO + PATH.replace(MESSAGE_SID, "MM" + "0" * 32),
        TWILIO + PATH.replace("/2010-04-01", ""),
        TWILIO + PATH.replace("/2010-04-01", "/2008-08-01"),
        f"http://127.0.0.1:1{PATH}",
        f"http://localhost:9{PATH}",
        f"http://127.0.0.1:9/x{PATH}",
    ],
)
def test_fetch_forged_address_is_refused_before_any_request(url: str, kept: Kept) -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise AssertionError("not even a name may be looked up")

    with pytest.raises(MediaForged):
        media_place(url, ACCOUNT_SID, MESSAGE_SID, "http://127.0.0.1:9", nobody)
    with pytest.raises(MediaForged) as caught:
        fetch(Reference(MESSAGE_SID, ACCOUNT_SID, 0, url), "http://127.0.0.1:9", LIMITS, Keys(), kept)
    assert "evil" not in str(caught.value)
    assert kept.objects == {}


def test_fetch_forged_address_of_a_server_that_listens(server: MediaServer, other: MediaServer, kept: Kept) -> None:
    """The address of another message, on the configured API, and the right one, on another server."""
    wrong = server.url + PATH.replace(MESSAGE_SID, "MM" + "0" * 32)
    for url in (wrong, other.url + PATH):
        with pytest.raises(MediaForged):
            fetch(Reference(MESSAGE_SID, ACCOUNT_SID, 0, url), server.url, LIMITS, Keys(), kept)
    assert server.requests == other.requests == []


@pytest.mark.parametrize(
    ("host", "api_url"),
    [
        ("https://api.twilio.com", TWILIO),
        ("https://api.ie1.twilio.com", TWILIO),
        ("https://api.dublin.ie1.twilio.com", TWILIO),
        ("https://api.sao-paulo.br1.twilio.com", TWILIO),
        ("https://api.twilio.com", "http://127.0.0.1:8090"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("https://twilio.example/proxy", "https://twilio.example/proxy"),
    ],
)
def test_media_place_of_twilio_and_of_the_configured_api(host: str, api_url: str) -> None:
    place = media_place(host + PATH, ACCOUNT_SID, MESSAGE_SID, api_url, lambda *_: ["192.0.2.1"])
    assert place.target.endswith(PATH)
    assert place.host_header == host.split("/")[2]
    assert place.addresses == ("192.0.2.1",)


# --- redirects


NAMES = {
    "cdn.example": ["93.184.216.34"],
    "inside.example": ["10.0.0.7"],
    "half.example": ["93.184.216.34", "169.254.169.254"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "here.example": ["127.0.0.1"],
    "api.twilio.com": ["54.0.0.1"],
}


def lookup(host: str, port: int) -> list[str]:
    return NAMES.get(host, [host])


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/latest/meta-data/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://127.0.0.1/",
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1]/",
        "https://inside.example/",
        "https://half.example/",
        "https://mapped.example/",
        "https://here.example/",
        "http://cdn.example/picture",
        "file:///etc/passwd",
        "ftp://cdn.example/",
        "gopher://cdn.example/",
        "https://user:password@cdn.example/",
        "https://cdn.example:0/",
        "https://cdn.example:99999/",
        "https://cdn.example/a b",
        "https://cdn.example/\r\nX-Injected: 1",
        "https://cdn.example/ä",
        "https://[broken/",
        "javascript:alert(1)",
    ],
)
def test_redirect_to_a_place_that_is_not_public_is_refused(location: str) -> None:
    before = media_place(TWILIO + PATH, ACCOUNT_SID, MESSAGE_SID, TWILIO, lookup)
    with pytest.raises(MediaForged):
        redirect_place(location, before, TWILIO, lookup)


@pytest.mark.parametrize(
    "location", ["https://10.0.0.1/", "http://169.254.169.254/", "http://cdn.example/", "file:///x"]
)
def test_redirect_away_from_a_loopback_api_is_checked_as_well(location: str) -> None:
    api_url = "http://127.0.0.1:8090"
    before = media_place(api_url + PATH, ACCOUNT_SID, MESSAGE_SID, api_url, lookup)
    with pytest.raises(MediaForged):
        redirect_place(location, before, api_url, lookup)


@pytest.mark.parametrize(
    ("location", "host", "target"),
    [
        ("https://cdn.example/a?b=c#d", "cdn.example", "/a?b=c"),
        ("https://cdn.example:8443", "cdn.example:8443", "/"),
        ("/relative", "api.twilio.com", "/relative"),
        ("//cdn.example/x", "cdn.example", "/x"),
        ("https://[2606:2800:220:1::1]/x", "[2606:2800:220:1::1]", "/x"),
    ],
)
def test_redirect_to_a_public_place(location: str, host: str, target: str) -> None:
    before = media_place(TWILIO + PATH, ACCOUNT_SID, MESSAGE_SID, TWILIO, lookup)
    place = redirect_place(location, before, TWILIO, lookup)
    assert (place.secure, place.host_header, place.target) == (True, host, target)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://10.255.255.1/"]
)
def test_fetch_redirect_to_a_forbidden_place(server: MediaServer, kept: Kept, location: str) -> None:
    server.answers[PATH] = redirect(location)
    with pytest.raises(MediaForged):
        fetched(server, kept)
    assert kept.objects == {}


def test_fetch_redirect_loop_ends(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = redirect(PATH)
    with pytest.raises(MediaForged, match="redirects"):
        fetched(server, kept)
    assert len(server.requests) == 4
    assert len(server.sent_credentials()) == 1


def test_fetch_three_redirects_are_followed(server: MediaServer, kept: Kept) -> None:
    for path, location in ((PATH, "/1"), ("/1", "/2"), ("/2", "/3")):
        server.answers[path] = redirect(location)
    server.answers["/3"] = file(b"x")
    assert fetched(server, kept)["bytes"] == 1


def test_fetch_redirect_without_location(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = status(302)
    with pytest.raises(MediaUnavailable):
        fetched(server, kept)


# --- limits


def test_fetch_file_announced_too_large_is_not_read(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = streamed(iter([b"x"]), chunked=False, announced=LIMITS.max_bytes + 1)
    with pytest.raises(MediaTooLarge):
        fetched(server, kept)


@pytest.mark.parametrize("chunked", [True, False])
def test_fetch_endless_file_is_cut_off(server: MediaServer, kept: Kept, chunked: bool) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for piece in repeat(bytes(8_192)):
            sent += len(piece)
            yield piece

    server.answers[PATH] = streamed(endless(), chunked)
    with pytest.raises(MediaTooLarge):
        fetched(server, kept)
    # What the sockets buffer goes on top.
    assert sent < LIMITS.max_bytes + 16 * 1024 * 1024
    assert kept.objects == {}


def test_fetch_largest_file_is_taken(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = file(bytes(LIMITS.max_bytes))
    assert fetched(server, kept)["bytes"] == LIMITS.max_bytes


def test_fetch_silent_server_is_left(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = lambda request: time.sleep(2)
    with pytest.raises(MediaTemporarilyUnavailable, match="TimeoutError"):
        fetched(server, kept, limits=Limits(1000, 3, 0.2))


def test_fetch_dripping_server_is_left(server: MediaServer, kept: Kept) -> None:
    def drops() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b"x"

    server.answers[PATH] = streamed(drops(), chunked=False)
    with pytest.raises(MediaTemporarilyUnavailable):
        fetched(server, kept, limits=Limits(1000, 0.4, 0.3))


# --- failures


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, MediaUnavailable),
        (401, MediaUnavailable),
        (403, MediaUnavailable),
        (404, MediaNotReady),
        (410, MediaUnavailable),
        (429, MediaTemporarilyUnavailable),
        (500, MediaTemporarilyUnavailable),
        (503, MediaTemporarilyUnavailable),
        (204, MediaUnavailable),
        (206, MediaUnavailable),
        (304, MediaUnavailable),
    ],
)
def test_fetch_other_answers(server: MediaServer, kept: Kept, code: int, error: type[Exception]) -> None:
    server.answers[PATH] = status(code)
    with pytest.raises(error) as caught:
        fetched(server, kept)
    assert type(caught.value) is error
    assert kept.objects == {}


def test_fetch_early_404_then_the_file(server: MediaServer, kept: Kept) -> None:
    with pytest.raises(MediaNotReady):
        fetched(server, kept)
    server.answers[PATH] = file(b"x")
    assert fetched(server, kept)["bytes"] == 1


def test_fetch_exchanged_credentials_are_tried_once(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = status(401)
    with pytest.raises(MediaUnavailable):
        fetched(server, kept, Keys(OTHER_KEY))
    assert [headers["authorization"] for _, headers in server.requests] == [basic(KEY), basic(OTHER_KEY)]


def test_fetch_connection_refused(kept: Kept) -> None:
    url = "http://127.0.0.1:9"
    with pytest.raises(MediaTemporarilyUnavailable, match="ConnectionRefusedError"):
        fetch(Reference(MESSAGE_SID, ACCOUNT_SID, 0, url + PATH), url, LIMITS, Keys(), kept)


@pytest.mark.parametrize("chunked", [True, False])
def test_fetch_file_that_breaks_off(server: MediaServer, kept: Kept, chunked: bool) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError

    server.answers[PATH] = streamed(broken(), chunked, announced=8)
    with pytest.raises(MediaTemporarilyUnavailable):
        fetched(server, kept)
    assert kept.objects == {}


def test_fetch_answer_that_is_not_http(server: MediaServer, kept: Kept) -> None:
    server.answers[PATH] = lambda request: (request.wfile.write(b"garbage\r\n\r\n"), None)[1]
    with pytest.raises(MediaTemporarilyUnavailable):
        fetched(server, kept)


# --- encrypted


def certificate(host: str, folder: Path) -> Path:
    """A certificate for that host and its key in one file, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "certificate.pem"
    file.write_bytes(
        signed.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return file


@pytest.mark.parametrize("host", ["cdn.example", "other.example"])
def test_download_checks_the_hosts_certificate(host: str, tmp_path: Path) -> None:
    """The connection goes to the address that was checked, and the certificate has to be that of the name."""
    pem = certificate("cdn.example", tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    trusting = ssl.create_default_context(cafile=pem)
    with serving(served) as server:
        server.answers["/x?y"] = file(b"picture", "image/png")
        place = Place(True, host, server.port, ("127.0.0.1",), "/x?y", f"https://{host}:{server.port}/x?y")
        download, into = Download(LIMITS, lambda *_: place, lambda: trusting), BytesIO()
        if host == "cdn.example":
            assert download.fetch(place, KEY, into) == ("image/png", 7)
            assert server.requests[0][1]["host"] == f"cdn.example:{server.port}"
        else:
            with pytest.raises(MediaTemporarilyUnavailable, match="SSLCertVerificationError"):
                download.fetch(place, KEY, into)
            assert server.requests == []


# --- the handler


EVENT: dict[str, Any] = {
    "messageId": MESSAGE_SID,
    "accountId": ACCOUNT_SID,
    "index": 3,
    "url": TWILIO + PATH,
    "contentType": "image/jpeg",
}


@pytest.mark.parametrize(
    "change",
    [
        {"messageId": "SM1"},
        {"messageId": f"{MESSAGE_SID}/../x"},
        {"messageId": None},
        {"accountId": ""},
        {"index": "0"},
        {"index": -1},
        {"index": True},
        {"url": None},
    ],
)
def test_reference_of_another_shape(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Reference.from_event({**EVENT, **change})


def test_fetch_media_handler(
    server: MediaServer, kept: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWILIO_API_URL", server.url + "/")
    monkeypatch.setattr(module, "credentials", Keys)
    monkeypatch.setattr(module, "Originals", lambda bucket: kept)
    module.settings.cache_clear()
    server.answers[PATH] = file(b"x" * 10)
    result = module.handler({**EVENT, "url": server.url + PATH}, context())
    assert result == {"key": f"originals/{MESSAGE_SID}/3", "contentType": "image/jpeg", "bytes": 10}
    assert json.dumps(result)
    module.settings.cache_clear()


@pytest.mark.parametrize("url", ["api.twilio.com", "ftp://x", "https://x?y", "https://a@x", "https://x:0", "https://"])
def test_fetch_media_unusable_api_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TWILIO_API_URL", url)
    module.settings.cache_clear()
    with pytest.raises(ConfigurationError, match="TWILIO_API_URL"):
        module.settings()
