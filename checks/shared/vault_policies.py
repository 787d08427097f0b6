"""Access policies of vaults: whom they let in, by themselves or as members of groups.

A policy names a user, a group or an application, without saying which (Microsoft Learn,
"Assign a Key Vault access policy").
"""

from __future__ import annotations

from collections.abc import Callable

from checks.shared.grants import access, require_settled
from scanner.model.check import Verdict, failed
from scanner.model.keyvault import AccessPolicy, KeyVault, policies_for_itself


def policies_for(principal_id: str, vault: KeyVault) -> list[AccessPolicy]:
    """Return the policies that name a principal, or a group it is known to be in."""
    names = access(vault.tenant).names(principal_id)
    return [
        each
        for each in policies_for_itself(vault)
        if (each.object_id or "").lower() in names
    ]


def no_policy(
    reason: str, vault: KeyVault, gives: Callable[[AccessPolicy], bool]
) -> Verdict:
    """Return that no policy gives what is needed, with a mark where a group might.

    Raises NotRead where the scan asked who is in such a group and did not learn it.
    """
    others = (each.object_id for each in policies_for_itself(vault) if gives(each))
    missing = access(vault.tenant).unread_members(filter(None, others))
    require_settled(missing)
    if not missing:
        return failed(reason)
    some = "another has" if len(missing) == 1 else f"{len(missing)} others have"
    return failed(f"{reason} (lower bound: {some} one, and may be a group it is in)")
