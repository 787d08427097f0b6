"""A bad day costs what it hits, says so, and changes no other answer.

Every kind of fault against every kind of read, compared with a day without faults.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest

from scanner.cli.failure import Exit
from scanner.collect.read import Read
from scanner.collect.reads import BELOW, READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.collect.scope import Selection
from scanner.demo import TENANT_ID
from scanner.emulator.faults import (
    ExpiredToken,
    Fault,
    ForeignNextLink,
    Hang,
    HttpNextLink,
    Malformed,
    Redirect,
    RepeatNextLink,
    Reset,
    Status,
    TokenRefused,
    Truncate,
)
from scanner.model.check import Status as Answer
from scanner.model.ids import ResourceId
from scanner.model.resources import ManagementGroup, Subscription
from scanner.model.results import Result

REPORTS = {"results.csv", "results.json", "gaps.csv", "report.html", "snapshot"}
ROOT_GROUP = f"/providers/{ManagementGroup.type}/{TENANT_ID}"
SMALL_GROUP = "tarnholm-platform"

READ_TIMEOUT = 1.0
HOUR = 3600


class Effect(Enum):
    """What a fault leaves of a list."""

    LOST = auto()
    """Nothing of it is read."""
    PART = auto()
    """It is read, but there may be more."""
    NONE = auto()
    """It passes, and trying again reads everything."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and what a gap says of it."""

    name: str
    make: Callable[..., Fault]
    given: dict[str, Any]
    status: int | None = None
    code: str | None = None
    effect: Effect = Effect.LOST

    def at(self, **where: Any) -> Fault:
        return self.make(**self.given, **where)


def _refusal(status: int, code: str, **more: Any) -> Kind:
    given = {"status": status, "code": code, **more}
    return Kind(f"{status} {code}", Status, given, status, code)


def _malformed(form: str) -> Kind:
    return Kind(f"malformed {form}", Malformed, {"form": form}, 200)


REFUSED = _refusal(403, "AuthorizationFailed")

LASTING = (
    REFUSED,
    _refusal(401, "InvalidAuthenticationToken"),
    _refusal(404, "ResourceNotFound"),
    _refusal(409, "MissingSubscriptionRegistration"),
    _refusal(429, "TooManyRequests", retry_after=HOUR),
    _refusal(500, "InternalServerError"),
    _refusal(502, "BadGateway"),
    _refusal(503, "ServiceUnavailable"),
    Kind("429 at once", Status, {"status": 429, "code": "Busy"}, 429, "Busy"),
    Kind("html", Status, {"status": 502, "code": "X", "body": "html"}, 502),
    Kind("empty error", Status, {"status": 403, "code": "X", "body": "empty"}, 403),
    Kind("reset", Reset, {}),
    Kind("hang", Hang, {}),
    Kind("truncated", Truncate, {}),
    *(_malformed(form) for form in ("json", "cut", "empty", "object", "value", "list")),
    Kind("redirect", Redirect, {}, 307),
    Kind("foreign link", ForeignNextLink, {}, effect=Effect.PART),
    Kind("link without TLS", HttpNextLink, {}, effect=Effect.PART),
    Kind("repeated link", RepeatNextLink, {}, effect=Effect.PART),
)


def _once(kind: Kind, **more: Any) -> Kind:
    given = {**kind.given, "times": 1, **more}
    return replace(kind, name=f"{kind.name} once", given=given, effect=Effect.NONE)


PASSING = (
    *(_once(_refusal(status, "Passing")) for status in (401, 408, 429, 500, 502, 503)),
    _once(_refusal(429, "Busy", retry_after=1)),
    _once(Kind("reset", Reset, {})),
    _once(Kind("truncated", Truncate, {})),
    *(_once(_malformed(form)) for form in ("json", "cut", "empty", "object", "value")),
)

KINDS = (*LASTING, *PASSING)


# Reads that can fail in one scan: none of a group is made at what another one finds.

PARENTS = tuple(
    read
    for read in READS
    if read.at is Subscription and read.of.type.lower() in BELOW
)
MIDDLE = tuple(
    read
    for read in READS
    if read.at in {each.of for each in PARENTS}
    and read.of.type != "Microsoft.Insights/diagnosticSettings"
)
LEAVES = tuple(read for read in READS if read not in (*PARENTS, *MIDDLE))

