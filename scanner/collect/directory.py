"""Microsoft Graph: the names of whom roles are given to, and who is in their groups.

Read only where a scan asks for it; its rights are no actions of Azure RBAC.
"""

from __future__ import annotations

from scanner.collect.read import Body, Every, GraphOperation, Read, kind_of
from scanner.model.directory import GROUP, DirectoryObject, GroupMember

PERMISSIONS = ("Application.Read.All", "GroupMember.Read.All", "User.Read.All")
"""What an application needs, or the directory role of `ROLE` instead."""
ROLE = "Directory Readers"


def _is_group(body: Body) -> bool:
    return kind_of(body) == GROUP


OBJECTS = Read(
    of=DirectoryObject,
    operation=GraphOperation(name="directoryObjects.getByIds"),
    action="",
    every=Every.TENANT,
)

MEMBERS = Read(
    of=GroupMember,
    at=DirectoryObject,
    operation=GraphOperation(name="groups.transitiveMembers"),
    action="",
    where=_is_group,
)

READS = (OBJECTS, MEMBERS)
