"""Keys of model accounts, and roles instead of them."""

from __future__ import annotations

from typing import Any

from checks.api_keys import access, guard, local_auth, parity, use
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *local_auth.CHECKS,
    *access.CHECKS,
    *guard.CHECKS,
    *use.CHECKS,
    *parity.CHECKS,
)
