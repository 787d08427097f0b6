"""How connections sign in: one judgement for those of workspaces and of accounts."""

from __future__ import annotations

from contextlib import suppress

from checks.shared.connections import (
    ENTRA,
    KEYS,
    NEITHER,
    OTHERWISE,
    takes_entra,
    target,
)
from checks.shared.wording import shown
from scanner.model.check import Verdict, failed, not_applicable, passed, warned
from scanner.model.cognitive import CognitiveAccount
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead
from scanner.model.search import SearchService

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
        return failed(f"authType is {kind}", _advice(connection))
    category = shown(connection.category)
    said = f"{category} names no service that takes Entra ID"
    return warned(f"authType is {kind}; {said}", _EXCEPTION)


def _advice(connection: Connection) -> str:
    """Return what to change in the target first, for it would refuse every token.

    Empty where it takes them, or is not known.
    """
    with suppress(NotRead):
        found = target(connection, SearchService, CognitiveAccount)
        if isinstance(found, SearchService) and takes_keys_only(found):
            return _MOVE.format(
                name=shown(found.name),
                takes="keys only: set its authOptions to aadOrApiKey",
            )
        if isinstance(found, CognitiveAccount) and not found.custom_subdomain:
            return _MOVE.format(
                name=shown(found.name),
                takes="no tokens without a subdomain: give it a custom subdomain",
            )
    return ""


_MOVE = (
    "Make the target accept tokens first. {name} takes {takes}. Then grant the data "
    "roles to those who use the connection, and recreate it with Entra ID."
)


def takes_keys_only(service: SearchService) -> bool:
    """Whether a Search service refuses tokens, as it does until it is told otherwise.

    Absent or null options are `apiKeyOnly` (Search management REST reference,
    2025-05-01); one that has its keys switched off takes tokens whatever they say.
    """
    return not service.local_auth_disabled and service.keys_or_tokens is None


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
