"""Applications: who signs in to them, they with what, and what stubs are permitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.cross_tenant.applications import no_admin_consent
from checks.cross_tenant.registrations import app_audience, app_credential
from scanner.model.check import Check, Status
from scanner.model.directory import Application, AppRole, Consent, DirectoryObject
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
PARTNER = "aaaaaaaa-0000-0000-0000-000000000009"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
SCOPE = f"/tenants/{TENANT}"
GRAPH = f"{SCOPE}/providers/Microsoft.Graph"
APP_ID = "dddddddd-0000-4000-8000-0000000000a1"
OBJECT = f"{GRAPH}/applications/app"
STUB = f"{GRAPH}/directoryObjects/stub"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ABSENT = ...

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE


def application(**properties: object) -> Body:
    usual: dict[str, object] = {
        "appId": APP_ID,
        "displayName": "app",
        "signInAudience": "AzureADMyOrg",
        "passwordCredentials": [],
        "keyCredentials": [],
    }
    return {"id": OBJECT, "properties": {**usual, **properties}}


def secret(start: object, end: object) -> Body:
    return {"displayName": "s", "startDateTime": start, "endDateTime": end}


def held() -> Body:
    definition = f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
    return {
        "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/a",
        "properties": {
            "scope": SUBSCRIPTION,
            "principalId": "stub",
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{SUBSCRIPTION}{definition}",
        },
    }


def stub(owner: object = PARTNER, kind: str = "servicePrincipal") -> Body:
    own = {"id": "stub", "displayName": "stub", "appOwnerOrganizationId": owner}
    return {"id": STUB, "kind": kind, "properties": own}


def role(api: object = "Microsoft Graph") -> Body:
    properties = {"resourceDisplayName": api}
    return {"id": f"{STUB}/appRoleAssignments/r", "properties": properties}


def consent(kind: object = "AllPrincipals", scope: object = "User.Read") -> Body:
    properties = {"consentType": kind, "scope": scope}
    return {"id": f"{STUB}/oauth2PermissionGrants/c", "properties": properties}


def status_of(
    verdicts: Verdicts, check: Check[Any], *bodies: Body, **options: Any
) -> Status:
    [result] = verdicts(check, *bodies, **options)
    assert "internal error" not in result.reason
    if result.status in (PASS, FAIL, WARN):
        assert result.evidence
    return result.status


@pytest.mark.parametrize(
    ("audience", "approved", "status"),
    [
        ("AzureADMyOrg", (), PASS),
        (None, (), PASS),
        ("AzureADMultipleOrgs", (), FAIL),
        ("azureadmultipleorgs", (APP_ID.upper(),), PASS),
        ("AzureADMultipleOrgs", ("other",), FAIL),
        ("AzureADandPersonalMicrosoftAccount", (APP_ID,), FAIL),
        ("PersonalMicrosoftAccount", (), FAIL),
        ("Everybody", (), UNREAD),
        (ABSENT, (), UNREAD),
        (7, (), UNREAD),
    ],
)
def test_who_signs_in(
    verdicts: Verdicts, audience: object, approved: tuple[str, ...], status: Status
) -> None:
    given = application(signInAudience=audience)
    settings = Settings(approved_applications=approved)
    assert status_of(verdicts, app_audience, given, settings=settings) is status


@pytest.mark.parametrize(
    ("audience", "helps"),
    [("AzureADMultipleOrgs", True), ("AzureADandPersonalMicrosoftAccount", False)],
)
def test_advice_lists_only_what_listing_helps(
    verdicts: Verdicts, audience: str, helps: bool
) -> None:
    given = application(signInAudience=audience)
    advice = verdicts(app_audience, given).only().remediation
    assert "`approved_applications`" in advice
    assert ("set it to AzureADMultipleOrgs" in advice) is not helps


SHORT = secret("2026-08-01T00:00:00Z", "2026-10-30T00:00:00Z")
LONG = secret("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
EXPIRED = secret("2023-01-01T00:00:00Z", "2025-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("secrets", "status"),
    [
        ([], PASS),
        (None, PASS),
        ([SHORT], WARN),
        ([SHORT, LONG], FAIL),
        ([EXPIRED], WARN),
        ([secret("2026-01-01T00:00:00Z", None)], FAIL),
        ([secret(None, "2026-12-01T00:00:00Z")], WARN),
        ([secret(None, "2027-12-01T00:00:00Z")], FAIL),
        ([secret("soon", "2027-12-01T00:00:00Z")], UNREAD),
        (["odd"], UNREAD),
        ("odd", UNREAD),
        (ABSENT, UNREAD),
    ],
)
def test_what_applications_sign_in_with(
    verdicts: Verdicts, secrets: object, status: Status
) -> None:
    given = application(passwordCredentials=secrets)
    assert status_of(verdicts, app_credential, given) is status


def test_how_long_secrets_may_last_is_a_setting(verdicts: Verdicts) -> None:
    given = application(passwordCredentials=[LONG], signInAudience=ABSENT)
    settings = Settings(application_secret_days=400)
    assert status_of(verdicts, app_credential, given, settings=settings) is WARN


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ([LONG], "has 1 client secret for more than 180 days: "),
        ([LONG, LONG], "has 2 client secrets for more than 180 days: "),
        ([{**LONG, "displayName": None}], "one without a name until 2027-01-01"),
    ],
)
def test_secrets_are_counted_and_named(
    verdicts: Verdicts, secrets: object, said: str
) -> None:
    [result] = verdicts(app_credential, application(passwordCredentials=secrets))
    assert said in result.reason


def test_that_an_application_is_open_is_said(verdicts: Verdicts) -> None:
    given = application(
        passwordCredentials=[LONG], signInAudience="AzureADMultipleOrgs"
    )
    [result] = verdicts(app_credential, given)
    assert "open to other tenants" in result.reason


@pytest.mark.parametrize("check", [app_audience, app_credential])
def test_a_directory_that_was_not_asked_or_refused(
    verdicts: Verdicts, check: Check[Any]
) -> None:
    [result] = verdicts(check, held())
    assert result.status is UNREAD
    assert "--directory" in result.reason
    unread = [(Application, SCOPE)]
    [refused] = verdicts(check, held(), stub(), application(), unread=unread)
    assert refused.status is UNREAD
    assert "refused" in refused.reason
    assert status_of(verdicts, check, held(), stub()) is NONE


@pytest.mark.parametrize(
    ("bodies", "unread", "status"),
    [
        ([], [], PASS),
        ([role()], [], WARN),
        ([consent()], [], WARN),
        ([consent("Principal")], [], WARN),
        ([consent(None, None)], [], WARN),
        ([consent(7)], [], UNREAD),
        ([role(7)], [], UNREAD),
        ([], [(AppRole, STUB)], UNREAD),
        ([], [(Consent, STUB)], UNREAD),
        ([consent()], [(AppRole, STUB)], WARN),
        ([role()], [(Consent, STUB)], WARN),
    ],
)
def test_consent_to_apis(
    verdicts: Verdicts, bodies: list[Body], unread: Any, status: Status
) -> None:
    given = (held(), stub(), *bodies)
    assert status_of(verdicts, no_admin_consent, *given, unread=unread) is status


def test_consent_to_a_stub_that_holds_its_roles_in_a_group(verdicts: Verdicts) -> None:
    of_group = held()
    of_group["properties"] |= {"principalId": "team", "principalType": "Group"}
    team = {"id": f"{GRAPH}/directoryObjects/team", "kind": "group", "properties": {}}
    inside = {**stub(), "id": f"{team['id']}/members/stub"}
    given = (of_group, team, inside)
    assert status_of(verdicts, no_admin_consent, *given) is PASS
    assert status_of(verdicts, no_admin_consent, *given, consent()) is WARN
    unread = [(AppRole, STUB)]
    assert status_of(verdicts, no_admin_consent, *given, unread=unread) is UNREAD
    own = (of_group, team, {**inside, "properties": stub(TENANT)["properties"]})
    assert status_of(verdicts, no_admin_consent, *own) is NONE


def test_whose_consent_is_looked_at(verdicts: Verdicts) -> None:
    own = (held(), stub(TENANT), consent())
    assert status_of(verdicts, no_admin_consent, *own) is NONE
    identity = (held(), stub(None))
    assert status_of(verdicts, no_admin_consent, *identity) is NONE
    unknown = (held(), stub(ABSENT))
    assert status_of(verdicts, no_admin_consent, *unknown) is UNREAD
    refused = [(DirectoryObject, SCOPE)]
    found = status_of(verdicts, no_admin_consent, held(), stub(), unread=refused)
    assert found is UNREAD
    assert status_of(verdicts, no_admin_consent, held()) is UNREAD
