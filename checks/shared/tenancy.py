"""What is another tenant's, and whether somebody approved of it."""

from __future__ import annotations

from collections.abc import Iterable

from checks.shared.wording import printable, some
from scanner.model.check import Verdict, failed, warned
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant


def is_ours(tenant: Tenant, resource_id: str) -> bool:
    """Whether a resource lies in the tenant, by its subscription.

    Raises NotRead where the scan may have left its subscription out.
    """
    if tenant.scanned(ResourceId.parse(resource_id).subscription):
        return True
    if tenant.is_foreign(resource_id):
        return False
    raise NotRead(f"{resource_id}: outside the scan")


def is_gone(tenant: Tenant, view: type[Resource], resource_id: str) -> bool:
    """Whether a resource of the tenant is known not to be there (any more)."""
    try:
        return is_ours(tenant, resource_id) and tenant.get(view, resource_id) is None
    except NotRead:
        return False


def unreviewed(
    tenant: Tenant, what: str, tenant_ids: Iterable[str | None]
) -> Verdict | None:
    """Return the finding on tenants that no setting approves; None where all are.

    While nobody has listed any, they have not been reviewed, which is no failure yet.
    """
    approved = tenant.settings.approved_tenants
    ours = {each.lower() for each in (tenant.id, *approved)}
    others = dict.fromkeys(each for each in tenant_ids if each)
    unknown = [each for each in others if each.lower() not in ours]
    return _finding(what, unknown, approved, "approved_tenants")


def unreviewed_managers(
    tenant: Tenant, what: str, resource_ids: Iterable[str]
) -> Verdict | None:
    """Return the finding on foreign network managers, or on what lies in them."""
    approved = tenant.settings.approved_network_managers
    listed = [*map(id_key, approved)]
    unknown = [each for each in resource_ids if not _is_in(id_key(each), listed)]
    names = [*map(_named, unknown)]
    return _finding(what, names, approved, "approved_network_managers")


def _is_in(key: str, managers: Iterable[str]) -> bool:
    return any(f"{key}/".startswith(f"{manager}/") for manager in managers)


def _named(resource_id: str) -> str:
    parts = ResourceId.parse(resource_id)
    return f"{parts.name} of subscription {parts.subscription}"


def _finding(
    what: str, unknown: list[str], approved: tuple[str, ...], setting: str
) -> Verdict | None:
    if not unknown:
        return None
    names = some(printable(each) for each in unknown)
    if approved:
        return failed(f"{what} {names}, not listed in {setting}")
    return warned(f"{what} {names}, not reviewed: {setting} is empty")
