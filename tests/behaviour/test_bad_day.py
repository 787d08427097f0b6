"""A bad day costs what it hits, says so, and changes no other answer.

Every kind of fault against every kind of read, compared with a day without faults.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache
from typing import Any

import pytest

from scanner.cli.failure import Exit
from scanner.collect.read import Read, RestOperation, itself
from scanner.collect.reads import AT_SUBSCRIPTION, BELOW, READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.collect.scope import Selection
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
from scanner.model.ids import ResourceId
from scanner.model.insights import DiagnosticSetting
from scanner.model.resources import ResourceGroup, Subscription

REPORTS = {"results.csv", "results.json", "gaps.csv", "report.html", "snapshot"}
PLATFORM = "tarnholm-platform"
"""A management group of one small subscription."""

Row = dict[str, Any]
UNREAD = "not-assessed"

PARTLY = {"aoai-outbound-fqdn-owned": {"warn"}, "nsp-outbound-rules": {"warn"}}
"""What checks answer, by the guidance's own word, where coverage is partial."""

UNTOLD = ("not read", "not known", "outside the scan")

STANDS = {"dns-external-dns-unlogged"}
"""What also cites who answers at an address, and stands without knowing."""

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
FEW = tuple(
    kind
    for kind in KINDS
    if kind.name in {REFUSED.name, "foreign link", "malformed cut", "429 Busy once"}
)
"""One of each sort: refused, more of it elsewhere, unusable, gone when asked again."""


# Reads that can fail in one scan: none of a group is made at what another one finds.

CONTEXT = tuple(read for read in READS if read.context)
ASKED = tuple(read for read in READS if not read.context)
PARENTS = tuple(
    read for read in READS if read.at is Subscription and read.of.type.lower() in BELOW
)


@cache
def _depth(kind: str) -> int:
    """Return how many finds the furthest read of a type is from a subscription."""
    above = {read.at.type for read in READS if read.of.type == kind}
    return max((1 + _depth(each) for each in above - {Subscription.type}), default=0)


GROUPS = {
    depth: tuple(read for read in ASKED if _depth(read.of.type) == depth)
    for depth in sorted({_depth(read.of.type) for read in ASKED})
}


def _types(reads: tuple[Read, ...]) -> set[str]:
    return {read.of.type for read in reads}


def _faults(kind: Kind, reads: tuple[Read, ...]) -> list[Fault]:
    return [kind.at(type=each) for each in sorted(_types(reads))]


LISTED = {read.of.type.lower() for read in READS if read.at is Subscription} - {
    read.of.type.lower() for read in READS if read.at is not Subscription
}
"""What a subscription's own list holds, wherever in the subscription it lies."""


def _hit(resource_id: str, types: set[str]) -> bool:
    """Whether a resource is of one of the types, or found through one that is."""
    lowered = {each.lower() for each in types}
    while "/providers/" in resource_id:
        parts = ResourceId.parse(resource_id)
        if parts.type.lower() in lowered:
            return True
        if parts.type.lower() in LISTED:
            return False
        resource_id = parts.parent
    return False


def _one(read: Read) -> bool:
    """Whether a read answers one resource, and so has no next page."""
    return isinstance(read.operation, RestOperation) and read.operation.one


def _limits(bench: Any, kind: Kind) -> Any:
    if kind.name == "hang":
        wide = replace(bench.limits, in_flight=64, per_subscription=64)
        return replace(wide, read_timeout=READ_TIMEOUT, attempts=1)
    return replace(bench.limits, attempts=2 if kind.effect is not Effect.NONE else 4)


def _unassessed(day: Any) -> list[Row]:
    return [row for row in day.document["results"] if row["status"] == UNREAD]


def _assert_nothing_flipped(calm: Any, day: Any) -> None:
    for key, row in day.rows.items():
        # That there is nothing to judge may be all that is left of what was context.
        none = row["status"] == "not-applicable" and key not in calm.rows
        if row["status"] != UNREAD and not (none and not day.gaps):
            assert key in calm.rows, f"{key} answers only on a bad day"
            usual = {calm.rows[key]["status"]}
            assert row["status"] in usual | PARTLY.get(key[0], set()), row["reason"]


