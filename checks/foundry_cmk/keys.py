"""Customer-managed keys: who may use them, how they are kept, rotated and watched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from checks.foundry_cmk.encryption_keys import (
    KeyName,
    accounts_of,
    encrypts,
    key_identities,
    key_of,
    users_of,
    users_of_key,
    vault_id_of,
    workspaces_of,
)
from checks.logging.diagnostics import delivered, found, is_any
from checks.shared.citing import cite
from checks.shared.encryption import CONTROLS
from checks.shared.grants import access, bounded, require_settled
from checks.shared.perimeters import anything, associations, enforced_on, let_in
from checks.shared.scanned import so_far
from checks.shared.vault_policies import no_policy, policies_for
from checks.shared.wording import shown, some
from scanner.access.answers import Result
from scanner.model import initiatives
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Status,
    Topic,
    Verdict,
    check,
    failed,
    info,
    manual,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, has_own_key, hosts_models
from scanner.model.coverage import Unclear
from scanner.model.identity import ManagedIdentity
from scanner.model.ids import ResourceId
from scanner.model.keyvault import AccessPolicy, KeyVault, VaultKey
from scanner.model.machinelearning import Workspace, keeps_itself
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

SOON = timedelta(days=30)
"""How long before its end a key is about to expire."""

MANAGED_HSM = "microsoft.keyvault/managedhsms"
"""Where a key may lie instead of a vault."""

_NEEDED = ("get", "wrapKey", "unwrapKey")
_KEYS = "Microsoft.KeyVault/vaults/keys"
_USES = ("read", "wrap/action", "unwrap/action")
"""The same three, as Azure RBAC names them."""


@check(
    id="foundry-cmk-key-permission",
    title="Encrypted workspaces may use their key",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=Workspace,
    where=keeps_itself,
    guidance=Post.FOUNDRY_CMK,
    controls=(*CONTROLS, "MCSB:DP-8"),
)
def key_permission(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.encryption.keyVaultProperties` and who may use the key it names.

    The identity is the one that `properties.encryption.identity` names, or else the
    system-assigned one, the primary user-assigned one, or the only one. Where none of
    several is named, it is judged if the key is open to all of them or to none. In a
    vault with `properties.enableRbacAuthorization` it needs roles that let it read,
    wrap and unwrap with the key, as Key Vault Crypto Service Encryption User and Crypto
    User do, on the key or above, and no deny assignment that takes one of the three
    back; in any other (absent and null are false) the key permissions get, wrapKey and
    unwrapKey in `properties.accessPolicies`. A policy with an `applicationId` is for
    those who come through that application, and one with another `tenantId` for nobody
    here: neither lets the identity in (vaults REST reference). Absent, null and empty
    name no application, and this tenant. One for a group lets in who is in it, where
    the scan asked the directory; without that, the answer says who may be such a group.
    Identities of Microsoft that some variants need beside it are not judged. Who may
    use a key in a managed HSM is the HSM's own data, and asked about.

    The key itself has to be there, with a `properties.attributes.enabled` that is not
    false (absent and null are true: Microsoft Learn, "About keys"). Resource Manager
    tells of its newest version: an older one that a workspace names is not looked at.

    ## Why it matters
    An encrypted workspace asks for its key again and again. An identity that has lost
    its permission may not be noticed at once; then nothing opens any more, with errors
    that speak of encryption and not of roles. A key that is deleted or disabled locks
    the workspace just as well.

    ## How to fix
    Give the identity of the workspace the permission that the vault's model asks for.
    Recover a key that was deleted, and enable one that is disabled.

    ```sh
    az keyvault set-policy --name VAULT --object-id PRINCIPAL_ID \
      --key-permissions get wrapKey unwrapKey
    az role assignment create --assignee-object-id PRINCIPAL_ID \
      --assignee-principal-type ServicePrincipal --scope KEY_ID \
      --role "Key Vault Crypto Service Encryption User"
    az keyvault key recover --vault-name VAULT --name KEY
    az keyvault key set-attributes --vault-name VAULT --name KEY --enabled true
    ```

    ```bicep
    resource policy 'Microsoft.KeyVault/vaults/accessPolicies@2023-07-01' = {
      name: 'add'
      properties: {
        accessPolicies: [
          {
            tenantId: tenant().tenantId
            objectId: principalId
            permissions: { keys: ['get', 'wrapKey', 'unwrapKey'] }
          }
        ]
      }
    }
    ```

    ```terraform
    resource "azurerm_key_vault_access_policy" "hub" {
      key_vault_id    = azurerm_key_vault.cmk.id
      tenant_id       = data.azurerm_client_config.current.tenant_id
      object_id       = var.principal_id
      key_permissions = ["Get", "WrapKey", "UnwrapKey"]
    }
    ```

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    vault_id, key = vault_id_of(workspace), key_of(workspace)
    if ResourceId.parse(vault_id).type.lower() == MANAGED_HSM:
        return manual(f"may it use key {shown(key.name)} of its managed HSM?")
    vault = tenant.get(KeyVault, vault_id)
    if vault is None:
        return failed("broken: the vault of its key is gone")
    fault, unclear = "", Unclear()
    with unclear:
        fault = _fault(vault, key)
    if fault:
        return failed(f"broken: {fault}")
    verdict = _permission(workspace, vault, key)
    if verdict.status is Status.PASS:
        unclear.settle()
    return verdict


def _fault(vault: KeyVault, named: KeyName) -> str:
    """Return what keeps everybody from using a key; empty for nothing."""
    key = vault.tenant.get(VaultKey, f"{vault.id}/keys/{named.name}")
    if key is None:
        return f"its key {shown(named.name)} is gone"
    pinned = named.version.lower()
    if key.enabled is False and (not pinned or pinned == _newest(key)):
        return f"its key {shown(named.name)} is disabled"
    return ""


def _newest(key: VaultKey) -> str:
    """Return the newest version of a key, in lower case; raises NotRead."""
    newest = KeyName.parse(key.newest or "").version.lower()
    if not newest:
        raise key.unread(VaultKey.newest.path, "names no version")
    return newest


def _permission(workspace: Workspace, vault: KeyVault, key: KeyName) -> Verdict:
    """Judge whether a workspace's identity may use its key."""
    may = _by_role if vault.rbac_authorization else _by_policy
    found = [may(each, vault, key) for each in key_identities(workspace)]
    if not found:
        return failed("broken: it has no identity to use its key with")
    if len({each.status for each in found}) > 1:
        reason = (
            f"names none of its {len(found)} identities, and not all may use its key"
        )
        raise workspace.unread(Workspace.primary_identity_id.path, reason)
    return replace(found[0], reason=some(each.reason for each in found))


