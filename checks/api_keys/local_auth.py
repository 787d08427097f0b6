"""Keys of Azure OpenAI and AI Services accounts, or Entra roles instead of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from checks.api_keys.key_connections import Leading
from checks.api_keys.readiness import Readiness, advice, readiness_of
from checks.shared.citing import cite
from checks.shared.data_access import (
    GIVE_A_SUBDOMAIN,
    TAKES_NOTHING,
    callers,
    cited_data_users,
    data_users,
    held_now,
    in_time,
    require_told,
    untold,
)
from checks.shared.grants import (
    access,
    actors,
    asks_nothing,
    bounded,
    named,
    one_each,
    principals,
    require_denials,
    require_settled,
)
from checks.shared.model_roles import LIST_KEYS
from checks.shared.wording import count, shown
from scanner.access.answers import Answer, Grant
from scanner.access.facts import may_be_group
from scanner.model import initiatives
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
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.connections import Connection
from scanner.model.tenant import Tenant


@check(
    id="aoai-local-auth-disabled",
    title="Azure OpenAI accounts refuse API keys",
    topic=Topic.API_KEYS,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    mapped=(initiatives.ACCOUNT_KEYS,),
    controls=(
        "MCSB:IM-1",
        "NIST-800-53:AC-2",
        "NIST-800-53:AC-2(1)",
        "NIST-800-53:AC-2(7)",
        "NIST-800-53:AC-3",
        "NIST-800-53:IA-2",
        "NIST-800-53:IA-4",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.5.17",
        "ISO-27001-2022:A.8.5",
        "PCI-DSS-4.0.1:8.2.2",
    ),
    aliases=("fdp-local-auth-disabled",),
)
def local_auth_disabled(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`.

    Absent or null means false, that is, keys are accepted: the API leaves the key out
    of accounts where it was never set (Microsoft.CognitiveServices 2025-09-01; built-in
    policy 71ef260a).

    ## Why it matters
    Each of the two keys opens the whole data plane, for ever and for whoever holds it:
    a key can be limited to nothing, and the logs of what it did name nobody. One key in
    a repository or a chat message is enough to read fine-tuning files, run up the bill
    and get around a gateway that is meant to see every call.

    ## How to fix
    Set `disableLocalAuth` to true, after every caller has been given an Entra role with
    data actions, such as Cognitive Services OpenAI User, and uses a token.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"disableLocalAuth": true}
    }'
    ```

    ```bicep
    properties: {
      disableLocalAuth: true
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      local_auth_enabled = false
    }
    ```

    Clients that use a key stop working at once, and so do Foundry connections, prompt
    flows and API Management backends that hold one. Owner and Contributor do not help:
    they carry no data actions, so grant the data roles first. Entra tokens also need
    the account to have a custom subdomain.

    ## Exceptions
    Features that still take keys only are a reason for an exemption with an expiry.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Disable local authentication in Azure AI services
    """
    if account.local_auth_disabled:
        return passed("disableLocalAuth is true")
    value = shown(account.local_auth_disabled)
    return failed(
        f"disableLocalAuth is {value}: keys are accepted",
        advice(readiness_of(account, tenant)),
    )


