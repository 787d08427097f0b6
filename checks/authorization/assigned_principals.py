"""Whom roles are given to, as far as the directory tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from checks.shared.grants import access
from checks.shared.model_access import cite_role, held, reach
from checks.shared.unlisted import Unlisted
from checks.shared.wording import FIRST, count, quote
from scanner.access.answers import scope_name
from scanner.access.facts import may_be_group
from scanner.access.scopes import scope_at, scope_of
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.coverage import NotRead
from scanner.model.directory import DirectoryObject, GroupMember, Named, object_id
from scanner.model.ids import id_key
from scanner.model.listing import Listing
from scanner.model.machinelearning import Workspace
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:PA-1",
    "MCSB:PA-7",
    "NIST-800-53:AC-2",
    "NIST-800-53:AC-6",
    "ISO-27001-2022:A.5.18",
    "PCI-DSS-4.0.1:7.2.4",
)
_NOT_ASKED = "the directory was not asked (posture scan --directory)"
_FOREIGN = "foreigngroup"


def directory(tenant: Tenant) -> Listing[DirectoryObject]:
    """Return those of whom hold roles that the directory knows."""
    return tenant.within(DirectoryObject, f"/tenants/{tenant.id}")


def require_asked(tenant: Tenant, unknown: str) -> None:
    """Raise NotRead if the scan did not ask the directory: that is no gap."""
    problem = directory(tenant).missing
    if problem and problem.gap is None:
        raise NotRead(f"{unknown}: {_NOT_ASKED}")


def _principal(assignment: RoleAssignment) -> str:
    if not assignment.principal_id:
        raise assignment.unread("properties.principalId", "says nothing")
    return assignment.principal_id


def _held_by_groups(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments on models that groups hold, or may hold.

    Raises NotRead where there are any and the directory was not asked.
    """
    keys = frozenset(_may_be_groups(tenant))
    if keys:
        many = count(len(keys), "assignment", "assignments")
        require_asked(tenant, f"who has {many} to groups is not known")
    return keys


def _may_be_groups(tenant: Tenant) -> Iterator[str]:
    known, facts = reach(tenant), access(tenant).facts
    for key in known.keys:
        assignment = known.assignments.get(key)
        if assignment is None:
            yield key
            continue
        named = facts.principals.get(assignment.principal_id.lower())
        kind = assignment.principal_type or (named.type if named else "")
        if may_be_group(kind):
            yield key


