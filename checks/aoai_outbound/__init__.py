"""Where model accounts may send requests to."""

from __future__ import annotations

from typing import Any

from checks.aoai_outbound import fqdns, reach
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *fqdns.CHECKS,
    *reach.CHECKS,
)
