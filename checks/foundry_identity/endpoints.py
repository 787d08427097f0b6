"""Endpoints and computes of hubs and projects: what their identities may reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.shared.citing import cite
from checks.shared.foundry_matrix import Need, On, Who, needs
from checks.shared.grants import access, bounded, named, require_settled
from checks.shared.links import hub_of, keeps_key, links
from checks.shared.shortfall import Case, ids, shortfall
from checks.shared.wording import shown
from scanner.access.answers import Grant
from scanner.access.builtin import is_role
from scanner.access.facts import Missing
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.containerregistry import Registry
from scanner.model.identity import Identified
from scanner.model.machinelearning import (
    Compute,
    OnlineEndpoint,
    Workspace,
    in_workspace,
)
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

RUNNERS: tuple[type[Identified], ...] = (OnlineEndpoint, Compute)
"""What runs people's code with an identity of its own."""

_OWN_COMPUTE = {"amlcompute", "computeinstance"}
"""Computes of the workspace itself; others, such as clusters of Kubernetes, are not."""

_CONTROLS = (
    "MCSB:IM-3",
    "MCSB:PA-7",
    "NIST-800-53:IA-9",
    "NIST-800-53:AC-6",
    "ISO-27001-2022:A.5.16",
    "ISO-27001-2022:A.5.18",
    "PCI-DSS-4.0.1:8.6.1",
)


def signs_in(runner: Identified) -> bool:
    """Whether it is an endpoint, or a compute with an identity, of a workspace.

    A compute without an identity acts as whoever uses it.
    """
    if isinstance(runner, Compute):
        kind = (runner.compute_type or "").lower()
        if kind not in _OWN_COMPUTE or not runner.has_identity:
            return False
    return in_workspace(runner)


def label_of(runner: Identified) -> str:
    """Return an endpoint or a compute as a sentence names it."""
    kind = "compute" if isinstance(runner, Compute) else "endpoint"
    return f"{kind} {shown(runner.name)}"


def workspace_of(runner: Identified) -> Workspace | None:
    """Return the workspace something runs in, None where it is not there any more."""
    return runner.tenant.get(Workspace, runner.parts.parent)


def registry_of(workspace: Workspace) -> Registry | None:
    """Return the registry that images of a workspace come from, None without one.

    A project uses the one of its hub. Raises NotRead where it cannot be seen.
    """
    named = workspace.registry_id
    if not named:
        hub = hub_of(workspace)
        named = hub.registry_id if hub else None
    return workspace.tenant.get(Registry, named) if named else None


