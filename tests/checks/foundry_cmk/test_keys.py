from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_cmk.keys import (
    aoai_cmk,
    key_permission,
    key_rotation,
    key_use_logged,
    vault_model,
    vault_protection,
)
from scanner.model.authorization import DenyAssignment, RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.directory import GroupMember, member_id, object_id
from scanner.model.insights import DiagnosticSetting
from scanner.model.keyvault import KeyVault, VaultKey
from scanner.model.machinelearning import Workspace
from scanner.model.settings import Settings

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ELSEWHERE = "/subscriptions/cccccccc-0000-0000-0000-000000000009"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
HUB = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/hub"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/ai"
VAULT = f"{PROVIDERS}/Microsoft.KeyVault/vaults/kv-own"
KEY = f"{VAULT}/keys/cmk"
ADDRESS = "https://kv-own.vault.azure.net/keys/cmk"
USER = f"{PROVIDERS}/Microsoft.ManagedIdentity/userAssignedIdentities/id"
SERVICE_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
ABSENT = ...

PASS, FAIL, WARN, INFO = Status.PASS, Status.FAIL, Status.WARN, Status.INFO
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
SYSTEM = {"type": "SystemAssigned", "principalId": "Me"}
BOTH = {
    "type": "SystemAssigned, UserAssigned",
    "principalId": "other",
    "userAssignedIdentities": {USER.lower(): {"principalId": "me"}},
}
ASSIGNED = {**BOTH, "type": "UserAssigned", "principalId": None}


def body(id: str, /, **properties: object) -> Body:
    return {"id": id, "location": "westeurope", "properties": properties}


def hub(
    identity: object = SYSTEM,
    vault: object = VAULT,
    key: object = ADDRESS,
    user: str | None = None,
    **properties: object,
) -> Body:
    used = {"keyVaultArmId": vault, "keyIdentifier": key}
    named = {"identity": {"userAssignedIdentity": user}} if user else {}
    encryption = {"status": "Enabled", "keyVaultProperties": used, **named}
    whole = body(HUB, encryption=encryption, **properties)
    return {**whole, "kind": "Hub", "identity": identity}


def account(location: str = "West Europe", **encryption: object) -> Body:
    given = {
        "keySource": "Microsoft.KeyVault",
        "keyVaultProperties": {"keyVaultUri": "https://KV-own.vault.azure.net/"},
        **encryption,
    }
    return {**body(ACCOUNT, encryption=given), "kind": "OpenAI", "location": location}


def vault(**properties: object) -> Body:
    return body(VAULT, **{"enablePurgeProtection": True, **properties})


OFF = body(KEY, attributes={"enabled": False}, keyUriWithVersion=f"{ADDRESS}/a")


def policy(*keys: str, who: str = "me") -> Body:
    return {"objectId": who, "permissions": {"keys": list(keys)}}


ALLOWED = policy("Get", "wrapKey", "unwrapKey")
HELD = {"id": KEY, "properties": {"attributes": {"enabled": True}}}
"""The key, as it is there and enabled."""


