"""Where a policy that is assigned says what it does: the values that decide it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from scanner.model.evidence import Evidence, Trace, plain
from scanner.model.fields import MISSING, Part, View
from scanner.model.policy import (
    Member,
    PolicyAssignment,
    PolicyDefinition,
    PolicySetDefinition,
)

CHANGING = frozenset({"modify", "append"})
"""Effects that set what the details of the rule say."""

_ASKED = re.compile(r"parameters\(\s*'([^']+)'\s*\)", re.IGNORECASE)


def sources_of(
    assignment: PolicyAssignment, definition_id: str, member: Member | None, effect: str
) -> tuple[Evidence, ...]:
    """Return the rule of an assigned definition, and the parameters it turns on.

    Raises NotRead where the definition was not read.
    """
    trace = Trace()
    for each in _sources(assignment, definition_id, member, effect):
        trace.note(each.resource_id, each.path, each.value, each.api_version)
    return trace.evidence


def _sources(
    assignment: PolicyAssignment, definition_id: str, member: Member | None, effect: str
) -> Iterator[Evidence]:
    definition = assignment.tenant.get(PolicyDefinition, definition_id)
    if definition is None:
        return
    rule = tuple(_of_rule(definition, effect))
    yield from rule
    names = _asked(rule)
    yield from _given(definition, definition.parameters, names, "defaultValue")
    if member is not None:
        yield _source(member, Member.definition_id.path)
        yield _source(member, Member.reference_id.path)
        passed_on = tuple(_given(member, member.parameters, names, "value"))
        yield from passed_on
        names = _asked(passed_on)
        whole = member.owner
        if isinstance(whole, PolicySetDefinition):
            yield from _given(whole, whole.parameters, names, "defaultValue")
    yield from _given(assignment, assignment.parameters, names, "value")


def _of_rule(definition: PolicyDefinition, effect: str) -> Iterator[Evidence]:
    yield _source(definition, PolicyDefinition.condition.path)
    yield _source(definition, PolicyDefinition.effect.path)
    if effect in CHANGING:
        yield _source(definition, "properties.policyRule.then.details")


def _asked(found: Iterable[Evidence]) -> tuple[str, ...]:
    """Return the parameters that values ask for, each once."""
    return tuple(dict.fromkeys(_ASKED.findall(plain([each.value for each in found]))))


def _given(
    view: View, parameters: Mapping[str, Part], names: Iterable[str], path: str
) -> Iterator[Evidence]:
    """Yield what parameters are given there; that one is not is evidence too."""
    known = {key.lower(): each for key, each in parameters.items()}
    inner = "properties." if view.owner is view else ""
    for name in names:
        given = known.get(name.lower())
        if given is not None:
            yield _source(given, path)
        else:
            place = f"{view.base_path}{inner}parameters['{name}']"
            yield Evidence(view.owner.id, place, None, view.owner.read_with)


def _source(view: View, path: str) -> Evidence:
    owner, value = view.owner, view.lookup(path)
    found = None if value is MISSING else value
    return Evidence(owner.id, view.base_path + path, found, owner.read_with)