def _assert_gaps(day: Any, reads: tuple[Read, ...], kind: Kind) -> None:
    cut = kind.effect is Effect.PART
    hit = tuple(each for each in reads if not (cut and _one(each)))
    assert {gap["resource_type"] for gap in day.gaps} == _types(hit)
    for gap in day.gaps:
        assert (gap["http_status"], gap["error_code"]) == (kind.status, kind.code)
        assert gap["reason"]


def _assert_said(calm: Any, day: Any, kind: Kind) -> None:
    """Hold that each row that lost its answer names the gap, its status and code.

    What no scan without the directory can tell is not assessed on any day, and what
    lies above the subscriptions is told as such.
    """
    usual = {(row["check_id"], row["resource_id"]) for row in _unassessed(calm)}
    for row in _unassessed(day):
        if (row["check_id"], row["resource_id"]) in usual | _above(day):
            continue
        said = [
            gap
            for gap in day.gaps
            if f"{gap['resource_type']} of {gap['scope']} was not read" in row["reason"]
        ]
        if not said:  # what was told by something else that was not read
            assert any(word in row["reason"] for word in UNTOLD), row["reason"]
            continue
        assert row["check_id"] in said[0]["checks"]
        assert kind.status is None or f"(HTTP {kind.status})" in row["reason"]
        assert (kind.code or "") in row["reason"]


def _above(day: Any) -> set[tuple[str, str]]:
    """Return the rows that lack what lies above the subscriptions."""
    return {
        (row["check_id"], row["resource_id"])
        for row in _unassessed(day)
        if " of /providers/Microsoft.Management/" in row["reason"]
    }


def _assert_left_alone(calm: Any, day: Any, types: set[str]) -> None:
    """Hold that what has no row any more was hit, or found through what was.

    Or its check says on the day that it does not know all it is about.
    """
    unsure = {row["check_id"] for row in _unassessed(day)}
    for key in calm.rows.keys() - day.rows.keys():
        assert key[0] in unsure or _hit(calm.rows[key]["resource_id"], types), key


def _assert_lost(calm: Any, day: Any, types: set[str]) -> None:
    """Hold that nothing passes any more that passed by what was hit."""
    for key, row in calm.rows.items():
        read = {row["resource_id"], *(each["resource_id"] for each in row["evidence"])}
        if key[0] in STANDS:
            continue
        if row["status"] == "pass" and any(_hit(each, types) for each in read):
            assert key not in day.rows or day.rows[key]["status"] == UNREAD, key


FIRST = next(iter(GROUPS))
CASES = [*((FIRST, kind) for kind in KINDS)]
CASES += [(group, kind) for group in GROUPS for kind in FEW if group != FIRST]


@pytest.mark.parametrize(
    ("group", "kind"), CASES, ids=[f"{group}-{kind.name}" for group, kind in CASES]
)
def test_fault(calm: Any, bench: Any, group: int, kind: Kind) -> None:
    reads = GROUPS[group]
    files = ("csv", "html", "json") if group == 1 else ("json",)
    day = bench.scan(*_faults(kind, reads), limits=_limits(bench, kind), formats=files)
    if kind.effect is Effect.NONE:
        assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)
        return
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_gaps(day, reads, kind)
    _assert_said(calm, day, kind)
    if kind.effect is Effect.LOST:
        _assert_left_alone(calm, day, _types(reads))
        _assert_lost(calm, day, _types(reads))
    else:
        _assert_left_alone(calm, day, set())
    if group == 1:
        assert {path.name for path in day.directory.iterdir()} == REPORTS


def _path(read: Read) -> str:
    """Return a glob over the paths of a read, for types that several reads return."""
    if read.place is not itself or read.at is ResourceGroup:
        return ""
    if read.at is Subscription:
        return f"/subscriptions/{'?' * 36}/providers/*" if read in DIAGNOSED else ""
    return f"*/{read.at.type.rpartition('/')[2].lower()}/*"


DIAGNOSED = [each for each in READS if each.of is DiagnosticSetting]