@pytest.mark.parametrize(
    ("given", "policies", "expected"),
    [
        (hub(), [ALLOWED], PASS),
        (hub(), [policy("all")], PASS),
        (hub(), [policy("get"), policy("wrapKey", "unwrapKey")], PASS),
        (hub(), [policy("get", "wrapKey")], FAIL),
        (hub(), [policy("get", "wrapKey", "unwrapKey", who="you")], FAIL),
        (hub(), [{"objectId": "me"}], FAIL),
        (hub(), [{**ALLOWED, "applicationId": "app"}], FAIL),
        (hub(), [{**ALLOWED, "applicationId": "app"}, ALLOWED], PASS),
        (hub(), [{**ALLOWED, "applicationId": None, "tenantId": TENANT}], PASS),
        (hub(), [{**ALLOWED, "applicationId": 4}], UNREAD),
        (hub(), [{**ALLOWED, "tenantId": ELSEWHERE}], FAIL),
        (hub(), [{**ALLOWED, "tenantId": 4}], UNREAD),
        (hub(), [], FAIL),
        (hub(), None, FAIL),
        (hub(), "all", UNREAD),
        (hub(BOTH), [ALLOWED], FAIL),
        (hub(BOTH, user=USER), [ALLOWED], PASS),
        (hub(SYSTEM, user=USER), [ALLOWED], FAIL),
        (hub(ASSIGNED), [ALLOWED], PASS),
        (hub(ASSIGNED, primaryUserAssignedIdentity=USER), [ALLOWED], PASS),
        (hub(None), [ALLOWED], FAIL),
        (hub({"type": "SystemAssigned"}), [ALLOWED], UNREAD),
        (hub(vault=None), [ALLOWED], UNREAD),
        (hub(key=None), [ALLOWED], UNREAD),
        (hub(key="https://kv-own.vault.azure.net/"), [ALLOWED], UNREAD),
        (hub(vault=VAULT.replace("kv-own", "gone")), [ALLOWED], FAIL),
        (hub(vault=VAULT.replace(SUBSCRIPTION, ELSEWHERE)), [ALLOWED], UNREAD),
    ],
)
def test_access_policies(
    verdicts: Verdicts, given: Body, policies: object, expected: Status
) -> None:
    results = verdicts(key_permission, given, vault(accessPolicies=policies), HELD)
    assert results.only(HUB).status is expected


TEAM = [{"id": object_id(TENANT, "team"), "kind": "group", "properties": {}}]
MINE = {"id": member_id(TENANT, "team", "me"), "kind": "servicePrincipal"}
OTHER = {"id": object_id(TENANT, "team"), "kind": "user", "properties": {}}
BY_TEAM = policy("get", "wrapKey", "unwrapKey", who="Team")


@pytest.mark.parametrize(
    ("policies", "directory", "expected", "bound"),
    [
        ([BY_TEAM], [*TEAM, {**MINE, "properties": {}}], PASS, ""),
        ([BY_TEAM], TEAM, FAIL, ""),
        ([BY_TEAM], [OTHER], FAIL, ""),
        ([BY_TEAM], [{**OTHER, "id": object_id(TENANT, "you")}], FAIL, ""),
        ([BY_TEAM], [], FAIL, "another has one, and may be a group"),
        ([BY_TEAM, {**BY_TEAM, "objectId": "you"}], [], FAIL, "2 others have one"),
        ([policy("get"), {**BY_TEAM, "objectId": "you"}], [], FAIL, "another has one"),
        ([policy("list", who="Team")], [], FAIL, ""),
        ([policy("get"), policy("get", who="Team")], [], FAIL, ""),
    ],
)
def test_access_policies_of_groups(
    verdicts: Verdicts,
    policies: list[Body],
    directory: list[Body],
    expected: Status,
    bound: str,
) -> None:
    bodies = hub(), vault(accessPolicies=policies), HELD, *directory
    result = verdicts(key_permission, *bodies).only(HUB)
    assert result.status is expected
    assert ("lower bound" in result.reason) is bool(bound)
    assert bound in result.reason


def test_a_group_whose_members_were_refused(verdicts: Verdicts) -> None:
    bodies = hub(), vault(accessPolicies=[BY_TEAM]), HELD, *TEAM
    refused = [(GroupMember, object_id(TENANT, "team"))]
    assert verdicts(key_permission, *bodies, unread=refused).only(HUB).status is UNREAD


def test_who_holds_a_role_is_known_to_be_no_group(
    verdicts: Verdicts, rbac: Any
) -> None:
    grant = rbac.grant("team", "any", SUBSCRIPTION, "User")
    bodies = hub(), vault(accessPolicies=[BY_TEAM]), HELD, rbac.role("any"), grant
    result = verdicts(key_permission, *bodies).only(HUB)
    assert (result.status, "lower bound" in result.reason) == (FAIL, False)


