"""Assignments of the policies that put virtual networks into network groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from checks.avnm.network_groups import (
    EFFECT,
    assigned,
    cite_given,
    filling,
    group_named,
    in_mode,
    is_group_id,
    manager_of,
    require_filling,
)
from checks.avnm.policies import CONTROLS
from checks.shared.assigned import gravest
from checks.shared.grants import access
from checks.shared.scanned import failed_so_far, so_far
from checks.shared.wording import CITED, shown, some
from scanner.access.answers import scope_name
from scanner.access.engine import Access
from scanner.access.scopes import is_group, scope_at
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
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.networkmanager import NetworkGroup, NetworkManager
from scanner.model.policy import PolicyAssignment, PolicyDefinition, PolicyState
from scanner.model.tenant import Tenant


def filling_assignments(tenant: Tenant) -> frozenset[str]:
    """Return the assignments that fill groups, and those that may, by key.

    Where it is not known what one does, it may if there is any group to fill.
    """
    groups = tenant.all(NetworkGroup)
    open_too = any(True for _ in groups.ids()) or not groups.whole
    every = tenant.once(assigned).items()
    return frozenset(
        key for key, each in every if each.found or (each.unread and open_too)
    )


def _fills_group(assignment: PolicyAssignment) -> bool:
    """Whether an assignment fills a group; raises NotRead where that is not known."""
    content = assignment.tenant.once(assigned)[assignment.key]
    if not content.found and content.unread:
        raise content.unread
    return True


@check(
    id="avnm-policy-assigned",
    title="Policies that fill network groups are assigned where their manager rules",
    topic=Topic.AVNM,
    severity=Severity.MEDIUM,
    on=PolicyDefinition,
    among=filling,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def policy_assigned(definition: PolicyDefinition, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.scope` and `properties.enforcementMode` of policy assignments.

    Assignments of the definition alone or in an initiative count, if the mode is
    Default, which absent and null mean too (Azure Policy documentation, assignment
    structure), and no parameter turns the effect addToNetworkGroup off. Their scope has
    to overlap `properties.networkManagerScopes` of the manager whose group is filled,
    outside of `properties.notScopes` (absent or null: nothing is left out); an absent
    scope is the one the assignment lies at. A definition whose
    `properties.mode` is not Microsoft.Network.Data fills no group wherever it is
    assigned (Azure Policy documentation, definition structure), which is a warning, as
    an assignment outside of the scope is. So is a missing one in a narrowed scan, which
    may have left out where it is.

    ## Why it matters
    A definition does nothing before it is assigned, and an assignment that only
    reports adds no network. Outside of the manager's scope it adds networks that the
    manager may not touch. Either way the group looks dynamic and stays empty.

    ## How to fix
    Assign the definition, enforced, at a scope that the network manager manages. Where
    it is assigned already, enforce that, and let no parameter turn the effect off.

    ```sh
    az policy assignment update --name join-spokes \
      --scope /providers/Microsoft.Management/managementGroups/MG \
      --enforcement-mode Default
    az policy assignment create --name join-spokes --policy DEFINITION_ID \
      --scope /providers/Microsoft.Management/managementGroups/MG \
      --enforcement-mode Default
    ```

    ```bicep
    targetScope = 'managementGroup'

    resource join 'Microsoft.Authorization/policyAssignments@2024-04-01' = {
      name: 'join-spokes'
      properties: {
        policyDefinitionId: definition.id
        enforcementMode: 'Default'
      }
    }
    ```

    ```terraform
    resource "azurerm_management_group_policy_assignment" "join" {
      name                 = "join-spokes"
      policy_definition_id = azurerm_policy_definition.join.id
      management_group_id  = data.azurerm_management_group.zones.id
      enforce              = true
    }
    ```

    Networks join as soon as it is evaluated, and configurations that are deployed to
    the group reach them at once: read the condition against your networks first. Where
    it asks for tags, whoever may write these decides from then on (`avnm-tag-tamper`).

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Configuring Azure Policy with network groups
    """
    require_filling(definition)
    found = _assignments(definition, tenant)
    enforced = {each: effects for each, effects in found.items() if _is_enforced(each)}
    filling = [each for each, effects in enforced.items() if EFFECT in effects]
    if filling:
        return _placed(definition, filling)
    _require_every_assignment(tenant)
    for each, effects in enforced.items():
        if "" in effects:
            raise NotRead(f"the effect that {each.name} gives it is not known")
    if enforced:
        others = some(shown(each) for each in sorted(set().union(*enforced.values())))
        reason = f"{_named([*enforced])} gives it the effect {others} instead"
        return failed_so_far(tenant, reason, _advice(definition))
    if found:
        reason = f"{_named([*found])} only reports: it is not enforced"
        return failed_so_far(tenant, reason, _advice(definition))
    version = PolicyAssignment.api_version
    tenant.trace.note(definition.id, PolicyAssignment.type, [], version)
    return failed_so_far(tenant, "no assignment puts it in force", _advice(definition))


