"""A bad day costs what it hits, says so, and changes no other answer.

Every kind of fault against every kind of read, compared with a day without faults.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache
from typing import Any

import pytest

from checks import ALL
from scanner.cli.failure import Exit
from scanner.collect import directory
from scanner.collect.plan import NEVER_MADE
from scanner.collect.read import Read, RestOperation, itself
from scanner.collect.reads import ABOVE as ABOVE_READS
from scanner.collect.reads import AT_SUBSCRIPTION, BELOW, QUERIES, READS
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
from scanner.model.resources import ManagementGroup, ResourceGroup, Subscription

REPORTS = {"results.csv", "results.json", "gaps.csv", "report.html", "snapshot"}
PLATFORM = "tarnholm-platform"
"""A management group of one small subscription."""

Row = dict[str, Any]
UNREAD = "not-assessed"
ABOVE = "/providers/microsoft.management/managementgroups/"

PARTLY = {"aoai-outbound-fqdn-owned", "nsp-outbound-rules"}
"""What the guidance lets warn where coverage is partial, if it says so."""

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


def _assert_nothing_flipped(calm: Any, day: Any, ended: str = NEVER_MADE) -> None:
    """Hold that every answer that is given is the one of a day without faults.

    Where a run ended before it could read the context, an answer may say so.
    """
    for key, row in day.rows.items():
        if row["status"] == UNREAD:
            continue
        assert key in calm.rows, f"{key} answers only on a bad day"
        both = {row["status"], calm.rows[key]["status"]}
        if len(both) == 2 and ended in row["reason"]:
            assert row["status"] != "pass", row["reason"]
            assert both != {"pass", "fail"}, row["reason"]
        elif len(both) == 2:
            assert (key[0] in PARTLY, row["status"]) == (True, "warn"), row["reason"]
            assert row["reason"].endswith("not all of the tenant was read)")


def _assert_bounded(calm: Any, day: Any) -> None:
    """Hold that what is answered without its context says that it is a lower bound.

    What lies above the subscriptions is context itself: of that there may be no rows,
    nor anything to judge.
    """
    above = {key for key in calm.rows if key[1].startswith(ABOVE)}
    idle = {key[0] for key in above} - {key[0] for key in calm.rows.keys() - above}
    for key in calm.rows.keys() - day.rows.keys() - above:
        assert key[0] in _unsure(day), key
    for key, row in day.rows.items():
        if row["status"] == UNREAD:
            continue
        if key not in calm.rows:
            assert (key[0] in idle, row["status"]) == (True, "not-applicable"), key
        elif row["status"] != calm.rows[key]["status"]:
            assert row["status"] != "pass"
            assert "(lower bound: " in row["reason"], row["reason"]


def _unsure(day: Any) -> set[str]:
    return {row["check_id"] for row in _unassessed(day)}


def _assert_gaps(day: Any, reads: tuple[Read, ...], kind: Kind) -> None:
    cut = kind.effect is Effect.PART
    hit = tuple(each for each in reads if not (cut and _one(each)))
    assert {gap["resource_type"] for gap in day.gaps} == _types(hit)
    for gap in day.gaps:
        assert (gap["http_status"], gap["error_code"]) == (kind.status, kind.code)
        assert gap["reason"]


def _assert_said(calm: Any, day: Any, kind: Kind) -> None:
    """Hold that each row that lost its answer names the gap, its status and code.

    What no scan without the directory can tell is not assessed on any day.
    """
    usual = {(row["check_id"], row["resource_id"]) for row in _unassessed(calm)}
    named = {_name(gap): gap for gap in day.gaps}
    for row in _unassessed(day):
        if (row["check_id"], row["resource_id"]) in usual:
            continue
        said = [gap for name, gap in named.items() if name in row["reason"]]
        assert said, row["reason"]
        assert row["check_id"] in said[0]["checks"]
        assert kind.status is None or f"(HTTP {kind.status})" in row["reason"]
        assert (kind.code or "") in row["reason"]


def _name(gap: Row) -> str:
    return f"{gap['resource_type']} of {gap['scope']} was not read"


def _assert_left_alone(calm: Any, day: Any) -> None:
    """Hold that where rows are missing their check says that it may know no better."""
    assert {key[0] for key in calm.rows.keys() - day.rows.keys()} <= _unsure(day)


def _assert_lost(calm: Any, day: Any, types: set[str]) -> None:
    """Hold that nothing passes any more that passed by what was hit.

    Unless it says that it does without.
    """
    for key, row in calm.rows.items():
        read = {row["resource_id"], *(each["resource_id"] for each in row["evidence"])}
        left = day.rows.get(key)
        if row["status"] == "pass" and left and any(_hit(each, types) for each in read):
            assert left["status"] == UNREAD or "not read" in left["reason"], key


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
    _assert_left_alone(calm, day)
    if kind.effect is Effect.LOST:
        _assert_lost(calm, day, _types(reads))
    if group == 1:
        assert {path.name for path in day.directory.iterdir()} == REPORTS


def _path(read: Read) -> str:
    """Return a glob over the paths of a read, for types that several reads return."""
    if read.at is ManagementGroup:
        return f"{ABOVE}*"
    if read.at is Subscription:
        own = read.of is DiagnosticSetting
        return f"/subscriptions/{'?' * 36}/providers/*" if own else "/subscriptions/*"
    if read.place is not itself or read.at is ResourceGroup:
        return ""
    return f"*/{read.at.type.rpartition('/')[2].lower()}/*"


def _told_apart(reads: Iterable[Read]) -> list[Any]:
    """Return a parameter for each read; those that no fault tells apart are one."""
    each = {(read.of.type, _path(read)): read for read in reads}
    return [
        pytest.param(read, id=f"{read.of.__name__}-{read.at.__name__}")
        for read in each.values()
    ]


@pytest.mark.parametrize("read", _told_apart((*CONTEXT, *ABOVE_READS)))
def test_what_is_tried_for_context_is_no_gap(calm: Any, bench: Any, read: Read) -> None:
    day = bench.scan(REFUSED.at(type=read.of.type, path=_path(read)))
    assert (day.exit, day.gaps) == (Exit.CLEAN, [])
    _assert_bounded(calm, day)


@pytest.mark.parametrize("read", _told_apart(ASKED))
def test_one_read_refused(calm: Any, bench: Any, read: Read) -> None:
    day = bench.scan(REFUSED.at(type=read.of.type, path=_path(read)))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day)
    _assert_gaps(day, (read,), REFUSED)
    _assert_said(calm, day, REFUSED)
    _assert_left_alone(calm, day)
    blamed = {name for gap in day.gaps for name in gap["checks"]}
    assert _unsure(day) - _unsure(calm) == blamed - _unsure(calm)


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
            assert _unsure(day) == _checks(calm)


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
    _assert_bounded(calm_platform, day)


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
    assert (day.exit, day.gaps) == (Exit.CLEAN, [])
    _assert_bounded(calm, day)


GRAPH = (REFUSED, _refusal(400, "BadRequest"), Kind("reset", Reset, {}))


@pytest.mark.parametrize("kind", GRAPH, ids=lambda kind: kind.name)
def test_resource_graph_costs_what_it_alone_tells(
    calm: Any, bench: Any, kind: Kind
) -> None:
    """That it says where to look is no loss: everywhere is looked then."""
    day = bench.scan(kind.at(method="POST"), limits=_limits(bench, kind))
    assert day.exit is Exit.INCOMPLETE
    assert any("Resource Graph" in note for note in day.run["notes"])
    _assert_gaps(day, QUERIES, kind)
    _assert_nothing_flipped(calm, day)
    _assert_said(calm, day, kind)
    blamed = {name for gap in day.gaps for name in gap["checks"]}
    assert _beside(blamed, day) == _beside(blamed, calm)


def _beside(checks: set[str], day: Any) -> list[Row]:
    """Return the rows of all other checks."""
    return [row for row in day.document["results"] if row["check_id"] not in checks]


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
    _assert_left_alone(calm, day)
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
    about = [row for row in day.document["results"] if row["resource_id"] == lost]
    assert sorted(row["check_id"] for row in about) == sorted(_inside())
    stood = {row["check_id"] for row in about if row["status"] != UNREAD}
    assert stood <= {each.id for each in ALL if Subscription in each.on}
    elsewhere = (row for key, row in day.rows.items() if lost not in key[1])
    assert sum(row["status"] != UNREAD for row in elsewhere) > 50


def _inside() -> list[str]:
    """Return the checks on what lies in subscriptions (guidance, ruling 47)."""
    elsewhere = {read.of for read in directory.READS}
    return [each.id for each in ALL if not elsewhere.issuperset(each.on)]


DIRECT = tuple(read for read in BELOW.get(Subscription.type.lower(), ()))


# Losing the token


def _refusals(day: Any) -> set[tuple[int | None, str | None]]:
    return {(gap["http_status"], gap["error_code"]) for gap in day.gaps}


def test_tokens_are_renewed(calm: Any, bench: Any) -> None:
    # One that expires on the way twice is a refusal: it must outlast a busy machine.
    day = bench.scan(token_lifetime=3, latency=0.08)
    signed_in = [each for each in day.requests if each.path.endswith("/token")]
    assert len(signed_in) > 1
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_the_token_endpoint_refuses_from_some_moment_on(calm: Any, bench: Any) -> None:
    day = bench.scan(TokenRefused(after=1), token_lifetime=3, latency=0.08)
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day, "SignInLost")
    assert _refusals(day) == {(401, "SignInLost")}
    assert all("AADSTS7000222" in gap["reason"] for gap in day.gaps)


def test_tokens_expire_and_no_new_one_helps(calm: Any, bench: Any) -> None:
    day = bench.scan(ExpiredToken(after=60, times=0))
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day, "ExpiredAuthenticationToken")
    assert _refusals(day) == {(401, "ExpiredAuthenticationToken")}
    assert any(row["status"] == "pass" for row in day.document["results"])


# A storm of 429


def test_a_storm_that_passes(calm: Any, bench: Any) -> None:
    storm = Status(status=429, code="TooManyRequests", after=60, times=40)
    # More tries than refusals: it may be one read that meets most of them.
    day = bench.scan(storm, limits=replace(bench.limits, attempts=41))
    assert (day.exit, day.contract) == (Exit.CLEAN, calm.contract)


def test_a_storm_that_stays(calm: Any, bench: Any) -> None:
    storm = Status(status=429, code="TooManyRequests", after=60, retry_after=HOUR)
    day = bench.scan(storm)
    assert day.exit is Exit.INCOMPLETE
    _assert_nothing_flipped(calm, day, "TooManyRequests")
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
    wait_for: Callable[..., None],
    number: signal.Signals,
    after: int,
) -> None:
    directory = bench.new_path("run")
    before = len(slow_azure.requests)
    process = start(
        *("scan", "--cloud", bench.sign_in_to(slow_azure.address)),
        *("--auth", "environment", "--output", directory, "--fail-on", "never"),
        *("--quiet", "--allow-gaps"),
    )
    wait_for(lambda: len(slow_azure.requests) > before + after)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INCOMPLETE, err
    assert err == f"interrupted: go on with --resume {directory}\n"
    assert {path.name for path in directory.iterdir()} == REPORTS
    content = json.loads((directory / "results.json").read_bytes())
    assert content["run"]["complete"] is False
    assert any("--resume" in note for note in content["run"]["notes"])
    assert content["gaps"]
    _assert_nothing_flipped(calm, bench.opened(directory))
