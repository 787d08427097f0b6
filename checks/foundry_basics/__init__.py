"""Foundry hubs and projects: the network around them, and their parts."""

from __future__ import annotations

from typing import Any

from checks.foundry_basics import (
    basics,
    dependencies,
    hub_parts,
    hub_tags,
    managed_network,
    names,
    projects,
)
from scanner.model.check import Check

CHECKS: tuple[Check[Any], ...] = (
    *basics.CHECKS,
    *hub_tags.CHECKS,
    *projects.CHECKS,
    *hub_parts.CHECKS,
    *managed_network.CHECKS,
    *dependencies.CHECKS,
    *names.CHECKS,
)
