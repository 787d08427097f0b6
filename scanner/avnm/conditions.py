"""What the conditions ask for that take virtual networks into network groups."""

from __future__ import annotations

from typing import Any

from scanner.policy.conditions import field_name, leaves

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"


def asks_for_networks(condition: Any) -> bool:
    """Whether a condition names the type of virtual networks."""
    for leaf in leaves(condition):
        if (field_name(leaf) or "").lower() == "type":
            several = leaf.get("in")
            wanted = [leaf.get("equals"), leaf.get("like")]
            wanted += several if isinstance(several, list) else []
            if NETWORK_TYPE.lower() in (str(each).lower() for each in wanted):
                return True
    return False
