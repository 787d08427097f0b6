"""Whom other tenants give access here: delegations, and principals of elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.authorization.assigned_principals import directory, require_asked
from checks.shared.grants import access
from checks.shared.taken import or_unclear, understood
from checks.shared.tenancy import unreviewed
from checks.shared.wording import printable, shown
from scanner.access.answers import scope_name, titled
from scanner.access.builtin import BuiltIn
from scanner.access.facts import Assignment, last_segment
from scanner.access.scopes import scope_at
from scanner.model.authorization import Registration, RoleAssignment, RoleGrant
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    passed,
    warned,
)
from scanner.model.coverage import Unclear
from scanner.model.directory import DirectoryObject, object_id
from scanner.model.ids import ResourceId, id_key
from scanner.model.networkmanager import IpamPool, NetworkManager
from scanner.model.resources import Subscription
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:IM-1",
    "MCSB:PA-7",
    "NIST-800-53:AC-2",
    "NIST-800-53:IA-8",
    "ISO-27001-2022:A.5.19",
    "ISO-27001-2022:A.5.23",
    "PCI-DSS-4.0.1:8.2.7",
)


@check(
    id="xt-subscription-tenant",
    title="Subscriptions are managed by approved tenants only",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=Subscription,
    guidance=Post.CROSS_TENANT,
    controls=(*_CONTROLS, "PCI-DSS-4.0.1:12.8", "MCSB:PA-8", "NIST-800-53:AC-17"),
)
def subscription_tenant(subscription: Subscription, tenant: Tenant) -> Verdict:
    r"""
    Reads `managedByTenants[].tenantId`, and the Lighthouse delegations there.

    Of each `Microsoft.ManagedServices/registrationAssignments` of the subscription it
    reads the managing tenant in `properties.registrationDefinition`; one without is not
    assessed. An absent, null or empty `managedByTenants` names no tenant (Subscriptions
    REST reference, 2022-12-01).

    ## Why it matters
    A subscription trusts one tenant, and delegation adds others beside it. People of a
    managing tenant hold roles here that show in no list of role assignments, sign in by
    rules that nobody here sets, and are still there when their contract has ended.

    ## How to fix
    Remove delegations that nobody can explain, and list the tenants of the others in
    `approved_tenants`.

    ```sh
    az managedservices assignment list --subscription "$SUBSCRIPTION"
    az managedservices assignment delete --assignment "$ASSIGNMENT_ID"
    ```

    ```terraform
    # take this out
    resource "azurerm_lighthouse_assignment" "operator" {
      scope                    = data.azurerm_subscription.current.id
      lighthouse_definition_id = azurerm_lighthouse_definition.operator.id
    }
    ```

    Whoever works for you through a delegation is locked out when it is gone.

    ## Settings
    `approved_tenants` has the ids of tenants that may manage subscriptions. While it is
    empty, a managing tenant is a warning, not a failure.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: What is Azure Lighthouse?
    """
    subscription.cite(Subscription.tenant_id)
    delegations = tenant.within(Registration, subscription.id)
    managing = [*(subscription.managing_tenants or ())]
    unclear = Unclear()
    for delegation in delegations.known():
        with unclear:
            managing.append(_managing(delegation))
    finding = unreviewed(tenant, "managed by tenant", managing)
    if finding is not None:
        return finding
    unclear.settle()
    delegations.require_whole()
    if managing:
        return passed("managed by approved tenants only")
    return passed("managed by no other tenant")


def _managing(delegation: Registration) -> str:
    if not delegation.managing_tenant:
        path = Registration.managing_tenant.path
        raise delegation.unread(path, "says nothing")
    return delegation.managing_tenant


def _active(tenant: Tenant) -> Iterator[Assignment]:
    """Yield the role assignments that are in force and not Lighthouse's."""
    return (
        each
        for each in access(tenant).facts.assignments
        if not each.eligible and not each.managing_tenant
    )


