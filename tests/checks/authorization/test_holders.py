from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.authorization.holders import (
    CHECKS,
    app_owner_contrib,
    app_role_least,
    cogsvc_user_role,
    foundry_user_listkeys,
    listkeys_role_assigned,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import (
    DenyAssignment,
    RoleAssignment,
    RoleDefinition,
)
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.machinelearning import Workspace
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
CHAT = f"{OPENAI}/deployments/chat/completions/action"

PASS, FAIL, WARN = Status.PASS, Status.FAIL, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
ANYTHING = {"actions": ["*"], "dataActions": ["*"]}

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


def account(name: str = "ai", kind: str = "OpenAI", **properties: object) -> Body:
    own = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/{name}"
    return {"id": own, "kind": kind, "properties": properties}


def keyless(name: str = "ai") -> Body:
    return account(name, disableLocalAuth=True)


def test_the_catalogue() -> None:
    assert [check.id for check in CHECKS] == [
        "rbac-listkeys-role-assigned",
        "rbac-cogsvc-user-role",
        "rbac-foundry-user-listkeys",
        "rbac-app-role-least",
        "rbac-app-owner-contrib",
    ]
    assert foundry_user_listkeys.aliases == ("fdp-user-role-keys",)


# What is evidence


def test_a_role_that_does_not_list_keys_shows_all_that_it_allows(
    verdicts: Verdicts, rbac: Any
) -> None:
    block = {"actions": ["*"], "notActions": [LIST_KEYS], "dataActions": [CHAT]}
    role = rbac.role("most", **block)
    result = verdicts(
        listkeys_role_assigned, account(), role, rbac.grant("app", "most", GROUP)
    )
    assert result.only().status is PASS
    read = result.evidence()
    for name, value in {**block, "notDataActions": None}.items():
        assert read[role["id"], f"properties.permissions[0].{name}"] == value


def test_a_right_that_is_taken_back_shows_the_denial(
    verdicts: Verdicts, rbac: Any
) -> None:
    role, granted = rbac.role("most", **ANYTHING), rbac.grant("app", "most", GROUP)
    denied = rbac.denial(GROUP, LIST_KEYS, ("app", "User"))
    result = verdicts(listkeys_role_assigned, account(), role, granted, denied)
    assert "takes the right" in result.only().reason
    named = denied["properties"]["principals"]
    assert result.evidence()[denied["id"], "properties.principals"] == named


def test_accounts_that_are_counted_are_shown(verdicts: Verdicts, rbac: Any) -> None:
    role = rbac.role(BuiltIn.OWNER, actions=["*"])
    granted = rbac.grant("app", BuiltIn.OWNER, GROUP, "ServicePrincipal")
    read = verdicts(app_owner_contrib, account(), role, granted).evidence()
    assert read[ACCOUNT, "kind"] == "OpenAI"


# What is covered


@each_check
@pytest.mark.parametrize(
    "at",
    [
        f"{SUBSCRIPTION}/resourceGroups/rg2",
        f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data",
        f"{ACCOUNT}/projects/p",
        f"{ACCOUNT}2",
        "/subscriptions/cccccccc-0000-0000-0000-000000000009",
    ],
)
def test_what_reaches_no_account_is_left_out(
    verdicts: Verdicts, rbac: Any, check: Check[Any], at: str
) -> None:
    role = rbac.role(BuiltIn.FOUNDRY_USER, **ANYTHING)
    granted = rbac.grant("app", BuiltIn.FOUNDRY_USER, at, "ServicePrincipal")
    assert verdicts(check, account(), role, granted).only().status is NONE


@each_check
def test_other_kinds_of_accounts_do_not_count(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    role = rbac.role(BuiltIn.FOUNDRY_USER, **ANYTHING)
    granted = rbac.grant("app", BuiltIn.FOUNDRY_USER, GROUP, "ServicePrincipal")
    speech = account(kind="SpeechServices")
    assert verdicts(check, speech, role, granted).only().status is NONE


@each_check
def test_looking_on_is_left_out(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    speech = "Microsoft.CognitiveServices/accounts/SpeechServices/*"
    role = rbac.role("reader", actions=["*/read"], dataActions=[speech])
    granted = rbac.grant("app", "reader", GROUP, "ServicePrincipal")
    assert verdicts(check, account(), role, granted).only().status is NONE
    foundry = account(kind="AIServices")
    looking = rbac.role("reader", actions=["*/read"], dataActions=[f"{speech}/read"])
    assert verdicts(check, foundry, looking, granted).only().status is NONE


def test_services_beside_models(verdicts: Verdicts, rbac: Any) -> None:
    """An account of AI Services has those of all: a role for one reaches it."""
    speech = "Microsoft.CognitiveServices/accounts/SpeechServices/*"
    granted = rbac.grant("app", "speech", GROUP, "ServicePrincipal")
    bodies = openai_user(rbac), rbac.role("speech", dataActions=[speech]), granted
    both = account("oai"), account("foundry", kind="AISERVICES")
    [result] = verdicts(app_role_least, *both, *bodies)
    assert result.status is WARN
    assert speech in result.reason
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    for kind, status in ("AIServices", WARN), ("OpenAI", NONE), (7, UNREAD):
        each = account(), {**account("other"), "kind": kind}
        assert verdicts(app_role_least, *each, *bodies).only().status is status
    assert verdicts(app_role_least, *bodies, unread=refused).only().status is UNREAD


@pytest.mark.parametrize(
    "at", ["/", SUBSCRIPTION, GROUP.upper(), ACCOUNT, f"{ACCOUNT}/"]
)
def test_scopes_from_the_root_down(verdicts: Verdicts, rbac: Any, at: str) -> None:
    bodies = account(), rbac.role("owner", actions=["*"])
    place = at if at != "/" else ""
    granted = rbac.grant("ann", "owner", place)
    granted["properties"]["scope"] = at
    [result] = verdicts(listkeys_role_assigned, *bodies, granted)
    assert result.status is FAIL
    assert result.target.resource_id == granted["id"]


@each_check
@pytest.mark.parametrize("field", ["roleDefinitionId", "principalId"])
@pytest.mark.parametrize("value", [None, 7, ""])
def test_an_assignment_that_says_too_little(
    verdicts: Verdicts, rbac: Any, check: Check[Any], field: str, value: object
) -> None:
    role = rbac.role(BuiltIn.FOUNDRY_USER, **ANYTHING)
    granted = rbac.grant("app", BuiltIn.FOUNDRY_USER, GROUP, "ServicePrincipal")
    granted["properties"][field] = value
    [result] = verdicts(check, account(), role, granted)
    assert result.status is UNREAD
    assert field in result.reason
    assert result.target.resource_id == granted["id"]


@each_check
def test_a_condition_that_is_no_text(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    role = rbac.role(BuiltIn.FOUNDRY_USER, **ANYTHING)
    granted = rbac.grant("app", BuiltIn.FOUNDRY_USER, GROUP, "ServicePrincipal")
    granted["properties"]["condition"] = ["x"]
    assert verdicts(check, account(), role, granted).only().status is UNREAD


@each_check
def test_a_role_that_was_not_read(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    granted = rbac.grant("app", BuiltIn.FOUNDRY_USER, GROUP, "ServicePrincipal")
    [result] = verdicts(check, account(), granted)
    assert result.status is UNREAD
    assert "definition" in result.reason
    refused = [(RoleDefinition, SUBSCRIPTION)]
    [result] = verdicts(check, account(), granted, unread=refused)
    assert result.status is UNREAD


@each_check
@pytest.mark.parametrize(
    ("at", "reaches"),
    [(GROUP, True), (f"{PROVIDERS}/Microsoft.Storage/storageAccounts/data", False)],
)
def test_accounts_that_were_not_read(
    verdicts: Verdicts, rbac: Any, check: Check[Any], at: str, reaches: bool
) -> None:
    """A role that might reach them is not judged; of no other is it said that it is.

    Without the accounts, that there is nothing to judge is not certain either.
    """
    of = BuiltIn.FOUNDRY_USER if check is foundry_user_listkeys else BuiltIn.CONTRIBUTOR
    granted = rbac.grant("app", of, at, "ServicePrincipal")
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    [result] = verdicts(check, rbac.role(of, **ANYTHING), granted, unread=refused)
    assert result.status is UNREAD
    assert "AuthorizationFailed" in result.reason
    assert (result.target.resource_id == granted["id"]) is reaches


@each_check
def test_refused(verdicts: Verdicts, check: Check[Any]) -> None:
    refused = [(RoleAssignment, SUBSCRIPTION)]
    [result] = verdicts(check, account(), unread=refused)
    assert result.status is UNREAD
    assert result.target.resource_id == SUBSCRIPTION


# Keys


@pytest.mark.parametrize(
    ("block", "lists"),
    [
        ({"actions": ["*"]}, True),
        ({"actions": ["*/action"], "dataActions": [CHAT]}, True),
        ({"actions": ["Microsoft.CognitiveServices/accounts/listkeys/action"]}, True),
        ({"actions": ["*"], "notActions": ["*/listKeys/action"]}, False),
        ({"actions": ["*"], "notActions": None}, True),
        ({"actions": ["*/read"], "dataActions": [f"{OPENAI}/*"]}, False),
        ({"dataActions": ["*"]}, False),
        ({"dataActions": ["*"], "actions": None}, False),
    ],
)
@pytest.mark.parametrize("kind", ["User", "Group", "ServicePrincipal", None])
def test_roles_that_list_keys(
    verdicts: Verdicts, rbac: Any, block: Any, lists: bool, kind: str
) -> None:
    bodies = account(), rbac.role("some", **block)
    granted = rbac.grant("ann", "some", GROUP, kind)
    [result] = verdicts(listkeys_role_assigned, *bodies, granted)
    assert result.status is (FAIL if lists else PASS)
    assert '"some"' in result.reason or "(some by" in result.reason


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({}, FAIL),
        ({"disableLocalAuth": None}, FAIL),
        ({"disableLocalAuth": False}, FAIL),
        ({"disableLocalAuth": True}, WARN),
        ({"disableLocalAuth": "true"}, UNREAD),
    ],
)
def test_the_keys_of_accounts(
    verdicts: Verdicts, rbac: Any, properties: Any, status: Status
) -> None:
    bodies = account(**properties), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", GROUP)
    [result] = verdicts(listkeys_role_assigned, *bodies, granted)
    assert result.status is status
    if status is not UNREAD:
        paths = {(each.resource_id, each.path) for each in result.evidence}
        assert (ACCOUNT, "properties.disableLocalAuth") in paths
        assert (granted["id"], "properties.roleDefinitionId") in paths


@pytest.mark.parametrize(
    ("role", "block", "advice"),
    [
        (BuiltIn.FOUNDRY_USER, {"actions": [LIST_KEYS]}, "Leave the role as it is"),
        (BuiltIn.OWNER, {"actions": ["*"]}, "List in `approved_principals`"),
        ("tinkerer", {"actions": ["*/action"]}, "Replace the role"),
    ],
)
@pytest.mark.parametrize("at", [account, keyless])
def test_roles_that_other_work_needs_are_not_replaced(
    verdicts: Verdicts, rbac: Any, role: str, block: Any, advice: str, at: Any
) -> None:
    bodies = at(), rbac.role(role, **block), rbac.grant("ann", role, GROUP)
    result = verdicts(listkeys_role_assigned, *bodies).only()
    assert result.status in (FAIL, WARN)
    assert result.remediation.startswith(advice)


@pytest.mark.parametrize("check", [app_role_least, app_owner_contrib])
def test_pipelines_keep_what_they_deploy_with(check: Check[Any]) -> None:
    assert "listed in `approved_principals`" in check.documentation.fix


def test_one_account_with_keys_is_enough(verdicts: Verdicts, rbac: Any) -> None:
    odd = account("odd", disableLocalAuth="?")
    bodies = keyless(), account("old"), odd, rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", GROUP)
    [result] = verdicts(listkeys_role_assigned, *bodies, granted)
    assert result.status is FAIL
    assert "1 account that accepts them: old" in result.reason


@pytest.mark.parametrize(
    "settings",
    [
        Settings(approved_principals=("aNN",)),
        Settings(break_glass_principals=("bob", "ann")),
    ],
)
def test_who_is_approved(verdicts: Verdicts, rbac: Any, settings: Settings) -> None:
    bodies = account(), rbac.role(BuiltIn.OWNER, **ANYTHING)
    granted = rbac.grant("Ann", BuiltIn.OWNER, GROUP, "ServicePrincipal")
    for check in (listkeys_role_assigned, app_role_least, app_owner_contrib):
        found = verdicts(check, *bodies, granted, settings=settings)
        assert found.only().status is PASS
        assert verdicts(check, *bodies, granted).only().status is FAIL


def test_a_deny_assignment_takes_keys_back(verdicts: Verdicts, rbac: Any) -> None:
    bodies = account(), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", GROUP)
    denial = rbac.denial(ACCOUNT, LIST_KEYS, ("ann", "User"))
    check = listkeys_role_assigned
    assert verdicts(check, *bodies, granted, denial).only().status is PASS
    more = account("more"), *bodies, granted, denial
    [result] = verdicts(check, *more)
    assert result.status is FAIL
    assert "more" in result.reason
    assert "ai" not in result.reason.split()


@pytest.mark.parametrize("check", [listkeys_role_assigned, app_role_least])
def test_deny_assignments_that_were_not_read(
    verdicts: Verdicts, rbac: Any, check: Check[Any]
) -> None:
    """One may take the right back, but on an account where all of them were read."""
    second = SUBSCRIPTION.replace("bbbbbbbb", "cccccccc")
    place = {"id": second, "displayName": "Second", "state": "Enabled"}
    elsewhere = {**account(), "id": ACCOUNT.replace(SUBSCRIPTION, second)}
    role = rbac.role("owner", actions=["*"])
    granted = rbac.grant("app", "owner", "", "ServicePrincipal")
    granted["properties"]["scope"] = "/"
    refused = [(DenyAssignment, SUBSCRIPTION)]
    [result] = verdicts(check, account(), role, granted, unread=refused)
    assert result.status is UNREAD
    assert "denyAssignments" in result.reason
    bodies = place, elsewhere, account(), role, granted
    assert verdicts(check, *bodies, unread=refused).only().status is FAIL


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (BuiltIn.COGNITIVE_SERVICES_USER, FAIL),
        (BuiltIn.COGNITIVE_SERVICES_USER.upper(), FAIL),
        (BuiltIn.OPENAI_USER, PASS),
        ("custom", PASS),
    ],
)
def test_cognitive_services_user(
    verdicts: Verdicts, rbac: Any, role: str, status: Status
) -> None:
    bodies = keyless(), rbac.role(role, dataActions=[f"{OPENAI}/*"])
    granted = rbac.grant("ann", role, ACCOUNT)
    assert verdicts(cogsvc_user_role, *bodies, granted).only().status is status


def test_who_calls_no_models_is_no_such_user(verdicts: Verdicts, rbac: Any) -> None:
    bodies = account(), rbac.role("owner", actions=["*"])
    granted = rbac.grant("ann", "owner", ACCOUNT)
    assert verdicts(cogsvc_user_role, *bodies, granted).only().status is NONE


FOUNDRY_USER = {"actions": [LIST_KEYS], "dataActions": ["*"]}


@pytest.mark.parametrize(
    ("accounts", "block", "status"),
    [
        ([account()], FOUNDRY_USER, WARN),
        ([keyless()], FOUNDRY_USER, PASS),
        ([keyless(), account("old")], FOUNDRY_USER, WARN),
        ([keyless(), account("odd", disableLocalAuth=0)], FOUNDRY_USER, UNREAD),
        ([account()], {"dataActions": ["*"]}, PASS),
    ],
)
def test_foundry_users(
    verdicts: Verdicts, rbac: Any, accounts: Any, block: Any, status: Status
) -> None:
    role = rbac.role(BuiltIn.FOUNDRY_USER, **block)
    granted = rbac.grant("staff", BuiltIn.FOUNDRY_USER, GROUP, "Group")
    other = rbac.role("other", **block), rbac.grant("ann", "other", GROUP)
    found = verdicts(foundry_user_listkeys, *accounts, role, granted, *other)
    assert found.only().status is status


# Applications


STORAGE_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"
IN_ACCOUNT = "Microsoft.CognitiveServices/accounts"
MANAGED = ["Microsoft.CognitiveServices/*", "Microsoft.Authorization/*"]


def openai_user(rbac: Any) -> Body:
    taken = [f"{OPENAI}/stored-completions/read"]
    allowed = [f"{OPENAI}/*/read", CHAT, f"{OPENAI}/responses/*"]
    role: Body = rbac.role(
        BuiltIn.OPENAI_USER,
        actions=["Microsoft.CognitiveServices/*/read"],
        dataActions=allowed,
        notDataActions=taken,
    )
    return role


@pytest.mark.parametrize(
    ("block", "status"),
    [
        ({"dataActions": [CHAT]}, PASS),
        ({"dataActions": [CHAT], "actions": ["Microsoft.Insights/*"]}, WARN),
        ({"dataActions": [CHAT], "actions": [STORAGE_KEYS]}, WARN),
        ({"dataActions": [CHAT], "actions": ["*"], "notActions": MANAGED}, WARN),
        (
            {"dataActions": [CHAT], "actions": ["Microsoft.CognitiveServices/*/read"]},
            PASS,
        ),
        ({"dataActions": [f"{OPENAI}/responses/write"]}, PASS),
        ({"dataActions": [f"{OPENAI}/files/read"]}, PASS),
        ({"dataActions": [f"{OPENAI}/stored-completions/read"]}, WARN),
        ({"dataActions": [f"{OPENAI}/*"]}, WARN),
        ({"dataActions": [f"{OPENAI}/files/import/action"]}, WARN),
        ({"dataActions": ["*"]}, WARN),
        ({"dataActions": [CHAT], "actions": [LIST_KEYS]}, FAIL),
        ({"actions": ["Microsoft.CognitiveServices/*/write"]}, FAIL),
        ({"actions": ["*"]}, FAIL),
        ({"actions": [f"{IN_ACCOUNT}/deployments/*"]}, FAIL),
        ({"actions": [f"{IN_ACCOUNT}/projects/connections/listsecrets/action"]}, FAIL),
        ({"dataActions": [CHAT], "actions": [f"{IN_ACCOUNT}/*/delete"]}, FAIL),
        ({"dataActions": [CHAT], "actions": [f"{IN_ACCOUNT}/deployments/read"]}, PASS),
        (
            {
                "dataActions": [CHAT],
                "actions": [f"{IN_ACCOUNT}/deployments/*"],
                "notActions": ["*/write", "*/delete", "*/action"],
            },
            WARN,
        ),
        (
            {
                "dataActions": [CHAT],
                "actions": [f"{IN_ACCOUNT}/raiPolicies/write"],
            },
            FAIL,
        ),
        (
            {
                "dataActions": [CHAT],
                "actions": ["Microsoft.Authorization/roleAssignments/write"],
            },
            WARN,
        ),
        (
            {
                "dataActions": [CHAT],
                "actions": ["*/read", "Microsoft.Insights/metrics/read"],
            },
            WARN,
        ),
    ],
)
@pytest.mark.parametrize("kind", ["ServicePrincipal", "serviceprincipal", None])
def test_what_applications_are_given(
    verdicts: Verdicts, rbac: Any, block: Any, status: Status, kind: str | None
) -> None:
    role = rbac.role("some", custom=True, **block)
    granted = rbac.grant("app", "some", GROUP, kind)
    found = verdicts(app_role_least, account(), openai_user(rbac), role, granted)
    expected = UNREAD if kind is None and status is not PASS else status
    assert found.only().status is expected


def test_a_deny_assignment_takes_management_back(verdicts: Verdicts, rbac: Any) -> None:
    role = rbac.role("some", actions=[f"{IN_ACCOUNT}/deployments/*"])
    granted = rbac.grant("app", "some", GROUP, "ServicePrincipal")
    bodies = account(), openai_user(rbac), role, granted
    [result] = verdicts(app_role_least, *bodies)
    assert result.status is FAIL
    assert "manage accounts: deployments/" in result.reason
    denial = rbac.denial(ACCOUNT, f"{IN_ACCOUNT}/*", ("app", "ServicePrincipal"))
    assert verdicts(app_role_least, *bodies, denial).only().status is WARN


def test_the_right_role_for_applications(verdicts: Verdicts, rbac: Any) -> None:
    granted = rbac.grant("app", BuiltIn.OPENAI_USER, ACCOUNT, "ServicePrincipal")
    found = verdicts(app_role_least, account(), openai_user(rbac), granted)
    assert found.only().status is PASS


def test_the_right_role_must_be_known_to_compare(verdicts: Verdicts, rbac: Any) -> None:
    role = rbac.role("some", dataActions=[CHAT])
    granted = rbac.grant("app", "some", ACCOUNT, "ServicePrincipal")
    [result] = verdicts(app_role_least, account(), role, granted)
    assert result.status is UNREAD
    assert "OpenAI User" in result.reason


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (BuiltIn.OWNER, FAIL),
        (BuiltIn.CONTRIBUTOR, FAIL),
        (BuiltIn.COGNITIVE_SERVICES_CONTRIBUTOR, FAIL),
        (BuiltIn.OPENAI_USER, PASS),
        (BuiltIn.AI_ADMINISTRATOR, PASS),
        ("custom", PASS),
    ],
)
@pytest.mark.parametrize("kind", ["ServicePrincipal", None])
def test_owners_and_contributors(
    verdicts: Verdicts, rbac: Any, role: str, status: Status, kind: str | None
) -> None:
    bodies = account(), rbac.role(role, **ANYTHING)
    granted = rbac.grant("app", role, SUBSCRIPTION, kind)
    expected = UNREAD if kind is None and status is FAIL else status
    [result] = verdicts(app_owner_contrib, *bodies, granted)
    assert result.status is expected
    if expected is FAIL:
        assert "over 1 model account: ai" in result.reason


