"""The console's headers on this machine."""

from __future__ import annotations

from pathlib import Path

from infra.local import config, console

SETTINGS = config.Settings(
    state_dir=Path("state"),
    models_dir=Path("models"),
    ports=config.Ports(gateway=9001, aws=9002),
    twilio=config.Twilio("AC", (), "", ""),
)


def test_policy_names_this_machine_in_the_place_of_aws_and_keeps_the_rest() -> None:
    policy = (
        "default-src 'none'; script-src 'self'; img-src 'self' data: https://media-1.s3.us-east-1.amazonaws.com; "
        "connect-src 'self' https://cognito-idp.us-east-1.amazonaws.com "
        "wss://abc123.execute-api.us-east-1.amazonaws.com; base-uri 'none'"
    )
    assert console.on_this_machine(policy, SETTINGS) == (
        "default-src 'none'; script-src 'self'; img-src 'self' data: http://127.0.0.1:9002; connect-src 'self' "
        "http://127.0.0.1:9002 ws://127.0.0.1:9001; base-uri 'none'"
    )


def test_headers_are_those_of_the_policy_but_for_https() -> None:
    policy = {
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'none'", "Override": True},
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": "DENY", "Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
            "StrictTransportSecurity": {"AccessControlMaxAgeSec": 1, "Override": True},
        },
        "CustomHeadersConfig": {"Items": [{"Header": "Permissions-Policy", "Value": "camera=()", "Override": True}]},
    }
    assert console.response_headers(policy) == {
        "content-security-policy": "default-src 'none'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=()",
    }
