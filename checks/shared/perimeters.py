"""Network security perimeters, as the checks of what is inside them ask.

In enforced mode a resource obeys the perimeter's rules alone, whatever its own
settings say (azure-docs, "Transition to a network security perimeter").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from checks.shared.ranges import is_range, public_range
from checks.shared.scanned import so_far
from checks.shared.wording import count, quote, shown, some
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import Unclear
from scanner.model.documentdb import CosmosAccount
from scanner.model.ids import ResourceId
from scanner.model.keyvault import KeyVault
from scanner.model.listing import Listing
from scanner.model.perimeter import AccessRule, Association, Profile
from scanner.model.resource import Resource
from scanner.model.search import SearchService
from scanner.model.storage import StorageAccount

GUARDED = (CognitiveAccount, StorageAccount, CosmosAccount, KeyVault, SearchService)
"""What a perimeter can decide about, of what AI workloads consist of."""
FIREWALLED = (CognitiveAccount, StorageAccount, KeyVault)
"""Those of them that have a firewall with a default action."""

WIDEST = 16
"""The shortest prefix of an IPv4 range that is not too wide, as for IP rules."""
WIDEST_V6 = 32
"""The same for IPv6: what a whole provider is given."""
NARROW_RULES = (
    "Narrow the inbound rules of the perimeter to the public addresses your callers "
    "come from (nsp-inbound-rules): whom they let in, the resource's own settings do "
    "not keep out."
)
"""How to fix what is open by a perimeter: settings of the resource do not cure it."""
EVERYBODY = frozenset({"internet", "azurecloud"})
"""Service tags, regions of them included, that anyone can send from."""


def public_access(resource: Resource) -> str | None:
    """Return `publicNetworkAccess` of one of the `GUARDED` types."""
    return resource.public_network_access if isinstance(resource, GUARDED) else None


def left_to_perimeter(resource: Resource) -> bool:
    """Whether a resource leaves it to a perimeter who gets in."""
    return (public_access(resource) or "").lower() == "securedbyperimeter"


def associations(resource: Resource) -> Listing[Association]:
    """Return by which associations a resource is in a perimeter."""
    return resource.tenant.referring(Association, "target_id", resource.id)


def perimeter_of(part: Association | AccessRule) -> str:
    """Return the perimeter of an association or a rule, as a sentence names it."""
    parent = ResourceId.parse(part.parts.parent)
    if isinstance(part, AccessRule):
        parent = ResourceId.parse(parent.parent)
    return quote(parent.name)


def is_enforced(association: Association) -> bool:
    """Whether an association lets the perimeter alone decide.

    One that has provisioning issues may not have reached the resource. Raises NotRead
    where it says too little to tell.
    """
    unclear = Unclear()
    with unclear:
        if not in_enforced_mode(association):
            return False
    with unclear:
        if has_issues(association):
            return False
    unclear.settle()
    return True


def in_enforced_mode(association: Association) -> bool:
    """Whether an association is to enforce; raises NotRead where it does not say.

    Azure returns `accessMode` for every one (recorded responses, 2024-10-01).
    """
    if not association.access_mode:
        raise association.unread(Association.access_mode.path, "says nothing")
    return association.access_mode.lower() == "enforced"


def enforced_on(resource: Resource) -> str:
    """Return the perimeter that is to decide alone about a resource, if any.

    Empty for none. Raises NotRead where there may be one that was not read, and where
    an association does not say whether it enforces.
    """
    for association in associations(resource):
        if in_enforced_mode(association):
            association.cite(Association.target_id)
            return perimeter_of(association)
    return ""


def has_issues(association: Association) -> bool:
    """Whether an association may not have reached the resource.

    Raises NotRead where it does not say: Azure returns `hasProvisioningIssues`, yes or
    no, for every one (recorded responses, 2024-10-01).
    """
    if not association.provisioning_issues:
        raise association.unread(Association.provisioning_issues.path, "says nothing")
    return association.provisioning_issues.lower() == "yes"


def is_inbound(rule: AccessRule) -> bool:
    """Whether a rule lets something in; raises NotRead where it does not say."""
    if not rule.direction:
        raise rule.unread(AccessRule.direction.path, "says nothing")
    return rule.direction.lower() == "inbound"


def too_wide(rule: AccessRule) -> list[str]:
    """Return the ranges and service tags of a rule that let in far too many.

    Raises NotRead where none does and one of its prefixes is no range.
    """
    prefixes, tags = rule.prefixes or (), rule.service_tags or ()
    found = [tag for tag in tags if tag.partition(".")[0].lower() in EVERYBODY]
    return [*_wide(rule, AccessRule.prefixes.path, prefixes, found=found), *found]


def _wide(
    resource: Resource, path: str, ranges: Sequence[str], *, found: Sequence[str] = ()
) -> list[str]:
    """Return the ranges that let in far too many.

    Raises NotRead where nothing does, nor was found before, and one is no range.
    """
    wide = [each for each in ranges if _is_wide(each)]
    odd = [each for each in ranges if _parsed(each) is None]
    if odd and not wide and not found:
        raise resource.malformed(path, "IP ranges", odd[0])
    return wide


def _is_wide(prefix: str) -> bool:
    parsed = _parsed(prefix)
    if isinstance(parsed, IPv6Network):
        return parsed.prefixlen < WIDEST_V6
    public = public_range(prefix)
    return public is not None and public.prefixlen < WIDEST


def _parsed(prefix: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(prefix.strip(), strict=False) if is_range(prefix) else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Guard:
    """An enforced perimeter that decides who reaches a resource."""

    perimeter: str
    wide: tuple[str, ...]
    """What its inbound rules let in that is far too wide."""

    @property
    def holds(self) -> bool:
        """Whether it keeps the Internet out."""
        return not self.wide

    def __str__(self) -> str:
        if self.holds:
            return f"enforced perimeter {self.perimeter}: no inbound rule is wide"
        wide = some(map(shown, self.wide))
        return f"enforced perimeter {self.perimeter} lets in {wide}"


def guard_of(resource: Resource) -> Guard | None:
    """Return the enforced perimeter that decides who reaches a resource, if any.

    Raises NotRead where there may be one that was not read, or its rules were not, and
    where an association does not say whether it is enforced. Perimeters outside a
    narrowed scan are not seen: a resource is then what its own settings make of it.
    """
    for association in associations(resource):
        if is_enforced(association):
            association.cite(Association.target_id, Association.profile_id)
            wide = tuple(inbound_of(association, too_wide))
            return Guard(perimeter_of(association), wide)
    return None


@dataclass(frozen=True, slots=True)
class WayIn:
    """How public networks get in to a resource, or may."""

    said: str
    sure: bool = True
    """False where access is left to a perimeter that nothing is known of."""
    advice: str = ""
    """How to close it, where that is not a matter of the resource's settings."""

    def __str__(self) -> str:
        return self.said


