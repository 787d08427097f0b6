"""Role assignments that let someone work with model accounts, and which accounts.

Assignments come in masses, so what they reach is worked out once for a tenant: by
scope, not by looking at every account for every assignment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.shared.citing import cite_definition
from checks.shared.grants import access, kept_from
from checks.shared.model_roles import (
    ACCOUNTS,
    calls_models,
    uses_services,
    works_with_models,
)
from checks.shared.taken import taken_in, unclear
from checks.shared.unlisted import Unlisted
from checks.shared.wording import FIRST
from scanner.access.answers import Grant
from scanner.access.builtin import BuiltIn
from scanner.access.deny import Hit
from scanner.access.facts import Assignment, Part, Role, last_segment
from scanner.access.scopes import is_group, scope_of
from scanner.model.authorization import RoleAssignment
from scanner.model.cognitive import CognitiveAccount, hosts_models, is_foundry
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.tenant import Tenant

SHOWN = 3
"""Accounts whose settings a verdict cites; the rest are counted in its reason."""


@dataclass(slots=True)
class Reached:
    """The model accounts in a scope, by their ids as received."""

    keyed: list[str] = field(default_factory=list)
    """Those that accept keys: an absent or null `disableLocalAuth` is false."""
    keyless: list[str] = field(default_factory=list)
    unread: NotRead | None = None
    """Why there may be more of either."""


@dataclass(frozen=True, slots=True)
class Held:
    """A role assignment that may reach model accounts."""

    assignment: Assignment
    role: Role
    reached: Reached

    def require_known(self) -> None:
        """Raise NotRead if it may reach accounts that are not known."""
        if self.reached.unread:
            raise self.reached.unread


class Reach:
    """What the role assignments of a tenant reach."""

    def __init__(self, tenant: Tenant) -> None:
        self._access = access(tenant)
        self._at: dict[str, Reached] = defaultdict(Reached)
        self._with_services: dict[str, Reached] = defaultdict(Reached)
        self._unlisted = Unlisted(tenant, CognitiveAccount)
        for account in tenant.all(CognitiveAccount).known():
            self._add(account)
        self.contested = frozenset(self._contested(tenant))
        self.assignments = taken_in(tenant)
        self.calling = self._remembering(calls_models)
        self._working = self._remembering(works_with_models)
        self._using = self._remembering(uses_services)
        self.keys = frozenset(self._keys(tenant))

    def _add(self, account: CognitiveAccount) -> None:
        scopes = self._access.scopes(account.id)
        try:
            if not hosts_models(account):
                return
            places = [self._at, self._with_services][: 1 + is_foundry(account)]
            keyless = bool(account.local_auth_disabled)
        except NotRead as problem:
            for scope in scopes:
                self._at[scope].unread = problem.light()
                self._with_services[scope].unread = problem.light()
            return
        for found in (place[scope] for place in places for scope in scopes):
            (found.keyless if keyless else found.keyed).append(account.id)

    def _contested(self, tenant: Tenant) -> Iterator[str]:
        """Yield the accounts that some deny assignment is in force on, or may be."""
        facts = self._access.facts
        denied = {id_key(each.scope) for each in facts.denials}
        for scope, missing in facts.missing.items():
            if any(each.part is Part.DENIALS for each in missing):
                denied.add(scope)
        for account in tenant.all(CognitiveAccount).ids() if denied else ():
            if not denied.isdisjoint(self._access.scopes(account)):
                yield account

    @staticmethod
    def _remembering(test: Callable[[Role], bool]) -> Callable[[Role], bool]:
        found: dict[str, bool] = {}

        def remembered(role: Role) -> bool:
            if role.id not in found:
                found[role.id] = test(role)
            return found[role.id]

        return remembered

    def below(self, scope: str) -> Reached | None:
        """Return the model accounts in a scope, None where there are none."""
        return self._in(self._at, scope)

    def worked_with(self, role: Role, scope: str) -> Reached | None:
        """Return those in a scope that a role allows more on than to look at them."""
        return self.below(scope) if self._working(role) else self._used(role, scope)

    def opened(self, role: Role, scope: str) -> Reached | None:
        """Return those in a scope whose data plane a role opens."""
        return self.below(scope) if self.calling(role) else self._used(role, scope)

    def _used(self, role: Role, scope: str) -> Reached | None:
        return self._in(self._with_services, scope) if self._using(role) else None

    def _in(self, place: Mapping[str, Reached], scope: str) -> Reached | None:
        key = id_key(scope)
        found = place.get(key)
        unread = self._unlisted.at(key) if _may_hold_accounts(key) else None
        if unread is None:
            return found
        known = found or Reached()
        return Reached(known.keyed, known.keyless, unread)

    def _keys(self, tenant: Tenant) -> Iterator[str]:
        """Yield the keys of the assignments that bear on model accounts, or may."""
        for assignment_id in tenant.all(RoleAssignment).ids():
            key = id_key(assignment_id)
            found = self.assignments.get(key)
            scope = found.scope if found else scope_of(assignment_id)
            role = self._access.role_of(found) if found else None
            if self.worked_with(role, scope) if role else self.below(scope):
                yield key


def _may_hold_accounts(scope: str) -> bool:
    """Whether a scope may be above a Cognitive Services account, or be one."""
    inside = scope.partition("/providers/")[2]
    return is_group(scope) or not inside or inside.startswith(f"{ACCOUNTS.lower()}/")


def reach(tenant: Tenant) -> Reach:
    """Return what the role assignments of a tenant reach."""
    return tenant.once(Reach)


def working(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the assignments that let someone work with model accounts.

    Those that could not be read far enough to tell are among them.
    """
    return reach(tenant).keys


