"""Judging: every answer is accounted for, and what was not read is never a pass."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import checks
from scanner.collect import directory
from scanner.collect.assemble import assemble
from scanner.collect.reads import AT_SUBSCRIPTION
from scanner.demo import TENANT_ID, bodies
from scanner.judge import Judge
from scanner.model.check import Check, Severity, Status, Topic, Verdict, check, passed
from scanner.model.check import Post as Guidance
from scanner.model.cloud import Suffixes
from scanner.model.cognitive import CognitiveAccount, Deployment
from scanner.model.coverage import Gap, NotRead, Outcome, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record, Resource
from scanner.model.resources import TENANT_TYPE, Subscription
from scanner.model.results import Result
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUB = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000001"
ACCOUNTS = CognitiveAccount.type

Decide = Callable[[Any, Any], Verdict]


def made(
    decide: Decide,
    on: type[Resource] | tuple[type[Resource], ...] = CognitiveAccount,
    **more: Any,
) -> Check[Any]:
    return check(
        id="example",
        title="t",
        topic=Topic.LOGGING,
        severity=Severity.HIGH,
        on=on,
        guidance=Guidance.LOGGING,
        **more,
    )(decide)


def yes(_: Any, __: Any) -> Verdict:
    return passed("yes")


def account(name: str, **content: Any) -> dict[str, Any]:
    own = f"{SUB}/resourceGroups/g/providers/{ACCOUNTS}/{name}"
    return {"id": own, "properties": {}, "location": "westeurope", **content}


def subscription(**content: Any) -> dict[str, Any]:
    return {"id": SUB, "displayName": "Test", "state": "Enabled", **content}


def gap(kind: str, scope: str, reason: str = "refused") -> Gap:
    return Gap(
        tenant_id=TENANT,
        scope=scope,
        resource_type=kind,
        operation="list",
        reason=reason,
        http_status=403,
        error_code="Denied",
    )


def with_gaps(reading: Reading, gaps: list[Gap]) -> Reading:
    own = tuple(
        each
        for each in gaps
        if each.resource_type == reading.resource_type
        and id_key(each.scope) == id_key(reading.scope)
    )
    return replace(reading, outcome=Outcome.GAP, gaps=own) if own else reading


def judge(found: list[dict[str, Any]], *gaps: Gap) -> Judge:
    records, readings = assemble([subscription(), *found], TENANT)
    readings = [with_gaps(each, list(gaps)) for each in readings]
    return Judge(inventory(TENANT, records, readings), Settings())


def inventory(tenant: str, records: list[Record], readings: list[Reading]) -> Inventory:
    return Inventory(
        tenant,
        records,
        readings,
        read_at=READ_AT,
        suffixes=Suffixes(),
        whole_tenant=True,
    )


def told(results: Any) -> list[tuple[str, str]]:
    return [(each.target.resource_name, each.status.value) for each in results]


def test_each_resource_gets_its_answer_in_the_order_of_ids() -> None:
    results = list(judge([account("b"), account("A")]).results([made(yes)]))
    assert told(results) == [("A", "pass"), ("b", "pass")]
    target = results[0].target
    assert target.tenant_id == TENANT
    assert target.subscription_id == SUB.rpartition("/")[2]
    assert target.subscription_name == "Test"
    assert target.resource_group == "g"
    assert target.resource_type == ACCOUNTS
    assert target.location == "westeurope"


SEVERAL = (Deployment, CognitiveAccount)


def test_a_check_may_judge_several_types() -> None:
    inside = f"{account('b')['id']}/deployments/gpt"
    found = [account("b"), account("a"), {"id": inside, "properties": {}}]
    results = list(judge(found).results([made(yes, on=SEVERAL)]))
    assert told(results) == [("a", "pass"), ("b", "pass"), ("gpt", "pass")]
    [nothing] = judge([]).results([made(yes, on=SEVERAL)])
    assert all(view.type in nothing.reason for view in SEVERAL)


def test_a_gap_that_hides_several_types_is_one_answer() -> None:
    one = judge([], gap(ACCOUNTS, SUB))
    [result] = one.results([made(yes, on=SEVERAL)])
    assert told([result]) == [("Test", "not-assessed")]
    [report] = one.gaps()
    assert report.checks == ("example",)


@pytest.mark.parametrize("found", [[], [account("left out")]])
def test_nothing_to_judge_is_said_once_of_the_tenant(
    found: list[dict[str, Any]],
) -> None:
    one = judge(found)
    [result] = one.results([made(yes, where=lambda _: False)])
    assert result.status is Status.NOT_APPLICABLE
    assert result.target.resource_id == f"/tenants/{TENANT}"
    assert result.target.resource_type == TENANT_TYPE
    assert one.gaps() == ()


@pytest.mark.parametrize("requested", [True, False])
def test_nothing_to_judge_where_more_may_lie_above(requested: bool) -> None:
    records, whole = assemble([subscription()], TENANT)
    missing = [gap(ACCOUNTS, SUB)]
    readings = [
        replace(with_gaps(each, missing), requested=requested)
        if each.resource_type == ACCOUNTS
        else each
        for each in whole
    ]
    one = Judge(inventory(TENANT, records, readings), Settings())
    [result] = one.results([made(yes)])
    assert (result.status is Status.NOT_ASSESSED) is requested
    assert ("lower bound" in result.reason) is not requested


def test_evidence_is_of_the_verdict_alone() -> None:
    def where(account: Any) -> bool:
        return bool(account.kind != "other")

    def decide(account: Any, _: Any) -> Verdict:
        return passed(f"{account.local_auth_disabled}")

    results = judge([account("a"), account("b")]).results([made(decide, where=where)])
    for result in results:
        [evidence] = result.evidence
        assert evidence.path == "properties.disableLocalAuth"
        assert evidence.resource_id == result.target.resource_id


# Not read


def test_a_malformed_value_costs_its_resource_its_verdict() -> None:
    def decide(account: Any, _: Any) -> Verdict:
        return passed(str(account.local_auth_disabled))

    bad = account("b", properties={"disableLocalAuth": "yes"})
    one = judge([account("a"), bad])
    results = list(one.results([made(decide)]))
    assert told(results) == [("a", "pass"), ("b", "not-assessed")]
    assert results[1].evidence[0].value == "yes"
    [report] = one.gaps()
    assert report.gap.scope == bad["id"]
    assert report.gap.reason == results[1].reason
    assert report.checks == ("example",)


def test_a_reference_outside_the_scan_is_no_gap() -> None:
    def decide(_: Any, __: Any) -> Verdict:
        raise NotRead("outside the scan")

    one = judge([account("a")])
    [result] = one.results([made(decide)])
    assert (result.status, result.reason) == (Status.NOT_ASSESSED, "outside the scan")
    assert one.gaps() == ()


@contextmanager
def no_logs() -> Iterator[None]:
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("place", ["decide", "where"])
def test_a_fault_of_a_check_costs_one_verdict_and_is_a_gap(place: str) -> None:
    def broken(account: Any, *_: Any) -> Any:
        if account.name == "b":
            raise KeyError("secret detail")
        return passed("yes")

    decide, where = (broken, lambda _: True) if place == "decide" else (yes, broken)
    one = judge([account("a"), account("b"), account("c")])
    with no_logs():
        results = list(one.results([made(decide, where=where), made(yes)]))
    statuses = [each.status.value for each in results]
    assert statuses == ["pass", "not-assessed", "pass", *["pass"] * 3]
    assert results[1].reason == "internal error in example: KeyError"
    [report] = one.gaps()
    assert report.gap.scope == account("b")["id"]
    assert report.checks == ("example",)


@pytest.mark.parametrize(("level", "shown"), [("INFO", False), ("DEBUG", True)])
def test_a_fault_is_logged_in_one_line_unless_all_is_shown(
    level: str,
    shown: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("secret detail")

    logger = logging.getLogger("scanner.judge")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    with caplog.at_level(level, logger.name):
        list(judge([account("a")]).results([made(broken)]))
    [record] = caplog.records
    assert bool(record.exc_info) is shown
    told = f"internal error in example: KeyError, on {account('a')['id']}"
    assert record.getMessage() == told


def test_a_check_by_region_answers_for_each_on_the_tenant() -> None:
    bodies = [
        account("a", location="westeurope"),
        account("b", location="West Europe"),
        account("c", location="uksouth"),
        account("d", location=5),
    ]
    answered = made(lambda one, _: passed(one.region), by_region=True)
    results = list(judge(bodies).results([answered]))
    assert [(one.target.location, one.reason) for one in results[:2]] == [
        ("westeurope", "westeurope"),
        ("uksouth", "uksouth"),
    ]
    assert results[2].status is Status.NOT_ASSESSED
    assert {one.target.resource_id for one in results} == {f"/tenants/{TENANT}"}
    assert len({one.fingerprint for one in results}) == 3


def test_a_check_by_region_asks_about_what_it_covers() -> None:
    bodies = [account(name, location="uksouth") for name in "abc"]
    covered = made(
        lambda one, _: passed(one.name),
        by_region=True,
        where=lambda one: one.name != "a",
    )
    [result] = judge(bodies).results([covered])
    assert result.reason == "b"


def test_an_index_says_what_a_check_may_be_about() -> None:
    made_for = []

    def among(tenant: Any) -> set[str]:
        made_for.append(tenant.id)
        return {id_key(account("b")["id"])}

    def where(account: Any) -> bool:
        return str(account.name) != "a" or pytest.fail("it was opened")

    one = judge([account("a"), account("B"), account("c")])
    results = one.results([made(yes, among=among, where=where), made(yes, among=among)])
    assert told(results) == [("B", "pass")] * 2
    assert made_for == [TENANT]


def test_an_index_that_lacks_its_grounds_is_one_answer() -> None:
    def nothing(_: Any) -> set[str]:
        raise NotRead("the directory was not asked")

    one = judge([account("a"), account("b")])
    [result] = one.results([made(yes, among=nothing)])
    assert (result.status, result.reason) == (
        Status.NOT_ASSESSED,
        "the directory was not asked",
    )
    assert result.target.resource_type == TENANT_TYPE
    assert one.gaps() == ()


def test_an_index_made_without_all_it_needs_finds_nothing_for_certain() -> None:
    def deployments(tenant: Any) -> set[str]:
        return set(tenant.all(Deployment).ids())

    def among(tenant: Any) -> set[str]:
        return set(tenant.once(deployments))

    missing = gap(Deployment.type, account("a")["id"])
    one = judge([account("a", kind="OpenAI")], missing)

    def where(account: Any) -> bool:
        return account.id in account.tenant.once(among)

    three = made(yes, among=among), made(yes, among=deployments), made(yes, where=where)
    for result in one.results(three):
        assert result.status is Status.NOT_ASSESSED
        assert "Denied" in result.reason
        assert result.target.resource_type == TENANT_TYPE
    assert [report.checks for report in one.gaps()] == [("example",)]
    [result] = judge([account("a")]).results([made(yes, among=among)])
    assert result.status is Status.NOT_APPLICABLE


def test_an_answer_that_could_not_be_given_names_the_gap_it_met() -> None:
    def count(tenant: Any) -> int:
        tenant.within(Deployment, account("a")["id"])
        raise NotRead("nobody can count them")

    def decide(account: Any, tenant: Any) -> Verdict:
        try:
            tenant.once(count)
        except NotRead:
            raise NotRead("how many there are is not known") from None
        return passed("counted")

    missing = gap(Deployment.type, account("a")["id"])
    one = judge([account("a", kind="OpenAI")], missing)
    [result] = one.results([made(decide)])
    named = NotRead.from_gap(missing).reason
    assert result.reason == f"how many there are is not known; {named}"
    assert [report.checks for report in one.gaps()] == [("example",)]


def test_a_fault_of_an_index_costs_the_check_and_no_other() -> None:
    def broken(_: Any) -> set[str]:
        raise KeyError("secret detail")

    one = judge([account("a")])
    with no_logs():
        bad, good = one.results([made(yes, among=broken), made(yes)])
    assert bad.status is Status.NOT_ASSESSED
    assert bad.reason == "internal error in example: KeyError"
    assert bad.target.resource_type == TENANT_TYPE
    assert good.status is Status.PASS
    [report] = one.gaps()
    assert report.checks == ("example",)


def test_a_gap_of_the_judged_type_is_one_answer_at_its_scope() -> None:
    two = [gap(ACCOUNTS, SUB), gap(ACCOUNTS, SUB, "item 3 is not an object")]
    one = judge([account("a")], *two)
    results = list(one.results([made(yes)]))
    assert told(results) == [("a", "pass"), ("Test", "not-assessed")]
    answer = results[1]
    assert answer.target.resource_id == SUB
    assert answer.target.resource_type == Subscription.type
    assert answer.target.subscription_name == "Test"
    for word in (ACCOUNTS, "403", "Denied", "refused"):
        assert word in answer.reason
    assert [report.checks for report in one.gaps()] == [("example",)] * 2


def test_a_gap_of_what_the_judged_type_lies_in_is_one_too() -> None:
    one = judge([], gap(ACCOUNTS, SUB))
    [result] = one.results([made(yes, on=Deployment)])
    assert result.status is Status.NOT_ASSESSED
    assert result.target.resource_id == SUB


def test_a_gap_of_another_type_is_listed_and_costs_nothing() -> None:
    vaults = gap("Microsoft.KeyVault/vaults", SUB)
    one = judge([account("a")], vaults)
    assert told(one.results([made(yes)])) == [("a", "pass")]
    [report] = one.gaps()
    assert (report.gap, report.checks) == (vaults, ())


# A subscription that is refused whole


@pytest.fixture(scope="module")
def refused() -> tuple[str, list[Result], Judge, list[Result]]:
    """The demo tenant, with every read of one subscription refused."""
    records, readings = assemble(bodies(), TENANT_ID)
    scope = min(each.id for each in records if each.type == Subscription.type)
    inside = f"{id_key(scope)}/"

    def lies_in(resource_id: str) -> bool:
        return f"{id_key(resource_id)}/".startswith(inside)

    kept = [
        each
        for each in records
        if each.type == Subscription.type or not lies_in(each.scope)
    ]
    known = {read.of.type for read in AT_SUBSCRIPTION}
    left = [
        replace(
            each,
            outcome=Outcome.GAP,
            count=0,
            gaps=(gap(each.resource_type, each.scope),),
        )
        if id_key(each.scope) == id_key(scope)
        else each
        for each in readings
        if not lies_in(each.scope)
        or (id_key(each.scope) == id_key(scope) and each.resource_type in known)
    ]
    judged = Judge(inventory(TENANT_ID, kept, left), Settings())
    whole = Judge(inventory(TENANT_ID, records, readings), Settings())
    return (
        scope,
        list(judged.results(checks.ALL)),
        judged,
        list(whole.results(checks.ALL)),
    )


IN_THE_DIRECTORY = {read.of for read in directory.READS}
"""The types that lie in no subscription (guidance, ruling 47)."""


def test_every_check_answers_once_for_it(refused: Any) -> None:
    scope, results, _, _ = refused
    about = [
        each for each in results if id_key(each.target.resource_id) == id_key(scope)
    ]
    assert sorted(each.check.id for each in about) == sorted(
        each.id for each in checks.ALL if not IN_THE_DIRECTORY.issuperset(each.on)
    )
    assert {each.status for each in about} == {Status.NOT_ASSESSED}


def test_each_of_its_declared_reads_is_one_gap(refused: Any) -> None:
    scope, _, judged, _ = refused
    reports = judged.gaps()
    assert sorted(each.gap.resource_type for each in reports) == sorted(
        read.of.type for read in AT_SUBSCRIPTION if not read.context
    )
    assert {each.gap.scope for each in reports} == {scope}


def test_no_verdict_elsewhere_flips(refused: Any) -> None:
    _, results, _, whole = refused
    verdicts = {Status.PASS, Status.FAIL, Status.WARN}

    def by_print(found: list[Result]) -> dict[str, Status]:
        return {each.fingerprint: each.status for each in found}

    before, after = by_print(whole), by_print(results)
    changed = {
        (before[each], status)
        for each, status in after.items()
        if each in before and before[each] != status and status in verdicts
    }
    assert not changed
