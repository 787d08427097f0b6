"""Network security perimeters: who is inside, and what is logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from checks.foundry_cmk.encryption_keys import users_of
from checks.logging.diagnostics import delivered, found
from checks.shared.encryption import require_owners
from checks.shared.perimeters import (
    GUARDED,
    NARROW_RULES,
    associations,
    guard_of,
    has_issues,
    in_enforced_mode,
    inbound_of,
    left_to_perimeter,
    perimeter_of,
    public_access,
    too_wide,
)
from checks.shared.scanned import require_all_scanned, so_far
from checks.shared.wording import quote, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.coverage import NotRead
from scanner.model.documentdb import CosmosAccount
from scanner.model.keyvault import KeyVault
from scanner.model.machinelearning import encrypted_by
from scanner.model.perimeter import Association, Perimeter
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

INBOUND_CONTROLS = (
    "MCSB:NS-1",
    "MCSB:NS-2",
    "NIST-800-53:AC-4",
    "NIST-800-53:SC-7",
    "NIST-800-53:SC-7(3)",
    "ISO-27001-2022:A.8.20",
    "ISO-27001-2022:A.8.22",
    "PCI-DSS-4.0.1:1.4.4",
)
_LOGGING_CONTROLS = (
    "MCSB:LT-4",
    "NIST-800-53:AU-12",
    "ISO-27001-2022:A.8.15",
    "PCI-DSS-4.0.1:10.2.1",
)


def _of_ai(resource: Resource) -> bool:
    """Whether a resource serves models, or is of a type that such accounts use."""
    return not isinstance(resource, CognitiveAccount) or hosts_models(resource)


@check(
    id="nsp-associated",
    title="Accounts and their stores are in a network security perimeter",
    topic=Topic.NSP,
    severity=Severity.LOW,
    on=GUARDED,
    where=_of_ai,
    guidance=Post.OUTBOUND_ACCESS,
    controls=INBOUND_CONTROLS,
)
def associated(resource: Resource, _: Tenant) -> Verdict:
    r"""
    Reads `properties.privateLinkResource.id` of the associations of perimeters.

    Answers for Azure OpenAI and AI Services accounts, storage accounts, Cosmos DB
    accounts, key vaults and Search services. One that no association names is in no
    perimeter, which is a fact and no fault: perimeters are one way among others. Those
    outside a narrowed scan are not seen, and the fact is a lower bound then.

    ## Why it matters
    A perimeter draws one line around an account and the stores it works with: inside,
    they may talk to each other, and everything that crosses the line, in or out, needs
    a rule and leaves a log row. It is the one control of the platform that covers both
    directions of such services.

    ## How to fix
    Associate the account and its stores with a profile of a perimeter in transition
    mode first, read its access logs, add the rules that are missing, and enforce it
    then.

    ```sh
    az network perimeter association create --resource-group "$GROUP" \
      --perimeter-name "$PERIMETER" --association-name "$NAME" --access-mode Learning \
      --private-link-resource "{id:$RESOURCE_ID}" --profile "{id:$PROFILE_ID}"
    ```

    ```bicep
    resource perimeter 'Microsoft.Network/networkSecurityPerimeters@2024-07-01' = {
      name: 'ai'
      location: location
      resource inside 'resourceAssociations' = {
        name: 'openai'
        properties: {
          accessMode: 'Learning'
          privateLinkResource: { id: account.id }
          profile: { id: profile.id }
        }
      }
    }
    ```

    ```terraform
    resource "azurerm_network_security_perimeter_association" "openai" {
      name                                  = "openai"
      access_mode                           = "Learning"
      network_security_perimeter_profile_id = local.profile_id
      resource_id                           = azurerm_cognitive_account.this.id
    }
    ```

    Enforcing at once cuts off every caller that no rule lets in. Leave out what Azure
    made for a workspace with customer-managed keys: the workspace would break.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: What is a network security perimeter?
    """
    for association in associations(resource):
        association.cite(Association.target_id, Association.access_mode)
        return passed(f"in perimeter {perimeter_of(association)}")
    owner = encrypted_by(resource)
    as_needed = f", as the encryption of {shown(owner.name)} needs" if owner else ""
    reason = f"in no network security perimeter{as_needed}"
    return info(so_far(resource.tenant, reason))


_INVERSE: dict[type[Resource], str] = {
    SearchService: "foundry-cmk-search-public-open",
    StorageAccount: "foundry-cmk-storage-trusted",
    CosmosAccount: "foundry-cmk-cosmos-public",
}


def _kept_open(resource: Resource | None) -> str:
    """Return why no perimeter is to be enforced on a resource; empty for no reason."""
    inverse = _INVERSE.get(type(resource)) if resource else None
    if resource is None or inverse is None:
        return ""
    owner = encrypted_by(resource)
    if owner is not None:
        return (
            f"Enforce no perimeter on {shown(resource.name)}: Azure made it for the "
            f"customer-managed keys of {shown(owner.name)}, which does not come in by "
            f"rules and would break (see {inverse}). Leave it in none."
        )
    with suppress(NotRead):
        require_owners(resource)
        return ""
    return (
        "First see that Azure did not make the resource for a workspace with "
        "customer-managed keys, not all of which were read: such a workspace breaks "
        f"(see {inverse}). Otherwise add the rules that are missing, then enforce."
    )


@check(
    id="nsp-mode",
    title="Associations with network security perimeters are enforced",
    topic=Topic.NSP,
    severity=Severity.MEDIUM,
    on=Association,
    guidance=Post.OUTBOUND_ACCESS,
    controls=INBOUND_CONTROLS,
)
def mode(association: Association, _: Tenant) -> Verdict:
    r"""
    Reads `properties.accessMode`.

    Azure returns it for every association (recorded responses, 2024-10-01): one without
    it is not assessed. `Learning` is what the portal calls transition mode.

    ## Why it matters
    In transition mode the perimeter stops nobody: what no rule lets in is still decided
    by the resource's own firewall. An association that was never enforced looks like
    protection on a diagram and is only a log.

    ## How to fix
    Read the access logs of the perimeter (`nsp-diag`), add a rule for each connection
    that has to stay, inbound and outbound, and set the association to Enforced.

    ```sh
    az network perimeter association update --resource-group "$GROUP" \
      --perimeter-name "$PERIMETER" --association-name "$NAME" --access-mode Enforced
    ```

    ```bicep
    properties: {
      accessMode: 'Enforced'
    }
    ```

    ```terraform
    resource "azurerm_network_security_perimeter_association" "openai" {
      # ...
      access_mode = "Enforced"
    }
    ```

    From then on the resource's own firewall rules, its exception for trusted services
    included, no longer let anybody in or keep anybody out: an inbound rule that is too
    wide opens the resource to the Internet (`nsp-inbound-rules`). No rule names a
    subnet: who comes by a service endpoint needs a private endpoint instead. What Azure
    made for a workspace with customer-managed keys belongs in no perimeter: the
    workspace would break.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Transition to a network security perimeter
    """
    association.cite(Association.target_id)
    if in_enforced_mode(association):
        return passed("accessMode is Enforced")
    access = shown(association.access_mode)
    reason = f"accessMode is {access}: the perimeter stops nobody"
    return warned(reason, _before_enforcing(association))


def _before_enforcing(association: Association) -> str:
    """Return what to mind before an association is enforced; empty for the usual."""
    tenant, target = association.tenant, association.target_id or ""
    found = (tenant.known(view, target) for view in _INVERSE)
    kept_open = _kept_open(next(filter(None, found), None))
    first = [] if kept_open else [*_to_mend(association)]
    return kept_open or " ".join([*first, _ENFORCE] if first else [])


_ENFORCE = (
    "Then read the access logs of the perimeter, add a rule for each connection that "
    "has to stay, and set the association to Enforced."
)


def _to_mend(association: Association) -> Iterator[str]:
    """Yield what would be open or broken if an association were enforced as it is."""
    with suppress(NotRead):
        if has_issues(association):
            yield (
                "Cure the provisioning issues first (see nsp-provisioning-issues): the "
                "resource may not have the rules."
            )
    with suppress(NotRead):
        if wide := some(map(shown, inbound_of(association, too_wide))):
            yield (
                f"Narrow the inbound rules first (see nsp-inbound-rules): they let in "
                f"{wide}, and the resource's own firewall keeps out nobody any more."
            )
    vault = association.tenant.known(KeyVault, association.target_id or "")
    with suppress(NotRead):
        if vault and (user := next(users_of(vault), None)):
            yield (
                f"A key in {shown(vault.name)} encrypts {shown(user.name)}: before you "
                "enforce, bring what it encrypts into the perimeter too, or add the "
                "inbound rules that let it in. Trusted services are let in no longer "
                "(see foundry-cmk-vault-protection)."
            )


@check(
    id="nsp-diag",
    title="Network security perimeters log what crosses them",
    topic=Topic.NSP,
    severity=Severity.MEDIUM,
    on=Perimeter,
    guidance=Post.OUTBOUND_ACCESS,
    controls=_LOGGING_CONTROLS,
)
def diag(perimeter: Perimeter, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the perimeter's diagnostic settings.

    The categories whose names begin with `Nsp` count, and so does the group `allLogs`;
    a log that is absent, or whose `enabled` is not true, is off (diagnostic settings
    2021-05-01-preview).

    ## Why it matters
    The access logs are half of what a perimeter is for: they show who reached the
    resources inside, what these called, and by which rule. Without them nobody can tell
    which rules are needed, and no perimeter gets out of transition mode.

    ## How to fix
    Add a diagnostic setting with the group `allLogs` that sends to a workspace; the
    rows arrive in the table NSPAccessLogs.

    ```sh
    az monitor diagnostic-settings create --name to-central --resource PERIMETER_ID \
      --workspace WORKSPACE_ID --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    ```bicep
    resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
      name: 'to-central'
      scope: perimeter
      properties: {
        workspaceId: workspace.id
        logs: [{ categoryGroup: 'allLogs', enabled: true }]
      }
    }
    ```

    ```terraform
    resource "azurerm_monitor_diagnostic_setting" "perimeter" {
      name                       = "to-central"
      target_resource_id         = azurerm_network_security_perimeter.ai.id
      log_analytics_workspace_id = azurerm_log_analytics_workspace.central.id
      enabled_log { category_group = "allLogs" }
    }
    ```

    Allowed traffic inside a busy perimeter is most of the volume: leave its categories
    out where the cost matters.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Diagnostic logs for network security perimeter
    """
    for log in delivered(perimeter.diagnostic_settings):
        name = log.category or log.group or ""
        if name.lower().startswith("nsp") or (log.group or "").lower() == "alllogs":
            return passed(f"a diagnostic setting sends {quote(name)}")
    settings = found(perimeter.diagnostic_settings)
    return warned(f"{settings}, and no access log is sent anywhere")


