"""Microsoft.Network: network security perimeters."""

from __future__ import annotations

from scanner.collect.read import Read, SdkOperation
from scanner.model.perimeter import AccessRule, Association, Perimeter, Profile
from scanner.model.resource import Resource
from scanner.model.resources import Subscription


def _list(of: type[Resource], method: str, at: type[Resource] = Subscription) -> Read:
    return Read(
        of=of,
        at=at,
        operation=SdkOperation(
            client="azure.mgmt.network:NetworkManagementClient", method=method
        ),
        action=f"{of.type}/read",
        indexed=at is Subscription,
        recent=True,
    )


READS = (
    _list(Perimeter, "network_security_perimeters.list_by_subscription"),
    _list(Profile, "network_security_perimeter_profiles.list", Perimeter),
    _list(AccessRule, "network_security_perimeter_access_rules.list", Profile),
    _list(Association, "network_security_perimeter_associations.list", Perimeter),
)
