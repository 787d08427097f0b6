"""Resources that a storage firewall lets in by their own ids."""

from __future__ import annotations

from collections.abc import Iterator

from checks.shared.perimeters import guard_of
from checks.shared.wording import shown
from scanner.model.ids import ResourceId
from scanner.model.storage import ResourceAccessRule, StorageAccount

ANY = "*"


def strangers(account: StorageAccount) -> list[str]:
    """Return the resources of others that a firewall lets in, as a sentence names them.

    Those of another tenant, and all of a type beyond the account's own group. They get
    in with public access off as well, not where an enforced perimeter decides. Raises
    NotRead where a rule does not say whom it lets in, or as `guard_of`.
    """
    rules = account.resource_access_rules
    if not rules or guard_of(account):
        return []
    return [said for rule in rules for said in _strange(rule, account)]


def _strange(rule: ResourceAccessRule, account: StorageAccount) -> Iterator[str]:
    if not rule.tenant_id:
        raise rule.unread("tenantId", "says nothing")
    if not rule.resource_id:
        raise rule.unread("resourceId", "says nothing")
    if rule.tenant_id.lower() != account.tenant.id.lower():
        yield f"{shown(rule.resource_id)} of tenant {shown(rule.tenant_id)}"
    elif _is_wide(ResourceId.parse(rule.resource_id), account.parts):
        yield f"every {shown(rule.resource_id)}"


def _is_wide(named: ResourceId, own: ResourceId) -> bool:
    """Whether an id stands for all of a type, in more than a group of one's own."""
    place = named.subscription.lower(), named.resource_group.lower()
    if ANY in place:
        return True
    home = own.subscription.lower(), own.resource_group.lower()
    return named.name == ANY and place != home
