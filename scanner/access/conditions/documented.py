"""The attributes that calls have, as far as is documented: from where, and which calls.

Sources: "Actions and attributes for Azure role assignment conditions" for Blob Storage,
for Azure Queue Storage and for authorization; "Key Vault ABAC" for secrets; "Microsoft
Entra attribute-based access control for repository permissions"; "Granular RBAC in
Azure Monitor Logs"; "Azure role assignment condition format and syntax".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scanner.access.conditions.syntax import Attribute

BLOB_ACTIONS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
MESSAGE_ACTIONS = "Microsoft.Storage/storageAccounts/queueServices/queues/messages/"
VAULT_ACTIONS = "Microsoft.KeyVault/vaults/secrets/"
REPOSITORY_ACTIONS = "Microsoft.ContainerRegistry/registries/repositories/"
ASSIGNMENT_ACTIONS = "Microsoft.Authorization/roleAssignments/"

BLOB_LIST = "Blob.List"
BLOB_WRITE_WITH_TAGS = "Blob.Write.WithTagHeaders"
SUB_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    f"{BLOB_ACTIONS}read".lower(): (BLOB_LIST,),
    f"{BLOB_ACTIONS}write".lower(): (BLOB_WRITE_WITH_TAGS, "Blob.Write.Tier"),
    f"{BLOB_ACTIONS}add/action".lower(): (BLOB_WRITE_WITH_TAGS,),
}
"""What the actions are called as, besides without such a name."""

ASSIGNMENT_SOURCES: Mapping[str, str] = {
    f"{ASSIGNMENT_ACTIONS}write".lower(): "Request",
    f"{ASSIGNMENT_ACTIONS}delete".lower(): "Resource",
}
"""Where each call has what it says of an assignment: what is created is in the request,
and what is removed is the resource."""

_STORAGE = "microsoft.storage/storageaccounts"
_CONTAINERS = f"{_STORAGE}/blobservices/containers"
_BLOBS = f"{_CONTAINERS}/blobs"
_ASSIGNMENTS = "microsoft.authorization/roleassignments"
_VAULTS = "microsoft.keyvault/vaults"
ACCOUNT_NAME = f"{_STORAGE}:name"
IS_HIERARCHICAL = f"{_STORAGE}:ishnsenabled"
BLOB_PATH = f"{_BLOBS}:path"
BLOB_PREFIX = f"{_BLOBS}:prefix"
IS_CURRENT = f"{_BLOBS}:iscurrentversion"
TAGS = f"{_BLOBS}/tags"
PRIVATE_LINK = "isprivatelink"
UTC_NOW = "utcnow"


@dataclass(frozen=True, slots=True)
class _Calls:
    """Some calls: each as its action, with the suboperation after a space."""

    begins: tuple[str, ...] = ("",)
    """How they begin, in lower case."""
    but: tuple[str, ...] = ()
    """Those to leave out, in lower case."""

    def have(self, action: str, sub_operation: str | None) -> bool:
        """Return whether a call is one of them."""
        name = action.lower()
        call = f"{name} {sub_operation.lower()}" if sub_operation else name
        is_out = call in self.but or name in self.but
        return call.startswith(self.begins) and not is_out


def _on(*begins: str, but: Iterable[str] = ()) -> _Calls:
    return _Calls(tuple(map(str.lower, begins)), tuple(map(str.lower, but)))


_LISTS = (f"{BLOB_ACTIONS}read {BLOB_LIST}", f"{BLOB_ACTIONS}filter/action")
"""Calls on many blobs: they have nothing that is of one."""
_EVERYWHERE = _on("")
_IN_CONTAINERS = _on(BLOB_ACTIONS)
_ON_BLOBS = _on(BLOB_ACTIONS, but=_LISTS)
_ON_QUEUES = _on(MESSAGE_ACTIONS)
_IN_STORAGE = _on(BLOB_ACTIONS, MESSAGE_ACTIONS)
_TAGGING = _on(
    f"{BLOB_ACTIONS}tags/write",
    f"{BLOB_ACTIONS}write {BLOB_WRITE_WITH_TAGS}",
    f"{BLOB_ACTIONS}add/action {BLOB_WRITE_WITH_TAGS}",
)
_MAKING = (f"{VAULT_ACTIONS}setSecret/action", f"{VAULT_ACTIONS}restore/action")
_IN_VAULTS = _on(VAULT_ACTIONS)
_ON_SECRETS = _on(VAULT_ACTIONS, but=_MAKING)

_NAMED: Mapping[tuple[str, str], _Calls] = {
    ("Resource", ACCOUNT_NAME): _IN_STORAGE,
    ("Resource", IS_HIERARCHICAL): _IN_STORAGE,
    ("Resource", f"{_CONTAINERS}:name"): _IN_CONTAINERS,
    ("Resource", BLOB_PATH): _ON_BLOBS,
    ("Resource", IS_CURRENT): _ON_BLOBS,
    ("Request", BLOB_PREFIX): _on(_LISTS[0]),
    ("Request", f"{_BLOBS}:include"): _on(_LISTS[0]),
    ("Request", f"{_BLOBS}:versionid"): _ON_BLOBS,
    ("Request", f"{_BLOBS}:snapshot"): _ON_BLOBS,
    ("Resource", f"{_STORAGE}/blobservices/encryptionscopes:name"): _ON_BLOBS,
    ("Request", f"{_STORAGE}/blobservices/encryptionscopes:name"): _ON_BLOBS,
    ("Resource", f"{_STORAGE}/queueservices/queues:name"): _ON_QUEUES,
    ("Resource", f"{_VAULTS}:name"): _IN_VAULTS,
    ("Resource", f"{_VAULTS}/secrets:name"): _ON_SECRETS,
    ("Request", f"{_VAULTS}/secrets:name"): _on(*_MAKING),
    ("Request", "microsoft.containerregistry/registries/repositories:name"): _on(
        REPOSITORY_ACTIONS
    ),
    **{
        (source, f"{_ASSIGNMENTS}:{key}"): _on(action)
        for action, source in ASSIGNMENT_SOURCES.items()
        for key in ("roledefinitionid", "principalid", "principaltype")
    },
    ("Request", "suboperation"): _EVERYWHERE,
    ("Environment", PRIVATE_LINK): _EVERYWHERE,
    ("Environment", UTC_NOW): _EVERYWHERE,
    ("Environment", "microsoft.network/privateendpoints"): _EVERYWHERE,
    ("Environment", "microsoft.network/virtualnetworks/subnets"): _EVERYWHERE,
}
"""Attributes by their source and name, and the calls that may have them."""

_KEYED: Mapping[tuple[str, str], _Calls] = {
    ("Resource", f"{_CONTAINERS}/metadata"): _IN_CONTAINERS,
    ("Resource", TAGS): _ON_BLOBS,
    ("Request", TAGS): _TAGGING,
    ("Principal", "microsoft.directory/customsecurityattributes/id"): _EVERYWHERE,
    ("Resource", "microsoft.operationalinsights/workspaces/tables"): _EVERYWHERE,
    ("Resource", "microsoft.operationalinsights/workspaces/tables/record"): _EVERYWHERE,
    ("Resource", "microsoft.insights/logs/tables"): _EVERYWHERE,
    ("Resource", "microsoft.insights/logs/tables/record"): _EVERYWHERE,
}
"""Those with a key that customers choose."""

ALWAYS_THERE = frozenset(
    {
        ("Resource", ACCOUNT_NAME),
        ("Resource", IS_HIERARCHICAL),
        ("Resource", f"{_CONTAINERS}:name"),
        ("Resource", BLOB_PATH),
        ("Resource", f"{_STORAGE}/queueservices/queues:name"),
        ("Resource", f"{_VAULTS}:name"),
        ("Resource", f"{_VAULTS}/secrets:name"),
        ("Request", f"{_VAULTS}/secrets:name"),
        ("Request", "microsoft.containerregistry/registries/repositories:name"),
        *(pair for pair in _NAMED if pair[1].startswith(f"{_ASSIGNMENTS}:")),
        ("Environment", PRIVATE_LINK),
    }
)
"""Attributes that every call has a value of that may have one at all: of others it is
not documented how they compare when absent."""

_SECRETS_LIST = f"{VAULT_ACTIONS}readMetadata/action".lower()
_ACTIONS = tuple(
    map(
        str.lower,
        (
            *(BLOB_ACTIONS, MESSAGE_ACTIONS, VAULT_ACTIONS),
            *(REPOSITORY_ACTIONS, ASSIGNMENT_ACTIONS),
        ),
    )
)
_SERVICES = tuple(f"{each.partition('/')[0]}/" for each in _ACTIONS)


def is_documented_attribute(attribute: Attribute) -> bool:
    """Return whether any call is documented to have an attribute from its source."""
    return _calls(attribute) is not None


def is_nowhere(attribute: Attribute) -> bool:
    """Return whether no call has an attribute: what its service has is documented.

    Of the services that are not known here nothing is told, nor of other sources.
    """
    if _calls(attribute) is not None:
        return False
    match attribute.source:
        case "Principal" | "Environment":
            return True
        case "Request" | "Resource":
            is_elsewhere = ("Environment", attribute.bare.lower()) in _NAMED
            return is_elsewhere or attribute.path.startswith(_SERVICES)
        case _:
            return False


def is_missing(
    attribute: Attribute, action: str, sub_operation: str | None = None
) -> bool:
    """Return whether calls of an action never have an attribute that others have."""
    calls = _calls(attribute)
    is_known = action.lower().startswith(_ACTIONS)
    return is_known and calls is not None and not calls.have(action, sub_operation)


def may_miss(attribute: Attribute, action: str) -> bool:
    """Return whether some calls of an action have no value of an attribute, by design.

    The action on metadata of secrets lists them too, and a list has no name of one.
    """
    is_name = attribute.bare.lower() == f"{_VAULTS}/secrets:name"
    return is_name and action.lower() == _SECRETS_LIST


def calls_of(action: str, named: Iterable[str] = ()) -> tuple[str | None, ...]:
    """Return what an action is called as: without a name, as documented, as `named`."""
    known = SUB_OPERATIONS.get(action.lower(), ())
    return tuple(dict.fromkeys((None, *known, *named)))


def _calls(attribute: Attribute) -> _Calls | None:
    found = _NAMED.get((attribute.source, attribute.bare.lower()))
    return found or _KEYED.get((attribute.source, attribute.path))