def _by_role(identity: ManagedIdentity, vault: KeyVault, key: KeyName) -> Verdict:
    tenant, key_id = vault.tenant, f"{vault.id}/keys/{key.name}"
    can = partial(access(tenant).can, identity.principal_id, data=True)
    ways = [can(f"{_KEYS}/{each}", resource_id=key_id) for each in _USES]
    grants = [[each for each in way.grants if not each.eligible] for way in ways]
    cite(tenant, dict.fromkeys(each[0] for each in grants if each), vault)
    who, what = identity.name, f"key {shown(key.name)}"
    if any(way.denied_by for way in ways):
        return failed(f"broken: a deny assignment keeps {who} from using {what}")
    if any(way.result is Result.DENIED for way in ways):
        return failed(f"broken: no role lets {who} use {what}")
    missing = [each for way in ways for each in way.missing]
    require_settled(missing)
    if all(grants):
        return passed(bounded(f"{who} may use the key, {grants[0][0].why}", missing))
    return failed(bounded(f"broken: no role lets {who} use {what}", missing))


def _by_policy(identity: ManagedIdentity, vault: KeyVault, _: KeyName) -> Verdict:
    allowed = {
        permission
        for policy in policies_for(identity.principal_id, vault)
        for permission in _permissions(policy)
    }
    missing = [each for each in _NEEDED if each.lower() not in allowed]
    if not missing or "all" in allowed:
        return passed(f"an access policy lets {identity.name} use the key")
    reason = f"broken: no access policy gives {identity.name} {some(missing)}"
    lacking = {"all", *map(str.lower, missing)}
    return no_policy(reason, vault, lambda each: bool(_permissions(each) & lacking))


def _permissions(policy: AccessPolicy) -> set[str]:
    return {each.lower() for each in policy.keys or ()}