def way_in(resource: Resource) -> WayIn | None:
    """Return how public networks get in to a resource, None where they are kept out.

    Perimeters go before the resource's own settings: an enforced one decides alone, and
    one in transition mode lets in whom they do not. Raises as `guard_of` and `let_in`.
    """
    if _shuts_itself(resource):
        opening = let_in(resource)
        return WayIn(opening, advice=NARROW_RULES) if opening else None
    guard = guard_of(resource)
    if guard is not None:
        return None if guard.holds else WayIn(str(guard), advice=NARROW_RULES)
    if left_to_perimeter(resource):
        said = "access is left to a perimeter, and none is known to enforce it"
        return WayIn(so_far(resource.tenant, said), sure=False)
    return WayIn(so_far(resource.tenant, _open_doors(resource)))


def _open_doors(resource: Resource) -> str:
    """Return which settings of a resource let public networks in."""
    if isinstance(resource, FIREWALLED):
        if _denies(resource):
            wide = some(map(shown, _wide_rules(resource)))
            return f"networkAcls.ipRules let in {wide}"
        return "publicNetworkAccess and networkAcls.defaultAction let any network in"
    if isinstance(resource, SearchService) and resource.ip_rules:
        return f"networkRuleSet.ipRules let in {some(map(shown, resource.ip_rules))}"
    return "publicNetworkAccess lets any network in"


