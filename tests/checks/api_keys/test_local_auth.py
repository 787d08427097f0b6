from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.api_keys.local_auth import (
    disable_readiness,
    entra_role_preprovisioned,
    local_auth_disabled,
    owner_not_sufficient,
)
from scanner.model.authorization import (
    DenyAssignment,
    Registration,
    RoleAssignment,
    RoleDefinition,
)
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.directory import member_id, object_id
from scanner.model.machinelearning import Workspace, WorkspaceConnection

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"


def account(properties: object, kind: str = "OpenAI") -> dict[str, Any]:
    return {"id": ACCOUNT, "kind": kind, "properties": properties}


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"disableLocalAuth": True}, Status.PASS),
        ({"disableLocalAuth": False}, Status.FAIL),
        ({"disableLocalAuth": None}, Status.FAIL),
        ({}, Status.FAIL),
        ({"disableLocalAuth": "true"}, Status.NOT_ASSESSED),
        ({"disableLocalAuth": 1}, Status.NOT_ASSESSED),
        ({"disableLocalAuth": []}, Status.NOT_ASSESSED),
        (None, Status.NOT_ASSESSED),
        ([], Status.NOT_ASSESSED),
    ],
)
def test_local_auth(verdicts: Verdicts, properties: object, status: Status) -> None:
    for kind in ("OpenAI", "AIServices", "openai"):
        [result] = verdicts(local_auth_disabled, account(properties, kind))
        assert result.status is status
        assert "internal error" not in result.reason


def test_no_properties_at_all(verdicts: Verdicts) -> None:
    [result] = verdicts(local_auth_disabled, {"id": ACCOUNT, "kind": "OpenAI"})
    assert result.status is Status.NOT_ASSESSED


@pytest.mark.parametrize(
    ("properties", "value", "word"),
    [({}, None, "not set"), ({"disableLocalAuth": False}, False, "false")],
)
def test_says_what_it_read(
    verdicts: Verdicts, properties: object, value: object, word: str
) -> None:
    [result] = verdicts(local_auth_disabled, account(properties))
    read = result.evidence[0]
    assert (read.resource_id, read.path) == (ACCOUNT, "properties.disableLocalAuth")
    assert read.value == value
    assert read.api_version == CognitiveAccount.api_version
    assert f"disableLocalAuth is {word}" in result.reason
    assert "Entra role" in result.remediation
    assert "disableLocalAuth to true" in result.remediation


@pytest.mark.parametrize("kind", ["Face", "TextAnalytics", ""])
def test_other_kinds_are_left_out(verdicts: Verdicts, kind: str) -> None:
    [result] = verdicts(local_auth_disabled, account({}, kind))
    assert result.status is Status.NOT_APPLICABLE
    assert result.target.resource_id.startswith("/tenants/")


def test_refused(verdicts: Verdicts) -> None:
    refused = [(CognitiveAccount, SUBSCRIPTION)]
    [result] = verdicts(local_auth_disabled, account({}), unread=refused)
    assert result.status is Status.NOT_ASSESSED
    assert result.target.resource_id == SUBSCRIPTION


# Who holds which role

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"
TEAM = "@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:team_name]"
NOW = "@Environment[UtcNow]"
OTHER = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/other"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
KEYLESS = {"disableLocalAuth": True, "customSubDomainName": "ai"}
KEYED = {"customSubDomainName": "ai"}
PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE, MANUAL = Status.NOT_ASSESSED, Status.NOT_APPLICABLE, Status.MANUAL


