"""What the rule of a policy does to a resource that has a property set so or so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.shared.policies import Policy
from checks.shared.sources import CHANGING
from scanner.model.cognitive import CognitiveAccount
from scanner.model.storage import StorageAccount
from scanner.policy.conditions import (
    Answer,
    Subject,
    all_of,
    any_of,
    parts_of,
    told,
)


def changes(policy: Policy) -> list[dict[str, Any]]:
    """Return what a rule that modifies or appends sets, each by keys in lower case."""
    then = parts_of(parts_of(policy.assigned.rule).get("then"))
    details = then.get("details")
    found = parts_of(details).get("operations", details)
    return [parts_of(each) for each in found] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Setting:
    """A property that is true or false, as policies name it, and how it should be."""

    alias: str
    wanted: bool

    def enforced(self, policy: Policy, subject: Subject) -> Answer:
        """Return whether a rule is for a resource that has the property otherwise.

        Effects that change something must set what is wanted too.
        """
        asked = policy.assigned.condition(subject)
        if asked.holds is False or policy.effect not in CHANGING:
            return asked
        return all_of((asked, any_of(self._changed(policy))))

    def on(
        self, resource: CognitiveAccount | StorageAccount, value: bool | None
    ) -> Subject:
        """Return a resource as it would be with the property set, or absent for None.

        Raises NotRead where the resource is malformed.
        """
        tags = resource.tags or {}
        return Subject(
            resource.id,
            resource.location,
            {name: text for name, text in tags.items() if isinstance(text, str)},
            {
                "kind": resource.kind,
                self.alias.lower(): None if value is None else str(value),
            },
        )

    def _changed(self, policy: Policy) -> Iterator[Answer]:
        """Yield whether what is changed sets the property as it should be."""
        for change in changes(policy):
            if str(change.get("field")).lower() != self.alias.lower():
                continue
            value, only_if = str(change.get("value")), change.get("condition")
            if value.startswith("[") or only_if is not None:
                yield Answer(None, (f"the expression {only_if or value}",))
            else:
                yield told(value.lower() == str(self.wanted).lower())
