"""The managed groups of encrypted workspaces: who and what may change them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from checks.api_keys.guard import CHANGED
from checks.foundry_cmk.encryption_policies import Effect, Strikes, effects, strikes
from checks.foundry_stores.connections import MACHINE_LEARNING
from checks.shared.citing import cite
from checks.shared.encryption import KEEPING, is_managed_group
from checks.shared.grants import (
    access,
    actors,
    bounded,
    is_approved,
    named,
    principals,
    require_settled,
)
from checks.shared.wording import count, quote, shown, some
from scanner.access.answers import Grant
from scanner.access.scopes import scope_at, scope_of
from scanner.model.activity import ActivityEvent
from scanner.model.authorization import DenyAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import served_by_group
from scanner.model.policy import Lock, PolicyAssignment
from scanner.model.resource import Resource
from scanner.model.resources import ResourceGroup
from scanner.model.tenant import Tenant

_ACCESS = (*KEEPING, "MCSB:PA-7", "NIST-800-53:AC-6", "ISO-27001-2022:A.8.3")

CHANGING = frozenset({"modify", "deployifnotexists", "append"})
"""Effects that change a resource."""
OBJECTING = frozenset({"deny", "audit", "auditifnotexists"})
"""Effects that refuse changes of a resource, or report it."""


def _touching(tenant: Tenant) -> Strikes:
    return tenant.once(strikes)


@check(
    id="foundry-cmk-policy-exempt",
    title="Policies leave what Azure keeps for encrypted workspaces alone",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=PolicyAssignment,
    among=_touching,
    guidance=Post.FOUNDRY_CMK,
    controls=KEEPING,
)
def policy_exempt(assignment: PolicyAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.policyDefinitionId`, `notScopes` and the policy exemptions.

    Answers for assignments above a managed resource of an encrypted workspace, if a
    rule of theirs names `disableLocalAuth` of Cosmos DB or Search,
    `allowSharedKeyAccess` of storage, or `publicNetworkAccess` of Search or storage.
    A rule counts unless it is plainly not for the resource as it must stay, with keys
    and public: another region or tag, or the opposite. One that modifies other things
    alone does not count. The effect is followed through parameters and overrides; an
    absent or null `enforcementMode` means Default, and absent or null `notScopes` leave
    nothing out (azure-docs, "Azure Policy assignment structure"). An exemption that has
    run out is none. Automation outside Azure Policy is not seen.

    ## Why it matters
    Most encrypted workspaces that broke did so overnight: an initiative that takes keys
    and public addresses from every resource found these three too. A policy that
    modifies breaks the workspace at its next evaluation; one that denies refuses the
    next change that Azure itself has to make.

    ## How to fix
    Exempt the managed resource group from the assignment, without an end or with one
    that somebody watches, or add the group to its `notScopes`.

    ```sh
    az policy exemption create --name managed-by-azure --exemption-category Waiver \
      --policy-assignment "$ASSIGNMENT_ID" \
      --scope "/subscriptions/$SUBSCRIPTION/resourceGroups/$MANAGED_GROUP"
    ```

    ```bicep
    resource exemption 'Microsoft.Authorization/policyExemptions@2022-07-01-preview' = {
      name: 'managed-by-azure'
      properties: {
        policyAssignmentId: assignmentId
        exemptionCategory: 'Waiver'
      }
    }
    ```

    ```terraform
    resource "azurerm_resource_group_policy_exemption" "managed" {
      name                 = "managed-by-azure"
      resource_group_id    = var.managed_group_id
      policy_assignment_id = azurerm_management_group_policy_assignment.this.id
      exemption_category   = "Waiver"
    }
    ```

    Look at what the policy has changed already: `foundry-cmk-cosmos-local-auth`,
    `foundry-cmk-search-local-auth`, `foundry-cmk-storage-shared-key` and
    `foundry-cmk-search-public-open` tell.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Azure Policy exemption structure
    """
    touching = tenant.once(strikes)
    struck = touching.known.get(assignment.key, ())
    told = [effects(assignment, each) for each in struck]
    holding = [each for found, _ in told for each in found if each.policy.holds]
    if breaking := [each for each in holding if _breaks(each)]:
        return failed(_does(breaking))
    unread = [
        each
        for each in (
            touching.unread.get(assignment.key),
            *(problem for _, problem in told),
            *(each.policy.unread for each in holding),
        )
        if each
    ]
    _require_told(unread, any(each.content.found for each in struck))
    if objecting := [each for each in holding if each.policy.effect in OBJECTING]:
        return warned(_bounded(_does(objecting), unread))
    if unclear := [each for each in holding if not each.policy.effect]:
        raise NotRead(f"its effect on {shown(unclear[0].resource.name)} is not known")
    left = count(len(struck), "managed resource", "managed resources")
    return passed(_bounded(f"leaves {left} below it alone", unread))