@pytest.fixture
def roles(rbac: Any) -> list[dict[str, Any]]:
    """Roles by what they allow."""
    return [
        rbac.role("owner", actions=["*"]),
        rbac.role("reader", actions=["*/read"]),
        rbac.role("caller", dataActions=[CHAT]),
        rbac.role("speech", dataActions=["Microsoft.CognitiveServices/*/speech/read"]),
        rbac.role("lower", dataActions=["microsoft.cognitiveservices/*"]),
        rbac.role("everything", dataActions=["*"]),
        rbac.role("blobs", dataActions=["Microsoft.Storage/*"]),
        rbac.role(
            "nothing",
            dataActions=["Microsoft.CognitiveServices/*"],
            notDataActions=["Microsoft.CognitiveServices/*"],
        ),
    ]


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        (KEYLESS, FAIL),
        ({"disableLocalAuth": False}, NONE),
        ({"disableLocalAuth": None}, NONE),
        ({}, NONE),
        ({"disableLocalAuth": "true"}, UNREAD),
        (None, UNREAD),
    ],
)
def test_locked_out(verdicts: Verdicts, properties: object, status: Status) -> None:
    [result] = verdicts(entra_role_preprovisioned, account(properties))
    assert result.status is status
    if status is FAIL:
        assert "lower bound" in result.reason
        assert result.evidence[-1].path == RoleAssignment.type


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("caller", PASS),
        ("speech", PASS),
        ("lower", PASS),
        ("everything", PASS),
        ("owner", FAIL),
        ("reader", FAIL),
        ("blobs", FAIL),
        ("nothing", FAIL),
    ],
)
@pytest.mark.parametrize("scope", ["/", SUBSCRIPTION, ACCOUNT.upper(), ACCOUNT])
def test_what_counts_as_a_data_role(
    verdicts: Verdicts, rbac: Any, roles: Any, role: str, scope: str, status: Status
) -> None:
    bodies = account(KEYLESS), *roles, rbac.grant("ann", role, scope.rstrip("/"))
    [result] = verdicts(entra_role_preprovisioned, *bodies)
    assert result.status is status
    assert ("ann" in result.reason) is (status is PASS)


@pytest.mark.parametrize(
    ("name", "status"),
    [(..., FAIL), (None, FAIL), ("", FAIL), ("ai", PASS), (7, UNREAD)],
)
def test_no_role_helps_where_no_token_is_taken(
    verdicts: Verdicts, rbac: Any, roles: Any, name: object, status: Status
) -> None:
    own = account({**KEYLESS, "customSubDomainName": name})
    caller = rbac.grant("ann", "caller", SUBSCRIPTION)
    result = verdicts(entra_role_preprovisioned, own, *roles, caller).only()
    assert result.status is status
    assert ("takes no tokens" in result.reason) is (status is FAIL)
    assert ("custom subdomain" in result.remediation) is (status is FAIL)


