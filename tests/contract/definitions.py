"""Our JSON Schemas among one another."""

from __future__ import annotations

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.contract.shipped import Json, Shipped


def validator(shipped: Shipped, schema: Json) -> Draft202012Validator:
    """A validator that finds our other schemas by their ids."""
    registry: Registry[Json] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in shipped.schemas.values()
    )
    return Draft202012Validator(schema, registry=registry)


def resolved(shipped: Shipped, schema: Json, base: Json = None) -> Json:
    """A schema behind its $ref, if it is one; base is the document that a reference into itself is for."""
    while "$ref" in schema and "properties" not in schema:
        identifier, _, pointer = schema["$ref"].partition("#")
        if identifier:
            base = next(document for document in shipped.schemas.values() if document["$id"] == identifier)
        schema = base
        for step in filter(None, pointer.split("/")):
            schema = schema[step]
    return schema
