"""What Foundry keeps, where, and who may read it."""

from __future__ import annotations

from typing import Any

from checks.foundry_stores import (
    conditions,
    connections,
    credentials,
    default_storage,
    people,
    roles,
    targets,
)
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *credentials.CHECKS,
    *connections.CHECKS,
    *targets.CHECKS,
    *default_storage.CHECKS,
    *people.CHECKS,
    *roles.CHECKS,
    *conditions.CHECKS,
)
