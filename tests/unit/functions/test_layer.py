"""The layer's small modules."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.items import item, json_text
from dragoman.times import from_epoch_ms, parse, rfc3339
from dragoman.validation import ValidationError, validator


def test_rfc3339_is_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 21, 12, 0, 0, 1999, timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-11-21T10:00:00.001Z"


@given(st.integers(0, 253402300799999))
def test_from_epoch_ms_loses_nothing(milliseconds: int) -> None:
    moment = parse(from_epoch_ms(milliseconds))
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) == milliseconds


@given(st.integers(0, 253402300799999), st.integers(0, 253402300799999))
def test_from_epoch_ms_text_order_is_time_order(one: int, other: int) -> None:
    assert (one < other) == (from_epoch_ms(one) < from_epoch_ms(other))


@pytest.mark.parametrize("text", ["", "today", "2026-11-21T10:00:00", "2026-13-01T00:00:00Z"])
def test_parse_refuses(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text of datetime's own errors is not ours
        parse(text)


def test_item_types() -> None:
    assert item({"name": "ü", "count": 3}) == {"name": {"S": "ü"}, "count": {"N": "3"}}


def test_json_text_is_compact_and_readable() -> None:
    assert json_text({"a": ["ü", 1]}) == '{"a":["ü",1]}'


def test_validator_unknown_schema() -> None:
    with pytest.raises(ModuleNotFoundError):
        validator("no/such/schema")


def test_validator_does_not_quote_the_value() -> None:
    with pytest.raises(ValidationError) as caught:
        validator("problem")({"type": "about:blank", "title": "x", "status": "+12025550100"})
    assert "status" in str(caught.value)
    assert "2025550" not in str(caught.value)
