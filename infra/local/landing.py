"""What the gateway serves outside the API: one plain page that says where things are."""

from __future__ import annotations

from typing import Any

from infra.local import console
from infra.local.config import Settings


def page(settings: Settings) -> str:
    """The page's text: addresses and examples that can be pasted."""
    report = f"curl -s -H 'x-api-key: {{key}}' {settings.gateway_url}/reports/{{reportId}}"
    return "\n".join(
        [
            "Dragoman is running on this machine.",
            "",
            f"  The console      {settings.console_url}",
            *([f"  A handset        {settings.handset_url}"] if settings.twilio.simulated else []),
            f"  The REST API     {settings.gateway_url}",
            f"  The webhook      {settings.gateway_url}/twilio/messages",
            f"  AWS endpoint     http://127.0.0.1:{settings.ports.aws}",
            f"  Twilio           {settings.twilio_url}",
            "",
            "Text the number:   make text FROM=+12025550100 BODY='¿Dónde está la clínica?'",
            f"Fetch a report:    {report}",
            "",
            "`make run` printed the key; it stands in .dragoman/api-key too.",
            "",
        ]
    )


def app(settings: Settings, site: Any) -> Any:
    """The page as an ASGI application: / is the page, /console/ the site given, everything else is not found."""
    body = page(settings).encode()

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == console.PATH or scope["path"].startswith(f"{console.PATH}/"):
            await site(scope, receive, send)
            return
        found = scope["path"] == "/"
        text = body if found else b"There is nothing here. / says where things are.\n"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    return serve
