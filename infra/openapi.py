"""From infra/api.yaml to what is deployed: `python -m infra.build` writes it to build/api.json.

OpenAPI lists under `security` alternatives of which one is enough. A method of API Gateway has only one way in: an API
key or an authorizer. So each operation that takes either is deployed twice: at its path for API keys, and below /desk
for operators.
"""

import copy
import json
from pathlib import Path
from typing import Any

import yaml

OpenApi = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")
KEY: dict[str, list[str]] = {"apiKey": []}
OPERATOR: dict[str, list[str]] = {"operator": []}
PREFIX = "/desk"


def read(file: Path) -> OpenApi:
    """The OpenAPI document as it is written."""
    document: OpenApi = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def split(document: OpenApi) -> OpenApi:
    """The document with a second operation, below /desk and with an operationId that ends in AtDesk, for each that
    takes either an API key or an operator's token. The document given stays as it is."""
    result = copy.deepcopy(document)
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and KEY in item[method].get("security", []) and OPERATOR in item[method]["security"]:
                result["paths"][path][method]["security"] = [KEY]
                result["paths"].setdefault(PREFIX + path, {})[method] = _at_desk(item[method])
    return result


def _at_desk(operation: OpenApi) -> OpenApi:
    twin = copy.deepcopy(operation)
    twin |= {"operationId": f"{operation['operationId']}AtDesk", "security": [OPERATOR]}
    refused = {"401": twin["responses"]["403"]} if "403" in twin["responses"] else {}
    twin["responses"] = refused | twin["responses"]
    return twin


def write(source: Path, target: Path) -> None:
    """Writes the split document as JSON, which CloudFormation's AWS::Include reads as well as YAML."""
    target.write_text(json.dumps(split(read(source)), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
