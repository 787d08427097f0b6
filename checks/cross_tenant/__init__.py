"""What crosses from one tenant into another."""

from __future__ import annotations

from typing import Any

from checks.cross_tenant import access, applications, networks, registrations
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *registrations.CHECKS,
    *applications.CHECKS,
    *networks.CHECKS,
    *access.CHECKS,
)
