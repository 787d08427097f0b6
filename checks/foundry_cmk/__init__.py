"""Foundry under a key of the customer's own."""

from __future__ import annotations

from typing import Any

from checks.foundry_cmk import encrypted, group, keys, managed
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *encrypted.CHECKS,
    *managed.CHECKS,
    *group.CHECKS,
    *keys.CHECKS,
)
