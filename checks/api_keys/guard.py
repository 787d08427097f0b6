"""Whether the keys of Azure OpenAI accounts stay off: changes, and policies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checks.shared.assigned import Content, contents, gravest, is_of_azure
from checks.shared.model_roles import ACCOUNTS
from checks.shared.policies import Policy, policies_on
from checks.shared.rules import Setting
from checks.shared.wording import count, shown, some
from scanner.access.facts import last_segment
from scanner.model.activity import ActivityEvent
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    manual,
    passed,
    warned,
)
from scanner.model.cognitive import CognitiveAccount, hosts_models
from scanner.model.coverage import NotRead
from scanner.model.listing import Listing
from scanner.model.policy import PolicyDefinition
from scanner.model.tenant import Tenant
from scanner.policy.conditions import Answer, Subject, all_of, any_of, told

WRITE = f"{ACCOUNTS}/write"
KEYS_OFF = Setting(f"{ACCOUNTS}/disableLocalAuth", wanted=True)
BUILT_IN = frozenset(
    {
        "71ef260a-8f18-47b7-abcb-62d0673d94dc",  # audit or deny
        "14de9e63-1b31-492e-a5a3-c3f7fd57f555",  # modify
        "55eff01b-f2bd-4c32-9203-db285f709d30",  # deploy if not exists
    }
)
"""The definitions that Azure made about these keys (azure-policy, categories Azure Ai
Services and Cognitive Services)."""

PREVENTING = frozenset({"deny", "modify", "append"})
"""Effects that keep keys from being switched on."""
FOLLOWING = frozenset({"audit", "auditifnotexists", "deployifnotexists"})
"""Effects that tell of keys, or switch them off, when they are there already."""


def _about_keys(tenant: Tenant, definition_id: str) -> bool:
    """Whether a definition is about these keys: by its id, or by what its rule reads.

    Those that Azure made are known by their ids.
    """
    if is_of_azure(definition_id):
        return last_segment(definition_id) in BUILT_IN
    definition = tenant.get(PolicyDefinition, definition_id)
    return definition is not None and definition.mentions(KEYS_OFF.alias)


def _assigned(tenant: Tenant) -> Mapping[str, Content]:
    return contents(tenant, _about_keys)


@dataclass(frozen=True, slots=True)
class Guard:
    """The policies about keys that are assigned to an account."""

    preventing: tuple[Policy, ...]
    following: tuple[Policy, ...]
    """Those that come after the fact, or do no more than report."""
    left_out: tuple[Policy, ...]
    """Those that an exemption keeps from the account."""
    unread: NotRead | None
    """Why there may be more; without a gap where it lies above the subscriptions."""

    def require_settled(self) -> None:
        """Raise NotRead if something the scan asked for may hold more policies."""
        if self.unread and self.unread.gap:
            raise self.unread

    def bounded(self, reason: str) -> str:
        """Return a reason that says how far it can be relied on."""
        if self.unread:
            return f"{reason} (lower bound: {self.unread.reason})"
        return reason


def guard_of(account: CognitiveAccount) -> Guard:
    """Return the policies about keys that are assigned to an account."""
    found = policies_on(account, account.tenant.once(_assigned))
    subjects: tuple[Subject, ...] = ()
    if not all(map(_is_known, found.policies)):
        # Keys are on where the property is false, and where it is absent.
        subjects = tuple(KEYS_OFF.on(account, each) for each in (False, None))
    judged = [_Judged.of(each, subjects) for each in found.policies]
    return Guard(
        preventing=tuple(each.policy for each in judged if each.prevents),
        following=tuple(each.policy for each in judged if each.follows),
        left_out=tuple(each.policy for each in judged if each.is_left_out),
        unread=gravest([*filter(None, (found.unread, *map(_unclear, judged)))]),
    )


def _is_known(policy: Policy) -> bool:
    """Whether a policy is of Azure, of which it is known what it does."""
    return is_of_azure(policy.assigned.definition_id)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A policy, and whether its rule is for an account that has keys."""

    policy: Policy
    always: Answer
    """Whether that is so however the account comes to have them."""
    ever: Answer

    @classmethod
    def of(cls, policy: Policy, subjects: Iterable[Subject]) -> _Judged:
        """Judge a policy by an account, as it is in each way to have keys."""
        if _is_known(policy):
            return cls(policy, told(True), told(True))
        answers = [KEYS_OFF.enforced(policy, each) for each in subjects]
        return cls(policy, all_of(answers), any_of(answers))

    @property
    def prevents(self) -> bool:
        return self._may_prevent and self.always.holds is True

    @property
    def follows(self) -> bool:
        return self._may_follow and self.ever.holds is True

    @property
    def is_left_out(self) -> bool:
        return self.policy.exemption is not None and self.ever.holds is not False

    @property
    def _may_prevent(self) -> bool:
        return self.policy.holds and self.policy.effect in PREVENTING

    @property
    def _may_follow(self) -> bool:
        """Whether a policy may tell of keys: an effect that is not enforced does."""
        policy = self.policy
        return policy.exemption is None and (
            policy.effect in FOLLOWING
            or (policy.effect in PREVENTING and not policy.enforced)
        )

    @property
    def is_open(self) -> bool:
        """Whether it may do what it is not known to do."""
        return (self._may_prevent and self.always.holds is None) or (
            self._may_follow and self.ever.holds is None
        )

    @property
    def is_partial(self) -> bool:
        """Whether it keeps keys off in one of the two ways to have them."""
        return self._may_prevent and (self.always.holds, self.ever.holds) == (
            False,
            True,
        )


