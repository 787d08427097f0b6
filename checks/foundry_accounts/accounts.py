"""Foundry accounts and their projects: connections, identities, traces, tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from checks.shared.connection_keys import shared_key, sign_in
from checks.shared.connections import stores_key
from checks.shared.tags import (
    are_of_several_stages,
    are_several,
    is_production,
    one_of_each,
    tagged,
)
from checks.shared.wording import count, quote, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import (
    AccountConnection,
    CognitiveAccount,
    Project,
    ProjectConnection,
    is_foundry,
)
from scanner.model.connections import Connection
from scanner.model.coverage import Unclear
from scanner.model.machinelearning import Workspace, is_hub
from scanner.model.resource import Resource
from scanner.model.resources import Subscription
from scanner.model.tenant import Tenant

_CREDENTIAL_CONTROLS = (
    "MCSB:IM-1",
    "MCSB:IM-3",
    "NIST-800-53:AC-2",
    "NIST-800-53:IA-2",
    "NIST-800-53:IA-5",
    "ISO-27001-2022:A.5.17",
    "ISO-27001-2022:A.8.5",
    "PCI-DSS-4.0.1:7.2.1",
    "PCI-DSS-4.0.1:8.6.1",
)


@check(
    id="fdp-connection-entra",
    title="Connections of Foundry accounts and their projects use Entra ID",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.HIGH,
    on=(AccountConnection, ProjectConnection),
    guidance=(Post.DATA_STORES, Post.FOUNDRY_IDENTITY),
    controls=_CREDENTIAL_CONTROLS,
)
def connection_entra(connection: Connection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.authType` and `properties.category`.

    `authType` is the required discriminator of a connection (Cognitive Services REST
    reference, 2025-09-01); a response without it, or with null, is not assessed. A
    known type that is neither a stored secret nor Entra ID warns, as does one that is
    not known. An absent category names no service without Entra support. One that fits
    any service, such as `CustomKeys` or `ApiKey`, excuses no key to a model account, a
    Search service, a store, a vault or a registry: the id in `properties.metadata`
    names it, or it is known to answer at the host in `properties.target`.

    ## Why it matters
    An agent works with whatever its project's connections open. Behind a key it is
    nobody in particular: the service cannot limit what the agent reads to what the
    project should see, and its log shows a key where it should show an identity.

    ## How to fix
    Recreate the connection with Entra ID (`authType` AAD or a managed identity), once
    the project's identity holds its data role on the target.

    ```sh
    az role assignment create --assignee-object-id PROJECT_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope TARGET_ID \
      --role "Search Index Data Contributor"
    ```

    ```bicep
    resource c 'Microsoft.CognitiveServices/accounts/connections@2025-09-01' = {
      parent: account
      name: 'search'
      properties: {
        category: 'CognitiveSearch'
        target: 'https://SEARCH.search.windows.net/'
        authType: 'AAD'
        metadata: { ApiType: 'Azure', ResourceId: search.id }
      }
    }
    ```

    ```terraform
    resource "azapi_resource" "connection" {
      type      = "Microsoft.CognitiveServices/accounts/connections@2025-09-01"
      name      = "search"
      parent_id = azapi_resource.account.id
      body = {
        properties = {
          category = "CognitiveSearch"
          target   = "https://SEARCH.search.windows.net/"
          authType = "AAD"
        }
      }
    }
    ```

    Agents that use the connection fail from the moment it changes until the role
    assignments take effect. A Search service that takes keys only, and an account
    without a custom subdomain, refuse every token: change that before.

    ## Exceptions
    Bing, Serp, Application Insights and third-party services take no Entra token. Keep
    such a connection to the one project that needs it, rotate its key, and accept the
    finding with an owner and an expiry.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Add a new connection to your project
    """
    return sign_in(connection)


