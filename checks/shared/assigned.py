"""What policy assignments are of: definitions, and the effect each is given.

The rules are those of azure-docs, "Azure Policy assignment structure" and "initiative
definition structure".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from checks.shared.sources import sources_of
from checks.shared.wording import CITED
from scanner.access.facts import ROOT
from scanner.access.scopes import scope_of
from scanner.model.coverage import NotRead
from scanner.model.evidence import Evidence
from scanner.model.fields import MISSING
from scanner.model.ids import ResourceId, id_key
from scanner.model.policy import (
    Member,
    Parameter,
    ParameterValue,
    PolicyAssignment,
    PolicyDefinition,
    PolicySetDefinition,
)
from scanner.model.tenant import Tenant
from scanner.policy.conditions import DEEPEST, Test, parts_of, understood

About = Callable[[Tenant, str], bool]
"""Whether a definition, by its id, is of interest; raises NotRead if it is not told."""

_PARAMETER = re.compile(r"\[\s*parameters\(\s*'([^']+)'\s*\)\s*\]", re.IGNORECASE)
_MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True, slots=True)
class Assigned:
    """A definition that an assignment puts in force, alone or as member of a set."""

    definition_id: str
    reference_id: str
    """What the set calls it; empty for a definition that is assigned alone."""
    effect: str
    """In lower case; empty where it cannot be worked out."""
    unread: NotRead | None = None
    """Why it cannot, if that is because something was not read."""
    rule: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The definition's, with the values that its parameters are given here."""
    condition: Test = field(default=understood(None), compare=False)
    """That of the rule, understood: it is asked about each of many resources."""
    sources: tuple[Evidence, ...] = field(default=(), compare=False)
    """What rule and effect come from, for a verdict that rests on them to cite."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an assignment is of, as far as that is of interest."""

    found: tuple[Assigned, ...]
    unread: NotRead | None
    """Why there may be more; without a gap where it lies above the subscriptions."""


def cite_content(tenant: Tenant, every: Iterable[Assigned]) -> None:
    """Note what policies say, and what gives them their effects; the first few."""
    for one in islice(every, CITED):
        for each in one.sources:
            tenant.trace.add(each)


def is_of_azure(definition_id: str) -> bool:
    """Whether a definition is one that Azure made: it belongs to no scope."""
    return id_key(scope_of(definition_id)) == id_key(ROOT)


def contents(tenant: Tenant, about: About) -> Mapping[str, Content]:
    """Return what is assigned of the definitions of interest, by assignment.

    It goes through every assignment there is: make it once, by `Tenant.once`. Those
    that put nothing of interest in force are left out.
    """
    asked = _remembered(about)
    every = (
        (assignment.key, _content(assignment, asked))
        for assignment in tenant.all(PolicyAssignment).known()
    )
    return {key: each for key, each in every if each.found or each.unread}


def _remembered(about: About) -> About:
    """Return the same question, asked once of each definition that can be told."""
    told: dict[str, bool] = {}

    def ask(tenant: Tenant, definition_id: str) -> bool:
        key = id_key(definition_id)
        if key not in told:
            told[key] = about(tenant, definition_id)
        return told[key]

    return ask


def _content(assignment: PolicyAssignment, about: About) -> Content:
    found: list[Assigned] = []
    unread: list[NotRead] = []
    try:
        for definition_id, member in _definitions(assignment):
            try:
                wanted = about(assignment.tenant, definition_id)
            except NotRead as problem:
                unread.append(problem.light())
                continue
            if wanted:
                found.append(_assigned(assignment, definition_id, member))
    except NotRead as problem:
        unread.append(problem.light())
    return Content(tuple(found), gravest([_bearable(each) for each in unread]))


def _bearable(problem: NotRead) -> NotRead:
    """Return a reason without its gap where it lies above the subscriptions.

    What management groups define is read where it can be (guidance, ruling 5).
    """
    above = problem.gap and _MANAGEMENT_GROUP in f"{problem.gap.scope}/".lower()
    return NotRead(problem.reason) if above else problem


