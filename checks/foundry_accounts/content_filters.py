"""What filters the prompts and answers of model deployments."""

from __future__ import annotations

from typing import Any

from checks.shared.wording import count, quote, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    info,
    not_applicable,
    passed,
    warned,
)
from scanner.model.cognitive import (
    CognitiveAccount,
    ContentFilter,
    RaiPolicy,
    is_foundry,
)
from scanner.model.coverage import Unclear
from scanner.model.tenant import Tenant

AZURES_OWN = "microsoft."
"""What the names of Azure's filters begin with."""
NO_FILTER = "microsoft.nil"
"""The one of them none of whose parts blocks."""


@check(
    id="fdp-rai-policy",
    title="Foundry deployments have a content filter that somebody chose",
    topic=Topic.FOUNDRY_ACCOUNTS,
    severity=Severity.LOW,
    on=CognitiveAccount,
    where=is_foundry,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:AI-2", "NIST-800-53:SI-10", "ISO-27001-2022:A.8.9"),
)
def rai_policy(account: CognitiveAccount, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.raiPolicyName` of deployments, and what filters they name hold.

    These are content filters of the account: `enabled` and `blocking` of the parts in
    `properties.contentFilters`, and `properties.basePolicyName`. Without a name, absent
    or null, Azure applies the default filter of the model (Microsoft Learn, "Content
    filtering"). That and Azure's own filters, whose names begin with `Microsoft.`, are
    facts for the report, but for `Microsoft.Nil`: none of its parts blocks (recorded),
    and it warns. So does a name that no filter of the account has, and a filter no part
    of which is both enabled and blocking.

    A filter that comes without parts, absent or null, has those of the one it is based
    on. Where these are not there either, it is not assessed, nor is one whose parts say
    nothing of `enabled` or `blocking` while no other one blocks. An account without
    deployments is not applicable.

    ## Why it matters
    Azure's default filter suits a chat with anybody about anything. It looks neither
    for indirect attacks in documents nor for what your own policy forbids, and it stays
    as it is when the use case changes, because nobody decided on it. A filter of your
    own that only annotates looks like a decision and stops nothing.

    ## How to fix
    Make a content filter for the use case, with shields for direct and indirect attacks
    on the prompt, have it block, and name it in each deployment.

    ```bicep
    resource model 'Microsoft.CognitiveServices/accounts/deployments@2025-09-01' = {
      parent: account
      properties: { raiPolicyName: filter.name }
    }
    ```

    ```terraform
    resource "azurerm_cognitive_deployment" "model" {
      rai_policy_name = azurerm_cognitive_account_rai_policy.filter.name
    }
    ```

    A stricter filter refuses requests that passed before: try it on recorded prompts
    first.

    ## Exceptions
    Filters of a whole subscription, which are in preview, are not read: a deployment
    that names one warns. So does one whose application blocks by what the filter
    annotates. Exempt such accounts.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Configure content filters
    """
    deployments = account.deployments
    names = {each.name: each.rai_policy_name or "" for each in deployments.known()}
    unclear = Unclear()
    weak = []
    for deployment, policy in names.items():
        with unclear:
            if why := _lets_all_through(policy, account, tenant):
                weak.append(f"{deployment} ({why})")
    if weak:
        return warned(f"without a content filter that blocks: {some(weak)}")
    deployments.require_whole()
    unclear.settle()
    if not names:
        return not_applicable("the account has no deployments")
    default = [
        f"{deployment} ({quote(policy) if policy else 'no name'})"
        for deployment, policy in names.items()
        if _is_default(policy)
    ]
    if default:
        return info(f"with Azure's default content filter: {some(default)}")
    every = count(len(names), "deployment has", "deployments have")
    return passed(f"{every} a content filter of the account's own that blocks")


def _is_default(name: str) -> bool:
    """Whether a deployment's filter is one of Azure's."""
    return not name or name.lower().startswith(AZURES_OWN)


def _lets_all_through(name: str, account: CognitiveAccount, tenant: Tenant) -> str:
    """Return why a filter that a deployment names blocks nothing, empty if it does.

    Raises NotRead where that is not known.
    """
    if name.lower() == NO_FILTER:
        return "Microsoft.Nil"
    if _is_default(name):
        return ""
    policy = _named(name, account)
    if policy is None:
        _cite_names(account, tenant)
        return f"{quote(name)}, which is not there"
    if _some_part_blocks(_parts(policy, account)):
        return ""
    return f"{quote(name)}, no part of which blocks"


def _named(name: str, account: CognitiveAccount) -> RaiPolicy | None:
    """Return a content filter of an account; raises NotRead if it may not be known."""
    for each in account.rai_policies:
        if each.name.lower() == name.lower():
            return each
    return None


def _cite_names(account: CognitiveAccount, tenant: Tenant) -> None:
    """Note which content filters an account has, as evidence that one is not there."""
    read = list(account.rai_policies)
    names = [each.name for each in read]
    for each in read[:1]:
        tenant.trace.note(account.id, each.type, names, each.read_with)


def _parts(policy: RaiPolicy, account: CognitiveAccount) -> tuple[ContentFilter, ...]:
    """Return the parts of a content filter, those it is based on if it came without.

    Raises NotRead where neither has any that were read.
    """
    own = policy.content_filters
    if own or policy.lookup(RaiPolicy.content_filters.path) == []:
        return own
    base = _named(policy.base_policy_name or "", account)
    if base is None:
        path = RaiPolicy.content_filters.path
        raise policy.unread(path, "was not in the response, nor its base policy")
    return base.stated(RaiPolicy.content_filters)


def _some_part_blocks(parts: tuple[ContentFilter, ...]) -> bool:
    """Whether content is blocked; raises NotRead where no part is known to."""
    unclear = Unclear()
    for part in parts:
        with unclear:
            if _blocks(part):
                return True
    unclear.settle()
    return False


def _blocks(part: ContentFilter) -> bool:
    if part.enabled is False or part.blocking is False:
        return False
    for path, value in (("enabled", part.enabled), ("blocking", part.blocking)):
        if value is None:
            raise part.unread(path, "says nothing")
    return True


CHECKS: tuple[Check[Any], ...] = (rai_policy,)