@dataclass(frozen=True, slots=True)
class _Idle:
    """Why a definition fills no group wherever it is assigned."""

    said: str
    told_by: str
    """The check that says how to put it right."""

    @property
    def advice(self) -> str:
        return (
            f"Put the definition right first (see {self.told_by}): as it is, it fills "
            "no group wherever it is assigned. Then see that it is assigned, enforced, "
            "at a scope that the network manager manages. Delete it if nobody needs it."
        )


def _manager(definition: PolicyDefinition) -> NetworkManager | _Idle:
    """Return the manager of the group that a definition fills; raises NotRead."""
    if not in_mode(definition):
        mode = f" in the mode {shown(definition.mode)}"
        return _Idle(mode, "avnm-policy-mode")
    named, tenant = definition.network_group_id, definition.tenant
    if not named or not is_group_id(named):
        return _Idle(": none is named by its id", "avnm-networkgroup-literal")
    group = group_named(tenant, named)
    manager = tenant.get(NetworkManager, group.parts.parent) if group else None
    return manager or _Idle(": the one named is not there", "avnm-networkgroup-exists")


def _advice(definition: PolicyDefinition) -> str:
    """Return what comes before assigning a definition; empty for nothing known."""
    with suppress(NotRead):
        manager = _manager(definition)
        return manager.advice if isinstance(manager, _Idle) else ""
    return ""


def _is_enforced(assignment: PolicyAssignment) -> bool:
    return (assignment.enforcement_mode or "Default").lower() == "default"


def _named(assignments: list[PolicyAssignment]) -> str:
    return some(dict.fromkeys(shown(each.name) for each in assignments))


def _assignments(
    definition: PolicyDefinition, tenant: Tenant
) -> dict[PolicyAssignment, set[str]]:
    """Return the assignments of a definition, with the effects they give it."""
    keys = tenant.once(_by_definition).get(definition.key, {})
    found = {tenant.known(PolicyAssignment, key): each for key, each in keys.items()}
    every = {each: effects for each, effects in found.items() if each}
    _cite(definition, islice(every, CITED))
    return every


def _cite(definition: PolicyDefinition, every: Iterable[PolicyAssignment]) -> None:
    """Note what assignments are of, and what gives the definition its effect."""
    for assignment in every:
        assignment.cite(PolicyAssignment.definition_id)
        cite_given(definition, assignment.key)


def _by_definition(tenant: Tenant) -> Mapping[str, dict[str, set[str]]]:
    found = defaultdict[str, dict[str, set[str]]](dict)
    for key, content in tenant.once(assigned).items():
        for each in content.found:
            effects = found[id_key(each.definition_id)].setdefault(key, set())
            effects.add(each.effect)
    return found


def _require_every_assignment(tenant: Tenant) -> None:
    """Raise NotRead if some assignment may put anything into groups."""
    tenant.all(PolicyAssignment).require_whole()
    every = tenant.once(assigned).values()
    problem = gravest([each.unread for each in every if each.unread])
    if problem:
        raise problem


def _placed(definition: PolicyDefinition, enforced: list[PolicyAssignment]) -> Verdict:
    """Return whether assignments are where the manager of the group has a say."""
    manager = _manager(definition)
    if isinstance(manager, _Idle):
        reason = f"{_named(enforced)} fills no group{manager.said}"
        return warned(reason, manager.advice)
    told = [(each, _overlaps(each, manager)) for each in enforced]
    inside = [each for each, overlap in told if overlap]
    if inside:
        return passed(f"{_named(inside)} puts it in force")
    if None in (overlap for _, overlap in told):
        raise NotRead(f"whether {manager.name} manages what it is assigned to")
    places = some(scope_name(scope_at(each)) for each in enforced)
    managing = shown(manager.name)
    return warned(f"assigned at {places}, and to nothing that {managing} manages")


