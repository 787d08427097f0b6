"""What the access rules of perimeters let in and out."""

from __future__ import annotations

from typing import Any

from checks.aoai_outbound.fqdns import of_owners
from checks.nsp.inside import INBOUND_CONTROLS
from checks.shared.hostnames import fault
from checks.shared.perimeters import is_inbound, too_wide
from checks.shared.tenancy import is_ours
from checks.shared.wording import count, quote, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Status,
    Topic,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import Unclear
from scanner.model.ids import ResourceId
from scanner.model.perimeter import AccessRule
from scanner.model.tenant import Tenant

_OUTBOUND_CONTROLS = (
    "MCSB:NS-2",
    "MCSB:NS-3",
    "MCSB:DP-2",
    "NIST-800-53:AC-4",
    "NIST-800-53:SC-7",
    "NIST-800-53:SC-7(5)",
    "ISO-27001-2022:A.8.12",
    "ISO-27001-2022:A.8.20",
    "PCI-DSS-4.0.1:1.3.2",
    "PCI-DSS-4.0.1:1.4.4",
)


def _is_outbound(rule: AccessRule) -> bool:
    return (rule.direction or "").lower() == "outbound"


def _not_outbound(rule: AccessRule) -> bool:
    """Whether a rule lets something in, or does not say which way it is for."""
    return not _is_outbound(rule)


@check(
    id="nsp-outbound-rules",
    title="Outbound rules of perimeters name single hosts of known owners",
    topic=Topic.NSP,
    severity=Severity.MEDIUM,
    on=AccessRule,
    where=_is_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=_OUTBOUND_CONTROLS,
)
def outbound_rules(rule: AccessRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.fullyQualifiedDomainNames` of outbound access rules.

    An absent, null or empty list lets nothing out to a host, so there is nothing to
    judge; without any outbound rule an enforced perimeter is closed (network security
    perimeter concepts). Hosts are judged as those that accounts list for themselves,
    by `aoai-outbound-fqdn-minimal` and `aoai-outbound-fqdn-owned`.

    ## Why it matters
    An outbound rule is a hole in the perimeter for everything inside it. One that lets
    out to a whole service, or to a name that is nobody's here, is the way by which data
    leaves to an attacker's account of the same service.

    ## How to fix
    List the full names of the hosts that have to be reached, each owned by a resource
    of yours or approved in `approved_fqdns`.

    ```sh
    az network perimeter profile access-rule update --resource-group "$GROUP" \
      --perimeter-name "$PERIMETER" --profile-name "$PROFILE" \
      --access-rule-name "$RULE" \
      --fqdn "['contosodocs.blob.core.windows.net']"
    ```

    ```bicep
    properties: {
      direction: 'Outbound'
      fullyQualifiedDomainNames: ['contosodocs.blob.core.windows.net']
    }
    ```

    ```terraform
    resource "azurerm_network_security_perimeter_access_rule" "out" {
      # ...
      direction = "Outbound"
      fqdns     = ["contosodocs.blob.core.windows.net"]
    }
    ```

    What is inside the same perimeter needs no rule. Hosts that a rule no longer names
    are out of reach at once for every resource of the profile.

    ## Settings
    `approved_fqdns`, `blocked_fqdn_suffixes` and `fqdn_list_warning`, as for the lists
    of accounts.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: What is a network security perimeter?
    """
    hosts = rule.fqdns
    if not hosts:
        return not_applicable("fullyQualifiedDomainNames is empty")
    faults = {each: why for each in hosts if (why := fault(each, tenant))}
    if faults:
        wide = some(f"{quote(each)} ({why})" for each, why in faults.items())
        return failed(f"lets out to more than single named hosts: {wide}")
    verdict = of_owners(hosts, tenant)
    limit = tenant.settings.fqdn_list_warning
    if verdict.status is Status.PASS and len(hosts) > limit:
        return warned(f"lets out to {len(hosts)} hosts, more than {limit}")
    return verdict


@check(
    id="nsp-inbound-rules",
    title="Inbound rules of perimeters let in few, and nobody foreign",
    topic=Topic.NSP,
    severity=Severity.HIGH,
    on=AccessRule,
    where=_not_outbound,
    guidance=Post.OUTBOUND_ACCESS,
    controls=INBOUND_CONTROLS,
)
def inbound_rules(rule: AccessRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.addressPrefixes`, `serviceTags` and `subscriptions[].id`.

    Of an inbound access rule, absent, null or empty lists let nobody in; a rule without
    any of the three, such as one for other perimeters, does not apply. It fails for an
    IPv4 range wider than /16, an IPv6 range wider than /32, the service tags Internet
    and AzureCloud, and for a subscription of another tenant. Which tenant a
    subscription is of can be told only where the whole tenant was scanned; otherwise
    one that was not in the scan is not assessed. A rule without a
    `properties.direction` is not assessed.

    ## Why it matters
    In enforced mode these rules are all that stands between the Internet and the
    resources inside, and in transition mode they let in beside the resources' own
    firewalls. One range that is too wide opens them all, and a rule for a subscription
    lets in every managed identity there.

    ## How to fix
    Replace wide ranges and service tags by the public addresses your callers come from,
    and remove subscriptions that are not yours.

    ```sh
    az network perimeter profile access-rule update --resource-group "$GROUP" \
      --perimeter-name "$PERIMETER" --profile-name "$PROFILE" \
      --access-rule-name "$RULE" \
      --address-prefixes "['198.51.100.0/28']"
    ```

    ```bicep
    properties: {
      direction: 'Inbound'
      addressPrefixes: ['198.51.100.0/28']
    }
    ```

    ```terraform
    resource "azurerm_network_security_perimeter_access_rule" "in" {
      # ...
      direction        = "Inbound"
      address_prefixes = ["198.51.100.0/28"]
    }
    ```

    The rule holds for every resource of its profile: callers that it no longer covers
    are refused by all of them.

    ## References
    - Azure OpenAI Service - Controlling Outbound Access
    - Microsoft Learn: What is a network security perimeter?
    """
    is_inbound(rule)
    faults, unclear = _foreign(rule, tenant)
    with unclear:
        faults = [*map(shown, too_wide(rule)), *faults]
    if faults:
        return failed(f"lets in {some(faults)}")
    unclear.settle()
    ways = [*(rule.prefixes or ()), *(rule.service_tags or ())]
    subscriptions = len(rule.subscription_ids or ())
    if not ways and not subscriptions:
        return not_applicable("the rule names no addresses, tags or subscriptions")
    named = [*map(shown, ways)]
    if subscriptions:
        named.append(count(subscriptions, "own subscription", "own subscriptions"))
    return passed(f"lets in {some(named)}")


def _foreign(rule: AccessRule, tenant: Tenant) -> tuple[list[str], Unclear]:
    """Return the foreign subscriptions a rule lets in, and why there may be more."""
    found, unclear = [], Unclear()
    for subscription in rule.subscription_ids or ():
        with unclear:
            if not is_ours(tenant, subscription):
                name = shown(ResourceId.parse(subscription).subscription)
                found.append(f"subscription {name}, which is not of this tenant")
    return found, unclear


CHECKS: tuple[Check[Any], ...] = (outbound_rules, inbound_rules)
