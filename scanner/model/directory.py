"""Whom roles are given to: users, groups and applications, as the directory has them.

They are no ARM resources. A snapshot holds what Microsoft Graph returned of one as
`properties`, under an id made of its tenant's and its own.
"""

from __future__ import annotations

from scanner.model.fields import Text
from scanner.model.resource import Children, Resource

API_VERSION = "v1.0"
GROUP = "group"
"""The kind that has members."""


class Named(Resource):
    """Someone or something in a directory, with the names it goes by."""

    kind = Text("kind")
    """Graph's type without its namespace: `user`, `group`, `servicePrincipal`."""
    display_name = Text("properties.displayName")
    user_name = Text("properties.userPrincipalName")


class GroupMember(Named):
    """Whoever is in a group, directly or through other groups."""

    type = "Microsoft.Graph/directoryObjects/members"
    api_version = API_VERSION


class DirectoryObject(Named):
    """Whoever roles are given to."""

    type = "Microsoft.Graph/directoryObjects"
    api_version = API_VERSION

    owner_tenant = Text("properties.appOwnerOrganizationId", absent_is_unread=True)
    """The tenant an application is of; null for a managed identity."""

    members = Children(GroupMember)


def member_id(tenant_id: str, group_id: str, principal_id: str) -> str:
    """Return the id that a snapshot has of a member of a group."""
    return f"{object_id(tenant_id, group_id)}/members/{principal_id}"


def object_id(tenant_id: str, principal_id: str) -> str:
    """Return the id that a snapshot has of a principal."""
    return f"/tenants/{tenant_id}/providers/{DirectoryObject.type}/{principal_id}"