@pytest.mark.parametrize(
    ("address", "held", "expected"),
    [
        (ADDRESS, [], FAIL),
        (ADDRESS, [body(f"{KEY}2")], FAIL),
        (ADDRESS, [body(KEY)], PASS),
        (ADDRESS, [body(KEY, attributes={"enabled": None})], PASS),
        (ADDRESS, [body(KEY, attributes={"enabled": False})], FAIL),
        (ADDRESS, [body(KEY, attributes={"enabled": "no"})], UNREAD),
        (f"{ADDRESS}/A", [OFF], FAIL),
        (f"{ADDRESS}/b", [OFF], PASS),
        (f"{ADDRESS}/b", [body(KEY, attributes={"enabled": False})], UNREAD),
    ],
)
def test_a_key_that_nobody_can_use(
    verdicts: Verdicts, address: str, held: list[Body], expected: Status
) -> None:
    bodies = hub(key=address), vault(accessPolicies=[ALLOWED])
    assert verdicts(key_permission, *bodies, *held).only(HUB).status is expected


@pytest.mark.parametrize(("policies", "expected"), [([ALLOWED], UNREAD), ([], FAIL)])
def test_a_key_that_was_not_read(
    verdicts: Verdicts, policies: list[Body], expected: Status
) -> None:
    bodies = hub(), vault(accessPolicies=policies), HELD
    results = verdicts(key_permission, *bodies, unread=[(VaultKey, KEY)])
    assert results.only(HUB).status is expected


def test_one_of_several_identities_that_is_not_named(verdicts: Verdicts) -> None:
    users = {f"{USER}{who}": {"principalId": who} for who in ("me", "you")}
    given = hub({"type": "UserAssigned", "userAssignedIdentities": users})
    mine, yours = ALLOWED, {**ALLOWED, "objectId": "you"}
    cases = [([mine, yours], PASS), ([mine], UNREAD), ([yours], UNREAD), ([], FAIL)]
    for policies, expected in cases:
        results = verdicts(key_permission, given, vault(accessPolicies=policies), HELD)
        assert results.only(HUB).status is expected


def test_a_key_in_a_managed_hsm_is_asked_about(verdicts: Verdicts) -> None:
    hsm = VAULT.replace("vaults", "managedHSMs")
    result = verdicts(key_permission, hub(vault=hsm), vault()).only(HUB)
    assert result.status is Status.MANUAL


KEYS = "Microsoft.KeyVault/vaults/keys"
USES = [f"{KEYS}/{each}" for each in ("read", "wrap/action", "unwrap/action")]


@pytest.mark.parametrize(
    ("scope", "eligible", "expected"),
    [
        (KEY, False, PASS),
        (VAULT, False, PASS),
        (SUBSCRIPTION, False, PASS),
        (KEY, True, FAIL),
        (f"{VAULT}/keys/another", False, FAIL),
        (HUB, False, FAIL),
    ],
)
def test_roles(
    verdicts: Verdicts, rbac: Any, scope: str, eligible: bool, expected: Status
) -> None:
    role = rbac.role(SERVICE_USER, dataActions=USES)
    grant = rbac.grant("me", SERVICE_USER, scope, "ServicePrincipal", eligible=eligible)
    under_rbac = vault(enableRbacAuthorization=True, accessPolicies=[ALLOWED])
    results = verdicts(key_permission, hub(), under_rbac, HELD, role, grant)
    assert results.only(HUB).status is expected