def _require_told(unread: Sequence[NotRead], found: bool) -> None:
    """Raise NotRead where a gap, or not knowing any policy, leaves all open."""
    for problem in unread:
        if problem.gap or not found:
            raise problem


def _breaks(effect: Effect) -> bool:
    """Whether a policy changes a managed resource, or its exemption has run out."""
    done = effect.policy.effect
    return done in CHANGING or (effect.lapsed and done in OBJECTING)


def _does(found: list[Effect]) -> str:
    """Return what policies do to managed resources, as a sentence says it."""
    done = dict.fromkeys(
        f"{each.policy.effect} on {shown(each.resource.name)}" for each in found
    )
    lapsed = ", for which an exemption has run out" if found[0].lapsed else ""
    return f"has {some(done)}{lapsed}"


def _bounded(reason: str, unread: Iterable[NotRead]) -> str:
    """Return a reason that says how far it can be relied on."""
    limit = next((each.reason for each in unread), None)
    return f"{reason} (lower bound: {limit})" if limit else reason


@check(
    id="foundry-cmk-rg-modified",
    title="Nobody but Azure changes what it keeps for encrypted workspaces",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=ResourceGroup,
    where=is_managed_group,
    guidance=Post.FOUNDRY_CMK,
    controls=(*KEEPING, "NIST-800-53:AU-6", "ISO-27001-2022:A.8.16"),
)
def rg_modified(group: ResourceGroup, tenant: Tenant) -> Verdict:
    r"""
    Reads `operationName`, `claims.appid` and `status` of the group's Activity Log.

    Writes and deletions that succeeded or were accepted count, as far back as the log
    was read, at most 90 days. Left out are those of the application Azure Machine
    Learning, and what changes no resource: diagnostic settings, locks, exemptions,
    roles. An event that names no application counts as one of somebody else.

    ## Why it matters
    Diagnostic settings are the one thing to change in this group. Whatever else wrote
    here has either broken the workspace or is about to, and it will be back: most often
    it is the identity of a policy that remediates, or the nightly job of a team that
    hardens all there is.

    ## How to fix
    Find out what the caller changed, put it back, and leave the group out of what the
    caller does.

    ```sh
    az monitor activity-log list --resource-group "$MANAGED_GROUP" --offset 90d \
      --query "[?status.value=='Succeeded'].{when: eventTimestamp, who: caller, \
      what: operationName.value, where: resourceId}" --output table
    ```

    For a policy write an exemption first (`foundry-cmk-policy-exempt`), or its change
    comes back with the next evaluation.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Activity log in Azure Monitor
    """
    events = tenant.children(group, ActivityEvent)
    changes = [each for each in events.known() if _is_foreign_change(each)]
    if changes:
        number = len({each.correlation_id or each.id for each in changes})
        who = some(dict.fromkeys(map(_told, changes)))
        return warned(f"{count(number, 'change', 'changes')} by others: {who}")
    events.require_whole()
    if not any(True for _ in events.ids()):
        tenant.trace.note(group.id, ActivityEvent.type, [], ActivityEvent.api_version)
    return passed("the Activity Log has no change by anybody but Azure")


_HARMLESS = ("microsoft.insights/diagnosticsettings/", "microsoft.authorization/")


def _is_foreign_change(event: ActivityEvent) -> bool:
    """Whether an event is a change of a resource that Azure did not make."""
    operation = (event.operation or "").lower()
    return (
        operation.endswith(("/write", "/delete"))
        and not operation.startswith(_HARMLESS)
        and (event.status or "").lower() in CHANGED
        and (event.application_id or "").lower() != MACHINE_LEARNING
    )


