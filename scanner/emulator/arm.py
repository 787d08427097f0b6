"""Azure Resource Manager: what a GET answers, from one tenant."""

from __future__ import annotations

import re

from scanner.emulator.ask import Ask, Target, target_of
from scanner.emulator.estate import Estate, Tenant, group_of, list_path
from scanner.emulator.events import event_listing
from scanner.emulator.listing import Listing
from scanner.emulator.missing import missing_parent, missing_resource
from scanner.emulator.paging import page
from scanner.emulator.reply import Reply, arm_error, encode, json_reply
from scanner.emulator.roles import PROVIDER, role_definition, role_listing
from scanner.emulator.tokens import ISSUER

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ResourceManager:
    """Answers the GETs of one principal in one of several tenants."""

    def __init__(
        self, estate: Estate, *, page_size: int, actions: tuple[str, ...]
    ) -> None:
        self._tenants = {tenant.id: tenant for tenant in estate.tenants}
        self._page_size = page_size
        self._actions = actions

    def answer(self, ask: Ask, tenant_id: str) -> Reply:
        """Return what a tenant answers to a GET."""
        tenant = self._tenants[tenant_id]
        return (
            self._closed(ask, tenant)
            or self._known(ask, tenant)
            or _other(ask, tenant, self._page_size)
        )

    def _known(self, ask: Ask, tenant: Tenant) -> Reply | None:
        """Answer what was read: a list, or a resource."""
        listing = self._listing(ask, tenant)
        if listing is not None:
            return page(ask, listing, self._page_size)
        body = tenant.resources.get(ask.key)
        return Reply(body=body) if body is not None else None

    def _listing(self, ask: Ask, tenant: Tenant) -> Listing | None:
        if PROVIDER in ask.key:
            listing = role_listing(tenant, ask, self._actions)
            if listing is not None:
                return listing
        events = event_listing(tenant, ask)
        if events is not None:
            return events
        if ask.key == "/tenants":
            return Listing(("",), (_tenant_body(tenant.id),))
        return tenant.listings.get(ask.key)

    def _closed(self, ask: Ask, tenant: Tenant) -> Reply | None:
        """Refuse what lies in no subscription of the token's tenant."""
        subscription = ask.subscription
        if not subscription or subscription in tenant.subscriptions:
            return None
        for other in self._tenants.values():
            if subscription in other.subscriptions:
                return _wrong_tenant(tenant.id, other.id)
        if not _GUID.fullmatch(subscription):
            message = (
                f"The provided subscription identifier '{subscription}' is malformed "
                "or invalid."
            )
            return arm_error(400, "InvalidSubscriptionId", message)
        message = f"The subscription '{subscription}' could not be found."
        return arm_error(404, "SubscriptionNotFound", message)


def _other(ask: Ask, tenant: Tenant, page_size: int) -> Reply:
    """Answer what no read of the snapshot asked for."""
    target = target_of(ask.key)
    if "/" not in target.type:
        return json_reply(_provider(ask))
    if target.name:
        return _other_resource(ask, tenant, target)
    if not ask.subscription and "/providers/" not in ask.key:
        return arm_error(404, "NotFound", f"No resource answers at '{ask.path}'.")
    if target.scope and target.scope == group_of(target.scope):
        return _group_list(ask, tenant, target, page_size)
    return missing_parent(tenant, target) or page(ask, Listing(), page_size)


def _other_resource(ask: Ask, tenant: Tenant, target: Target) -> Reply:
    body = role_definition(tenant, ask.key)
    if body is not None:
        return Reply(body=body)
    return missing_resource(ask, tenant, target)


def _group_list(ask: Ask, tenant: Tenant, target: Target, page_size: int) -> Reply:
    """Answer a list in a resource group: its part of the subscription's list."""
    if target.scope not in tenant.groups and target.scope not in tenant.resources:
        return missing_resource(ask, tenant, target_of(target.scope))
    path = list_path(target.type, f"/subscriptions/{ask.subscription}")
    whole = tenant.listings.get(path, Listing())
    inside = [
        (key, item)
        for key, item in zip(whole.keys, whole.items, strict=True)
        if key.startswith(f"{target.scope}/")
    ]
    keys, items = zip(*inside, strict=True) if inside else ((), ())
    return page(ask, Listing(keys, items, whole.gap), page_size)


def _tenant_body(tenant_id: str) -> bytes:
    """Return a tenant as `GET /tenants` lists it: it has no `type`."""
    return encode(
        {
            "id": f"/tenants/{tenant_id}",
            "tenantId": tenant_id,
            "tenantCategory": "Home",
        }
    )


def _provider(ask: Ask) -> dict[str, object]:
    namespace = ask.path.rpartition("/")[2]
    return {
        "id": ask.path,
        "namespace": namespace,
        "registrationState": "Registered",
        "resourceTypes": [],
    }


def _wrong_tenant(token_tenant: str, tenant: str) -> Reply:
    """Return how a subscription is closed to the tokens of another tenant."""
    message = (
        f"The access token is from the wrong issuer '{ISSUER}/{token_tenant}/'. It "
        f"must match the tenant '{ISSUER}/{tenant}/' associated with this "
        "subscription. Please use the authority (URL) "
        f"'https://login.windows.net/{tenant}' to get the token."
    )
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/{tenant}", '
        'error="invalid_token", error_description="The access token is from the wrong '
        'issuer."'
    )
    return arm_error(
        401, "InvalidAuthenticationTokenTenant", message, WWW_Authenticate=challenge
    )
