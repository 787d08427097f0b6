"""Who can reach model accounts over the network."""

from __future__ import annotations

from typing import Any

from checks.aoai_inbound import network, paths
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *network.CHECKS,
    *paths.CHECKS,
)
