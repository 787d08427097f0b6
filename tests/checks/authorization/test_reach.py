from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.authorization.reach import (
    CHECKS,
    broad_scope_data_role,
    deploy_models,
    files_import,
    keys_over_entra,
    openai_contrib_metrics,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import DenyAssignment, RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.directory import member_id, object_id
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
DEPLOY = "Microsoft.CognitiveServices/accounts/deployments/write"
METRICS = "Microsoft.Insights/metrics/read"
MANAGED = "/providers/Microsoft.Management/managementGroups"

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE

on_assignments = [check for check in CHECKS if check is not keys_over_entra]
each_check = pytest.mark.parametrize(
    "check", on_assignments, ids=lambda check: check.id
)


def account(name: str = "ai", kind: str = "OpenAI", **properties: object) -> Body:
    own = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/{name}"
    known = {"customSubDomainName": "ai", **properties}
    return {"id": own, "kind": kind, "properties": known}


def contributor(rbac: Any) -> Body:
    role: Body = rbac.role(
        BuiltIn.OPENAI_CONTRIBUTOR, actions=[DEPLOY], dataActions=[f"{OPENAI}/*"]
    )
    return role


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "rbac-files-import",
        "rbac-openai-contrib-metrics",
        "rbac-deploy-models",
        "rbac-broad-scope-data-role",
        "rbac-keys-over-entra",
    ]


@each_check
def test_what_is_elsewhere_is_left_out(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    elsewhere = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, f"{GROUP}2")
    found = verdicts(check, account(), contributor(rbac), elsewhere)
    assert found.only().status is NONE


@each_check
def test_unread(verdicts: Verdicts, rbac: Any, check: Check[Any]) -> None:
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP)
    assert verdicts(check, account(), granted).only().status is UNREAD
    refused = [(RoleAssignment, SUBSCRIPTION)]
    [result] = verdicts(check, account(), contributor(rbac), unread=refused)
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)
    granted["properties"]["roleDefinitionId"] = None
    assert verdicts(check, account(), granted).only().status is UNREAD


# Uploads


@pytest.mark.parametrize(
    ("block", "status"),
    [
        ({"dataActions": ["*"]}, WARN),
        ({"dataActions": [f"{OPENAI}/*"]}, WARN),
        ({"dataActions": [f"{OPENAI}/files/*"]}, WARN),
        ({"dataActions": [f"{OPENAI}/files/write"]}, WARN),
        ({"dataActions": [f"{OPENAI}/uploads/write"]}, WARN),
        ({"dataActions": [f"{OPENAI.lower()}/files/import/action"]}, WARN),
        ({"dataActions": [f"{OPENAI}/*/read"]}, PASS),
        (
            {
                "dataActions": [f"{OPENAI}/*"],
                "notDataActions": [f"{OPENAI}/files/*", f"{OPENAI}/uploads/*"],
            },
            PASS,
        ),
        ({"dataActions": [f"{OPENAI}/*"], "notDataActions": None}, WARN),
        ({"actions": ["*"]}, NONE),
    ],
)
@pytest.mark.parametrize("kind", ["User", "ServicePrincipal", None])
def test_uploads(
    verdicts: Verdicts, rbac: Any, block: Any, status: Status, kind: str | None
) -> None:
    bodies = account(), rbac.role("some", **block)
    granted = rbac.grant("ann", "some", GROUP, kind)
    assert verdicts(files_import, *bodies, granted).only().status is status
    listed = Settings(fine_tuning_principals=("ANN",))
    found = verdicts(files_import, *bodies, granted, settings=listed)
    assert found.only().status is (PASS if status is WARN else status)
    assert "`fine_tuning_principals`" in files_import.documentation.fix


@pytest.mark.parametrize(
    ("denied", "to", "status"),
    [
        (f"{OPENAI}/*", "ann", PASS),
        (f"{OPENAI}/files/*", "ann", WARN),
        (f"{OPENAI}/*", "bob", WARN),
    ],
)
def test_uploads_that_are_denied(
    verdicts: Verdicts, rbac: Any, denied: str, to: str, status: Status
) -> None:
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP)
    bodies = account(), contributor(rbac), granted
    denial = rbac.denial(ACCOUNT, denied, (to, "User"))
    assert verdicts(files_import, *bodies, denial).only().status is status
    found = verdicts(files_import, *bodies, account("second"), denial)
    assert found.only().status is WARN


