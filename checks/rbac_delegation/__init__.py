"""Who may assign roles, and which."""

from __future__ import annotations

from typing import Any

from checks.rbac_delegation import assigners
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (*assigners.CHECKS,)
