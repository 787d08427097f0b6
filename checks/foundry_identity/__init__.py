"""Identities of Foundry hubs and projects, and the roles that they need."""

from __future__ import annotations

from typing import Any

from checks.foundry_identity import endpoints, identities, overview, search, targets
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *identities.CHECKS,
    *overview.CHECKS,
    *search.CHECKS,
    *targets.CHECKS,
    *endpoints.CHECKS,
)
