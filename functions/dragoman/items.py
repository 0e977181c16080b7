"""DynamoDB's typed attribute values, read and written without boto3: state machines get, query and put the items."""

import json
from collections.abc import Mapping
from typing import Any

AttributeValue = dict[str, Any]


def json_text(document: object) -> str:
    """A document as compact JSON text, for a string attribute that a mapping template prints unchanged."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def item(attributes: Mapping[str, str | int]) -> dict[str, AttributeValue]:
    """An item of string (S) and whole-number (N) attributes, such as {"reportId": {"S": "SM…"}, "expiresAt": {"N":
    "1793…"}}."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in attributes.items()}


def plain(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """An item's attributes as plain values. Raises ValueError, TypeError or AttributeError when it is none."""
    return {name: _value(attribute) for name, attribute in attributes.items()}


def _value(attribute: Mapping[str, Any]) -> Any:
    """One value. The SDK integrations of Step Functions write Bool and Null where DynamoDB writes BOOL and NULL."""
    ((kind, value),) = attribute.items()
    match kind.upper():
        case "M":
            return plain(value)
        case "L":
            return [_value(entry) for entry in value]
        case "N":
            return float(value) if set(value) & set(".eE") else int(value)
        case "NULL":
            return None
        case _:
            return value
