"""What the stacks on the embedded AWS consist of, as CloudFormation resolved it.

The stack records are persisted with everything else, so nothing needs remembering a second time.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Resource(NamedTuple):
    """A resource of a deployed stack: its physical id (what Ref gives), properties and attributes."""

    stack: str
    logical_id: str
    physical_id: str
    properties: dict[str, Any]
    attributes: dict[str, Any]


def resources(kind: str) -> Iterator[Resource]:
    """The deployed resources of a CloudFormation type such as `AWS::Pipes::Pipe`."""
    from ministack.services import cloudformation  # noqa: PLC0415 - after its environment is set

    for stack_name, stack in list(cloudformation._stacks.items()):
        if stack["StackStatus"].startswith("DELETE_COMPLETE"):
            continue
        for logical_id, record in list((stack.get("_resources") or {}).items()):
            if record["ResourceType"] == kind:
                attributes = record.get("Attributes") or {}
                yield Resource(stack_name, logical_id, record["PhysicalResourceId"], record["Properties"], attributes)