@pytest.mark.parametrize("check", [files_import, deploy_models])
def test_the_platforms_own_identities_are_left_out(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    hub = {
        "id": f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub",
        "kind": "Hub",
        "identity": {"type": "SystemAssigned", "principalId": "mi"},
        "properties": {},
    }
    granted = rbac.grant("mi", BuiltIn.OPENAI_CONTRIBUTOR, GROUP, "ServicePrincipal")
    found = verdicts(check, account(), hub, contributor(rbac), granted)
    assert found.only().status is NONE


# Metrics


@pytest.mark.parametrize(
    ("other", "at", "reason"),
    [
        (["*/read"], SUBSCRIPTION, "can be read: other by */read"),
        ([METRICS], GROUP, "can be read: other"),
        ([METRICS], ACCOUNT, "other roles let them read"),
        ([METRICS], f"{GROUP}2", "no role lets them read the metrics of ai"),
        (["Microsoft.Insights/*/write"], GROUP, "no role lets them"),
    ],
)
@pytest.mark.parametrize("kind", ["User", "Group", None])
def test_metrics(
    verdicts: Verdicts, rbac: Any, other: Any, at: str, reason: str, kind: str | None
) -> None:
    bodies = account(), contributor(rbac), rbac.role("other", actions=other)
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP, kind)
    [result] = verdicts(
        openai_contrib_metrics, *bodies, granted, rbac.grant("ann", "other", at, kind)
    )
    assert result.status is INFO
    assert reason in result.reason


def test_metrics_of_each_account(verdicts: Verdicts, rbac: Any) -> None:
    bodies = account(), account("second"), contributor(rbac)
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP)
    reader = rbac.role("r", actions=[METRICS]), rbac.grant("ann", "r", ACCOUNT)
    [result] = verdicts(openai_contrib_metrics, *bodies, granted, *reader)
    assert "metrics of second" in result.reason


def test_a_group_may_read_metrics(verdicts: Verdicts, rbac: Any) -> None:
    bodies = account(), contributor(rbac), rbac.role("r", actions=["*/read"])
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP)
    staff = rbac.grant("staff", "r", SUBSCRIPTION, "Group")
    [result] = verdicts(openai_contrib_metrics, *bodies, granted, staff)
    assert "lower bound: the members of 1 group" in result.reason


@pytest.mark.parametrize(
    ("role", "kind"),
    [(BuiltIn.OPENAI_CONTRIBUTOR, "ServicePrincipal"), (BuiltIn.OPENAI_USER, "User")],
)
def test_others_need_no_metrics(
    verdicts: Verdicts, rbac: Any, role: str, kind: str
) -> None:
    bodies = account(), rbac.role(role, dataActions=[f"{OPENAI}/*"])
    granted = rbac.grant("ann", role, GROUP, kind)
    assert verdicts(openai_contrib_metrics, *bodies, granted).only().status is NONE


# Deployments


@pytest.mark.parametrize(
    ("block", "deploys"),
    [
        ({"actions": ["*"]}, True),
        ({"actions": [DEPLOY]}, True),
        ({"actions": ["*"], "notActions": [DEPLOY]}, False),
        ({"dataActions": ["*"]}, False),
    ],
)
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("User", INFO),
        ("Group", INFO),
        ("ServicePrincipal", WARN),
        (None, UNREAD),
        (7, UNREAD),
    ],
)
def test_deployments(
    verdicts: Verdicts, rbac: Any, block: Any, deploys: bool, kind: Any, status: Status
) -> None:
    bodies = account(), rbac.role("some", **block)
    granted = rbac.grant("ann", "some", GROUP, kind)
    expected = PASS if not deploys and kind != 7 else status
    assert verdicts(deploy_models, *bodies, granted).only().status is expected