def test_a_role_on_another_account_counts_nothing(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    bodies = account(KEYLESS), *roles, rbac.grant("ann", "caller", OTHER)
    [result] = verdicts(entra_role_preprovisioned, *bodies)
    assert result.status is FAIL


@pytest.mark.parametrize(
    ("kind", "eligible", "status", "word"),
    [
        ("User", False, PASS, "user ann"),
        ("ServicePrincipal", False, PASS, "service principal ann"),
        ("Group", False, WARN, "only groups"),
        ("ForeignGroup", False, WARN, "only groups"),
        ("", False, WARN, "only groups"),
        ("User", True, WARN, "activated"),
        ("Group", True, WARN, "activated"),
    ],
)
def test_who_holds_it(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    kind: str,
    eligible: bool,
    status: Status,
    word: str,
) -> None:
    own = rbac.grant("ann", "caller", SUBSCRIPTION, kind, eligible=eligible)
    [result] = verdicts(entra_role_preprovisioned, account(KEYLESS), *roles, own)
    assert (result.status, word in result.reason) == (status, True)


def test_a_denied_caller_is_none(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    bodies = [account(KEYLESS), *roles, rbac.grant("ann", "caller", SUBSCRIPTION)]
    bodies.append(rbac.denial(ACCOUNT, "*", ("ann", "User")))
    [result] = verdicts(entra_role_preprovisioned, *bodies)
    assert result.status is FAIL
    bodies[-1] = rbac.denial(ACCOUNT, "*", ("team", "Group"))
    [result] = verdicts(entra_role_preprovisioned, *bodies)
    assert result.status is WARN


@pytest.mark.parametrize(
    ("condition", "status", "word", "ready"),
    [
        (f"!(ActionMatches{{'{CHAT}/other'}}) OR false", PASS, "1 principal", MANUAL),
        ("Exists @Request[a] OR NOT Exists @Request[a]", PASS, "1 principal", MANUAL),
        (f"{TEAM} StringEquals 'x'", WARN, "under a condition", MANUAL),
        (f"{NOW} DateTimeGreaterThan '2026-09-02T00:00Z'", WARN, "under a", MANUAL),
        (f"{NOW} DateTimeLessThan '2026-09-02T00:00Z'", WARN, "under a", MANUAL),
        (f"{NOW} DateTimeLessThan '2026-09-01T00:00Z'", FAIL, "any more", WARN),
        ("((", UNREAD, "cannot be told", UNREAD),
        ("@Context[a] IpMatch '10.0.0.0/8'", UNREAD, "cannot be told", UNREAD),
        (f"@Context[a] Odd 1 AND {TEAM} StringEquals 'x'", WARN, "under", MANUAL),
    ],
)
def test_a_condition_may_let_nobody_in(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    condition: str,
    status: Status,
    word: str,
    ready: Status,
) -> None:
    mine = rbac.grant("ann", "caller", ACCOUNT, condition=condition)
    [result] = verdicts(entra_role_preprovisioned, account(KEYLESS), *roles, mine)
    assert (result.status, word in result.reason) == (status, True)
    [result] = verdicts(disable_readiness, account(KEYED), *roles, mine)
    assert result.status is ready
    other = rbac.grant("bob", "caller", ACCOUNT)
    [result] = verdicts(
        entra_role_preprovisioned, account(KEYLESS), *roles, mine, other
    )
    assert result.status is PASS


def test_a_role_that_is_conditioned_in_part_lets_in(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    text = f"!(ActionMatches{{'{CHAT}'}}) OR @Principal[a] StringEquals 'x'"
    mine = rbac.grant("ann", "lower", ACCOUNT, condition=text)
    speech = rbac.grant("bob", "speech", OTHER)
    bodies = account(KEYLESS), *roles, mine, speech
    assert verdicts(entra_role_preprovisioned, *bodies).only().status is PASS


def directory(*members: str) -> list[dict[str, Any]]:
    group = {"id": object_id(TENANT, "team"), "kind": "group", "properties": {}}
    people = [
        {"id": member_id(TENANT, "team", each), "kind": "user"} for each in members
    ]
    return [group, *({**each, "properties": {}} for each in people)]


@pytest.mark.parametrize(
    ("members", "status", "ready"),
    [(("ann",), PASS, MANUAL), ((), FAIL, WARN)],
)
def test_a_group_is_as_good_as_its_members(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    members: tuple[str, ...],
    status: Status,
    ready: Status,
) -> None:
    team = rbac.grant("team", "caller", SUBSCRIPTION, "Group")
    bodies = *roles, team, *directory(*members)
    [result] = verdicts(entra_role_preprovisioned, account(KEYLESS), *bodies)
    assert result.status is status
    [result] = verdicts(disable_readiness, account(KEYED), *bodies)
    assert result.status is ready


def test_owners_in_a_group_are_told_one_by_one(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    team = rbac.grant("team", "owner", SUBSCRIPTION, "Group")
    caller = rbac.grant("ann", "caller", SUBSCRIPTION)
    bodies = account(KEYED), *roles, team, caller, *directory("ann", "bob")
    [result] = verdicts(owner_not_sufficient, *bodies)
    assert result.reason.startswith("1 principal gets 401")
    assert "user bob" in result.reason


@pytest.mark.parametrize(
    ("view", "with_caller", "without"),
    [
        (RoleAssignment, UNREAD, UNREAD),
        (Registration, PASS, UNREAD),
        (DenyAssignment, UNREAD, UNREAD),
    ],
)
def test_locked_out_needs_everything_read(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    view: Any,
    with_caller: Status,
    without: Status,
) -> None:
    bodies, unread = [account(KEYLESS), *roles], [(view, SUBSCRIPTION)]
    [result] = verdicts(entra_role_preprovisioned, *bodies, unread=unread)
    assert result.status is without
    bodies.append(rbac.grant("ann", "caller", SUBSCRIPTION))
    [result] = verdicts(entra_role_preprovisioned, *bodies, unread=unread)
    assert result.status is with_caller


def test_a_role_that_was_not_read_may_be_a_data_role(
    verdicts: Verdicts, rbac: Any
) -> None:
    custom = rbac.role("custom", custom=True, dataActions=[CHAT])
    bodies = account(KEYLESS), custom, rbac.grant("ann", "custom", SUBSCRIPTION)
    refused = [(RoleDefinition, SUBSCRIPTION)]
    [result] = verdicts(entra_role_preprovisioned, *bodies, unread=refused)
    assert result.status is UNREAD
    [result] = verdicts(entra_role_preprovisioned, *bodies)
    assert result.status is PASS


# Ready to do without keys


def hub() -> dict[str, Any]:
    identity = {"type": "SystemAssigned", "principalId": "HUB-ITSELF"}
    return {"id": HUB, "kind": "Hub", "identity": identity, "properties": {}}


def connection(kind: object, **content: object) -> dict[str, Any]:
    target = {"target": "https://ai.openai.azure.com/"}
    properties = {"authType": kind, **target, **content}
    return {"id": f"{HUB}/connections/models", "properties": properties}


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"disableLocalAuth": True}, NONE),
        ({"disableLocalAuth": False}, WARN),
        ({"disableLocalAuth": None}, WARN),
        ({}, WARN),
        ({"disableLocalAuth": 0}, UNREAD),
        (None, UNREAD),
    ],
)
def test_readiness_is_about_accounts_with_keys(
    verdicts: Verdicts, properties: object, status: Status
) -> None:
    [result] = verdicts(disable_readiness, account(properties))
    assert result.status is status


