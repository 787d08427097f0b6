"""The keys that encrypt workspaces and accounts, and the vaults they are in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from scanner.model.cognitive import CognitiveAccount, has_own_key
from scanner.model.coverage import Unclear
from scanner.model.identity import ManagedIdentity
from scanner.model.ids import id_key
from scanner.model.keyvault import KeyVault, VaultKey
from scanner.model.machinelearning import Workspace, keeps_itself
from scanner.model.resource import Resource
from scanner.model.tenant import Tenant


@dataclass(frozen=True, slots=True)
class KeyName:
    """A key as its address in the vault names it."""

    name: str
    version: str
    """Empty where the newest one is meant."""

    @staticmethod
    def parse(address: str) -> KeyName:
        """Return the name and version of `https://VAULT/keys/NAME/VERSION`."""
        try:
            path = urlsplit(address).path
        except ValueError:
            path = ""
        _, _, name, version, *_ = [*path.split("/"), "", "", "", ""]
        return KeyName(name, version)


def key_of(workspace: Workspace) -> KeyName:
    """Return the key that encrypts a workspace; raises NotRead if it is not told."""
    key = KeyName.parse(workspace.cmk_key_id or "")
    if not key.name:
        raise workspace.unread(Workspace.cmk_key_id.path, "names no key")
    return key


def vault_id_of(workspace: Workspace) -> str:
    """Return the id of the vault of a workspace's key; raises NotRead."""
    if not workspace.cmk_vault_id:
        raise workspace.unread(Workspace.cmk_vault_id.path, "names no vault")
    return workspace.cmk_vault_id


def key_identities(workspace: Workspace) -> tuple[ManagedIdentity, ...]:
    """Return the identities of which a workspace uses its key with one, if it has any.

    The one that `encryption.identity` names; or else its system-assigned one, its
    primary user-assigned one, or any that it has. Raises NotRead.
    """
    users = tuple(workspace.user_identities)
    named = workspace.cmk_identity_id
    if not named and workspace.system_identity:
        return (workspace.system_identity,)
    named = named or workspace.primary_identity_id
    if not named:
        return users
    return tuple(each for each in users if id_key(each.resource_id) == id_key(named))


def workspaces_of(tenant: Tenant, vault_id: str) -> Iterator[Workspace]:
    """Yield the workspaces whose key is in a vault; raises NotRead in the end."""
    yield from filter(
        keeps_itself, tenant.referring(Workspace, "cmk_vault_id", vault_id)
    )


def accounts_of(vault: KeyVault) -> Iterator[CognitiveAccount]:
    """Yield the accounts whose key is in a vault; raises NotRead in the end.

    They name the vault by its address, which no two have; a managed HSM of the same
    name has another ending.
    """
    named = vault.tenant.referring(CognitiveAccount, "cmk_vault_name", vault.name)
    yield from filter(has_own_key, named)


def users_of(vault: KeyVault) -> Iterator[Resource]:
    """Yield what is encrypted with keys of a vault; raises NotRead in the end."""
    unclear = Unclear()
    for users in (workspaces_of(vault.tenant, vault.id), accounts_of(vault)):
        with unclear:
            yield from users
    unclear.settle()


def encrypts(vault: KeyVault) -> bool:
    """Whether a key in a vault encrypts a workspace or an account."""
    return any(True for _ in users_of(vault))


def users_of_key(key: VaultKey) -> Iterator[tuple[Workspace, KeyName]]:
    """Yield the workspaces that a key encrypts, and as what they name it."""
    for workspace in workspaces_of(key.tenant, key.parts.parent):
        named = key_of(workspace)
        if named.name.lower() == key.name.lower():
            yield workspace, named
