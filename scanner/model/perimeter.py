"""Network security perimeters: who is inside, and what crosses them."""

from __future__ import annotations

from scanner.model.fields import Text, Texts
from scanner.model.insights import DiagnosticSetting
from scanner.model.resource import Children, Resource

API_VERSION = "2024-07-01"

_PERIMETERS = "Microsoft.Network/networkSecurityPerimeters"


class AccessRule(Resource):
    """What may come in from, or go out to, beyond the perimeter."""

    type = f"{_PERIMETERS}/profiles/accessRules"
    api_version = API_VERSION

    direction = Text("properties.direction")
    prefixes = Texts("properties.addressPrefixes")
    subscription_ids = Texts("properties.subscriptions[].id")
    service_tags = Texts("properties.serviceTags")
    fqdns = Texts("properties.fullyQualifiedDomainNames")


class Profile(Resource):
    """Access rules that resources are associated with."""

    type = f"{_PERIMETERS}/profiles"
    api_version = API_VERSION


class Association(Resource):
    """A resource inside a perimeter, with the profile that holds for it."""

    type = f"{_PERIMETERS}/resourceAssociations"
    api_version = API_VERSION

    target_id = Text("properties.privateLinkResource.id")
    profile_id = Text("properties.profile.id")
    access_mode = Text("properties.accessMode")
    provisioning_issues = Text("properties.hasProvisioningIssues")


class Perimeter(Resource):
    """A network security perimeter."""

    type = _PERIMETERS
    api_version = API_VERSION

    profiles = Children(Profile)
    associations = Children(Association)
    diagnostic_settings = Children(DiagnosticSetting)
