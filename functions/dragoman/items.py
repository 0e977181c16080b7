"""DynamoDB's typed attribute values, written without boto3: compose_report only describes items, a state machine puts
them."""

import json
from collections.abc import Mapping

AttributeValue = dict[str, str]


def json_text(document: object) -> str:
    """A document as compact JSON text, for a string attribute that a mapping template prints unchanged."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def item(attributes: Mapping[str, str | int]) -> dict[str, AttributeValue]:
    """An item of string (S) and whole-number (N) attributes, such as {"reportId": {"S": "SM…"}, "expiresAt": {"N":
    "1793…"}}."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in attributes.items()}
