"""What the state machines do with the tables."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.aws_models import integration
from tests.contract.shipped import Json, Shipped, State, machine_resource, target, tasks


def item_calls(shipped: Shipped) -> Iterator[tuple[State, str, Json]]:
    """Every DynamoDB call of the machines and every part of a transaction: the task, the table's logical id, "
    "the parameters."""
    for task in tasks(shipped):
        used = integration(task)
        if used is None or used.service != "dynamodb":
            continue
        substitutions = machine_resource(shipped, task.machine)[1]["DefinitionSubstitutions"]
        parameters = task.definition["Parameters"]
        parts = [part for item in parameters.get("TransactItems", []) for part in item.values()]
        parts += [{**part, "TableName": table} for table, part in parameters.get("RequestItems", {}).items()]
        # A transaction that comes whole from a function has none here, nor has what is left of a batch.
        whole = {"TransactItems.$", "RequestItems.$"} & parameters.keys()
        for part in parts or ([] if whole else [parameters]):
            yield task, target(substitutions.get(part["TableName"].strip("${}"), "?")), part


def key_attributes(shipped: Shipped, table: str) -> dict[str, str]:
    """A table's key: attribute names and types."""
    properties = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"]
    types = {item["AttributeName"]: item["AttributeType"] for item in properties["AttributeDefinitions"]}
    return {item["AttributeName"]: types[item["AttributeName"]] for item in properties["KeySchema"]}
