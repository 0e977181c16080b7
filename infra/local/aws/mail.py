"""E-mails that SES v2 sends, as files: nothing leaves the machine."""

import base64
import binascii
import email.utils
import itertools
import json
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from infra.local.aws import clients

Json = Any
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Any], Awaitable[Response]]
Check = Callable[..., Response | None]
_PATH = "/v2/email/outbound-emails"
_directory: list[Path] = []
_numbers = itertools.count(1)


class Refused(Exception):
    """What SES would answer BadRequestException to."""


def deliver_to(directory: Path) -> None:
    """Write e-mails into `directory`, readable by its owner only."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _directory[:] = [directory]


def sending(upstream: Handler) -> Handler:
    """Stands in for ministack's SES v2, which keeps e-mails in memory and forgets their attachments.

    Senders and recipients count as verified. Templates stay ministack's.
    """

    async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Response:
        request = _sending(method, path, body)
        if not request:
            return await upstream(method, path, headers, body, query)
        try:
            return _answer(200, {"MessageId": send(request)})
        except Refused as error:
            return _answer(400, {"__type": "BadRequestException", "message": str(error)})

    return handle


def _sending(method: str, path: str, body: bytes) -> Json:
    """SendEmail's request, where it is for an e-mail without a template; else nothing."""
    request = json.loads(body) if (method, path) == ("POST", _PATH) else {}
    return request if {"Simple", "Raw"} & (request.get("Content") or {}).keys() else {}


def permission(request: Mapping[str, Json]) -> tuple[str, list[str], dict[str, str]]:
    """The action that a sending needs, the identities either of which it may be allowed for, and the condition keys.

    docs.aws.amazon.com/ses/latest/dg/control-user-access.html: the sender's address or its domain is the identity; a
    raw message needs `ses:SendRawEmail`.
    """
    action = "ses:SendRawEmail" if "Raw" in request["Content"] else "ses:SendEmail"
    mailbox = request.get("FromEmailAddress") or ""
    sender = mailbox.rpartition("<")[2].rstrip("> ") if "<" in mailbox else mailbox.strip()
    names = [sender, sender.rpartition("@")[2]] if sender else ["*"]
    arns = [f"arn:aws:ses:{clients.REGION}:{clients.ACCOUNT_ID}:identity/{name}" for name in names]
    return action, arns, {"ses:FromAddress": sender} if sender else {}


def permitting(upstream: Check) -> Check:
    """Stands in for ministack's check of who may call SES v2, which knows neither raw messages nor senders."""

    def check(method: str, path: str, headers: Any, body: bytes, *query_and_request: Any) -> Response | None:
        from ministack import app  # noqa: PLC0415 - after its environment is set

        request = _sending(method, path, body)
        if not request:
            return upstream(method, path, headers, body, *query_and_request)
        action, arns, keys = permission(request)
        context = {key.lower(): value for key, value in keys.items()}
        denied = None
        for arn in arns:
            named = {"resource_arn": arn, "named_resource": arn, "service_context": context}
            denied = app._enforce_data_plane("sesv2", action, headers, *query_and_request, **named)
            if denied is None:
                break
        return denied

    return check


def _answer(status: int, body: Json) -> Response:
    kind = {"x-amzn-errortype": body["__type"]} if "__type" in body else {}
    return status, {"Content-Type": "application/json", **kind}, json.dumps(body).encode()


def send(request: Mapping[str, Json]) -> str:
    """Write one e-mail; `request` is SendEmail's. Returns its MessageId. Raises Refused."""
    identity = f"{uuid.uuid4()}-000000"
    content = request["Content"]
    data = _raw(content["Raw"]) if "Raw" in content else _simple(request, content["Simple"], identity)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{next(_numbers)}.eml"
    handle = os.open(_directory[0] / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return identity


def _raw(raw: Mapping[str, Json]) -> bytes:
    data = _decoded(raw.get("Data") or "")
    message = message_from_bytes(data, policy=policy.SMTP)
    for header in ("From", "To"):
        if message[header] is None and (header == "From" or not (message["Cc"] or message["Bcc"])):
            raise Refused(f"Missing required header '{header}'.")
    return data


def _simple(request: Mapping[str, Json], simple: Mapping[str, Json], identity: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    destination = request.get("Destination") or {}
    if not request.get("FromEmailAddress"):
        raise Refused("FromEmailAddress is required")
    if not any(destination.values()):
        raise Refused("Destination is required")
    try:
        _head(message, request, destination, simple, identity)
    except ValueError as error:
        raise Refused(f"Invalid header: {error}") from error
    _body(message, simple)
    return message.as_bytes()


def _head(
    message: EmailMessage, request: Mapping[str, Json], destination: Mapping[str, Json], simple: Json, identity: str
) -> None:
    message["From"] = request["FromEmailAddress"]
    for header, key in (("To", "ToAddresses"), ("Cc", "CcAddresses")):
        if destination.get(key):
            message[header] = ", ".join(destination[key])
    if request.get("ReplyToAddresses"):
        message["Reply-To"] = ", ".join(request["ReplyToAddresses"])
    message["Subject"] = simple["Subject"]["Data"]
    message["Date"] = email.utils.format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{identity}@email.amazonses.com>"
    for header in simple.get("Headers") or []:
        message[header["Name"]] = header["Value"]


def _body(message: EmailMessage, simple: Mapping[str, Json]) -> None:
    text, html = (simple["Body"].get(kind, {}).get("Data") for kind in ("Text", "Html"))
    if text is None and html is None:
        raise Refused("Body must have Text or Html")
    if text is not None:
        message.set_content(text)
    if html is not None and text is not None:
        message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    for attached in simple.get("Attachments") or []:
        _attach(message, attached)


def _attach(message: EmailMessage, attached: Mapping[str, Json]) -> None:
    """An attachment; one with a ContentId that is shown INLINE belongs to the HTML part."""
    kind, _, subtype = (attached.get("ContentType") or "application/octet-stream").partition("/")
    named: Json = {"maintype": kind, "subtype": subtype, "filename": attached["FileName"]}
    html = message.get_body(("html",))
    if attached.get("ContentDisposition") == "INLINE" and attached.get("ContentId") and html is not None:
        html.add_related(_decoded(attached["RawContent"]), cid=f"<{attached['ContentId']}>", **named)
    else:
        message.add_attachment(_decoded(attached["RawContent"]), **named)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("not base64") from error