def _on_pools(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments of IPAM Pool User."""
    return frozenset(
        id_key(each.id)
        for each in _active(tenant)
        if last_segment(each.role_definition_id) == BuiltIn.IPAM_POOL_USER
    )


_POOL_SCOPES = {NetworkManager.type.lower(), IpamPool.type.lower()}


@check(
    id="xt-ipam-role-scope",
    title="IPAM Pool User is given on single pools",
    topic=Topic.CROSS_TENANT,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=or_unclear(_on_pools),
    where=understood,
    guidance=Post.CROSS_TENANT,
    controls=("MCSB:PA-7", "NIST-800-53:AC-6", "ISO-27001-2022:A.5.15"),
)
def ipam_role_scope(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` and `properties.scope`.

    Answers for the assignments of the built-in role IPAM Pool User. One at a pool or at
    a network manager passes; one at a resource group, subscription or management group
    holds for every pool below. An absent or null `properties.scope` is the scope that
    the assignment's id lies in.

    ## Why it matters
    The role lets its holder read pools and take addresses out of them. Who deploys
    networks from another tenant needs one pool for that; with a whole subscription they
    see the address plan of everybody, and can use it up.

    ## How to fix
    Give the role on the pool that is drawn from, and then remove the wide assignment.

    ```sh
    az role assignment create --assignee-object-id "$PRINCIPAL" \
      --assignee-principal-type ServicePrincipal --role "IPAM Pool User" \
      --scope "$POOL_ID"
    ```

    ```bicep
    resource user 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: pool
      name: guid(pool.id, principalId)
      properties: {
        principalId: principalId
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '7b3e853f-ad5d-4fb5-a7b8-56a3581c7037'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "pool" {
      scope                = azurerm_network_manager_ipam_pool.weu.id
      role_definition_name = "IPAM Pool User"
      principal_id         = var.principal_id
    }
    ```

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: IP address management in Azure Virtual Network Manager
    """
    assignment.cite(RoleGrant.role_definition_id, RoleGrant.principal_id)
    scope = scope_at(assignment)
    named = printable(scope_name(scope))
    if ResourceId.parse(scope).type.lower() in _POOL_SCOPES:
        return passed(f"given at {named}")
    return warned(f"given at {named}, for every pool below")


_FOREIGN_GROUP = "foreigngroup"


def _perhaps_foreign(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments that other tenants' principals may hold."""
    return frozenset(
        id_key(each.id)
        for each in _active(tenant)
        if each.delegated_identity or each.principal_type.lower() == _FOREIGN_GROUP
    )


@check(
    id="xt-foreign-principal",
    title="Roles are held by principals of the tenant itself",
    topic=Topic.CROSS_TENANT,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=or_unclear(_perhaps_foreign),
    where=understood,
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def foreign_principal(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalType` and `delegatedManagedIdentityResourceId`.

    Answers for assignments of a ForeignGroup, and for those with a delegated managed
    identity, which a managing tenant makes through Lighthouse; absent or null means an
    assignment like any other, and most are. Whether the principal of a delegated
    identity is one of this tenant, the directory says: where it was not asked the
    assignment is not assessed.

    ## Why it matters
    A foreign group holds what it holds through a partner of the cloud programme, and
    who is in it can be seen and changed by that partner only. An identity that this
    directory does not know cannot be blocked here, nor does any access review find it.

    ## How to fix
    Ask the partner what the assignment is for, replace it with one to a group or an
    identity of your own tenant, and remove it.

    ```sh
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    A partner who manages the subscription for you may lose access to what they run.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Deploy a policy that can be remediated within a delegated
      subscription
    """
    assignment.cite(RoleGrant.principal_id, RoleGrant.role_definition_id)
    assignment.cite(RoleGrant.scope)
    if (assignment.principal_type or "").lower() == _FOREIGN_GROUP:
        return warned("held by a group of another tenant, whose members are not seen")
    identity = ResourceId.parse(assignment.delegated_identity_id or "").name
    principal = assignment.principal_id or ""
    known = tenant.known(DirectoryObject, object_id(tenant.id, principal))
    if known is not None:
        name = printable(titled(known.display_name or "", principal))
        return passed(f"held by {name} of this tenant, for identity {shown(identity)}")
    require_asked(tenant, f"whether {principal} is of this tenant is not known")
    directory(tenant).require_whole()
    return warned(
        f"held for identity {shown(identity)} by somebody whom the directory lacks"
    )


CHECKS: tuple[Check[Any], ...] = (
    ipam_role_scope,
    subscription_tenant,
    foreign_principal,
)
