"""What the outbound list of Azure OpenAI accounts lets happen, and what it stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.shared.assigned import Content, contents, gravest
from checks.shared.citing import cite
from checks.shared.grants import access, require_settled
from checks.shared.hostnames import host_name, is_claimable
from checks.shared.hosts import Owner, answering, leads_to, owner_of, plain_host
from checks.shared.perimeters import guard_of, let_in, way_in
from checks.shared.policies import Policy, policies_on
from checks.shared.rules import Setting
from checks.shared.scanned import require_all_scanned, so_far
from checks.shared.wording import count, quote, shown, some
from scanner.access.answers import Grant, Holding
from scanner.access.builtin import BuiltIn, is_role
from scanner.access.facts import Missing, Part
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models, restricts_outbound
from scanner.model.coverage import NotRead, Unclear
from scanner.model.policy import PolicyDefinition
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant
from scanner.policy.conditions import Answer, any_of

CONTROLS = ("MCSB:NS-2", "NIST-800-53:SC-7", "NIST-800-53:AC-4")
RESTRICTED = Setting(
    f"{CognitiveAccount.type}/restrictOutboundNetworkAccess", wanted=True
)

_SEARCH_ROLES = (
    BuiltIn.SEARCH_CONTRIBUTOR,
    BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR,
    BuiltIn.SEARCH_INDEX_DATA_READER,
)
_EFFECTS = {
    "deny",
    "modify",
    "append",
    "audit",
    "auditifnotexists",
    "deployifnotexists",
}


@check(
    id="aoai-outbound-fqdn-dangling",
    title="Hosts in outbound lists still belong to somebody known",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def fqdn_dangling(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.allowedFqdnList`.

    Hosts of services whose names anyone may claim are looked up among the resources of
    the tenant. Whether a name that belongs to none of them is free can only be told by
    asking DNS, which a scan does not do: then it is for a person to look. So it is for
    services whose resources are not read, such as Traffic Manager, public addresses and
    container apps, and for hosts of `approved_fqdns`: a partner's name may be given up
    like one of yours.

    ## Why it matters
    A storage account or Search service that was deleted frees its name for the whole
    world. While the list still has it, whoever takes the name next receives what the
    account sends there, and answers in place of what used to be yours.

    ## How to fix
    Look the name up in DNS. If nothing answers, take it off the list, or take the name
    again before somebody else does.

    ```sh
    nslookup contosodocs.blob.core.windows.net
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"allowedFqdnList": ["contoso-search.search.windows.net"]}
    }'
    ```

    The new list replaces the old one: send every host that is to stay.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Prevent dangling DNS entries and avoid subdomain takeover
    """
    claimable = [
        entry
        for entry in account.allowed_fqdns or ()
        if is_claimable(plain_host(entry), tenant.suffixes)
    ]
    if not claimable:
        return not_applicable(
            "no host of a service whose names can be claimed is listed"
        )
    strange = [each for each in claimable if owner_of(each, tenant) is not Owner.OURS]
    free = [entry for entry in strange if not _unread_owners(entry, tenant)]
    for entry in strange if not free else ():
        raise _unread_owners(entry, tenant)[0]
    if not free:
        names = count(len(claimable), "host", "hosts")
        return passed(f"{names} of claimable names, each of a resource in the scan")
    return manual(
        f"no resource in the scan answers at {some(map(quote, free))}: does anyone?",
        "Ask DNS for each name; one that nothing answers at can be claimed by anyone.",
    )


def _unread_owners(entry: str, tenant: Tenant) -> list[NotRead]:
    """Return why resources may own a host that no known one does."""
    return [each.missing for each in answering(tenant, entry) if each.missing]


