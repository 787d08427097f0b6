"""Small tenants to ask about access: facts, and bare ARM bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from scanner.access.engine import Access
from scanner.access.gather import access_of
from scanner.collect.assemble import assemble
from scanner.model.cloud import Suffixes
from scanner.model.resources import Descendant
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory

if TYPE_CHECKING:
    from tests.conftest import Refuse, Unread

READ_AT = datetime(2026, 9, 1, tzinfo=UTC)

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
ROOT_GROUP = f"/providers/Microsoft.Management/managementGroups/{TENANT}"

AccessTo = Callable[..., Access]


@pytest.fixture
def access_to(refuse: Refuse) -> AccessTo:
    """Return a function that gives the access of a tenant of bare bodies.

    There is one subscription, right below the root management group unless `parents`
    says where, and with `unseen` its hierarchy was not to be read. `unread` names
    reads that were refused: (type, scope) pairs.
    """

    def open_tenant(
        *bodies: Mapping[str, Any],
        parents: Mapping[str, str] | None = None,
        unseen: bool = False,
        unread: Sequence[Unread] = (),
    ) -> Access:
        fixed = ({"id": ROOT_GROUP, "properties": {}}, {"id": SUBSCRIPTION})
        above = {SUBSCRIPTION: ROOT_GROUP} if parents is None else parents
        records, readings = assemble([*fixed, *bodies], TENANT, above)
        if unseen:
            records = [each for each in records if each.type != Descendant.type]
        records, readings = refuse(records, readings, unread)
        inventory = Inventory(
            TENANT,
            records,
            readings,
            read_at=READ_AT,
            suffixes=Suffixes(),
            whole_tenant=True,
        )
        return access_of(inventory.window(Settings()))

    return open_tenant