@pytest.mark.parametrize("check", [app_role_least, app_owner_contrib])
@pytest.mark.parametrize("kind", ["User", "Group", "ForeignGroup"])
def test_people_are_no_applications(
    verdicts: Verdicts, rbac: Any, check: Check[Any], kind: str
) -> None:
    bodies = account(), rbac.role(BuiltIn.OWNER, **ANYTHING)
    granted = rbac.grant("ann", BuiltIn.OWNER, GROUP, kind)
    assert verdicts(check, *bodies, granted).only().status is NONE


@pytest.mark.parametrize(
    ("type", "identity"),
    [
        ("Microsoft.MachineLearningServices/workspaces/hub", "SystemAssigned"),
        ("Microsoft.Search/searchServices/find", "SystemAssigned"),
        ("Microsoft.CognitiveServices/accounts/ai/projects/p", "SystemAssigned"),
        ("Microsoft.MachineLearningServices/workspaces/hub", "UserAssigned"),
        ("Microsoft.CognitiveServices/accounts/ai", "SystemAssigned"),
    ],
)
def test_the_platforms_own_identities(
    verdicts: Verdicts, rbac: Any, type: str, identity: str
) -> None:
    used = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/id"
    signed = {
        "type": identity,
        "principalId": "APP" if identity == "SystemAssigned" else "other",
        "userAssignedIdentities": {used: {"principalId": "App"}},
    }
    owner = {**account(), "id": f"{PROVIDERS}/{type}", "identity": signed}
    bodies = {each["id"]: each for each in (account(), owner)}.values()
    role = rbac.role(BuiltIn.CONTRIBUTOR, actions=["*"])
    granted = rbac.grant("app", BuiltIn.CONTRIBUTOR, GROUP, "ServicePrincipal")
    expected = FAIL if type.endswith("accounts/ai") else NONE
    every = *bodies, role, granted
    assert verdicts(app_role_least, *every).only().status is expected
    assert verdicts(app_owner_contrib, *every).only().status is FAIL
    granted["properties"]["principalType"] = None
    unknown = UNREAD if type.endswith("accounts/ai") else FAIL
    assert verdicts(app_owner_contrib, *every).only().status is unknown


