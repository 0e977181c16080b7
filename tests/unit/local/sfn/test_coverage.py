"""What counts as taken."""

from infra.local.sfn import coverage, strict
from tests.unit.local.sfn import toy

INTERPRETER = strict.Interpreter()


def covered(*cases: str) -> coverage.Coverage:
    program = INTERPRETER.program(toy.MACHINE)
    taken: set[coverage.Item] = set()
    for case in cases:
        taken |= coverage.taken_by(INTERPRETER.run(toy.MACHINE, toy.book().run("toy", case)), program)
    return coverage.Coverage("toy", coverage.items_of(toy.MACHINE.definition), frozenset(taken))


def test_missing_is_empty_when_the_cases_take_everything() -> None:
    assert covered("Happy", "Refused", "Moved").missing() == []


def test_missing_names_catch_default_and_state_that_nobody_took() -> None:
    assert covered("Happy").missing() == [
        ("catch", "Send", "0 States.Http.StatusCode.400"),
        ("choice", "Accepted?", "Default Refused"),
        ("state", "Refused", ""),
    ]


def test_missing_does_not_take_a_caught_state_for_one_that_went_on() -> None:
    missing = covered("Refused").missing()
    assert ("next", "Send", "Accepted?") in missing
    assert ("retry", "Send", "0 States.Http.StatusCode.429") in missing
    assert ("next", "Call", "Each") not in missing


def test_taken_is_never_more_than_there_is() -> None:
    found = covered("Happy", "Refused", "Moved", "Throttled", "NeverCalled")
    assert found.taken <= found.items


def test_table_shows_each_machine_and_names_what_is_missing() -> None:
    lines = coverage.table([covered("Happy")])
    assert lines[0].split() == ["machine", *coverage.KINDS, "taken"]
    assert lines[1].split() == ["toy", "8/9", "7/7", "1/2", "2/2", "1/2", "1/1", "87.0%"]
    assert "not taken: toy choice Accepted? Default Refused" in lines