def _definitions(
    assignment: PolicyAssignment,
) -> Iterator[tuple[str, Member | None]]:
    """Yield the definitions of an assignment, each with what a set says of it.

    Raises NotRead where it is not known which they are.
    """
    named = assignment.definition_id
    if not named:
        raise assignment.malformed(PolicyAssignment.definition_id.path, "an id", named)
    if ResourceId.parse(named).type.lower() != PolicySetDefinition.type.lower():
        yield named, None
        return
    whole = assignment.tenant.get(PolicySetDefinition, named)
    for member in whole.members if whole else ():
        if not member.definition_id:
            raise member.malformed(Member.definition_id.path, "an id", None)
        yield member.definition_id, member


def _assigned(
    assignment: PolicyAssignment, definition_id: str, member: Member | None
) -> Assigned:
    reference = (member.reference_id if member else "") or ""
    try:
        effect = _effect(assignment, definition_id, member)
    except NotRead as problem:
        return Assigned(definition_id, reference, "", _bearable(problem))
    rule = _rule(assignment, definition_id, member)
    condition = understood(parts_of(rule).get("if"))
    sources = sources_of(assignment, definition_id, member, effect.lower())
    return Assigned(
        definition_id,
        reference,
        effect.lower(),
        rule=rule,
        condition=condition,
        sources=sources,
    )


def _effect(
    assignment: PolicyAssignment, definition_id: str, member: Member | None
) -> str:
    """Return the effect of a definition, through every parameter that passes it on."""
    definition = assignment.tenant.get(PolicyDefinition, definition_id)
    effect = (definition.effect if definition else "") or ""
    own = definition.parameters if definition else {}
    if member is None:
        return resolved(effect, assignment.parameters, own)
    passed_on = resolved(effect, member.parameters, own)
    whole = member.owner
    defaults = whole.parameters if isinstance(whole, PolicySetDefinition) else {}
    return resolved(passed_on, assignment.parameters, defaults)


def _rule(
    assignment: PolicyAssignment, definition_id: str, member: Member | None
) -> Mapping[str, Any]:
    """Return the rule of a definition, through every parameter it is given.

    A parameter without a value stays the expression it is.
    """
    definition = assignment.tenant.get(PolicyDefinition, definition_id)
    if definition is None:
        return {}
    values = _values(definition.parameters, "defaultValue")
    given = _values(assignment.parameters, "value")
    if member is not None:
        whole = member.owner
        if isinstance(whole, PolicySetDefinition):
            given = {**_values(whole.parameters, "defaultValue"), **given}
        given = _filled(_values(member.parameters, "value"), given)
    filled: Mapping[str, Any] = _filled(definition.rule or {}, {**values, **given})
    return filled


def _values(
    parameters: Mapping[str, ParameterValue] | Mapping[str, Parameter], path: str
) -> dict[str, Any]:
    """Return what parameters hold there, by their names in lower case."""
    every = ((key.lower(), each.lookup(path)) for key, each in parameters.items())
    return {key: value for key, value in every if value not in (None, MISSING)}


def _filled(tree: Any, values: Mapping[str, Any], levels: int = 2 * DEEPEST) -> Any:
    """Return a tree with the values of the parameters that are named in it.

    Of what is nested too deep to be looked at, nothing.
    """
    if isinstance(tree, Mapping | list) and not levels:
        return None
    if isinstance(tree, Mapping):
        return {key: _filled(each, values, levels - 1) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_filled(each, values, levels - 1) for each in tree]
    asked = _PARAMETER.fullmatch(tree) if isinstance(tree, str) else None
    return values.get(asked[1].lower(), tree) if asked else tree


def resolved(
    text: str, given: Mapping[str, ParameterValue], declared: Mapping[str, Parameter]
) -> str:
    """Return a text, or what the parameter it stands for is given or has by default.

    Empty for any other expression, and where there is neither value nor default.
    """
    asked = _PARAMETER.fullmatch(text)
    if asked is None:
        return "" if text.startswith("[") else text
    name = asked[1].lower()
    values = (each.text for key, each in given.items() if key.lower() == name)
    defaults = (each.default for key, each in declared.items() if key.lower() == name)
    return next(values, None) or next(defaults, None) or ""


def gravest(problems: Sequence[NotRead]) -> NotRead | None:
    """Return the first reason that is a gap, or else the first one."""
    gaps = (each for each in problems if each.gap)
    return next(gaps, None) or next(iter(problems), None)
