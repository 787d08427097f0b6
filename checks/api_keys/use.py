"""What uses accounts: connections and gateways with keys, and people directly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from checks.aoai_inbound.network import (
    leads_in,
    lets_services_by,
    not_consulted,
    superseded,
)
from checks.api_keys.key_connections import holds_key, leads_to_account
from checks.shared.connections import target
from checks.shared.data_access import cited_data_users, held_now
from checks.shared.fronting import (
    expected,
    fronting,
    leading,
    require_every_front,
)
from checks.shared.gateway_policies import SignIn
from checks.shared.gateways import (
    FRONTS,
    Front,
    addresses_of,
    behind,
    fronts_account,
    sign_in,
)
from checks.shared.grants import bounded, require_settled
from checks.shared.links import KINDS
from checks.shared.perimeters import anything, let_in, way_in
from checks.shared.scanned import require_all_scanned
from checks.shared.wording import count, shown, some
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
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.connections import Connection
from scanner.model.coverage import Unclear
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
    id="aoai-key-in-apim",
    title="API Management signs in to accounts with its identity, not a key",
    topic=Topic.API_KEYS,
    severity=Severity.MEDIUM,
    on=FRONTS,
    where=fronts_account,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:IM-1",
        "MCSB:IM-3",
        "NIST-800-53:IA-5",
        "NIST-800-53:IA-9",
        "ISO-27001-2022:A.5.17",
        "ISO-27001-2022:A.8.5",
        "PCI-DSS-4.0.1:8.6.1",
    ),
)
def key_in_apim(front: Front, _: Tenant) -> Verdict:
    r"""
    Reads `properties.credentials` of backends and the policies that lead to them.

    Judged are backends whose `properties.url`, and APIs whose `properties.serviceUrl`,
    or whose `base-url` in `set-backend-service` of a policy, is the host of a Cognitive
    Services account: its own, or the endpoint of its region. Where several accounts
    have the latter in `properties.endpoint`, only the key tells whose it is, and a
    person has to say. So it is where a policy expression makes the address, or its host
    is a named value, the value of which is never kept: such backends and APIs are
    judged if they sign in as to an account. A key is a header or parameter named
    `api-key`, `Ocp-Apim-Subscription-Key` or `subscription-key`, in the backend or set
    by the policy of the service, of an API that leads there, of a product that the API
    is in, or by a fragment these include; an identity is
    `authentication-managed-identity` for Cognitive Services in such a policy. Policies
    of a product and of the service count as far as `<base />` in `inbound` of the
    policies before them calls them in. What a policy sets in `outbound`, in `on-error`
    or for a `send-request` of its own is not for the account. An API that is in
    products is called by way of one of them. Absent credentials are none (backend REST
    reference). Where neither is found it is a matter of what callers send, and of
    policies of single operations, which are not read.

    ## Why it matters
    A gateway is there to know who calls. If it uses a key behind that, the key lies in
    one more place, the account's log names no caller, and the account cannot give up
    its keys without stopping everybody who comes through the gateway.

    ## How to fix
    Give the managed identity of the service a data role on the account, let the policy
    sign in with it, and delete the header or parameter with the key and the named value
    behind it.

    ```sh
    az role assignment create --assignee-object-id APIM_PRINCIPAL \
      --assignee-principal-type ServicePrincipal --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    ```

    ```xml
    <inbound>
      <base />
      <authentication-managed-identity
        resource="https://cognitiveservices.azure.com" />
    </inbound>
    ```

    ```bicep
    resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, apim.id, 'openai-user')
      properties: {
        principalId: apim.identity.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "apim" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = azurerm_api_management.this.identity[0].principal_id
    }
    ```

    Change the policy once the role works, which takes up to five minutes: until then
    the account answers 401.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Authenticate and authorize access to LLM APIs
    """
    unclear = Unclear()
    found = behind(front, unclear)
    if found.accounts:
        return _signed_in(front, found.accounts)
    if found.sharing:
        return manual(
            f"{_names(found.sharing)} share this endpoint: is it a key of one of them?"
        )
    unclear.settle()
    if found.untold:
        return _signed_in_untold(front, found.untold)
    at = some(map(shown, addresses_of(front, unclear)))
    require_all_scanned(front.tenant, f"what answers at {at}")
    return not_applicable(f"no account of this tenant answers at {at}")


def _signed_in(front: Front, accounts: Collection[CognitiveAccount]) -> Verdict:
    """Return whether a front keeps a key of the accounts that it leads to."""
    said = sign_in(front)
    if said.how is SignIn.IDENTITY:
        return passed(f"{said.by} signs in with a managed identity")
    if said.how is SignIn.NOT_TOLD:
        return manual("neither a key nor an identity was found: see what callers send")
    refusing = [each for each in accounts if each.local_auth_disabled]
    if refusing:
        refuses = f"{_names(refusing)} refuses keys"
        return failed(f"broken: {said.by} holds a key, and {refuses}")
    return failed(f"{said.by} holds a key of {_names(accounts)}")


def _signed_in_untold(front: Front, addresses: Iterable[str]) -> Verdict:
    """Return what is known of a front that does not tell where it leads."""
    said, at = sign_in(front), some(map(shown, addresses))
    if said.how is SignIn.IDENTITY:
        return passed(f"{said.by} signs in with a managed identity")
    return manual(f"{said.by} holds a key: does {at} lead to one of your accounts?")


def _names(accounts: Iterable[CognitiveAccount]) -> str:
    return some(shown(each.name) for each in accounts)


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
    are not, and neither are roles that have to be activated or whose condition holds
    no more, its time being over. Old role assignments have
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
    held = held_now(tenant, users)
    people = {each.principal_id.lower() for each in held if _is_person(each)}
    groups = {each.principal_id.lower() for each in held if _is_group(each)}
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


@check(
    id="aoai-apim-loss-accepted",
    title="Going past API Management is accepted by somebody",
    topic=Topic.API_KEYS,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:LT-3",
        "NIST-800-53:AU-2",
        "NIST-800-53:CA-6",
        "ISO-27001-2022:A.8.15",
    ),
)
def apim_loss_accepted(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.publicNetworkAccess`, the firewall and the private endpoints.

    An account is meant to be reached through API Management when a backend or API of a
    service leads to it, or a setting expects one to. A way past it is a public endpoint
    that is open or lets some networks in (absent or null `publicNetworkAccess` means
    Enabled, built-in policy 037eea7a; an absent firewall lets everybody in; an enforced
    perimeter decides in its place, and one in transition mode may let in more), the
    bypass for Azure services, which lets them in with the public endpoint off as well,
    an inbound rule of such a perimeter, or more than one approved private endpoint.
    Accounts without a gateway or without such a way are not applicable; where a
    narrowed scan found no gateway, they are not assessed. Whether a gateway leads here
    whose address several accounts of a region share, or is not told (see
    `aoai-key-in-apim`), a person has to say.

    ## Why it matters
    What API Management logs, limits and charges it knows of the calls that come through
    it. Whoever reaches the account directly leaves no prompt behind, spends nobody's
    quota and meets none of its checks. That can be a fair price for a playground, but
    somebody should have decided it.

    ## How to fix
    Close the ways past the gateway, or write down who accepts them, for what and until
    when, as an exemption of this check.

    ```sh
    az resource update --ids "$ACCOUNT_ID" \
      --set properties.publicNetworkAccess=Disabled
    ```

    ## Exceptions
    A shared jump host for the portal's playgrounds, with an owner and an end.

    ## Settings
    `expected_gateways` lists the API Management services that accounts are to be used
    through (none).

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Authenticate and authorize access to LLM APIs
    """
    found = fronting(account)
    if not found.gateways and not expected(account):
        if found.possible:
            return manual(found.question)
        require_every_front(account, found)
        return not_applicable("no API Management service leads here")
    past, unclear = list[str](), Unclear()
    with unclear:
        past += _public_ways(account)
    approved = sum(map(leads_in, account.private_endpoint_connections))
    past += [f"{approved} private endpoints"] if approved > 1 else []
    lead = leading(account, found)
    if not past:
        unclear.settle()
        return not_applicable(f"{lead}, and no way past it is open")
    ways = "; ".join(past)
    return manual(f"{lead}, and so does a way past it: {ways}")


def _public_ways(account: CognitiveAccount) -> Iterator[str]:
    """Yield the ways on which public networks let calls go past a gateway."""
    way = way_in(account)
    if way is not None and way.sure:
        yield str(way)
        return
    opening = let_in(account, anything)
    if opening:
        yield opening
    if way is None and not_consulted(account) is None:
        lets_in = [*(account.ip_rules or ()), *account.virtual_network_rules]
        if lets_in:
            yield count(len(lets_in), "firewall rule", "firewall rules")
    if way is None and lets_services_by(account) and superseded(account) is None:
        yield "the bypass for Azure services"


CHECKS: tuple[Check[Any], ...] = (
    key_in_connection,
    key_in_apim,
    few_direct_users,
    apim_loss_accepted,
)
