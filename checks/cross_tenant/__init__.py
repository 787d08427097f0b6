"""What crosses from one tenant into another."""

from __future__ import annotations

from typing import Any

from checks.cross_tenant import access, applications, networks
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *applications.CHECKS,
    *networks.CHECKS,
    *access.CHECKS,
)
