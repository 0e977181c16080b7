"""The directory: entries over the REST API, and the answer that somebody gets who asks for one."""

from __future__ import annotations

import csv
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import config
from tests.integration.desk import ask, id_token
from tests.integration.stack import Running

CLINIC = {
    "name": 'St. Mary\'s "Open" Clinic',
    "keywords": ["clinic", "doctor", "flu shot"],
    "phone": "+1 202 555 0111",
    "address": "12 Main Street",
    "hours": "Open from Monday to Friday, nine to five.",
    "language": "en",
    "link": "https://clinic.example.org",
}


def call(stack: Running, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
    key = {"x-api-key": stack.settings.api_key()}
    return httpx.request(
        method, f"{stack.settings.gateway_url}{path}", json=json, headers={**key, **headers}, timeout=30
    )


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    return found


@pytest.fixture
def clinic(stack: Running) -> Iterator[dict[str, Any]]:
    """An entry that is gone again after the test."""
    answer = call(stack, "POST", "/directory", CLINIC)
    assert answer.status_code == 201, answer.text
    yield answer.json()
    path = f"/directory/{answer.json()['entryId']}"
    now = call(stack, "GET", path)
    if now.status_code == 200:
        assert call(stack, "DELETE", path, **{"If-Match": now.headers["etag"]}).status_code == 204


def test_entry_is_created_read_replaced_and_deleted(stack: Running) -> None:
    created = call(stack, "POST", "/directory", CLINIC)
    assert created.status_code == 201
    entry = created.json()
    assert {name: entry[name] for name in CLINIC} == CLINIC
    assert (created.headers["etag"], entry["version"]) == ('"1"', 1)
    path = f"/directory/{entry['entryId']}"
    assert created.headers["location"].endswith(path.removeprefix("/"))
    read = call(stack, "GET", path)
    assert (read.json(), read.headers["etag"]) == (entry, '"1"')

    changed = call(stack, "PUT", path, {**CLINIC, "phone": "+1 202 555 0112"}, **{"If-Match": '"1"'})
    assert changed.status_code == 200
    assert (changed.json()["phone"], changed.headers["etag"]) == ("+1 202 555 0112", '"2"')
    assert changed.json()["createdAt"] == entry["createdAt"]

    assert call(stack, "DELETE", path, **{"If-Match": '"2"'}).status_code == 204
    problem(call(stack, "GET", path), 404)


def test_entry_sent_again_under_its_key_is_the_one_that_is_there(stack: Running) -> None:
    key = uuid.uuid4().hex
    first = call(stack, "POST", "/directory", CLINIC, **{"Idempotency-Key": key})
    again = call(stack, "POST", "/directory", CLINIC, **{"idempotency-key": key})
    assert (first.status_code, again.status_code) == (201, 200), again.text
    assert again.json() == first.json()
    assert again.headers["etag"] == '"1"'
    assert again.headers["location"] == first.headers["location"]
    problem(call(stack, "POST", "/directory", {**CLINIC, "name": "Other"}, **{"Idempotency-Key": key}), 409)
    refused = call(stack, "POST", "/directory", CLINIC, **{"Idempotency-Key": "a b"})
    assert "Idempotency-Key" in problem(refused, 400)["detail"]
    path = f"/directory/{first.json()['entryId']}"
    assert call(stack, "DELETE", path, **{"If-Match": '"1"'}).status_code == 204


def test_change_without_the_version_read_or_with_an_old_one_is_refused(stack: Running, clinic: dict[str, Any]) -> None:
    path = f"/directory/{clinic['entryId']}"
    for method, body in (("PUT", CLINIC), ("DELETE", None)):
        problem(call(stack, method, path, body), 428)
        for old in ('"0"', '"7"', "*", 'W/"1"'):
            problem(call(stack, method, path, body, **{"If-Match": old}), 412)
        problem(call(stack, method, "/directory/e0000000000000000", body, **{"If-Match": '"1"'}), 404)
    assert call(stack, "GET", path).json() == clinic


def test_of_editors_at_once_one_wins(stack: Running, clinic: dict[str, Any]) -> None:
    path = f"/directory/{clinic['entryId']}"

    def edit(number: int) -> int:
        body = {**CLINIC, "text": f"Edited by {number}"}
        return call(stack, "PUT", path, body, **{"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(edit, range(6))) == [200, *[412] * 5]
    assert call(stack, "GET", path).json()["version"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"keywords": []},
        {"keywords": ["one two three four"]},
        {"link": "javascript:alert(1)"},
        {"link": "http://insecure.example.org"},
        {"colour": "red"},
        {"hours": "x" * 161},
        {"language": "English!"},
    ],
)
def test_bad_entry_is_refused_with_the_reason(stack: Running, change: dict[str, Any]) -> None:
    assert problem(call(stack, "POST", "/directory", {**CLINIC, **change}), 400)["detail"]


def test_list_pages_by_name(stack: Running) -> None:
    names = ["Zebra shelter", "Ábaco library", "Market"]
    created = [call(stack, "POST", "/directory", {**CLINIC, "name": name}).json() for name in names]
    try:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = stack.get("/directory", limit=1, **cursor).json()
            found += [entry["name"] for entry in page["entries"]]
            if "cursor" not in page:
                break
            cursor = {"cursor": page["cursor"]}
        assert found == ["Ábaco library", "Market", "Zebra shelter"]
        assert problem(stack.get("/directory", cursor="nonsense"), 400)
        assert ask(stack, "GET", "/desk/directory", id_token(stack)).json()["entries"]
    finally:
        for entry in created:
            call(stack, "DELETE", f"/directory/{entry['entryId']}", **{"If-Match": '"1"'})


def test_question_is_answered_from_the_directory_in_their_language(stack: Running, clinic: dict[str, Any]) -> None:
    report = stack.text(From="+12025550170", Body="¿Dónde está la clínica?")
    assert report["directory"]["state"] == "found"
    assert [entry["entryId"] for entry in report["directory"]["entries"]] == [clinic["entryId"]]
    answer = report["reply"]["text"]
    assert CLINIC["address"] in answer
    assert str(CLINIC["phone"]) in answer
    assert "nueve" in answer.lower()  # the hours are translated
    assert [message["body"] for message in stack.sent("+12025550170")] == [answer]


def test_question_nobody_has_an_entry_for_gets_the_acknowledgement(stack: Running, clinic: dict[str, Any]) -> None:
    report = stack.text(From="+12025550171", Body="¿Cuándo llega el próximo tren a Madrid?")
    assert report["directory"] == {"state": "none", "entries": [], "answer": ""}
    assert clinic["address"] not in report["reply"]["text"]


def test_deleted_entry_answers_nothing_more(stack: Running) -> None:
    entry = call(stack, "POST", "/directory", {**CLINIC, "keywords": ["xylophone"]}).json()
    words = "Where is the xylophone, please, my friend?"
    assert stack.text(From="+12025550172", Body=words)["directory"]["state"] == "found"
    call(stack, "DELETE", f"/directory/{entry['entryId']}", **{"If-Match": '"1"'})
    assert stack.text(From="+12025550172", Body=words)["directory"]["state"] == "none"


def tool(stack: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `make directory-import` and `directory-export` run."""
    command = [sys.executable, "-m", "infra.directory", *arguments]
    return subprocess.run(
        command, cwd=config.ROOT, env=stack.environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_csv_goes_in_with_a_report_of_bad_rows_and_comes_out_again(stack: Running, tmp_path: Path) -> None:
    file = tmp_path / "entries.csv"
    columns = ["name", "keywords", "phone", "address", "hours", "text", "language", "link", "entryId"]
    good = ["Night shelter", "shelter;bed", "", '1 "Quiet" Road', "", "Beds, and soup", "en", "", ""]
    bad = ["", "nothing", "", "", "", "", "en", "ftp://x", ""]
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([columns, good, bad])
    refused = tool(stack, "import", str(file))
    assert refused.returncode != 0
    assert "3" in refused.stdout + refused.stderr
    assert "name" in refused.stdout + refused.stderr
    assert "Night shelter" not in str(stack.get("/directory", limit=100).json())

    partly = tool(stack, "import", str(file), "--partial")
    assert "1 saved" in partly.stdout
    assert partly.returncode != 0, "rows are still missing"
    listed = {entry["name"]: entry for entry in stack.get("/directory", limit=100).json()["entries"]}
    assert listed["Night shelter"]["address"] == '1 "Quiet" Road'
    written = tmp_path / "out.csv"
    assert tool(stack, "export", str(written)).returncode == 0
    with written.open(encoding="utf-8-sig", newline="") as source:
        rows = {row["name"]: row for row in csv.DictReader(source)}
    assert rows["Night shelter"]["entryId"] == listed["Night shelter"]["entryId"]
    path = f"/directory/{listed['Night shelter']['entryId']}"
    assert call(stack, "DELETE", path, **{"If-Match": '"1"'}).status_code == 204