@check(
    id="foundry-compute-acrpull",
    title="Endpoints and computes may pull images from the registry",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=RUNNERS,
    where=signs_in,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def compute_acrpull(runner: Identified, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.containerRegistry` of the workspace, and roles on that registry.

    A project has the registry of its hub; null or absent names none (workspace REST
    reference, 2025-12-01). One identity of the endpoint or compute needs AcrPull there,
    or a role that allows as much; where the registry's `properties.roleAssignmentMode`
    is `AbacRepositoryPermissions` it needs Container Registry Repository Reader
    instead. Absent or null, the mode is the older one (registries REST reference,
    2025-11-01). Whether an environment of the workspace's own is used at all is not
    told by Azure Resource Manager.

    ## Why it matters
    A deployment with an environment of your own starts by pulling an image from the
    workspace's registry, as the endpoint's identity. Refused, it fails after minutes
    with a message about the container, and switching the registry's admin user on looks
    like the cure.

    ## How to fix
    Grant the identity AcrPull on the registry, or Container Registry Repository Reader
    where the registry works with repository permissions.

    ```sh
    az role assignment create --assignee-object-id ENDPOINT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope REGISTRY_ID --role AcrPull
    ```

    ```bicep
    resource pulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(registry.id, endpoint.id, acrPull)
      scope: registry
      properties: {
        principalId: endpoint.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: acrPull
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "pulls" {
      scope                = azurerm_container_registry.registry.id
      role_definition_name = "AcrPull"
      principal_id         = var.endpoint_principal_id
    }
    ```

    ## Exceptions
    Deployments that use Azure's own environments pull nothing from your registry.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Access Azure resources from your online endpoint with a managed
      identity
    """
    workspace = workspace_of(runner)
    registry = registry_of(workspace) if workspace else None
    if registry is None:
        return not_applicable("its workspace has no registry")
    short = shortfall(tenant, [pulling(runner, registry)])
    if short.lacks:
        return warned(f"images cannot be pulled: {short.said()}")
    short.settle()
    return passed("a role lets it pull images from the registry")


def pulling(runner: Identified, registry: Registry) -> Case:
    """Return what an endpoint or compute must hold on its registry."""
    mode = (registry.role_assignment_mode or "").lower()
    on = On.ABAC_REGISTRY if mode == "abacrepositorypermissions" else On.REGISTRY
    wanted = needs(Who.ENDPOINT, on)
    return Case(label_of(runner), ids(runner.identities), wanted, registry)


@check(
    id="foundry-compute-connection-roles",
    title="Endpoints and computes have roles on what their connections lead to",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.MEDIUM,
    on=RUNNERS,
    where=signs_in,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def compute_connection_roles(runner: Identified, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.authType` of the workspace's connections, and roles behind them.

    The connections of the workspace and those that its hub shares count, if they sign
    in with Entra ID. One identity of the endpoint or compute needs Cognitive Services
    OpenAI User on each model account they lead to, Search Index Data Reader on each
    Search service, Storage Blob Data Reader on each storage account, or more. Which of
    the connections a deployment uses is not told by Azure Resource Manager.

    ## Why it matters
    In the portal a flow runs as the person who tries it; deployed, it runs as the
    endpoint. Whatever that person may read, the endpoint may not, until someone grants
    it: what worked in every test fails on its first call in production.

    ## How to fix
    Grant the identity a data role on each resource that its flow uses.

    ```sh
    az role assignment create --assignee-object-id ENDPOINT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope ACCOUNT_ID \
      --role "Cognitive Services OpenAI User"
    az role assignment create --assignee-object-id ENDPOINT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope SEARCH_ID \
      --role "Search Index Data Reader"
    ```

    ```bicep
    resource calls 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(account.id, endpoint.id, openAiUser)
      scope: account
      properties: {
        principalId: endpoint.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: openAiUser
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "calls" {
      scope                = azurerm_cognitive_account.account.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.endpoint_principal_id
    }
    ```

    ## Exceptions
    A resource that this deployment does not use needs no role: accept the finding, and
    say so.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Deploy a flow as a managed online endpoint for real-time
      inference
    """
    workspace = workspace_of(runner)
    if workspace is None:
        return not_applicable("its workspace does not exist any more")
    short = shortfall(tenant, reaching(runner, workspace))
    if short.lacks:
        return warned(f"calls may fail: {short.said()}")
    short.settle()
    if not short.looked:
        return not_applicable("no connection of the workspace needs a role")
    return passed(f"it has a role on each of {short.looked} connected resources")


def reaching(runner: Identified, workspace: Workspace) -> Iterator[Case]:
    """Yield what an endpoint or compute must hold behind a workspace's connections."""
    seen = set[str]()
    for link in links(workspace, *_ON):
        found = link.resource
        if link.connection.authentication.lower() == AS_CALLER or found.key in seen:
            continue
        seen.add(found.key)
        if not isinstance(found, CognitiveAccount) or hosts_models(found):
            wanted = needs(Who.ENDPOINT, _ON[type(found)])
            yield Case(label_of(runner), ids(runner.identities), wanted, found)


_ON: dict[type[Resource], On] = {
    CognitiveAccount: On.ACCOUNT,
    SearchService: On.SEARCH,
    StorageAccount: On.DATA,
}

AS_CALLER = "userentratoken"
"""How a connection signs in as the person who calls, whatever runs it."""


@check(
    id="foundry-compute-secrets-reader",
    title="Endpoints and computes may read connection secrets only where they need to",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=RUNNERS,
    where=signs_in,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=(*_CONTROLS, "MCSB:IM-8", "MCSB:AI-4"),
)
def compute_secrets_reader(runner: Identified, _: Tenant) -> Verdict:
    r"""
    Reads `properties.authType` of the workspace's connections, and who reads secrets.

    Where a connection of the workspace, or one that its hub shares, stores a key, an
    identity of the endpoint or compute needs Azure Machine Learning Workspace
    Connection Secrets Reader on the workspace. Another role that lists connection
    secrets does more than that, and where no connection stores a key none is needed.

    ## Why it matters
    A deployed flow fetches the key of a connection as the endpoint's identity, and
    without the right to do so it fails at its first call. The roles that people grant
    instead also list storage keys, change models and deploy new code, and the right
    that was left behind when the keys went lets the next connection's key out unasked.

    ## How to fix
    Move the connections to Entra ID and take the role away; where keys stay, grant
    Azure Machine Learning Workspace Connection Secrets Reader on the project alone.

    ```sh
    az role assignment create --assignee-object-id ENDPOINT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope PROJECT_ID \
      --role "Azure Machine Learning Workspace Connection Secrets Reader"
    ```

    ```bicep
    resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(project.id, endpoint.id, connectionSecretsReader)
      scope: project
      properties: {
        principalId: endpoint.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: connectionSecretsReader
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "reads" {
      scope              = azurerm_ai_foundry_project.project.id
      role_definition_id = var.connection_secrets_reader_id
      principal_id       = var.endpoint_principal_id
    }
    ```

    Take a broader role away only after the narrow one works: the endpoint may use it
    for more than secrets.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Authentication and authorization for online endpoints
    """
    workspace = workspace_of(runner)
    if workspace is None:
        return not_applicable("its workspace does not exist any more")
    [need] = needs(Who.ENDPOINT, On.WORKSPACE)
    held, missing = _readers(runner, workspace, need)
    broader = [each for each in held if not is_role(each, *need.roles)]
    if not keeps_key(workspace):
        return _unneeded(held, missing)
    if broader:
        return warned(f"more than the secrets of connections: {named(broader)}")
    if held:
        return passed("it may read the secrets of connections, and no more by that")
    require_settled(missing)
    return warned(bounded("connections store keys that it may not read", missing))


def _readers(
    runner: Identified, workspace: Workspace, need: Need
) -> tuple[list[Grant], list[Missing]]:
    """Return the grants that let a runner read secrets, and what else may."""
    held, missing = list[Grant](), list[Missing]()
    for principal in ids(runner.identities):
        decision = access(runner.tenant).can(principal, need.action, workspace.id)
        if not decision.denied_by:
            held += [each for each in decision.grants if not each.eligible]
        missing += decision.missing
    cite(runner.tenant, held, workspace)
    return held, missing


def _unneeded(held: list[Grant], missing: list[Missing]) -> Verdict:
    if held:
        return warned(f"no connection stores a key, yet it reads them: {named(held)}")
    require_settled(missing)
    return passed(bounded("no connection stores a key, and it may read none", missing))


CHECKS: tuple[Check[Any], ...] = (
    compute_acrpull,
    compute_connection_roles,
    compute_secrets_reader,
)