@pytest.mark.parametrize("read", CONTEXT, ids=lambda read: read.of.__name__)
def test_what_is_tried_for_context_is_no_gap(calm: Any, bench: Any, read: Read) -> None:
    day = bench.scan(REFUSED.at(type=read.of.type))
    assert (day.exit, day.gaps) == (Exit.CLEAN, [])
    _assert_nothing_flipped(calm, day)


@pytest.mark.parametrize(
    "read", ASKED, ids=lambda read: f"{read.of.__name__}-{read.at.__name__}"
)
def test_one_read_refused(calm: Any, bench: Any, read: Read) -> None:
    day = bench.scan(REFUSED.at(type=read.of.type, path=_path(read)))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_gaps(day, (read,), REFUSED)
    _assert_said(calm, day, REFUSED)
    _assert_left_alone(calm, day, {read.of.type})
    blamed = {name for gap in day.gaps for name in gap["checks"]}
    usual = {row["check_id"] for row in _unassessed(calm)}
    assert {row["check_id"] for row in _unassessed(day)} - usual == blamed - usual


@pytest.mark.parametrize("kind", FEW, ids=lambda kind: kind.name)
def test_subscriptions(calm: Any, bench: Any, kind: Kind) -> None:
    day = bench.scan(*_faults(kind, (SUBSCRIPTIONS,)), limits=_limits(bench, kind))
    match kind.effect:
        case Effect.NONE:
            assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)
        case Effect.LOST:
            assert day.exit is Exit.NOTHING_READ
            assert day.message.startswith("nothing could be read: ")
        case Effect.PART:
            assert day.exit is Exit.INCOMPLETE
            _assert_gaps(day, (SUBSCRIPTIONS,), kind)
            _assert_nothing_flipped(calm, day)
            # There may be a subscription that nobody saw: no check is done with it.
            assert {row["check_id"] for row in _unassessed(day)} == _checks(calm)


def _checks(day: Any) -> set[str]:
    return {row["check_id"] for row in day.document["results"]}


@pytest.mark.parametrize("kind", FEW, ids=lambda kind: kind.name)
def test_management_groups(calm_platform: Any, bench: Any, kind: Kind) -> None:
    """The list is for context: a group that is named by its id needs none."""
    day = bench.scan(
        *_faults(kind, (MANAGEMENT_GROUPS,)),
        selection=Selection(management_groups=(PLATFORM,)),
        limits=_limits(bench, kind),
    )
    assert (day.exit, day.gaps) == (calm_platform.exit, [])
    _assert_nothing_flipped(calm_platform, day)


@pytest.mark.parametrize("kind", FEW, ids=lambda kind: kind.name)
def test_descendants(calm_platform: Any, bench: Any, kind: Kind) -> None:
    day = bench.scan(
        *_faults(kind, (DESCENDANTS,)),
        selection=Selection(management_groups=(PLATFORM,)),
        limits=_limits(bench, kind),
    )
    match kind.effect:
        case Effect.NONE:
            assert day.contract == calm_platform.contract
        case Effect.LOST:
            assert day.exit is Exit.NOTHING_READ
            assert day.message.startswith("nothing could be read: ")
        case Effect.PART:
            assert day.exit is Exit.INCOMPLETE
            _assert_gaps(day, (DESCENDANTS,), kind)
            _assert_nothing_flipped(calm_platform, day)


@pytest.mark.parametrize(
    "read", [MANAGEMENT_GROUPS, DESCENDANTS], ids=["list", "below"]
)
def test_management_groups_nobody_asked_for_are_no_gap(
    calm: Any, bench: Any, read: Read
) -> None:
    day = bench.scan(*_faults(REFUSED, (read,)))
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


GRAPH = (REFUSED, _refusal(400, "BadRequest"), Kind("reset", Reset, {}))


@pytest.mark.parametrize("kind", GRAPH, ids=lambda kind: kind.name)
def test_resource_graph_only_says_where_to_look(
    calm: Any, bench: Any, kind: Kind
) -> None:
    day = bench.scan(kind.at(method="POST"), limits=_limits(bench, kind))
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)
    assert any("Resource Graph" in note for note in day.run["notes"])


