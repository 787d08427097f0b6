"""Each declared read asks for the address that Microsoft documents."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import pytest

from scanner.collect.operations import UnusableIdError, path_of
from scanner.collect.read import Read, itself
from scanner.collect.reads import ABOVE, READS
from scanner.collect.resources import DESCENDANTS, MANAGEMENT_GROUPS, SUBSCRIPTIONS
from scanner.model.policy import PolicyAssignment
from scanner.model.resource import Resource
from scanner.model.resources import ManagementGroup, ResourceGroup, Subscription

SUB = "/subscriptions/11111111-2222-4333-8444-555555555555"
GROUP = f"{SUB}/resourceGroups/rg.1_(x)"
MANAGEMENT = "/providers/Microsoft.Management/managementGroups"

TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d%3A\d\d%3A\d\dZ")
EVENTS = (
    "/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01"
    "&$filter=eventTimestamp%20ge%20%27TIME%27%20and%20eventTimestamp%20le%20%27TIME%27"
)

ADDRESSES = f"""
{SUB}/resourcegroups?api-version=2021-04-01
{SUB}/providers/Microsoft.CognitiveServices/accounts?api-version=2025-09-01
accounts/one/deployments?api-version=2025-09-01
accounts/one/raiPolicies?api-version=2025-09-01
accounts/one/projects?api-version=2025-09-01
accounts/one/connections?api-version=2025-09-01&includeAll=false
accounts/one/projects/two/connections?api-version=2025-09-01&includeAll=false
accounts/one/capabilityHosts?api-version=2025-09-01
accounts/one/projects/two/capabilityHosts?api-version=2025-09-01
accounts/one/managedNetworks/default?api-version=2026-03-01
{SUB}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01
{SUB}/providers/Microsoft.Authorization/roleDefinitions?$filter=type%20eq%20%27CustomRole%27&api-version=2022-04-01
{SUB}/providers/Microsoft.Authorization/roleDefinitions?$filter=type%20eq%20%27BuiltInRole%27&api-version=2022-04-01
{SUB}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01
{SUB}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01
{SUB}/providers/Microsoft.ManagedServices/registrationAssignments?api-version=2022-10-01&$expandRegistrationDefinition=true
{SUB}/providers/Microsoft.Authorization/policyAssignments?api-version=2023-04-01
{SUB}/providers/Microsoft.Authorization/policyExemptions?api-version=2022-07-01-preview
{SUB}/providers/Microsoft.Authorization/policyDefinitions?api-version=2023-04-01&$filter=atExactScope%28%29
{SUB}/providers/Microsoft.Authorization/policySetDefinitions?api-version=2023-04-01&$filter=atExactScope%28%29
{SUB}/providers/Microsoft.Authorization/policyDefinitions?api-version=2023-04-01&$filter=policyType%20eq%20%27BuiltIn%27
/providers/Microsoft.Authorization/policySetDefinitions/one?api-version=2023-04-01
{SUB}/providers/Microsoft.Authorization/locks?api-version=2020-05-01
{SUB}/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
accounts/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
workspaces/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
blobServices/two/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
fileServices/two/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
vaults/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
searchServices/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
databaseAccounts/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
registries/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
dnsResolverPolicies/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
networkSecurityPerimeters/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
service/one/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview
{SUB}/resourceGroups/rg.1_%28x%29/providers/Microsoft.Insights/diagnosticSettingsCategories?api-version=2021-05-01-preview
{SUB}/providers/Microsoft.Insights/activityLogAlerts?api-version=2020-10-01
{SUB}/providers/Microsoft.Insights/scheduledQueryRules?api-version=2021-08-01
{SUB}/providers/Microsoft.MachineLearningServices/workspaces?api-version=2025-12-01
workspaces/one/connections?api-version=2025-12-01
workspaces/one/datastores?api-version=2025-12-01
workspaces/one/outboundRules?api-version=2025-12-01
workspaces/one/onlineEndpoints?api-version=2025-12-01
workspaces/one/serverlessEndpoints?api-version=2025-12-01
workspaces/one/computes?api-version=2025-12-01
{SUB}/providers/Microsoft.Storage/storageAccounts?api-version=2024-01-01
storageAccounts/one/blobServices?api-version=2024-01-01
storageAccounts/one/fileServices?api-version=2024-01-01
{SUB}/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01
{SUB}/resourceGroups/kv/providers/Microsoft.KeyVault/vaults/own/keys/cmk?api-version=2023-07-01
{SUB}/providers/Microsoft.Search/searchServices?api-version=2025-05-01
{SUB}/providers/Microsoft.DocumentDB/databaseAccounts?api-version=2025-04-15
databaseAccounts/one/sqlRoleAssignments?api-version=2025-04-15
{SUB}/providers/Microsoft.ContainerRegistry/registries?api-version=2025-11-01
{SUB}/providers/Microsoft.Network/dnsResolverPolicies?api-version=2025-05-01
dnsResolverPolicies/one/dnsSecurityRules?api-version=2025-05-01
dnsResolverPolicies/one/virtualNetworkLinks?api-version=2025-05-01
{SUB}/providers/Microsoft.Network/dnsResolverDomainLists?api-version=2025-05-01
{SUB}/providers/Microsoft.Network/dnsResolvers?api-version=2025-05-01
dnsResolvers/one/inboundEndpoints?api-version=2025-05-01
{SUB}/providers/Microsoft.Network/dnsForwardingRulesets?api-version=2025-05-01
dnsForwardingRulesets/one/forwardingRules?api-version=2025-05-01
dnsForwardingRulesets/one/virtualNetworkLinks?api-version=2025-05-01
{SUB}/providers/Microsoft.Network/virtualNetworks?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/privateEndpoints?api-version=2024-05-01
privateEndpoints/one/privateDnsZoneGroups?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/privateDnsZones?api-version=2024-06-01
privateDnsZones/one/virtualNetworkLinks?api-version=2024-06-01
{SUB}/providers/Microsoft.Network/networkInterfaces?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/networkSecurityGroups?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/routeTables?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/azureFirewalls?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/networkManagers?api-version=2024-05-01
networkManagers/one/networkGroups?api-version=2024-05-01
networkManagers/one/networkGroups/two/staticMembers?api-version=2024-05-01
networkManagers/one/connectivityConfigurations?api-version=2024-05-01
networkManagers/one/securityAdminConfigurations?api-version=2024-05-01
networkManagers/one/securityAdminConfigurations/two/ruleCollections?api-version=2024-05-01
networkManagers/one/securityAdminConfigurations/two/ruleCollections/three/rules?api-version=2024-05-01
networkManagers/one/routingConfigurations?api-version=2024-05-01
networkManagers/one/routingConfigurations/two/ruleCollections?api-version=2024-05-01
networkManagers/one/securityUserConfigurations?api-version=2024-05-01
networkManagers/one/securityUserConfigurations/two/ruleCollections?api-version=2024-05-01
networkManagers/one/scopeConnections?api-version=2024-05-01
networkManagers/one/ipamPools?api-version=2024-05-01&skip=0&top=50
{SUB}/providers/Microsoft.Network/networkManagerConnections?api-version=2024-05-01
{SUB}/providers/Microsoft.Network/networkSecurityPerimeters?api-version=2024-07-01
networkSecurityPerimeters/one/profiles?api-version=2024-07-01
networkSecurityPerimeters/one/profiles/two/accessRules?api-version=2024-07-01
networkSecurityPerimeters/one/resourceAssociations?api-version=2024-07-01
{SUB}/providers/Microsoft.OperationalInsights/workspaces?api-version=2022-10-01
{SUB}/resourceGroups/log/providers/Microsoft.OperationalInsights/workspaces/own/tables/DNSQueryLogs?api-version=2022-10-01
{SUB}/resourceGroups/log/providers/Microsoft.Insights/dataCollectionRules/own?api-version=2023-03-11
{SUB}/providers/Microsoft.ApiManagement/service?api-version=2024-05-01
service/one/policies?api-version=2024-05-01
service/one/policyFragments?api-version=2024-05-01
service/one/products?api-version=2024-05-01
service/one/products/two/policies?api-version=2024-05-01
service/one/products/two/apiLinks?api-version=2024-05-01
service/one/backends?api-version=2024-05-01
service/one/namedValues?api-version=2024-05-01
service/one/diagnostics?api-version=2024-05-01
service/one/apis?api-version=2024-05-01
service/one/apis/two/policies?api-version=2024-05-01
{SUB}{EVENTS}%20and%20resourceProvider%20eq%20%27Microsoft.CognitiveServices%27
{SUB}{EVENTS}%20and%20resourceGroupName%20eq%20%27rg.1_%28x%29%27
""".split()
"""Of each declared read, in order; what is read at a resource without its scope."""


NAMING = {
    "properties": {
        "policyDefinitionId": "/providers/Microsoft.Authorization"
        "/policySetDefinitions/one",
        "encryption": {
            "keyVaultProperties": {
                "keyVaultArmId": f"{SUB}/resourceGroups/kv/providers/Microsoft.KeyVault"
                "/vaults/own",
                "keyIdentifier": "https://own.vault.azure.net/keys/cmk/0123",
            }
        },
        "workspaceId": f"{SUB}/resourceGroups/log/providers"
        "/Microsoft.OperationalInsights/workspaces/own",
        "defaultDataCollectionRuleResourceId": f"{SUB}/resourceGroups/log/providers"
        "/Microsoft.Insights/dataCollectionRules/own",
    }
}
"""What parents name for it to be read."""


def scope_of(
    kind: type[Resource], group: str = GROUP, names: str = "one two three"
) -> str:
    """Return the id of a resource of a type."""
    if kind is Subscription:
        return SUB
    if kind is ResourceGroup:
        return group
    namespace, *types = kind.type.split("/")
    pairs = zip(types, names.split(" "), strict=False)
    return "/".join((group, "providers", namespace, *map("/".join, pairs)))


@pytest.mark.parametrize(
    ("read", "address"),
    list(zip(READS, ADDRESSES, strict=True)),
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_addresses(read: Read, address: str) -> None:
    path = TIME.sub("TIME", path_of(read, read.place(scope_of(read.at), NAMING)))
    if address.startswith("/"):
        assert path == address
        return
    before, _, after = path.partition("/providers/")
    assert before == f"{SUB}/resourceGroups/rg.1_%28x%29"
    assert after.endswith(f"/{address}")
    assert after.startswith(read.at.type.rpartition("/")[0].partition("/")[0])


def test_addresses_above_the_subscriptions() -> None:
    assert path_of(SUBSCRIPTIONS, "") == "/subscriptions?api-version=2022-12-01"
    assert path_of(MANAGEMENT_GROUPS, "") == f"{MANAGEMENT}?api-version=2020-05-01"
    assert path_of(DESCENDANTS, f"{MANAGEMENT}/one").startswith(
        f"{MANAGEMENT}/one/descendants?api-version=2020-05-01"
    )


CHILDREN = [
    read
    for read in READS
    if read.place is itself and read.at not in {Subscription, ResourceGroup}
]


@pytest.mark.parametrize("name", ["..", ".", ""])
@pytest.mark.parametrize("read", CHILDREN, ids=lambda read: read.operation.name)
def test_ids_that_lead_elsewhere(read: Read, name: str) -> None:
    if name:
        with pytest.raises(UnusableIdError):
            path_of(read, scope_of(read.at, names=" ".join([name] * 3)))
    with pytest.raises(UnusableIdError):
        path_of(read, scope_of(read.at, group=f"{SUB}/resourceGroups/{name}"))


QUOTE = "'"
HOSTILE = ["a?b=c", "a#b", "a%2f..%2fb", "a\\b", "a\r\nHost:x", "a;b", "a&b", "é\u202e"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("read", CHILDREN, ids=lambda read: read.operation.name)
def test_hostile_names_are_quoted(read: Read, name: str) -> None:
    usual = path_of(read, scope_of(read.at, names="one one one"))
    path = path_of(read, scope_of(read.at, names=" ".join([name] * 3)))
    assert path.isascii()
    assert path.isprintable()
    for mark in "?#\\;":
        assert path.count(mark) == usual.count(mark)
    assert path.count("/") == usual.count("/")
    assert path.count("&") == usual.count("&")


@pytest.mark.parametrize("read", CHILDREN, ids=lambda read: read.operation.name)
def test_names_like_our_placeholders_are_names(read: Read) -> None:
    group = f"{SUB}/resourceGroups/placeholder-1"
    names = "placeholder-2 placeholder-0 placeholder-4"
    path = path_of(read, scope_of(read.at, group, names))
    assert path.startswith(f"{group}/providers/")
    assert "/placeholder-2" in path


SDK_CHILDREN = [read for read in CHILDREN if not read.operation.name.startswith("GET")]


@pytest.mark.parametrize("read", SDK_CHILDREN, ids=lambda read: read.operation.name)
def test_ids_with_too_few_names(read: Read) -> None:
    with pytest.raises(UnusableIdError):
        path_of(read, scope_of(read.at, group=SUB))


def test_what_is_read_at_a_subscription_needs_one() -> None:
    (read, *_) = (each for each in READS if each.at is Subscription)
    for scope in ("/subscriptions", "/tenants/x", "/providers/x"):
        with pytest.raises(UnusableIdError):
            path_of(read, scope)


(OF_GROUP,) = (read for read in READS if read.at is ResourceGroup)


@pytest.mark.parametrize("name", [*HOSTILE, "' or '1' eq '1", "{since}", "{group}"])
def test_a_group_in_a_query_stays_one_text(name: str) -> None:
    path = path_of(OF_GROUP, f"{SUB}/resourceGroups/{name}")
    assert path.startswith(f"{SUB}/providers/Microsoft.Insights/eventtypes/")
    (text,) = parse_qs(path.partition("?")[2])["$filter"]
    _, _, said = text.rpartition("resourceGroupName eq ")
    assert said == f"'{name.replace(QUOTE, QUOTE * 2)}'"


_AT_SCOPE = "?api-version=2023-04-01&$filter=atExactScope%28%29"
AT_MANAGEMENT_GROUPS = (
    "Authorization/roleAssignments?$filter=atScope%28%29&api-version=2022-04-01",
    f"Authorization/policyDefinitions{_AT_SCOPE}",
    f"Authorization/policySetDefinitions{_AT_SCOPE}",
    "Network/networkManagerConnections?api-version=2024-05-01",
)


@pytest.mark.parametrize(
    ("read", "address"),
    list(zip(ABOVE, AT_MANAGEMENT_GROUPS, strict=True)),
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_addresses_at_management_groups(read: Read, address: str) -> None:
    group = f"{MANAGEMENT}/one"
    assert path_of(read, group) == f"{group}/providers/Microsoft.{address}"


NAMED = "/providers/Microsoft.Authorization/policySetDefinitions"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (f"{NAMED}/1f3afdf9", True),
        (f"{NAMED.upper()}/1f3afdf9", True),
        (f"{NAMED}/1f3afdf9/x/y", False),
        (f"{NAMED}/1f3afdf9?a=b", False),
        (f"{NAMED}/", False),
        (f"{SUB}{NAMED}/own", False),
        (f"{MANAGEMENT}/one{NAMED}/own", False),
        ("/providers/Microsoft.Authorization/policyDefinitions/71ef260a", False),
        (None, False),
        (7, False),
    ],
)
def test_only_initiatives_of_azure_are_read_by_their_name(
    name: object, read: bool
) -> None:
    (asked,) = (each for each in READS if each.at is PolicyAssignment)
    assignment = {"properties": {"policyDefinitionId": name}}
    assert asked.where(assignment) is read


def test_a_group_is_asked_by_its_name() -> None:
    path = path_of(DESCENDANTS, f"{MANAGEMENT}/a b")
    assert path.startswith(f"{MANAGEMENT}/a%20b/descendants?")
    assert DESCENDANTS.at is ManagementGroup
