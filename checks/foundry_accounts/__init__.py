"""Foundry accounts, their projects and agents."""

from __future__ import annotations

from typing import Any

from checks.foundry_accounts import (
    accounts,
    agent_access,
    agents,
    content_filters,
)
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *accounts.CHECKS,
    *content_filters.CHECKS,
    *agents.CHECKS,
    *agent_access.CHECKS,
)
