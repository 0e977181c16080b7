"""How infra/api.yaml becomes what is deployed."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from infra import openapi

PROBLEM = {"$ref": "#/components/responses/Problem"}


def operation(*security: dict[str, list[str]]) -> openapi.OpenApi:
    return {"operationId": "getThing", "security": list(security), "responses": {"200": {}, "403": PROBLEM}}


def test_split_deploys_an_operation_for_either_twice() -> None:
    document = {"paths": {"/things/{id}": {"get": operation(openapi.KEY, openapi.OPERATOR), "parameters": []}}}
    before = copy.deepcopy(document)
    paths = openapi.split(document)["paths"]
    assert document == before
    assert paths["/things/{id}"]["get"] == operation(openapi.KEY)
    twin = paths["/desk/things/{id}"]["get"]
    assert (twin["operationId"], twin["security"]) == ("getThingAtDesk", [openapi.OPERATOR])
    assert set(twin["responses"]) == {"200", "401", "403"}


def test_split_leaves_everything_else_alone() -> None:
    document = {
        "paths": {
            "/a": {"get": operation(openapi.KEY)},
            "/b": {"post": operation()},
            "/desk/c": {"post": operation(openapi.OPERATOR)},
        }
    }
    assert openapi.split(document) == document


def test_write_gives_json_of_the_shipped_file(tmp_path: Path) -> None:
    source, target = Path(__file__).parents[3] / "infra/api.yaml", tmp_path / "api.json"
    openapi.write(source, target)
    written = json.loads(target.read_text())
    assert written == openapi.split(openapi.read(source))
    shipped = set(openapi.read(source)["paths"])
    assert {path for path in written["paths"] if not path.startswith("/desk/")} == shipped - {"/desk/tickets"}
    assert "/desk/reports/{reportId}" in written["paths"]
