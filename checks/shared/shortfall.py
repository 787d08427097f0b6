"""Who lacks a role that the matrix says is needed, and what was not read of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from checks.shared.citing import cite
from checks.shared.foundry_matrix import Need
from checks.shared.grants import access, bounded, kept_from, require_settled
from checks.shared.identities import role_name
from checks.shared.tenancy import is_ours
from checks.shared.wording import FIRST, some
from scanner.access.answers import Grant, scope_name
from scanner.access.deny import Hit
from scanner.access.facts import Missing
from scanner.model.coverage import Unclear
from scanner.model.identity import ManagedIdentity
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant

SHOWN = 40
"""Roles held whose grants a verdict shows; a hub may have hundreds of people."""


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody who needs roles on a resource."""

    who: str
    principals: tuple[str, ...]
    """Whom one role is enough for: the identities of one resource, or one person."""
    needs: tuple[Need, ...]
    resource: Resource
    scope: str = ""
    """Where the roles must reach, where that is not the resource itself."""

    @property
    def at(self) -> str:
        """The scope that the roles must reach."""
        return self.scope or self.resource.id


def ids(identities: Iterable[ManagedIdentity]) -> tuple[str, ...]:
    """Return the principals of some identities."""
    return tuple(each.principal_id for each in identities)


@dataclass(frozen=True, slots=True)
class Lack:
    """A role that somebody needs and does not have."""

    case: Case
    need: Need
    missing: tuple[Missing, ...]
    """What was not read and may hold it after all."""


@dataclass(slots=True)
class Shortfall:
    """What came of looking for the roles of some cases."""

    tenant: Tenant
    lacks: list[Lack] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    unclear: Unclear = field(default_factory=Unclear)
    """Why there may be more that is lacking."""
    looked: int = 0
    """For how many roles was looked."""

    def look_for(self, cases: Iterable[Case]) -> None:
        """Look for all that some cases need; why there may be more is kept."""
        with self.unclear:
            for case in cases:
                self.look(case)

    def look(self, case: Case) -> None:
        """Look for each role that a case needs."""
        for need in case.needs:
            self.looked += 1
            self._look(case, need)

    def _look(self, case: Case, need: Need) -> None:
        grants, missing = grants_for(self.tenant, case, need)
        if not grants or self.looked <= SHOWN:
            cite(self.tenant, grants, case.resource)
        if grants:
            with self.unclear:
                require_settled(access(self.tenant).unread_denials(case.at))
            return
        with self.unclear:
            require_lack(self.tenant, case, missing)
            self.lacks.append(Lack(case, need, missing))

    def settle(self) -> None:
        """Raise NotRead if what was not read may be lacking."""
        self.unclear.settle()

    def said(self, lacks: Iterable[Lack] | None = None) -> str:
        """Return what is lacking, the first of it by name, as far as is known."""
        told = tuple(self.lacks if lacks is None else lacks)
        parts: dict[str, list[str]] = {}
        for case, roles in self._roles(told).items():
            part = f"{' and '.join(roles)} on {scope_name(case.at)}"
            parts.setdefault(_subject(case), []).append(part)
        every = [f"{who} lacks {some(each)}" for who, each in parts.items()]
        more = [f"{len(every) - FIRST} more lack roles"] if len(every) > FIRST else []
        said = "; ".join([*every[:FIRST], *more])
        return bounded(said, [each for lack in told for each in lack.missing])

    def _roles(self, lacks: Iterable[Lack]) -> dict[Case, list[str]]:
        """Return the roles that are lacking, by case."""
        roles: dict[Case, list[str]] = {}
        for lack in lacks:
            role = role_name(self.tenant, lack.need.roles[0])
            roles.setdefault(lack.case, []).append(role)
        return roles


def _subject(case: Case) -> str:
    return case.who if case.principals else f"{case.who}, which has no identity,"


def shortfall(tenant: Tenant, cases: Iterable[Case]) -> Shortfall:
    """Return what is lacking in some cases; why there may be more goes with it."""
    result = Shortfall(tenant)
    result.look_for(cases)
    return result


def require_lack(tenant: Tenant, case: Case, missing: Iterable[Missing]) -> None:
    """Raise NotRead if a role that was not found may be held all the same.

    Where the scan has a gap, or left out the subscription that it must reach; nobody
    without an identity holds any.
    """
    require_settled(missing)
    if case.principals:
        is_ours(tenant, case.at)


def found(
    tenant: Tenant, case: Case, need: Need
) -> tuple[tuple[Grant, ...], tuple[Missing, ...]]:
    """Return the grants in force that meet a need, and what else may; cites them."""
    grants, missing = grants_for(tenant, case, need)
    cite(tenant, grants, case.resource)
    return grants, missing


def grants_for(
    tenant: Tenant, case: Case, need: Need
) -> tuple[tuple[Grant, ...], tuple[Missing, ...]]:
    """Return the grants in force that meet a need, and what else may."""
    grants, missing = list[Grant](), list[Missing]()
    for principal in case.principals:
        for held, unseen in _ways(tenant, principal, case, need):
            grants += held
            missing += unseen
    return tuple(grants), tuple(dict.fromkeys(missing))


def _ways(
    tenant: Tenant, principal: str, case: Case, need: Need
) -> Iterator[tuple[tuple[Grant, ...], tuple[Missing, ...]]]:
    """Yield what a principal holds of a need: by its roles, then by its action.

    Nothing where a denial takes the action back.
    """
    known = access(tenant)
    action, data = need.action, need.data
    if action:
        kept = kept_from(tenant, principal, action, [case.at], data=data)
        if kept[case.at].hit is Hit.YES:
            return
    holding = known.holds(principal, need.roles, case.at)
    yield holding.active, holding.missing
    if action and not holding.active:
        decision = known.can(principal, action, case.at, data=data)
        active = tuple(each for each in decision.grants if not each.eligible)
        yield active, decision.missing


def person(principal_type: str | None, principal_id: str) -> str:
    """Return a user or group as a sentence names it."""
    kind = (principal_type or "").lower()
    return f"{kind if kind in ('user', 'group') else 'principal'} {principal_id}"