@pytest.mark.parametrize(
    ("subdomain", "role", "kind", "status"),
    [
        ("ai", "caller", None, MANUAL),
        ("ai", "caller", "AAD", MANUAL),
        ("ai", "caller", "OAuth2", MANUAL),
        ("ai", "caller", "ApiKey", WARN),
        ("ai", "caller", "customkeys", WARN),
        ("ai", "owner", "AAD", WARN),
        ("ai", "owner", None, WARN),
        (None, "caller", None, WARN),
        ("", "caller", None, WARN),
    ],
)
def test_ready(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    subdomain: object,
    role: str,
    kind: object,
    status: Status,
) -> None:
    bodies = [account({"customSubDomainName": subdomain}), *roles, hub()]
    bodies.append(rbac.grant("ann", role, SUBSCRIPTION))
    if kind:
        bodies.append(connection(kind))
    [result] = verdicts(disable_readiness, *bodies)
    assert result.status is status
    assert ("not ready" in result.reason) is (status is WARN)
    assert bool(result.advice) is (status in (WARN, MANUAL))


@pytest.mark.parametrize(
    ("kind", "status"), [("AAD", INFO), ("ManagedIdentity", INFO), ("None", MANUAL)]
)
def test_a_connection_whose_workspace_holds_a_role_is_ready(
    verdicts: Verdicts, rbac: Any, roles: Any, kind: str, status: Status
) -> None:
    own = rbac.grant("hub-itself", "caller", ACCOUNT, "ServicePrincipal")
    bodies = account({"customSubDomainName": "ai"}), *roles, hub(), connection(kind)
    [result] = verdicts(disable_readiness, *bodies, own)
    assert result.status is status
    assert ("does whoever signs in by hub/models" in result.reason) is (
        status is MANUAL
    )