def _unclear(judged: _Judged) -> NotRead | None:
    """Return why a policy may do more than is known, or does not do enough."""
    policy, name = judged.policy, shown(judged.policy.assignment.name)
    if policy.holds and not policy.effect:
        return policy.unread or NotRead(f"the effect of {name} is not known")
    if judged.is_open:
        why = "; ".join(judged.ever.open or judged.always.open)
        return NotRead(f"whom {name} is for is not decided: it has {why}")
    if judged.is_partial:
        return NotRead(f"{name} is for one of false and absent, not for both")
    return None


def named_policies(policies: Iterable[Policy]) -> str:
    """Return policies as a sentence names them: the assignment, and what it does."""
    return some(_named(each) for each in policies)


def _named(policy: Policy) -> str:
    mode = "" if policy.enforced else ", not enforced"
    return f"{shown(policy.assignment.name)} ({policy.effect}{mode})"


CHANGED = frozenset({"accepted", "succeeded"})
"""The states of an operation that was carried out."""


@check(
    id="aoai-local-auth-toggled",
    title="Keys of accounts are not switched off and on",
    topic=Topic.API_KEYS,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:LT-3",
        "NIST-800-53:AU-6",
        "NIST-800-53:CM-3",
        "ISO-27001-2022:A.8.15",
        "ISO-27001-2022:A.8.32",
    ),
)
def local_auth_toggled(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `operationName` of the events in the Activity Log, which covers 90 days.

    Counted are the writes of the account that were accepted or succeeded, those with
    one correlation id once. What a write changed is seldom in the log: only where
    `properties.requestbody` is there and sets `disableLocalAuth` does it say, and its
    absence means nothing. The log keeps it with the event by which a write began.

    ## Why it matters
    Switching the keys off and on again makes new ones, so everything that still held
    an old one breaks, and whoever did it can read the new ones. Minutes suffice, and
    afterwards the account looks as it did before.

    ## How to fix
    Ask who wrote the account what they changed, and compare the runs before and after
    with `posture diff`. Deny keys by policy, so that there is nothing to switch.

    ```sh
    az monitor activity-log list --resource-id "$ACCOUNT_ID" --offset 90d \
      --query "[?operationName.value=='Microsoft.CognitiveServices/accounts/write']"
    posture diff OLD NEW
    ```

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Azure Monitor activity log
    """
    about = tenant.referring(ActivityEvent, "resource_id", account.id)
    every = tuple(_writes(about))
    writes = {_request(each) for each in every if _took_place(each)}
    events = [each for each in every if _request(each) in writes]
    told = f"{count(len(writes), 'write', 'writes')} in the Activity Log"
    callers = some(dict.fromkeys(map(_caller, events)))
    if {True, False} <= set(map(_keys_off, events)):
        return warned(f"keys were switched both ways: {told}, by {callers}")
    if len(writes) > 1:
        unsaid = "whether keys were switched is not in the log"
        return manual(f"{told}, by {callers}: {unsaid}")
    tenant.within(ActivityEvent, _subscription_of(account)).require_whole()
    if about.unclear:
        raise about.unclear
    if not writes:
        version = ActivityEvent.api_version
        tenant.trace.note(account.id, ActivityEvent.type, [], version)
    return passed(told)


def _subscription_of(account: CognitiveAccount) -> str:
    return f"/subscriptions/{account.parts.subscription}"


def _writes(about: Listing[ActivityEvent]) -> Iterator[ActivityEvent]:
    """Yield the events that are known of writes, among those of an account."""
    for event in about.known():
        if (event.operation or "").lower() == WRITE.lower():
            yield event


def _request(event: ActivityEvent) -> str:
    """Return what the events of one write share."""
    return event.correlation_id or event.id


def _took_place(event: ActivityEvent) -> bool:
    return (event.status or "").lower() in CHANGED


def _caller(event: ActivityEvent) -> str:
    return shown(event.caller or event.application_id or "somebody unknown")


def _keys_off(event: ActivityEvent) -> bool | None:
    """Whether a write switched keys off or, False, on; None where it does not say."""
    try:
        body = json.loads(event.request_body or "")
    except ValueError:
        return None
    off = _asked(_asked(body, "properties"), "disablelocalauth")
    return off if isinstance(off, bool) else None


def _asked(body: Any, name: str) -> Any:
    """Return a property of a request; Azure ignores the case of their names."""
    named = body.items() if isinstance(body, dict) else ()
    return next((value for key, value in named if key.lower() == name), None)


@check(
    id="aoai-local-auth-policy",
    title="A policy keeps the keys of accounts off",
    topic=Topic.API_KEYS,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=hosts_models,
    guidance=Post.API_KEYS,
    controls=(
        "MCSB:IM-1",
        "NIST-800-53:CM-6",
        "NIST-800-53:AC-3",
        "ISO-27001-2022:A.8.5",
        "ISO-27001-2022:A.8.9",
    ),
)
def local_auth_policy(account: CognitiveAccount, _: Tenant) -> Verdict:
    r"""
    Reads `properties.policyDefinitionId` of the policy assignments over the account.

    What counts is the built-in definition 71ef260a, its siblings that modify
    (14de9e63) or deploy (55eff01b), and custom definitions whose rule names
    `Microsoft.CognitiveServices/accounts/disableLocalAuth`, assigned alone or in an
    initiative. The rule of a custom definition is judged for this account: it must hold
    where the property is false and where it is absent, and Modify and Append must set
    it to true. Where a rule asks for more than name, kind, type, location, tags and
    this property, that is not decided: it counts as keeping nothing off, and is named.
    The effect is followed through its parameters and overrides; an absent
    `enforcementMode` means Default, that is, enforced (azure-docs, "Azure Policy
    assignment structure"). `notScopes`, resource selectors and exemptions that have not
    expired leave an account out.

    ## Why it matters
    Keys that were switched off by hand come back with the next template that forgets
    them. A policy that denies them makes the decision once, for accounts that do not
    exist yet too; one that audits only counts how often it was forgotten.

    ## How to fix
    Assign the built-in definition with the effect Deny, at a management group, once no
    account below it needs keys.

    ```sh
    az policy assignment create --name deny-cognitive-keys --scope "$SCOPE" \
      --policy 71ef260a-8f18-47b7-abcb-62d0673d94dc \
      --params '{"effect": {"value": "Deny"}}'
    ```

    ```bicep
    resource deny 'Microsoft.Authorization/policyAssignments@2024-04-01' = {
      name: 'deny-cognitive-keys'
      properties: {
        policyDefinitionId: tenantResourceId(
          'Microsoft.Authorization/policyDefinitions',
          '71ef260a-8f18-47b7-abcb-62d0673d94dc'
        )
        parameters: { effect: { value: 'Deny' } }
      }
    }
    ```

    ```terraform
    resource "azurerm_management_group_policy_assignment" "deny" {
      name                 = "deny-cognitive-keys"
      management_group_id  = azurerm_management_group.this.id
      policy_definition_id = join("/", [
        "/providers/Microsoft.Authorization/policyDefinitions",
        "71ef260a-8f18-47b7-abcb-62d0673d94dc"
      ])
      parameters = jsonencode({ effect = { value = "Deny" } })
    }
    ```

    Deny refuses every change of an account that still has keys, a new tag included.
    The definition is about all kinds of Cognitive Services: give those that know no
    tokens an exemption with an end.

    ## Exceptions
    Accounts whose features take keys only: exempt them in Azure Policy, with an
    expiry.

    ## References
    - Blocking API Key Access in Azure OpenAI Service
    - Microsoft Learn: Disable local authentication in Azure AI services
    """
    guard = guard_of(account)
    if guard.preventing:
        return passed(f"kept off by {named_policies(guard.preventing)}")
    guard.require_settled()
    if guard.following:
        reason = f"keys are only followed up, by {named_policies(guard.following)}"
        return warned(guard.bounded(reason))
    if guard.left_out:
        reason = f"exempt from {named_policies(guard.left_out)}, and no other policy"
        return info(guard.bounded(reason))
    return info(guard.bounded("no assigned policy keeps the keys off"))


CHECKS: tuple[Check[Any], ...] = (
    local_auth_toggled,
    local_auth_policy,
)
