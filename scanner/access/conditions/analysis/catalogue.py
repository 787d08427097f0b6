"""The actions that conditions can restrict, as they are documented.

Sources: "Actions and attributes for Azure role assignment conditions" for Blob Storage,
for Azure Queue Storage and for authorization; "Key Vault ABAC" for secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from scanner.access.conditions.syntax import (
    ActionMatches,
    Expression,
    SubOperationMatches,
)
from scanner.access.conditions.walk import attributes_of, nodes
from scanner.access.patterns import matches_action

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
_MESSAGES = "Microsoft.Storage/storageAccounts/queueServices/queues/messages/"
_SECRETS = "Microsoft.KeyVault/vaults/secrets/"
_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments/"

BLOB_READ = _BLOBS + "read"
BLOB_WRITE = _BLOBS + "write"
BLOB_TAGS_WRITE = _BLOBS + "tags/write"
BLOB_LIST = "Blob.List"
BLOB_WRITE_WITH_TAGS = "Blob.Write.WithTagHeaders"
ASSIGNMENT_WRITE = _ASSIGNMENTS + "write"
ASSIGNMENT_DELETE = _ASSIGNMENTS + "delete"


@dataclass(frozen=True, slots=True)
class Family:
    """Actions on the same data."""

    about: str
    service: str
    """How the names of its actions and attributes begin, in lower case."""
    prefix: str
    names: tuple[str, ...]
    usual: tuple[str, ...] = ()
    """What the commonest role grants: judged by where the role is not known."""
    on_data: bool = True

    @property
    def actions(self) -> tuple[str, ...]:
        """All of them, whole."""
        return tuple(self.prefix + name for name in self.names)

    @property
    def usual_actions(self) -> tuple[str, ...]:
        """What the commonest role grants, whole."""
        return tuple(self.prefix + name for name in self.usual)


FAMILIES = (
    Family(
        about="blobs",
        service="microsoft.storage/storageaccounts/blobservices",
        prefix=_BLOBS,
        names=(
            *("read", "write", "delete", "add/action", "move/action"),
            *("tags/read", "tags/write", "filter/action"),
            *("deleteBlobVersion/action", "permanentDelete/action"),
            *("immutableStorage/runAsSuperUser/action", "runAsSuperUser/action"),
            *("manageOwnership/action", "modifyPermissions/action"),
        ),
        usual=("read", "write", "delete", "add/action", "move/action"),
    ),
    Family(
        about="queue messages",
        service="microsoft.storage/storageaccounts/queueservices",
        prefix=_MESSAGES,
        names=("read", "write", "delete", "add/action", "process/action"),
        usual=("read", "write", "delete", "process/action"),
    ),
    Family(
        about="secrets",
        service="microsoft.keyvault/vaults",
        prefix=_SECRETS,
        # Without readMetadata: a condition on it by secret name breaks listing.
        names=(
            *("getSecret/action", "setSecret/action", "update/action", "delete"),
            *("backup/action", "restore/action", "recover/action", "purge/action"),
        ),
    ),
    Family(
        about="role assignments",
        service="microsoft.authorization/roleassignments",
        prefix=_ASSIGNMENTS,
        names=("write", "delete"),
        usual=("write", "delete"),
        on_data=False,
    ),
)
BLOBS, QUEUES, SECRETS, DELEGATION = FAMILIES


def families_of(expression: Expression) -> tuple[Family, ...]:
    """Return what an expression is about, by the actions and attributes in it."""
    named = [
        *(attribute.path for attribute in attributes_of(expression)),
        *(pattern.lower() for pattern in action_patterns(expression)),
    ]
    return tuple(
        family
        for family in FAMILIES
        if any(name.startswith(family.service) for name in named)
    )


def action_patterns(expression: Expression) -> tuple[str, ...]:
    """Return the patterns of actions that an expression names, each once."""
    found = (
        node.pattern for node in nodes(expression) if isinstance(node, ActionMatches)
    )
    return tuple(dict.fromkeys(found))


def sub_operations(expression: Expression) -> tuple[str, ...]:
    """Return the suboperations that an expression names, each once."""
    found = (
        node.pattern
        for node in nodes(expression)
        if isinstance(node, SubOperationMatches)
    )
    return tuple(dict.fromkeys(found))


def named_actions(expression: Expression) -> tuple[str, ...]:
    """Return the actions an expression names, wildcards filled in as documented."""
    patterns = action_patterns(expression)
    every = (action for family in FAMILIES for action in family.actions)
    return _distinct(chain(_concrete(patterns), _matching(patterns, every)))


def granted_actions(
    expression: Expression, actions: Iterable[str], data_actions: Iterable[str]
) -> tuple[str, ...]:
    """Return the actions that a role grants, wildcards filled in as documented.

    What the condition names is filled in too, for services that are not known here.
    """
    control, data = tuple(actions), tuple(data_actions)
    named = [one for one in action_patterns(expression) if "*" not in one]
    granted = chain(
        _concrete((*control, *data)),
        _matching(control, _documented(on_data=False)),
        _matching(data, _documented(on_data=True)),
        _matching((*control, *data), (one for one in named if not _is_documented(one))),
    )
    return _distinct(granted)


def usual_actions(expression: Expression) -> tuple[str, ...]:
    """Return the actions to judge an expression by when the role is not known."""
    usual = (action for one in families_of(expression) for action in one.usual_actions)
    return _distinct(chain(named_actions(expression), usual))


def _documented(on_data: bool) -> Iterator[str]:
    for family in FAMILIES:
        if family.on_data is on_data:
            yield from family.actions


def _is_documented(action: str) -> bool:
    return any(action.lower().startswith(one.prefix.lower()) for one in FAMILIES)


def _concrete(patterns: Iterable[str]) -> Iterator[str]:
    return (pattern for pattern in patterns if "*" not in pattern)


def _matching(patterns: tuple[str, ...], actions: Iterable[str]) -> Iterator[str]:
    return (
        action
        for action in actions
        if any(matches_action(pattern, action) for pattern in patterns)
    )


def _distinct(actions: Iterable[str]) -> tuple[str, ...]:
    """Return actions each once, whatever their case, as first written."""
    found: dict[str, str] = {}
    for action in actions:
        found.setdefault(action.lower(), action)
    return tuple(found.values())
