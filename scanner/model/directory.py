"""The directory: whom roles are given to, and the applications that it is home to.

They are no ARM resources. A snapshot holds what Microsoft Graph returned of one as
`properties`, under an id made of its tenant's and its own.
"""

from __future__ import annotations

from scanner.model.fields import MISSING, Moment, Part, Parts, Text
from scanner.model.resource import Children, Resource

API_VERSION = "v1.0"
GROUP = "group"
"""The kind that has members."""
APPLICATION = "servicePrincipal"
"""The kind of applications and managed identities."""
MICROSOFT = frozenset(
    {"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"}
)
"""The tenants of Microsoft's own applications, which every directory knows."""


class Named(Resource):
    """Someone or something in a directory, with the names it goes by."""

    kind = Text("kind")
    """Graph's type without its namespace: `user`, `group`, `servicePrincipal`."""
    display_name = Text("properties.displayName")
    user_name = Text("properties.userPrincipalName")
    owner_tenant = Text("properties.appOwnerOrganizationId", absent_is_unread=True)
    """The tenant an application is of; null for a managed identity."""


class GroupMember(Named):
    """Whoever is in a group, directly or through other groups."""

    type = "Microsoft.Graph/directoryObjects/members"
    api_version = API_VERSION


class AppRole(Resource):
    """A permission that an application holds by itself, on the API of another one."""

    type = "Microsoft.Graph/directoryObjects/appRoleAssignments"
    api_version = API_VERSION

    api = Text("properties.resourceDisplayName")


class Consent(Resource):
    """Leave for an application to call an API in the name of people."""

    type = "Microsoft.Graph/directoryObjects/oauth2PermissionGrants"
    api_version = API_VERSION

    kind = Text("properties.consentType")
    """`AllPrincipals`, or `Principal` for one person."""
    scope = Text("properties.scope")


class DirectoryObject(Named):
    """Whoever roles are given to."""

    type = "Microsoft.Graph/directoryObjects"
    api_version = API_VERSION

    members = Children(GroupMember)
    app_roles = Children(AppRole)
    consents = Children(Consent)


class Credential(Part):
    """What an application signs in with; never the secret itself."""

    name = Text("displayName")
    start = Moment("startDateTime")
    end = Moment("endDateTime")


class Application(Resource):
    """An application that the tenant is home to, with what it signs in with."""

    type = "Microsoft.Graph/applications"
    api_version = API_VERSION

    app_id = Text("properties.appId")
    display_name = Text("properties.displayName")
    audience = Text("properties.signInAudience", absent_is_unread=True)
    passwords = Parts("properties.passwordCredentials", Credential)
    certificates = Parts("properties.keyCredentials", Credential)

    @property
    def secrets(self) -> tuple[Credential, ...]:
        """Its client secrets; raises NotRead where Graph did not return the list."""
        if self.lookup(Application.passwords.path) is MISSING:
            raise self.unread(Application.passwords.path, "was not in the response")
        return self.passwords


def member_id(tenant_id: str, group_id: str, principal_id: str) -> str:
    """Return the id that a snapshot has of a member of a group."""
    return f"{object_id(tenant_id, group_id)}/members/{principal_id}"


def object_id(tenant_id: str, principal_id: str) -> str:
    """Return the id that a snapshot has of a principal."""
    return f"/tenants/{tenant_id}/providers/{DirectoryObject.type}/{principal_id}"
