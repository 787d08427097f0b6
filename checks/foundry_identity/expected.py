"""All the roles that somebody should hold for a hub or project to work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, product

from checks.foundry_identity.endpoints import (
    label_of,
    pulling,
    reaching,
    registry_of,
    signs_in,
)
from checks.foundry_identity.search import embedding, indexing, search_cases
from checks.foundry_stores.people import storage_cases
from checks.shared.foundry_matrix import On, Who, needs
from checks.shared.links import LINKED, keeps_key, links
from checks.shared.project_users import users_of
from checks.shared.shortfall import Case, grants_for, ids, require_lack
from checks.shared.workspaces import (
    default_storage,
    mode_of,
    primary_identities,
    working_identities,
    working_system_identity,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.coverage import Unclear
from scanner.model.identity import Identified, ManagedIdentity
from scanner.model.ids import id_key
from scanner.model.machinelearning import Compute, Workspace, is_hub
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import HUB_SERVICES, StorageAccount


def works_with_entra(workspace: Workspace) -> bool:
    """Whether it uses identities: for its datastores, or for a connection.

    Raises NotRead where neither is known to be and one may.
    """
    unclear = Unclear()
    with unclear:
        if mode_of(workspace) == "identity":
            return True
    for _ in links(workspace, *LINKED):
        return True
    unclear.settle()
    return False


def expected(workspace: Workspace) -> tuple[Iterable[Case], ...]:
    """Return what should be held, part by part; each raises NotRead for itself."""
    return (
        _own(workspace),
        _managing(workspace),
        _private_endpoints(workspace),
        _people(workspace),
        _services(workspace),
        _runners(workspace),
    )


def _identity_storage(workspace: Workspace) -> StorageAccount | None:
    """Return the default storage, if it is worked with by identities."""
    if mode_of(workspace) != "identity":
        return None
    return default_storage(workspace, workspace.tenant)


def _label(workspace: Workspace) -> str:
    return "the hub" if is_hub(workspace) else "the project"


def _own(workspace: Workspace) -> Iterator[Case]:
    """Yield what the identities need that it works with.

    That is blobs and files alone for a user-assigned one.
    """
    storage = _identity_storage(workspace)
    if storage is None:
        return
    system, used = working_system_identity(workspace), primary_identities(workspace)
    least = Case(_label(workspace), (), needs(Who.HUB, On.STORAGE), storage)
    if system is not None:
        who = Who.HUB if is_hub(workspace) else Who.PROJECT
        wanted = needs(who, On.STORAGE)
        yield replace(least, principals=(system.principal_id,), needs=wanted)
    elif not used:
        yield least
    yield from _for_each(least, used)


def _for_each(case: Case, identities: Iterable[ManagedIdentity]) -> Iterator[Case]:
    """Yield a case for each identity that something signs in as."""
    for each in identities:
        who = case.who if each.is_system else f"{case.who} as {each.name}"
        yield replace(case, who=who, principals=(each.principal_id,))


def _managing(hub: Workspace) -> Iterator[Case]:
    """Yield what a hub must hold on its group, or else on each thing it works with.

    For the identity that Azure made with it: what manages the things around a hub with
    a user-assigned one is for people to choose.
    """
    identity = working_system_identity(hub)
    if not is_hub(hub) or identity is None:
        return
    place, wanted = hub.parts, needs(Who.HUB, On.GROUP)
    group = f"/subscriptions/{place.subscription}/resourceGroups/{place.resource_group}"
    case = Case("the hub", (identity.principal_id,), wanted, hub, group)
    relied_on = filter(None, (hub.storage_account_id, hub.key_vault_id))
    each = [replace(case, scope=scope) for scope in relied_on]
    unclear, lacking = Unclear(), not each
    for one in each:
        with unclear:
            lacking = lacking or _lacks(one)
    if lacking or _held(case):
        yield case
    else:
        unclear.settle()


def _held(case: Case) -> bool:
    grants, _ = grants_for(case.resource.tenant, case, case.needs[0])
    return bool(grants)


def _lacks(case: Case) -> bool:
    """Return whether a role is lacking; raises NotRead where that is not known."""
    tenant = case.resource.tenant
    grants, missing = grants_for(tenant, case, case.needs[0])
    if not grants:
        require_lack(tenant, case, missing)
    return not grants


def _private_endpoints(project: Workspace) -> Iterator[Case]:
    if is_hub(project):
        return
    storage = _identity_storage(project)
    if storage is None:
        return
    wanted = needs(Who.PROJECT, On.STORAGE_ENDPOINT)
    reach = storage.private_reach
    for endpoint in reach.endpoints(*HUB_SERVICES):
        case = Case("the project", (), wanted, endpoint)
        yield from _for_each(case, working_identities(project))
    reach.require_own()


def _people(workspace: Workspace) -> Iterator[Case]:
    storage = _identity_storage(workspace)
    searches = list(_resources(workspace, SearchService))
    seen = set[tuple[tuple[str, ...], str]]()
    for user in users_of(workspace):
        every = [search_cases(user, service) for service in searches]
        if storage is not None:
            every.insert(0, storage_cases(user, storage))
        for case in chain.from_iterable(every):
            if (case.principals, case.resource.key) not in seen:
                seen.add((case.principals, case.resource.key))
                yield case


def _resources(workspace: Workspace, view: type[Resource]) -> Iterator[Resource]:
    """Yield what a workspace can use with Entra ID, each once."""
    seen = set[str]()
    for link in links(workspace, view):
        if link.resource.key not in seen:
            seen.add(link.resource.key)
            yield link.resource


def _services(workspace: Workspace) -> Iterator[Case]:
    """Yield what services need of each other, but for pairs that the hub tells of."""
    own, every = set[str](), dict[str, Resource]()
    unclear = Unclear()
    with unclear:
        for link in links(workspace, SearchService, CognitiveAccount):
            every[link.resource.key] = link.resource
            if id_key(link.connection.parts.parent) == workspace.key:
                own.add(link.resource.key)
    for service, account in product(*_sorted_out(every.values())):
        if {service.key, account.key} & own:
            yield embedding(service, account)
            yield indexing(account, service)
    unclear.settle()


def _sorted_out(
    resources: Iterable[Resource],
) -> tuple[list[SearchService], list[CognitiveAccount]]:
    """Return the Search services and the hosts of models among some resources."""
    every = list(resources)
    accounts = [each for each in every if isinstance(each, CognitiveAccount)]
    return (
        [each for each in every if isinstance(each, SearchService)],
        [each for each in accounts if hosts_models(each)],
    )


def _runners(workspace: Workspace) -> Iterator[Case]:
    """Yield what endpoints and computes need; projects have no compute of their own."""
    yield from _each(workspace, workspace.online_endpoints)
    if is_hub(workspace):
        yield from _each(workspace, workspace.computes)


def _each(workspace: Workspace, runners: Iterable[Identified]) -> Iterator[Case]:
    for runner in filter(signs_in, runners):
        yield from _storing(runner, workspace)
        registry = registry_of(workspace)
        if registry is not None:
            yield pulling(runner, registry)
        yield from reaching(runner, workspace)
        if keeps_key(workspace):
            wanted = needs(Who.ENDPOINT, On.WORKSPACE)
            yield Case(label_of(runner), ids(runner.identities), wanted, workspace)


def _storing(runner: Identified, workspace: Workspace) -> Iterator[Case]:
    """Yield what it needs on the default storage.

    Azure grants that to the system-assigned identity of an endpoint, and a compute
    may work as the person who uses it: only what is user-assigned surely needs it.
    """
    storage = _identity_storage(workspace)
    if storage is None:
        return
    label, wanted = label_of(runner), needs(Who.ENDPOINT, On.STORAGE)
    unsure = tuple(replace(need, sure=False) for need in wanted)
    if isinstance(runner, Compute) or not runner.has_identity:
        yield Case(label, ids(runner.identities), unsure, storage)
        return
    own = runner.system_identity
    if own is not None:
        yield Case(label, (own.principal_id,), unsure, storage)
    yield from _for_each(Case(label, (), wanted, storage), runner.user_identities)
