"""API Gateway's request validators: required parameters, and the body against a JSON Schema draft 4 model.

Imports jsonschema only when an API declares a model (it costs 80 ms).
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from infra.local.gateway.errors import GatewayError
from infra.local.gateway.model import Validation

if TYPE_CHECKING:
    from jsonschema import ValidationError

Checker = Callable[[str], list[str]]
"""Gives the errors of a body text; none if it is valid."""

_PLACES = {"query": "querystring", "header": "header", "path": "path"}


def check_parameters(validation: Validation, parameters: Mapping[str, Mapping[str, str]]) -> None:
    """Raises BAD_REQUEST_PARAMETERS for a required parameter that is missing or blank."""
    missing = [n for place, n in validation.parameters if not (parameters[_PLACES[place]].get(n) or "").strip()]
    if missing:
        message = f"Missing required request parameters: [{', '.join(missing)}]"
        raise GatewayError("BAD_REQUEST_PARAMETERS", message)


def check_body(validation: Validation, checkers: Mapping[str, Checker], media_type: str, body: str) -> None:
    """Raises BAD_REQUEST_BODY if the model for the content type refuses the body; without a model it passes."""
    checker = checkers.get(media_type)
    if checker is None:
        if validation.body_required and not body:
            raise GatewayError("BAD_REQUEST_BODY", validation="[required body is missing]")
        return
    if not body and not validation.body_required:
        return
    if errors := checker(body):
        raise GatewayError("BAD_REQUEST_BODY", validation=f"[{', '.join(errors)}]")


def body_checkers(validation: Validation, document: Mapping[str, Any]) -> dict[str, Checker]:
    """One checker for each content type that has a model; ``document`` is where its ``$ref`` point."""
    return {media: _checker(schema, document) for media, schema in (validation.models or {}).items()}


def _checker(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Checker:
    from jsonschema import Draft4Validator  # noqa: PLC0415 - see the module's docstring

    validator = Draft4Validator({**schema, "components": document.get("components", {})})

    def check(body: str) -> list[str]:
        try:
            value = json.loads(body)
        except ValueError:
            return ["the body is not JSON"]
        return [_describe(error) for error in validator.iter_errors(value)]

    return check


def _describe(error: "ValidationError") -> str:
    """What failed and where, without the value: a validation error must not put the caller's data into a log."""
    where = "/".join(map(str, error.absolute_path))
    if error.validator == "required" and isinstance(error.validator_value, list) and isinstance(error.instance, dict):
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"object has missing required properties ({json.dumps(missing)})" + (f" at /{where}" if where else "")
    return f"{error.validator} does not hold at /{where}"
