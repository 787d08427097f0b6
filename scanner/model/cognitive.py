"""Cognitive Services: accounts (Azure OpenAI, Foundry), and what is under them."""

from __future__ import annotations

from scanner.model.connections import Connection
from scanner.model.fields import Flag, Part, Parts, Text, Texts, Tree
from scanner.model.identity import Identified
from scanner.model.insights import DiagnosticCategory, DiagnosticSetting
from scanner.model.network import PrivateEndpointConnection
from scanner.model.resource import Children, Resource

API_VERSION = "2025-09-01"
OLDER = ("2025-06-01",)
"""What clouds have that are behind; what these do not return is said at the field."""


class Deployment(Resource):
    """A model deployment of an account."""

    type = "Microsoft.CognitiveServices/accounts/deployments"
    api_version = API_VERSION
    fallbacks = OLDER

    rai_policy_name = Text("properties.raiPolicyName")


class ContentFilter(Part):
    """A part of a content filter: one kind of content, in prompts or in answers."""

    enabled = Flag("enabled")
    blocking = Flag("blocking")


class RaiPolicy(Resource):
    """A content filter of an account."""

    type = "Microsoft.CognitiveServices/accounts/raiPolicies"
    api_version = API_VERSION
    fallbacks = OLDER

    base_policy_name = Text("properties.basePolicyName")
    content_filters = Parts("properties.contentFilters", ContentFilter)


class CapabilityHost(Resource):
    """Where the agents of an account or project keep their threads, vectors and files.

    Each list names connections of the account or project.
    """

    api_version = API_VERSION
    fallbacks = OLDER

    kind = Text("properties.capabilityHostKind")
    subnet_id = Text("properties.customerSubnet")
    thread_connections = Texts("properties.threadStorageConnections")
    vector_connections = Texts("properties.vectorStoreConnections")
    storage_connections = Texts("properties.storageConnections")


class AccountCapabilityHost(CapabilityHost):
    """The capability host of an account."""

    type = "Microsoft.CognitiveServices/accounts/capabilityHosts"


class ProjectCapabilityHost(CapabilityHost):
    """The capability host of a project."""

    type = "Microsoft.CognitiveServices/accounts/projects/capabilityHosts"


class AccountConnection(Connection):
    """A connection of a Foundry account, for all or some of its projects."""

    type = "Microsoft.CognitiveServices/accounts/connections"
    api_version = API_VERSION
    fallbacks = OLDER


class ProjectConnection(Connection):
    """A connection of one Foundry project."""

    type = "Microsoft.CognitiveServices/accounts/projects/connections"
    api_version = API_VERSION
    fallbacks = OLDER


class Project(Identified):
    """A Foundry project of an account; its `name` is `account/project`."""

    type = "Microsoft.CognitiveServices/accounts/projects"
    api_version = API_VERSION
    fallbacks = OLDER

    internal_id = Text("properties.internalId")
    """What the names of its containers begin with, there with dashes."""
    tags = Tree("tags")

    connections = Children(ProjectConnection)
    capability_hosts = Children(ProjectCapabilityHost)


class VirtualNetworkRule(Part):
    """A subnet that the service firewall lets in."""

    id = Text("id")
    state = Text("state")


class NetworkInjection(Part):
    """A subnet, or a network of Microsoft's, that agents run in."""

    scenario = Text("scenario")
    subnet_id = Text("subnetArmId")
    managed_by_microsoft = Flag("useMicrosoftManagedNetwork")


class ManagedNetwork(Resource):
    """The network of Microsoft's that agents of an account run in.

    Azure returns it without an id, name or type (recorded).
    """

    type = "Microsoft.CognitiveServices/accounts/managedNetworks"
    api_version = "2026-03-01"

    isolation_mode = Text("properties.managedNetwork.isolationMode")


class CognitiveAccount(Identified):
    """An Azure OpenAI, AI Services (Foundry) or other Cognitive Services account."""

    type = "Microsoft.CognitiveServices/accounts"
    api_version = API_VERSION
    fallbacks = OLDER

    kind = Text("kind")
    tags = Tree("tags")
    provisioning_state = Text("properties.provisioningState")
    outbound_restricted = Flag("properties.restrictOutboundNetworkAccess")
    allowed_fqdns = Texts("properties.allowedFqdnList")
    local_auth_disabled = Flag("properties.disableLocalAuth")
    public_network_access = Text("properties.publicNetworkAccess")
    network_default_action = Text("properties.networkAcls.defaultAction")
    network_bypass = Text("properties.networkAcls.bypass")
    ip_rules = Texts("properties.networkAcls.ipRules[].value")
    virtual_network_rules = Parts(
        "properties.networkAcls.virtualNetworkRules", VirtualNetworkRule
    )
    private_endpoint_connections = Parts(
        "properties.privateEndpointConnections", PrivateEndpointConnection
    )
    network_injections = Parts(
        "properties.networkInjections", NetworkInjection, may_be_one=True
    )
    custom_subdomain = Text("properties.customSubDomainName")
    endpoint = Text("properties.endpoint")
    user_owned_storage_ids = Texts("properties.userOwnedStorage[].resourceId")
    allows_projects = Flag("properties.allowProjectManagement")
    key_source = Text("properties.encryption.keySource")
    cmk_vault_uri = Text("properties.encryption.keyVaultProperties.keyVaultUri")
    cmk_key_version = Text("properties.encryption.keyVaultProperties.keyVersion")

    diagnostic_settings = Children(DiagnosticSetting)
    diagnostic_categories = Children(DiagnosticCategory)
    deployments = Children(Deployment)
    rai_policies = Children(RaiPolicy)
    projects = Children(Project)
    connections = Children(AccountConnection)
    capability_hosts = Children(AccountCapabilityHost)
    managed_networks = Children(ManagedNetwork)

    @property
    def cmk_vault_name(self) -> str | None:
        """The vault of the key that encrypts it, which its address begins with.

        None where the address does not end as those of vaults do: a managed HSM may
        have the name of any vault.
        """
        address = (self.cmk_vault_uri or "").lower().partition("://")[2]
        name, _, suffix = address.partition("/")[0].partition(".")
        is_vault = suffix.partition(":")[0] == self.tenant.suffixes.keyvault.lower()
        return name if is_vault else None


MODEL_HOSTS = frozenset({"openai", "aiservices"})
"""The kinds that serve models: every `aoai-*` check is about these."""

OUTBOUND_KINDS = MODEL_HOSTS | {
    "computervision",
    "contentmoderator",
    "customvision.training",
    "customvision.prediction",
    "face",
    "formrecognizer",
    "speechservices",
    "qnamaker",
}
"""The kinds that data loss prevention covers (the DLP page of Azure AI services)."""


def has_own_key(account: CognitiveAccount) -> bool:
    """Whether a key of the customer's own encrypts what an account keeps."""
    return (account.key_source or "").lower() == "microsoft.keyvault"


def hosts_models(account: CognitiveAccount) -> bool:
    """Whether the account is an Azure OpenAI or AI Services account."""
    return (account.kind or "").lower() in MODEL_HOSTS


def is_foundry(account: CognitiveAccount) -> bool:
    """Whether the account is of the kind that Foundry projects are made in."""
    return (account.kind or "").lower() == "aiservices"


def restricts_outbound(account: CognitiveAccount) -> bool:
    """Whether outbound restriction is a feature of the account's kind."""
    return (account.kind or "").lower() in OUTBOUND_KINDS
