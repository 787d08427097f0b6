"""Where Azure OpenAI and AI Services accounts may send requests to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from checks.shared.hostnames import fault, host_name
from checks.shared.hosts import Owner, owner_of, plain_host, service_of
from checks.shared.wording import count, quote, shown, some
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
from scanner.model.cloud import Suffixes
from scanner.model.cognitive import CognitiveAccount, restricts_outbound
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant

CONTROLS = (
    "MCSB:NS-2",
    "MCSB:NS-3",
    "MCSB:DP-2",
    "NIST-800-53:AC-4",
    "NIST-800-53:SC-7",
    "NIST-800-53:SC-7(5)",
    "ISO-27001-2022:A.8.12",
    "ISO-27001-2022:A.8.20",
    "ISO-27001-2022:A.8.22",
    "PCI-DSS-4.0.1:1.3.2",
    "PCI-DSS-4.0.1:1.4.4",
)


@check(
    id="aoai-outbound-restricted",
    title="Azure OpenAI accounts restrict outbound network access",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=(*CONTROLS, "NIST-800-53:SC-7(10)"),
    aliases=("fdp-outbound-restricted",),
)
def outbound_restricted(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.restrictOutboundNetworkAccess` and `properties.provisioningState`.

    Absent or null `restrictOutboundNetworkAccess` means false: the API leaves the key
    out of accounts that were never restricted (Microsoft.CognitiveServices 2025-09-01,
    and the data loss prevention page). An account whose `provisioningState` is present
    and not `Succeeded` is between two settings, and is not assessed.

    ## Why it matters
    The service itself calls out: to a Search index or blob it is pointed at, or to
    the address of an image in a prompt. These calls leave from Microsoft's network, so
    no firewall, route or private endpoint of yours sees them, and without the
    restriction anyone who can call the account can have it carry data to, or take
    poisoned answers from, an endpoint of their own.

    ## How to fix
    Set `restrictOutboundNetworkAccess` to true and list in `allowedFqdnList` only the
    hosts the account has to reach; list the hosts first, because whatever is missing is
    blocked within about fifteen minutes.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {
        "restrictOutboundNetworkAccess": true,
        "allowedFqdnList": ["contoso-search.search.windows.net"]
      }
    }'
    ```

    ```bicep
    resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
      // ...
      properties: {
        restrictOutboundNetworkAccess: true
        allowedFqdnList: ['contoso-search.search.windows.net']
      }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      outbound_network_access_restricted = true
      fqdns                              = ["contoso-search.search.windows.net"]
    }
    ```

    Chat on your own data needs the host of its Search service, and prompts with image
    addresses need the host of the images; both fail with a message that names the
    restriction until their hosts are listed. Agents with a subnet of their own need
    their own egress control: network injection does not cover these calls.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    state = account.provisioning_state
    if state is not None and state.lower() != "succeeded":
        why = f"is {shown(state)}: the account is between two settings"
        raise account.unread(CognitiveAccount.provisioning_state.path, why)
    if account.outbound_restricted:
        return passed("restrictOutboundNetworkAccess is true")
    value = shown(account.outbound_restricted)
    return failed(
        f"restrictOutboundNetworkAccess is {value}: the account may call any endpoint"
    )


@check(
    id="aoai-outbound-list-ignored",
    title="Lists of allowed outbound hosts are in force",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def list_ignored(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.allowedFqdnList` and `properties.restrictOutboundNetworkAccess`.

    An absent, null or empty list cannot be ignored: the check does not apply. Absent or
    null `restrictOutboundNetworkAccess` means false (data loss prevention page), and
    then the list is not looked at.

    ## Why it matters
    The list holds the exceptions to a block. Without the block it changes nothing, yet
    it looks like a control in templates and reviews, so the account stays open to every
    endpoint while everybody believes that it is closed.

    ## How to fix
    Set `restrictOutboundNetworkAccess` to true so that the list takes effect, after
    checking that it names every host the account needs; or remove the list if the
    account is meant to be open.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"restrictOutboundNetworkAccess": true}
    }'
    ```

    ```bicep
    properties: {
      restrictOutboundNetworkAccess: true
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      outbound_network_access_restricted = true
    }
    ```

    The list has never been enforced, so nobody knows that it is complete: calls to
    hosts that are missing from it stop within about fifteen minutes.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    entries = account.allowed_fqdns
    if not entries:
        return not_applicable("allowedFqdnList is empty")
    listed = count(len(entries), "entry", "entries")
    if account.outbound_restricted:
        return passed(f"restrictOutboundNetworkAccess is true, with {listed} listed")
    value = shown(account.outbound_restricted)
    return failed(
        f"allowedFqdnList has {listed} without effect: "
        f"restrictOutboundNetworkAccess is {value}"
    )


@check(
    id="aoai-outbound-fqdn-minimal",
    title="Allowed outbound hosts are single, named hosts",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def fqdn_minimal(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.allowedFqdnList`.

    An absent, null or empty list allows no host, so there is no entry to judge (data
    loss prevention page). Entries are compared trimmed, in lower case, without a last
    dot and in their ASCII form.

    ## Why it matters
    An entry that stands for a whole service lets in everybody who can open an account
    there: allowing all of Search or all of blob storage allows the attacker's Search
    service and the attacker's container as well. Public paste, tunnel and webhook hosts
    are the shortest way out for data.

    ## How to fix
    Replace each entry that is too wide with the full names of the hosts the account has
    to reach, such as your own Search service and storage account, without scheme, path,
    wildcard or IP address.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {
        "allowedFqdnList": [
          "contoso-search.search.windows.net",
          "contosodocs.blob.core.windows.net"
        ]
      }
    }'
    ```

    ```bicep
    properties: {
      allowedFqdnList: [
        'contoso-search.search.windows.net'
        'contosodocs.blob.core.windows.net'
      ]
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      fqdns = [
        "contoso-search.search.windows.net",
        "contosodocs.blob.core.windows.net",
      ]
    }
    ```

    The new list replaces the old one: a host that is left out is blocked within about
    fifteen minutes.

    ## Exceptions
    The hosts that anyone can open are `blocked_fqdn_suffixes` in `posture.toml`; a list
    warns above `fqdn_list_warning` entries. Azure accepts IP addresses in the list, but
    an address says nothing of who owns what answers there.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    entries = account.allowed_fqdns
    if not entries:
        return not_applicable("allowedFqdnList is empty")
    faults = {entry: why for entry in entries if (why := fault(entry, tenant))}
    if faults:
        wide = some(f"{quote(entry)} ({why})" for entry, why in faults.items())
        return failed(f"allowedFqdnList has more than single named hosts: {wide}")
    limit = tenant.settings.fqdn_list_warning
    listed = count(len(entries), "entry", "entries")
    if len(entries) > limit:
        return warned(f"allowedFqdnList has {listed}, more than {limit}")
    repeated = len(entries) - len(set(map(host_name, entries)))
    note = f", {repeated} of them repeated" if repeated else ""
    return passed(f"allowedFqdnList has {listed}, each a single host{note}")


@check(
    id="aoai-outbound-fqdn-owned",
    title="Allowed outbound hosts belong to resources of the tenant",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.HIGH,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def fqdn_owned(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.allowedFqdnList`, and which resources have the names in it.

    Names are matched with `properties.customSubDomainName` and `properties.endpoint` of
    Cognitive Services accounts; with the names of storage accounts, key vaults, Search
    services, Cosmos DB accounts and API Management services, of the latter two also
    with `properties.readLocations` and `properties.gatewayRegionalUrl`; and with
    `properties.loginServer` and `properties.dataEndpointHostNames` of registries. An
    absent, null or empty list allows no host, so there is no owner to find (data loss
    prevention page).

    ## Why it matters
    A host on the platform's own domains looks trustworthy and may be anyone's: an
    attacker who gets their own Search service or storage account onto the list captures
    every question that is sent there, or answers it with poisoned documents. A name
    whose resource was deleted can be taken by somebody else.

    ## How to fix
    Remove each host that no resource of yours answers at; approve in `approved_fqdns`
    of `posture.toml` the ones that belong to a partner, with a reason on record.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"allowedFqdnList": ["contosodocs.blob.core.windows.net"]}
    }'
    ```

    ```bicep
    properties: {
      allowedFqdnList: ['${documents.name}.blob.${environment().suffixes.storage}']
    }
    ```

    ```terraform
    resource "azurerm_cognitive_account" "this" {
      # ...
      fqdns = [azurerm_storage_account.documents.primary_blob_host]
    }
    ```

    Ask the owner of the application before removing a host: what depends on it fails
    within about fifteen minutes.

    ## Exceptions
    Hosts in `approved_fqdns` that no resource has are a warning. Where only a part of
    the tenant was read, be it that a disabled subscription was left out, a name that is
    not found is a warning as well. Names of App Service cannot be matched, because its
    sites are not read: an account that allows them is not assessed unless another entry
    fails. Whose a custom domain is, a person has to say.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    entries = account.allowed_fqdns
    if not entries:
        return not_applicable("allowedFqdnList is empty")
    return of_owners(entries, tenant)


def of_owners(entries: Iterable[str], tenant: Tenant) -> Verdict:
    """Return the verdict on who owns allowed hosts; raises NotRead where that is open.

    One that is known to be foreign decides, whatever else is not known.
    """
    by_owner: dict[Owner, list[str]] = defaultdict(list)
    for entry in entries:
        by_owner[owner_of(entry, tenant)].append(entry)
    if foreign := by_owner[Owner.NOBODY_HERE]:
        return failed(f"no resource of the tenant owns {some(map(quote, foreign))}")
    if unread := by_owner[Owner.UNREAD_TYPE]:
        raise _type_not_read(unread, tenant.suffixes)
    return _unfailed(by_owner)


def _type_not_read(entries: list[str], suffixes: Suffixes) -> NotRead:
    """Return the refusal to say who owns names of types that are not collected."""
    services = (service_of(plain_host(entry), suffixes) for entry in entries)
    types = sorted({service.type for service in services if service})
    names = some(map(quote, entries))
    return NotRead(f"{' and '.join(types)}: not read, so who owns {names} is not known")


def _unfailed(by_owner: dict[Owner, list[str]]) -> Verdict:
    """Return the verdict on a list without a host that is known to be foreign."""
    if missing := by_owner[Owner.NOT_FOUND]:
        names = some(map(quote, missing))
        told = f"no resource that was read owns {names}"
        return warned(f"{told} (lower bound: not all of the tenant was read)")
    if approved := by_owner[Owner.APPROVED]:
        names = some(map(quote, approved))
        return warned(f"approved, but owned by no resource that was read: {names}")
    if custom := by_owner[Owner.NO_PLATFORM_NAME]:
        names = some(map(quote, custom))
        return manual(
            f"not names of the platform: {names}",
            "Find out who owns these hosts, and remove or approve them.",
        )
    listed = count(len(by_owner[Owner.OURS]), "allowed host", "allowed hosts")
    return passed(f"resources of the tenant own the {listed}")


CHECKS: tuple[Check[Any], ...] = (
    outbound_restricted,
    list_ignored,
    fqdn_minimal,
    fqdn_owned,
)