def test_who_may_deploy(verdicts: Verdicts, rbac: Any) -> None:
    bodies = account(), contributor(rbac)
    granted = rbac.grant("app", BuiltIn.OPENAI_CONTRIBUTOR, GROUP, "ServicePrincipal")
    approved = Settings(approved_principals=("app",))
    found = verdicts(deploy_models, *bodies, granted, settings=approved)
    assert found.only().status is PASS
    denial = rbac.denial(ACCOUNT, DEPLOY, ("app", "ServicePrincipal"))
    assert verdicts(deploy_models, *bodies, granted, denial).only().status is PASS
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    found = verdicts(deploy_models, contributor(rbac), granted, unread=refused)
    assert found.only().status is UNREAD


# Scopes


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("/", WARN),
        (f"{MANAGED}/top", WARN),
        (SUBSCRIPTION, WARN),
        (SUBSCRIPTION.upper(), WARN),
        (GROUP, PASS),
        (ACCOUNT, PASS),
    ],
)
@pytest.mark.parametrize("said", [True, False])
def test_scopes(
    verdicts: Verdicts, rbac: Any, at: str, status: Status, said: bool
) -> None:
    bodies = account(), account("b"), contributor(rbac), {"id": f"{MANAGED}/top"}
    place = "" if at == "/" else at
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, place)
    granted["properties"]["scope"] = at if said else None
    [result] = verdicts(broad_scope_data_role, *bodies, granted)
    assert result.status is status
    if status is WARN:
        assert "reaches 2 model accounts" in result.reason


def test_a_scope_whose_accounts_are_not_all_known(
    verdicts: Verdicts, rbac: Any
) -> None:
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, SUBSCRIPTION)
    odd = account("odd", disableLocalAuth="?")
    bodies = contributor(rbac), granted, odd
    [result] = verdicts(broad_scope_data_role, account(), *bodies)
    assert result.status is WARN
    assert "1 model account and more" in result.reason
    assert verdicts(broad_scope_data_role, *bodies).only().status is UNREAD


def test_services_beside_models_at_wide_scopes(verdicts: Verdicts, rbac: Any) -> None:
    """Only accounts of AI Services have them, so that only those are reached."""
    speech = ["Microsoft.CognitiveServices/accounts/SpeechServices/*"]
    granted = rbac.grant("ann", "speech", SUBSCRIPTION)
    both = account("oai"), account("foundry", kind="AIServices")
    for actions in [], [DEPLOY]:
        role = rbac.role("speech", actions=actions, dataActions=speech)
        [result] = verdicts(broad_scope_data_role, *both, role, granted)
        assert result.status is WARN
        assert "reaches 1 model account" in result.reason
        alone = verdicts(broad_scope_data_role, account(), role, granted)
        assert alone.only().status is NONE


# Keys instead of roles


@pytest.mark.parametrize(
    ("properties", "held", "alone"),
    [
        ({}, PASS, FAIL),
        ({"disableLocalAuth": None}, PASS, FAIL),
        ({"disableLocalAuth": False}, PASS, FAIL),
        ({"disableLocalAuth": True}, PASS, PASS),
        ({"disableLocalAuth": "no"}, UNREAD, UNREAD),
    ],
)
def test_keys_instead_of_roles(
    verdicts: Verdicts, rbac: Any, properties: Any, held: Status, alone: Status
) -> None:
    bodies = account(**properties), contributor(rbac), rbac.role("o", actions=["*"])
    owner = rbac.grant("ann", "o", SUBSCRIPTION)
    granted = rbac.grant("app", BuiltIn.OPENAI_CONTRIBUTOR, GROUP, "ServicePrincipal")
    assert verdicts(keys_over_entra, *bodies, owner, granted).only().status is held
    [result] = verdicts(keys_over_entra, *bodies, owner)
    assert result.status is alone
    if alone is FAIL:
        assert "lower bound" in result.reason