@pytest.mark.parametrize(
    ("kind", "role", "at", "status"),
    [
        ("Hub", BuiltIn.CONTRIBUTOR, GROUP, NONE),
        ("hub", BuiltIn.OWNER, SUBSCRIPTION.upper(), NONE),
        ("Hub", BuiltIn.COGNITIVE_SERVICES_CONTRIBUTOR, GROUP, FAIL),
        ("Hub", BuiltIn.CONTRIBUTOR, ACCOUNT, FAIL),
        ("Project", BuiltIn.CONTRIBUTOR, GROUP, FAIL),
        (None, BuiltIn.CONTRIBUTOR, GROUP, FAIL),
        (7, BuiltIn.CONTRIBUTOR, GROUP, UNREAD),
    ],
)
def test_hubs_over_their_own_group_have_a_check(
    verdicts: Verdicts, rbac: Any, kind: object, role: str, at: str, status: Status
) -> None:
    signed = {"type": "SystemAssigned", "principalId": "MI"}
    hub = {"id": HUB, "kind": kind, "identity": signed, "properties": {}}
    granted = rbac.grant("mi", role, at, "ServicePrincipal")
    bodies = account(), hub, rbac.role(role, actions=["*"]), granted
    assert verdicts(app_owner_contrib, *bodies).only().status is status


@pytest.mark.parametrize("check", [app_role_least, app_owner_contrib])
@pytest.mark.parametrize("kind", ["ServicePrincipal", None, "User"])
def test_identities_of_the_platform_that_were_not_read(
    verdicts: Verdicts, rbac: Any, check: Check[Any], kind: str | None
) -> None:
    """Who was not read may be a hub, whose roles other checks judge."""
    role = rbac.role(BuiltIn.OWNER, actions=["*"])
    granted = rbac.grant("app", BuiltIn.OWNER, GROUP, kind)
    bodies = account(), role, granted
    expected = NONE if kind == "User" else UNREAD
    refused = [(Workspace, SUBSCRIPTION)]
    [result] = verdicts(check, *bodies, unread=refused)
    assert result.status is expected
    if expected is UNREAD:
        assert "AuthorizationFailed" in result.reason
    silent = {"id": HUB, "kind": "Hub", "identity": {"type": "SystemAssigned"}}
    hub = {**silent, "properties": {}}
    assert verdicts(check, *bodies, hub).only().status is expected
