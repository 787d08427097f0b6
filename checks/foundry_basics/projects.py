"""Projects of Foundry hubs: whether the hub is there, and is what they keep to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.shared.wording import quote
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
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Workspace, is_hub, is_project
from scanner.model.tenant import Tenant


@check(
    id="foundry-project-hub-exists",
    title="Projects belong to a hub that exists",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.LOW,
    on=Workspace,
    where=is_project,
    guidance=Post.FOUNDRY_BASICS,
    controls=("MCSB:AM-2", "NIST-800-53:CM-8"),
)
def project_hub_exists(project: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `properties.hubResourceId`, looks the hub up, and compares what they keep in.

    A hub outside the scan leaves the question open, but for one in a subscription that
    a scan of the whole tenant does not know: it is another tenant's, and fails. An
    absent or null id of a project says that it has no hub. What the id leads to must be
    of kind Hub; an absent or null `kind` is a default workspace (workspace REST
    reference). A project warns whose `properties.storageAccount` or
    `properties.keyVault` is not its hub's; where absent or null there is nothing to
    compare.

    ## Why it matters
    A project is a child of its hub: storage, vault, network and connections are the
    hub's. A project whose hub is gone still shows, still holds role assignments, and
    works no more; what it meant to protect is nobody's.

    ## How to fix
    Delete the project that was left behind, or recover the hub within fourteen days of
    its deletion.

    ```sh
    az ml workspace delete --resource-group RG --name PROJECT --permanently-delete
    ```

    Deleting a project permanently deletes what is kept in it. A project cannot change
    its storage or vault: make it anew under the hub and move its work.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Recover workspace data while soft deleted
    """
    if not project.hub_id:
        return failed("the project names no hub")
    name = quote(ResourceId.parse(project.hub_id).name)
    if tenant.is_foreign(project.hub_id):
        return failed(f"the hub is in no subscription of this tenant: {name}")
    hub = tenant.get(Workspace, project.hub_id)
    if hub is None:
        return failed(f"the hub is gone: {name}")
    if not is_hub(hub):
        return failed(f"names as its hub what is none: {name}")
    other = list(_not_inherited(project, hub))
    if other:
        what = " and the ".join(other)
        return warned(f"does not inherit the {what} of {hub.name}", _NOT_INHERITED)
    return passed(f"the hub is {hub.name}")


_NOT_INHERITED = (
    "Find out what the project keeps outside its hub's storage and vault, and who "
    "looks after these. A project cannot change them: make it anew under the hub, move "
    "its work, then delete it."
)


def _not_inherited(project: Workspace, hub: Workspace) -> Iterator[str]:
    """Yield what a project names in place of its hub's."""
    own, given = project.storage_account_id, hub.storage_account_id
    if own and id_key(own) != id_key(given or ""):
        yield "storage account"
    own, given = project.key_vault_id, hub.key_vault_id
    if own and id_key(own) != id_key(given or ""):
        yield "key vault"


CHECKS: tuple[Check[Any], ...] = (project_hub_exists,)
