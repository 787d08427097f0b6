"""Microsoft.CognitiveServices: accounts and their children."""

from __future__ import annotations

from scanner.collect.read import (
    Body,
    Read,
    RestOperation,
    SdkOperation,
    kind_of,
    properties_of,
)
from scanner.model.cognitive import (
    MODEL_HOSTS,
    AccountCapabilityHost,
    AccountConnection,
    CognitiveAccount,
    Deployment,
    ManagedNetwork,
    Project,
    ProjectCapabilityHost,
    ProjectConnection,
    RaiPolicy,
)

_ACTIONS = "Microsoft.CognitiveServices/accounts"

_CAPABILITY_HOSTS = RestOperation(path="capabilityHosts")
"""The SDK has no list of them before its version 15."""


def _list(method: str) -> SdkOperation:
    client = "azure.mgmt.cognitiveservices:CognitiveServicesManagementClient"
    return SdkOperation(client=client, method=method)


def serves_models(account: Body) -> bool:
    """Whether an account is one that serves models."""
    return kind_of(account) in MODEL_HOSTS


def _runs_agents_at_microsoft(account: Body) -> bool:
    """Whether its agents run in a network that Microsoft manages for it."""
    injected = properties_of(account).get("networkInjections")
    each = injected if isinstance(injected, list) else [injected]
    return any(
        isinstance(one, dict) and one.get("useMicrosoftManagedNetwork") is True
        for one in each
    )


def _is_foundry(account: Body) -> bool:
    return kind_of(account) == "aiservices"


READS = (
    Read(
        of=CognitiveAccount,
        operation=_list("accounts.list"),
        action=f"{_ACTIONS}/read",
        indexed=True,
    ),
    Read(
        of=Deployment,
        at=CognitiveAccount,
        operation=_list("deployments.list"),
        action=f"{_ACTIONS}/deployments/read",
        where=serves_models,
    ),
    Read(
        of=RaiPolicy,
        at=CognitiveAccount,
        operation=_list("rai_policies.list"),
        action=f"{_ACTIONS}/raiPolicies/read",
        where=serves_models,
    ),
    Read(
        of=Project,
        at=CognitiveAccount,
        operation=_list("projects.list"),
        action=f"{_ACTIONS}/projects/read",
        where=_is_foundry,
        recent=True,
    ),
    Read(
        of=AccountConnection,
        at=CognitiveAccount,
        operation=_list("account_connections.list"),
        action=f"{_ACTIONS}/connections/read",
        where=_is_foundry,
        recent=True,
    ),
    Read(
        of=ProjectConnection,
        at=Project,
        operation=_list("project_connections.list"),
        action=f"{_ACTIONS}/projects/connections/read",
        recent=True,
    ),
    Read(
        of=AccountCapabilityHost,
        at=CognitiveAccount,
        operation=_CAPABILITY_HOSTS,
        action=f"{_ACTIONS}/capabilityHosts/read",
        where=_is_foundry,
        recent=True,
    ),
    Read(
        of=ProjectCapabilityHost,
        at=Project,
        operation=_CAPABILITY_HOSTS,
        action=f"{_ACTIONS}/projects/capabilityHosts/read",
        recent=True,
    ),
    Read(
        of=ManagedNetwork,
        at=CognitiveAccount,
        operation=RestOperation(path="managedNetworks/default", one=True),
        action=f"{_ACTIONS}/managedNetworks/read",
        where=_runs_agents_at_microsoft,
        recent=True,
    ),
)
