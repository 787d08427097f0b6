"""Conditions of role assignments."""

from __future__ import annotations

from typing import Any

from checks.abac import effect
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (*effect.CHECKS,)
