"""The mock file format, and the answers of a case."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.sfn import mocks
from tests.unit.local.sfn import toy

ONE = {"Return": 1}


def document(**fields: Any) -> dict[str, Any]:
    return {"StateMachines": {"m": {"TestCases": {"c": {"S": "r"}}}}, "MockedResponses": {"r": {"0": ONE}}, **fields}


def test_answer_counts_invocations_through_ranges() -> None:
    book = mocks.parse(document(MockedResponses={"r": {"0-1": ONE, "2": {"Throw": {"Error": "E", "Cause": "c"}}}}), "f")
    run = book.run("m", "c")
    assert [run.answer("S") for _ in range(3)] == [mocks.Return(1), mocks.Return(1), mocks.Throw("E", "c")]
    assert run.problems == []


def test_answer_beyond_the_last_is_a_problem() -> None:
    run = mocks.parse(document(), "f").run("m", "c")
    run.answer("S")
    with pytest.raises(mocks.MissingMockError):
        run.answer("S")
    assert run.problems == ["case 'c' of 'm' answers state 'S' 1 time(s), not [1]"]


def test_answer_of_state_without_mock_names_state_machine_and_case() -> None:
    run = mocks.parse(document(), "f").run("m", "c")
    with pytest.raises(mocks.MissingMockError, match="case 'c' of 'm' has no mock for state 'Other'"):
        run.answer("Other")


def test_answer_is_a_copy_that_an_interpreter_may_change() -> None:
    run = mocks.parse(document(MockedResponses={"r": {"0-1": {"Return": {"a": 1}}}}), "f").run("m", "c")
    first = run.answer("S")
    assert isinstance(first, mocks.Return)
    first.value.clear()
    assert run.answer("S") == mocks.Return({"a": 1})


def test_runs_of_one_case_count_apart() -> None:
    book = mocks.parse(document(), "f")
    assert book.run("m", "c").answer("S") == book.run("m", "c").answer("S")


def test_unused_names_the_first_answer_nobody_took() -> None:
    run = toy.book().run("toy", "Happy")
    run.answer("Call")
    assert run.unused() == ["Call[1]", "Translate[0]", "Send[0]"]


def test_run_of_unknown_case_names_the_known_ones() -> None:
    with pytest.raises(mocks.MockFileError, match=r"no test case 'x'; its cases: c"):
        mocks.parse(document(), "f").run("m", "x")


@pytest.mark.parametrize(
    ("responses", "reason"),
    [
        ({"r": {"1": ONE}}, "without gaps"),
        ({"r": {"0": ONE, "2": ONE}}, "without gaps"),
        ({"r": {"0-2": ONE, "1": ONE}}, "without gaps"),
        ({"r": {"first": ONE}}, "neither a number nor a range"),
        ({"r": {}}, "no answers"),
        ({"r": {"0": {"Return": 1, "Throw": {}}}}, "either Return or Throw"),
        ({"r": {"0": {"Throw": {"Error": "E"}}}}, "either Return or Throw"),
    ],
)
def test_parse_refuses_malformed_responses(responses: dict[str, Any], reason: str) -> None:
    with pytest.raises(mocks.MockFileError, match=reason):
        mocks.parse(document(MockedResponses=responses), "f")


def test_parse_refuses_unknown_fields() -> None:
    with pytest.raises(mocks.MockFileError, match="MockedResponse"):
        mocks.parse(document(MockedResponse={}), "f")


def test_merge_joins_files_and_refuses_what_is_defined_twice() -> None:
    other = {"StateMachines": {"m": {"TestCases": {"d": {"S": "r"}}}}}
    merged = mocks.merge([("a", document()), ("b", other)])
    assert set(merged["StateMachines"]["m"]["TestCases"]) == {"c", "d"}
    with pytest.raises(mocks.MockFileError, match="b: m: defined twice"):
        mocks.merge([("a", document()), ("b", document(MockedResponses={}))])


def test_merge_refuses_a_case_with_an_undefined_response() -> None:
    with pytest.raises(mocks.MockFileError, match="undefined response 'r'"):
        mocks.merge([("a", document(MockedResponses={}))])


def test_load_reads_a_directory_of_mock_files(tmp_path: Path) -> None:
    (tmp_path / "m.mock.json").write_text(json.dumps(document()), "utf-8")
    (tmp_path / "m.cases.json").write_text("not a mock file", "utf-8")
    assert mocks.load([tmp_path])["MockedResponses"] == {"r": {"0": ONE}}


def test_load_names_a_file_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "m.mock.json").write_text("{", "utf-8")
    with pytest.raises(mocks.MockFileError, match=r"m\.mock\.json"):
        mocks.load([tmp_path])
