"""What a narrowed scan leaves open: more may lie in the subscriptions it left out.

Be it that an option narrowed it, or that a disabled subscription was not named.
That nothing refers to a resource, leads to it or looks after it is known only of what
was scanned. What rests on such an absence is a finding without doubt where nothing
narrowed the scan; otherwise a failure is a warning that says how far it can be relied
on, and that a check does not apply is not said at all.
"""

from __future__ import annotations

from scanner.access.scopes import base_of
from scanner.model.check import Verdict, failed, warned
from scanner.model.coverage import NotRead
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant

_BOUND = "(lower bound: not all was scanned)"


def so_far(tenant: Tenant, reason: str) -> str:
    """Return a reason that rests on an absence, with how far it can be relied on."""
    said = tenant.whole or reason.endswith(_BOUND)
    return reason if said else f"{reason} {_BOUND}"


def failed_so_far(tenant: Tenant, reason: str, advice: str = "") -> Verdict:
    """Return that what is required was not found: a warning in a narrowed scan."""
    return (failed if tenant.whole else warned)(so_far(tenant, reason), advice)


def require_all_scanned(tenant: Tenant, what: str) -> None:
    """Raise NotRead if something may lie where a narrowed scan did not look.

    Call it before saying that there is none, so that a check does not apply.
    """
    if not tenant.whole:
        raise NotRead(f"{what} may lie outside the scan")


def require_scanned_at(tenant: Tenant, scope: str, what: str) -> None:
    """Raise NotRead as `require_all_scanned`, if a scope may reach that far."""
    if reaches_out(tenant, scope):
        require_all_scanned(tenant, what)


def reaches_out(tenant: Tenant, scope: str) -> bool:
    """Whether a scope may reach subscriptions that a narrowed scan left out."""
    return not (tenant.whole or base_of(id_key(scope)).startswith("/subscriptions/"))
