"""Identities of Foundry hubs and projects: of which kind, and what they may do."""

from __future__ import annotations

from typing import Any

from checks.wording import shown
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    passed,
    warned,
)
from scanner.model.machinelearning import Workspace, is_hub, is_project
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:IM-3",
    "NIST-800-53:IA-9",
    "ISO-27001-2022:A.5.16",
    "PCI-DSS-4.0.1:8.6.1",
)


@check(
    id="foundry-hub-identity-system",
    title="Foundry hubs use their system-assigned identity",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def hub_identity_system(hub: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `identity.type`.

    No identity, a null type and `None` mean the same: the hub cannot sign in (common
    types of Azure Resource Manager, ManagedServiceIdentity). A hub with identities of
    both kinds passes.

    ## Why it matters
    The hub's identity reads storage, opens private endpoints and fetches secrets for
    all of its projects. Azure grants a system-assigned identity what it needs and
    deletes it with the hub. What a user-assigned one needs is left to people, before
    the hub is made, and each role they forget shows up as an error that names neither
    role nor identity.

    ## How to fix
    Create hubs with a system-assigned identity. Where a user-assigned one is there on
    purpose, keep it, and grant the roles that `foundry-umi-roles-preprovisioned` and
    `foundry-missing-rbac` name.

    ```sh
    az ml workspace show --resource-group RG --name HUB --query identity
    az ml workspace create --kind hub --resource-group RG --name HUB
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      identity: { type: 'SystemAssigned' }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      identity {
        type = "SystemAssigned"
      }
    }
    ```

    The identity of a hub cannot be exchanged at will: projects, private endpoints and
    the key of an encrypted hub depend on the one it was made with.

    ## Exceptions
    Customer-managed keys and Azure Policy 5f0c7d88 ask for a user-assigned identity.

    ## Settings
    With `user_assigned_hubs` a user-assigned identity is what hubs are meant to have,
    and a system-assigned one alone warns.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Set up authentication between Azure Machine Learning and other
      services
    - Azure Policy 5f0c7d88
    """
    kinds = _kinds(hub)
    value = shown(hub.identity_type)
    if not kinds:
        return failed("the hub has no identity to sign in with")
    if not kinds <= _KNOWN:
        return warned(f"identity.type is {value}, which is not a known type")
    wanted = _USER if tenant.settings.user_assigned_hubs else _SYSTEM
    if wanted in kinds:
        return passed(f"identity.type is {value}")
    if wanted == _USER:
        return warned(f"identity.type is {value}: user_assigned_hubs wants another")
    return warned(f"identity.type is {value}: its roles are granted by hand", _KEEP)


_SYSTEM, _USER = "systemassigned", "userassigned"
_KNOWN = {_SYSTEM, _USER}

_KEEP = (
    "Keep the identity if the hub's key or a policy asks for it, and grant the roles "
    "that foundry-umi-roles-preprovisioned and foundry-missing-rbac find missing; "
    "otherwise make the hub's successor with a system-assigned identity."
)


def _kinds(workspace: Workspace) -> set[str]:
    """Return the kinds of identity a workspace has, in lower case.

    They lie beside `properties`, and a listing's stub, which tells of neither, is no
    workspace without an identity: this raises NotRead.
    """
    workspace.lookup("properties")
    kinds = (workspace.identity_type or "").lower().split(",")
    return {kind.strip() for kind in kinds} - {"", "none"}


@check(
    id="foundry-project-identity-system",
    title="Foundry projects have a system-assigned identity",
    topic=Topic.FOUNDRY_IDENTITY,
    severity=Severity.LOW,
    on=Workspace,
    where=is_project,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=_CONTROLS,
)
def project_identity_system(project: Workspace, _: Tenant) -> Verdict:
    r"""
    Reads `identity.type` and `identity.principalId`.

    No identity, a null type and `None` mean the same: the project cannot sign in
    (common types of Azure Resource Manager, ManagedServiceIdentity). A type without a
    principal is no identity that a role could be granted to.

    ## Why it matters
    Azure gives each project an identity of its own, with roles on the hub's storage and
    conditions that keep it to the project's containers. A project that works with a
    shared identity, or with none, has lost that fence: what one may open, all who share
    the identity may.

    ## How to fix
    Recreate the project with a system-assigned identity, and move what is in it.

    ```sh
    az ml workspace create --kind project --resource-group RG --name PROJECT \
      --hub-id HUB_ID
    ```

    ```bicep
    resource project 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Project'
      identity: { type: 'SystemAssigned' }
      properties: { hubResourceId: hub.id }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry_project" "project" {
      ai_services_hub_id = azurerm_ai_foundry.hub.id
      identity {
        type = "SystemAssigned"
      }
    }
    ```

    Datastores, flows and endpoints of the old project do not move by themselves, and
    role assignments to its identity end with it.

    ## Exceptions
    Newer versions accept a user-assigned identity for a project. Accept the finding
    where no other project uses that identity and its roles are conditioned.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Role-based access control in Azure AI Foundry portal
    """
    value = shown(project.identity_type)
    if _SYSTEM not in _kinds(project):
        return failed(f"identity.type is {value}, without a system-assigned identity")
    if not project.principal_id:
        return failed(f"identity.type is {value}, but identity.principalId names none")
    return passed(f"identity.type is {value}")


CHECKS: tuple[Check[Any], ...] = (
    hub_identity_system,
    project_identity_system,
)
