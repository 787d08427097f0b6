from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.conditions.values import (
    TICKS,
    Scalar,
    boolean,
    folded,
    guid,
    instant,
    moment,
    number,
    text,
)


@pytest.mark.parametrize(
    ("written", "ticks"),
    [
        ("1970-01-01T00:00:00.0Z", 0),
        ("1970-01-01T00:00:00.0000001Z", 1),
        ("1970-01-01T00:00:00.1234567Z", 1_234_567),
        ("1970-01-01T00:00:00.12345678Z", 1_234_567),
        ("1970-01-01T00:00:01Z", TICKS),
        ("1970-01-01T00:01Z", 60 * TICKS),
        ("1970-01-01T00:00:01", TICKS),
        ("1970-01-01t00:00:01z", TICKS),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.5Z", -TICKS // 2),
        ("2025-02-30T00:00:00Z", None),
        ("2025-13-01T00:00:00Z", None),
        ("2025-01-01", None),
        ("noon", None),
        ("", None),
        (20250101, None),
        (True, None),
    ],
)
def test_instant(written: Scalar, ticks: int | None) -> None:
    assert instant(written) == ticks


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_the_moment_it_was_written_at(when: datetime) -> None:
    found = instant(when.isoformat().replace("+00:00", "Z"))
    assert found is not None
    assert moment(found) == when


def test_a_moment_beyond_the_calendar_is_none() -> None:
    assert moment(10**19) is None
    assert moment(10) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("53CA6127-db72-4b80-b1b0-d745d6d5456d", "53ca6127db724b80b1b0d745d6d5456d"),
        ("53ca6127db724b80b1b0d745d6d5456d", "53ca6127db724b80b1b0d745d6d5456d"),
        ("53ca6127", None),
        ("g3ca6127db724b80b1b0d745d6d5456d", None),
        (7, None),
    ],
)
def test_guid(written: Scalar, digits: str | None) -> None:
    assert guid(written) == digits


@pytest.mark.parametrize(
    ("written", "read"),
    [(1, 1), (1.5, 1.5), ("12", 12), ("-1.5", -1.5), ("x", None), (True, None)],
)
def test_number(written: Scalar, read: float | None) -> None:
    assert number(written) == read


def test_other_types() -> None:
    assert (boolean(True), boolean("False"), boolean("no")) == (True, False, None)
    assert boolean(1) is None
    assert (text("A"), text(1)) == ("A", None)
    assert (folded("A"), folded(1)) == ("a", None)
