"""DNS of small tenants, from bare ARM bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.collect.assemble import assemble
from scanner.dns.gather import dns_of
from scanner.dns.resolver import Resolver
from scanner.model.cloud import Suffixes
from scanner.model.coverage import Gap, Outcome, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Resource
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"

Unread = tuple[type[Resource], str]
Gathered = Callable[..., Resolver]


def _refused(reading: Reading) -> Reading:
    gap = Gap(
        tenant_id=TENANT,
        scope=reading.scope,
        resource_type=reading.resource_type,
        operation=reading.operation,
        reason="refused",
        http_status=403,
        error_code="AuthorizationFailed",
    )
    return replace(reading, outcome=Outcome.GAP, gaps=(gap,))


@pytest.fixture
def gathered() -> Gathered:
    """Return a function that gives the DNS of a tenant with one subscription.

    `unread` names reads that were refused: (type, scope) pairs. What lies at them is
    kept: a list may be refused half way.
    """

    def gather(
        *bodies: Mapping[str, Any],
        unread: Sequence[Unread] = (),
        whole_tenant: bool = True,
    ) -> Resolver:
        records, readings = assemble([{"id": SUBSCRIPTION}, *bodies], TENANT)
        refused = {(view.type.lower(), id_key(scope)) for view, scope in unread}
        known = {(r.resource_type.lower(), id_key(r.scope)) for r in readings}
        assert refused <= known, f"no such read: {refused - known}"
        inventory = Inventory(
            TENANT,
            records,
            [
                _refused(r)
                if (r.resource_type.lower(), id_key(r.scope)) in refused
                else r
                for r in readings
            ],
            read_at=READ_AT,
            suffixes=Suffixes(),
            whole_tenant=whole_tenant,
        )
        return inventory.window(Settings()).once(dns_of)

    return gather
