"""What Azure keeps for encrypted workspaces: as it was made, it works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.logging.diagnostics import delivered, is_any
from checks.shared.encryption import KEEPING, is_managed
from checks.shared.perimeters import enforced_on
from checks.shared.wording import count, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    passed,
    warned,
)
from scanner.model.coverage import Unclear
from scanner.model.documentdb import CosmosAccount
from scanner.model.insights import DiagnosticSetting
from scanner.model.listing import Listing
from scanner.model.machinelearning import Workspace, encrypted_by
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant

_NETWORK = (*KEEPING, "MCSB:NS-2", "NIST-800-53:SC-7")
_LOGS = (
    "MCSB:LT-3",
    "NIST-800-53:AU-2",
    "NIST-800-53:AU-12",
    "ISO-27001-2022:A.8.15",
    "PCI-DSS-4.0.1:10.2.1",
)


def _owner(resource: Resource) -> str:
    """Return the workspace a managed resource was made for, as a sentence names it."""
    owner = encrypted_by(resource)
    return f"workspace {shown(owner.name)}" if owner else "its workspace"


@check(
    id="foundry-cmk-search-public-open",
    title="The Search service of encrypted workspaces can be reached",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=SearchService,
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=_NETWORK,
)
def search_public_open(search: SearchService, _: Tenant) -> Verdict:
    r"""
    Reads `properties.publicNetworkAccess` and the perimeters the service is in.

    Answers for the Search services that Azure made for workspaces with
    customer-managed keys. Absent and null mean enabled (Search REST reference). A
    perimeter whose association is `Enforced` decides in its place; one whose
    association does not say leaves the service not assessed. Rules in
    `properties.networkRuleSet.ipRules` let in only whom they name, and warn; absent,
    null and empty let in everyone. This check wants the
    opposite of `foundry-search-hardened`, which leaves these services out.

    ## Why it matters
    The workspace keeps its indexes in this service and calls it over its public
    address, with a key. There is no private way in that a customer could add. Closed to
    public networks it answers 403, the exception for trusted services
    notwithstanding, and chats, indexes and the pages about them fail some ten minutes
    later, when nobody thinks of the change any more.

    ## How to fix
    Enable public network access of the service again, and keep from it whatever
    disabled it: a policy, a script or a perimeter.

    ```sh
    az search service update --ids SEARCH_ID --public-access enabled
    ```

    The service is in no template of yours: Azure makes it with the workspace. What is
    in it stays encrypted with your key, and opens to its keys alone: see who can list
    them (`foundry-cmk-rg-writers`).

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    access = search.public_network_access or "enabled"
    if access.lower() != "enabled":
        return failed(f"broken: publicNetworkAccess is {shown(access)}")
    if perimeter := enforced_on(search):
        return failed(f"broken: perimeter {perimeter} is enforced on it")
    if rules := search.ip_rules:
        many = count(len(rules), "address", "addresses")
        return warned(f"open to {many} alone: {_owner(search)} may not be among them")
    return passed(f"open to public networks, as {_owner(search)} needs it")


