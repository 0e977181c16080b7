"""What a function answers to API Gateway's proxy integration."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


def answer(status: int, document: Mapping[str, Any], content_type: str = "application/json", **headers: str) -> Any:
    """A JSON answer: {"statusCode", "headers", "body"}. Header names are written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, "Cache-Control": "no-store", **named},
        "body": json.dumps(document, ensure_ascii=False),
    }


def problem(status: int, detail: str) -> Any:
    """A problem document (schemas/problem.json, RFC 9457)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return answer(status, document, "application/problem+json")
