"""Which assigned policies hold for a resource, and with which effect.

The rules are those of azure-docs, "Azure Policy assignment structure" and "exemption
structure".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.shared.assigned import Assigned, Content, cite_content, gravest
from checks.shared.grants import access
from scanner.access.scopes import scope_at, scope_of
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.policy import (
    PolicyAssignment,
    PolicyExemption,
    Selection,
    Selector,
)
from scanner.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that an assignment puts in force on a resource."""

    assigned: Assigned
    assignment: PolicyAssignment
    effect: str
    """For this resource, in lower case; empty where it cannot be worked out."""
    enforced: bool
    """False where the assignment only reports."""
    exemption: PolicyExemption | None
    unread: NotRead | None = None
    """Why the effect cannot be worked out, if that was not read."""

    @property
    def holds(self) -> bool:
        """Whether the effect takes place here."""
        return self.enforced and self.exemption is None


@dataclass(frozen=True, slots=True)
class InForce:
    """The policies of interest that are assigned to a resource, above or at it."""

    policies: tuple[Policy, ...]
    unread: NotRead | None
    """Why there may be more; without a gap where it lies above the subscriptions."""


def policies_on(resource: Resource, assigned: Mapping[str, Content]) -> InForce:
    """Return the policies of interest that are assigned to a resource."""
    tenant = resource.tenant
    listing = tenant.within(PolicyAssignment, _subscription_of(resource))
    found: list[Policy] = []
    unread: list[NotRead] = []
    for assignment_id in listing.ids():
        content = assigned.get(id_key(assignment_id))
        assignment = tenant.known(PolicyAssignment, assignment_id) if content else None
        if content is None or assignment is None:
            continue
        try:
            if _covers(assignment, resource):
                found += [_policy(each, assignment, resource) for each in content.found]
                unread += [content.unread] if content.unread else []
        except NotRead as problem:
            unread.append(problem.light())
    unread += [listing.missing] if listing.missing else []
    cite_content(tenant, (each.assigned for each in found))
    return InForce(tuple(found), gravest(unread))


def _subscription_of(resource: Resource) -> str:
    return f"/subscriptions/{resource.parts.subscription}"


def _covers(assignment: PolicyAssignment, resource: Resource) -> bool:
    """Whether an assignment of the subscription's list is about a resource.

    The list has what is inherited, so whatever lies above the subscription covers it.
    """
    scope = scope_at(assignment)
    excluded = assignment.not_scopes or ()
    selected = assignment.resource_selectors
    return (
        (not is_inside(scope) or _contains(scope, resource))
        and not any(_contains(each, resource) for each in excluded)
        and (not selected or any(_selects(each, resource, "") for each in selected))
    )


def is_inside(scope: str) -> bool:
    """Whether a scope is a subscription or lies in one."""
    return bool(ResourceId.parse(scope).subscription)


def _contains(scope: str, resource: Resource) -> bool:
    """Whether a resource lies in a scope; raises NotRead if a group above may not be.

    Which management groups lie above is read where it can be: it is no gap.
    """
    known = access(resource.tenant)
    if id_key(scope) in known.scopes(resource.id):
        return True
    if not is_inside(scope) and not known.knows_above(resource.id):
        raise NotRead(f"whether {scope} is above {resource.name} is not known")
    return False


def _policy(each: Assigned, assignment: PolicyAssignment, resource: Resource) -> Policy:
    assignment.cite(PolicyAssignment.definition_id)
    mode = (assignment.enforcement_mode or "Default").lower()
    effect = _overridden(each, assignment, resource)
    return Policy(
        assigned=each,
        assignment=assignment,
        effect=effect,
        unread=None if effect else each.unread,
        enforced=mode == "default",
        exemption=_exemption(each, assignment, resource),
    )


def _overridden(
    each: Assigned, assignment: PolicyAssignment, resource: Resource
) -> str:
    """Return the effect here: the last override that selects it changes it."""
    effect = each.effect
    for override in assignment.overrides:
        is_effect = (override.kind or "").lower() == "policyeffect"
        if is_effect and _selects(override, resource, each.reference_id):
            effect = (override.value or "").lower()
    return effect


def _selects(selection: Selection, resource: Resource, reference_id: str) -> bool:
    """Whether every selector means a resource; those about requests never do."""
    return all(_means(each, resource, reference_id) for each in selection.selectors)


def _means(selector: Selector, resource: Resource, reference_id: str) -> bool:
    location = _plain(resource.location or "")
    match (selector.kind or "").lower():
        case "resourcelocation":
            own = location
        case "resourcetype":
            own = _plain(resource.type)
        case "policydefinitionreferenceid":
            own = _plain(reference_id)
        case "resourcewithoutlocation":
            return not location
        case _:
            return False
    meant = None if selector.values is None else set(map(_plain, selector.values))
    return (meant is None or own in meant) and own not in map(
        _plain, selector.others or ()
    )


def _plain(text: str) -> str:
    return text.replace(" ", "").lower()


def _exemption(
    each: Assigned, assignment: PolicyAssignment, resource: Resource
) -> PolicyExemption | None:
    """Return the exemption that leaves a resource out; raises NotRead if one may.

    Those in the subscription's list, inherited ones too.
    """
    tenant = resource.tenant
    listing = tenant.within(PolicyExemption, _subscription_of(resource))
    exemptions = tenant.referring(PolicyExemption, "assignment_id", assignment.id)
    for exemption in exemptions.known():
        if (
            exemption.key in map(id_key, listing.ids())
            and _concerns(exemption, each)
            and _is_for(exemption, resource)
            and not has_expired(exemption)
        ):
            return exemption
    listing.require_whole()
    if exemptions.unclear:
        raise exemptions.unclear
    return None


def _concerns(exemption: PolicyExemption, each: Assigned) -> bool:
    members = set(map(_plain, exemption.reference_ids or ()))
    return not members or _plain(each.reference_id) in members


def _is_for(exemption: PolicyExemption, resource: Resource) -> bool:
    scope, selected = scope_of(exemption.id), exemption.resource_selectors
    return (not is_inside(scope) or _contains(scope, resource)) and (
        not selected or any(_selects(each, resource, "") for each in selected)
    )


def has_expired(exemption: PolicyExemption) -> bool:
    """Whether an exemption is over; one without an end never is."""
    end = exemption.expires_on
    return end is not None and end <= exemption.tenant.read_at
