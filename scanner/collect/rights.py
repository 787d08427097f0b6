"""What the scanner itself may read, as Azure says."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.access.patterns import matches_action
from scanner.arm.session import Session

_VERSION = "2022-04-01"


class Permission(msgspec.Struct, frozen=True, rename="camel"):
    """One block of what the caller may do at a scope."""

    actions: list[str] = []
    not_actions: list[str] = []

    def allows(self, action: str) -> bool:
        """Whether the block grants an action: `*` matches any characters, `/` too."""
        return _any(self.actions, action) and not _any(self.not_actions, action)


class _Permissions(msgspec.Struct, frozen=True):
    value: list[Permission]


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(matches_action(pattern, action) for pattern in patterns)


async def own_permissions(session: Session, scope: str) -> list[Permission]:
    """Return what the signed-in principal may do at a scope.

    `GET {scope}/providers/Microsoft.Authorization/permissions`, 2022-04-01. Raises
    ReadError where Azure does not say.
    """
    path = f"{scope}/providers/Microsoft.Authorization/permissions"
    answer = await session.get(f"{path}?api-version={_VERSION}", _Permissions)
    return answer.value


def allows(permissions: Iterable[Permission], action: str) -> bool:
    """Whether any block grants an action."""
    return any(permission.allows(action) for permission in permissions)