def test_readiness_names_what_would_break(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    bodies = [account(KEYED), *roles, hub(), connection("ApiKey")]
    bodies.append(rbac.grant("bob", "owner", SUBSCRIPTION))
    [result] = verdicts(disable_readiness, *bodies)
    assert result.reason.startswith(
        "not ready: nobody holds a data role; 1 connection uses a key: hub/models"
    )
    read = {(each.resource_id, each.path) for each in result.evidence}
    assert (f"{HUB}/connections/models", "properties.authType") in read


@pytest.mark.parametrize(
    ("refused", "role", "kind", "status"),
    [
        ((RoleAssignment, SUBSCRIPTION), "caller", None, UNREAD),
        ((RoleAssignment, SUBSCRIPTION), "caller", "ApiKey", WARN),
        ((DenyAssignment, SUBSCRIPTION), "caller", "AAD", UNREAD),
        ((DenyAssignment, SUBSCRIPTION), "caller", "ApiKey", WARN),
        ((WorkspaceConnection, HUB), "caller", "AAD", UNREAD),
        ((WorkspaceConnection, HUB), "owner", "AAD", WARN),
        ((Workspace, SUBSCRIPTION), "caller", None, UNREAD),
    ],
)
def test_readiness_needs_what_could_break_it(
    verdicts: Verdicts,
    rbac: Any,
    roles: Any,
    refused: Any,
    role: str,
    kind: object,
    status: Status,
) -> None:
    bodies = [account(KEYED), *roles, rbac.grant("ann", role, SUBSCRIPTION), hub()]
    if kind:
        bodies.append(connection(kind))
    [result] = verdicts(disable_readiness, *bodies, unread=[refused])
    assert result.status is status


def test_a_connection_that_does_not_say_how_it_signs_in(
    verdicts: Verdicts, rbac: Any, roles: Any
) -> None:
    granted = rbac.grant("ann", "caller", SUBSCRIPTION)
    bodies = account(KEYED), *roles, granted, hub(), connection(None)
    [result] = verdicts(disable_readiness, *bodies)
    assert result.status is UNREAD


# Control-plane roles


def test_owners_are_told_first(verdicts: Verdicts, rbac: Any, roles: Any) -> None:
    granted = [
        rbac.grant("rick", "reader", SUBSCRIPTION),
        rbac.grant("olga", "owner", SUBSCRIPTION),
        rbac.grant("cleo", "owner", SUBSCRIPTION),
        rbac.grant("cleo", "caller", ACCOUNT),
        rbac.grant("eve", "owner", SUBSCRIPTION, eligible=True),
    ]
    [result] = verdicts(owner_not_sufficient, account(KEYED), *roles, *granted)
    assert result.status is INFO
    assert result.reason.startswith("2 principals get 401")
    assert 0 < result.reason.index("olga") < result.reason.index("rick")
    assert not {"cleo", "eve"} & set(result.reason.split())


@pytest.mark.parametrize("properties", [KEYED, KEYLESS])
def test_nobody_without_a_data_role(
    verdicts: Verdicts, rbac: Any, roles: Any, properties: object
) -> None:
    granted = rbac.grant("ann", "caller", ACCOUNT)
    [result] = verdicts(owner_not_sufficient, account(properties), *roles, granted)
    assert (result.status, "too" in result.reason) == (INFO, True)


@pytest.mark.parametrize("view", [RoleAssignment, DenyAssignment, Registration])
def test_control_plane_roles_need_everything_read(
    verdicts: Verdicts, view: Any
) -> None:
    unread = [(view, SUBSCRIPTION)]
    [result] = verdicts(owner_not_sufficient, account(KEYED), unread=unread)
    assert result.status is UNREAD


ACCESS_CHECKS = (entra_role_preprovisioned, disable_readiness, owner_not_sufficient)


@pytest.mark.parametrize("check", ACCESS_CHECKS, ids=lambda check: check.id)
def test_access_checks_are_about_model_accounts(
    verdicts: Verdicts, check: Check[Any]
) -> None:
    [result] = verdicts(check, account(KEYED, "Face"))
    assert result.target.resource_id.startswith("/tenants/")
    [result] = verdicts(
        check, account(KEYED), unread=[(CognitiveAccount, SUBSCRIPTION)]
    )
    assert (result.status, result.target.resource_id) == (UNREAD, SUBSCRIPTION)
