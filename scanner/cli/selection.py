"""Which checks: by id or glob, topic and severity."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from scanner.cli.failure import Failure
from scanner.model.check import Check, Severity, Topic
from scanner.model.selection import CheckSelection

Checks = Sequence[Check[Any]]


@dataclass(frozen=True)
class Choice:
    """What narrows the catalogue; without anything, all of it.

    To import the catalogue takes as long as Azure takes to answer. Where no name is to
    be looked up in it, that waits until the checks are asked for.
    """

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    minimum: Severity | None = None
    controls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise Failure if a name matches no check, or none is left."""
        if self._narrows:
            self.checks  # noqa: B018 - asked for what it raises

    @cached_property
    def checks(self) -> Checks:
        """The checks that are asked for."""
        from checks import ALL

        self._require_matches(ALL)
        chosen = tuple(filter(self._has, ALL))
        if not chosen:
            raise Failure(f"no check is left: loosen {' or '.join(self._options)}")
        return chosen

    @classmethod
    def of(cls, selection: CheckSelection | None) -> Choice:
        """Return the choice that a run records; raises Failure as any choice does."""
        if selection is None:
            return cls()
        return cls(
            wanted=selection.check,
            unwanted=selection.exclude_check,
            topics=selection.topic,
            minimum=selection.min_severity,
        )

    @property
    def recorded(self) -> CheckSelection | None:
        """The choice as a run records it; None where it is the whole catalogue."""
        from checks import ALL

        if not self._narrows:
            return None
        return CheckSelection(
            check=self.wanted,
            exclude_check=self.unwanted,
            topic=self.topics,
            min_severity=self.minimum,
            chosen=len(self.checks),
            catalogue=len(ALL),
        )

    @property
    def _narrows(self) -> bool:
        return any(self._options)

    @property
    def _options(self) -> Iterator[str]:
        """The options that narrow the catalogue."""
        for option, given in (
            ("--check", self.wanted),
            ("--exclude-check", self.unwanted),
            ("--topic", self.topics),
            ("--min-severity", self.minimum),
            ("--control", self.controls),
        ):
            if given:
                yield option

    def _require_matches(self, catalogue: Checks) -> None:
        for name in (*self.wanted, *self.unwanted):
            require_match(name, catalogue)
        for pattern in self.controls:
            if not any(_supports(check, [pattern]) for check in catalogue):
                raise Failure(
                    f"no check supports a control {pattern!r}; controls are as "
                    "MCSB:NS-2 or NIST-800-53:*, and "
                    "`posture checks --format json` has them"
                )

    def _has(self, check: Check[Any]) -> bool:
        return (
            (not self.wanted or _matches(check, self.wanted))
            and not _matches(check, self.unwanted)
            and (not self.topics or check.topic in self.topics)
            and (not self.controls or _supports(check, self.controls))
            and (self.minimum is None or check.severity.reaches(self.minimum))
        )


def find(catalogue: Checks, name: str) -> Check[Any]:
    """Return a check by id or alias; raises Failure with the nearest ids."""
    for check in catalogue:
        if name.lower() in (check.id, *check.aliases):
            return check
    raise Failure(f"no check {name!r}" + _nearest(name, catalogue))


def _matches(check: Check[Any], patterns: Sequence[str]) -> bool:
    return any(
        fnmatchcase(name, pattern.lower())
        for pattern in patterns
        for name in (check.id, *check.aliases)
    )


def _supports(check: Check[Any], patterns: Sequence[str]) -> bool:
    return any(
        fnmatchcase(control.lower(), pattern.lower())
        for pattern in patterns
        for control in check.controls
    )


def require_match(pattern: str, catalogue: Checks) -> None:
    """Raise Failure with the nearest ids if a check, alias or glob names no check."""
    if not any(_matches(check, [pattern]) for check in catalogue):
        raise Failure(f"no check matches {pattern!r}" + _nearest(pattern, catalogue))


def _nearest(name: str, catalogue: Checks) -> str:
    names = [each for check in catalogue for each in (check.id, *check.aliases)]
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    if not near:
        return "; `posture checks` lists them all"
    return f"; did you mean {', '.join(near)}?"
