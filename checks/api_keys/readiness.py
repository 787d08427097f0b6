"""What would happen if the keys of an account were switched off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.api_keys.key_connections import Leading, leading_to
from checks.api_keys.keyless import Keyless, keyless
from checks.shared.connections import label_of
from checks.shared.data_access import callers, data_users, held_now
from checks.shared.fronting import Fronting, fronting
from checks.shared.gateway_policies import SignIn
from checks.shared.grants import access, actors, bounded, one_each, principals, who
from checks.shared.model_roles import LIST_KEYS
from checks.shared.wording import count, some
from scanner.access.answers import Grant
from scanner.access.facts import Missing
from scanner.model.cognitive import CognitiveAccount
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Who would go on using an account without its keys, and what would stop."""

    keeping: tuple[Grant, ...]
    """One grant of each principal that holds a data role now."""
    eligible: tuple[Grant, ...]
    """One of each that would hold one once activated."""
    losing: tuple[Grant, ...]
    """One of each that can list the keys and holds no data role."""
    leading: Leading
    fronting: Fronting
    keyless: Keyless
    takes_tokens: bool
    """False where the account has no name of its own, which tokens need."""
    missing: tuple[Missing, ...]

    @property
    def unread(self) -> NotRead | None:
        """Why there may be more that uses a key, or would be refused without one."""
        return self.leading.unread or self.fronting.unread or self.keyless.unread

    @property
    def keyed_gateways(self) -> tuple[str, ...]:
        """The gateways that send a key, by their names."""
        return tuple(each.name for each in self.fronting.by(SignIn.KEY))

    @property
    def obstacles(self) -> tuple[str, ...]:
        """What would break for certain."""
        return tuple(self._obstacles())

    def _obstacles(self) -> Iterator[str]:
        if not self.keeping:
            later = len(self.eligible)
            hint = f" ({later} could activate one)" if later else ""
            yield f"nobody holds a data role{hint}"
        roleless = self.keyless.roleless
        if roleless:
            many = count(len(roleless), "gateway signs", "gateways sign")
            yield f"{many} in with an identity without a data role: {some(roleless)}"
        yield from self.users_of_keys

    @property
    def users_of_keys(self) -> Iterator[str]:
        """What needs keys here, whoever holds which role."""
        if self.leading.keyed:
            keyed = count(len(self.leading.keyed), "connection uses", "connections use")
            yield f"{keyed} a key: {some(map(label_of, self.leading.keyed))}"
        gateways = self.keyed_gateways
        if gateways:
            keyed = count(len(gateways), "gateway sends", "gateways send")
            yield f"{keyed} a key: {some(gateways)}"
        if not self.takes_tokens:
            yield "the account has no custom subdomain, so it takes no tokens"

    @property
    def questions(self) -> Iterator[str]:
        """What only a person can tell of who calls."""
        if self.keyless.passing:
            yield f"do callers send keys through {some(self.keyless.passing)}?"
        if self.fronting.question:
            yield self.fronting.question
        if self.keyless.unproven:
            yield f"does whoever signs in by {some(self.keyless.unproven)} hold one?"


def readiness_of(account: CognitiveAccount, tenant: Tenant) -> Readiness:
    """Return what switching off the keys of an account would do, as far as is known."""
    users = data_users(tenant, account)
    listing = access(tenant).who_can(LIST_KEYS, account.id)
    can_call = set(principals(held_now(tenant, users)))
    readers = actors(tenant, listing.active)
    losing = (each for each in readers if _id(each) not in can_call)
    leading, front = leading_to(account), fronting(account)
    return Readiness(
        keeping=one_each(callers(tenant, users)),
        eligible=one_each(each for each in users.eligible if _id(each) not in can_call),
        losing=one_each(losing),
        leading=leading,
        fronting=front,
        keyless=keyless(tenant, leading, front, can_call),
        takes_tokens=_takes_tokens(account),
        missing=tuple(dict.fromkeys((*users.missing, *listing.missing))),
    )


def _id(grant: Grant) -> str:
    return grant.principal_id.lower()


def _takes_tokens(account: CognitiveAccount) -> bool:
    """Whether it has a custom subdomain; what is malformed is not held against it."""
    try:
        return bool(account.custom_subdomain)
    except NotRead:
        return True


def advice(ready: Readiness) -> str:
    """Return how to switch the keys off here: what to do first, who is affected."""
    return bounded(" ".join(_steps(ready)), ready.missing)


def _steps(ready: Readiness) -> Iterator[str]:
    if not ready.takes_tokens:
        yield (
            "The account has no custom subdomain and takes no tokens: give it one "
            "first."
        )
    yield from _people(ready)
    yield from _connections(ready.leading)
    yield from _gateways(ready)
    yield from _keyless(ready.keyless)
    yield "Then set disableLocalAuth to true."


def _people(ready: Readiness) -> Iterator[str]:
    keeping = count(len(ready.keeping), "principal keeps", "principals keep")
    if ready.keeping:
        yield f"{keeping} access with Entra ID: {_named(ready.keeping)}."
    else:
        yield (
            "Nobody holds a data role, so everybody would be locked out: first grant "
            "an Entra role such as Cognitive Services OpenAI User to every caller."
        )
    if ready.losing:
        losing = count(len(ready.losing), "that lists", "that list")
        yield (
            f"{losing} the keys would lose the data plane: {_named(ready.losing)}; "
            "grant an Entra role with data actions to those who call models."
        )


def _connections(leading: Leading) -> Iterator[str]:
    if leading.keyed:
        keyed = count(len(leading.keyed), "connection", "connections")
        yield (
            f"Recreate with Entra ID {keyed} that would break: "
            f"{some(map(label_of, leading.keyed))}."
        )
    if leading.unread:
        yield "Not all connections were read: there may be more."


def _gateways(ready: Readiness) -> Iterator[str]:
    names = ready.keyed_gateways
    if names:
        keyed = count(len(names), "gateway", "gateways")
        yield (
            f"Let {keyed} of API Management sign in with an identity instead of a key: "
            f"{some(names)}."
        )
    if ready.fronting.possible:
        yield f"See whose calls come through {some(ready.fronting.possible)}."
    if ready.fronting.unread:
        yield "Not all of API Management was read: there may be more."


def _keyless(found: Keyless) -> Iterator[str]:
    if found.roleless:
        yield f"Grant a data role to the identity of {some(found.roleless)}."
    if found.passing:
        yield (
            "See what callers send, and move those to Entra ID who send a key, through "
            f"{some(found.passing)}."
        )
    if found.unproven:
        yield (
            f"See that whoever signs in holds a data role, by {some(found.unproven)}."
        )
    if found.unread:
        yield "Not all identities were read: more may lack a data role."


def _named(grants: Iterable[Grant]) -> str:
    return some(f"{who(grant)} ({grant.role_name})" for grant in grants)
