"""Private DNS zones: whether an endpoint is found where its network asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from checks.shared.dns_routes import cite_forwarding, cite_route
from checks.shared.scanned import so_far
from checks.shared.wording import count, shown, some
from scanner.dns.forwarding import Turn, forwarding_of, public_name
from scanner.dns.gather import dns_of
from scanner.model.check import Verdict, manual, passed, warned
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import PrivateEndpoint, VirtualNetwork
from scanner.model.privatedns import PrivateZone
from scanner.model.tenant import Tenant

_QUESTIONS = {
    Turn.OUTSIDE: "a rule forwards {name} out of Azure: do those servers know {zone}?",
    Turn.BACK: "a rule forwards {name} to where it applies itself: is it answered?",
    Turn.ALIAS: "a rule forwards {zone}, none {name}: is the rule applied to aliases?",
    Turn.BELOW: "a rule forwards some names below {name}: is this one of them?",
}


def found_by_name(
    endpoint: PrivateEndpoint, needed: Collection[str], *, kept: bool
) -> Verdict:
    """Return whether the zones an endpoint needs answer where its network asks.

    With `kept`, its zone groups say which zones have its records: a namesake that is
    linked instead answers without them. They may not leave out a zone either. Raises
    NotRead where its network, the way of its queries or the zones are not known.
    """
    tenant = endpoint.tenant
    network = ResourceId.parse(endpoint.subnet_id or "").parent
    if not network:
        raise NotRead("the endpoint does not say in which subnet it is")
    if tenant.get(VirtualNetwork, network) is None:
        raise NotRead(f"{network}: outside the scan")
    route = tenant.once(dns_of).route(network)
    with suppress(NotRead):
        cite_route(tenant, route)
    if route.outside and not route.asked:
        return manual(
            "its network asks DNS servers outside Azure: do they know the zones?"
        )
    if route.doubts:
        raise NotRead(route.doubts[0].reason, route.doubts[0].gap)
    ids = _zone_ids(endpoint) if kept else []
    missing, questions = [], []
    for zone in sorted(needed):
        question, linked = _answered(zone, ids, route.asked, tenant)
        questions += [question] if question else []
        missing += [] if linked or question else [zone]
    if missing:
        return _unlinked(endpoint.tenant, missing, ids)
    unkept = sorted(set(needed) - set(map(_zone_name, ids))) if ids else []
    if unkept:
        return warned(f"its zone group leaves out {some(map(shown, unkept))}")
    if questions:
        return manual(questions[0])
    return passed(
        f"{count(len(needed), 'zone', 'zones')} linked where its network asks"
    )


def _answered(
    zone: str, ids: Collection[str], networks: Collection[str], tenant: Tenant
) -> tuple[str, bool]:
    """Return whether a zone answers what networks ask, and what only a person can tell.

    Forwarding rules lead to other networks than those. Raises NotRead where that or
    the zone's links are not known.
    """
    way = tenant.once(forwarding_of).way(zone, networks)
    with suppress(NotRead):
        cite_forwarding(tenant, way)
    name = public_name(zone)
    for turn in way.turns:
        if turn is not Turn.ALIAS:
            return _QUESTIONS[turn].format(name=name, zone=zone), False
    if _is_linked(zone, ids, way.networks, tenant):
        return "", True
    if way.turns:
        return _QUESTIONS[Turn.ALIAS].format(name=name, zone=zone), False
    if way.rules and _is_linked(zone, ids, networks, tenant):
        return f"which answers, the rule that forwards {name} or {zone}?", False
    return "", False


def _unlinked(tenant: Tenant, names: Iterable[str], ids: Collection[str]) -> Verdict:
    """Return what it means that no zone of the scan is linked where it has to be.

    The ids are those of the zones that keep the records. Raises NotRead where zones
    outside the scan may be linked, and nothing else is wrong.
    """
    lost: list[str] = []
    theirs: list[str] = []
    unseen: list[str] = []
    for name in names:
        mine = [each for each in ids if _zone_name(each) == name]
        if any(map(tenant.is_foreign, mine)):
            theirs.append(name)
        elif all(_is_scanned(each, tenant) for each in mine) and (mine or tenant.whole):
            lost.append(name)
        else:
            unseen.append(name)
    if lost:
        reason = f"not linked where its network asks: {some(map(shown, lost))}"
        return warned(so_far(tenant, reason))
    if unseen:
        raise NotRead(f"zones outside the scan: {some(map(shown, unseen))}")
    return manual(
        f"its records are in zones of another tenant: {some(map(shown, theirs))}",
        "Find out whether they are linked where the endpoint's network asks.",
    )


def _is_scanned(zone_id: str, tenant: Tenant) -> bool:
    return tenant.scanned(ResourceId.parse(zone_id).subscription)


def _zone_ids(endpoint: PrivateEndpoint) -> list[str]:
    """Return the ids of the zones that keep an endpoint's records."""
    return [zone for group in endpoint.zone_groups for zone in group.zone_ids or ()]


def _zone_name(zone_id: str) -> str:
    return zone_id.rpartition("/")[2].lower()


def _is_linked(
    name: str, ids: Collection[str], networks: Collection[str], tenant: Tenant
) -> bool:
    """Whether a zone of a name is linked to one of some networks.

    Raises NotRead if one may be that was not read.
    """
    unclear = Unclear()
    for zone in _counted(name, ids, tenant, unclear):
        unclear.add(zone.links.missing)
        for link in zone.links.known():
            with unclear:
                if id_key(link.leads_to) in networks:
                    return True
    unclear.settle()
    return False


def _counted(
    name: str, ids: Collection[str], tenant: Tenant, unclear: Unclear
) -> Iterator[PrivateZone]:
    """Yield the zones of a name that count; why there may be more is kept.

    They are those that keep the records or, if none of that name does, all.
    """
    keepers = [each for each in ids if _zone_name(each) == name]
    for each in keepers:
        with unclear:
            zone = _is_scanned(each, tenant) and tenant.get(PrivateZone, each)
            if zone:
                yield zone
    if not keepers:
        zones = tenant.all(PrivateZone)
        unclear.add(zones.missing)
        yield from (zone for zone in zones.known() if zone.name.lower() == name)
