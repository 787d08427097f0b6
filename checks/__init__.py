"""What good looks like: the catalogue of checks, one module a topic."""

from __future__ import annotations

from typing import Any

from checks import (
    abac,
    aoai_inbound,
    aoai_outbound,
    api_key_access,
    api_key_guard,
    api_key_parity,
    api_key_use,
    api_keys,
    assigned_principals,
    authorization,
    custom_roles,
    diagnostics,
    dns_policies,
    foundry_basics,
    foundry_connections,
    foundry_identity,
    foundry_identity_endpoints,
    foundry_identity_overview,
    foundry_identity_search,
    foundry_identity_targets,
    foundry_store_conditions,
    foundry_store_people,
    foundry_store_roles,
    foundry_stores,
    model_roles,
    rbac_delegation,
    restrictions,
)
from scanner.model.check import Check

ALL: tuple[Check[Any], ...] = (
    *aoai_outbound.CHECKS,
    *aoai_inbound.CHECKS,
    *api_keys.CHECKS,
    *api_key_access.CHECKS,
    *api_key_guard.CHECKS,
    *api_key_use.CHECKS,
    *api_key_parity.CHECKS,
    *authorization.CHECKS,
    *custom_roles.CHECKS,
    *model_roles.CHECKS,
    *restrictions.CHECKS,
    *assigned_principals.CHECKS,
    *diagnostics.CHECKS,
    *foundry_basics.CHECKS,
    *foundry_stores.CHECKS,
    *foundry_connections.CHECKS,
    *foundry_store_people.CHECKS,
    *foundry_store_roles.CHECKS,
    *foundry_store_conditions.CHECKS,
    *foundry_identity.CHECKS,
    *foundry_identity_overview.CHECKS,
    *foundry_identity_search.CHECKS,
    *foundry_identity_targets.CHECKS,
    *foundry_identity_endpoints.CHECKS,
    *abac.CHECKS,
    *rbac_delegation.CHECKS,
    *dns_policies.CHECKS,
)
"""Every check, in the order of the guidance."""