GROUPS = {"parents": PARENTS, "middle": MIDDLE, "leaves": (*LEAVES, MANAGEMENT_GROUPS)}


def test_the_groups_hold_every_read() -> None:
    grouped = [read for reads in GROUPS.values() for read in reads]
    assert len(grouped) == len(READS) + 1
    assert {*grouped} == {*READS, MANAGEMENT_GROUPS}


def _types(reads: tuple[Read, ...]) -> set[str]:
    return {read.of.type for read in reads}


def _faults(kind: Kind, reads: tuple[Read, ...]) -> list[Fault]:
    return [kind.at(type=each) for each in sorted(_types(reads))]


def _below(types: set[str]) -> set[str]:
    """Return types and those of what is only found through them, in lower case."""
    lowered = {each.lower() for each in types}
    found = lowered | {
        read.of.type.lower() for each in lowered for read in BELOW.get(each, ())
    }
    return found if found == lowered else _below(found)


def _limits(bench: Any, kind: Kind) -> Any:
    usual = bench.limits
    if kind.name == "hang":
        return replace(usual, read_timeout=READ_TIMEOUT, attempts=1)
    return replace(usual, attempts=2 if kind.effect is not Effect.NONE else 4)


def _contract(directory: Path) -> Any:
    """Return results.json but for the run's header."""
    content = json.loads((directory / "results.json").read_bytes())
    return {key: value for key, value in content.items() if key != "run"}


def _unassessed(day: Any) -> Iterator[Result]:
    return (
        row for row in day.judged.results if row.status is Answer.NOT_ASSESSED
    )


def _assert_nothing_flipped(calm: Any, day: Any) -> None:
    for key, row in day.rows.items():
        if row.status is not Answer.NOT_ASSESSED:
            assert key in calm.rows, f"{key} answers only on a bad day"
            assert row.status is calm.rows[key].status, (key, row.reason)


def _assert_gaps(day: Any, reads: tuple[Read, ...], kind: Kind) -> None:
    assert {gap.resource_type for gap in day.gaps} == _types(reads)
    for gap in day.gaps:
        assert (gap.http_status, gap.error_code) == (kind.status, kind.code), gap
        assert gap.reason


def _assert_said(day: Any, kind: Kind) -> None:
    """Hold that each row that lost its answer names the gap, its status and code."""
    for row in _unassessed(day):
        assert any(gap.scope in row.reason for gap in day.gaps), row.reason
        assert any(gap.resource_type in row.reason for gap in day.gaps), row.reason
        assert kind.status is None or f"(HTTP {kind.status})" in row.reason
        assert (kind.code or "") in row.reason


def _assert_left_alone(calm: Any, day: Any, types: set[str]) -> None:
    """Hold that what has no answer any more is, or was seen through, what was hit."""
    for key in calm.rows.keys() - day.rows.keys():
        row = calm.rows[key]
        assert row.target.resource_type.lower() in _below(types), key


def _assert_lost(calm: Any, day: Any, types: set[str]) -> None:
    """Hold that no row is decided that read something of the types."""
    gone = _below(types)
    for key, row in calm.rows.items():
        read = {ResourceId.parse(each.resource_id).type.lower() for each in row.evidence}
        if row.check.on.type.lower() in gone:
            assert day.statuses.get(key) in {None, Answer.NOT_ASSESSED}, key
        elif read & gone and row.status is Answer.PASS:
            assert day.statuses[key] is Answer.NOT_ASSESSED, key