@check(
    id="aoai-outbound-cwyd-search-missing",
    title="Search services that an account may use are in its outbound list",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def cwyd_search_missing(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.restrictOutboundNetworkAccess` and `properties.allowedFqdnList`.

    Also which Search services one of the account's managed identities has a Search role
    on. Use with a key leaves no role behind and cannot be seen.

    ## Why it matters
    With outbound traffic restricted, chat on your own data reaches a Search service
    only if the list names it. A role was granted for it and the host was forgotten:
    requests fail, and whoever looks for a missing role looks in the wrong place.

    ## How to fix
    Add the host of the Search service to the list, beside those that are there.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {"allowedFqdnList": ["contoso-search.search.windows.net"]}
    }'
    ```

    The new list replaces the old one: send every host that is to stay.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    if not account.outbound_restricted:
        return not_applicable("outbound traffic is not restricted")
    if not account.has_identity:
        return not_applicable("the account has no managed identity")
    listed = {host_name(entry) for entry in account.allowed_fqdns or ()}
    searched = _searched(account, tenant)
    missing = [
        service.name
        for service in searched.services
        if f"{service.name.lower()}.{tenant.suffixes.search}" not in listed
    ]
    if missing:
        names = some(map(shown, missing))
        return warned(f"its identity may use {names}, which the list leaves out")
    searched.unclear.settle()
    if not searched.services:
        require_all_scanned(tenant, "Search services that its identity may use")
        return not_applicable("its identity holds a role on no Search service")
    services = count(len(searched.services), "Search service", "Search services")
    return passed(f"{services} listed")


@dataclass(frozen=True, slots=True)
class _Searched:
    """The Search services that an account has a Search role on."""

    services: tuple[SearchService, ...]
    unclear: Unclear
    """Why there may be more."""


def _searched(account: CognitiveAccount, tenant: Tenant) -> _Searched:
    found: list[SearchService] = []
    unclear = Unclear()
    principals = tuple(_principals(account, unclear))
    services = tenant.all(SearchService)
    for service in services.known():
        held = [
            access(tenant).holds(each, _SEARCH_ROLES, service.id) for each in principals
        ]
        grants = [each for one in held for each in one.grants if _is_search_role(each)]
        if grants:
            cite(tenant, grants, service)
            found.append(service)
            continue
        with unclear:
            require_settled(_unsettled(service, held))
    unclear.add(services.missing)
    return _Searched(tuple(found), unclear)


def _principals(account: CognitiveAccount, unclear: Unclear) -> Iterator[str]:
    """Yield what an account signs in as; that there may be more is kept."""
    with unclear:
        for each in account.identities:
            yield each.principal_id


def _unsettled(service: SearchService, held: Iterable[Holding]) -> Iterator[Missing]:
    """Yield why there may be more: of groups, only those that hold a Search role."""
    reaching = access(service.tenant).at(service.id)
    groups = {each.principal_id.lower() for each in reaching if _is_search_role(each)}
    for missing in (each for one in held for each in one.missing):
        if missing.part is not Part.MEMBERS or missing.scope in groups:
            yield missing


def _is_search_role(grant: Grant) -> bool:
    return is_role(grant, *_SEARCH_ROLES)


@check(
    id="aoai-outbound-image-source-public",
    title="Storage in outbound lists refuses anonymous readers",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def image_source_public(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.allowedFqdnList`.

    And of the storage accounts that it names `properties.allowBlobPublicAccess`: absent
    or null means that containers may be public (storage REST reference), unless
    `properties.publicNetworkAccess` is Disabled and no perimeter lets everybody in, or
    an enforced perimeter decides and has no wide inbound rule. At the host of a static
    website anonymous readers are served whatever `properties.allowBlobPublicAccess`
    says (static website hosting in Azure Storage), so there only the latter counts. An
    account of the list that nobody here owns cannot be looked at, and is a warning as
    well.

    ## Why it matters
    An image that a prompt names by address is fetched by the service. If the allowed
    storage account takes anonymous readers, so does everyone else, and what was put
    there for the model to look at is on the Internet.

    ## How to fix
    Switch anonymous access off and let callers use addresses with a user delegation
    signature, or send the image in the request. Take static websites and accounts that
    are not yours off the list.

    ```sh
    az storage account update --name ACCOUNT --allow-blob-public-access false
    ```

    ```bicep
    properties: { allowBlobPublicAccess: false }
    ```

    ```terraform
    resource "azurerm_storage_account" "this" {
      allow_nested_items_to_be_public = false
    }
    ```

    Whoever reads blobs of the account without signing in is refused from then on.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Prevent anonymous read access to containers and blobs
    - Microsoft Learn: Static website hosting in Azure Storage
    """
    entries = [
        entry
        for entry in account.allowed_fqdns or ()
        if leads_to(tenant, entry, StorageAccount)
    ]
    if not entries:
        return not_applicable("the list names no storage account")
    accounts = tuple(_storage_of(entries, tenant))
    sites = {each.key for each in _storage_of(filter(_is_website, entries), tenant)}
    faults, public, unclear = list[str](), list[str](), Unclear()
    for each in accounts:
        with unclear:
            if _may_be_public(each, is_website=each.key in sites):
                public.append(each.name)
    if public:
        faults.append(f"anonymous readers are let in by {some(map(shown, public))}")
    owners = {entry: owner_of(entry, tenant) for entry in entries}
    if strange := [each for each in entries if owners[each] in _NOT_OURS]:
        faults.append(f"no resource of the tenant owns {some(map(quote, strange))}")
    if faults:
        return warned("; ".join(faults))
    unclear.settle()
    for entry in entries:
        if owners[entry] is Owner.NOT_FOUND:
            for problem in _unread_owners(entry, tenant):
                raise problem
            raise NotRead(f"{quote(entry)}: outside the scan")
    return passed(f"{count(len(accounts), 'account', 'accounts')}, none of them public")


_NOT_OURS = frozenset({Owner.NOBODY_HERE, Owner.APPROVED})


def _is_website(entry: str) -> bool:
    """Whether a host of storage is that of a static website."""
    return ".web." in plain_host(entry)


def _may_be_public(storage: StorageAccount, *, is_website: bool) -> bool:
    if not is_website and storage.blob_public_access is False:
        return False
    if (storage.public_network_access or "").lower() == "disabled":
        return let_in(storage) is not None
    guard = guard_of(storage)
    return guard is None or not guard.holds


def _storage_of(entries: Iterable[str], tenant: Tenant) -> Iterator[StorageAccount]:
    """Yield the storage accounts that some hosts are known to be of, each once."""
    seen: set[str] = set()
    for entry in entries:
        for listing in answering(tenant, entry):
            for storage in listing.known():
                if storage.key not in seen:
                    seen.add(storage.key)
                    yield storage


@check(
    id="aoai-outbound-empty-list",
    title="Accounts whose outbound list is empty call nothing",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def empty_list(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.restrictOutboundNetworkAccess` and `properties.allowedFqdnList`.

    ## Why it matters
    The list holds exceptions, and needs none. An account that has no list and is
    restricted sends nothing anywhere: chat on your own data and images by address end
    with an error that says so, which is what was asked for.

    ## How to fix
    Nothing is to be fixed. Add a host when a feature needs one.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    if not account.outbound_restricted:
        return not_applicable("outbound traffic is not restricted")
    if account.allowed_fqdns:
        return not_applicable("the list has entries")
    return passed("restricted, and no exception: nothing is called")


@check(
    id="aoai-outbound-vnet-not-substitute",
    title="Networks of accounts are not taken for outbound restriction",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def vnet_not_substitute(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.networkInjections` and `properties.privateEndpointConnections`.

    Also `properties.restrictOutboundNetworkAccess`. A connection counts once it is
    approved: one that is pending or rejected attaches nothing.

    ## Why it matters
    A private endpoint is a way in, and an injected network is where agents run. Neither
    is the way out of the models: images by address and searches of your data leave from
    Microsoft's network, past every firewall and route of yours.

    ## How to fix
    Restrict outbound access on the account itself, whatever networks it has: see
    aoai-outbound-restricted.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {
        "restrictOutboundNetworkAccess": true,
        "allowedFqdnList": ["contoso-search.search.windows.net"]
      }
    }'
    ```

    Chat on your own data and images by address stop at hosts that are not listed.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    injected = [
        each
        for each in account.network_injections
        if (each.scenario or "").lower() != "none"
    ]
    endpoints = [
        each.endpoint_id
        for each in account.private_endpoint_connections
        if each.approved
    ]
    if not injected and not endpoints:
        return not_applicable("no network of yours is attached")
    if account.outbound_restricted:
        return passed("networks are attached, and outbound traffic is restricted too")
    return info("networks are attached, but the models' own calls do not use them")


@check(
    id="aoai-outbound-policy-guardrail",
    title="A policy looks after outbound restriction",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=(*CONTROLS, "NIST-800-53:CM-6"),
)
def policy_guardrail(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    """
    Reads `properties.policyDefinitionId` of the policy assignments over the account.

    What counts is a definition whose rule names restrictOutboundNetworkAccess, with an
    effect and in force. Azure has none of its own for it, so it must be a custom one.
    Its rule is judged: it must hold for this account where the property is false or
    where it is absent, and Modify and Append must set it to true. Where it asks for
    more than name, kind, type, location, tags and this property, that is not decided:
    the policy does not count, and the reason is told.

    ## Why it matters
    Outbound restriction is off on every new account. A policy switches it on, or keeps
    accounts without it from being made, before anyone has to remember.

    ## How to fix
    Write a policy that denies or modifies accounts without the restriction, and assign
    it where the accounts are.

    ```sh
    az policy definition create --name restrict-outbound --mode Indexed --rules '{
      "if": {"allOf": [
        {"field": "type", "equals": "Microsoft.CognitiveServices/accounts"},
        {"field": "kind", "in": ["OpenAI", "AIServices"]},
        {"field": "Microsoft.CognitiveServices/accounts/restrictOutboundNetworkAccess",
         "notEquals": true}]},
      "then": {"effect": "deny"}
    }'
    az policy assignment create --policy restrict-outbound --scope "$SCOPE"
    ```

    Deny refuses every change of an account that is not restricted yet, a new tag
    included: restrict those that exist first.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Azure Policy definition structure
    """
    found = policies_on(account, tenant.once(_about_outbound))
    judged = [
        (each, _looks_after(each, account))
        for each in found.policies
        if each.holds and each.effect in _EFFECTS
    ]
    working = [each for each, answer in judged if answer.holds]
    if working:
        names = some(
            f"{shown(each.assignment.name)} ({each.effect})" for each in working
        )
        return passed(f"a policy looks after it: {names}")
    problems = [each.unread for each in found.policies if each.holds and each.unread]
    unread = gravest([*filter(None, [found.unread]), *problems])
    if unread and unread.gap:
        raise unread
    limits = [unread.reason] if unread else []
    limits += [why for _, answer in judged for why in answer.open]
    limit = f" (lower bound: {'; '.join(limits)})" if limits else ""
    reason = "no policy looks after it: new accounts start without restriction"
    return info(f"{reason}{limit}")


def _looks_after(policy: Policy, account: CognitiveAccount) -> Answer:
    """Return whether a policy is for an account without the restriction."""
    return any_of(
        RESTRICTED.enforced(policy, RESTRICTED.on(account, value))
        for value in (False, None)
    )


def _about_outbound(tenant: Tenant) -> Mapping[str, Content]:
    return contents(tenant, _names_outbound)


def _names_outbound(tenant: Tenant, definition_id: str) -> bool:
    definition = tenant.get(PolicyDefinition, definition_id)
    return definition is not None and definition.mentions(RESTRICTED.alias)


@check(
    id="aoai-both-directions",
    title="Accounts are closed in both directions, not in one",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.OUTBOUND_ACCESS,
    controls=CONTROLS,
)
def both_directions(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.publicNetworkAccess` and `properties.networkAcls`.

    Also `properties.restrictOutboundNetworkAccess`. Absent means Enabled, Allow and
    false (Microsoft.CognitiveServices 2025-09-01). A firewall that denies by default
    closes an account unless an IP rule is wider than /16, as for
    `aoai-ip-rules-narrow`. An account in an enforced perimeter is closed inbound as
    long as no inbound rule there is wide, whatever its own settings say; a wide rule of
    a perimeter in transition mode opens it beside them.

    ## Why it matters
    Most care goes into who may come in. An account that is closed to the Internet and
    may call anything in it is half locked: a prompt or a stolen token makes it carry
    out what nobody was able to come in and fetch.

    ## How to fix
    Restrict outbound access as well, and list the few hosts that features need.

    ```sh
    az rest --method patch --url "$ACCOUNT_ID?api-version=2025-09-01" --body '{
      "properties": {
        "restrictOutboundNetworkAccess": true,
        "allowedFqdnList": ["contoso-search.search.windows.net"]
      }
    }'
    ```

    Chat on your own data and images by address stop at hosts that are not listed.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    if way_in(account) is not None:
        return not_applicable("inbound traffic is not closed either")
    if account.outbound_restricted:
        return passed(so_far(account.tenant, "closed inbound, restricted outbound"))
    return warned("half locked: closed inbound, but not restricted outbound")


@check(
    id="paas-egress-baseline",
    title="It is known which services can call out",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.MEDIUM,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=(*CONTROLS, "NIST-800-53:CM-8"),
)
def egress_baseline(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.restrictOutboundNetworkAccess`, and counts the list's entries.

    One line a service that can start connections by itself: accounts here; hubs are
    told by foundry-managed-network-isolation. What a Search indexer calls is on the
    data plane and is not read.

    ## Why it matters
    A baseline that only knows inbound rules misses every service that calls out on its
    own. The lines of this check, taken together, are the list of them for AI accounts.

    ## How to fix
    Nothing is to be fixed by this line. Whether the control is on is judged by
    aoai-outbound-restricted.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    if account.outbound_restricted:
        hosts = count(len(account.allowed_fqdns or ()), "host", "hosts")
        return info(f"can call out, to {hosts} of its list")
    return info("can call out, to any host")


@check(
    id="aoai-outbound-denials-reviewed",
    title="Outbound calls that were refused are looked at",
    topic=Topic.AOAI_OUTBOUND,
    severity=Severity.INFORMATIONAL,
    on=CognitiveAccount,
    where=restricts_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=("MCSB:LT-3", "NIST-800-53:AU-6"),
)
def denials_reviewed(account: CognitiveAccount, _: Tenant) -> Verdict:
    """
    Reads `properties.restrictOutboundNetworkAccess`.

    Whether anybody looks at what was refused is in no setting: it is asked.

    ## Why it matters
    A call that the list stops ends with an error that says so. Refusals show a feature
    that lacks an entry, or somebody trying where data can be sent.

    ## How to fix
    Send the request logs to a workspace and look for refused outbound calls, once after
    each change of the list and then regularly.

    ```sh
    az monitor log-analytics query --workspace "$WORKSPACE" --analytics-query '
      AzureDiagnostics
      | where Category == "RequestResponse" and toint(ResultSignature) >= 400'
    ```

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: Configure data loss prevention for Azure AI services
    """
    if not account.outbound_restricted:
        return not_applicable("nothing is refused: outbound traffic is not restricted")
    return manual(
        "who looks at refused outbound calls, and when was it last done?",
        "Evidence: a saved query or alert on refused calls, and the date of a review.",
    )


CHECKS: tuple[Check[Any], ...] = (
    fqdn_dangling,
    cwyd_search_missing,
    image_source_public,
    empty_list,
    vnet_not_substitute,
    policy_guardrail,
    egress_baseline,
    both_directions,
    denials_reviewed,
)