@pytest.mark.parametrize(
    ("action", "who", "expected"),
    [
        ("*", "me", FAIL),
        (f"{KEYS}/wrap/action", "me", FAIL),
        (f"{KEYS}/encrypt/action", "me", PASS),
        ("*", "you", PASS),
    ],
)
def test_roles_that_a_denial_takes_back(
    verdicts: Verdicts, rbac: Any, action: str, who: str, expected: Status
) -> None:
    role = rbac.role(SERVICE_USER, dataActions=USES)
    grant = rbac.grant("me", SERVICE_USER, VAULT, "ServicePrincipal")
    denial = rbac.denial(VAULT, action, (who, "ServicePrincipal"))
    bodies = hub(), vault(enableRbacAuthorization=True), HELD, role, grant
    result = verdicts(key_permission, *bodies, denial).only(HUB)
    assert result.status is expected
    assert ("deny assignment" in result.reason) is (expected is FAIL)
    unread = [(DenyAssignment, SUBSCRIPTION)]
    results = verdicts(key_permission, *bodies, unread=unread)
    assert results.only(HUB).status is UNREAD


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (("read", "wrap/action", "unwrap/action"), PASS),
        (("*",), PASS),
        (("read", "wrap/action"), FAIL),
        (("encrypt/action",), FAIL),
    ],
)
def test_roles_of_ones_own(
    verdicts: Verdicts, rbac: Any, allowed: tuple[str, ...], expected: Status
) -> None:
    role = rbac.role("own", custom=True, dataActions=[f"{KEYS}/{a}" for a in allowed])
    grant = rbac.grant("me", "own", KEY, "ServicePrincipal")
    under_rbac = vault(enableRbacAuthorization=True)
    bodies = [hub(), under_rbac, HELD, role, grant]
    assert verdicts(key_permission, *bodies).only(HUB).status is expected
    denial = rbac.denial(KEY, f"{KEYS}/wrap/action", ("me", "ServicePrincipal"))
    assert verdicts(key_permission, *bodies, denial).only(HUB).status is FAIL


@pytest.mark.parametrize("view", [KeyVault, RoleAssignment, Workspace])
def test_permissions_that_were_not_read(verdicts: Verdicts, view: Any) -> None:
    bodies = [hub(), vault(enableRbacAuthorization=True), HELD]
    [result] = verdicts(key_permission, *bodies, unread=[(view, SUBSCRIPTION)])
    assert result.status is UNREAD


@pytest.mark.parametrize(
    ("user", "model", "expected"),
    [
        (hub(), True, WARN),
        (hub(), False, PASS),
        (hub(), None, PASS),
        (hub(), ABSENT, PASS),
        (hub(), "true", UNREAD),
        (account(), True, PASS),
        (account(), False, PASS),
    ],
)
def test_models(
    verdicts: Verdicts, user: Body, model: object, expected: Status
) -> None:
    results = verdicts(vault_model, user, vault(enableRbacAuthorization=model))
    assert results.only(VAULT).status is expected


DENY = {"defaultAction": "Deny"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"enablePurgeProtection": False}, "purge protection is off"),
        ({"enablePurgeProtection": None}, "purge protection is off"),
        ({"enablePurgeProtection": ABSENT}, "purge protection is off"),
        ({"enableSoftDelete": False}, "soft delete is off"),
        ({"enableSoftDelete": None}, None),
        ({"tenantId": TENANT.upper()}, None),
        ({"tenantId": ELSEWHERE[-36:]}, "another tenant"),
        ({"networkAcls": DENY}, None),
        ({"networkAcls": {**DENY, "bypass": "AzureServices"}}, None),
        ({"networkAcls": {**DENY, "bypass": "None"}}, "bypass is None"),
        ({"networkAcls": {"defaultAction": "Allow", "bypass": "None"}}, None),
        (
            {"publicNetworkAccess": "Disabled", "networkAcls": {"bypass": "None"}},
            "bypass is None",
        ),
    ],
)
def test_protection(
    verdicts: Verdicts, changes: dict[str, object], fault: str | None
) -> None:
    results = verdicts(vault_protection, hub(), account(), vault(**changes))
    result = results.only(VAULT)
    assert result.status is (FAIL if fault else PASS)
    assert fault is None or fault in result.reason


def test_protection_in_another_region(verdicts: Verdicts) -> None:
    away = account("northeurope")
    results = verdicts(vault_protection, hub(), away, vault(enableSoftDelete=False))
    reason = results.only(VAULT).reason
    assert reason == "soft delete is off; it is in westeurope, not in the region of ai"


def test_a_fault_of_a_vault_stands_whatever_was_not_read(verdicts: Verdicts) -> None:
    unread = [(Workspace, SUBSCRIPTION)]
    for on, expected in ((False, FAIL), (True, UNREAD)):
        bodies = (account(), vault(enablePurgeProtection=on))
        results = verdicts(vault_protection, *bodies, unread=unread)
        assert results.only(VAULT).status is expected


