"""The gateway's real answers against infra/api.yaml: whatever is asked, the answer is one that is declared."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.config import ROOT
from tests.integration.stack import Running

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "infra" / "api.yaml").read_text(encoding="utf-8"))
API = schemathesis.openapi.from_dict(DOCUMENT)
EXAMPLES = 60
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def answer_to(stack: Running, case: Any, **headers: str) -> httpx.Response:
    """Sends a generated case to the running gateway."""
    arguments = case.as_transport_kwargs(base_url=stack.settings.gateway_url, headers=headers)
    return httpx.request(
        arguments["method"],
        arguments["url"],
        params=arguments.get("params"),
        headers={name: str(value) for name, value in arguments["headers"].items()},
        data=arguments.get("data") if isinstance(arguments.get("data"), dict) else None,
        timeout=30,
    )


def declared(path: str, method: str) -> set[str]:
    """The statuses that the document declares for an operation."""
    return set(DOCUMENT["paths"][path][method]["responses"])


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/reports/{reportId}", "get"),
        ("/reports", "get"),
        ("/questions/{questionId}", "get"),
        ("/questions", "get"),
        ("/twilio/messages", "post"),
    ],
)
def test_openapi_every_answer_is_declared(stack: Running, path: str, method: str) -> None:
    operation = API[path][method]
    seen: set[int] = set()

    @BOUNDED
    @given(case=operation.as_strategy(), with_key=st.booleans())
    def ask(case: Any, with_key: bool) -> None:
        headers = {"x-api-key": stack.settings.api_key()} if with_key else {}
        answer = answer_to(stack, case, **headers)
        # A path parameter that is empty or holds a slash names another route, which is a 404 as well.
        assert str(answer.status_code) in declared(path, method) | {"404"}, (answer.status_code, answer.text[:300])
        assert answer.status_code < 500, answer.text[:300]
        seen.add(answer.status_code)
        if answer.status_code == 200:
            operation.validate_response(schemathesis.Response.from_httpx(answer, verify=False))
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["title"]

    ask()
    assert len(seen) > 1 or method == "post", f"only {seen} was seen"
