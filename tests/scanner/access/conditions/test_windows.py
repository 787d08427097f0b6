from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.conditions import (
    Literal,
    Request,
    Tri,
    as_of,
    evaluate,
    lint,
    parse,
    time_window,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def after(moment: str) -> str:
    return f"@Environment[UtcNow] DateTimeGreaterThan '{moment}T00:00:00.0Z'"


def before(moment: str) -> str:
    return f"@Environment[UtcNow] DateTimeLessThan '{moment}T00:00:00.0Z'"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{after('2026-01-01')} AND {before('2027-01-01')}", None),
        (f"{after('2026-01-01')} AND {before('2026-06-01')}", "the grant is dead"),
        (f"{after('2027-01-01')} AND {before('2027-06-01')}", "opens only at 2027-01"),
        (f"{after('2025-01-01')} AND {before('2045-01-01')}", "one window of 20.0"),
        (f"{after('2027-01-01')} AND {before('2026-01-01')}", "never allows anything"),
        (f"NOT ({before('2025-01-01')} OR {after('2045-01-01')})", "one window of"),
        (f"{after('2025-01-01')} AND true AND {before('2045-01-01')}", "one window"),
        (f"true OR ({after('2027-01-01')} AND {before('2026-01-01')})", None),
        (
            f"1 Odd 1 OR ({after('2027-01-01')} AND {before('2026-01-01')})",
            "never allows anything",
        ),
        (f"{before('2025-01-01')} OR {before('2027-01-01')}", None),
        (f"{before('2025-01-01')}", "the grant is dead"),
        (f"{after('2025-01-01')}", None),
        (f"{after('2025-01-01')} OR {before('2045-01-01')}", None),
        ("@Environment[UtcNow] DateTimeLessThan 'soon'", "with a moment"),
        ("@Environment[UtcNow] TimeOfDayLessThan '17:00:00'", "hours of each day"),
        ("'2045-01-01T00:00:00Z' DateTimeLessThan @Environment[UtcNow]", "a moment"),
        ("@Resource[UtcNow] DateTimeLessThan '2020-01-01T00:00:00Z'", None),
        ("@Environment[utcnow] DateTimeEquals '2020-01-01T00:00:00Z'", "a moment"),
    ],
)
def test_windows(text: str, complaint: str | None) -> None:
    others = {"abac-parse", "abac-precedence", "abac-or-tautology"}
    faults = [one for one in lint(text, now=NOW) if one.check_id not in others]
    assert [one.check_id for one in faults] == ["abac-utcnow-window"] * bool(complaint)
    assert all(complaint in one.message for one in faults if complaint)


def test_one_alternative_that_is_closed_leaves_the_others() -> None:
    version = "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
    version = f"Exists {version}:versionId]"
    alive = lint(f"{version} OR {before('2025-01-01')}", now=NOW)
    assert [each.message for each in alive] == [
        "the window closed at 2025-01-01T00:00Z: that alternative is dead"
    ]
    [dead] = lint(f"{version} AND {before('2025-01-01')}", now=NOW)
    assert dead.message.endswith("the grant is dead")


def test_a_window_that_ends_at_a_moment_is_open_at_it() -> None:
    last = parse(f"NOT ({after('2026-11-01')})").expression
    assert as_of(last, NOW) == last
    assert as_of(last, NOW + timedelta(microseconds=1)) == Literal(False)
    assert as_of(parse(before("2026-11-01")).expression, NOW) == Literal(False)


def test_windows_joined_by_or_are_judged_each_for_its_length() -> None:
    short = f"({after('2025-06-09')} AND {before('2025-06-10')})"
    later = short.replace("2025", "2028")
    faults = lint(f"{short} OR {later}", now=datetime(2025, 6, 9, 18, tzinfo=UTC))
    assert "abac-utcnow-window" not in {each.check_id for each in faults}
    window = time_window(parse(f"{short} OR {later}").expression)
    assert window is not None
    assert [(last - first).days for first, last in window.parts] == [1, 1]


def test_the_window_of_an_expression() -> None:
    window = time_window(
        parse(f"{after('2025-06-09')} AND {before('2045-06-09')}").expression
    )
    assert window is not None
    assert window.end == datetime(2045, 6, 9, tzinfo=UTC)
    assert window.start == datetime(2025, 6, 9, tzinfo=UTC)
    assert time_window(parse("Exists @Resource[a]").expression) is None
    half = time_window(parse(after("2025-06-09")).expression)
    assert half is not None
    assert half.end is None


NAMES = st.sampled_from(["LessThan", "LessThanEquals", "GreaterThan", "NotEquals"])
ATOMS = st.builds(
    "@Environment[UtcNow] DateTime{} '2025-01-0{}T00:00:00Z'".format,
    NAMES,
    st.integers(1, 5),
) | st.sampled_from(["Exists @Resource[a]", "Exists @Resource[b]"])
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({}) AND ({})".format, inner, inner),
        st.builds("({}) OR ({})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=6,
)


@given(
    TEXTS,
    st.integers(1, 6),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=6)),
    st.sets(st.sampled_from("ab")),
)
def test_what_is_left_holds_whenever_the_whole_does(
    text: str, day: int, later: timedelta, present: set[str]
) -> None:
    expression = parse(text).expression
    now = datetime(2025, 1, day, tzinfo=UTC)
    left = as_of(expression, now)
    request = Request(
        "read",
        resource=dict.fromkeys(present, 1),
        environment={"UtcNow": (now + later).isoformat()},
    )
    assert evaluate(left, request) is evaluate(expression, request)
    window = time_window(left)
    assert window is None or left == Literal(False) or not window.is_over(now)


@given(TEXTS, st.integers(0, 6), st.sets(st.sampled_from("ab")))
def test_nothing_holds_outside_its_window(
    text: str, day: int, present: set[str]
) -> None:
    expression = parse(text).expression
    window = time_window(expression)
    when = datetime(2025, 1, 1, tzinfo=UTC).replace(day=day or 1, hour=day)
    request = Request(
        "read",
        resource=dict.fromkeys(present, "x"),
        environment={"UtcNow": when.strftime("%Y-%m-%dT%H:%M:%SZ")},
    )
    if window is not None and evaluate(expression, request) is Tri.TRUE:
        assert not window.is_empty
        assert window.start is None or window.start <= when
        assert window.end is None or when <= window.end
