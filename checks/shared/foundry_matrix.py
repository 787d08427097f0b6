"""The roles that hub-based Foundry works with: whose, on what, and which will do.

This holds in identity mode and for connections with Entra ID (Microsoft Learn, "Role-
based access control in Azure AI Foundry portal", hubs; "Set up service authentication
for Azure Machine Learning"; the posts that the checks name). A condition may come with
a role; whether it fits is another check's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from scanner.access.builtin import BuiltIn


@unique
class Who(StrEnum):
    """Whoever needs a role."""

    HUB = "hub"
    PROJECT = "project"
    PERSON = "person"
    SEARCH = "Search service"
    ACCOUNT = "account"
    ENDPOINT = "endpoint or compute"


@unique
class On(StrEnum):
    """What a role is needed on, as it stands to the workspace."""

    STORAGE = "default storage"
    STORAGE_ENDPOINT = "private endpoint of the default storage"
    GROUP = "resource group"
    SEARCH = "connected Search service"
    ACCOUNT = "connected account"
    DATA = "connected storage"
    DATABASE = "connected Cosmos DB account"
    ENDPOINT_TARGET = "resource behind a managed private endpoint"
    VAULT = "vault of the workspace"
    REGISTRY = "registry"
    ABAC_REGISTRY = "registry with repository permissions"
    WORKSPACE = "workspace with key connections"


@dataclass(frozen=True, slots=True)
class Need:
    """A role that somebody needs on something."""

    who: Who
    on: On
    roles: tuple[BuiltIn, ...]
    """One of these will do, the one to grant first."""
    action: str = ""
    """What the role is for: whoever can do this has enough without it."""
    data: bool = False
    """Whether the action is of the data plane."""
    sure: bool = True
    """Whether ARM shows all that makes the role needed."""


_OPENAI = (
    BuiltIn.OPENAI_USER,
    BuiltIn.OPENAI_CONTRIBUTOR,
    BuiltIn.COGNITIVE_SERVICES_USER,
    BuiltIn.AI_DEVELOPER,
    BuiltIn.FOUNDRY_USER,
)
_EMBEDDINGS = (
    "Microsoft.CognitiveServices/accounts/OpenAI/deployments/embeddings/action"
)
_COMPLETIONS = (
    "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"
)
_QUERY = "Microsoft.Search/searchServices/indexes/documents/read"
_INDEXES = (BuiltIn.SEARCH_CONTRIBUTOR,)
_RECORDS = (BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR, BuiltIn.SEARCH_INDEX_DATA_READER)
_BLOBS = (BuiltIn.STORAGE_BLOB_DATA_CONTRIBUTOR, BuiltIn.STORAGE_BLOB_DATA_OWNER)
_FILES = (BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_CONTRIBUTOR,)
_READ_BLOBS = (BuiltIn.STORAGE_BLOB_DATA_READER, *_BLOBS)

MATRIX = (
    Need(Who.HUB, On.STORAGE, _BLOBS),
    Need(Who.HUB, On.STORAGE, _FILES),
    Need(Who.HUB, On.GROUP, (BuiltIn.AI_ADMINISTRATOR, BuiltIn.CONTRIBUTOR)),
    Need(Who.PROJECT, On.STORAGE, (BuiltIn.STORAGE_CONTRIBUTOR,)),
    Need(Who.PROJECT, On.STORAGE, _BLOBS),
    Need(Who.PROJECT, On.STORAGE, _FILES),
    Need(Who.PROJECT, On.STORAGE, (BuiltIn.STORAGE_TABLE_DATA_CONTRIBUTOR,)),
    Need(
        Who.PROJECT,
        On.STORAGE_ENDPOINT,
        (BuiltIn.READER,),
        action="Microsoft.Network/privateEndpoints/read",
    ),
    Need(Who.PERSON, On.STORAGE, _BLOBS),
    Need(Who.PERSON, On.STORAGE, _FILES),
    Need(Who.PERSON, On.SEARCH, _INDEXES),
    Need(Who.PERSON, On.SEARCH, _RECORDS[:1]),
    Need(Who.SEARCH, On.ACCOUNT, _OPENAI, action=_EMBEDDINGS, data=True),
    Need(Who.ACCOUNT, On.SEARCH, _INDEXES),
    Need(Who.ACCOUNT, On.SEARCH, _RECORDS),
    Need(Who.ENDPOINT, On.STORAGE, _BLOBS),
    Need(Who.ENDPOINT, On.REGISTRY, (BuiltIn.ACR_PULL,), sure=False),
    Need(Who.ENDPOINT, On.ABAC_REGISTRY, (BuiltIn.ACR_REPOSITORY_READER,), sure=False),
    Need(
        Who.ENDPOINT,
        On.ACCOUNT,
        _OPENAI,
        action=_COMPLETIONS,
        data=True,
        sure=False,
    ),
    Need(
        Who.ENDPOINT,
        On.SEARCH,
        _RECORDS[::-1],
        action=_QUERY,
        data=True,
        sure=False,
    ),
    Need(Who.ENDPOINT, On.DATA, _READ_BLOBS, sure=False),
    Need(
        Who.ENDPOINT,
        On.WORKSPACE,
        (BuiltIn.ML_CONNECTION_SECRETS_READER,),
        action="Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action",
        sure=False,
    ),
)
"""Every need, in the order of the identities."""

READ_STORAGE = (
    Need(Who.PERSON, On.STORAGE, (BuiltIn.STORAGE_BLOB_DATA_READER,)),
    Need(Who.PERSON, On.STORAGE, (BuiltIn.STORAGE_FILE_DATA_PRIVILEGED_READER,)),
)
"""What people need on the default storage who only read."""

READ_SEARCH = (Need(Who.PERSON, On.SEARCH, (BuiltIn.SEARCH_INDEX_DATA_READER,)),)
"""What people need on Search who only read."""

CONFIGURE_STORAGE = Need(
    Who.HUB,
    On.STORAGE,
    (BuiltIn.STORAGE_CONTRIBUTOR, BuiltIn.CONTRIBUTOR, BuiltIn.AI_ADMINISTRATOR),
    action="Microsoft.Storage/storageAccounts/blobServices/write",
)
KEEP_SECRETS = Need(
    Who.HUB,
    On.VAULT,
    (BuiltIn.KEY_VAULT_SECRETS_OFFICER, BuiltIn.KEY_VAULT_ADMINISTRATOR),
    action="Microsoft.KeyVault/vaults/secrets/setSecret/action",
    data=True,
)
READ_DOCUMENTS = Need(Who.SEARCH, On.DATA, _READ_BLOBS)


def approve_endpoints(resource_type: str) -> Need:
    """Return what a hub needs on a resource that a managed endpoint leads to."""
    return Need(
        Who.HUB,
        On.ENDPOINT_TARGET,
        (BuiltIn.NETWORK_CONNECTION_APPROVER,),
        action=f"{resource_type}/privateEndpointConnections/write",
    )


def needs(who: Who, on: On) -> tuple[Need, ...]:
    """Return the roles that somebody needs on something, all of them."""
    return tuple(each for each in MATRIX if each.who is who and each.on is on)
