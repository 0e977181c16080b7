"""How Step Functions' `aws-sdk` integrations write what an API takes and answers.

Members are in PascalCase whatever the API's own spelling, times are ISO 8601 text, and a value given for a blob becomes
its JSON text: an object, and a string too, with its quotes. (Recorded against AWS for `s3:putObject` by LocalStack's
snapshot `test_aws_sdk_task_service.py::test_s3_put_object[str]`, 13 December 2024: the object holds `"text data"`.)
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from infra.local.aws.asl.errors import runtime_error

Json = Any
_BOTO_NAMES = {"eventbridge": "events", "sfn": "stepfunctions", "cloudwatchlogs": "logs"}


@cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service, by its name in a Resource ARN."""
    return botocore.session.get_session().get_service_model(boto_name(service))


def boto_name(service: str) -> str:
    """botocore's name of a service."""
    return _BOTO_NAMES.get(service, service)


@cache
def modelled(service: str) -> frozenset[str]:
    """Error codes that have an exception class of their own in the SDKs."""
    shapes = model(service).error_shapes
    codes = {shape.metadata.get("error", {}).get("code") for shape in shapes} | {shape.name for shape in shapes}
    return frozenset(code for code in codes if code)


def exception(service: str, code: str, default: str) -> str:
    """The class name in the SDK for Java of an error code; all end in Exception."""
    bare = code.removesuffix("Exception")
    return f"{bare}Exception" if {code, bare, f"{bare}Exception"} & modelled(service) else default


def validate(service: str, operation: str, parameters: Json) -> None:
    """Refuse what the SDK could not send, as Step Functions does: unknown fields and wrong types are States.Runtime."""
    known = model(service)
    if operation not in known.operation_names:
        raise runtime_error(f"{service} has no action {operation}")
    shape = known.operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape) if shape else None
    if report and report.has_errors():
        raise runtime_error(f"The Parameters could not be used to start the Task: [{report.generate_report()}]")


def to_api(service: str, operation: str, parameters: Json) -> Json:
    """Parameters with the API's own members. One spelled as only the API does is none that is known."""
    if operation not in model(service).operation_names:
        raise runtime_error(f"{service} has no action {operation}")
    return _walk(parameters, model(service).operation_model(operation).input_shape, _api_names, _api_value)


def to_sdk(service: str, operation: str, answer: Json) -> Json:
    """An answer as a task returns it."""
    return _walk(answer, model(service).operation_model(operation).output_shape, _sdk_names, _sdk_value)


def _walk(
    value: Json,
    shape: Shape | None,
    names: Callable[[StructureShape], Mapping[str, tuple[str, Shape]]],
    leaf: Callable[[Json, Shape], Json],
) -> Json:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        known = names(shape)
        return {
            known[key][0] if key in known else key: _walk(each, known[key][1] if key in known else None, names, leaf)
            for key, each in value.items()
            if each is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_walk(each, shape.member, names, leaf) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _walk(each, shape.value, names, leaf) for key, each in value.items()}
    return value if shape is None else leaf(value, shape)


def _api_names(shape: StructureShape) -> Mapping[str, tuple[str, Shape]]:
    spelled = {_pascal(name): (name, member) for name, member in shape.members.items()}
    wrong = {name: (f"{name} (not in PascalCase)", member) for name, member in shape.members.items()}
    return {**wrong, **spelled}


def _sdk_names(shape: StructureShape) -> Mapping[str, tuple[str, Shape]]:
    return {name: (_pascal(name), member) for name, member in shape.members.items()}


def _api_value(value: Json, shape: Shape) -> Json:
    return blob(value) if shape.type_name == "blob" else value


def _sdk_value(value: Json, shape: Shape) -> Json:
    if shape.type_name == "timestamp" and isinstance(value, int | float) and not isinstance(value, bool):
        value = datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def blob(value: Json) -> bytes:
    """What stands in a blob for a value of the state's data; bytes are one already."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]
