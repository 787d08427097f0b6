"""Default storage of hubs and workspaces: whose it is, and what policies do to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.foundry_stores.kept_secrets import working
from checks.shared.assigned import Content, cite_content, contents
from checks.shared.grants import access
from checks.shared.policies import Policy, policies_on
from checks.shared.project_users import may_reach_more, require_workspaces
from checks.shared.rules import Setting
from checks.shared.scanned import so_far
from checks.shared.tags import tagged
from checks.shared.wording import quote, some
from checks.shared.workspaces import default_storage, mode_of
from scanner.access.facts import last_segment
from scanner.access.scopes import scope_at, scope_of
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.ids import ResourceId, id_key
from scanner.model.machinelearning import Workspace, holds_work, is_project
from scanner.model.policy import PolicyAssignment, PolicyDefinition
from scanner.model.storage import StorageAccount
from scanner.model.tenant import Tenant
from scanner.policy.conditions import Answer, told


def _owns_storage(workspace: Workspace) -> bool:
    """Whether it is a hub or default workspace: projects share that of their hub."""
    return holds_work(workspace) and not is_project(workspace)


@check(
    id="foundry-default-storage-shared-hubs",
    title="Each hub has a default storage of its own",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=_owns_storage,
    guidance=Post.DATA_STORES,
    controls=(
        "MCSB:DP-2",
        "NIST-800-53:AC-3",
        "NIST-800-53:AC-4",
        "ISO-27001-2022:A.5.15",
        "ISO-27001-2022:A.8.3",
    ),
)
def default_storage_shared_hubs(workspace: Workspace, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.storageAccount` of this and of all other workspaces, and tags.

    A workspace without one, as absent or null has it, is not applicable. Projects do
    not count: they work in the storage of their hub. The account is somebody else's too
    where its `tags` and those of the workspace name two business units; without tags
    there is nothing to compare.

    ## Why it matters
    One account already holds the data of a hub and all of its projects, kept apart by
    the names of containers alone. With a second hub in it a key, a network rule or a
    role on the account reaches across what two hubs were made to separate: business
    units, or production and tests.

    ## How to fix
    Make a storage account for each hub. A hub cannot change its default storage: make
    its successor with an account of its own and move what is in it.

    ```sh
    az ml workspace create --kind hub --resource-group RG --name HUB \
      --storage-account STORAGE_ID
    ```

    ```bicep
    resource hub 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
      kind: 'Hub'
      properties: { storageAccount: storage.id }
    }
    ```

    ```terraform
    resource "azurerm_ai_foundry" "hub" {
      storage_account_id = azurerm_storage_account.hub.id
    }
    ```

    Until then keep the identities of both hubs to their own containers by conditions,
    and switch the keys of the account off.

    ## Settings
    `business_unit_tags` lists the tags that name a business unit.

    ## References
    - AI Foundry - Credential vs Identity Data Stores
    - Microsoft Learn: Azure AI Foundry hubs and projects
    """
    storage_id = workspace.storage_account_id
    if not storage_id:
        return not_applicable("the workspace names no default storage")
    sharing = tenant.referring(Workspace, "storage_account_id", storage_id)
    others = [
        other.name
        for other in sharing.known()
        if other.key != workspace.key and _owns_storage(other)
    ]
    if others:
        return warned(f"the default storage is also that of {some(others)}")
    units = _units(workspace, tenant)
    if len(units) > 1:
        return warned(f"the default storage is tagged for {units[1]}, not {units[0]}")
    sharing.require_whole()
    reason = "no other hub or workspace has the same default storage"
    return passed(so_far(tenant, reason))


def _units(workspace: Workspace, tenant: Tenant) -> list[str]:
    """Return the business units that a workspace and its storage are tagged for."""
    storage = tenant.known(StorageAccount, workspace.storage_account_id or "")
    names = tenant.settings.business_unit_tags
    every = [workspace.tags, storage.tags if storage else None]
    found = {unit.lower(): unit for tags in every if (unit := tagged(tags, names))}
    return [quote(unit) for unit in found.values()]


KEYS_OFF = Setting(
    "Microsoft.Storage/storageAccounts/allowSharedKeyAccess", wanted=False
)
BUILT_IN = "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54"
"""Azure's own definition against shared keys (azure-policy, category Storage)."""

