"""DNS of small tenants, from bare ARM bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from scanner.collect.assemble import assemble
from scanner.dns.gather import dns_of
from scanner.dns.resolver import Resolver
from scanner.model.cloud import Suffixes
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory, Tenant

if TYPE_CHECKING:
    from tests.conftest import Refuse, Unread

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"

Gathered = Callable[..., Resolver]
Opened = Callable[..., Tenant]


@pytest.fixture
def opened(refuse: Refuse) -> Opened:
    """Return a function that gives a tenant with one subscription.

    `unread` names reads that were refused: (type, scope) pairs. What lies at them is
    kept: a list may be refused half way.
    """

    def open_tenant(
        *bodies: Mapping[str, Any],
        unread: Sequence[Unread] = (),
        whole_tenant: bool = True,
    ) -> Tenant:
        records, readings = assemble([{"id": SUBSCRIPTION}, *bodies], TENANT)
        _, readings = refuse(records, readings, unread)
        inventory = Inventory(
            TENANT,
            records,
            readings,
            read_at=READ_AT,
            suffixes=Suffixes(),
            whole_tenant=whole_tenant,
        )
        return inventory.window(Settings())

    return open_tenant


@pytest.fixture
def gathered(opened: Opened) -> Gathered:
    """Return a function that gives the DNS of such a tenant."""
    return lambda *bodies, **options: opened(*bodies, **options).once(dns_of)
