"""Key vaults."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.fields import Flag, Number, Part, Parts, Text, Texts
from scanner.model.insights import DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children, Resource

API_VERSION = "2023-07-01"


class AccessPolicy(Part):
    """What one principal may do in a vault that does not leave it to Azure RBAC."""

    tenant_id = Text("tenantId")
    object_id = Text("objectId")
    application_id = Text("applicationId")
    """The application through which alone it lets the principal in."""
    keys = Texts("permissions.keys")
    secrets = Texts("permissions.secrets")


class VaultKey(Resource):
    """A key of a vault, as Resource Manager tells of it; times are Unix seconds."""

    type = "Microsoft.KeyVault/vaults/keys"
    api_version = API_VERSION
    found_by = (
        (
            "Microsoft.MachineLearningServices/workspaces",
            "Microsoft.Resources/subscriptions",
        ),
    )

    enabled = Flag("properties.attributes.enabled")
    expires = Number("properties.attributes.exp")
    newest = Text("properties.keyUriWithVersion")
    rotation_actions = Texts("properties.rotationPolicy.lifetimeActions[].action.type")


class KeyVault(Resource):
    """A key vault."""

    type = "Microsoft.KeyVault/vaults"
    api_version = API_VERSION

    rbac_authorization = Flag("properties.enableRbacAuthorization")
    access_policies = Parts("properties.accessPolicies", AccessPolicy)
    tenant_id = Text("properties.tenantId")
    soft_delete = Flag("properties.enableSoftDelete")
    purge_protection = Flag("properties.enablePurgeProtection")
    public_network_access = Text("properties.publicNetworkAccess")
    network_default_action = Text("properties.networkAcls.defaultAction")
    network_bypass = Text("properties.networkAcls.bypass")
    ip_rules = Texts("properties.networkAcls.ipRules[].value")
    subnet_ids = Texts("properties.networkAcls.virtualNetworkRules[].id")
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )

    diagnostic_settings = Children(DiagnosticSetting)


def policies_for_itself(vault: KeyVault) -> Iterator[AccessPolicy]:
    """Yield the access policies that let a principal of the tenant in by itself.

    One with an `applicationId` is for who comes through that application, one of
    another tenant for nobody here (vaults REST reference, AccessPolicyEntry). That
    tenant is required: where a policy names none it is taken for this one.
    """
    own = vault.tenant.id.lower()
    for policy in vault.access_policies:
        if not policy.application_id and (policy.tenant_id or own).lower() == own:
            yield policy
