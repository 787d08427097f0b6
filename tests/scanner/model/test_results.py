from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.model.check import Check, Severity, Status, Topic, Verdict, check, passed
from scanner.model.check import Post as Guidance
from scanner.model.resources import Subscription
from scanner.model.results import Assessment, Result, Run, Target

TARGET = Target(
    tenant_id="t",
    resource_type=Subscription.type,
    resource_name="S",
    resource_id="/subscriptions/S",
    location="westeurope",
)


def made(severity: Severity, id: str = "one") -> Check[Any]:
    @check(
        id=id,
        title="t",
        topic=Topic.DNS,
        severity=severity,
        on=Subscription,
        guidance=Guidance.DNS_POLICIES,
    )
    def decide(_: Subscription, __: Any) -> Verdict:
        """Reads nothing.

        ## How to fix
        Do it.
        """
        return passed("yes")

    return decide


CHECKS = {severity: made(severity) for severity in Severity}


def result(status: Status, severity: Severity = Severity.HIGH, **more: Any) -> Result:
    return Result(
        check=CHECKS[severity], target=TARGET, status=status, reason="r", **more
    )


# Which findings make the exit code


def assessment(*results: Result) -> Assessment:
    run = Run(started="", version="", cloud="", method="")
    return Assessment(run=run, results=results, gaps=())


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("severity", Severity)
def test_only_failures_at_or_above_the_threshold_count(
    status: Status, severity: Severity
) -> None:
    found = assessment(result(status, severity))
    order = list(Severity)
    for threshold in Severity:
        reached = order.index(severity) <= order.index(threshold)
        assert found.totals.findings_at(threshold) == (status == "fail" and reached)


def test_an_accepted_finding_does_not_count() -> None:
    found = assessment(result(Status.FAIL, exemption="accepted"))
    assert found.totals.findings_at(Severity.LOW) == 0


# What to do


@pytest.mark.parametrize("status", Status)
def test_there_is_something_to_do_about_findings_and_questions(status: Status) -> None:
    to_do = status in ("fail", "warn", "manual")
    assert result(status).remediation == ("Do it." if to_do else "")
    own = result(status, advice="Do not.")
    assert own.remediation == ("Do not." if to_do else "")
    assert own.is_finding == (status in ("fail", "warn"))


# Fingerprints


@pytest.mark.parametrize(
    "change",
    [
        {"resource_id": "SUBSCRIPTIONS/s/"},
        {"resource_name": "renamed"},
        {"subscription_name": "renamed"},
        {"location": "elsewhere"},
    ],
    ids=str,
)
def test_a_fingerprint_outlives_what_does_not_name_the_resource(
    change: dict[str, str],
) -> None:
    one = result(Status.FAIL)
    assert replace(one, target=replace(TARGET, **change)).fingerprint == one.fingerprint
    assert replace(one, status=Status.PASS, reason="x").fingerprint == one.fingerprint
    assert len(one.fingerprint) == 32


def test_a_fingerprint_is_the_same_in_every_version() -> None:
    # Exemptions and diffs of runs made by earlier versions rely on it.
    assert result(Status.FAIL).fingerprint == "dae43388c9db217f94b2c5a726270319"


def test_fingerprints_tell_checks_tenants_resources_and_regions_apart() -> None:
    one = result(Status.FAIL)
    whole = replace(TARGET, resource_id="/tenants/t")
    others = [
        one,
        replace(one, check=made(Severity.HIGH, "two")),
        replace(one, target=replace(TARGET, tenant_id="u")),
        replace(one, target=replace(TARGET, resource_id="/subscriptions/S2")),
        replace(one, target=whole),
        replace(one, target=replace(whole, location="northeurope")),
    ]
    assert len({each.fingerprint for each in others}) == len(others)
