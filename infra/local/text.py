"""`make text`: texts the number through the simulated Twilio, prints the report and the answer when they are there."""

from __future__ import annotations

import base64
import json
import mimetypes
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from infra.local import config

PATIENCE_SECONDS = 60


class TextError(Exception):
    """The message could not be sent or its report did not come; the text says what to do."""


def medium(path: Path) -> dict[str, str]:
    """A file as the simulated Twilio takes it: its type by its name, as a telephone would say.

    Raises:
        TextError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TextError(f"{path} cannot be read: {error.strerror}") from error
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {"contentType": content_type, "data": base64.b64encode(data).decode()}


def send(settings: config.Settings, sender: str, body: str, media: list[Path]) -> str:
    """Sends a signed message, with files that the simulated Twilio serves; returns its MessageSid."""
    message = {"from": sender, "to": settings.desk_number, "body": body, "media": [medium(path) for path in media]}
    answer = httpx.post(
        f"{settings.twilio_url}/_sim/messages",
        json=message,
        timeout=30,
    )
    answer.raise_for_status()
    sent = answer.json()
    if sent["status"] != 200:
        raise TextError(f"The front door answered {sent['status']}: {sent['body'].strip()}")
    return str(sent["sid"])


def await_report(settings: config.Settings, report_id: str, patience: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """The report of a message, once it is there and its reply is settled (or patience is at its end)."""
    key = settings.api_key()
    deadline = time.monotonic() + patience
    report: dict[str, Any] | None = None
    while time.monotonic() < deadline:
        answer = httpx.get(f"{settings.gateway_url}/reports/{report_id}", headers={"x-api-key": key}, timeout=10)
        if answer.status_code == 200:
            report = answer.json()
            if report["reply"]["state"] != "pending":
                return report
        elif answer.status_code != 404:
            raise TextError(f"The report API answered {answer.status_code}: {answer.text.strip()}")
        time.sleep(0.1)
    if report is None:
        raise TextError(f"No report after {patience:.0f} s. `make redrive` shows whether the message is parked.")
    return report


def main() -> int:
    """Command line; FROM, BODY and MEDIA come from the environment, as `make text` passes them."""
    settings = config.load()
    sender = os.environ.get("FROM") or "+12025550100"
    body = os.environ.get("BODY", "")
    media = [Path(name) for name in os.environ.get("MEDIA", "").split(",") if name]
    if not body and not media:
        print("Say what to text: make text FROM=+12025550100 BODY='¿Dónde está la clínica?'", file=sys.stderr)
        print("or send a photo:  make text FROM=+12025550100 MEDIA=photo.jpg", file=sys.stderr)
        return 2
    if not settings.twilio.simulated:
        print("With real Twilio credentials, text your number from a telephone.", file=sys.stderr)
        return 2
    try:
        report = await_report(settings, send(settings, sender, body, media))
    except httpx.ConnectError:
        print("Dragoman does not answer. Start it in another terminal with: make run", file=sys.stderr)
        return 1
    except (TextError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(report, ensure_ascii=False, indent=2))
    if report["reply"]["state"] == "sent":
        print(f"\nAnswered to {sender} ({report['reply']['language']}): {report['reply']['text']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
