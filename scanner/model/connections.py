"""What connections of workspaces, Foundry accounts and projects have in common."""

from __future__ import annotations

from scanner.model.fields import Flag, Text, Texts
from scanner.model.resource import Resource


class Connection(Resource):
    """A connection to another service, with or without a stored key."""

    auth_type = Text("properties.authType")
    category = Text("properties.category")
    target = Text("properties.target")
    target_id = Text("properties.metadata.ResourceId")
    """What it leads to, where whoever made it said so; the keys here are free."""
    shared_to_all = Flag("properties.isSharedToAll")
    shared_users = Texts("properties.sharedUserList")
    error = Text("properties.error")

    @property
    def authentication(self) -> str:
        """How it signs in, as received.

        `authType` tells which shape the rest has and is required: a connection that
        lacks it is not judged.
        """
        if not self.auth_type:
            raise self.unread("properties.authType", "says nothing")
        return self.auth_type
