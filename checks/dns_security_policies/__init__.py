"""DNS security policies."""

from __future__ import annotations

from typing import Any

from checks.dns_security_policies import (
    alerts,
    links,
    lists,
    operations,
    policies,
    reach,
    rules,
)
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *reach.CHECKS,
    *links.CHECKS,
    *policies.CHECKS,
    *rules.CHECKS,
    *alerts.CHECKS,
    *lists.CHECKS,
    *operations.CHECKS,
)
