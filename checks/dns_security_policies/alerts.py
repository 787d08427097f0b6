"""Alert rules of DNS security policies, and what should rather be blocked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from checks.dns_security_policies.controls import FILTERING
from checks.shared.wording import shown, some
from scanner.dns.facts import Action
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    not_applicable,
)
from scanner.model.coverage import Unclear
from scanner.model.dns import ResolverPolicy, SecurityRule
from scanner.model.ids import ResourceId, id_key
from scanner.model.tenant import Tenant

CITED = 3
"""Rules of other policies that a verdict shows for each list."""


def _alerts(rule: SecurityRule) -> bool:
    return rule.verb == Action.ALERT


@check(
    id="dns-alert-no-op",
    title="Alert is not the only answer to what should be blocked",
    topic=Topic.DNS,
    severity=Severity.LOW,
    on=SecurityRule,
    where=_alerts,
    guidance=Post.DNS_POLICIES,
    controls=FILTERING,
)
def alert_no_op(rule: SecurityRule, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.action.actionType` and the lists of Alert rules.

    Alert lets the query through and leaves a log row with the action None (tests of
    the post's author); that much is told as a fact. It fails where the list is plainly
    meant for blocking and no enabled Block rule of the policy has it: an enabled Block
    rule of another policy does, or it is one of Microsoft's threat lists
    (`properties.managedDomainLists`), or its name says so, as `block`, `deny` or
    `malware` do. Where a rule that was not read, or one without state or action (Azure
    returns both), could settle it, the check is not assessed.

    ## Why it matters
    Alert sounds as if somebody were told. Nobody is: without a query on the log the
    row lies there, and the machine has long talked to the host it asked for.

    ## How to fix
    Make the rule a Block rule once the log shows that it stops nothing that is needed.

    ```sh
    az rest --method patch --url "RULE_ID?api-version=2025-05-01" \
      --body '{"properties": {"action": {"actionType": "Block"}}}'
    ```

    ```bicep
    resource r 'Microsoft.Network/dnsResolverPolicies/dnsSecurityRules@2025-05-01' = {
      properties: { action: { actionType: 'Block' } }
    }
    ```

    ## References
    - DNS Security Policies
    - Microsoft Learn: DNS security policy
    """
    if not rule.enabled:
        return not_applicable("the rule is not Enabled")
    blocked = tenant.once(_blocked)
    own = blocked[id_key(rule.parts.parent)]
    others = [each for each in blocked.values() if each is not own]
    loose = {key: name for key, name in _taken(rule).items() if key not in own.names}
    worthy = [name for key, name in loose.items() if _is_worthy(key, name, others)]
    if worthy:
        own.unclear.settle()
        for each in tenant.within(SecurityRule, rule.parts.parent):
            _cite(each)
        _cite_blocking(tenant, loose, others)
        names = some(map(shown, worthy))
        return failed(f"it only logs {names}, and no Block rule has it")
    for another in others if loose else ():
        another.unclear.settle()
    return info("it has no effect but a log row, with the action None")


def _cite_blocking(
    tenant: Tenant, loose: Iterable[str], others: Iterable[_Blocked]
) -> None:
    """Note the Block rules of other policies that have some lists."""
    for key in loose:
        for each in islice((each for each in others if key in each.names), CITED):
            rule = tenant.known(SecurityRule, each.names[key])
            if rule is not None:
                _cite(rule)


def _cite(rule: SecurityRule) -> None:
    rule.cite(SecurityRule.action, SecurityRule.state, SecurityRule.list_ids)


def _taken(rule: SecurityRule) -> Mapping[str, str]:
    """Return the names of what a rule has, by the keys of lists.

    Those of Microsoft's own, which have no ids, are by their names in lower case.
    """
    lists = {id_key(each): ResourceId.parse(each).name for each in rule.list_ids or ()}
    return lists | {each.lower(): each for each in rule.managed_lists or ()}


def _is_worthy(key: str, name: str, others: Iterable[_Blocked]) -> bool:
    """Whether a list is plainly meant for blocking; Microsoft's are, all of them."""
    plain = not key.startswith("/") or _says_block(name)
    return plain or any(key in each.names for each in others)


_WORDS = (
    *("block", "blocked", "blocklist", "deny", "denied", "denylist"),
    *("malware", "malicious", "threat", "threats", "phishing", "ransomware", "botnet"),
)
"""What the names of lists have in them that are there to be blocked."""


def _says_block(name: str) -> bool:
    return not set(_WORDS).isdisjoint(re.split(r"[^a-z]+", name.lower()))


@dataclass(slots=True)
class _Blocked:
    """What a policy blocks."""

    names: dict[str, str] = field(default_factory=dict)
    """What its enabled Block rules have, by key, with the id of the first that has."""
    unclear: Unclear = field(default_factory=Unclear)
    """Why it may block more."""


def _blocked(tenant: Tenant) -> Mapping[str, _Blocked]:
    """Return what each policy blocks, by its key; "" is all that were not read."""
    found: dict[str, _Blocked] = defaultdict(_Blocked)
    found[""].unclear.add(tenant.all(ResolverPolicy).missing)
    for policy in tenant.all(ResolverPolicy).known():
        found[policy.key].unclear.add(policy.rules.missing)
    for rule in tenant.all(SecurityRule).known():
        blocked = found[id_key(rule.parts.parent)]
        with blocked.unclear:
            if rule.verb == Action.BLOCK and rule.enabled:
                for key in _taken(rule):
                    blocked.names.setdefault(key, rule.id)
    return found


CHECKS: tuple[Check[Any], ...] = (alert_no_op,)
