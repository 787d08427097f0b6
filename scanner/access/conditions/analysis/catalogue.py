"""The actions that conditions can restrict, as they are documented.

Sources: "Actions and attributes for Azure role assignment conditions" for Blob Storage,
for Azure Queue Storage and for authorization; "Key Vault ABAC" for secrets; "Microsoft
Entra attribute-based access control for repository permissions"; "Granular RBAC in
Azure Monitor Logs".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from scanner.access.conditions.documented import (
    ASSIGNMENT_ACTIONS,
    BLOB_ACTIONS,
    MESSAGE_ACTIONS,
    REPOSITORY_ACTIONS,
    VAULT_ACTIONS,
    calls_of,
    is_missing,
)
from scanner.access.conditions.errors import ConditionError
from scanner.access.conditions.parser import parse
from scanner.access.conditions.partial import addressed, residual
from scanner.access.conditions.syntax import (
    ActionMatches,
    Attribute,
    Expression,
    Literal,
    SubOperationMatches,
)
from scanner.access.conditions.walk import attributes_of, nodes, operands
from scanner.access.facts import Block
from scanner.access.patterns import first_match, matches_action

BLOB_READ = BLOB_ACTIONS + "read"
BLOB_WRITE = BLOB_ACTIONS + "write"
BLOB_TAGS_WRITE = BLOB_ACTIONS + "tags/write"
ASSIGNMENT_WRITE = ASSIGNMENT_ACTIONS + "write"
ASSIGNMENT_DELETE = ASSIGNMENT_ACTIONS + "delete"


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
    reading: tuple[str, ...] = ("read",)
    """Those that change nothing, first the one that gives away the data."""
    spared: tuple[str, ...] = ()
    """Those that can be restricted too and are better left alone."""
    on_data: bool = True

    @property
    def actions(self) -> tuple[str, ...]:
        """All that ought to be restricted alike, whole."""
        return tuple(self.prefix + name for name in self.names)

    @property
    def restrictable(self) -> tuple[str, ...]:
        """All that conditions can restrict, whole."""
        return tuple(self.prefix + name for name in (*self.names, *self.spared))

    @property
    def usual_actions(self) -> tuple[str, ...]:
        """What the commonest role grants, whole."""
        return tuple(self.prefix + name for name in self.usual)


FAMILIES = (
    Family(
        about="blobs",
        service="microsoft.storage/storageaccounts/blobservices",
        prefix=BLOB_ACTIONS,
        names=(
            *("read", "write", "delete", "add/action", "move/action"),
            *("tags/read", "tags/write", "filter/action"),
            *("deleteBlobVersion/action", "permanentDelete/action"),
            *("immutableStorage/runAsSuperUser/action", "runAsSuperUser/action"),
            *("manageOwnership/action", "modifyPermissions/action"),
        ),
        usual=("read", "write", "delete", "add/action", "move/action"),
        reading=("read", "tags/read", "filter/action"),
    ),
    Family(
        about="queue messages",
        service="microsoft.storage/storageaccounts/queueservices",
        prefix=MESSAGE_ACTIONS,
        names=("read", "write", "delete", "add/action", "process/action"),
        usual=("read", "write", "delete", "process/action"),
    ),
    Family(
        about="secrets",
        service="microsoft.keyvault/vaults",
        prefix=VAULT_ACTIONS,
        names=(
            *("getSecret/action", "setSecret/action", "update/action", "delete"),
            *("backup/action", "restore/action", "recover/action", "purge/action"),
        ),
        reading=("getSecret/action", "backup/action"),
        spared=("readMetadata/action",),  # by secret name it would break listing
    ),
    Family(
        about="repositories",
        service="microsoft.containerregistry/registries/repositories",
        prefix=REPOSITORY_ACTIONS,
        names=(
            *("content/read", "content/write", "content/delete"),
            *("metadata/read", "metadata/write", "metadata/delete"),
        ),
        usual=("content/read", "metadata/read"),
        reading=("content/read", "metadata/read"),
    ),
    Family(
        about="log tables",
        service="microsoft.operationalinsights/workspaces/tables",
        prefix="Microsoft.OperationalInsights/workspaces/tables/data/",
        names=("read",),
    ),
    Family(
        about="resource logs",
        service="microsoft.insights/logs",
        prefix="Microsoft.Insights/logs/data/",
        names=("read",),
    ),
    Family(
        about="role assignments",
        service="microsoft.authorization/roleassignments",
        prefix=ASSIGNMENT_ACTIONS,
        names=("write", "delete"),
        usual=("write", "delete"),
        on_data=False,
    ),
)
BLOBS, QUEUES, SECRETS, REPOSITORIES, LOG_TABLES, RESOURCE_LOGS, DELEGATION = FAMILIES


def families_of(expression: Expression) -> tuple[Family, ...]:
    """Return what an expression is about, by the actions and attributes in it.

    Wildcards and attributes of a whole account are about all that they reach.
    """
    paths = [attribute.path for attribute in attributes_of(expression)]
    patterns = action_patterns(expression)
    return tuple(
        family
        for family in FAMILIES
        if any(_is_of(path, family) for path in paths)
        or any(_means(pattern, family) for pattern in patterns)
    )


def _is_of(path: str, family: Family) -> bool:
    service = family.service
    return path.startswith(service) or service.startswith(f"{path}/")


def _means(pattern: str, family: Family) -> bool:
    every = family.restrictable
    return pattern.lower().startswith(family.service) or any(
        _matching((pattern,), every)
    )


def families_in(actions: Iterable[str]) -> tuple[Family, ...]:
    """Return the data that some actions are on."""
    lowered = [action.lower() for action in actions]
    return tuple(
        family
        for family in FAMILIES
        if any(action.startswith(family.prefix.lower()) for action in lowered)
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


def misplaced(expression: Expression) -> Iterator[Attribute]:
    """Yield the attributes that are asked for only of calls that never have them."""
    asked: dict[tuple[Attribute, int], bool] = {}
    named = sub_operations(expression)
    for action in named_actions(expression):
        for call in calls_of(action, named):
            for each in operands(addressed(expression, action, call)):
                if isinstance(each, Attribute):
                    place, missing = (each, each.start), is_missing(each, action, call)
                    asked[place] = asked.get(place, True) and missing
    return (each for (each, _), missing in asked.items() if missing)


def granted_actions(expression: Expression, role: Iterable[Block]) -> tuple[str, ...]:
    """Return the actions that a role grants, wildcards filled in as documented.

    What the condition names is filled in too, for services that are not known here, so
    long as it is an action on data: of others only role assignments are restricted.
    What a block excepts is left out, and so is what a condition of its own restricts.
    """
    named = [one for one in action_patterns(expression) if "*" not in one]
    unknown = tuple(one for one in named if not is_documented(one))
    return _distinct(
        action
        for block in role
        for data in (False, True)
        for action in _of_block(block, unknown, data=data)
    )


def _of_block(block: Block, named: tuple[str, ...], *, data: bool) -> Iterator[str]:
    listed, _ = block.plane(data=data)
    own = (one for one in _concrete(listed) if _may_be_of(one, data=data))
    for action in chain(own, _documented(on_data=data), named if data else ()):
        is_granted = grants(block, action, data=data)
        if is_granted and not _is_restricted(block.condition, action):
            yield action


def _may_be_of(action: str, *, data: bool) -> bool:
    """Return whether an action is one of a plane to judge, as far as is documented."""
    lowered = action.lower()
    for family in FAMILIES:
        if lowered.startswith(family.prefix.lower()):
            spared = {family.prefix.lower() + name.lower() for name in family.spared}
            return family.on_data is data and lowered not in spared
    return data


def grants(block: Block, action: str, *, data: bool) -> bool:
    """Return whether a permission block allows an action and does not except it."""
    allowed, excepted = block.plane(data=data)
    lowered = action.lower()
    return bool(first_match(allowed, lowered)) and not first_match(excepted, lowered)


def _is_restricted(condition: str | None, action: str) -> bool:
    """Return whether a block's own condition asks anything of an action."""
    if not condition or not condition.strip():
        return False
    try:
        return residual(parse(condition).expression, action) != Literal(True)
    except ConditionError:
        return True


def usual_actions(expression: Expression) -> tuple[str, ...]:
    """Return the actions to judge an expression by when the role is not known."""
    usual = (action for one in families_of(expression) for action in one.usual_actions)
    return _distinct(chain(named_actions(expression), usual))


def _documented(on_data: bool) -> Iterator[str]:
    for family in FAMILIES:
        if family.on_data is on_data:
            yield from family.actions


def is_documented(action: str) -> bool:
    """Return whether it is documented which actions on some data are restricted."""
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
