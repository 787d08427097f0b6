"""What is kept together under one Foundry hub, as tags and names tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from checks.shared.scanned import require_all_scanned
from checks.shared.tags import (
    are_of_several_stages,
    are_several,
    is_production,
    one_of_each,
    stage_in,
    tagged,
)
from checks.shared.wording import some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Status,
    Topic,
    Verdict,
    check,
    failed,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import Unclear
from scanner.model.machinelearning import Workspace, is_hub, is_project
from scanner.model.resources import ResourceGroup, Subscription
from scanner.model.tenant import Tenant

Values = Sequence[tuple[str, str]]
"""What hub and projects are called, and tagged with."""


@check(
    id="foundry-hub-env-homogeneous",
    title="Projects under one hub are of one environment",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=("NIST-800-53:SC-32", "ISO-27001-2022:A.8.31"),
)
def env_homogeneous(hub: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `tags` of the hub and of its projects, and `properties.hubResourceId`.

    Where one of them has no such tag, that of its resource group or else of its
    subscription counts, and without these a word of its name, such as `prod` or `dev`.
    What is told by none of them is asked about, as is an environment that no setting
    knows beside others.

    ## Why it matters
    All projects of a hub share its storage, vault, network and connections. Put a test
    project beside production, and what people try out there runs with production's
    connections, on production's storage.

    ## How to fix
    Give each environment a hub of its own and move the projects that do not belong;
    where the tag is missing or wrong, set it.

    ```sh
    az ml workspace update --resource-group RG --name PROJECT \
      --set tags.environment=production
    ```

    ```bicep
    tags: { environment: 'production' }
    ```

    A project cannot change its hub: create a new one and move the work.

    ## Settings
    `environment_tags` names the tags that are read, `production_values` their values,
    and the words of names, that stand for production, `non_production_values` those
    that stand for something else.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Hubs and projects in Azure AI Foundry
    """
    settings = tenant.settings

    def differ(values: Sequence[str]) -> bool:
        return are_of_several_stages(values, settings)

    values, unclear = _tags_of(hub, tenant, settings.environment_tags, _stage)
    verdict = _judged(tenant, values, unclear, differ, failed, "environment")
    if verdict.status is not Status.PASS or not are_several(_told(values)):
        return verdict
    strange = [each for each in values if is_production(each[1], settings) is None]
    if strange:
        return manual(f"is this production? {one_of_each(strange)}", _NAME_STAGES)
    return passed("no production beside anything else under the hub")


_NAME_STAGES = "Add such values to production_values or non_production_values."


@check(
    id="foundry-hub-sensitivity-homogeneous",
    title="Projects under one hub hold data of one sensitivity",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.MEDIUM,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=("NIST-800-53:AC-4", "ISO-27001-2022:A.5.12"),
)
def sensitivity_homogeneous(hub: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `tags` of the hub and of its projects, and `properties.hubResourceId`.

    A missing tag says nothing, and is asked about.

    ## Why it matters
    One storage account and one vault serve the hub and all its projects, and whoever
    administers the hub administers them all. Data of two classes under one hub is, in
    the end, protected as well as the lower class.

    ## How to fix
    Give each class of data a hub of its own; where the tag is missing, set it.

    ```sh
    az ml workspace update --resource-group RG --name PROJECT \
      --set tags.dataClassification=confidential
    ```

    ```bicep
    tags: { dataClassification: 'confidential' }
    ```

    ## Settings
    `sensitivity_tags` names the tags that are read.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Hubs and projects in Azure AI Foundry
    """
    found = _tags_of(hub, tenant, tenant.settings.sensitivity_tags)
    return _judged(tenant, *found, are_several, failed, "data classification")


@check(
    id="foundry-hub-bu-homogeneous",
    title="Each business unit has a hub of its own",
    topic=Topic.FOUNDRY_BASICS,
    severity=Severity.LOW,
    on=Workspace,
    where=is_hub,
    guidance=Post.FOUNDRY_BASICS,
    controls=("NIST-800-53:AC-4", "ISO-27001-2022:A.5.3"),
)
def bu_homogeneous(hub: Workspace, tenant: Tenant) -> Verdict:
    """
    Reads `tags` of the hub and of its projects, and `properties.hubResourceId`.

    A missing tag says nothing, and is asked about.

    ## Why it matters
    A hub is where connections, quota and administrators are shared. Two business units
    under one hub can use each other's connections, and nobody can say whose bill it is.

    ## How to fix
    Give each business unit a hub; where the tag is missing, set it.

    ```sh
    az ml workspace update --resource-group RG --name PROJECT \
      --set tags.businessUnit=claims
    ```

    ```bicep
    tags: { businessUnit: 'claims' }
    ```

    ## Settings
    `business_unit_tags` names the tags that are read.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Hubs and projects in Azure AI Foundry
    """
    found = _tags_of(hub, tenant, tenant.settings.business_unit_tags)
    return _judged(tenant, *found, are_several, warned, "business unit")


def _own(workspace: Workspace, names: tuple[str, ...]) -> str:
    """Return what a workspace is tagged with, empty where it is not."""
    return tagged(workspace.tags, names)


def _stage(workspace: Workspace, names: tuple[str, ...]) -> str:
    """Return the environment of a workspace, empty where nothing tells it.

    Its tag does, or else that of its resource group or subscription, or else its name.
    Raises NotRead where it is not tagged itself and one of these was not read.
    """
    tenant, parts = workspace.tenant, workspace.parts
    scope = f"/subscriptions/{parts.subscription}"
    if own := _own(workspace, names):
        return own
    group = tenant.get(ResourceGroup, f"{scope}/resourceGroups/{parts.resource_group}")
    if group and (found := tagged(group.tags, names)):
        return found
    subscription = tenant.get(Subscription, scope)
    if subscription and (found := tagged(subscription.tags, names)):
        return found
    if found := stage_in(workspace.name, tenant.settings):
        workspace.note("name", workspace.name)
    return found


def _tags_of(
    hub: Workspace,
    tenant: Tenant,
    names: Iterable[str],
    tag_of: Callable[[Workspace, tuple[str, ...]], str] = _own,
) -> tuple[Values, Unclear]:
    """Return what a hub and its projects are tagged with, empty where they are not.

    And why there may be more projects, or more tags of them.
    """
    wanted, values, unclear = tuple(names), list[tuple[str, str]](), Unclear()
    listing = tenant.referring(Workspace, "hub_id", hub.id)
    unclear.add(listing.missing)
    for each in (hub, *filter(is_project, listing.known())):
        with unclear:
            values.append((each.name, tag_of(each, wanted)))
    return values, unclear


def _told(values: Values) -> list[str]:
    return [value for _, value in values if value]


def _judged(
    tenant: Tenant,
    values: Values,
    unclear: Unclear,
    differ: Callable[[Sequence[str]], bool],
    found: Callable[[str], Verdict],
    what: str,
) -> Verdict:
    if differ(_told(values)):
        return found(f"more than one {what} under the hub: {one_of_each(values)}")
    unclear.settle()
    if len(values) == 1:
        require_all_scanned(tenant, "projects of the hub")
        return not_applicable("the hub has no projects")
    if lacking := [name for name, value in values if not value]:
        return manual(
            f"no {what} tag on {some(lacking)}: is it the same for all of them?",
            f"Tag the hub and its projects with their {what}.",
        )
    return passed(f"one {what} for the hub and all its projects")


CHECKS: tuple[Check[Any], ...] = (
    env_homogeneous,
    sensitivity_homogeneous,
    bu_homogeneous,
)