@check(
    id="nsp-provisioning-issues",
    title="Associations with network security perimeters were provisioned",
    topic=Topic.NSP,
    severity=Severity.LOW,
    on=Association,
    guidance=Post.OUTBOUND_ACCESS,
    controls=INBOUND_CONTROLS,
)
def provisioning_issues(association: Association, _: Tenant) -> Verdict:
    r"""
    Reads `properties.hasProvisioningIssues`.

    Azure returns `yes` or `no` for every association (recorded responses, 2024-10-01):
    one without it is not assessed.

    ## Why it matters
    The perimeter and the resource each keep a copy of the rules. Where the resource did
    not take its copy, what the perimeter shows is not what is in force, and an enforced
    association may protect nothing.

    ## How to fix
    See what went wrong in the perimeter configuration of the resource, and reconcile
    it; where that does not help, remove the association and make it again.

    ```sh
    az rest --method get \
      --url "$RESOURCE_ID/networkSecurityPerimeterConfigurations?api-version=$VERSION"
    az rest --method post --url "$RESOURCE_ID/\
    networkSecurityPerimeterConfigurations/$NAME/reconcile?api-version=$VERSION"
    ```

    While the association is away, the resource's own firewall decides alone: see that
    it denies by default first, and lets in who has to. Note the profile and the mode:
    the new association needs both again.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: What is a network security perimeter?
    """
    association.cite(Association.target_id)
    if has_issues(association):
        return warned("hasProvisioningIssues is yes: its rules may not be in force")
    issues = shown(association.provisioning_issues)
    return passed(f"hasProvisioningIssues is {issues}")


