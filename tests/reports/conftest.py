"""Small assessments: what each report test renders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from scanner.model.check import (
    Check,
    Post,
    Severity,
    Status,
    Topic,
    Verdict,
    check,
    passed,
)
from scanner.model.coverage import Gap
from scanner.model.evidence import Evidence
from scanner.model.resource import Resource
from scanner.model.results import (
    Assessment,
    GapReport,
    Result,
    Run,
    ScannedSubscription,
    SignedIn,
    Target,
)
from scanner.model.selection import CheckSelection
from scanner.model.tenant import Tenant

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "bbbbbbbb-0000-0000-0000-000000000001"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"

Builder = Callable[..., Result]
Hostile = Callable[..., Assessment]


@check(
    id="keys.disabled",
    title="API keys are off",
    topic=Topic.API_KEYS,
    severity=Severity.HIGH,
    on=Resource,
    guidance=(Post.API_KEYS, Post.AUTHORIZATION),
    controls=("MCSB:IM-1", "NIST-800-53:AC-2"),
)
def keys_disabled(account: Resource, tenant: Tenant) -> Verdict:
    """Reads `properties.disableLocalAuth` of **every** account.

    ## Why it matters
    A key is nobody's:

    - it names no principal;
    - it <never> expires, as <https://example.org/keys> says.

    ## How to fix
    Set `disableLocalAuth`
    to true.

    ```bash
    az resource update --set properties.disableLocalAuth=true
    ```
    """
    return passed("unused")


@check(
    id="logging.on",
    title="Requests are logged",
    topic=Topic.LOGGING,
    severity=Severity.LOW,
    on=Resource,
    guidance=Post.LOGGING,
)
def logging_on(account: Resource, tenant: Tenant) -> Verdict:
    """Reads the diagnostic settings.

    ## How to fix
    1. Choose a workspace.
    2. Send it the logs.
    """
    return passed("unused")


def _id(name: str, subscription: str = SUBSCRIPTION) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/rg"
    return f"{group}/providers/{ACCOUNTS}/{name}"


def _target(name: str, subscription: str) -> Target:
    return Target(
        tenant_id=TENANT,
        subscription_id=subscription,
        subscription_name=f"Name of {subscription}",
        resource_group="rg",
        resource_type=ACCOUNTS,
        resource_name=name,
        resource_id=_id(name, subscription),
        location="westeurope",
    )


def _result(
    status: Status = Status.FAIL,
    severity: Severity | None = None,
    *,
    check: Check[Any] = keys_disabled,
    name: str = "one",
    subscription: str = SUBSCRIPTION,
    **changes: Any,
) -> Result:
    target = _target(name, subscription)
    result = Result(
        check=replace(check, severity=severity) if severity else check,
        target=target,
        status=status,
        reason=f"It is {status.value}.",
        evidence=(
            Evidence(
                target.resource_id, "properties.a", {"b": [1, None]}, "2026-01-01"
            ),
        ),
    )
    return replace(result, **changes)


def _gap(scope: str, status: int | None, code: str | None, reason: str) -> Gap:
    return Gap(
        tenant_id=TENANT,
        scope=scope,
        resource_type=ACCOUNTS,
        operation="Accounts_List",
        reason=reason,
        http_status=status,
        error_code=code,
    )


def _gaps() -> tuple[GapReport, ...]:
    refused = "AuthorizationFailed"
    named = ("keys.disabled", "logging.on")
    return (
        GapReport(gap=_gap("/subscriptions/1", 403, refused, "Not one."), checks=named),
        GapReport(gap=_gap("/subscriptions/2", 403, refused, "Not two.")),
        GapReport(gap=_gap("/subscriptions/3", None, None, "Not JSON.")),
    )


def _run(**changes: Any) -> Run:
    run = Run(
        started="2026-01-02T03:04:05Z",
        finished="2026-01-02T03:05:06Z",
        complete=True,
        version="1.2.3",
        catalogue="c" * 64,
        cloud="AzureCloud",
        method="cli",
        signed_in=(SignedIn(tenant_id=TENANT, principal_name="reader@example.org"),),
        scope={"subscriptions": ("One",), "directory": ("microsoft-graph",)},
        subscriptions=(
            ScannedSubscription(id=SUBSCRIPTION, name="One", tenant_id=TENANT),
        ),
        notes=("A note.",),
        requests=12,
    )
    return replace(run, **changes)


def _every_status() -> Iterator[Result]:
    for kind, status in product((keys_disabled, logging_on), Status):
        yield _result(status, check=kind, name=f"{status.value}-account")


def _laced_target(text: str, id: str) -> Target:
    return Target(
        tenant_id=id,
        subscription_id=text,
        subscription_name=text,
        resource_group=text,
        resource_type=text,
        resource_name=text,
        resource_id=id,
        location=text,
    )


def _laced_result(text: str, id: str, status: Status) -> Result:
    values = ({text: [text, {"deep": text}]}, text)
    return _result(
        status,
        target=_laced_target(text, id),
        reason=text,
        evidence=tuple(Evidence(text, text, value, text) for value in values),
        advice=text,
        exemption=text if status is Status.WARN else "",
    )


def _laced_reader(text: str) -> SignedIn:
    return SignedIn(
        tenant_id=text,
        principal_id=text,
        principal_name=text,
        principal_type=text,
        application_id=text,
    )


def _laced_run(text: str) -> Run:
    return _run(
        started=text,
        finished=text,
        cloud=text,
        method=text,
        signed_in=(_laced_reader(text),),
        scope={text: (text,)},
        selection=CheckSelection(check=(text,), chosen=1, catalogue=2),
        subscriptions=(ScannedSubscription(id=text, name=text, tenant_id=text),),
        notes=(text,),
    )


def _laced(text: str, *, id: str | None = None) -> Assessment:
    hashed = text if id is None else id
    gap = Gap(
        tenant_id=text,
        scope=text,
        resource_type=text,
        operation=text,
        reason=text,
        http_status=403,
        error_code=text,
    )
    return Assessment(
        run=_laced_run(text),
        results=tuple(_laced_result(text, hashed, status) for status in Status),
        gaps=(GapReport(gap=gap, checks=("keys.disabled",)),),
    )


@pytest.fixture(scope="session")
def result() -> Builder:
    """Return a function that makes a result; a keyword changes any field of it."""
    return _result


@pytest.fixture(scope="session")
def run() -> Run:
    """Return a complete run by one principal."""
    return _run()


@pytest.fixture(scope="session")
def checks() -> dict[str, Check[Any]]:
    """Return the checks of these tests by id."""
    return {each.id: each for each in (keys_disabled, logging_on)}


@pytest.fixture(scope="session")
def assessment() -> Assessment:
    """Return an assessment with two checks in every status, and three gaps."""
    return Assessment(run=_run(), results=tuple(_every_status()), gaps=_gaps())


@pytest.fixture(scope="session")
def hostile() -> Hostile:
    """Return a function that puts one text in every field that Azure fills.

    `id` is what tenant and resource ids are instead: they are hashed, and read by a
    decoder that refuses a lone surrogate.
    """
    return _laced
