"""Roles on model accounts."""

from __future__ import annotations

from typing import Any

from checks.authorization import (
    assigned_principals,
    custom_roles,
    holders,
    reach,
    restrictions,
)
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *holders.CHECKS,
    *custom_roles.CHECKS,
    *reach.CHECKS,
    *restrictions.CHECKS,
    *assigned_principals.CHECKS,
)
