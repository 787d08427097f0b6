"""Which fault is due: rules matched against requests, and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

from scanner.emulator.ask import Ask, target_of
from scanner.emulator.entra import gives_token
from scanner.emulator.faults import Fault, TokenRefused
from scanner.model.ids import id_key


@dataclass(slots=True)
class _Counted:
    """A rule, made ready to be matched, and how often it was."""

    fault: Fault
    path: re.Pattern[str]
    scope: str
    seen: int = 0

    @classmethod
    def of(cls, fault: Fault) -> _Counted:
        pattern = re.compile(translate(fault.path.lower() or "*"))
        return cls(fault, pattern, id_key(fault.scope) if fault.scope else "")

    def matches(self, ask: Ask) -> bool:
        fault = self.fault
        return (
            fault.method.upper() in {"*", ask.method}
            and fault.page in {0, ask.page}
            and self.path.match(ask.key) is not None
            and (not self.scope or f"{ask.key}/".startswith(f"{self.scope}/"))
            and (not fault.type or fault.type.lower() == target_of(ask.key).type)
            and fault.api_version in {"", ask.query.get("api-version")}
            and (not isinstance(fault, TokenRefused) or gives_token(ask.key))
        )

    def due(self) -> bool:
        """Count a match; return whether the rule hits it."""
        self.seen += 1
        turn = self.seen - self.fault.after
        return turn > 0 and (self.fault.times == 0 or turn <= self.fault.times)


class Injector:
    """The rules in force."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        counted = [_Counted.of(fault) for fault in faults]
        self._for_arm = [
            each for each in counted if not isinstance(each.fault, TokenRefused)
        ]
        self._for_sign_in = [
            each
            for each in counted
            if each.fault.path or isinstance(each.fault, TokenRefused)
        ]

    def arm(self, ask: Ask) -> Fault | None:
        """Return the fault that hits a request to Resource Manager."""
        return _first(self._for_arm, ask)

    def sign_in(self, ask: Ask) -> Fault | None:
        """Return the fault that hits a request to Entra."""
        return _first(self._for_sign_in, ask)


def _first(rules: list[_Counted], ask: Ask) -> Fault | None:
    """Return the first fault that is due; the rules after it do not count."""
    due = (each.fault for each in rules if each.matches(ask) and each.due())
    return next(due, None)
