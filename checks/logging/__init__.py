"""What is logged of model accounts, and who is told."""

from __future__ import annotations

from typing import Any

from checks.logging import diagnostics, facts, fronts
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *diagnostics.CHECKS,
    *facts.CHECKS,
    *fronts.CHECKS,
)
