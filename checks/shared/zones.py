"""Private DNS zones: whether an endpoint is found where its network asks."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checks.shared.wording import count, shown, some
from scanner.dns.gather import dns_of
from scanner.model.check import Verdict, manual, passed, warned
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import PrivateEndpoint, VirtualNetwork
from scanner.model.privatedns import PrivateZone, ZoneGroup
from scanner.model.tenant import Tenant


def found_by_name(
    endpoint: PrivateEndpoint, needed: Collection[str], *, kept: bool
) -> Verdict:
    """Return whether the zones an endpoint needs answer where its network asks.

    With `kept`, its zone groups may not leave one of them out either. Raises NotRead
    where its network, the way of its queries or the zones are not known.
    """
    tenant = endpoint.tenant
    network = ResourceId.parse(endpoint.subnet_id or "").parent
    if not network:
        raise NotRead("the endpoint does not say in which subnet it is")
    if tenant.get(VirtualNetwork, network) is None:
        raise NotRead(f"{network}: outside the scan")
    route = tenant.once(dns_of).route(network)
    if route.outside and not route.asked:
        return manual(
            "its network asks DNS servers outside Azure: do they know the zones?"
        )
    if route.doubts:
        raise NotRead(route.doubts[0].reason, route.doubts[0].gap)
    asked = set(map(id_key, route.asked))
    grouped = _grouped(endpoint) if kept else set()
    missing = [each for each in sorted(needed) if not _is_linked(each, asked, tenant)]
    if missing:
        return warned(f"not linked where its network asks: {some(map(shown, missing))}")
    unkept = sorted(set(needed) - grouped) if grouped else []
    if unkept:
        return warned(f"its zone group leaves out {some(map(shown, unkept))}")
    return passed(
        f"{count(len(needed), 'zone', 'zones')} linked where its network asks"
    )


def _grouped(endpoint: PrivateEndpoint) -> set[str]:
    """Return the names of the zones that keep an endpoint's records."""
    groups: Iterator[ZoneGroup] = iter(endpoint.zone_groups)
    ids = (zone for group in groups for zone in group.zone_ids or ())
    return {each.rpartition("/")[2].lower() for each in ids}


def _is_linked(name: str, networks: set[str], tenant: Tenant) -> bool:
    """Whether a zone of a name is linked to one of some networks.

    Raises NotRead if one may be that was not read.
    """
    zones = tenant.all(PrivateZone)
    for zone in zones.known():
        if zone.name.lower() == name:
            for link in zone.links:
                if id_key(link.network_id or "") in networks:
                    return True
    zones.require_whole()
    return False
