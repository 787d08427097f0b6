"""Applications of other tenants that hold roles here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.authorization.assigned_principals import directory, require_asked
from checks.shared.grants import access
from checks.shared.tenancy import unreviewed
from checks.shared.wording import count, printable
from scanner.access.answers import scope_name, titled
from scanner.access.builtin import BuiltIn
from scanner.access.facts import Assignment, last_segment
from scanner.access.scopes import scope_of
from scanner.model.authorization import RoleAssignment, RoleDefinition, RoleGrant
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.directory import DirectoryObject, object_id
from scanner.model.ids import id_key
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
_MICROSOFT = frozenset(
    {"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}
)
"""The tenants of Microsoft's own applications, which every directory knows."""


def _held(tenant: Tenant) -> Iterator[Assignment]:
    """Yield the role assignments in force that an application may hold.

    Raises NotRead in the end if there are any and the directory was not asked.
    """
    found = 0
    for each in access(tenant).facts.assignments:
        kind = each.principal_type.lower()
        lasting = not each.eligible and not each.managing_tenant
        if lasting and kind in {"serviceprincipal", ""}:
            found += 1
            yield each
    if found:
        many = count(found, "assignment", "assignments")
        require_asked(
            tenant, f"which tenants the holders of {many} are of is not known"
        )


def _applications(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the directory's applications that hold roles, or may.

    Raises NotRead where the directory has nobody because roles were not read.
    """
    given = tenant.all(RoleAssignment)
    if not given.whole:
        named = frozenset(map(id_key, directory(tenant).ids()))
        if not named:
            given.require_whole()
        return named
    return frozenset(
        id_key(object_id(tenant.id, each.principal_id)) for each in _held(tenant)
    )


def _is_application(named: DirectoryObject) -> bool:
    return (named.kind or "").lower() == "serviceprincipal"


def _owner(application: DirectoryObject) -> str:
    """Return the tenant an application is of, in lower case; empty for an identity."""
    return (application.owner_tenant or "").lower()


def _is_own(application: DirectoryObject) -> bool:
    owner = _owner(application)
    return not owner or owner in _MICROSOFT or owner == application.tenant.id.lower()


@check(
    id="xt-stub-sp-inventory",
    title="Applications of other tenants that hold roles are approved",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=DirectoryObject,
    among=_applications,
    where=_is_application,
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def stub_inventory(application: DirectoryObject, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.appOwnerOrganizationId` of service principals that hold roles.

    Null means a managed identity, which has no application in any tenant (Graph,
    servicePrincipal resource type); one that did not come with the property is not
    assessed. Microsoft's own applications pass. Unless the directory is asked the whole
    check is not assessed, said once and no gap.

    ## Why it matters
    An application has its credentials in its home tenant, and only a stub here. Whoever
    controls that tenant, or gets hold of a secret there, acts with the stub's roles,
    and none of our rules on secrets and sign-in applies to how.

    ## How to fix
    Find out who is behind the application, remove its roles if nobody knows, and list
    its tenant in `approved_tenants` otherwise.

    ```sh
    az ad sp show --id "$PRINCIPAL" --query '[displayName, appOwnerOrganizationId]'
    az role assignment list --all --assignee "$PRINCIPAL"
    ```

    A partner's deployment stops when its application loses the role.

    ## Settings
    `approved_tenants` has the ids of tenants whose applications may hold roles.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Application and service principal objects
    """
    name = printable(application.display_name or application.name)
    if _is_own(application):
        return passed(f"{name} is of this tenant, or Microsoft's")
    finding = unreviewed(tenant, f"{name} is of tenant", [application.owner_tenant])
    if finding is not None:
        return warned(finding.reason)
    return passed(f"{name} is of an approved tenant")


def _of_stubs(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments of applications that may not be our own.

    Raises NotRead where no foreign one is known and the directory was not read whole.
    """
    held = [*_held(tenant)]
    if not held:
        return frozenset()
    listing = directory(tenant)
    is_strange = {each.name.lower(): _may_be_stub(each) for each in listing.known()}
    if True not in is_strange.values():
        listing.require_whole()
    return frozenset(
        id_key(each.id)
        for each in held
        if is_strange.get(each.principal_id.lower(), not listing.whole)
    )


def _may_be_stub(named: DirectoryObject) -> bool:
    try:
        return _is_application(named) and not _is_own(named)
    except NotRead:
        return True


@check(
    id="xt-stub-sp-least",
    title="Applications of other tenants hold IPAM Pool User and no more",
    topic=Topic.CROSS_TENANT,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=_of_stubs,
    guidance=Post.CROSS_TENANT,
    controls=(*_CONTROLS, "NIST-800-53:AC-6"),
)
def stub_least(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and the directory's `appOwnerOrganizationId`.

    Answers for each assignment whose principal is an application of another tenant,
    Microsoft's left out. Where the directory returned the principal without the
    property, the assignment is not assessed; where the directory was not asked, the
    whole check is not, said once.

    ## Why it matters
    To give a network addresses from a pool of another tenant, an application needs one
    role on that pool. Anything more is within reach of people whom nobody here can see,
    question or lock out.

    ## How to fix
    Replace the role by IPAM Pool User on the pool that is drawn from, or list it in
    `foreign_application_roles` if the application is there for something else.

    ```sh
    az role assignment create --assignee-object-id "$PRINCIPAL" \
      --assignee-principal-type ServicePrincipal --role "IPAM Pool User" \
      --scope "$POOL_ID"
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    ```terraform
    resource "azurerm_role_assignment" "pool" {
      scope                = azurerm_network_manager_ipam_pool.weu.id
      role_definition_name = "IPAM Pool User"
      principal_id         = var.principal_id
    }
    ```

    Give the narrow role before taking the wide one away.

    ## Settings
    `foreign_application_roles` has the ids of role definitions that applications of
    other tenants may hold beside IPAM Pool User.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Azure built-in roles for networking
    """
    principal = assignment.principal_id or ""
    application = tenant.get(DirectoryObject, object_id(tenant.id, principal))
    owner = _owner(application) if application else ""
    title = titled((application and application.display_name) or "", principal)
    assignment.cite(RoleGrant.principal_id, RoleGrant.scope)
    role_id = assignment.role_definition_id or ""
    named = tenant.known(RoleDefinition, role_id)
    role = (named.role_name if named else None) or role_id
    scope = scope_name(assignment.scope or scope_of(assignment.id))
    held = printable(f"{title} of tenant {owner} holds {role} at {scope}")
    extra = {last_segment(each) for each in tenant.settings.foreign_application_roles}
    if last_segment(role_id) in {BuiltIn.IPAM_POOL_USER, *extra}:
        return passed(held)
    return failed(f"{held}, more than IPAM Pool User")


CHECKS: tuple[Check[Any], ...] = (stub_inventory, stub_least)
