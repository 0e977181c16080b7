"""CloudFormation handlers for resource types ministack does not know."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from infra.local.aws import schedules

Properties = dict[str, Any]
Created = tuple[str, dict[str, str]]
# The parts of a WebSocket API that ministack has no place for. Their properties in the stack's record are all that our
# gateway needs (see apis.socket_api).
_KEPT = (
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::IntegrationResponse",
    "AWS::ApiGatewayV2::Model",
    "AWS::ApiGatewayV2::RouteResponse",
)


def register() -> None:
    """Add our handlers to ministack's table."""
    from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS  # noqa: PLC0415

    # ministack's own handler forgets most of a schedule.
    _RESOURCE_HANDLERS.pop("AWS::Scheduler::Schedule", None)
    for kind, create, delete in (
        ("AWS::Scheduler::Schedule", schedules.create, schedules.delete),
        ("AWS::Events::Archive", _archive_create, _archive_delete),
        ("AWS::Events::Connection", _connection_create, _connection_delete),
        *((kind, _kept_create, _kept_delete) for kind in _KEPT),
    ):
        _RESOURCE_HANDLERS.setdefault(
            kind,
            {
                "create": create,
                "update": _recreating(create, delete),
                "update_with_logical_id": True,
                "delete": delete,
            },
        )


def _recreating(create: Callable[..., Created], delete: Callable[..., None]) -> Callable[..., Created]:
    def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        delete(physical_id, old)
        return create(logical_id, new, stack)

    return update


def _checked(kind: str, response: tuple[int, Any, Any]) -> dict[str, Any]:
    """The body of a service's answer. Raises ValueError, which CloudFormation reports as the resource's reason."""
    status, _headers, body = response
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise ValueError(f"{kind}: {answer.get('message', answer)}")
    return answer


def _archive_create(logical_id: str, properties: Properties, stack: str) -> Created:
    from ministack.services import eventbridge  # noqa: PLC0415

    name = properties.get("ArchiveName") or f"{stack}-{logical_id}"[:48]
    pattern = properties.get("EventPattern", "")
    request = {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "EventPattern": pattern if isinstance(pattern, str) else json.dumps(pattern),
        "RetentionDays": int(properties.get("RetentionDays", 0)),
    }
    answer = _checked("AWS::Events::Archive", eventbridge._create_archive(request))
    return name, {"Arn": answer["ArchiveArn"], "ArchiveName": name}


def _archive_delete(physical_id: str, _properties: Properties) -> None:
    from ministack.services import eventbridge  # noqa: PLC0415

    eventbridge._delete_archive({"ArchiveName": physical_id})


def _connection_create(logical_id: str, properties: Properties, stack: str) -> Created:
    """A connection with the ARNs AWS gives it: both end in an id, and the credentials have a secret of their own."""
    from ministack.services import eventbridge  # noqa: PLC0415

    name = properties.get("Name") or f"{stack}-{logical_id}"[:64]
    request = {**properties, "Name": name}
    answer = _checked("AWS::Events::Connection", eventbridge._create_connection(request))
    identity = uuid.uuid4()
    record = eventbridge._connections[name]
    record["ConnectionArn"] = f"{answer['ConnectionArn']}/{identity}"
    region, account = answer["ConnectionArn"].split(":")[3:5]
    record["SecretArn"] = f"arn:aws:secretsmanager:{region}:{account}:secret:events!connection/{name}/{identity}-local0"
    return name, {"Arn": record["ConnectionArn"], "SecretArn": record["SecretArn"]}


def _connection_delete(physical_id: str, _properties: Properties) -> None:
    from ministack.services import eventbridge  # noqa: PLC0415

    eventbridge._delete_connection({"Name": physical_id})


def _kept_create(logical_id: str, properties: Properties, stack: str) -> Created:
    """A resource that lives in the stack's record alone. Raises ValueError without an ApiId, which all of them need."""
    if not properties.get("ApiId"):
        raise ValueError("Properties validation failed: required key [ApiId] not found")
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{stack}/{logical_id}").hex[:7], {}


def _kept_delete(physical_id: str, _properties: Properties) -> None:
    """Nothing: the record goes with its stack."""
