"""Network security perimeters."""

from __future__ import annotations

from typing import Any

from checks.nsp import inside, rules
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (*inside.CHECKS, *rules.CHECKS)