def _overlaps(assignment: PolicyAssignment, manager: NetworkManager) -> bool | None:
    """Return whether an assignment reaches networks of a manager, None if unknown."""
    scope = id_key(scope_at(assignment))
    left_out = frozenset(map(id_key, assignment.not_scopes or ()))
    known = access(assignment.tenant)
    told = {_meets(scope, left_out, each, known) for each in manager_of(manager).scopes}
    return True if True in told else None if None in told else False


def _meets(
    scope: str, left_out: frozenset[str], managed: str, known: Access
) -> bool | None:
    """Return whether an assignment reaches into a managed scope, None if unknown.

    Where one of them lies in the other, they meet in the lower one.
    """
    above, around = known.scopes(managed), known.scopes(scope)
    if scope not in above and managed not in around:
        settled = known.knows_above(managed) and known.knows_above(scope)
        return False if settled else None
    lower = managed if scope in above else scope
    if not left_out.isdisjoint(known.scopes(lower)):
        return False
    settled = known.knows_above(lower) or not any(map(is_group, left_out))
    return True if settled else None


@check(
    id="avnm-membership-pending",
    title="Assignments that fill network groups have been evaluated",
    topic=Topic.AVNM,
    severity=Severity.INFORMATIONAL,
    on=PolicyAssignment,
    among=filling_assignments,
    where=_fills_group,
    guidance=Post.AVNM,
    controls=CONTROLS,
)
def membership_pending(assignment: PolicyAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.timestamp` of the policy states that an assignment has.

    Resource Graph has the states, one for each resource that was evaluated; the latest
    one counts. Against it stands when the assignment was changed: the last of
    `systemData.lastModifiedAt` and of `properties.metadata.updatedOn` and `createdOn`.
    Where Azure returns none of the three, or Resource Graph was not asked
    (`--discovery arm`), the check is not assessed. No state means that nothing was
    evaluated yet; an absent or null `timestamp` is not assessed. Azure Policy evaluates
    everything once in 24 hours (Azure Policy documentation, compliance data).

    ## Why it matters
    Networks join their group at the next evaluation, not with the assignment. Until
    then they are without the connectivity and security admin rules of the group, and
    a change that is tested right away seems not to work.

    ## How to fix
    Wait for the evaluation, or start one and look at the members of the group again.

    ```sh
    az policy state trigger-scan --subscription SUBSCRIPTION
    ```

    ## References
    - AVNM - Dynamic Network Group Membership
    - Microsoft Learn: Get compliance data of Azure resources
    """
    changed = _changed_on(assignment)
    states = tenant.referring(PolicyState, "assignment_id", assignment.id)
    evaluated = [_evaluated_on(each) for each in states.known()]
    if any(each >= changed for each in evaluated):
        return passed(f"changed at {_minute(changed)}, evaluated since")
    _require_asked(tenant)
    states.require_whole()
    said = f"at {_minute(max(evaluated))}" if evaluated else "by no policy state"
    reason = f"changed at {_minute(changed)}, evaluated {said}: members may still join"
    return info(so_far(tenant, reason))


def _require_asked(tenant: Tenant) -> None:
    """Raise NotRead if Resource Graph was not asked for states: that is no gap.

    Nobody asks it where no network group was found, for whatever reason.
    """
    problem = tenant.within(PolicyState, f"/tenants/{tenant.id}").missing
    if problem and problem.gap is None:
        tenant.all(NetworkGroup).require_whole()
        raise NotRead("Resource Graph was not asked when policies were evaluated")


def _evaluated_on(state: PolicyState) -> datetime:
    if state.evaluated_on is None:
        raise state.unread("properties.timestamp", "says nothing")
    return state.evaluated_on


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _changed_on(assignment: PolicyAssignment) -> datetime:
    """Return when an assignment was last changed; raises NotRead if nothing says."""
    told = (assignment.changed_on, assignment.updated_on, assignment.created_on)
    moments = [each for each in told if each]
    if not moments:
        raise assignment.unread("systemData.lastModifiedAt", "says nothing")
    return max(moments)


CHECKS: tuple[Check[Any], ...] = (
    policy_assigned,
    membership_pending,
)