def _assert_files(day: Any) -> None:
    assert REPORTS <= {path.name for path in day.directory.iterdir()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("group", GROUPS)
def test_fault(calm: Any, bench: Any, group: str, kind: Kind) -> None:
    reads = GROUPS[group]
    day = bench.scan(
        *_faults(kind, reads),
        # Management groups are asked for, so that their lack is a gap.
        selection=Selection(management_groups=(ROOT_GROUP,)),
        limits=_limits(bench, kind),
        formats=("csv", "html", "json") if group == "middle" else ("json",),
    )
    if kind.effect is Effect.NONE:
        assert (day.exit, _contract(day.directory)) == (
            Exit.CLEAN,
            _contract(calm.directory),
        )
        return
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_gaps(day, reads, kind)
    _assert_said(day, kind)
    if kind.effect is Effect.LOST:
        _assert_left_alone(calm, day, _types(reads))
        _assert_lost(calm, day, _types(reads))
    else:
        assert calm.rows.keys() <= day.rows.keys()
    if group == "middle":
        _assert_files(day)


SINGLE = (*READS, MANAGEMENT_GROUPS)


def _path(read: Read) -> str:
    """Return a glob over the paths of a read, for types that several reads return."""
    if read.at is Subscription:
        return ""
    *_, parent = read.at.type.lower().split("/")
    return f"*/{parent}/*"


@pytest.mark.parametrize(
    "read", SINGLE, ids=lambda read: f"{read.of.type}-{read.at.__name__}"
)
def test_one_read_refused(calm: Any, bench: Any, read: Read) -> None:
    day = bench.scan(
        REFUSED.at(type=read.of.type, path=_path(read)),
        selection=Selection(management_groups=(ROOT_GROUP,)),
        formats=("json",),
    )
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_gaps(day, (read,), REFUSED)
    _assert_said(day, REFUSED)
    _assert_left_alone(calm, day, {read.of.type})
    blamed = {name for report in day.judged.gaps for name in report.checks}
    assert {row.check.id for row in _unassessed(day)} == blamed


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_subscriptions(calm: Any, bench: Any, kind: Kind) -> None:
    day = bench.scan(
        *_faults(kind, (SUBSCRIPTIONS,)),
        limits=_limits(bench, kind),
        formats=("json",),
    )
    match kind.effect:
        case Effect.NONE:
            assert _contract(day.directory) == _contract(calm.directory)
        case Effect.LOST:
            assert day.exit is Exit.NOTHING_READ
            assert day.message.startswith("nothing could be read: ")
        case Effect.PART:
            assert day.exit is Exit.INCOMPLETE
            _assert_gaps(day, (SUBSCRIPTIONS,), kind)
            _assert_nothing_flipped(calm, day)
            # There may be a subscription that nobody saw: no check is done with it.
            assert {row.check.id for row in _unassessed(day)} == {
                row.check.id for row in calm.judged.results
            }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_descendants_of_a_group_that_was_asked_for(bench: Any, kind: Kind) -> None:
    day = bench.scan(
        *_faults(kind, (DESCENDANTS,)),
        selection=Selection(management_groups=(SMALL_GROUP,)),
        limits=_limits(bench, kind),
        formats=("json",),
    )
    match kind.effect:
        case Effect.NONE:
            assert (day.exit, day.gaps) == (Exit.CLEAN, [])
            assert len(day.judged.run.subscriptions) == 1
        case Effect.LOST:
            assert day.exit is Exit.NOTHING_READ
        case Effect.PART:
            assert day.exit is Exit.INCOMPLETE
            _assert_gaps(day, (DESCENDANTS,), kind)


@pytest.mark.parametrize("read", [MANAGEMENT_GROUPS, DESCENDANTS], ids=["list", "below"])
def test_management_groups_nobody_asked_for_are_no_gap(
    calm: Any, bench: Any, read: Read
) -> None:
    day = bench.scan(*_faults(REFUSED, (read,)))
    assert day.exit is Exit.CLEAN
    assert _contract(day.directory) == _contract(calm.directory)


@pytest.mark.parametrize(
    "kind",
    [REFUSED, _refusal(429, "RateLimiting"), Kind("reset", Reset, {}), _malformed("json")],
    ids=lambda kind: kind.name,
)
def test_resource_graph_only_says_where_to_look(
    calm: Any, bench: Any, kind: Kind
) -> None:
    day = bench.scan(kind.at(method="POST"), limits=_limits(bench, kind))
    assert day.exit is Exit.CLEAN
    assert _contract(day.directory) == _contract(calm.directory)
    assert any("Resource Graph" in note for note in day.judged.run.notes)


def test_own_rights_unknown(calm: Any, bench: Any) -> None:
    day = bench.scan(REFUSED.at(type="Microsoft.Authorization/permissions"))
    assert _contract(day.directory) == _contract(calm.directory)


def test_the_second_page_of_every_list(calm: Any, bench: Any) -> None:
    day = bench.scan(
        *(REFUSED.at(type=each, page=2) for each in sorted(_types(PARENTS))),
        page_size=3,
        limits=_limits(bench, REFUSED),
    )
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_said(day, REFUSED)
    _assert_left_alone(calm, day, _types(PARENTS))
    assert day.rows.keys() & calm.rows.keys()


def test_one_subscription_refused_leaves_the_others(calm: Any, bench: Any) -> None:
    lost = calm.judged.run.subscriptions[0]
    day = bench.scan(REFUSED.at(scope=f"/subscriptions/{lost.id}"))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    at = {row.check.id for row in _unassessed(day) if row.target.resource_id == _id(lost)}
    # Ruling 6: each check says so, once, on the subscription.
    assert at == {row.check.id for row in calm.judged.results} - _subscription_checks(day)
    gaps = [gap for gap in day.gaps if gap.scope == _id(lost)]
    assert len(gaps) == len({(gap.resource_type, gap.operation) for gap in gaps})


def _id(subscription: Any) -> str:
    return f"/subscriptions/{subscription.id}"


def _subscription_checks(day: Any) -> set[str]:
    """Return the checks that could answer for a subscription without reading it."""
    return {
        row.check.id
        for row in day.judged.results
        if row.check.on is Subscription and row.status is not Answer.NOT_ASSESSED
    } - {row.check.id for row in _unassessed(day)}


# Losing the token


def test_the_token_endpoint_refuses_from_some_moment_on(calm: Any, bench: Any) -> None:
    # A token that lives for less than five minutes is renewed for each request.
    day = bench.scan(TokenRefused(after=40), token_lifetime=200)
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    assert {(gap.http_status, gap.error_code) for gap in day.gaps} == {
        (401, "SignInLost")
    }
    assert all("AADSTS7000222" in gap.reason for gap in day.gaps)
    assert any(row.status is Answer.PASS for row in day.judged.results)


def test_tokens_expire_and_no_new_one_helps(calm: Any, bench: Any) -> None:
    day = bench.scan(ExpiredToken(after=60, times=0))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    assert {(gap.http_status, gap.error_code) for gap in day.gaps} == {
        (401, "ExpiredAuthenticationToken")
    }


# A storm of 429


def test_a_storm_that_passes(calm: Any, bench: Any) -> None:
    storm = Status(status=429, code="TooManyRequests", times=40)
    day = bench.scan(storm, limits=replace(bench.limits, attempts=8))
    assert _contract(day.directory) == _contract(calm.directory)


def test_a_storm_that_stays(calm: Any, bench: Any) -> None:
    storm = Status(status=429, code="TooManyRequests", after=60, retry_after=HOUR)
    day = bench.scan(storm)
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    assert {(gap.http_status, gap.error_code) for gap in day.gaps} == {
        (429, "TooManyRequests")
    }


# Ctrl-C


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
@pytest.mark.parametrize("after", [5, 60])
def test_interrupted(
    calm: Any,
    bench: Any,
    serve_away: Callable[..., Any],
    start: Callable[..., Any],
    number: signal.Signals,
    after: int,
) -> None:
    directory = bench.new_path("run")
    with serve_away(latency=0.2) as azure:
        process = start(
            *("scan", "--cloud", azure.cloud, "--auth", "environment"),
            *("--output", directory, "--fail-on", "never"),
        )
        _wait_for(lambda: len(azure.requests) >= after)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INCOMPLETE, err
    assert "Traceback" not in err
    assert {path.name for path in directory.iterdir()} == REPORTS
    content = json.loads((directory / "results.json").read_bytes())
    assert content["run"]["complete"] is False
    assert any("--resume" in note for note in content["run"]["notes"])
    assert content["gaps"]
    known = {(key[0], key[1]): row.status for key, row in calm.rows.items()}
    for row in content["results"]:
        if row["status"] != Answer.NOT_ASSESSED:
            assert row["status"] == known[row["check_id"], row["resource_id"].lower()]


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)
