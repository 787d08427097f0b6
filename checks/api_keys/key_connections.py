"""Which connections lead to a Cognitive Services account, and which hold its key."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from checks.shared.hosts import leads_to
from checks.shared.links import KINDS, connections_to
from scanner.model.cognitive import CognitiveAccount
from scanner.model.connections import Connection
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import ResourceId

ACCOUNT_KEYS = frozenset({"apikey", "accountkey", "customkeys"})
"""How a connection signs in with the key of a Cognitive Services account."""


def holds_key(connection: Connection) -> bool:
    """Whether it signs in with an account's key; raises NotRead if it does not say."""
    return connection.authentication.lower() in ACCOUNT_KEYS


def leads_to_account(connection: Connection) -> bool:
    """Whether what a connection leads to is a Cognitive Services account."""
    named = connection.target_id
    if named:
        return ResourceId.parse(named).type.lower() == CognitiveAccount.type.lower()
    return leads_to(connection.tenant, connection.target or "", CognitiveAccount)


@dataclass(frozen=True, slots=True)
class Leading:
    """The connections that lead to an account, as far as they were read."""

    keyed: tuple[Connection, ...]
    """Those that hold a key."""
    others: tuple[Connection, ...]
    unread: NotRead | None
    """Why there may be more of those that hold a key."""


def leading_to(account: CognitiveAccount) -> Leading:
    """Return the connections that lead to an account."""
    found: dict[bool | None, list[Connection]] = defaultdict(list)
    unclear = Unclear()
    with unclear:
        for connection in connections_to(account, *KINDS):
            found[_keyed(connection, unclear)].append(connection)
    return Leading(tuple(found[True]), tuple(found[False]), unclear.problem)


def _keyed(connection: Connection, unclear: Unclear) -> bool | None:
    """Whether a connection holds a key; None, and why is kept, if it is not told."""
    with unclear:
        return holds_key(connection)
    return None