BREAKING = frozenset({"deny", "modify", "append", "deployifnotexists"})
"""Effects that switch keys off, or refuse every change of an account that has them."""


def _about_keys(tenant: Tenant, definition_id: str) -> bool:
    """Whether a definition is about the keys of storage accounts."""
    if _is_built_in(definition_id):
        return True
    definition = tenant.get(PolicyDefinition, definition_id)
    return definition is not None and definition.mentions(KEYS_OFF.alias)


def _is_built_in(definition_id: str) -> bool:
    return last_segment(definition_id) == BUILT_IN


def key_policies(tenant: Tenant) -> Mapping[str, Content]:
    """Return what is assigned about the keys of storage accounts, by assignment."""
    return tenant.once(_key_policies)


def _key_policies(tenant: Tenant) -> Mapping[str, Content]:
    return contents(tenant, _about_keys)


@dataclass(slots=True)
class Clash:
    """What one policy assignment would take the keys from that needs them."""

    workspaces: list[str] = field(default_factory=list)
    """The ids of those in credential mode."""
    unread: NotRead | None = None
    """Why there may be more."""


def _clashes(tenant: Tenant) -> Mapping[str, Clash]:
    found: dict[str, Clash] = defaultdict(Clash)
    for workspace in working(tenant):
        _look(workspace, tenant, found)
    return found


def _look(workspace: Workspace, tenant: Tenant, found: dict[str, Clash]) -> None:
    """Add a workspace to what the policies on its storage would break."""
    try:
        if mode_of(workspace) != "accesskey":
            return
        storage = default_storage(workspace, tenant)
    except NotRead as problem:
        _blame(found, _covering(workspace, tenant), problem.light())
        return
    if storage is None:
        return
    force = policies_on(storage, key_policies(tenant))
    for policy in (each for each in force.policies if each.holds):
        key, breaks = policy.assignment.key, _breaks(policy, storage)
        if breaks.holds:
            found[key].workspaces.append(workspace.id)
        elif breaks.holds is None:
            why = "; ".join(breaks.open)
            _blame(found, [key], NotRead(f"what the policy does is not known: {why}"))
    covering = tuple(_covering(workspace, tenant))
    for key in covering:
        _blame(found, [key], key_policies(tenant)[key].unread)
    if force.unread and force.unread.gap:
        _blame(found, covering, force.unread)


def _breaks(policy: Policy, storage: StorageAccount) -> Answer:
    """Return whether a policy is against the keys of a storage account.

    An account whose keys are off already is judged as if they were allowed again.
    """
    if not policy.effect:
        return Answer(None, ("its effect",))
    if policy.effect not in BREAKING:
        return told(False)
    if _is_built_in(policy.assigned.definition_id):
        return told(True)
    try:
        allowed = None if storage.shared_key_allowed is None else True
        return KEYS_OFF.enforced(policy, KEYS_OFF.on(storage, allowed))
    except NotRead as problem:
        return Answer(None, (problem.reason,))


def _covering(workspace: Workspace, tenant: Tenant) -> Iterator[str]:
    """Yield the assignments that may be about the storage of a workspace."""
    try:
        place = workspace.storage_account_id or workspace.id
    except NotRead:
        place = workspace.id
    own = set(access(tenant).scopes(place))
    subscription = f"/subscriptions/{ResourceId.parse(place).subscription}"
    for assignment_id in tenant.within(PolicyAssignment, subscription).ids():
        key, scope = id_key(assignment_id), id_key(scope_of(assignment_id))
        is_above = not scope.startswith("/subscriptions/")
        if key in key_policies(tenant) and (is_above or scope in own):
            yield key


def _blame(
    found: dict[str, Clash], keys: Iterable[str], problem: NotRead | None
) -> None:
    for key in keys if problem else ():
        found[key].unread = found[key].unread or problem


def _in_question(tenant: Tenant) -> frozenset[str]:
    """Return the assignments about the keys of storage, and those that may clash.

    One of which it is not known what it is about matters only where a workspace works
    with keys, or may.
    """
    clashes = tenant.once(_clashes)
    return frozenset(
        key
        for key, content in key_policies(tenant).items()
        if content.found or key in clashes or may_reach_more(tenant, scope_of(key))
    )