PERIMETER = f"{PROVIDERS}/Microsoft.Network/networkSecurityPerimeters/edge"
PROFILE = f"{PERIMETER}/profiles/p"


def inside(target: str, mode: object = "Enforced") -> Body:
    return body(
        f"{PERIMETER}/resourceAssociations/{target.rpartition('/')[2]}",
        privateLinkResource={"id": target},
        profile={"id": PROFILE},
        accessMode=mode,
        hasProvisioningIssues="no",
    )


LETS_IN = body(
    f"{PROFILE}/accessRules/r", direction="Inbound", addressPrefixes=["198.51.100.7"]
)


@pytest.mark.parametrize(
    ("user", "others", "expected"),
    [
        (hub(), (inside(VAULT),), FAIL),
        (hub(), (inside(VAULT), LETS_IN), WARN),
        (hub(), (inside(VAULT, "Learning"),), PASS),
        (hub(), (inside(VAULT, ABSENT),), UNREAD),
        (account(), (inside(VAULT), inside(ACCOUNT)), PASS),
        (account(), (inside(VAULT),), FAIL),
    ],
)
def test_an_enforced_perimeter_knows_no_trusted_services(
    verdicts: Verdicts, user: Body, others: tuple[Body, ...], expected: Status
) -> None:
    edge = (body(PERIMETER), body(PROFILE))
    results = verdicts(vault_protection, user, vault(), *edge, *others)
    assert results.only(VAULT).status is expected


def test_protection_of_another_type(verdicts: Verdicts) -> None:
    odd = vault(enablePurgeProtection="yes")
    assert verdicts(vault_protection, hub(), odd).only(VAULT).status is UNREAD


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([{"category": "AuditEvent", "enabled": True}], PASS),
        ([{"categoryGroup": "audit", "enabled": True}], PASS),
        ([{"categoryGroup": "allLogs", "enabled": True}], PASS),
        ([{"category": "AuditEvent", "enabled": None}], FAIL),
        ([{"category": "Other", "enabled": True}], FAIL),
        (None, FAIL),
        ("all", UNREAD),
    ],
)
def test_logs(verdicts: Verdicts, logs: object, expected: Status) -> None:
    central = f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings/central"
    setting = body(central, logs=logs, workspaceId="/workspace")
    results = verdicts(key_use_logged, hub(), vault(), setting)
    assert results.only(VAULT).status is expected


def test_logs_that_were_not_read(verdicts: Verdicts) -> None:
    unread = [(DiagnosticSetting, VAULT)]
    results = verdicts(key_use_logged, hub(), vault(), unread=unread)
    assert results.only(VAULT).status is UNREAD


@pytest.mark.parametrize("check", [vault_model, vault_protection, key_use_logged])
def test_vaults_that_encrypt_nothing(verdicts: Verdicts, check: Check[Any]) -> None:
    off = hub()
    off["properties"]["encryption"]["status"] = "Disabled"
    [result] = verdicts(check, off, account(keySource="Microsoft.CognitiveServices"))
    assert result.status is NONE
    for view in (Workspace, CognitiveAccount):
        results = verdicts(check, vault(), unread=[(view, SUBSCRIPTION)])
        assert results.only(VAULT).status is UNREAD


@pytest.mark.parametrize("check", [vault_model, vault_protection, key_use_logged])
@pytest.mark.parametrize(
    ("address", "encrypts"),
    [
        ("https://kv-own.vault.azure.net:443", True),
        ("https://kv-own.managedhsm.azure.net/", False),
        ("https://kv-own.vault.azure.cn/", False),
        ("kv-own", False),
    ],
)
def test_a_managed_hsm_is_no_vault_of_its_name(
    verdicts: Verdicts, check: Check[Any], address: str, encrypts: bool
) -> None:
    given = account(keyVaultProperties={"keyVaultUri": address, "keyName": "k"})
    [result] = verdicts(check, given, vault())
    assert (result.status is not NONE) is encrypts


