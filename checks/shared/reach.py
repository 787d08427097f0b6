"""Single grants of an action: each assignment with the resources that it reaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.shared.grants import access, kept_from
from checks.shared.project_users import may_reach_more
from scanner.access.answers import Grant
from scanner.access.deny import Hit
from scanner.access.facts import last_segment
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Reach:
    """What one assignment gives of some actions, and where."""

    grants: Mapping[str, Grant]
    """By the action; none where the role is not known."""
    targets: tuple[str, ...]
    """The ids of the resources it reaches."""

    @property
    def grant(self) -> Grant:
        """The grant of the first of the actions that it gives.

        Raises NotRead where that is not known.
        """
        for grant in self.grants.values():
            return grant
        raise NotRead("the definition of its role was not read")

    def gives(self, tenant: Tenant, action: str, target: str) -> bool:
        """Whether it gives an action on a resource, and no denial takes it back.

        True too where one may, as far as is known: `doubt` tells.
        """
        grant = self.grants.get(action)
        if grant is None:
            return False
        kept = kept_from(tenant, grant.principal_id, action, [target])
        return kept[target].hit is not Hit.YES


def reach(
    tenant: Tenant,
    actions: Iterable[str],
    targets: Iterable[str],
    is_part: Callable[[str], bool] = lambda _: False,
) -> Mapping[str, Reach]:
    """Return what assignments in force give of some actions, and on what.

    By the key of the assignment. A scope that is a part of a target is the one thing
    that its assignments reach. With those that reach no target, where workspaces they
    may reach were not read, and with those whose role was not.
    """
    grants = defaultdict[str, dict[str, Grant]](dict)
    for key, action, grant in _grants(tenant, actions):
        grants[key][action] = grant
    scopes = {key: next(iter(found.values())).scope for key, found in grants.items()}
    scopes.update(of_unknown_role(tenant))
    reached = _reached(tenant, scopes, targets)
    reached.update((key, [scope]) for key, scope in scopes.items() if is_part(scope))
    return {
        key: Reach(grants.get(key, {}), tuple(reached.get(key, ())))
        for key, scope in scopes.items()
        if key in reached or may_reach_more(tenant, scope)
    }


def _grants(tenant: Tenant, actions: Iterable[str]) -> Iterator[tuple[str, str, Grant]]:
    for action in actions:
        for grant in access(tenant).giving(action):
            if not grant.eligible and grant.managing_tenant is None:
                yield id_key(grant.assignment_id), action, grant


def of_unknown_role(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """Yield the assignments whose role was not read: the key and scope of each."""
    facts = access(tenant).facts
    for assignment in facts.assignments:
        known = last_segment(assignment.role_definition_id) in facts.roles
        if not known and not assignment.eligible and not assignment.managing_tenant:
            yield id_key(assignment.id), assignment.scope


def _reached(
    tenant: Tenant, scopes: Mapping[str, str], targets: Iterable[str]
) -> dict[str, list[str]]:
    """Return the targets below the scopes of assignments, by the assignment."""
    at, found = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for key, scope in scopes.items():
        at[id_key(scope)].append(key)
    for target in targets:
        for scope in access(tenant).scopes(target):
            for key in at.get(scope, ()):
                found[key].append(target)
    return found