@check(
    id="foundry-default-storage-policy-conflict",
    title="No policy takes the keys from storage that workspaces use with keys",
    topic=Topic.FOUNDRY_STORES,
    severity=Severity.MEDIUM,
    on=PolicyAssignment,
    among=_in_question,
    guidance=Post.FOUNDRY_IDENTITY,
    controls=("MCSB:IM-3", "NIST-800-53:CM-6", "ISO-27001-2022:A.8.9"),
)
def default_storage_policy_conflict(
    assignment: PolicyAssignment, tenant: Tenant
) -> Verdict:
    r"""
    Reads `properties.policyDefinitionId` of assignments about the keys of storage.

    What counts is the built-in definition 8c6a50c6 and every other whose rule names
    `Microsoft.Storage/storageAccounts/allowSharedKeyAccess`, assigned alone or in an
    initiative. Those others are judged: their `if` must hold for the account with its
    keys, and what Modify and Append set must be false. Where a rule asks for more than
    name, kind, type, location, tags and this property, the answer is open. An
    assignment warns where its effect is Deny, Modify, Append or
    DeployIfNotExists for the account that a workspace in credential mode
    (`properties.systemDatastoresAuthMode` `accesskey`, which null means too; an absent
    key leaves the answer open) names in `properties.storageAccount`. The effect is
    followed through parameters and overrides; an absent `enforcementMode` means
    Default, that is, enforced (azure-docs, "Azure Policy assignment structure").
    `notScopes`, selectors and exemptions that have not expired leave an account out.

    ## Why it matters
    A workspace in credential mode works with the key that the policy is there to
    switch off. The day it is remediated, or somebody changes a tag of the account, the
    keys go or the change is refused, and the workspace stops with an error that
    mentions no policy.

    ## How to fix
    Switch those workspaces to identity mode before the policy reaches them; until then
    exempt their storage, with an end.

    ```sh
    az ml workspace update --resource-group RG --name HUB \
      --system-datastores-auth-mode identity
    az policy exemption create --name until-identity-mode --scope STORAGE_ID \
      --policy-assignment ASSIGNMENT_ID --exemption-category Waiver \
      --expires-on 2026-12-31T00:00:00Z
    ```

    ```bicep
    resource waiver 'Microsoft.Authorization/policyExemptions@2022-07-01-preview' = {
      scope: storage
      name: 'until-identity-mode'
      properties: {
        policyAssignmentId: assignmentId
        exemptionCategory: 'Waiver'
        expiresOn: '2026-12-31T00:00:00Z'
      }
    }
    ```

    ```terraform
    resource "azurerm_resource_policy_exemption" "waiver" {
      name                 = "until-identity-mode"
      resource_id          = azurerm_storage_account.hub.id
      policy_assignment_id = data.azurerm_policy_assignment.keys.id
      exemption_category   = "Waiver"
      expires_on           = "2026-12-31T00:00:00Z"
    }
    ```

    Grant the hub's identity, its projects and its people their data roles on the
    storage before the switch.

    ## References
    - AI Foundry - Identity, Authentication and Authorization
    - Microsoft Learn: Prevent Shared Key authorization for an Azure Storage account
    """
    assignment.cite(PolicyAssignment.definition_id, PolicyAssignment.enforcement_mode)
    cite_content(tenant, key_policies(tenant)[assignment.key].found)
    clash = tenant.once(_clashes).get(assignment.key, Clash())
    if clash.workspaces:
        names = some(_cited(tenant, each) for each in clash.workspaces)
        return warned(f"takes the keys that {names} in credential mode work with")
    if clash.unread:
        raise clash.unread
    require_workspaces(tenant, scope_at(assignment))
    return passed("breaks no workspace in credential mode")


def _cited(tenant: Tenant, workspace_id: str) -> str:
    """Return the name of a workspace, with what makes it need keys as evidence."""
    workspace = tenant.known(Workspace, workspace_id)
    if workspace is not None:
        workspace.cite(Workspace.datastores_auth_mode, Workspace.storage_account_id)
    return ResourceId.parse(workspace_id).name


CHECKS: tuple[Check[Any], ...] = (
    default_storage_policy_conflict,
    default_storage_shared_hubs,
)
