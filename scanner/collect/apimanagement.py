"""Microsoft.ApiManagement: gateways in front of models; no SDK is depended on for them.

Secrets of named values are never asked for: that would be `listValue`.
"""

from __future__ import annotations

from scanner.collect.read import Body, Read, RestOperation, properties_of
from scanner.model.apimanagement import (
    Api,
    ApiPolicy,
    ApiService,
    Backend,
    GatewayDiagnostic,
    NamedValue,
    PolicyFragment,
    Product,
    ProductApi,
    ProductPolicy,
    ServicePolicy,
)
from scanner.model.resource import Resource


def _is_current(api: Body) -> bool:
    """Whether calls reach it: older revisions are there to go back to."""
    return properties_of(api).get("isCurrent") is not False


def _below(at: type[Resource], of: type[Resource]) -> Read:
    return Read(
        of=of,
        at=at,
        operation=RestOperation(path=of.type.rpartition("/")[2]),
        action=f"{of.type}/read",
    )


READS = (
    Read(
        of=ApiService,
        operation=RestOperation(path=f"providers/{ApiService.type}"),
        action=f"{ApiService.type}/read",
        indexed=True,
    ),
    _below(ApiService, ServicePolicy),
    _below(ApiService, PolicyFragment),
    _below(ApiService, Product),
    _below(Product, ProductPolicy),
    _below(Product, ProductApi),
    _below(ApiService, Backend),
    _below(ApiService, NamedValue),
    _below(ApiService, GatewayDiagnostic),
    _below(ApiService, Api),
    Read(
        of=ApiPolicy,
        at=Api,
        operation=RestOperation(path="policies"),
        action=f"{ApiPolicy.type}/read",
        where=_is_current,
    ),
)
