"""The journal: what is on disk before the answer, what survives a torn write, what replay does."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.app import Gateway, create_app
from infra.local.gateway.errors import GatewayError
from infra.local.gateway.invoker import AwsRequest, AwsResponse
from infra.local.gateway.journal import Entry, Journal
from tests.unit.local.gateway.support import (
    ROLE,
    FakeAws,
    client,
    intake,
    json_response,
    mock,
    operation,
    rest_api,
    succeeded,
)

ENTRY = Entry(1700000000000, "POST", "/local/x", "a=1&b=%20", (("host", "api.test"),), b"Body=\xff\x00hi")
FORM = {"content-type": "application/x-www-form-urlencoded"}
PATHS = {
    "/in": {"post": operation(intake(), "200", "503", operationId="receiveMessage")},
    "/other": {"get": operation(mock(), operationId="other")},
}


def appended(journal: Journal, *entries: Entry) -> None:
    async def run() -> None:
        await asyncio.gather(*(journal.append(entry) for entry in entries))

    asyncio.run(run())


def serving(journal: Journal, aws: FakeAws) -> Gateway:
    return create_app(rest_api(PATHS), aws, journal, journal_operations={"receiveMessage"})


def posted(app: Gateway, count: int = 1) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        async with client(app) as http:
            calls = [http.post("/local/in?q=1", content=f"Body={n}", headers=FORM) for n in range(count)]
            return list(await asyncio.gather(*calls))

    return asyncio.run(run())


def twiml(request: AwsRequest) -> AwsResponse:
    return succeeded({"twiml": "<Response/>"})


@given(st.binary(max_size=200), st.text(max_size=20).map(lambda text: text.encode().hex()))
def test_entry_survives_its_line(body: bytes, query: str) -> None:
    entry = replace(ENTRY, body=body, query=query)
    assert Entry.from_line(entry.to_line()) == entry


def test_entries_are_found_again_by_time_after_reopening(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state" / "journal")
    later = replace(ENTRY, at=ENTRY.at + 5)
    appended(journal, ENTRY, later)
    again = Journal(journal.path)
    assert list(again.entries()) == [ENTRY, later]
    assert list(again.entries(ENTRY.at + 1)) == [later]
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", [1, 9, 30, -1])
def test_torn_last_line_is_cut_off_and_appending_goes_on(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "journal"
    path.write_bytes(ENTRY.to_line() + ENTRY.to_line()[:kept])
    journal = Journal(path)
    assert path.read_bytes() == ENTRY.to_line()
    appended(journal, ENTRY)
    assert len(list(Journal(path).entries())) == 2


def test_damaged_line_in_the_middle_loses_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    damaged = ENTRY.to_line().replace(b"POST", b"PUSH")
    path.write_bytes(ENTRY.to_line() + damaged + ENTRY.to_line())
    assert list(Journal(path).entries()) == [ENTRY, ENTRY]


def test_concurrent_appends_share_their_commits(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    appended(journal, *[ENTRY] * 50)
    assert len(list(journal.entries())) == 50
    assert journal.commits <= 3


def test_truncate_keeps_what_came_after_the_mark(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    appended(journal, ENTRY)
    mark = journal.mark()
    during = replace(ENTRY, at=ENTRY.at + 1)
    appended(journal, during)
    asyncio.run(journal.truncate(mark))
    assert list(journal.entries()) == [during]
    appended(journal, ENTRY)
    assert list(Journal(journal.path).entries()) == [during, ENTRY]
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_accepted_request_is_on_disk_before_its_answer_is_sent(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    app = serving(journal, FakeAws(twiml))
    on_disk: list[int] = []

    async def send(message: Any) -> None:
        on_disk.append(len(list(Journal(journal.path).entries())))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"Body=1", "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    scope = {"type": "http", "method": "POST", "path": "/local/in", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))
    assert on_disk == [1, 1]


def test_refused_and_unmarked_requests_are_not_journaled(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    app = serving(journal, FakeAws(lambda request: json_response({"status": "FAILED", "error": "Forbidden"})))
    assert posted(app)[0].status_code == 403
    assert asyncio.run(_get(app, "/local/other")) == 200
    assert list(journal.entries()) == []


async def _get(app: Gateway, path: str) -> int:
    async with client(app) as http:
        return (await http.get(path)).status_code


def test_replay_submits_the_same_request_again_and_journals_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    first, second = FakeAws(twiml), FakeAws(twiml)
    assert {answer.status_code for answer in posted(serving(journal, first), 20)} == {200}
    size = journal.mark()
    result = asyncio.run(serving(Journal(journal.path), second).replay())
    assert (result.accepted, result.refused) == (20, 0)
    assert sorted(call.body for call in second.calls) == sorted(call.body for call in first.calls)
    assert journal.mark() == size


def test_replay_counts_what_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    appended(journal, ENTRY)
    result = asyncio.run(serving(journal, FakeAws()).replay())
    assert (result.accepted, result.refused) == (0, 1)


def test_request_that_cannot_be_journaled_is_not_acknowledged(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    app = serving(journal, FakeAws(twiml))

    async def full(entry: Entry) -> None:
        raise OSError(28, "No space left on device")

    journal.append = full  # type: ignore[method-assign]
    assert posted(app)[0].status_code == 500


STARTS = "arn:aws:states:eu-west-1:000000000000:stateMachine:question"
CREATE = r"""#set($name = $input.params().header.get('Idempotency-Key'))
#if(!$name || $name == "")#set($name = $context.requestId)#end
{"stateMachineArn":"MACHINE","name":"$name","input":"{\"by\":\"$context.authorizer.claims.sub\"}"}"""


def created() -> dict[str, Any]:
    """An operation that starts an execution named after its request, for operators."""
    integration = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": "arn:aws:apigateway:eu-west-1:states:action/StartExecution",
        "credentials": ROLE,
        "requestTemplates": {"application/json": CREATE.replace("MACHINE", STARTS)},
        "responses": {
            "200": {"statusCode": "202", "responseTemplates": {"application/json": "{}"}},
            "400": {"statusCode": "409", "responseTemplates": {"application/json": "{}"}},
        },
    }
    return operation(integration, "202", "409", operationId="createQuestion", security=[{"operator": []}])


def starting(journal: Journal, aws: FakeAws, allowed: list[bool]) -> Gateway:
    async def operator(_request: Any, _scheme: Any) -> dict[str, Any]:
        if not allowed:
            raise GatewayError("UNAUTHORIZED")
        return {"claims": {"sub": "ada"}}

    scheme: dict[str, Any] = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
    }
    scheme |= {"x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn"]}}
    api = rest_api({"/questions": {"post": created()}}, components={"securitySchemes": {"operator": scheme}})
    operations = ("createQuestion",)
    return create_app(api, aws, journal, journal_operations=operations, authorizers={"operator": operator})


async def _ask(app: Gateway, **headers: str) -> int:
    async with client(app) as http:
        return (await http.post("/local/questions", json={}, headers=headers)).status_code


def test_replayed_start_has_the_name_and_the_caller_of_the_first(tmp_path: Path) -> None:
    """Its token may have expired since; the execution may be running, or have ended."""
    journal = Journal(tmp_path / "journal")
    first = FakeAws()
    app = starting(journal, first, [True])
    assert asyncio.run(_ask(app)) == 202
    assert asyncio.run(_ask(app, **{"Idempotency-Key": "mine"})) == 202
    assert [call.target for call in first.calls] == ["StartExecution"] * 2
    second = FakeAws(lambda _request: json_response({"__type": "ExecutionAlreadyExists"}, 400))
    result = asyncio.run(starting(Journal(journal.path), second, []).replay())
    assert (result.accepted, result.refused) == (2, 0)
    assert sorted(call.body for call in second.calls) == sorted(call.body for call in first.calls)
    assert b'"by\\":\\"ada' in second.calls[0].body


def test_refused_start_is_not_journaled(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    app = starting(journal, FakeAws(lambda _request: json_response({"__type": "ExecutionAlreadyExists"}, 400)), [True])
    assert asyncio.run(_ask(app)) == 409
    assert list(journal.entries()) == []
