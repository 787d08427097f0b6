"""What uses accounts: connections and gateways with keys, and people directly."""

from __future__ import annotations

from typing import Any

from checks.connections import target
from checks.data_access import cited_data_users
from checks.grants import bounded, require_settled
from checks.key_connections import holds_key, leads_to_account
from checks.links import KINDS
from checks.wording import count, shown
from scanner.access.answers import Grant
from scanner.access.facts import may_be_group
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.connections import Connection
from scanner.model.machinelearning import WorkspaceConnection, in_workspace
from scanner.model.tenant import Tenant


def _uses_account(connection: Connection) -> bool:
    """Whether it leads to an account of Cognitive Services; feature stores are out."""
    of_workspace = isinstance(connection, WorkspaceConnection)
    return leads_to_account(connection) and (
        not of_workspace or in_workspace(connection)
    )


@check(
    id="aoai-key-in-connection",
    title="No connection holds a key of an account that refuses keys",
    topic=Topic.API_KEYS,
    severity=Severity.HIGH,
    on=KINDS,
    where=_uses_account,
    guidance=(Post.API_KEYS, Post.DATA_STORES),
    controls=(
        "MCSB:IM-1",
        "MCSB:IM-3",
        "NIST-800-53:IA-5",
        "NIST-800-53:CM-6",
        "ISO-27001-2022:A.5.17",
        "ISO-27001-2022:A.8.5",
    ),
)
def key_in_connection(connection: Connection, _: Tenant) -> Verdict:
    r"""
    Reads `properties.authType`, and `disableLocalAuth` of the account it leads to.

    The account is the one in `properties.metadata.ResourceId`, or where that is
    missing the one whose host is in `properties.target`. `authType` is required
    (connection REST reference): absent or null it is not assessed. While the account
    accepts keys, an absent or null `disableLocalAuth` included, this check is not
    applicable: `foundry-connection-entra` and `fdp-connection-entra` judge the
    connection then.

    ## Why it matters
    A connection keeps the key it was made with. When the account stops taking keys,
    every flow, agent and endpoint behind the connection fails with 401, and the
    connection still looks healthy in the portal.

    ## How to fix
    Recreate the connection with Entra ID (`authType` AAD or a managed identity) and
    grant those who use it a data role on the account, rather than switching the keys
    on again.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    az ml connection create --resource-group RG --workspace-name HUB \
      --file connection.yml
    ```

    ```bicep
    resource c 'Microsoft.MachineLearningServices/workspaces/connections@2025-06-01' = {
      properties: {
        category: 'AzureOpenAI'
        target: account.properties.endpoint
        authType: 'AAD'
        metadata: { ApiType: 'Azure', ResourceId: account.id }
      }
    }
    ```

    ```terraform
    resource "azapi_resource" "connection" {
      type      = "Microsoft.MachineLearningServices/workspaces/connections@2025-06-01"
      name      = "CONNECTION"
      parent_id = azurerm_ai_foundry.hub.id
      body = {
        properties = {
          category = "AzureOpenAI"
          target   = azurerm_cognitive_account.this.endpoint
          authType = "AAD"
          metadata = { ResourceId = azurerm_cognitive_account.this.id }
        }
      }
    }
    ```

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Connections in Azure AI Foundry portal
    """
    kind = shown(connection.authentication)
    account = target(connection, CognitiveAccount)
    if not isinstance(account, CognitiveAccount):
        return _without_account(connection, kind)
    if not account.local_auth_disabled:
        return not_applicable(f"{shown(account.name)} accepts keys")
    if holds_key(connection):
        return failed(f"broken: authType is {kind}, and {shown(account.name)} has none")
    return passed(f"authType is {kind}: it needs no key of {shown(account.name)}")


def _without_account(connection: Connection, kind: str) -> Verdict:
    """Return what it means that no account was found where everything was read."""
    if connection.target_id and holds_key(connection):
        return failed(f"broken: authType is {kind}, and the account does not exist")
    host = shown(connection.target)
    return not_applicable(f"no account of this tenant answers at {host}")


@check(
    id="aoai-few-direct-users",
    title="Few people use accounts directly",
    topic=Topic.API_KEYS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:PA-7",
        "NIST-800-53:AC-2",
        "NIST-800-53:AC-6",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.8.3",
        "PCI-DSS-4.0.1:7.2.1",
    ),
)
def few_direct_users(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.principalType` of the data roles that reach the account.

    Counted are users and groups whose roles allow a data action of
    Microsoft.CognitiveServices there, wherever the roles were granted; applications
    are not, and neither are roles that have to be activated. Old role assignments have
    no `principalType`: they count as users (role assignment REST reference). Members
    of groups count where they were read.

    ## Why it matters
    People belong behind an application or a gateway, which sees each prompt, limits it
    and writes it down. With a data role of their own they call the models from any
    script, and what they send there shows up nowhere.

    ## How to fix
    Take the data roles from people who work through an application, and keep them for
    the few who build it, best by one group and only while they need it.

    ```sh
    az role assignment list --scope "$ACCOUNT_ID" --include-inherited \
      --query "[?principalType!='ServicePrincipal']" --output table
    az role assignment delete --ids "$ASSIGNMENT_ID"
    ```

    The playgrounds of the portal work with the person's own token: whoever uses them
    needs the role.

    ## Settings
    `direct_user_warning` (10) and `direct_group_warning` (2) say how many are too many.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    users = cited_data_users(tenant, account)
    people = {each.principal_id.lower() for each in users.active if _is_person(each)}
    groups = {each.principal_id.lower() for each in users.active if _is_group(each)}
    told = " and ".join(
        (count(len(people), "user", "users"), count(len(groups), "group", "groups"))
    )
    reason = f"{told} with a data role"
    settings = tenant.settings
    if len(people) > settings.direct_user_warning:
        reason = f"{reason}; more than {settings.direct_user_warning} users"
    elif len(groups) > settings.direct_group_warning:
        reason = f"{reason}; more than {settings.direct_group_warning} groups"
    else:
        require_settled(users.missing)
        return passed(bounded(reason, users.missing))
    return warned(bounded(reason, users.missing))


def _is_person(grant: Grant) -> bool:
    return grant.principal_type.lower() in {"user", ""}


def _is_group(grant: Grant) -> bool:
    return not _is_person(grant) and may_be_group(grant.principal_type)


CHECKS: tuple[Check[Any], ...] = (
    key_in_connection,
    few_direct_users,
)
