"""Subnets: found by their ids, and the ranges they have."""

from __future__ import annotations

from ipaddress import IPv4Network

from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.network import Subnet, VirtualNetwork
from scanner.model.tenant import Tenant


def subnet_of(tenant: Tenant, subnet_id: str) -> Subnet | None:
    """Return a subnet, None where it is known not to exist; raises NotRead."""
    network = tenant.get(VirtualNetwork, ResourceId.parse(subnet_id).parent)
    if network is None:
        return None
    network.note("id", network.id)
    wanted = id_key(subnet_id)
    found = (each for each in network.subnets if id_key(each.id or "") == wanted)
    return next(found, None)


def ranges_of(subnet: Subnet) -> tuple[IPv4Network, ...]:
    """Return the IPv4 ranges of a subnet; raises NotRead where one is no range.

    Azure returns either the singular or the plural field.
    """
    texts = [subnet.prefix] if subnet.prefix else [*(subnet.prefixes or ())]
    try:
        return tuple(IPv4Network(each) for each in texts if ":" not in each)
    except ValueError:
        path = "properties.addressPrefix"
        raise subnet.malformed(path, "IP ranges", texts) from None


def require_subnet(tenant: Tenant, subnet_id: str | None, whose: str) -> Subnet:
    """Return a subnet that something says it is in; raises NotRead without one."""
    found = subnet_of(tenant, subnet_id) if subnet_id else None
    if found is None:
        raise NotRead(f"the subnet of {whose} is not in its network")
    return found