@pytest.mark.parametrize(
    ("allowed", "of_models", "of_all"),
    [
        ("accounts/aiservices/agents/read", FAIL, FAIL),
        ("*/read", FAIL, FAIL),
        ("accounts/SpeechServices/*/read", FAIL, FAIL),
        ("accounts/SpeechServices/*", FAIL, PASS),
        ("accounts/AIServices/responses/*", PASS, PASS),
        ("accounts/MaaS/*/action", PASS, PASS),
        ("*", PASS, PASS),
    ],
)
def test_only_roles_for_services_of_the_account_spare_its_keys(
    verdicts: Verdicts, rbac: Any, allowed: str, of_models: Status, of_all: Status
) -> None:
    role = rbac.role("some", dataActions=[f"Microsoft.CognitiveServices/{allowed}"])
    granted = rbac.grant("app", "some", SUBSCRIPTION, "ServicePrincipal")
    for kind, status in ("OpenAI", of_models), ("AIServices", of_all):
        found = verdicts(keys_over_entra, account(kind=kind), role, granted)
        assert found.only().status is status


@pytest.mark.parametrize(
    ("name", "status"),
    [(..., FAIL), (None, FAIL), ("", FAIL), ("ai", PASS), (7, UNREAD)],
)
@pytest.mark.parametrize("keyless", [True, False])
def test_roles_are_no_use_where_no_token_is_taken(
    verdicts: Verdicts, rbac: Any, keyless: bool, name: object, status: Status
) -> None:
    own = account(customSubDomainName=name, disableLocalAuth=keyless)
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP)
    result = verdicts(keys_over_entra, own, contributor(rbac), granted).only()
    assert result.status is status
    assert ("takes no tokens" in result.reason) is (status is FAIL)


def test_roles_still_to_be_activated(verdicts: Verdicts, rbac: Any) -> None:
    role = BuiltIn.OPENAI_CONTRIBUTOR
    eligible = rbac.grant("ann", role, GROUP, eligible=True)
    found = verdicts(keys_over_entra, account(), contributor(rbac), eligible)
    assert found.only().status is WARN


TEAM = "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:team_name]"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("@Environment[UtcNow] DateTimeLessThan '2020-01-01T00:00Z'", FAIL),
        ("((", UNREAD),
        (f"{TEAM} StringEquals 'x'", PASS),
    ],
)
def test_a_data_role_under_a_condition(
    verdicts: Verdicts, rbac: Any, condition: str, status: Status
) -> None:
    role = BuiltIn.OPENAI_CONTRIBUTOR
    granted = rbac.grant("ann", role, GROUP, condition=condition)
    found = verdicts(keys_over_entra, account(), contributor(rbac), granted)
    assert found.only().status is status


def test_denials_that_were_not_read_may_leave_keys_alone(
    verdicts: Verdicts, rbac: Any
) -> None:
    granted = rbac.grant("ann", BuiltIn.OPENAI_CONTRIBUTOR, GROUP)
    bodies = (account(), contributor(rbac), granted)
    found = verdicts(keys_over_entra, *bodies, unread=[(DenyAssignment, SUBSCRIPTION)])
    assert found.only().status is UNREAD


@pytest.mark.parametrize("unread", [RoleAssignment, CognitiveAccount])
def test_keys_instead_of_roles_unread(verdicts: Verdicts, unread: Any) -> None:
    found = verdicts(keys_over_entra, account(), unread=[(unread, SUBSCRIPTION)])
    assert found.only().status is UNREAD


def test_other_kinds_are_left_out(verdicts: Verdicts) -> None:
    assert verdicts(keys_over_entra, account(kind="Face")).only().status is NONE


@pytest.mark.parametrize(("members", "status"), [((), FAIL), (("ann",), PASS)])
def test_an_empty_group_calls_nothing(
    verdicts: Verdicts, rbac: Any, members: tuple[str, ...], status: Status
) -> None:
    team = {"id": object_id(TENANT, "team"), "kind": "group", "properties": {}}
    inside = [
        {"id": member_id(TENANT, "team", each), "kind": "user", "properties": {}}
        for each in members
    ]
    granted = rbac.grant("team", BuiltIn.OPENAI_CONTRIBUTOR, GROUP, "Group")
    bodies = (account(), contributor(rbac), granted, team, *inside)
    assert verdicts(keys_over_entra, *bodies).only().status is status