def _shuts_itself(resource: Resource) -> bool:
    """Whether the settings of a resource turn public networks away."""
    denies = _denies(resource)
    if (public_access(resource) or "").lower() == "disabled":
        return True
    return denies and not _wide_rules(resource)


def _denies(resource: Resource) -> bool:
    """Whether a firewall decides, and refuses whom no rule of it lets in."""
    if not isinstance(resource, FIREWALLED):
        return False
    denies = (resource.network_default_action or "").lower() == "deny"
    return denies and not left_to_perimeter(resource)


def _wide_rules(resource: Resource) -> list[str]:
    """Return the IP rules of a firewall that let in far too many; as `_wide`."""
    if not isinstance(resource, FIREWALLED):
        return []
    return _wide(resource, type(resource).ip_rules.path, resource.ip_rules or ())


def but_for_rules(resource: StorageAccount | KeyVault) -> str:
    """Return, for after "closed", that rules of the firewall let somebody in.

    Empty where none does, and where no firewall decides; with public access off, rules
    for resources stay in force (Microsoft Learn, "Set the default public network access
    rule of an Azure Storage account"). Raises as `guard_of`.
    """
    rules = list(_rules(resource))
    return f" but for {' and '.join(rules)}" if rules and not guard_of(resource) else ""


def _rules(resource: StorageAccount | KeyVault) -> Iterator[str]:
    if (public_access(resource) or "").lower() != "disabled":
        if addresses := resource.ip_rules:
            yield count(len(addresses), "IP rule", "IP rules")
        if subnets := resource.subnet_ids:
            yield count(len(subnets), "subnet rule", "subnet rules")
    if isinstance(resource, StorageAccount) and resource.resource_access_rules:
        many = len(resource.resource_access_rules)
        yield count(many, "resource rule", "resource rules")


def anything(rule: AccessRule) -> list[str]:
    """Return all that a rule names; the rule, where it says so in another way."""
    subscriptions = (
        ResourceId.parse(each).name for each in rule.subscription_ids or ()
    )
    return [
        *(rule.prefixes or ()),
        *(rule.service_tags or ()),
        *(f"subscription {each}" for each in subscriptions),
    ] or [f"rule {rule.name}"]


def let_in(
    resource: Resource, named: Callable[[AccessRule], list[str]] = too_wide
) -> str | None:
    """Return what a perimeter lets in to a resource that keeps public networks out.

    None if that is nothing that is named of a rule: by default, nothing too wide. The
    rules of a perimeter hold then in transition mode too (azure-docs, "Transition to a
    network security perimeter"). Raises NotRead where there may be one that was not
    read, or its rules were not, and where an association with such a rule does not say
    whether it has issues.
    """
    for association in associations(resource):
        unclear = Unclear()
        with unclear:
            if has_issues(association):
                continue
        association.cite(Association.target_id, Association.profile_id)
        found = some(map(shown, inbound_of(association, named)))
        if found:
            unclear.settle()
            return f"perimeter {perimeter_of(association)} lets in {found}"
    return None


def inbound_of(
    association: Association, named: Callable[[AccessRule], list[str]]
) -> Iterator[str]:
    """Yield what is named of the inbound rules that hold for an association.

    Raises NotRead in the end, if there may be more and nothing was found.
    """
    if not association.profile_id:
        raise association.unread(Association.profile_id.path, "says nothing")
    unclear, found = Unclear(), False
    rules = association.tenant.within(AccessRule, association.profile_id)
    for rule in rules.known():
        with unclear:
            names = named(rule) if is_inbound(rule) else []
            found = found or bool(names)
            yield from names
    if found:
        return
    unclear.settle()
    association.tenant.get(Profile, association.profile_id)
    rules.require_whole()
