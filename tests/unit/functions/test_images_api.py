"""POST /images and GET /images/{imageId}, as API Gateway calls them."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from compose_image.logic import compose_all
from dragoman.identifiers import IMAGE_ID
from dragoman.presigning import signer
from dragoman.validation import validator
from issue_upload.handler import handler as issue
from issue_upload.handler import settings as issue_settings
from read_image import handler as reading
from tests.unit.functions.pictures import IMAGE_ID as PICTURE
from tests.unit.functions.pictures import UPLOAD_ID
from tests.unit.functions.samples import MESSAGE_SID, context
from tests.unit.functions.test_compose_image import NOW, REFUSED, event, uploaded

TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/heic"]


@pytest.fixture(autouse=True)
def _as_on_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Signing goes nowhere; the addresses should be those of AWS."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    # boto3 remembers its first session, and with it the credentials of another test.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for cached in (signer, issue_settings, reading.settings):
        cached.cache_clear()
    yield
    for cached in (signer, issue_settings, reading.settings):
        cached.cache_clear()


def posted(body: Any, **changes: Any) -> dict[str, Any]:
    """The proxy event of POST /images."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {"httpMethod": "POST", "path": "/images", "body": text, "isBase64Encoded": False, **changes}


def document(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def problem(answer: dict[str, Any], status: int) -> dict[str, Any]:
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (status, "application/problem+json")
    found = document(answer)
    validator("problem")(found)
    assert found["status"] == status
    return found


# --- uploading


@pytest.mark.parametrize("content_type", TYPES)
def test_issue_upload_limits_the_form(content_type: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    answer = issue(posted({"contentType": content_type}), context())
    assert answer["statusCode"] == 201
    issued = document(answer)
    validator("upload")(issued)
    image_id, fields = issued["imageId"], issued["upload"]["fields"]
    assert IMAGE_ID.fullmatch(image_id)
    assert answer["headers"]["Location"] == issued["links"]["self"] == f"/images/{image_id}"
    assert (fields["key"], fields["Content-Type"]) == (f"uploads/{image_id}", content_type)
    assert "${" not in fields["key"]
    policy = json.loads(base64.b64decode(fields["policy"]))
    for condition in (
        {"bucket": "dragoman-media"},
        {"key": f"uploads/{image_id}"},
        {"Content-Type": content_type},
        ["content-length-range", 1, 15 * 1024 * 1024],
        {"x-amz-security-token": "session"},
    ):
        assert condition in policy["conditions"]
    assert not any("starts-with" in condition for condition in policy["conditions"])
    ends = datetime.fromisoformat(policy["expiration"])
    assert before + timedelta(seconds=599) <= ends <= before + timedelta(seconds=605)
    assert abs(ends - datetime.fromisoformat(issued["expiresAt"])) <= timedelta(seconds=2)


def test_issue_upload_address_is_the_buckets_in_its_region() -> None:
    issued = document(issue(posted({"contentType": "image/png"}), context()))
    assert issued["upload"]["url"] == "https://dragoman-media.s3.us-east-1.amazonaws.com/"


def test_issue_upload_address_of_another_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    issued = document(issue(posted({"contentType": "image/png"}), context()))
    assert issued["upload"]["url"] == "http://127.0.0.1:4566/dragoman-media"


def test_issue_upload_ids_differ() -> None:
    ids = {document(issue(posted({"contentType": "image/png"}), context()))["imageId"] for _ in range(20)}
    assert len(ids) == 20


def test_issue_upload_encoded_body() -> None:
    body = base64.b64encode(b'{"contentType": "image/gif"}').decode()
    assert issue(posted(body, isBase64Encoded=True), context())["statusCode"] == 201


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "secret words",
        "[]",
        "{}",
        '"image/png"',
        {"contentType": "image/svg+xml"},
        {"contentType": "application/pdf"},
        {"contentType": "image/png; charset=x"},
        {"contentType": ["image/png"]},
        {"contentType": "image/png", "key": "images/x"},
        "[" * 100_000,
    ],
)
def test_issue_upload_other_bodies(body: Any, capsys: pytest.CaptureFixture[str]) -> None:
    problem(issue(posted(body), context()), 400)
    assert "secret" not in capsys.readouterr().out


def test_issue_upload_body_that_is_not_base64() -> None:
    problem(issue(posted("***", isBase64Encoded=True), context()), 400)


# --- reading


def got(image_id: Any) -> dict[str, Any]:
    """The proxy event of GET /images/{imageId}."""
    return {"httpMethod": "GET", "path": f"/images/{image_id}", "pathParameters": {"imageId": image_id}}


class Table:
    """Table Images in memory."""

    def __init__(self, *events: dict[str, Any]) -> None:
        items = [compose_all(given, 30, NOW)["item"] for given in events]
        self.items = {item["imageId"]["S"]: item for item in items}

    def find(self, table: str, image_id: str) -> dict[str, Any] | None:
        assert table == "dragoman-images"
        return self.items.get(image_id)


@pytest.fixture
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "find", Table(event(), uploaded(REFUSED)).find)


@pytest.mark.usefixtures("_table")
def test_read_image_has_links_made_for_the_answer() -> None:
    answer = reading.handler(got(PICTURE), context())
    assert (answer["statusCode"], answer["headers"]["Cache-Control"]) == (200, "no-store")
    found = document(answer)
    validator("image")(found)
    assert found["links"]["self"] == f"/images/{PICTURE}"
    assert found["links"]["report"] == f"/reports/{MESSAGE_SID}"
    ends = datetime.fromisoformat(found["links"]["expiresAt"])
    assert timedelta(seconds=290) < ends - datetime.now(UTC) <= timedelta(seconds=300)
    for name, key, content_type in (
        ("image", "image.jpg", "image/jpeg"),
        ("small", "small.webp", "image/webp"),
        ("large", "large.webp", "image/webp"),
    ):
        link = urlsplit(found["links"][name])
        query = parse_qs(link.query)
        assert link.netloc == "dragoman-media.s3.us-east-1.amazonaws.com"
        assert link.path == f"/images/{PICTURE}/{key}"
        assert query["X-Amz-Expires"] == ["300"]
        assert query["response-content-type"] == [content_type]
        assert query["X-Amz-Signature"]


@pytest.mark.usefixtures("_table")
def test_read_image_refused_has_no_links_to_files() -> None:
    found = document(reading.handler(got(UPLOAD_ID), context()))
    validator("image")(found)
    assert found["links"] == {"self": f"/images/{UPLOAD_ID}"}
    assert (found["status"], found["reason"]) == ("refused", REFUSED["reason"])


@pytest.mark.usefixtures("_table")
def test_read_image_unknown_id() -> None:
    problem(reading.handler(got("IM" + "0" * 32), context()), 404)


@pytest.mark.parametrize(
    "image_id", [None, "", "x", "IM" + "0" * 31, "IM" + "A" * 32, f"{MESSAGE_SID}", "../reports", 7]
)
def test_read_image_malformed_id(image_id: Any) -> None:
    problem(reading.handler(got(image_id), context()), 400)


def test_read_image_without_path_parameters() -> None:
    problem(reading.handler({"pathParameters": None}, context()), 400)
