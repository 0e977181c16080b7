"""The console on this machine: the built site, with the headers of the template and this machine's addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra import site
from infra.local.aws import deployed
from infra.local.config import Settings
from infra.local.gateway.site import create_site

PATH = "/console"
# A header that would make a browser insist on HTTPS, which nothing on this machine speaks.
FOR_HTTPS_ALONE = "strict-transport-security"
# How ResponseHeadersPolicy names a header, and what goes over the wire.
SECURITY_HEADERS = {
    "ContentSecurityPolicy": ("content-security-policy", "ContentSecurityPolicy"),
    "FrameOptions": ("x-frame-options", "FrameOption"),
    "ReferrerPolicy": ("referrer-policy", "ReferrerPolicy"),
}


def app(settings: Settings, outputs: Mapping[str, str]) -> Any:
    """The site below /console/ as an ASGI application."""
    policy = next(deployed.resources("AWS::CloudFront::ResponseHeadersPolicy"))
    headers = response_headers(policy.properties["ResponseHeadersPolicyConfig"])
    csp = "content-security-policy"
    headers[csp] = on_this_machine(headers[csp], settings)
    return create_site(site.OUTPUT, headers, lambda: config(settings, outputs))


def config(settings: Settings, outputs: Mapping[str, str]) -> dict[str, Any]:
    """config.json: as on AWS, with this machine's addresses."""
    found = site.config(outputs, number=settings.desk_number)
    found |= {"apiUrl": f"/{settings.stage}", "socketUrl": settings.socket_url}
    found["userPool"] |= {"endpoint": f"http://127.0.0.1:{settings.ports.aws}/"}
    return found


def response_headers(policy: Mapping[str, Any]) -> dict[str, str]:
    """The headers, by lower-case name, that CloudFront would add for a ResponseHeadersPolicyConfig."""
    security = policy.get("SecurityHeadersConfig", {})
    headers = {name: str(security[key][value]) for key, (name, value) in SECURITY_HEADERS.items() if key in security}
    if "ContentTypeOptions" in security:
        headers["x-content-type-options"] = "nosniff"
    if "StrictTransportSecurity" in security:
        headers[FOR_HTTPS_ALONE] = f"max-age={security['StrictTransportSecurity']['AccessControlMaxAgeSec']}"
    custom = policy.get("CustomHeadersConfig", {}).get("Items", [])
    headers |= {item["Header"].lower(): str(item["Value"]) for item in custom}
    return {name: value for name, value in headers.items() if name != FOR_HTTPS_ALONE}


def on_this_machine(policy: str, settings: Settings) -> str:
    """A Content-Security-Policy with the local addresses in the place of AWS's, and with no other change."""
    aws, socket = f"http://127.0.0.1:{settings.ports.aws}", f"ws://127.0.0.1:{settings.ports.gateway}"
    local = re.sub(r"wss://[\w.-]+\.execute-api\.[\w.-]+", socket, policy)
    return re.sub(r"https://(?:cognito-idp|[\w.-]+\.s3)\.[\w.-]+", aws, local)
