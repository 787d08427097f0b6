"""Checks x tenant -> results."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from scanner.model.check import Check, Status, Verdict, everything
from scanner.model.coverage import Gap, NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.resource import Record, Resource
from scanner.model.resources import TENANT_TYPE, Subscription
from scanner.model.results import GapReport, Result, Target
from scanner.model.settings import Settings
from scanner.model.tenant import Inventory, Tenant

log = logging.getLogger(__name__)

Picking = tuple[Callable[[Any], bool], type[Resource]]
About = tuple[bool, Gap | None]
"""Whether a check is about a resource, and a gap that may hide that it is not."""
LEFT_OUT: About = (False, None)
Key = tuple[str, str, str, str]


class Judge:
    """Judges one tenant, and keeps which checks each gap left without an answer."""

    def __init__(self, inventory: Inventory, settings: Settings) -> None:
        self._inventory = inventory
        self._settings = settings
        self._names = dict(_subscription_names(inventory, settings))
        self._blamed: dict[Gap, set[str]] = defaultdict(set)
        self._unsure: dict[str, Gap] = {}
        """By check, a gap that may have hidden what it is about."""
        self._about: dict[Picking, dict[str, About]]
        self._about = defaultdict(dict)
        """By what picks resources of a type, and by their ids, whether it does."""
        self._targets: dict[tuple[str, str, str], Target] = {}
        self._resources: dict[tuple[str, str], Target] = {}

    def results(self, checks: Sequence[Check[Any]]) -> Iterator[Result]:
        """Yield every check's answers: by check, then by resource id."""
        for check in checks:
            answered = False
            for result in self._of(check):
                answered = True
                yield result
            if not answered:
                yield self._nothing_to_judge(check)

    def gaps(self) -> tuple[GapReport, ...]:
        """Return every gap, collected or met while judging, with its checks."""
        collected = [
            gap for gaps in self._inventory.gaps_by_type.values() for gap in gaps
        ]
        every = dict.fromkeys([*collected, *self._blamed])
        reports = (
            GapReport(gap=gap, checks=tuple(sorted(self._blamed.get(gap, ()))))
            for gap in every
        )
        return tuple(sorted(reports, key=lambda report: _gap_order(report.gap)))

    def _of(self, check: Check[Any]) -> Iterator[Result]:
        """Yield the answers on what was picked out, and then what may be missing."""
        told = {id_key(self._tenant().resource_id)}
        try:
            judged = self._judged(check)
        except NotRead as missing:
            yield self._unpicked(check, missing.reason, missing.gap)
        except Exception as error:  # noqa: BLE001 - whatever a check may raise
            reason = _internal_error(check, error)
            _log_fault(f"{reason}, while its resources are picked")
            yield self._unpicked(check, reason, self._gap(check, reason))
        else:
            told.clear()
            yield from self._answers(check, judged)
        yield from self._unseen(check, told)

    def _answers(
        self, check: Check[Any], judged: Iterator[tuple[type[Resource], Record]]
    ) -> Iterator[Result]:
        regions = set[str]()
        for view, record in judged:
            region = self._region(view, record) if check.by_region else None
            if region in regions:
                continue
            result = self._one(check, view, record)
            if result is None:
                continue
            if region is None:
                yield result
            else:
                regions.add(region)
                yield replace(result, target=self._tenant(region))

    def _unseen(self, check: Check[Any], told: set[str]) -> Iterator[Result]:
        """Yield a row for each place where gaps may hide what a check is about.

        Once for each, and none for those that have one.
        """
        for gap in self._hiding(check):
            self._blamed[gap].add(check.id)
            if id_key(gap.scope) not in told:
                told.add(id_key(gap.scope))
                yield self._unread(check, gap)

    def _judged(self, check: Check[Any]) -> Iterator[tuple[type[Resource], Record]]:
        """Return the resources of a check's types, in the order of their ids."""
        among = self._among(check)
        found = (
            (view, record)
            for view in check.on
            for record in self._inventory.by_type[view.type.lower()]
            if among is None or id_key(record.id) in among
        )
        if len(check.on) == 1:
            return found
        return iter(sorted(found, key=lambda each: id_key(each[1].id)))

    def _among(self, check: Check[Any]) -> Container[str] | None:
        make = check.among
        if make is None:
            return None
        among, gap = self._inventory.watched(lambda: self._inventory.once(make))
        if gap:
            self._unsure.setdefault(check.id, gap)
        return among

    def _is_about(self, check: Check[Any], resource: Resource) -> bool:
        """Whether a check is about a resource; many checks are about the same."""
        if check.where is everything:
            return True
        answers = self._about[check.where, type(resource)]
        if resource.id not in answers:
            answers[resource.id] = self._inventory.watched(
                lambda: check.where(resource)
            )
        about, gap = answers[resource.id]
        if gap:
            self._unsure.setdefault(check.id, gap)
        return about

    def _region(self, view: type[Resource], record: Record) -> str:
        """Return where a resource lies; empty where it does not say so."""
        try:
            return self._inventory.window(self._settings).view(view, record).region
        except NotRead:
            return ""

    def _hiding(self, check: Check[Any]) -> Iterator[Gap]:
        """Yield each gap in what leads to a check's types."""
        hiding = self._inventory.hiding
        yield from dict.fromkeys(gap for view in check.on for gap in hiding(view))

    def _one(
        self, check: Check[Any], view: type[Resource], record: Record
    ) -> Result | None:
        """Return the answer on one resource, None where the check leaves it out."""
        if self._about[check.where, view].get(record.id) == LEFT_OUT:
            return None
        tenant = self._inventory.window(self._settings)
        resource: Resource = tenant.view(view, record)
        try:
            if not self._is_about(check, resource):
                return None
            # What tells that it is about the resource is no evidence of the verdict.
            tenant.trace = self._inventory.trace()
            verdict = self._decided(check, resource, tenant)
        except NotRead as missing:
            missing.light()
            verdict = self._not_assessed(check, missing.reason, missing.gap)
        except Exception as error:  # noqa: BLE001 - whatever a check may raise
            reason = _internal_error(check, error)
            _log_fault(f"{reason}, on {record.id}")
            verdict = self._not_assessed(check, reason, resource.gap(reason))
        return self._result(check, resource, verdict, tenant)

    def _decided(
        self, check: Check[Any], resource: Resource, tenant: Tenant
    ) -> Verdict:
        """Return the verdict; raises NotRead, with a gap if one was met on the way."""
        decide = partial(check.decide, resource, tenant)
        return self._inventory.watched(decide)[0]

    def _not_assessed(self, check: Check[Any], reason: str, gap: Gap | None) -> Verdict:
        if gap is not None:
            self._blamed[gap].add(check.id)
        return Verdict(Status.NOT_ASSESSED, reason)

    def _result(
        self, check: Check[Any], resource: Resource, verdict: Verdict, tenant: Tenant
    ) -> Result:
        return Result(
            check=check,
            target=self._on(resource),
            status=verdict.status,
            reason=verdict.reason,
            evidence=tenant.trace.evidence,
            advice=verdict.advice,
        )

    def _on(self, resource: Resource) -> Target:
        """Return what a result on a resource is about; many checks answer on it."""
        key = (resource.id, resource.type)
        found = self._resources.get(key)
        if found is None:
            said = resource.lookup("location")
            location = said if isinstance(said, str) else ""
            found = self._resources[key] = self._target_of(*key, location)
        return found

    def _target(
        self, resource_id: str, resource_type: str, location: str = ""
    ) -> Target:
        key = (resource_id, resource_type, location)
        if key not in self._targets:
            self._targets[key] = self._target_of(*key)
        return self._targets[key]

    def _target_of(self, resource_id: str, resource_type: str, location: str) -> Target:
        parts = ResourceId.parse(resource_id)
        subscription_name = self._names.get(parts.subscription.lower(), "")
        # A subscription's id has no name in it, but people gave it one.
        is_subscription = resource_type == Subscription.type
        name = (is_subscription and subscription_name) or parts.name
        return Target(
            tenant_id=self._inventory.tenant_id,
            subscription_id=parts.subscription,
            subscription_name=subscription_name,
            resource_group=parts.resource_group,
            resource_type=resource_type,
            resource_name=name,
            resource_id=resource_id,
            location=location,
        )

    def _unread(self, check: Check[Any], gap: Gap) -> Result:
        """Return the row that stands for what a gap kept from the check."""
        kind = ResourceId.parse(gap.scope).type or TENANT_TYPE
        return Result(
            check=check,
            target=self._target(gap.scope, kind),
            status=Status.NOT_ASSESSED,
            reason=NotRead.from_gap(gap).reason,
        )

    def _unpicked(self, check: Check[Any], reason: str, gap: Gap | None) -> Result:
        """Return the row that stands for all that a check could not pick out."""
        if gap is not None:
            self._blamed[gap].add(check.id)
        return self._of_tenant(check, Status.NOT_ASSESSED, reason)

    def _gap(self, check: Check[Any], reason: str) -> Gap:
        """Return the gap that a fault of a check is, where it is of no resource."""
        return Gap(
            tenant_id=self._inventory.tenant_id,
            scope=f"/tenants/{self._inventory.tenant_id}",
            resource_type=check.resource_type,
            operation="judge",
            reason=reason,
        )

    def _nothing_to_judge(self, check: Check[Any]) -> Result:
        """Return the one answer of a check that met no resource.

        Where something was not read that tells which resources it is about, there may
        be some.
        """
        gap = self._unsure.get(check.id)
        if gap:
            return self._unpicked(check, NotRead.from_gap(gap).reason, gap)
        reason = f"no resource for this check was found ({check.resource_type})"
        if any(view.type.lower() in self._inventory.bounded for view in check.on):
            reason += " (lower bound: not all were read)"
        return self._of_tenant(check, Status.NOT_APPLICABLE, reason)

    def _of_tenant(self, check: Check[Any], status: Status, reason: str) -> Result:
        return Result(check=check, target=self._tenant(), status=status, reason=reason)

    def _tenant(self, region: str = "") -> Target:
        """Return the tenant as a target, or what is its in one region."""
        scope = f"/tenants/{self._inventory.tenant_id}"
        return self._target(scope, TENANT_TYPE, region)


def _log_fault(message: str) -> None:
    """Log the exception being handled: a line, and its traceback where all is shown."""
    log.error(message, exc_info=log.isEnabledFor(logging.DEBUG))


def _internal_error(check: Check[Any], error: Exception) -> str:
    return f"internal error in {check.id}: {type(error).__name__}"


def _subscription_names(
    inventory: Inventory, settings: Settings
) -> Iterator[tuple[str, str]]:
    window = inventory.window(settings)
    for subscription in window.all(Subscription).known():
        try:
            name = subscription.display_name or ""
        except NotRead:
            name = ""
        yield subscription.name.lower(), name


def _gap_order(gap: Gap) -> Key:
    return (id_key(gap.scope), gap.resource_type.lower(), gap.operation, gap.reason)