@check(
    id="rbac-effective-unknown",
    title="It is known who is in groups that work with models",
    topic=Topic.AUTHORIZATION,
    severity=Severity.INFORMATIONAL,
    on=RoleAssignment,
    among=_held_by_groups,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def effective_unknown(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalId`, and the group's members in the directory.

    Answers, for information only, for each assignment that reaches an Azure OpenAI or
    AI Services account, allows more there than reading, and is a group's; one without a
    `principalType` may be. It is not assessed where the members were not read. Unless
    the directory is asked that is so of all of them, said once and no gap; groups of
    another tenant can never be expanded.

    ## Why it matters
    Azure keeps roles and the directory keeps groups, so neither shows who can call a
    model. While members are unknown, every statement about who holds a right is a lower
    bound: somebody may hold more by a group, or by a group within a group.

    ## How to fix
    Scan with `--directory`, signed in as someone who may read groups, such as a
    Directory Reader.

    ```sh
    posture permissions
    posture scan --directory
    ```

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: List group transitive members
    """
    principal = _principal(assignment)
    mine = held(assignment)
    cite_role(assignment, mine.role)
    if (assignment.principal_type or "").lower() == _FOREIGN:
        raise NotRead(f"{principal} is a group of another tenant")
    group = object_id(tenant.id, principal)
    named = tenant.known(DirectoryObject, group)
    if named is None:
        directory(tenant).require_whole()
        return info("the directory knows no such group, so nobody is in it")
    members = tenant.within(GroupMember, group)
    members.require_whole()
    first = [_title(each) for each in islice(members.known(), FIRST)]
    number = len(tuple(members.ids()))
    more = f" and {number - FIRST} more" if number > FIRST else ""
    inside = f": {', '.join(first)}{more}" if first else ""
    people = count(number, "member", "members")
    return info(f"{_title(named)} has {people}{inside}")


def _title(named: Named) -> str:
    """Return how the directory calls someone, or the id where it does not."""
    return quote(named.display_name or named.user_name or named.name)


class Estate:
    """The scopes of model accounts, workspaces and their default storage."""

    def __init__(self, tenant: Tenant) -> None:
        scopes = access(tenant).scopes
        self._scopes = frozenset(s for each in _estate(tenant) for s in scopes(each))
        self._unlisted = Unlisted(tenant, CognitiveAccount, Workspace)

    def has(self, scope: str) -> bool:
        """Whether something of it is at a scope or below; raises NotRead if unclear."""
        if id_key(scope) in self._scopes:
            return True
        unread = self._unlisted.at(scope)
        if unread:
            raise unread
        return False

    def may_have(self, scope: str) -> bool:
        """Whether something of it is at a scope or below, or may be."""
        return id_key(scope) in self._scopes or self._unlisted.at(scope) is not None


def _estate(tenant: Tenant) -> Iterator[str]:
    """Yield what the estate is made of; what does not say is taken for a part of it."""
    for account in tenant.all(CognitiveAccount).known():
        with suppress(NotRead):
            if not hosts_models(account):
                continue
        yield account.id
    for workspace in tenant.all(Workspace).known():
        yield workspace.id
        with suppress(NotRead):
            if workspace.storage_account_id:
                yield workspace.storage_account_id


def _in_estate(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments in force on what the AI estate is made of.

    Raises NotRead where there are any and the directory was not asked.
    """
    estate, known = tenant.once(Estate), reach(tenant).assignments
    keys = set()
    for assignment_id in tenant.all(RoleAssignment).ids():
        assignment = known.get(id_key(assignment_id))
        scope = assignment.scope if assignment else scope_of(assignment_id)
        if estate.may_have(scope):
            keys.add(id_key(assignment_id))
    if keys:
        many = count(len(keys), "assignment", "assignments")
        require_asked(tenant, f"whether {many} are of someone is not known")
    return frozenset(keys)


def _is_covered(assignment: RoleAssignment) -> bool:
    """Whether a principal of this tenant has a role in the estate by an assignment."""
    if (assignment.principal_type or "").lower() == _FOREIGN:
        return False
    estate = assignment.tenant.once(Estate)
    return estate.has(scope_at(assignment))


@check(
    id="rbac-orphan-assignment",
    title="Roles are held by someone who still exists",
    topic=Topic.AUTHORIZATION,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=_in_estate,
    where=_is_covered,
    guidance=Post.AUTHORIZATION,
    controls=_CONTROLS,
)
def orphan_assignment(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalId`, and whom the directory knows by it.

    Answers for each assignment at or above an Azure OpenAI or AI Services account, a
    workspace or its default storage. Unless the directory is asked nothing is assessed,
    which is said once and is no gap. Groups of another tenant are left out.

    ## Why it matters
    Azure deletes no role with the person, the group or the application that held it.
    What is left shows in the portal as an unknown identity, counts against the limit of
    role assignments, hides in reviews, and says that nobody tidies up when people and
    projects go.

    ## How to fix
    Delete the assignment.

    ```sh
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    A principal that was deleted less than 30 days ago can be restored with its roles:
    ask before you delete what may be an accident.

    ## References
    - Authorization in Azure OpenAI Service
    - Microsoft Learn: Troubleshoot Azure RBAC, role assignments with identity not found
    """
    principal = _principal(assignment)
    named = tenant.known(DirectoryObject, object_id(tenant.id, principal))
    if named is not None:
        return passed(f"the directory knows {_title(named)}")
    directory(tenant).require_whole()
    assignment.cite(RoleAssignment.principal_type, RoleAssignment.role_definition_id)
    scope = scope_at(assignment)
    kind = (assignment.principal_type or "principal").lower()
    return warned(
        f"the directory knows no {kind} {principal}, who has a role at "
        f"{scope_name(scope)}"
    )


CHECKS: tuple[Check[Any], ...] = (effective_unknown, orphan_assignment)