@check(
    id="foundry-cmk-vault-model",
    title="Vaults of encrypted hubs use access policies",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=KeyVault,
    where=encrypts,
    guidance=Post.FOUNDRY_CMK,
    controls=CONTROLS,
)
def vault_model(vault: KeyVault, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.enableRbacAuthorization`.

    Answers for vaults with a key that encrypts a hub, a workspace or an Azure OpenAI or
    AI Services account. Absent and null mean access policies (Key Vault REST
    reference). Accounts work with either model.

    ## Why it matters
    Encrypted hubs were found to work with access policies only, and the documentation
    of 2025 says the same. It may have changed since: a hub that works today under Azure
    RBAC is no proof that Azure supports it. Everywhere else Azure RBAC is the better
    model, so that many a policy asks for it, this vault included.

    ## How to fix
    Keep the keys of hubs in a vault of their own with access policies, and exempt that
    vault from the policy that wants Azure RBAC (12d4fa5e).

    ```sh
    az policy exemption create --name cmk-vault --exemption-category Waiver \
      --policy-assignment "$ASSIGNMENT_ID" --scope "$VAULT_ID"
    ```

    Do not switch the model of a vault that is in use: its roles or its policies, as the
    case may be, count for nothing from that moment. Where the hub works, verify with
    Microsoft and accept the finding with an owner and an expiry.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    if not vault.rbac_authorization:
        return passed("access policies, with which hubs and accounts work")
    workspace = next(workspaces_of(tenant, vault.id), None)
    if workspace is not None:
        name = shown(workspace.name)
        return warned(f"Azure RBAC, which is not supported for the key of {name}")
    account = next(accounts_of(vault), None)
    name = shown(account.name) if account else "an account"
    return passed(so_far(tenant, f"Azure RBAC, with which {name} works"))


@check(
    id="foundry-cmk-vault-protection",
    title="Vaults of customer-managed keys cannot be lost",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=KeyVault,
    where=encrypts,
    guidance=Post.FOUNDRY_CMK,
    controls=(*CONTROLS, "MCSB:DP-8", "NIST-800-53:CP-9"),
)
def vault_protection(vault: KeyVault, _: Tenant) -> Verdict:
    r"""
    Reads `properties.enablePurgeProtection`, `enableSoftDelete` and the firewall.

    Answers for vaults with a key that encrypts a hub, a workspace or an Azure OpenAI or
    AI Services account. Absent and null mean no purge protection, soft delete (which
    cannot be switched off any more), Allow and AzureServices (Key Vault REST
    reference). The vault has to be in the tenant, and in the region of all that it
    encrypts; a firewall has to let trusted services in. A perimeter whose association
    is `Enforced` decides in place of the firewall and knows no trusted services: the
    vault fails without an inbound rule, and warns with one, unless all that it encrypts
    is in the same perimeter. An association that does not say leaves the vault not
    assessed.

    ## Why it matters
    The key is yours now, and so is the duty to keep it. Without purge protection one
    hand can delete vault and key for good, and with them everything that they encrypt:
    Microsoft has no second key. A vault in another region takes the workspace down when
    that region fails, and a firewall without its exception does so at once.

    ## How to fix
    Switch purge protection on and let trusted services through the firewall. Set an
    enforced perimeter back to transition mode until its rules let in what the vault
    encrypts. Another region takes a new vault, and for hubs a new hub.

    ```sh
    az keyvault update --name VAULT --enable-purge-protection true \
      --bypass AzureServices
    ```

    ```bicep
    resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
      properties: {
        enablePurgeProtection: true
        networkAcls: { defaultAction: 'Deny', bypass: 'AzureServices' }
      }
    }
    ```

    ```terraform
    resource "azurerm_key_vault" "cmk" {
      purge_protection_enabled = true
      network_acls {
        default_action = "Deny"
        bypass         = "AzureServices"
      }
    }
    ```

    Purge protection cannot be switched off again. Never move a key by making a new one:
    what the old one encrypts opens to the old one alone.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    faults, unclear = [*_unprotected(vault)], Unclear()
    for more in (_misplaced, _kept_out):
        with unclear:
            faults += more(vault)
    if faults:
        return failed("; ".join(faults))
    unclear.settle()
    perimeter = enforced_on(vault)
    if not perimeter:
        return passed("protected from purging, in its place, open to trusted services")
    if outside := _outside(vault):
        return warned(
            f"perimeter {perimeter} is enforced: do its rules let {outside} in?"
        )
    return passed(
        "protected from purging, in its place, in one perimeter with its users"
    )


def _unprotected(vault: KeyVault) -> Iterator[str]:
    if vault.soft_delete is False:
        yield "soft delete is off"
    if not vault.purge_protection:
        yield "purge protection is off"


def _kept_out(vault: KeyVault) -> Iterator[str]:
    """Yield what keeps that which the vault encrypts from its key, if something does.

    Raises NotRead where that is a matter of a perimeter that was not read.
    """
    if perimeter := enforced_on(vault):
        if (outside := _outside(vault)) and not let_in(vault, anything):
            yield f"perimeter {perimeter} is enforced and lets nobody in: {outside}"
        return
    access = (vault.public_network_access or "Enabled").lower()
    closed = (vault.network_default_action or "Allow").lower() == "deny"
    bypass = vault.network_bypass or "AzureServices"
    if (closed or access != "enabled") and bypass.lower() != "azureservices":
        yield f"its firewall keeps trusted services out (bypass is {shown(bypass)})"


def _outside(vault: KeyVault) -> str:
    """Return what a vault encrypts that is not in one perimeter with it."""
    perimeters = {each.parts.parent.lower() for each in associations(vault)}
    return some(
        shown(user.name)
        for user in users_of(vault)
        if perimeters.isdisjoint(
            each.parts.parent.lower() for each in associations(user)
        )
    )


def _misplaced(vault: KeyVault) -> Iterator[str]:
    if vault.tenant_id and vault.tenant_id.lower() != vault.tenant.id.lower():
        yield "it belongs to another tenant"
    away = [each for each in users_of(vault) if _region(each) != _region(vault)]
    if away:
        names = some(shown(each.name) for each in away)
        yield f"it is in {shown(vault.location)}, not in the region of {names}"


def _region(resource: Resource) -> str:
    return (resource.location or "").replace(" ", "").lower()


@check(
    id="foundry-cmk-key-rotation",
    title="Keys that encrypt workspaces are rotated",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=VaultKey,
    guidance=Post.FOUNDRY_CMK,
    controls=(*CONTROLS, "MCSB:DP-6", "PCI-DSS-4.0.1:3.7.4"),
)
def key_rotation(key: VaultKey, _: Tenant) -> Verdict:
    r"""
    Reads `properties.rotationPolicy.lifetimeActions` and `properties.attributes.exp`.

    Of the keys that `properties.encryption` of a workspace names, as Resource Manager
    tells of them. An absent or null policy does not rotate, nor does one that only
    notifies; an absent end means that the key does not expire (vaults/keys REST
    reference). A newest version that is disabled (`properties.attributes.enabled` is
    false) is of no use. A workspace that names a version is compared with the newest,
    `properties.keyUriWithVersion`; where that is absent or null it is not assessed.

    ## Why it matters
    With a key of your own, nobody rotates it but you. A key that was never changed is
    with everyone who ever got hold of it, and one that expires unnoticed stops all that
    it encrypts on a day that was set years before.

    ## How to fix
    Give the key a rotation policy that rotates it, then set the workspace to the newest
    version.

    ```sh
    az keyvault key rotation-policy update --vault-name VAULT --name KEY \
      --value rotation.json
    az ml workspace update --resource-group RG --name HUB \
      --file workspace-with-newest-key.yml
    ```

    ```bicep
    resource key 'Microsoft.KeyVault/vaults/keys@2023-07-01' = {
      properties: {
        rotationPolicy: {
          lifetimeActions: [
            { trigger: { timeAfterCreate: 'P1Y' }, action: { type: 'rotate' } }
          ]
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_key_vault_key" "hub" {
      rotation_policy {
        automatic { time_after_creation = "P1Y" }
      }
    }
    ```

    The new key has to be in the same vault. Leave the old version enabled until nothing
    uses it. Encryption on the service side did not know rotation while in preview: ask
    for what holds today.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Configure cryptographic key auto-rotation in Azure Key Vault
    """
    faults, unclear = [*_stale(key)], Unclear()
    with unclear:
        faults += _pinned(key)
    if faults:
        return warned("; ".join(faults))
    unclear.settle()
    return passed("rotated by its policy, and not about to expire")


def _stale(key: VaultKey) -> Iterator[str]:
    actions = [each.lower() for each in key.rotation_actions or ()]
    if "rotate" not in actions:
        yield "no rotation policy rotates it"
    if key.enabled is False:
        yield "its newest version is disabled"
    if key.expires is None:
        return
    try:
        end = datetime.fromtimestamp(key.expires, UTC)
    except (ValueError, OverflowError, OSError):
        path = VaultKey.expires.path
        raise key.malformed(path, "a point in time", key.expires) from None
    if end <= key.tenant.read_at:
        yield f"it expired on {end:%Y-%m-%d}"
    elif end <= key.tenant.read_at + SOON:
        yield f"it expires on {end:%Y-%m-%d}"


def _pinned(key: VaultKey) -> Iterator[str]:
    names = [
        shown(workspace.name)
        for workspace, named in users_of_key(key)
        if named.version and named.version.lower() != _newest(key)
    ]
    if names:
        yield f"{some(names)} does not use its newest version"


@check(
    id="foundry-cmk-key-use-logged",
    title="The use of customer-managed keys is logged",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=KeyVault,
    where=encrypts,
    guidance=Post.FOUNDRY_CMK,
    mapped=(initiatives.VAULT_LOGS,),
    controls=(
        *CONTROLS,
        "MCSB:LT-3",
        "NIST-800-53:AU-2",
        "NIST-800-53:AU-12",
        "ISO-27001-2022:A.8.15",
        "PCI-DSS-4.0.1:10.2.1",
    ),
)
def key_use_logged(vault: KeyVault, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the vault's diagnostic settings.

    Answers for vaults with a key that encrypts a hub, a workspace or an Azure OpenAI or
    AI Services account. The category AuditEvent counts, and so do the groups `audit`
    and `allLogs`, which contain it; a log whose `enabled` is not true is off, and a
    setting without destination delivers nothing (diagnostic settings
    2021-05-01-preview).

    ## Why it matters
    To see when the key is used, and by whom, is most of what a key of your own is for.
    The vault keeps no log by itself: without a diagnostic setting you have the work of
    a key and none of the knowledge.

    ## How to fix
    Turn on AuditEvent, or the group `audit`, in a diagnostic setting of the vault that
    has a destination.

    ```sh
    az monitor diagnostic-settings create --resource "$VAULT_ID" --name to-central \
      --workspace "$WORKSPACE_ID" \
      --logs '[{"categoryGroup": "audit", "enabled": true}]'
    ```

    ```bicep
    resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
      name: 'to-central'
      scope: vault
      properties: {
        workspaceId: workspace.id
        logs: [{ categoryGroup: 'audit', enabled: true }]
      }
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "vault" {
      name                       = "to-central"
      target_resource_id         = azurerm_key_vault.cmk.id
      log_analytics_workspace_id = azurerm_log_analytics_workspace.central.id
      enabled_log {
        category_group = "audit"
      }
    }
    ```

    Creating a setting under a name that is in use replaces that setting.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Azure Key Vault logging
    """
    logs = delivered(vault.diagnostic_settings)
    if any(is_any(log, "AuditEvent", "audit", "alllogs") for log in logs):
        return passed("a diagnostic setting sends AuditEvent")
    settings = found(vault.diagnostic_settings)
    return failed(f"{settings}, and none sends AuditEvent")


@check(
    id="aoai-cmk",
    title="Model accounts are encrypted with a customer's key where that is required",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.FOUNDRY_CMK,
    mapped=(initiatives.ACCOUNT_ENCRYPTION,),
    controls=CONTROLS,
    aliases=("fdp-cmk",),
)
def aoai_cmk(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.encryption.keySource` and `keyVaultProperties.keyVersion` there.

    Absent and null mean Microsoft's key (azure-mgmt-cognitiveservices), and an absent,
    null or empty version the newest. Unless `require_cmk` is set, Microsoft's key is in
    order.

    ## Why it matters
    The account keeps training files, fine-tuned models and what its stateful features
    store. Microsoft's key protects these as well as yours would; yours lets you see it
    used and take it away. A key that is named by its version stays the old one however
    often it is rotated, until somebody changes the account.

    ## How to fix
    Name the key without a version, so that its newest one is used; or set a key if one
    is required.

    ```sh
    az cognitiveservices account update --resource-group RG --name ACCOUNT \
      --encryption '{"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
        "keyVaultUri": "https://VAULT.vault.azure.net/", "keyName": "KEY"}}'
    ```

    ```bicep
    resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' = {
      properties: {
        encryption: {
          keySource: 'Microsoft.KeyVault'
          keyVaultProperties: { keyVaultUri: vault.properties.vaultUri, keyName: 'key' }
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account_customer_managed_key" "this" {
      cognitive_account_id = azurerm_cognitive_account.this.id
      key_vault_key_id     = azurerm_key_vault_key.this.versionless_id
    }
    ```

    Give the account's identity its role on the key first. Azure Policy has 67121cc7 for
    accounts.

    ## Settings
    `require_cmk` (false): whether a customer's key is required.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for Azure AI services
    - Azure Policy 67121cc7
    """
    if has_own_key(account):
        if version := account.cmk_key_version:
            return warned(f"a customer's key, pinned to version {shown(version)}")
        return passed("encrypted with the newest version of a customer's key")
    if tenant.settings.require_cmk:
        return failed("encrypted with Microsoft's key: require_cmk is set")
    return info("encrypted with Microsoft's key, in order: require_cmk is not set")


CHECKS: tuple[Check[Any], ...] = (
    key_permission,
    vault_model,
    vault_protection,
    key_rotation,
    key_use_logged,
    aoai_cmk,
)
