"""Every schema against its examples and counter-examples, by two validators: jsonschema, which knows all of 2020-12,
and the generated code that the functions carry. They must agree."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from dragoman.validation import ValidationError, validator
from infra.build import BuildError, Project, load_schemas, resolve, validator_code, write_validators

write_validators(Project())

FOLDER = Project().schemas
SCHEMAS = load_schemas(FOLDER)
REGISTRY: Registry[Any] = Registry().with_resources([(s["$id"], Resource.from_contents(s)) for s in SCHEMAS.values()])
EXAMPLES = [(name, index) for name, schema in SCHEMAS.items() for index in range(len(schema["examples"]))]
INVALID = sorted(file.relative_to(FOLDER / "invalid") for file in (FOLDER / "invalid").rglob("*.json"))


def reference(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property and item in a schema, by its path."""
    for name, part in {**schema.get("$defs", {}), **schema.get("properties", {})}.items():
        yield f"{path}/{name}", part
        yield from nodes(part, f"{path}/{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield f"{path}/{keyword}", schema[keyword]
            yield from nodes(schema[keyword], f"{path}/{keyword}")


def objects(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((at, part) for at, part in [(path, schema), *nodes(schema, path)] if part.get("type") == "object")


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_and_introduces_itself(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:dragoman:schema:" + name.replace("/", ":")
    assert schema["title"]
    assert schema["description"]
    assert len(schema["examples"]) >= 2


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_describes_every_property(name: str) -> None:
    silent = [path for path, part in nodes(SCHEMAS[name], name) if not part.get("description") and "$ref" not in part]
    assert silent == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_allows_no_unknown_properties(name: str) -> None:
    assert [path for path, part in objects(SCHEMAS[name], name) if "additionalProperties" not in part] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_has_counter_examples(name: str) -> None:
    assert len([file for file in INVALID if file.parent.as_posix() == name]) >= 2


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_schema_example_is_valid(name: str, index: int) -> None:
    example = SCHEMAS[name]["examples"][index]
    assert [error.message for error in reference(name).iter_errors(example)] == []
    validator(name)(example)


@pytest.mark.parametrize("file", INVALID, ids=str)
def test_schema_counter_example_is_refused(file: Path) -> None:
    name = file.parent.as_posix()
    document = json.loads((FOLDER / "invalid" / file).read_text())
    assert not reference(name).is_valid(document)
    with pytest.raises(ValidationError):
        validator(name)(document)


@pytest.mark.parametrize(("name", "index"), EXAMPLES)
def test_schema_validators_agree_on_damaged_examples(name: str, index: int) -> None:
    """Every value of every example, taken out or put in another type's place."""
    example = SCHEMAS[name]["examples"][index]
    for damaged in damages(example):
        expected = reference(name).is_valid(damaged)
        try:
            validator(name)(damaged)
            accepted = True
        except ValidationError:
            accepted = False
        assert accepted == expected, damaged


def damages(document: Any) -> Iterator[Any]:
    yield from (None, True, -1, "", "x\n", [], {})
    if isinstance(document, dict):
        yield {**document, "unknown": 1}
        for key, value in document.items():
            yield {name: part for name, part in document.items() if name != key}
            for damaged in damages(value):
                yield {**document, key: damaged}
    if isinstance(document, list):
        for index, value in enumerate(document):
            for damaged in damages(value):
                yield [*document[:index], damaged, *document[index + 1 :]]


def test_resolve_unknown_keyword_is_an_error() -> None:
    schema = {"$id": "urn:x", "properties": {"a": {"dependentRequired": {}}}}
    with pytest.raises(BuildError, match="dependentRequired"):
        resolve(schema, schema, {})


@pytest.mark.parametrize("reference_to", ["urn:nowhere", "#/$defs/nothing"])
def test_resolve_dangling_reference_is_an_error(reference_to: str) -> None:
    schema = {"$id": "urn:x", "items": {"$ref": reference_to}}
    with pytest.raises(BuildError, match=r"there is no"):
        resolve(schema, schema, {})


def test_validator_code_imports_only_what_is_cheap() -> None:
    for code in validator_code(SCHEMAS).values():
        imports = [line for line in code.splitlines() if line.startswith(("import ", "from "))]
        assert imports in (
            ["import re", "from dragoman.validation import ValidationError as JsonSchemaValueException"],
            ["from dragoman.validation import ValidationError as JsonSchemaValueException"],
        )