@check(
    id="aoai-entra-role-preprovisioned",
    title="Accounts without keys have callers with Entra roles",
    topic=Topic.API_KEYS,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:IM-1",
        "MCSB:PA-7",
        "NIST-800-53:AC-2",
        "NIST-800-53:AC-3",
        "NIST-800-53:CP-10",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.5.18",
    ),
)
def entra_role_preprovisioned(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth` and the role assignments that reach the account.

    A role counts when it allows any data action of Microsoft.CognitiveServices at the
    account, whether it was granted there or above; Owner and Contributor allow none
    (azure-docs, "Azure built-in roles"). A role under a condition counts no more once
    its time window is over; under another it lets somebody in perhaps, which warns.
    Where nobody holds a data role for certain and what a condition asks cannot be told,
    this is not assessed. An absent or null `disableLocalAuth` means that keys are
    accepted, which makes this check not applicable. An account whose
    `properties.customSubDomainName` is absent, null or empty takes no tokens (Microsoft
    Learn, "Custom subdomain names for Azure AI services"): without keys it fails,
    whoever holds a role.

    ## Why it matters
    Without keys only tokens are left, and a token is worth what the roles of its owner
    allow. An account whose keys were switched off before anybody got a data role
    answers everyone with 401 or PermissionDenied, the owner of its subscription
    included, and the quickest way out looks like switching the keys on again.

    ## How to fix
    Grant every caller a role with data actions on the account: Cognitive Services
    OpenAI User for those who call models, OpenAI Contributor for those who also deploy
    and fine-tune.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    ```

    ```bicep
    resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, 'openai-user')
      properties: {
        principalId: principalId
        principalType: 'ServicePrincipal'
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
    }
    ```

    A role assignment takes up to five minutes to work. A role that must be activated
    first helps people, but no application.

    ## Exceptions
    An account that is kept for its records and has no callers any more.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    if not account.local_auth_disabled:
        return not_applicable("keys are accepted: aoai-disable-readiness looks ahead")
    if not account.custom_subdomain:
        return failed(f"locked out: {TAKES_NOTHING}", GIVE_A_SUBDOMAIN)
    users = cited_data_users(tenant, account)
    certain, possible = _callers(tenant, callers(tenant, users))
    if certain:
        require_denials(users.missing)
        holders = count(len(principals(certain)), "principal holds", "principals hold")
        return passed(f"{holders} a data role: {named(certain)}")
    require_settled(users.missing)
    for grant in possible:
        problem = None if _is_vague(grant) else untold(grant)
        if problem:
            raise problem
    return _locked_out(possible, users, tenant)


def _callers(
    tenant: Tenant, grants: Iterable[Grant]
) -> tuple[list[Grant], list[Grant]]:
    """Return the grants that surely let somebody in, and those that may.

    A group is as good as its members, a denial may take any grant back, and a condition
    may hold for no call.
    """
    certain: list[Grant] = []
    possible: list[Grant] = []
    for grant in grants:
        maybe = _is_vague(grant) or not asks_nothing(tenant, grant)
        (possible if maybe else certain).append(grant)
    return certain, possible


def _is_vague(grant: Grant) -> bool:
    """Whether it is not known that anybody holds a grant at all."""
    is_group = not grant.via_group and may_be_group(grant.principal_type)
    return is_group or bool(grant.contested_by)


def _locked_out(possible: list[Grant], users: Answer, tenant: Tenant) -> Verdict:
    """Return what it means that nobody is certain to hold a data role."""
    eligible = in_time(tenant, users.eligible)
    if possible and all(map(_is_vague, possible)):
        reason = f"only groups hold data roles, if anybody: {named(possible)}"
    elif possible:
        reason = f"data roles are under a condition, if held: {named(possible)}"
    elif eligible:
        reason = f"data roles have to be activated first: {named(eligible)}"
    else:
        reason = f"locked out: keys are off and {_nobody(users, tenant)}"
        return failed(bounded(reason, users.missing))
    return warned(bounded(reason, users.missing))


def _nobody(users: Answer, tenant: Tenant) -> str:
    left = in_time(tenant, users.grants)
    over = [each for each in users.grants if each not in left]
    ended = f" any more, for the time of a condition is over: {named(over)}"
    return f"nobody holds a data role{ended if over else ''}"


@check(
    id="aoai-disable-readiness",
    title="Accounts with keys are ready to do without them",
    topic=Topic.API_KEYS,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:IM-1",
        "NIST-800-53:AC-2",
        "NIST-800-53:IA-2",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.8.5",
    ),
)
def disable_readiness(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`, data roles at the account and its connections.

    An absent or null `disableLocalAuth` means that keys are accepted (built-in policy
    71ef260a); where they are off already the check is not applicable. Connections are
    those of workspaces, Foundry accounts and projects that name the account in
    `properties.metadata.ResourceId`, or its host in `properties.target`; their
    `properties.authType` says whether they hold a key; what API Management holds is
    told by `aoai-key-in-apim`. Without `properties.customSubDomainName` an account
    takes no tokens.

    A gateway that signs in with an identity is not ready while no identity of its
    service holds a data role. A person has to say what callers send through a gateway
    that has neither a key nor an identity, whose calls come through one to an endpoint
    that several accounts share, and who signs in by a connection without a key where no
    identity of its workspace, account or project holds a data role.

    ## Why it matters
    Keys are switched off for everybody at once. Whoever has no data role by then, and
    whatever still holds a key, stops working within minutes, and nothing in Azure
    warns of it beforehand.

    ## How to fix
    Grant data roles first, move what holds a key to Entra ID, then switch the keys
    off. This finding names both for the account.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    ```

    ```bicep
    resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      scope: account
      name: guid(account.id, principalId, 'openai-user')
      properties: {
        principalId: principalId
        roleDefinitionId: subscriptionResourceId(
          'Microsoft.Authorization/roleDefinitions',
          '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
        )
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "caller" {
      scope                = azurerm_cognitive_account.this.id
      role_definition_name = "Cognitive Services OpenAI User"
      principal_id         = var.principal_id
    }
    ```

    Resource Manager does not know who calls an account. The RequestResponse log does:
    each caller by object id that it shows needs a role, and calls without an object id
    came with a key.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Disable local authentication in Azure AI services
    """
    if account.local_auth_disabled:
        return not_applicable("keys are off already")
    users = cited_data_users(tenant, account)
    ready = readiness_of(account, tenant)
    _cite(ready.leading)
    lacking = not ready.keeping or ready.keyless.roleless
    if lacking and not any(ready.users_of_keys):
        require_settled(users.missing)
    if ready.obstacles:
        reason = f"not ready: {'; '.join(ready.obstacles)}"
        return warned(bounded(reason, users.missing), advice(ready))
    if ready.unread:
        raise ready.unread
    require_denials(users.missing)
    require_told(ready.keeping)
    if ready.keyless.unproven:
        require_settled(users.missing)
    return _nothing_in_the_way(ready)


def _cite(leading: Leading) -> None:
    for each in (*leading.keyed, *leading.others):
        each.cite(Connection.auth_type, Connection.target)


def _nothing_in_the_way(ready: Readiness) -> Verdict:
    holders = count(len(ready.keeping), "principal holds", "principals hold")
    questions = " ".join(ready.questions)
    if questions:
        return manual(f"{holders} a data role; {questions}", advice(ready))
    if ready.keyless.ready:
        known = count(len(ready.keyless.ready), "known caller", "known callers")
        return info(
            f"ready as far as is known: {holders} a data role, {known} among them"
        )
    log = "who else calls is for the RequestResponse log to say"
    return manual(f"{holders} a data role; {log}", advice(ready))


@check(
    id="aoai-owner-not-sufficient",
    title="Control-plane roles alone call no models",
    topic=Topic.API_KEYS,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=("MCSB:PA-7", "NIST-800-53:AC-3", "ISO-27001-2022:A.5.15"),
)
def owner_not_sufficient(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.roleDefinitionId` of the role assignments that reach the account.

    Listed are the principals none of whose roles allows a data action of
    Microsoft.CognitiveServices; those who can list the keys come first, for they can
    use the account only as long as it has keys. Roles that have to be activated do not
    count.

    ## Why it matters
    Owner and Contributor manage an account and cannot call it: their actions are of
    the control plane, and `*` there means no data action. As long as keys work nobody
    notices, because they can read one. The day the keys go, the most powerful people
    are the ones who are refused.

    ## How to fix
    Nothing is wrong with these roles. Give those on the list who call models a role
    with data actions as well.

    ```sh
    az role assignment create --assignee "$CALLER" --scope "$ACCOUNT_ID" \
      --role "Cognitive Services OpenAI User"
    ```

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Role-based access control for Azure OpenAI
    """
    users, known = data_users(tenant, account), access(tenant)
    missing = (*users.missing, *known.missing(account.id))
    require_settled(missing)
    can_call = set(principals(held_now(tenant, users)))
    listing = known.who_can(LIST_KEYS, account.id)
    without = one_each(
        grant
        for grant in actors(tenant, (*listing.active, *known.at(account.id)))
        if not grant.eligible and grant.principal_id.lower() not in can_call
    )
    refused = (*users.refused, *listing.refused)
    cite(tenant, without or users.active, account, refused)
    if not without:
        return info("whoever holds a role here holds a data role too")
    many = count(len(without), "principal gets", "principals get")
    reason = f"{many} 401 or PermissionDenied with a token: {named(without)}"
    return info(bounded(reason, dict.fromkeys(missing)))


CHECKS: tuple[Check[Any], ...] = (
    local_auth_disabled,
    entra_role_preprovisioned,
    disable_readiness,
    owner_not_sufficient,
)
