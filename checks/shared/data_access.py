"""Who may use the data plane of a Cognitive Services account with Entra ID."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from checks.shared.citing import cite
from checks.shared.grants import access, actors
from checks.shared.model_roles import ACCOUNTS, MODELS
from scanner.access.answers import Answer, Grant
from scanner.access.conditions import Literal, as_of
from scanner.access.conditions.analysis.guards import may_be_open
from scanner.access.conditions.partial import conjunction
from scanner.access.facts import Block, Role, last_segment
from scanner.access.patterns import WILDCARD, first_match, meet
from scanner.model.cognitive import CognitiveAccount, is_foundry
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant

ANY = "Microsoft.CognitiveServices/*"
CHAT = "microsoft.cognitiveservices/accounts/openai/deployments/chat/completions/action"
"""What nearly every role with a data action allows, and so is asked for first."""

TAKES_NOTHING = "keys are off, and without a custom subdomain it takes no tokens"
"""What keeps everybody out of an account, whoever holds a role."""

GIVE_A_SUBDOMAIN = (
    "Give the account a custom subdomain, which cannot be changed once it is set, and "
    "let callers ask for tokens and use its own address. Roles are of no use before."
)
"""What an account that takes no tokens needs first."""


def data_users(tenant: Tenant, account: CognitiveAccount) -> Answer:
    """Return who holds any data action of Cognitive Services on an account.

    Which action it is does not matter: a role that allows none calls nothing.
    """
    return _users(tenant, account, _samples)


def _users(tenant: Tenant, account: CognitiveAccount, samples: _Sampling) -> Answer:
    """Return who holds one of some data actions on an account."""
    answers, key = tenant.once(_answered), (samples, account.key)
    if key not in answers:
        answers[key] = _asked(tenant, account.id, tenant.once(samples))
    return answers[key]


def _answered(_: Tenant) -> dict[tuple[_Sampling, str], Answer]:
    """Return where answers are kept: several checks ask of each account."""
    return {}


def _asked(tenant: Tenant, account_id: str, samples: Iterable[str]) -> Answer:
    known = access(tenant)
    return _united(
        [known.who_can(action, account_id, data=True) for action in samples], account_id
    )


def cited_data_users(tenant: Tenant, account: CognitiveAccount) -> Answer:
    """Return the same, with the grants and what denials take back as evidence."""
    return _cited(tenant, account, data_users(tenant, account))


def cited_service_users(tenant: Tenant, account: CognitiveAccount) -> Answer:
    """Return who may do more than read with the services of an account, likewise.

    An account of AI Services has them all, Speech, Language and Vision beside models;
    one of Azure OpenAI has models and agents alone.
    """
    samples = _service_samples if is_foundry(account) else _model_samples
    return _cited(tenant, account, _users(tenant, account, samples))


def _cited(tenant: Tenant, account: CognitiveAccount, users: Answer) -> Answer:
    cite(tenant, users.grants, account, users.refused)
    return users


def callers(tenant: Tenant, users: Answer) -> tuple[Grant, ...]:
    """Return the grants of whoever may call: of a group with members, they alone."""
    return actors(tenant, held_now(tenant, users))


def held_now(tenant: Tenant, users: Answer) -> tuple[Grant, ...]:
    """Return the grants that need no activation and whose time is not over."""
    return in_time(tenant, users.active)


def in_time(tenant: Tenant, grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return the grants but those under a condition that never holds any more."""
    return tuple(each for each in grants if not _is_over(each, tenant.read_at))


def _is_over(grant: Grant, now: datetime) -> bool:
    return as_of(conjunction(grant.residual), now) == Literal(False)


def untold(grant: Grant) -> NotRead | None:
    """Return why it is not known whether conditions keep any call from a grant."""
    for each in grant.restrictions:
        if each.residual is not None and not may_be_open(each.residual):
            return None
    if not grant.restrictions:
        return None
    return NotRead(f"what the condition of {grant.assignment_id} asks cannot be told")


def require_told(grants: Sequence[Grant]) -> None:
    """Raise NotRead if of some grants it is of none known whether they let one in."""
    problems = [untold(each) for each in grants]
    if problems and problems[0] and all(problems):
        raise problems[0]


def _united(answers: Sequence[Answer], resource_id: str) -> Answer:
    """Return several answers on a resource as one: each assignment counts once.

    For the action that it gives without a condition, if there is one.
    """
    kept: dict[tuple[str, str, str], Grant] = {}
    for grant in (grant for one in answers for grant in one.grants):
        if kept.setdefault(_key(grant), grant).restrictions and not grant.restrictions:
            kept[_key(grant)] = grant
    refused = {_key(each.grant): each for one in answers for each in one.refused}
    missing = dict.fromkeys(each for one in answers for each in one.missing)
    return Answer(
        action=ANY,
        resource_id=resource_id,
        data=True,
        grants=tuple(sorted(kept.values(), key=lambda grant: grant.eligible)),
        refused=tuple(each for key, each in refused.items() if key not in kept),
        missing=tuple(missing),
    )


def _key(grant: Grant) -> tuple[str, str, str]:
    return grant.principal_id.lower(), grant.assignment_id, grant.via_group or ""


def _samples(tenant: Tenant) -> tuple[str, ...]:
    """Return data actions such that every assigned role that has any allows one."""
    return _one_for_each_role(tenant, _in_service)


def _model_samples(tenant: Tenant) -> tuple[str, ...]:
    """Return the same of those that use models or agents."""
    return _one_for_each_role(tenant, _using_models)


def _service_samples(tenant: Tenant) -> tuple[str, ...]:
    """Return the same of those that do more than read, in any service."""
    return _one_for_each_role(tenant, _using_services)


def _in_service(pattern: str) -> Iterator[str]:
    yield from filter(None, [sample_of(pattern)])


def _using_models(pattern: str) -> Iterator[str]:
    return _using(pattern, MODELS)


def _using_services(pattern: str) -> Iterator[str]:
    return _using(pattern, (f"{ACCOUNTS}/*",))


def _using(pattern: str, areas: Iterable[str]) -> Iterator[str]:
    for area in areas:
        sample = sample_of(pattern, area)
        if sample and not sample.endswith("/read"):
            yield sample


_Samples = Callable[[str], Iterator[str]]
_Sampling = Callable[[Tenant], tuple[str, ...]]


def _one_for_each_role(tenant: Tenant, of: _Samples) -> tuple[str, ...]:
    facts = access(tenant).facts
    assigned = {last_segment(each.role_definition_id) for each in facts.assignments}
    roles = (role for key, role in facts.roles.items() if key in assigned)
    return tuple(
        dict.fromkeys([CHAT, *(one for each in roles for one in _of(each, of))])
    )


def _of(role: Role, of: _Samples) -> Iterator[str]:
    """Yield a data action for each block of a role that allows one."""
    for block in role.blocks:
        sample = next(_allowed(block, of), None)
        if sample:
            yield sample


def _allowed(block: Block, of: _Samples) -> Iterator[str]:
    samples = (sample for each in block.data_actions for sample in of(each))
    for action in chain([CHAT], samples):
        if first_match(block.data_actions, action) and not first_match(
            block.not_data_actions, action
        ):
            yield action


def sample_of(pattern: str, area: str = ANY) -> str | None:
    """Return a data action that a pattern means in an area, None if none."""
    shared = meet(pattern.lower(), area.lower())
    return shared and shared.replace(WILDCARD, "any")