@check(
    id="foundry-cmk-cosmos-public",
    title="The database of encrypted workspaces is reached by a known way",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.LOW,
    on=CosmosAccount,
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=_NETWORK,
)
def cosmos_public(cosmos: CosmosAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.publicNetworkAccess`, and the private endpoints of the workspace.

    Answers for the Cosmos DB accounts that Azure made for workspaces with
    customer-managed keys. Absent and null mean Enabled (Cosmos DB REST reference). A
    perimeter whose association is `Enforced` closes the account as Disabled does; one
    whose association does not say leaves it not assessed. The endpoints are the
    approved ones in the workspace's `properties.privateEndpointConnections`; absent or
    null means that there is none.

    ## Why it matters
    The workspace keeps its conversations and their metadata in this database. Where
    the workspace has a private endpoint, Azure was seen to reach the database over an
    endpoint of its own, and public access could be disabled without harm; nothing
    documents that. Without one, the public address is the only way there is.

    ## How to fix
    Leave the account as Azure made it, or enable its public network access again and
    take it out of its perimeter if the workspace has no private endpoint or does not
    work.

    ```sh
    az cosmosdb update --ids COSMOS_ID --public-network-access ENABLED
    ```

    Try a closed account in a workspace nobody depends on first: what works today was
    never promised.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    access = cosmos.public_network_access or "Enabled"
    match access.lower():
        case "enabled":
            if perimeter := enforced_on(cosmos):
                return _closed_database(cosmos, f"perimeter {perimeter} is enforced")
            return info(f"publicNetworkAccess is Enabled, as {_owner(cosmos)} got it")
        case "disabled":
            return _closed_database(cosmos, "publicNetworkAccess is Disabled")
    return warned(
        f"publicNetworkAccess is {shown(access)}: whether {_owner(cosmos)} still "
        "reaches it is not known"
    )


def _closed_database(cosmos: CosmosAccount, closed: str) -> Verdict:
    owner = encrypted_by(cosmos)
    if owner is not None and has_private_endpoint(owner):
        return info(
            f"{closed}; the workspace has a private endpoint, with which a closed "
            "account was seen to work"
        )
    return warned(f"{closed}, and {_owner(cosmos)} has no private endpoint")


def has_private_endpoint(workspace: Workspace) -> bool:
    """Whether a private endpoint leads to a workspace, approved."""
    return any(each.approved for each in workspace.private_endpoint_connections)


@check(
    id="foundry-cmk-storage-trusted",
    title="The storage of encrypted workspaces lets trusted services in",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=StorageAccount,
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=_NETWORK,
)
def storage_trusted(account: StorageAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.networkAcls.defaultAction`, `bypass` and `publicNetworkAccess`.

    Also the `ipRules` and `virtualNetworkRules` there, of which Azure makes none.
    Answers for the storage accounts that Azure made for workspaces with
    customer-managed keys. Absent and null mean Allow, AzureServices, Enabled and no
    rules (Storage REST reference). A perimeter whose association is `Enforced` decides
    in place of the firewall and knows no trusted services; one whose association does
    not say leaves the account not assessed. This check stands in for
    `foundry-storage-hardened`, which leaves these accounts out.

    ## Why it matters
    Azure makes this account closed to everybody but trusted Azure services, and that
    exception is the door the workspace comes in by. Without it the workspace is locked
    out of its own files; with the firewall open, a leaked key reads them from anywhere.

    ## How to fix
    Put the firewall back to how Azure made it: deny by default, with the exception for
    trusted services and no rules. Take the account out of its perimeter.

    ```sh
    az storage account update --ids STORAGE_ID --public-network-access Enabled \
      --default-action Deny --bypass AzureServices
    ```

    Change nothing else about the account; its keys in particular have to stay
    (`foundry-cmk-storage-shared-key`).

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Configure Azure Storage firewalls and virtual networks
    """
    faults, unclear = list(_deviations(account)), Unclear()
    with unclear:
        if perimeter := enforced_on(account):
            faults.append(f"perimeter {perimeter} is enforced, trusted services or not")
    if faults:
        return warned(f"not as Azure made it: {', '.join(faults)}")
    unclear.settle()
    return passed("closed to all but trusted Azure services")


def _deviations(account: StorageAccount) -> Iterator[str]:
    access = account.public_network_access or "Enabled"
    action = account.network_default_action or "Allow"
    bypass = account.network_bypass or "AzureServices"
    if access.lower() != "enabled":
        yield f"publicNetworkAccess is {shown(access)}"
    if action.lower() != "deny":
        yield f"networkAcls.defaultAction is {shown(action)}"
    if "azureservices" not in [each.strip().lower() for each in bypass.split(",")]:
        yield f"networkAcls.bypass is {shown(bypass)}"
    for path, rules in (
        ("ipRules", account.ip_rules),
        ("virtualNetworkRules", account.subnet_ids),
    ):
        if rules:
            names = some(shown(each.rpartition("/subnets/")[2]) for each in rules)
            yield f"networkAcls.{path} let in {names}"


@check(
    id="foundry-cmk-cosmos-local-auth",
    title="The database of encrypted workspaces keeps its keys",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=CosmosAccount,
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=KEEPING,
)
def cosmos_local_auth(cosmos: CosmosAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth`.

    Answers for the Cosmos DB accounts that Azure made for workspaces with
    customer-managed keys. Absent and null mean that keys are accepted (Cosmos DB REST
    reference). This check wants the opposite of `paas-local-auth-parity`, which leaves
    these accounts out.

    ## Why it matters
    The workspace signs in to this database with its key. Automation that switches keys
    off everywhere, harmless on any other account, stops the workspace overnight: every
    page and call fails with an error about an invalid key, and nothing in it points at
    the policy. The account's log has the cause: DataPlaneRequests with status 401.

    ## How to fix
    Switch local authentication of the account on again, and exempt it from what
    switched it off.

    ```sh
    az resource update --ids COSMOS_ID --set properties.disableLocalAuth=false
    ```

    A policy that modifies puts it back within the day: write the exemption first
    (`foundry-cmk-policy-exempt`).

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    return _keys(cosmos, "disableLocalAuth", cosmos.local_auth_disabled, off=True)


def _keys(
    resource: Resource, setting: str, value: bool | None, *, off: bool
) -> Verdict:
    """Return whether a managed resource still accepts keys.

    `off` is the value of the setting with which it does not.
    """
    owner = _owner(resource)
    if value is off:
        return failed(f"broken: {setting} is {shown(value)}, and {owner} needs keys")
    return passed(f"keys are accepted, as {owner} needs")


@check(
    id="foundry-cmk-search-local-auth",
    title="The Search service of encrypted workspaces keeps its keys",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=SearchService,
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=KEEPING,
)
def search_local_auth(search: SearchService, _: Tenant) -> Verdict:
    r"""
    Reads `properties.disableLocalAuth` and `properties.authOptions`.

    Answers for the Search services that Azure made for workspaces with
    customer-managed keys. An absent or null `disableLocalAuth` means that keys are
    accepted; `authOptions` says whether tokens are too, and is shown only (Search REST
    reference). This check wants the opposite of `paas-local-auth-parity`, which leaves
    these services out.

    ## Why it matters
    The workspace was seen to call this service with its admin key. Microsoft's pages
    describe Entra ID for some of its calls, so a workspace may prove to work without:
    that was not observed. Where it does not, searching and indexing fail for everybody
    at once.

    ## How to fix
    Switch local authentication of the service on again, and exempt it from what
    switched it off.

    ```sh
    az search service update --ids SEARCH_ID --disable-local-auth false
    ```

    If you mean to keep the keys off, verify it in a workspace nobody depends on, and
    accept this finding with an owner and an expiry.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Customer-managed keys for encryption with Azure AI Foundry
    """
    search.cite(SearchService.keys_only, SearchService.keys_or_tokens)
    return _keys(search, "disableLocalAuth", search.local_auth_disabled, off=True)


@check(
    id="foundry-cmk-storage-shared-key",
    title="The storage of encrypted workspaces keeps its keys",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.HIGH,
    on=StorageAccount,
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=KEEPING,
)
def storage_shared_key(account: StorageAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.allowSharedKeyAccess`.

    Answers for the storage accounts that Azure made for workspaces with
    customer-managed keys. Absent and null mean that keys are accepted (Storage REST
    reference). This check wants the opposite of `paas-local-auth-parity`, which leaves
    these accounts out.

    ## Why it matters
    The service behind the workspace opens this account with its key and has no role on
    it. With shared keys disallowed everything it keeps there is out of reach, though no
    setting of the workspace or of its own storage changed. The identity mode of the
    workspace is about its own storage and does not help here.

    ## How to fix
    Allow shared keys of the account again, and exempt it from what disallowed them.

    ```sh
    az storage account update --ids STORAGE_ID --allow-shared-key-access true
    ```

    Do this for the account in the managed resource group alone: the workspace's own
    storage is better off without keys.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Prevent Shared Key authorization for an Azure Storage account
    """
    return _keys(account, "allowSharedKeyAccess", account.shared_key_allowed, off=False)


@check(
    id="foundry-cmk-managed-diag",
    title="What Azure keeps for encrypted workspaces sends its logs",
    topic=Topic.FOUNDRY_CMK,
    severity=Severity.MEDIUM,
    on=(CosmosAccount, SearchService, StorageAccount),
    where=is_managed,
    guidance=Post.FOUNDRY_CMK,
    controls=_LOGS,
)
def managed_diag(resource: Resource, _: Tenant) -> Verdict:
    r"""
    Reads `properties.logs` and the destinations of the diagnostic settings.

    Of the three resources that Azure made for a workspace with customer-managed keys:
    at Cosmos DB the categories DataPlaneRequests and ControlPlaneRequests, at Search
    OperationLogs, at the blob service of the storage account StorageRead, StorageWrite
    and StorageDelete. The group `allLogs` has them all; what `audit` stands for is not
    read. A log whose `enabled` is not true is off, and a setting without destination
    delivers nothing (diagnostic settings 2021-05-01-preview).

    ## Why it matters
    When an encrypted workspace breaks, its own error says little; the refused calls
    with their codes are in the logs of these three. Diagnostic settings are the one
    change to them that does no harm, and they have to be there before the day that
    they are needed.

    ## How to fix
    Give each of the three a diagnostic setting that sends its logs to your workspace;
    on the storage account, at its services.

    ```sh
    az monitor diagnostic-settings create --name to-central --workspace "$WORKSPACE" \
      --resource "$COSMOS_ID" --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    az monitor diagnostic-settings create --name to-central --workspace "$WORKSPACE" \
      --resource "$SEARCH_ID" --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    az monitor diagnostic-settings create --name to-central --workspace "$WORKSPACE" \
      --resource "$STORAGE_ID/blobServices/default" \
      --logs '[{"categoryGroup": "allLogs", "enabled": true}]'
    ```

    A busy database writes many lines: look at the cost of the destination first.

    ## References
    - AI Foundry - Encryption with CMK
    - Microsoft Learn: Diagnostic settings in Azure Monitor
    """
    wanted = _CATEGORIES[type(resource)]
    missing = [each for each in wanted if not _is_sent(resource, each)]
    if not missing:
        return passed(f"diagnostic settings send {some(wanted)}")
    if len(missing) < len(wanted):
        return warned(f"no diagnostic setting sends {some(missing)}")
    return failed(f"no diagnostic setting sends {some(wanted)}")


_CATEGORIES: dict[type[Resource], tuple[str, ...]] = {
    CosmosAccount: ("DataPlaneRequests", "ControlPlaneRequests"),
    SearchService: ("OperationLogs",),
    StorageAccount: ("StorageRead", "StorageWrite", "StorageDelete"),
}


def _is_sent(resource: Resource, category: str) -> bool:
    """Whether a category is on and goes somewhere; raises NotRead where it may be."""
    return any(
        is_any(log, category, "alllogs")
        for settings in _settings(resource)
        for log in delivered(settings)
    )


def _settings(resource: Resource) -> Iterator[Listing[DiagnosticSetting]]:
    """Yield where a resource's logs are configured: for storage, at its services."""
    match resource:
        case CosmosAccount() | SearchService():
            yield resource.diagnostic_settings
        case StorageAccount():
            yield from (each.diagnostic_settings for each in resource.blob_services)


CHECKS: tuple[Check[Any], ...] = (
    search_public_open,
    cosmos_public,
    storage_trusted,
    cosmos_local_auth,
    search_local_auth,
    storage_shared_key,
    managed_diag,
)
