"""Microsoft Graph: whom roles are given to, who is in groups, which applications.

Read only where a scan asks for it; its rights are no actions of Azure RBAC.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner.collect.read import Body, Every, GraphOperation, Read, kind_of
from scanner.model.directory import (
    APPLICATION,
    GROUP,
    MICROSOFT,
    Application,
    AppRole,
    Consent,
    DirectoryObject,
    GroupMember,
    object_id,
)

PERMISSIONS = {
    "Application.Read.All": "applications and what they are permitted",
    "DelegatedPermissionGrant.Read.All": "consents to applications of other tenants",
    "GroupMember.Read.All": "groups and who is in them",
    "User.Read.All": "the names of people",
}
"""What an application needs and what for, or the directory role of `ROLE` instead."""
ROLE = "Directory Readers"

_PARTS_OF_SECRETS = frozenset({"hint", "secrettext", "key", "customkeyidentifier"})
"""What Graph has of a credential that is a secret, or tells the first letters of it.

In lower case.
"""


def _is_group(body: Body) -> bool:
    return kind_of(body) == GROUP


def _is_stub(body: Body) -> bool:
    """Whether an object stands for an application of another tenant.

    Managed identities are of none, and Microsoft's own are in every directory.
    """
    properties = body.get("properties")
    owner = properties.get("appOwnerOrganizationId") if properties else None
    home = str(body.get("id")).split("/")[2:3]
    return (
        kind_of(body) == APPLICATION.lower()
        and isinstance(owner, str)
        and owner.lower() not in {*MICROSOFT, *map(str.lower, home)}
    )


def _itself(member: str, _: Body) -> str:
    """Return the id that a member of a group has in the directory."""
    return object_id(member.split("/")[2], member.rpartition("/")[2])


def _without_secrets(body: Body) -> Body:
    properties = body.get("properties")
    if not isinstance(properties, dict):
        return body
    return {**body, "properties": {**properties, **dict(_credentials(properties))}}


def _credentials(properties: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    return [
        (name, [_bare(each) for each in found])
        for name in ("passwordCredentials", "keyCredentials")
        if isinstance(found := properties.get(name), list)
    ]


def _bare(credential: Any) -> Any:
    if not isinstance(credential, dict):
        return credential
    return {k: v for k, v in credential.items() if k.lower() not in _PARTS_OF_SECRETS}


OBJECTS = Read(
    of=DirectoryObject,
    operation=GraphOperation(name="directoryObjects.getByIds"),
    action="",
    every=Every.TENANT,
    keep=_without_secrets,
)

APPLICATIONS = Read(
    of=Application,
    operation=GraphOperation(name="applications.list"),
    action="",
    every=Every.TENANT,
    keep=_without_secrets,
)

MEMBERS = Read(
    of=GroupMember,
    at=DirectoryObject,
    operation=GraphOperation(name="groups.transitiveMembers"),
    action="",
    where=_is_group,
)

APP_ROLES = Read(
    of=AppRole,
    at=DirectoryObject,
    operation=GraphOperation(name="servicePrincipals.appRoleAssignments"),
    action="",
    where=_is_stub,
)

CONSENTS = Read(
    of=Consent,
    at=DirectoryObject,
    operation=GraphOperation(name="servicePrincipals.oauth2PermissionGrants"),
    action="",
    where=_is_stub,
)

OF_MEMBERS = tuple(
    replace(each, at=GroupMember, place=_itself) for each in (APP_ROLES, CONSENTS)
)
"""What is permitted to those who hold roles in a group, and may by themselves too."""

AT_TENANT = (OBJECTS, APPLICATIONS)
READS = (*AT_TENANT, MEMBERS, APP_ROLES, CONSENTS, *OF_MEMBERS)