def held(assignment: RoleAssignment) -> Held:
    """Return what an assignment gives and reaches.

    Raises NotRead where the assignment says too little, its role was not read, or it
    is not known to reach any account and may.
    """
    known = reach(assignment.tenant)
    found = known.assignments.get(assignment.key)
    if found is None:
        raise unclear(assignment)
    role = access(assignment.tenant).role_of(found)
    if role is None:
        raise undefined(assignment)
    return Held(found, role, _some(known.worked_with(role, found.scope)))


def _some(reached: Reached | None) -> Reached:
    """Return accounts in reach; raises NotRead where none is known and some may be."""
    if reached and reached.unread and not (reached.keyed or reached.keyless):
        raise reached.unread
    return reached or Reached()


def undefined(assignment: RoleAssignment) -> NotRead:
    """Return why it is not known what an assignment allows."""
    reason = f"the definition of role {assignment.role_definition_id} was not read"
    return NotRead(reason).over(access(assignment.tenant).facts.unread_roles)


def lets_call(assignment: RoleAssignment) -> bool:
    """Whether an assignment allows data actions on models; raises NotRead."""
    return reach(assignment.tenant).calling(held(assignment).role)


def opened_by(assignment: RoleAssignment) -> list[str]:
    """Return the model accounts whose data plane an assignment opens; raises NotRead.

    By a data action on models, or on an account of AI Services by any that is more than
    reading.
    """
    mine, known = held(assignment), reach(assignment.tenant)
    found = _some(known.opened(mine.role, mine.assignment.scope))
    return found.keyed + found.keyless


def standing(
    tenant: Tenant,
    grant: Grant,
    action: str,
    accounts: list[str],
    *,
    data: bool = False,
) -> list[str]:
    """Return on which of some accounts no deny assignment takes an action back.

    Where one may, as far as is known, is among them: `doubt` tells.
    """
    contested = [each for each in accounts if each in reach(tenant).contested]
    kept = kept_from(tenant, grant.principal_id, action, contested, data=data)
    return [
        each for each in accounts if each not in kept or kept[each].hit is not Hit.YES
    ]


def is_role_of(assignment: RoleAssignment, *roles: BuiltIn) -> bool:
    """Whether an assignment is of one of some built-in roles; raises NotRead."""
    if not assignment.role_definition_id:
        raise assignment.unread("properties.roleDefinitionId", "says nothing")
    return last_segment(assignment.role_definition_id) in roles


def names(accounts: Sequence[str]) -> str:
    """Return accounts as a sentence lists them: the first few, and how many more."""
    first = ", ".join(ResourceId.parse(each).name for each in accounts[:FIRST])
    more = len(accounts) - FIRST
    return f"{first} and {more} more" if more > 0 else first


def cite_accounts(tenant: Tenant, accounts: Iterable[str]) -> None:
    """Note what the first few accounts are, and whether they accept keys."""
    for each in tuple(accounts)[:SHOWN]:
        account = tenant.known(CognitiveAccount, each)
        if account:
            account.cite(CognitiveAccount.kind, CognitiveAccount.local_auth_disabled)


def cite_role(assignment: RoleAssignment, role: Role) -> None:
    """Note what an assignment is of, and all that the role allows."""
    assignment.cite(RoleAssignment.scope, RoleAssignment.role_definition_id)
    cite_definition(assignment.tenant, role)