def _told(event: ActivityEvent) -> str:
    """Return who changed what, as a sentence says it."""
    about = ResourceId.parse(event.resource_id or "").name
    return (
        f"{shown(event.caller or event.application_id or 'somebody')} on {quote(about)}"
    )


@check(
    id="foundry-cmk-rg-writers",
    title="Few can change what Azure keeps for encrypted workspaces",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.LOW,
    on=ResourceGroup,
    where=is_managed_group,
    guidance=Post.FOUNDRY_CMK,
    controls=_ACCESS,
)
def rg_writers(group: ResourceGroup, tenant: Tenant) -> Verdict:
    """
    Reads `properties.roleDefinitionId` of the role assignments over the managed group.

    Counts who may write storage accounts, Search services or Cosmos DB accounts there,
    by roles in force at the group or above it, deny assignments taken into account.
    The workspace's own identities are left out, and so are approved principals. Members
    of groups count as far as they are known. A lock whose `properties.level` is
    ReadOnly, at the group or above it, is told and changes no verdict: it holds them
    off until it is taken away, as `foundry-cmk-rg-lock` asks.

    ## Why it matters
    Nothing keeps a Contributor of the subscription from tidying up in this group, and a
    click on "disable" is enough to stop everybody who works in the workspace. The fewer
    can, the fewer have to know that they must not.

    ## How to fix
    Replace roles on the subscription by roles on the groups that people work in, so
    that the managed group is in nobody's reach.

    ```sh
    az role assignment list --scope "$MANAGED_GROUP_ID" --include-inherited \
      --include-groups --output table
    ```

    Moving a role down takes away rights elsewhere too: see what else its holder does
    with it.

    ## Settings
    `managed_group_writer_warning` (3): principals above which they are many.
    `approved_principals` and `break_glass_principals` (none): whom not to count.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Best practices for Azure RBAC
    """
    answers = [access(tenant).who_can(each, group.id) for each in _WRITES]
    own = _own_identities(group)
    grants = [
        each
        for answer in answers
        for each in actors(tenant, answer.active)
        if not is_approved(tenant, each.principal_id, each.via_group)
        and each.principal_id.lower() not in own
    ]
    missing = tuple(dict.fromkeys(one for answer in answers for one in answer.missing))
    refused = (each for answer in answers for each in answer.refused)
    cite(tenant, _each_once(grants), group, refused)
    writers, limit = (
        len(principals(grants)),
        tenant.settings.managed_group_writer_warning,
    )
    number = count(writers, "principal", "principals")
    held_off = _once_unlocked(group, tenant) if writers else ""
    reason = f"{number} can change what is in it{held_off}"
    if writers > limit:
        return warned(bounded(f"{reason}: {named(grants)}", missing))
    require_settled(missing)
    return passed(bounded(reason, missing))


def _once_unlocked(group: ResourceGroup, tenant: Tenant) -> str:
    """Return what keeps everybody from changing a group for now, as far as is known."""
    locks = tenant.within(Lock, f"/subscriptions/{group.parts.subscription}")
    for lock in locks.known():
        with suppress(NotRead):
            above = f"{group.key}/".startswith(f"{id_key(scope_of(lock.id))}/")
            if above and (lock.level or "").lower() == "readonly":
                return f", once lock {shown(lock.name)} (ReadOnly) is taken away"
    return "" if locks.whole else "; whether a lock holds them off was not read"


_WRITES = (
    "Microsoft.Storage/storageAccounts/write",
    "Microsoft.Search/searchServices/write",
    "Microsoft.DocumentDB/databaseAccounts/write",
)


def _each_once(grants: Iterable[Grant]) -> Iterator[Grant]:
    yield from {each.assignment_id: each for each in grants}.values()


def _own_identities(group: ResourceGroup) -> frozenset[str]:
    """Return the principals of the workspace that a group was made for."""
    owner = served_by_group(group)
    identities = owner.identities if owner else ()
    return frozenset(each.principal_id.lower() for each in identities)


