"""What AWS does by itself when an EC2 instance starts or stops: CloudTrail notes who asked, EventBridge hears of it."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from infra.local.aws import clients

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Any], Awaitable[Response]]
_STATES = {"RunInstances": "running", "StartInstances": "running", "StopInstances": "stopped"}
_ROOT = "root"


def watching(upstream: Handler) -> Handler:
    """Stands in for ministack's EC2, whose CloudTrail knows neither users nor instances, and which tells no bus."""

    async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Response:
        answer = await upstream(method, path, headers, body, query)
        action = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
        if action in _STATES and answer[0] < 400:
            instances = re.findall(r"<instanceId>(i-[0-9a-f]+)</instanceId>", answer[2].decode())
            _note(action, _user(headers), instances)
            for instance in instances:
                _announce(instance, _STATES[action])
        return answer

    return handle


def by_id(upstream: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Stands in for ministack's `_matches_filters`, which lacks the filter `instance-id`."""

    def matches(instance: Any, filters: Any) -> bool:
        wanted = filters.get("instance-id")
        return (wanted is None or instance["InstanceId"] in wanted) and upstream(instance, filters)

    return matches


def _user(headers: Mapping[str, str]) -> str:
    """The name of the IAM user who signed a request."""
    from ministack.services import iam  # noqa: PLC0415 - after its environment is set

    signed = re.search(r"Credential=([^/,]+)/", headers.get("authorization", ""))
    known = iam._access_keys.get(signed[1]) if signed else None
    return str(known["UserName"]) if known else _ROOT


def _note(action: str, user: str, instances: list[str]) -> None:
    from ministack.services import cloudtrail  # noqa: PLC0415

    cloudtrail.record_event(
        service="ec2",
        event_name=action,
        username=user,
        access_key_id="",
        resources=[{"ResourceName": each, "ResourceType": "AWS::EC2::Instance"} for each in instances],
        region=clients.REGION,
        request_id="local",
        user_agent="",
        request_params={},
        method="POST",
    )


def _announce(instance: str, state: str) -> None:
    from ministack.services import eventbridge  # noqa: PLC0415

    entry = {
        "Source": "aws.ec2",
        "DetailType": "EC2 Instance State-change Notification",
        "Detail": json.dumps({"instance-id": instance, "state": state}),
        "Resources": [f"arn:aws:ec2:{clients.REGION}:{clients.ACCOUNT_ID}:instance/{instance}"],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