def test_own_rights_unknown(calm: Any, bench: Any) -> None:
    day = bench.scan(REFUSED.at(type="Microsoft.Authorization/permissions"))
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_the_second_page_of_lists(calm: Any, bench: Any) -> None:
    day = bench.scan(
        *(REFUSED.at(type=each, page=2) for each in sorted(_types(PARENTS))),
        page_size=3,
    )
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_said(calm, day, REFUSED)
    _assert_left_alone(calm, day, _types(PARENTS))
    types = [row["resource_type"] for row in day.document["results"]]
    assert "Microsoft.CognitiveServices/accounts" in types


def test_a_refused_subscription_leaves_the_others(calm: Any, bench: Any) -> None:
    lost = f"/subscriptions/{calm.run['subscriptions'][0]['id']}"
    day = bench.scan(REFUSED.at(scope=lost))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    # One gap for each declared read of it, and of each check one row that says so.
    gaps = [gap["resource_type"] for gap in day.gaps if gap["scope"] == lost]
    asked = [read for read in AT_SUBSCRIPTION + DIRECT if not read.context]
    assert sorted(gaps) == sorted(read.of.type for read in asked)
    said = [row["check_id"] for row in _unassessed(day) if row["resource_id"] == lost]
    assert sorted(said) == sorted(_checks(calm))
    elsewhere = [key for key in calm.rows if lost not in key[1]]
    assert sum(day.rows[key]["status"] != UNREAD for key in elsewhere) > 50


DIRECT = tuple(read for read in BELOW.get(Subscription.type.lower(), ()))


# Losing the token


def _refusals(day: Any) -> set[tuple[int | None, str | None]]:
    return {(gap["http_status"], gap["error_code"]) for gap in day.gaps}


def test_tokens_are_renewed(calm: Any, bench: Any) -> None:
    day = bench.scan(token_lifetime=1, latency=0.15)
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_the_token_endpoint_refuses_from_some_moment_on(calm: Any, bench: Any) -> None:
    day = bench.scan(TokenRefused(after=1), token_lifetime=1, latency=0.15)
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    assert _refusals(day) == {(401, "SignInLost")}
    assert all("AADSTS7000222" in gap["reason"] for gap in day.gaps)


def test_tokens_expire_and_no_new_one_helps(calm: Any, bench: Any) -> None:
    day = bench.scan(ExpiredToken(after=60, times=0))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    assert _refusals(day) == {(401, "ExpiredAuthenticationToken")}
    assert any(row["status"] == "pass" for row in day.document["results"])


# A storm of 429


def test_a_storm_that_passes(calm: Any, bench: Any) -> None:
    storm = Status(status=429, code="TooManyRequests", after=20, times=40)
    day = bench.scan(storm, limits=replace(bench.limits, attempts=8))
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_a_storm_that_stays(calm: Any, bench: Any) -> None:
    storm = Status(status=429, code="TooManyRequests", after=60, retry_after=HOUR)
    day = bench.scan(storm)
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    assert _refusals(day) == {(429, "TooManyRequests")}


# Ctrl-C


@pytest.mark.parametrize(
    ("number", "after"), [(signal.SIGINT, 3), (signal.SIGINT, 60), (signal.SIGTERM, 60)]
)
def test_interrupted(
    calm: Any,
    bench: Any,
    slow_azure: Any,
    start: Callable[..., Any],
    number: signal.Signals,
    after: int,
) -> None:
    directory = bench.new_path("run")
    before = len(slow_azure.requests)
    process = start(
        *("scan", "--cloud", bench.sign_in_to(slow_azure.address)),
        *("--auth", "environment", "--output", directory, "--fail-on", "never"),
    )
    _wait_for(lambda: len(slow_azure.requests) > before + after)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INCOMPLETE, err
    assert "Traceback" not in err
    assert {path.name for path in directory.iterdir()} == REPORTS
    content = json.loads((directory / "results.json").read_bytes())
    assert content["run"]["complete"] is False
    assert any("--resume" in note for note in content["run"]["notes"])
    assert content["gaps"]
    _assert_nothing_flipped(calm, bench.opened(directory))


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)
