"""Applications of other tenants that hold roles here."""

from __future__ import annotations

from typing import Any

from checks.authorization.assigned_principals import directory
from checks.cross_tenant.holders import (
    applications,
    groups_of,
    held,
    is_group,
    members_of,
    unread,
    within,
)
from checks.shared.citing import cite_definition
from checks.shared.grants import access
from checks.shared.taken import or_unclear, understood
from checks.shared.tenancy import unreviewed
from checks.shared.wording import count, printable, shown, some
from scanner.access.answers import scope_name, titled
from scanner.access.builtin import BuiltIn
from scanner.access.facts import last_segment
from scanner.access.scopes import scope_at
from scanner.model.authorization import RoleAssignment, RoleGrant
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
from scanner.model.coverage import NotRead, Unclear
from scanner.model.directory import (
    MICROSOFT,
    AppRole,
    Consent,
    DirectoryObject,
    GroupMember,
    Named,
    object_id,
)
from scanner.model.ids import id_key
from scanner.model.listing import Listing
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


def _is_application(named: Named) -> bool:
    return (named.kind or "").lower() == "serviceprincipal"


def _owner(application: Named) -> str:
    """Return the tenant an application is of, in lower case; empty for an identity."""
    return (application.owner_tenant or "").lower()


def _is_own(application: Named) -> bool:
    owner = _owner(application)
    return not owner or owner in MICROSOFT or owner == application.tenant.id.lower()


