"""Where resources may lie that were not read, so that an index says what it lacks."""

from __future__ import annotations

from checks.shared.grants import access
from scanner.access.scopes import base_of, is_group
from scanner.model.authorization import RoleAssignment
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.resource import Resource
from scanner.model.resources import Subscription
from scanner.model.tenant import Tenant


class Unlisted:
    """The scopes in which there may be more resources of some types than are known."""

    def __init__(self, tenant: Tenant, *views: type[Resource]) -> None:
        self._views = views
        self._in_subscription: dict[str, NotRead] = {}
        self._above: dict[str, NotRead] = {}
        # Where a subscription's place in the hierarchy is not known, any management
        # group may have what is in it.
        self._adrift: NotRead | None = None
        for subscription in tenant.all(Subscription).known():
            self._note(tenant, subscription)

    def _note(self, tenant: Tenant, subscription: Subscription) -> None:
        lists = (tenant.within(view, subscription.id) for view in self._views)
        missing = next((each.missing for each in lists if each.missing), None)
        if missing:
            self._in_subscription[subscription.key] = missing
            for scope in access(tenant).scopes(subscription.id):
                self._above.setdefault(scope, missing)
        if not access(tenant).knows_above(subscription.id):
            assigned = tenant.within(RoleAssignment, subscription.id)
            self._adrift = self._adrift or missing or assigned.missing

    def at(self, scope: str) -> NotRead | None:
        """Return why there may be more at a scope or below it, None if there is not."""
        key = id_key(scope)
        found = self._above.get(key) or self._in_subscription.get(base_of(key))
        return found or (self._adrift if is_group(key) else None)
