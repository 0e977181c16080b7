"""How Step Functions' `aws-sdk` integrations of DynamoDB spell the types of attribute values.

They take the Java SDK's member names in PascalCase: `Bool`, `Nul`, `Ss`, `Ns`, `Bs` where the API itself says BOOL,
NULL, SS, NS, BS; the other types are spelled the same. docs.aws.amazon.com/step-functions/latest/dg/
supported-services-awssdk.html: "Parameters in Step Functions are expressed in PascalCase".
"""

from __future__ import annotations

from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from infra.local.aws.asl.errors import runtime_error

Json = Any
API: Final = {"Bool": "BOOL", "Nul": "NULL", "Ss": "SS", "Ns": "NS", "Bs": "BS"}
SDK: Final = {api: sdk for sdk, api in API.items()}


def to_api(value: Json, shape: Shape | None) -> Json:
    """Parameters as the API spells them. Raises States.Runtime for a type spelled as only the API does."""
    return _respelled(value, shape, API, refused=SDK)


def to_sdk(value: Json, shape: Shape | None) -> Json:
    """An answer as Step Functions spells it."""
    return _respelled(value, shape, SDK, refused={})


def _respelled(value: Json, shape: Shape | None, spelling: dict[str, str], refused: dict[str, str]) -> Json:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        renamed = spelling if shape.name == "AttributeValue" else {}
        if wrong := [key for key in value if shape.name == "AttributeValue" and key in refused]:
            raise runtime_error(f"The field {wrong[0]!r} is not supported by Step Functions: {refused[wrong[0]]!r} is")
        members = shape.members
        return {
            renamed.get(key, key): _respelled(each, members.get(_in_model(key)), spelling, refused)
            for key, each in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_respelled(each, shape.member, spelling, refused) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _respelled(each, shape.value, spelling, refused) for key, each in value.items()}
    return value


def _in_model(key: str) -> str:
    return API.get(key, key)
