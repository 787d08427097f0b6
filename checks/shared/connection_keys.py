"""How connections sign in: one judgement for those of workspaces and of accounts."""

from __future__ import annotations

from checks.shared.connections import ENTRA, KEYS, NEITHER, OTHERWISE, takes_entra
from checks.shared.wording import shown
from scanner.model.check import Verdict, failed, not_applicable, passed, warned
from scanner.model.connections import Connection

_EXCEPTION = (
    "If the service behind this connection takes no Entra token, keep the connection "
    "to the one project that needs it, rotate its key, and record an exemption with an "
    "owner and an expiry."
)


def sign_in(connection: Connection) -> Verdict:
    """Return whether a connection uses Entra ID; raises NotRead if it does not say."""
    kind = connection.authentication
    if kind.lower() in ENTRA:
        return passed(f"authType is {kind}")
    if kind.lower() in NEITHER:
        return warned(f"authType is {kind}: {OTHERWISE[kind.lower()]}")
    if kind.lower() not in KEYS:
        return warned(f"authType is {shown(kind)}, which is not a known type")
    if takes_entra(connection):
        return failed(f"authType is {kind}")
    category = shown(connection.category)
    said = f"{category} names no service that takes Entra ID"
    return warned(f"authType is {kind}; {said}", _EXCEPTION)


def shared_key(connection: Connection) -> Verdict:
    """Return whether everybody may use a key; raises NotRead if that is not said."""
    kind = connection.authentication
    shared = bool(connection.shared_to_all)
    if kind.lower() in ENTRA | NEITHER:
        return not_applicable(f"authType is {kind}: no key to share")
    if not shared:
        return passed("isSharedToAll is not true")
    if kind.lower() not in KEYS:
        return warned(
            f"shared with all, and authType {shown(kind)} is not a known type"
        )
    if connection.shared_users:
        return warned(
            f"authType is {kind} and isSharedToAll is true, "
            f"beside a list of {len(connection.shared_users)} users"
        )
    return failed(f"authType is {kind} and isSharedToAll is true")