@check(
    id="foundry-cmk-rg-lock",
    title="Locks on what Azure keeps for encrypted workspaces do no harm",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.LOW,
    on=ResourceGroup,
    where=is_managed_group,
    guidance=Post.FOUNDRY_CMK,
    controls=KEEPING,
)
def rg_lock(group: ResourceGroup, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.level` of the locks on the managed group.

    Of those on the group, on the subscription above it and on the resources in it. A
    group without a lock, and one that only forbids deleting, is a fact to be told.

    ## Why it matters
    A lock that forbids deleting is the one protection that these resources can have
    without harm; it does not keep anybody from changing their settings. A read-only
    lock also refuses the listing of keys, without which the workspace cannot sign in,
    and every change that Azure has to make.

    ## How to fix
    Replace a read-only lock by one that forbids deleting.

    ```sh
    az lock delete --name LOCK --resource-group "$MANAGED_GROUP"
    az lock create --name keep --lock-type CanNotDelete \
      --resource-group "$MANAGED_GROUP"
    ```

    ```bicep
    resource keep 'Microsoft.Authorization/locks@2020-05-01' = {
      name: 'keep'
      properties: { level: 'CanNotDelete' }
    }
    ```

    ```terraform
    resource "azurerm_management_lock" "keep" {
      name       = "keep"
      scope      = var.managed_group_id
      lock_level = "CanNotDelete"
    }
    ```

    A lock that forbids deleting has to go before the workspace can be deleted.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Lock your Azure resources to protect your infrastructure
    """
    kept = ""
    for lock in tenant.within(Lock, f"/subscriptions/{group.parts.subscription}"):
        if not _meets(scope_of(lock.id), group):
            continue
        level = lock.level or ""
        if level.lower() == "readonly":
            return failed(f"broken: lock {shown(lock.name)} is ReadOnly")
        if level.lower() == "cannotdelete":
            kept = kept or shown(lock.name)
    if kept:
        return info(f"lock {kept} keeps it from being deleted, not from being changed")
    tenant.trace.note(group.id, Lock.type, [], Lock.api_version)
    return info("no lock keeps it from being deleted")


def _meets(scope: str, group: Resource) -> bool:
    """Whether a scope is a group, lies in it or above it."""
    here, there = f"{group.key}/", f"{id_key(scope)}/"
    return here.startswith(there) or there.startswith(here)


@check(
    id="foundry-cmk-no-deny-assignment",
    title="Whether Azure protects what it keeps for encrypted workspaces is known",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.INFORMATIONAL,
    on=ResourceGroup,
    where=is_managed_group,
    guidance=Post.FOUNDRY_CMK,
    controls=_ACCESS,
)
def no_deny_assignment(group: ResourceGroup, tenant: Tenant) -> Verdict:
    """
    Reads `properties.denyAssignmentName` of the deny assignments at the managed group.

    For information only. Those at the group, at what is in it, and at a scope above it
    count, unless they are for that scope alone (`properties.doNotApplyToChildScopes`,
    absent and null mean false).

    ## Why it matters
    Azure puts a deny assignment on most groups that it manages, so that not even an
    Owner can break them. The documentation says that only Microsoft can change this
    group too; what was observed is a group that everybody with a role can change. Here
    is what holds in yours.

    ## How to fix
    Nothing needs fixing: deny assignments cannot be made by hand. Where there is none,
    the roles over the group are all that protects it (`foundry-cmk-rg-writers`).

    ```sh
    PROVIDER=Microsoft.Authorization
    az rest --method get \
      --url "$GROUP_ID/providers/$PROVIDER/denyAssignments?api-version=2022-04-01"
    ```

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Understand Azure deny assignments
    """
    found = list(_denials(group, tenant))
    if not found:
        return info("no deny assignment protects it: whoever has a role can change it")
    number = count(len(found), "deny assignment", "deny assignments")
    names = some(quote(each.deny_name or "unnamed") for each in found)
    return info(f"{number} at it or above: {names}")


def _denials(group: ResourceGroup, tenant: Tenant) -> Iterator[DenyAssignment]:
    """Yield the deny assignments that concern a group; raises NotRead in the end."""
    scope = f"/subscriptions/{group.parts.subscription}"
    for deny in tenant.within(DenyAssignment, scope):
        at = scope_at(deny)
        above = "/subscriptions/" not in f"{at.lower()}/" or _meets(at, group)
        inside = f"{id_key(at)}/".startswith(f"{group.key}/")
        if inside or (above and not deny.own_scope_only):
            yield deny


CHECKS: tuple[Check[Any], ...] = (
    policy_exempt,
    rg_modified,
    rg_writers,
    rg_lock,
    no_deny_assignment,
)