@check(
    id="nsp-kind-support",
    title="It is known how far perimeters cover accounts",
    topic=Topic.NSP,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=INBOUND_CONTROLS,
)
def kind_support(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `kind` and the account's managed identities.

    For information only. Perimeters support AIServices; for OpenAI they are a preview,
    and the account needs a managed identity (Foundry page on perimeters, 2026). An
    absent or null `identity` means that there is none.

    ## Why it matters
    A perimeter covers the data plane of an account, not its management, and limits
    remain with customer-managed keys, fine-tuning and assistants. Who plans with one
    should know that before relying on it.

    ## How to fix
    Read the limits that hold for the kind of account before associating it, and give
    an OpenAI account a managed identity first.

    ```sh
    az cognitiveservices account identity assign --resource-group "$GROUP" \
      --name "$ACCOUNT"
    ```

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Add Microsoft Foundry to a network security perimeter
    """
    if (account.kind or "").lower() == "aiservices":
        return info("kind AIServices: perimeters cover its data plane")
    preview = "kind OpenAI: perimeters cover its data plane, as a preview"
    if any(True for _ in account.identities):
        return info(preview)
    return info(f"{preview}, once the account has a managed identity")


@check(
    id="nsp-overrides-pna",
    title="Where a perimeter decides, it keeps the Internet out",
    topic=Topic.NSP,
    severity=Severity.INFORMATIONAL,
    on=GUARDED,
    where=_of_ai,
    guidance=Post.OUTBOUND_ACCESS,
    controls=INBOUND_CONTROLS,
)
def overrides_pna(resource: Resource, _: Tenant) -> Verdict:
    r"""
    Reads `properties.accessMode` of associations, and `properties.publicNetworkAccess`.

    In enforced mode a resource obeys the perimeter's rules alone (Learn, "Transition to
    a network security perimeter"), so its own setting decides nothing, and the checks
    of that setting pass as long as none of the inbound rules is too wide; an
    association with provisioning issues does not count. Where an association does not
    say whether it is enforced, or whether it has issues, these checks and this one are
    not assessed. A resource outside of enforced perimeters does not apply, unless it
    says SecuredByPerimeter; absent or null `publicNetworkAccess` means Enabled.
    In a narrowed scan, where a perimeter may lie outside, it is not assessed instead.

    ## Why it matters
    The setting on the resource and the perimeter tell two stories, and only one is
    true. A resource that looks open may be shut by its perimeter, one that looks shut
    may be open to the ranges of a rule, and one that waits for a perimeter it is not in
    can be reached by nobody.

    ## How to fix
    Narrow the inbound rules of the perimeter, or bring a resource with
    SecuredByPerimeter into a perimeter in enforced mode.

    ```sh
    az network perimeter association update --resource-group "$GROUP" \
      --perimeter-name "$PERIMETER" --association-name "$NAME" --access-mode Enforced
    ```

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Transition to a network security perimeter
    """
    public = f"publicNetworkAccess is {shown(public_access(resource))}"
    guard = guard_of(resource)
    if guard is not None:
        reason = f"{guard}; {public}"
        return passed(reason) if guard.holds else warned(reason, NARROW_RULES)
    if left_to_perimeter(resource):
        reason = f"{public}, and no enforced perimeter is known"
        return warned(so_far(resource.tenant, reason), _kept_open(resource))
    require_all_scanned(resource.tenant, "a perimeter that decides")
    return not_applicable(f"no enforced perimeter decides, and {public}")


CHECKS: tuple[Check[Any], ...] = (
    associated,
    mode,
    diag,
    provisioning_issues,
    kind_support,
    overrides_pna,
)
