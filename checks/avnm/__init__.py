"""Network managers and their network groups."""

from __future__ import annotations

from typing import Any

from checks.avnm import assignments, groups, managers, policies, tags
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *policies.CHECKS,
    *assignments.CHECKS,
    *groups.CHECKS,
    *managers.CHECKS,
    *tags.CHECKS,
)
