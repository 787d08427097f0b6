"""What good looks like: the catalogue of checks, one package a topic."""

from __future__ import annotations

from typing import Any

from checks import (
    abac,
    aoai_inbound,
    aoai_outbound,
    api_keys,
    authorization,
    avnm,
    cross_tenant,
    dns_security_policies,
    foundry_accounts,
    foundry_basics,
    foundry_cmk,
    foundry_identity,
    foundry_stores,
    logging,
    nsp,
    rbac_delegation,
)
from scanner.model.check import Check

ALL: tuple[Check[Any], ...] = (
    *aoai_outbound.CHECKS,
    *aoai_inbound.CHECKS,
    *api_keys.CHECKS,
    *authorization.CHECKS,
    *logging.CHECKS,
    *foundry_basics.CHECKS,
    *foundry_stores.CHECKS,
    *foundry_identity.CHECKS,
    *foundry_cmk.CHECKS,
    *foundry_accounts.CHECKS,
    *abac.CHECKS,
    *rbac_delegation.CHECKS,
    *cross_tenant.CHECKS,
    *avnm.CHECKS,
    *dns_security_policies.CHECKS,
    *nsp.CHECKS,
)
"""Every check, in the order of the guidance."""
