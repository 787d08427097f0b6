"""Policies that would change what Azure keeps for encrypted workspaces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from checks.shared.assigned import Content, contents, gravest
from checks.shared.encryption import TRIO, Method, managed, method_of
from checks.shared.policies import Policy, has_expired, is_inside, policies_on
from checks.shared.rules import changes
from checks.shared.sources import CHANGING
from scanner.access.scopes import scope_of
from scanner.model.coverage import NotRead
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import id_key
from scanner.model.machinelearning import Workspace, keeps_itself
from scanner.model.policy import PolicyAssignment, PolicyDefinition, PolicyExemption
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant
from scanner.policy.conditions import Subject

NEEDED: Mapping[type[Resource], Mapping[str, str]] = {
    StorageAccount: {"allowSharedKeyAccess": "true", "publicNetworkAccess": "Enabled"},
    SearchService: {"disableLocalAuth": "false", "publicNetworkAccess": "Enabled"},
    CosmosAccount: {"disableLocalAuth": "false"},
}
"""The properties that must stay, and how; policies name them after the type."""


def _needed(view: type[Resource]) -> Mapping[str, str]:
    """Return how the properties of a type must stay, by their aliases."""
    return {f"{view.type}/{name}": value for name, value in NEEDED[view].items()}


@dataclass(frozen=True, slots=True)
class Struck:
    """A managed resource that an assignment is above."""

    view: type[Resource]
    resource_id: str
    content: Content
    """What the assignment is of, as far as that is about such resources."""


@dataclass(frozen=True, slots=True)
class Strikes:
    """The managed resources that each assignment is above, by the assignment's key."""

    known: Mapping[str, Sequence[Struck]]
    unread: Mapping[str, NotRead | None]
    """Why an assignment may be above more of them."""

    def __contains__(self, key: object) -> bool:
        return key in self.known or key in self.unread


def strikes(tenant: Tenant) -> Strikes:
    """Return which assignments could change what Azure keeps; to be made once."""
    about = {view: contents(tenant, _About(view)) for view in TRIO}
    known: dict[str, list[Struck]] = defaultdict(list)
    unread: dict[str, list[NotRead]] = defaultdict(list)
    for key, problem in _unlisted(tenant, about.values()):
        unread[key].append(problem)
    for workspace in tenant.all(Workspace).known():
        for view, relevant in about.items():
            try:
                made = _made_for(workspace, view)
            except NotRead as problem:
                for key in _above(workspace, relevant):
                    unread[key] += [*_reasons(relevant[key]), problem.light()]
                continue
            if made is not None:
                for key in _above(made, relevant):
                    known[key].append(Struck(view, made.id, relevant[key]))
    return Strikes(known, {key: gravest(found) for key, found in unread.items()})


class _About:
    """Asks whether a definition is about what must stay as it is on a type."""

    def __init__(self, view: type[Resource]) -> None:
        self._aliases = tuple(_needed(view))

    def __call__(self, tenant: Tenant, definition_id: str) -> bool:
        definition = tenant.get(PolicyDefinition, definition_id)
        return definition is not None and any(map(definition.mentions, self._aliases))


def _unlisted(
    tenant: Tenant, about: Iterable[Mapping[str, Content]]
) -> Iterator[tuple[str, NotRead]]:
    """Yield every assignment of interest if there may be more workspaces than known."""
    missing = tenant.all(Workspace).missing
    if missing:
        for relevant in about:
            for key, content in relevant.items():
                yield from ((key, each) for each in (*_reasons(content), missing))


def _reasons(content: Content) -> Iterator[NotRead]:
    """Yield why it is not known whether an assignment is of interest at all."""
    if content.unread and not content.found:
        yield content.unread


def _made_for(workspace: Workspace, view: type[Resource]) -> Resource | None:
    """Return what Azure made of a type for a workspace, if anything is there."""
    if not keeps_itself(workspace) or method_of(workspace) is Method.SERVICE_SIDE:
        return None
    return managed(workspace, view)


def _above(resource: Resource, relevant: Mapping[str, Content]) -> Iterator[str]:
    """Yield the keys of the assignments that a resource is below.

    A subscription's list has what is inherited, and what is assigned in it.
    """
    scope = f"/subscriptions/{resource.parts.subscription}"
    for assignment_id in resource.tenant.within(PolicyAssignment, scope).ids():
        key, at = id_key(assignment_id), scope_of(assignment_id)
        below = not is_inside(at) or f"{resource.key}/".startswith(f"{id_key(at)}/")
        if below and key in relevant:
            yield key


@dataclass(frozen=True, slots=True)
class Effect:
    """What a policy does to a managed resource."""

    resource: Resource
    policy: Policy
    lapsed: bool
    """Whether an exemption of the resource has run out."""


def effects(
    assignment: PolicyAssignment, struck: Struck
) -> tuple[tuple[Effect, ...], NotRead | None]:
    """Return what an assignment does to a managed resource, and why it may do more.

    Nothing where `notScopes`, a selector or the rule leaves the resource out.
    """
    tenant = assignment.tenant
    resource = tenant.known(struck.view, struck.resource_id)
    if resource is None:
        return (), None
    found = policies_on(resource, {assignment.key: struck.content})
    return tuple(
        Effect(resource, policy, _lapsed(assignment, resource))
        for policy in found.policies
        if _may_harm(policy, resource, _needed(struck.view))
    ), found.unread


def _may_harm(policy: Policy, resource: Resource, needed: Mapping[str, str]) -> bool:
    """Whether a rule may be for a resource as it must stay; an open one may be."""
    if policy.effect in CHANGING and _sets_other_things(policy, needed):
        return False
    condition = policy.assigned.condition
    return any(
        condition(each).holds is not False for each in _staying(resource, needed)
    )


def _staying(resource: Resource, needed: Mapping[str, str]) -> Iterator[Subject]:
    """Yield a resource in every way it may stay: what it needs may be absent too."""
    tags = resource.lookup("tags")
    items = tags.items() if isinstance(tags, Mapping) else ()
    own = {name: text for name, text in items if isinstance(text, str)}
    for values in product(*((value, None) for value in needed.values())):
        fields = dict(zip(map(str.lower, needed), values, strict=True))
        yield Subject(resource.id, resource.location, own, fields)


def _sets_other_things(policy: Policy, needed: Mapping[str, str]) -> bool:
    """Whether all that a policy changes may be changed, or is as it must stay."""
    kept = {alias.lower(): value.lower() for alias, value in needed.items()}
    changed = [
        (str(each.get("field")).lower(), str(each.get("value")).lower())
        for each in changes(policy)
    ]
    return bool(changed) and all(
        kept.get(field, value) == value for field, value in changed
    )


def _lapsed(assignment: PolicyAssignment, resource: Resource) -> bool:
    """Whether an exemption from an assignment that a resource had is over."""
    exemptions = assignment.tenant.referring(
        PolicyExemption, "assignment_id", assignment.id
    )
    return any(
        f"{resource.key}/".startswith(f"{id_key(scope_of(each.id))}/")
        and has_expired(each)
        for each in exemptions.known()
    )
