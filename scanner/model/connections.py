"""What connections of workspaces, Foundry accounts and projects have in common."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.model.fields import Flag, Text, Texts
from scanner.model.ids import ResourceId
from scanner.model.resource import Resource

_TARGET = "ResourceId"
"""As the portal and the samples write it."""


class Connection(Resource):
    """A connection to another service, with or without a stored key."""

    auth_type = Text("properties.authType")
    category = Text("properties.category")
    target = Text("properties.target")
    shared_to_all = Flag("properties.isSharedToAll")
    shared_users = Texts("properties.sharedUserList")
    error = Text("properties.error")

    @property
    def target_id(self) -> str | None:
        """The id of what it leads to, where whoever made it said so.

        The keys of `metadata` are theirs to choose, and so is the spelling of this one:
        the first that has a value counts. What names a part, as a project or a
        deployment of an account, leads to the resource.
        """
        found = self.lookup("properties.metadata")
        metadata = found if isinstance(found, Mapping) else {}
        spelled = [each for each in metadata if each.lower() == "resourceid"]
        key = next((each for each in spelled if metadata[each]), _TARGET)
        named = Text(f"properties.metadata.{key}").__get__(self, type(self))
        return ResourceId.parse(named).whole if named else named

    @property
    def authentication(self) -> str:
        """How it signs in, as received.

        `authType` tells which shape the rest has and is required: a connection that
        lacks it is not judged.
        """
        if not self.auth_type:
            raise self.unread("properties.authType", "says nothing")
        return self.auth_type