def key(*actions: str, **properties: object) -> Body:
    given = [{"action": {"type": each}} for each in actions]
    return body(KEY, rotationPolicy={"lifetimeActions": given}, **properties)


def ends(day: object) -> Body:
    return key("Rotate", attributes={"exp": day}, keyUriWithVersion=f"{ADDRESS}/1")


NOW = 1788220800  # 2026-09-01
DAY = 86400


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (key("rotate", "notify", keyUriWithVersion=f"{ADDRESS}/1"), None),
        (key("notify"), "no rotation policy"),
        (key(), "no rotation policy"),
        (body(KEY), "no rotation policy"),
        (body(KEY, rotationPolicy=None), "no rotation policy"),
        (ends(None), None),
        (ends(NOW + 31 * DAY), None),
        (ends(NOW + 29 * DAY), "expires on 2026-09-30"),
        (key("rotate", attributes={"enabled": False}), "version is disabled"),
        (ends(NOW), "expired on 2026-09-01"),
        (ends(NOW - DAY), "expired on 2026-08-31"),
        (key("rotate", keyUriWithVersion=f"{ADDRESS}/1"), None),
        (key("rotate", keyUriWithVersion=f"{ADDRESS}/2"), "hub does not use"),
    ],
)
def test_rotation(verdicts: Verdicts, given: Body, fault: str | None) -> None:
    results = verdicts(key_rotation, hub(key=f"{ADDRESS}/1"), vault(), given)
    result = results.only(KEY)
    assert result.status is (WARN if fault else PASS)
    assert fault is None or fault in result.reason


def test_rotation_of_a_key_without_version(verdicts: Verdicts) -> None:
    newest = key("rotate", keyUriWithVersion=f"{ADDRESS}/2")
    for given in (hub(), hub(key=f"{ADDRESS}/")):
        assert verdicts(key_rotation, given, vault(), newest).only(KEY).status is PASS


def test_rotation_of_a_key_whose_newest_version_is_not_told(verdicts: Verdicts) -> None:
    pinned = hub(key=f"{ADDRESS}/1")
    for given, expected in ((key("rotate"), UNREAD), (key("notify"), WARN)):
        results = verdicts(key_rotation, pinned, vault(), given)
        assert results.only(KEY).status is expected


@pytest.mark.parametrize("given", [ends("soon"), ends(10**18)])
def test_rotation_at_no_point_in_time(verdicts: Verdicts, given: Body) -> None:
    assert verdicts(key_rotation, hub(), vault(), given).only(KEY).status is UNREAD


def test_rotation_that_was_not_read(verdicts: Verdicts) -> None:
    bodies = (hub(), vault(), key("rotate"))
    [result] = verdicts(key_rotation, *bodies, unread=[(VaultKey, KEY)])
    assert result.status is UNREAD


VERSION = {"keyName": "cmk", "keyVersion": "1"}


@pytest.mark.parametrize(
    ("given", "required", "expected"),
    [
        (account(), False, PASS),
        (account(), True, PASS),
        (account(keyVaultProperties={**VERSION, "keyVersion": ""}), True, PASS),
        (account(keyVaultProperties=VERSION), False, WARN),
        (account(keyVaultProperties=VERSION), True, WARN),
        (account(keySource="Microsoft.CognitiveServices"), False, INFO),
        (account(keySource="Microsoft.CognitiveServices"), True, FAIL),
        (account(keySource=ABSENT), True, FAIL),
        ({**body(ACCOUNT, encryption=None), "kind": "AIServices"}, True, FAIL),
        ({**body(ACCOUNT), "kind": "AIServices"}, False, INFO),
        (account(keySource=5), True, UNREAD),
    ],
)
def test_accounts(
    verdicts: Verdicts, given: Body, required: bool, expected: Status
) -> None:
    settings = Settings(require_cmk=required)
    results = verdicts(aoai_cmk, given, settings=settings)
    assert results.only(ACCOUNT).status is expected
