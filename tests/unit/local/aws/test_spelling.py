"""How attribute values are spelled on their way into and out of a state machine."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from infra.local.aws import spelling
from infra.local.aws.asl.errors import StateError

MODEL = botocore.session.get_session().get_service_model("dynamodb")
PUT, QUERY = MODEL.operation_model("PutItem"), MODEL.operation_model("Query")


def put(item: dict[str, Any]) -> dict[str, Any]:
    return {"TableName": "things", "Item": item}


def test_types_are_respelled_at_any_depth_and_names_are_not() -> None:
    sdk = {"Ss": {"Ss": ["a"]}, "Bool": {"M": {"Nul": {"L": [{"Bool": True}, {"Nul": True}, {"S": "x"}]}}}}
    api = {"Ss": {"SS": ["a"]}, "Bool": {"M": {"Nul": {"L": [{"BOOL": True}, {"NULL": True}, {"S": "x"}]}}}}
    assert spelling.to_api(put(sdk), PUT.input_shape) == put(api)
    assert spelling.to_sdk({"Items": [api], "Count": 1}, QUERY.output_shape) == {"Items": [sdk], "Count": 1}


@pytest.mark.parametrize(("kind", "value"), [("SS", ["a"]), ("NS", ["1"]), ("BOOL", True), ("NULL", True)])
def test_a_type_spelled_as_only_the_api_does_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(StateError, match=r"States\.Runtime") as refused:
        spelling.to_api(put({"id": {kind: value}}), PUT.input_shape)
    assert "not supported by Step Functions" in str(refused.value.cause)
