"""Managed identities of a resource: the principals it signs in as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.model.fields import Entries, Part, Text
from scanner.model.ids import ResourceId
from scanner.model.resource import Resource


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """A principal that a resource signs in as."""

    principal_id: str
    resource_id: str = ""
    """Of the user-assigned identity; empty for the one that Azure made with it."""

    @property
    def is_system(self) -> bool:
        """Whether it is the resource's own, which Azure made and deletes with it."""
        return not self.resource_id

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        if self.is_system:
            return "the system-assigned identity"
        return f"identity {ResourceId.parse(self.resource_id).name}"


class AssignedIdentity(Part):
    """A user-assigned identity, as the resource that uses it tells of it."""

    principal_id = Text("principalId")


class Identified(Resource):
    """A resource that may sign in as itself."""

    identity_type = Text("identity.type")
    principal_id = Text("identity.principalId")
    user_assigned_identities = Entries(
        "identity.userAssignedIdentities", AssignedIdentity
    )

    @property
    def has_identity(self) -> bool:
        """Whether it can sign in as itself; raises NotRead without `properties`."""
        return "systemassigned" in self._kinds or "userassigned" in self._kinds

    @property
    def system_identity(self) -> ManagedIdentity | None:
        """Its system-assigned identity; None where `identity.type` names none.

        Raises NotRead where it has one and the principal is not told.
        """
        if "systemassigned" not in self._kinds:
            return None
        if not self.principal_id:
            raise self.unread("identity.principalId", "says nothing")
        return ManagedIdentity(self.principal_id)

    @property
    def user_identities(self) -> Iterator[ManagedIdentity]:
        """Its user-assigned identities; none where `identity.type` names none.

        Raises NotRead where it has some and they, or their principals, are not told.
        """
        if "userassigned" not in self._kinds:
            return
        identities = self.user_assigned_identities
        if not identities:
            raise self.unread("identity.userAssignedIdentities", "says nothing")
        for resource_id, identity in identities.items():
            if not identity.principal_id:
                raise identity.unread("principalId", "says nothing")
            yield ManagedIdentity(identity.principal_id, resource_id)

    @property
    def identities(self) -> tuple[ManagedIdentity, ...]:
        """Everything it signs in as, its own identity first; raises NotRead."""
        own = self.system_identity
        return (*([own] if own else []), *self.user_identities)

    @property
    def _kinds(self) -> str:
        """The kinds of identity in lower case; absent and `None` are none.

        The identity lies beside `properties`, but a listing's stub has neither:
        without `properties` this raises NotRead.
        """
        self.lookup("properties")
        return (self.identity_type or "").lower()
