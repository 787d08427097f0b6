"""Exemptions accept findings: never a gap, never a pass, never for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import checks
from scanner.model.check import Status
from scanner.model.exemptions import Exemption, Use
from scanner.model.resources import TENANT_TYPE
from scanner.model.results import Result, Target
from scanner.register import Register

UNREAD = "/subscriptions/u"
TODAY = date(2026, 9, 1)
GROUP = "/subscriptions/s/resourceGroups/rg"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/oai"
CHECK = next(each for each in checks.ALL if each.id == "aoai-local-auth-disabled")


def exemption(**changes: Any) -> Exemption:
    fields: dict[str, Any] = {
        "check": "aoai-local-*",
        "scope": GROUP,
        "owner": "lab",
        "approver": "ciso",
        "reason": "Ends with the lab.",
        "created": date(2026, 1, 1),
        "expires": TODAY,
    }
    return Exemption(**fields | changes)


def finding(status: Status = Status.FAIL, resource_id: str = ACCOUNT) -> Result:
    target = Target(
        tenant_id="t", resource_type="r", resource_name="n", resource_id=resource_id
    )
    return Result(check=CHECK, target=target, status=status, reason="")


def accepted(
    given: Exemption, result: Result, tags: Mapping[str, str] | None = None
) -> str:
    return Register([given], TODAY).applied(result, lambda _: tags or {}).exemption


def test_an_accepted_finding_says_by_whom_why_and_until_when() -> None:
    told = accepted(exemption(), finding())
    for word in ("Ends with the lab.", "lab", "ciso", "2026-01-01", "2026-09-01"):
        assert word in told


@pytest.mark.parametrize(
    ("changes", "tags", "met"),
    [
        ({"check": "aoai-local-auth-disabled"}, {}, True),
        ({"check": "fdp-local-auth-disabled"}, {}, True),
        ({"check": "AOAI-LOCAL-*"}, {}, True),
        ({"check": "aoai-diag-*"}, {}, False),
        ({"scope": ACCOUNT.upper()}, {}, True),
        ({"scope": f"{GROUP[:-1]}"}, {}, False),
        ({"scope": f"{ACCOUNT}/deployments/d"}, {}, False),
        ({"scope": "", "tag": ("Env", "lab")}, {"env": "lab"}, True),
        ({"scope": "", "tag": ("env", "lab")}, {"env": "LAB"}, False),
        ({"scope": "", "tag": ("env", "lab")}, {}, False),
        ({"scope": "/subscriptions/x", "tag": ("env", "lab")}, {"env": "lab"}, False),
    ],
)
def test_what_an_exemption_is_for(
    changes: Any, tags: Mapping[str, str], met: bool
) -> None:
    assert bool(accepted(exemption(**changes), finding(), tags)) is met


def test_it_holds_on_its_last_day_and_not_after() -> None:
    assert accepted(exemption(expires=TODAY), finding())
    assert not accepted(exemption(expires=date(2026, 8, 31)), finding())


def test_it_holds_from_its_first_day_and_not_before() -> None:
    assert accepted(exemption(created=TODAY), finding())
    later = date(2026, 9, 2)
    assert not accepted(exemption(created=later, expires=later), finding())


def test_what_became_of_each() -> None:
    register = Register(
        [
            exemption(),
            exemption(created=date(2026, 9, 2), expires=date(2026, 9, 3)),
            exemption(expires=date(2026, 8, 31)),
            exemption(check="aoai-diag-*"),
            exemption(scope="/subscriptions/t"),
            exemption(scope=f"{UNREAD}/resourceGroups/rg"),
            exemption(scope=f"{UNREAD}x/resourceGroups/rg"),
            exemption(scope="", tag=("env", "lab")),
            exemption(scope="/subscriptions/Elsewhere/resourceGroups/rg"),
        ],
        TODAY,
    )
    for each in (finding(), finding(Status.NOT_ASSESSED, UNREAD)):
        register.applied(each, lambda _: {})
    told = [
        (each.use, each.findings, bool(each.warning))
        for each in register.reports(["s", "T", "u", "ux"])
    ]
    assert told == [
        (Use.IN_FORCE, 1, False),
        (Use.PENDING, 1, True),
        (Use.EXPIRED, 1, True),
        (Use.NOT_RUN, 0, True),
        (Use.UNUSED, 0, True),
        (Use.NOT_ASSESSED, 0, True),
        (Use.UNUSED, 0, True),
        (Use.NOT_ASSESSED, 0, True),
        (Use.NOT_SCANNED, 0, True),
    ]


def test_what_is_not_assessed_for_a_whole_tenant_leaves_every_exemption_open() -> None:
    register = Register([exemption()], TODAY)
    target = replace(finding().target, resource_type=TENANT_TYPE, resource_id="/t/t")
    unread = replace(finding(Status.NOT_ASSESSED), target=target)
    register.applied(unread, lambda _: {})
    [report] = register.reports(["s"])
    assert report.use is Use.NOT_ASSESSED


patterns = st.sampled_from(["*", "aoai-*", "fdp-*", "nothing-*", CHECK.id])
scopes = st.sampled_from(["", "/", "/subscriptions/s", GROUP, ACCOUNT, "/x"])
days = st.dates(date(2025, 1, 1), date(2027, 1, 1))


@given(
    st.lists(st.builds(exemption, check=patterns, scope=scopes, expires=days)),
    st.sampled_from(Status),
)
def test_no_exemption_changes_an_answer(
    exemptions: list[Exemption], status: Status
) -> None:
    before = finding(status)
    after = Register(exemptions, TODAY).applied(before, lambda _: {})
    assert (after.status, after.reason, after.target) == (status, "", before.target)
    if not before.is_finding:
        assert after == before