@check(
    id="xt-stub-sp-inventory",
    title="Applications of other tenants that hold roles are approved",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=(DirectoryObject, GroupMember),
    among=applications,
    where=_is_application,
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def stub_inventory(application: Named, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.appOwnerOrganizationId` of service principals that hold roles.

    They hold them themselves or through a group they are in, directly or not; one that
    does so through groups alone is told by one of its memberships. Null means a managed
    identity, which has no application in any tenant (Graph, servicePrincipal resource
    type); one that did not come with the property is not assessed. Microsoft's own
    applications pass. A group whose members were not read is not assessed; unless the
    directory is asked the whole check is not, said once and no gap.

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


def _is_stub(named: Named) -> bool:
    return _is_application(named) and not _is_own(named)


def _of_stubs(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments of applications that may not be our own.

    Theirs are those of groups they are in, or may be. Raises NotRead where no foreign
    one is known and the directory was not read whole.
    """
    every = [*held(tenant)]
    if not every:
        return frozenset()
    listing, groups = directory(tenant), groups_of(tenant, every)
    is_strange = {each.name.lower(): _may_be_stub(each) for each in listing.known()}
    for group in groups:
        is_strange[group] = any(map(_may_be_stub, within(tenant, group)))
    if True not in is_strange.values():
        listing.require_whole()
        for group in groups:
            members_of(tenant, group).require_whole()
    open_groups = {each for each in groups if unread(tenant, each)}
    return frozenset(
        id_key(each.id)
        for each in every
        if each.principal_id.lower() in open_groups
        or is_strange.get(each.principal_id.lower(), not listing.whole)
    )


def _may_be_stub(named: Named) -> bool:
    try:
        return _is_stub(named)
    except NotRead:
        return True


@check(
    id="xt-stub-sp-least",
    title="Applications of other tenants hold IPAM Pool User and no more",
    topic=Topic.CROSS_TENANT,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=or_unclear(_of_stubs),
    where=understood,
    guidance=Post.CROSS_TENANT,
    controls=(*_CONTROLS, "NIST-800-53:AC-6"),
)
def stub_least(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId`, and the directory's `appOwnerOrganizationId`.

    Answers for each assignment whose principal is an application of another tenant,
    Microsoft's left out, or a group with one in it, directly or not. Where the
    directory returned the application without the property, or no such application but
    not all members of the group, the assignment is not assessed; where the directory
    was not asked, the whole check is not, said once.

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

    Give the narrow role before taking the wide one away. Where a group holds the wide
    one, take the application out of the group: the others may need it.

    ## Settings
    `foreign_application_roles` has the ids of role definitions that applications of
    other tenants may hold beside IPAM Pool User.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Azure built-in roles for networking
    """
    holder = _holder(assignment, tenant)
    assignment.cite(RoleGrant.principal_id, RoleGrant.scope)
    role_id = assignment.role_definition_id or ""
    definition = access(tenant).facts.roles.get(last_segment(role_id))
    if definition:
        cite_definition(tenant, definition)
    role = (definition and definition.name) or role_id
    scope = scope_name(scope_at(assignment))
    said = printable(f"{holder} holds {role} at {scope}")
    extra = {last_segment(each) for each in tenant.settings.foreign_application_roles}
    if last_segment(role_id) in {BuiltIn.IPAM_POOL_USER, *extra}:
        return passed(said)
    return failed(f"{said}, more than IPAM Pool User")


def _holder(assignment: RoleAssignment, tenant: Tenant) -> str:
    """Return whom an assignment is of, with their tenant; raises NotRead.

    Of a group that is whom of other tenants it has in it.
    """
    principal = assignment.principal_id or ""
    if not is_group(tenant, principal, assignment.principal_type or ""):
        own = tenant.get(DirectoryObject, object_id(tenant.id, principal))
        return _titled(own, principal)
    stubs, unclear = list[str](), Unclear()
    for each in within(tenant, principal):
        with unclear:
            if _is_stub(each):
                stubs.append(_titled(each, each.name))
    if not stubs:
        unclear.settle()
        members_of(tenant, principal).require_whole()
    group = tenant.known(DirectoryObject, object_id(tenant.id, principal))
    name = titled((group and group.display_name) or "", principal)
    return f"group {name}, with {some(stubs)} in it,"


def _titled(application: Named | None, principal: str) -> str:
    title = titled((application and application.display_name) or "", principal)
    return f"{title} of tenant {_owner(application) if application else ''}"


@check(
    id="xt-no-admin-consent",
    title="Applications of other tenants that hold roles have no consent to APIs",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=(DirectoryObject, GroupMember),
    among=applications,
    where=_is_stub,
    guidance=Post.CROSS_TENANT,
    controls=(*_CONTROLS, "NIST-800-53:AC-6"),
)
def no_admin_consent(application: Named, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.resourceDisplayName` of the app roles that a stub was given.

    Also `properties.consentType` and `scope` of the delegated permissions granted to
    it. It answers for applications of other tenants that hold Azure roles here, or are
    in groups that do, Microsoft's left out; one that came without
    `appOwnerOrganizationId` is not assessed. An absent or null `consentType` counts as
    consent for one person. A group whose members were not read is not assessed; unless
    the directory is asked the whole check is not, said once and no gap.

    ## Why it matters
    An application that only deploys to Azure works by its roles there, and needs no
    consent to any API. With consent it also reads mail, files or the directory itself,
    and with that of an administrator it does so for everybody.

    ## How to fix
    Find out what the consent was given for, and take it back; roles in Azure stay.

    ```sh
    GRAPH=https://graph.microsoft.com/v1.0
    az rest --url "$GRAPH/servicePrincipals/$ID/appRoleAssignments"
    az rest --method delete \
      --url "$GRAPH/servicePrincipals/$ID/appRoleAssignments/$APP_ROLE"
    az rest --url "$GRAPH/servicePrincipals/$ID/oauth2PermissionGrants"
    az rest --method delete --url "$GRAPH/oauth2PermissionGrants/$GRANT"
    ```

    What the application does with those APIs stops at once.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Review permissions granted to enterprise applications
    """
    name = printable(application.display_name or application.name)
    granted, given = _permitted(application, tenant)
    consents = [*granted.known()]
    everybody = [each for each in consents if _is_for_all(each)]
    if everybody:
        return warned(f"{name} may act for everybody here: {_scopes(everybody)}")
    roles = [*given.known()]
    if roles:
        apis = some(dict.fromkeys(shown(each.api) for each in roles))
        return warned(
            f"{name} holds {count(len(roles), 'app role', 'app roles')}: {apis}"
        )
    if consents:
        return warned(f"{name} may act for some people: {_scopes(consents)}")
    granted.require_whole()
    given.require_whole()
    application.cite(Named.owner_tenant)
    return passed(f"{name} has no consent to any API")


def _permitted(
    application: Named, tenant: Tenant
) -> tuple[Listing[Consent], Listing[AppRole]]:
    if isinstance(application, DirectoryObject):
        return application.consents, application.app_roles
    own = object_id(tenant.id, application.name)
    return tenant.within(Consent, own), tenant.within(AppRole, own)


def _is_for_all(consent: Consent) -> bool:
    return (consent.kind or "").lower() == "allprincipals"


def _scopes(consents: list[Consent]) -> str:
    return some(dict.fromkeys(shown((each.scope or "").strip()) for each in consents))


CHECKS: tuple[Check[Any], ...] = (stub_inventory, stub_least, no_admin_consent)