@check(
    id="fdp-connection-shared-key",
    title="Key connections of Foundry accounts are not shared with all projects",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.HIGH,
    on=(AccountConnection, ProjectConnection),
    guidance=Post.DATA_STORES,
    controls=(*_CREDENTIAL_CONTROLS, "NIST-800-53:AC-6", "ISO-27001-2022:A.5.15"),
)
def connection_shared_key(connection: Connection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.isSharedToAll`, `authType` and `sharedUserList`.

    An absent or null `isSharedToAll` is false (an optional flag of the connection REST
    reference); an absent or null `authType` is not assessed. Connections that store no
    secret are not applicable.

    ## Why it matters
    What the account shares with all, every project in it may use, and so may every
    agent that somebody builds there. One key then holds for all use cases at once, and
    taking it from one of them means taking it from all.

    ## How to fix
    Move the connection to Entra ID, or recreate it unshared in the one project that
    needs it (`isSharedToAll` false).

    ```bicep
    // KIND is Microsoft.CognitiveServices/accounts/projects/connections
    resource c 'KIND@2025-09-01' = {
      parent: project
      name: 'models'
      properties: {
        category: 'AzureOpenAI'
        target: endpoint
        authType: 'ApiKey'
        credentials: { key: key }
        isSharedToAll: false
      }
    }
    ```

    ```terraform
    resource "azapi_resource" "connection" {
      # KIND is Microsoft.CognitiveServices/accounts/projects/connections
      type      = "KIND@2025-09-01"
      name      = "models"
      parent_id = azapi_resource.project.id
      body = {
        properties = {
          category      = "AzureOpenAI"
          target        = var.endpoint
          authType      = "ApiKey"
          isSharedToAll = false
        }
      }
      sensitive_body = { properties = { credentials = { key = var.key } } }
    }
    ```

    Azure returns no secret, so whoever writes the connection has to give it again.
    Projects that used the shared connection lose it: recreate it where it is needed
    before the shared one goes. A key that stays is still a key
    (`fdp-connection-entra`).

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Add a new connection to your project
    """
    return shared_key(connection)


@check(
    id="fdp-project-identity",
    title="Foundry projects have an identity of their own",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.MEDIUM,
    on=Project,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=(
        "MCSB:IM-3",
        "NIST-800-53:IA-9",
        "ISO-27001-2022:A.5.16",
        "PCI-DSS-4.0.1:8.6.1",
    ),
)
def project_identity(project: Project, _: Tenant) -> Verdict:
    r"""
    Reads `identity.type`.

    An absent or null type, and `None`, mean that the project has no managed identity
    (Cognitive Services REST reference, 2025-09-01).

    ## Why it matters
    The project's identity is whom agents sign in as at the search index, the storage
    and the database. Without one only keys are left to them, and nothing that is
    granted to a project can be told from what is granted to its neighbour.

    ## How to fix
    Give the project a system-assigned identity, then grant it what its agents need.

    ```bicep
    resource project 'Microsoft.CognitiveServices/accounts/projects@2025-09-01' = {
      parent: account
      name: 'claims'
      location: account.location
      identity: { type: 'SystemAssigned' }
      properties: {}
    }
    ```

    ```terraform
    resource "azapi_resource" "project" {
      type      = "Microsoft.CognitiveServices/accounts/projects@2025-09-01"
      name      = "claims"
      parent_id = azapi_resource.account.id
      location  = azapi_resource.account.location
      identity {
        type = "SystemAssigned"
      }
      body = { properties = {} }
    }
    ```

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control for Microsoft Foundry
    """
    if project.has_identity:
        return passed(f"identity.type is {project.identity_type}")
    return failed("the project has no managed identity")


@check(
    id="fdp-hub-legacy",
    title="New Foundry work is in projects of accounts, not in hubs",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.INFORMATIONAL,
    on=Subscription,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:AM-3", "NIST-800-53:SA-22", "ISO-27001-2022:A.8.9"),
)
def hub_legacy(subscription: Subscription, tenant: Tenant) -> Verdict:
    """
    Reads `kind` of the subscription's workspaces.

    An absent or null kind is a plain machine learning workspace, no hub (workspace REST
    reference, 2025-12-01). Subscriptions with hubs are told, those without pass. Where
    the cloud has no projects of Foundry accounts, hubs are not applicable.

    ## Why it matters
    Projects of Foundry accounts get new features; hubs, with a storage account, a vault
    and a network of their own, are the older way and will have to be moved some day.
    Whoever plans that has to know how many there are and where.

    ## How to fix
    Put new work into projects of a Foundry account, and plan when what is in the hubs
    moves.

    ```bicep
    resource project 'Microsoft.CognitiveServices/accounts/projects@2025-09-01' = {
      parent: account
      identity: { type: 'SystemAssigned' }
    }
    ```

    Hubs stay for what accounts do not offer, such as managed compute and prompt flow.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Migrate from hub-based to Foundry projects
    """
    hubs = [each for each in tenant.children(subscription, Workspace) if is_hub(each)]
    if not hubs:
        return passed("there is no hub in the subscription")
    if not tenant.offers(Project):
        return not_applicable("the cloud has no projects of Foundry accounts")
    names = some(each.name for each in hubs)
    return info(f"{count(len(hubs), 'hub', 'hubs')} of the older kind: {names}")


def _connections(account: CognitiveAccount) -> Iterator[Connection]:
    """Yield the connections of an account and of all its projects.

    Raises NotRead in the end if there may be more.
    """
    unclear = Unclear()
    yield from account.connections.known()
    for project in account.projects.known():
        yield from project.connections.known()
        unclear.add(project.connections.missing)
    account.connections.require_whole()
    account.projects.require_whole()
    unclear.settle()


def _of(category: str, connection: Connection) -> bool:
    return (connection.category or "").lower() == category


def _traces(connection: Connection) -> bool:
    return _of("appinsights", connection)


@check(
    id="fdp-appinsights-connection",
    title="Foundry projects send their traces to Application Insights",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=is_foundry,
    guidance=Post.LOGGING,
    controls=(
        "MCSB:AI-6",
        "MCSB:LT-3",
        "NIST-800-53:AU-12",
        "ISO-27001-2022:A.8.15",
    ),
)
def appinsights_connection(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.category` of the connections of the account and its projects.

    A connection of category `AppInsights` on the account serves all its projects, one
    on a project that project alone. An absent category is none of them. An account
    without projects is not applicable; projects without such a connection are a fact
    for the report.

    ## Why it matters
    Diagnostic logs tell that a model was called. Which tool an agent used, with what
    and why, is in its trace only, and without Application Insights nobody keeps it: an
    agent that was talked into something leaves no way to see how.

    ## How to fix
    Connect an Application Insights resource to the account or the project.

    ```bicep
    resource c 'Microsoft.CognitiveServices/accounts/connections@2025-09-01' = {
      parent: account
      name: 'traces'
      properties: {
        category: 'AppInsights'
        target: insights.id
        authType: 'ApiKey'
        credentials: { key: insights.properties.ConnectionString }
        metadata: { ApiType: 'Azure', ResourceId: insights.id }
      }
    }
    ```

    Traces hold prompts and answers: give the resource the readers and the retention
    that these need.

    ## References
    - Logging in Azure OpenAI Service
    - Microsoft Learn: Trace agents with the Foundry SDK
    """
    if any(map(_traces, account.connections.known())):
        return passed("the account has a connection to Application Insights")
    account.connections.require_whole()
    projects = list(account.projects)
    if not projects:
        return not_applicable("the account has no projects")
    lacking = [p.name for p in projects if not any(map(_traces, p.connections))]
    if lacking:
        return info(f"no connection to Application Insights for {some(lacking)}")
    return passed("each project has a connection to Application Insights")


@check(
    id="fdp-connection-byo-keyvault",
    title="Secrets of Foundry connections lie in a vault of one's own",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=is_foundry,
    guidance=Post.DATA_STORES,
    controls=(
        "MCSB:IM-8",
        "NIST-800-53:IA-5",
        "NIST-800-53:SC-12",
        "ISO-27001-2022:A.5.17",
    ),
)
def connection_byo_keyvault(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.category` and `properties.authType` of connections.

    Those of the account and of its projects. With a connection of category
    `AzureKeyVault` on the account, secrets lie in that vault; without one, Microsoft
    keeps them in a vault of its own (Microsoft Learn, "Set up an Azure Key Vault
    connection"). An absent category is no vault; a connection without `authType` is not
    assessed. Whether Microsoft's vault will do is for a person to say.

    ## Why it matters
    In Microsoft's vault nobody of yours can see who read a secret, rotate it on a
    schedule or lock it away in an emergency. Where rules ask for that, the secrets of
    connections must not lie there.

    ## How to fix
    Connect a vault of your own to the account before any connection with a secret is
    made, or move all connections to Entra ID, which leaves no secret to keep.

    ```bicep
    resource c 'Microsoft.CognitiveServices/accounts/connections@2025-09-01' = {
      parent: account
      name: 'vault'
      properties: {
        category: 'AzureKeyVault'
        target: vault.id
        authType: 'AccountManagedIdentity'
        isSharedToAll: true
        metadata: { ApiType: 'Azure', ResourceId: vault.id }
      }
    }
    ```

    Secrets do not move along: delete the connections that have one, and make them anew
    after the vault is connected.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Set up an Azure Key Vault connection in Microsoft Foundry
    """
    for each in account.connections.known():
        if _of("azurekeyvault", each):
            return info(f"secrets of connections lie in {quote(each.target or '')}")
    account.connections.require_whole()
    keyed = [each.name for each in _connections(account) if stores_key(each)]
    if not keyed:
        return info("no vault is connected, and no connection has a secret to keep")
    return manual(
        f"the secrets of {some(keyed)} lie in Microsoft's vault: may they?",
        "Move these connections to Entra ID, or connect a vault and make them anew.",
    )


@check(
    id="fdp-account-homogeneous",
    title="Each Foundry account is of one environment and one business unit",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=is_foundry,
    guidance=Post.FOUNDRY_BASICS,
    controls=("NIST-800-53:AC-4", "NIST-800-53:SC-32", "ISO-27001-2022:A.8.31"),
)
def account_homogeneous(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `tags` of the account and of its projects.

    Production beside another environment fails, business units that differ warn. A
    missing tag, or no tags at all, says nothing, and is asked about, as is an
    environment that no setting knows beside others. An account without projects is not
    applicable.

    ## Why it matters
    Projects part the files and agents of use cases. Model deployments with their quota,
    the network and all that the account shares are common to them, and whoever
    administers the account administers every project: a test beside production, or a
    business unit beside another, is one setting away from it.

    ## How to fix
    Give each business unit an account for each environment and build the projects that
    do not belong anew there; where a tag is missing or wrong, set it.

    ```sh
    az tag update --operation merge --resource-id PROJECT_ID \
      --tags environment=production businessUnit=claims
    ```

    ```bicep
    tags: { environment: 'production', businessUnit: 'claims' }
    ```

    A project cannot change its account: create a new one and move the work.

    ## Settings
    `environment_tags` and `business_unit_tags` name the tags that are read;
    `production_values` the values that stand for production and
    `non_production_values` those that stand for something else.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Microsoft Foundry rollout across my organization
    """
    settings = tenant.settings
    projects = account.projects
    parts: tuple[CognitiveAccount | Project, ...] = (account, *projects.known())
    stages = [tagged(each.tags, settings.environment_tags) for each in parts]
    if are_of_several_stages(filter(None, stages), settings):
        return failed(f"more than one environment: {_told(parts, stages)}")
    projects.require_whole()
    if len(parts) == 1:
        return not_applicable("the account has no projects")
    units = [tagged(each.tags, settings.business_unit_tags) for each in parts]
    if are_several(filter(None, units)):
        return warned(f"more than one business unit: {_told(parts, units)}")
    values = zip(parts, stages, units, strict=True)
    lacking = [each.name for each, stage, unit in values if not (stage and unit)]
    if lacking:
        return manual(
            f"no tag of environment or business unit on {some(lacking)}: do they fit?",
            "Tag the account and its projects with environment and business unit.",
        )
    strange = [
        (each.name, stage)
        for each, stage in zip(parts, stages, strict=True)
        if is_production(stage, settings) is None
    ]
    if strange and are_several(stages):
        return manual(
            f"is this production? {one_of_each(strange)}",
            "Add such values to production_values or non_production_values.",
        )
    return passed("no production beside anything else, and one business unit")


def _told(parts: Iterable[Resource], values: Iterable[str]) -> str:
    """Return what tags say, with an example of each value."""
    return one_of_each(
        (each.name, value) for each, value in zip(parts, values, strict=True)
    )


CHECKS: tuple[Check[Any], ...] = (
    connection_entra,
    connection_shared_key,
    connection_byo_keyvault,
    project_identity,
    account_homogeneous,
    appinsights_connection,
    hub_legacy,
)
