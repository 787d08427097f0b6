"""Addresses and ranges in firewall rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network

OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = re.compile(rf"{OCTET}(?:\.{OCTET}){{3}}(?:/(?:3[0-2]|[12]?[0-9]))?")
IPV6 = re.compile(r"[0-9a-f]*:[0-9a-f:.]*(?:/[0-9]{1,3})?", re.IGNORECASE)
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918: never a source on the Internet."""


def is_range(rule: str) -> bool:
    """Whether a rule looks like an address or range of either protocol."""
    return bool(IPV4.fullmatch(rule.strip()) or IPV6.fullmatch(rule.strip()))


def public_range(rule: str) -> IPv4Network | None:
    """Return the IPv4 range that a rule lets in; None if it matches no source.

    An address is a /32. Firewalls of Azure services know neither private nor IPv6
    sources.
    """
    if not IPV4.fullmatch(rule.strip()):
        return None
    network = IPv4Network(rule.strip(), strict=False)
    return None if any(map(network.subnet_of, PRIVATE)) else network


def wider_than(prefix: int, rules: Iterable[str]) -> list[str]:
    """Return the rules that let in more addresses than a prefix of a length."""
    return [
        rule
        for rule in rules
        if (network := public_range(rule)) and network.prefixlen < prefix
    ]
