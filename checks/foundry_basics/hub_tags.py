"""What is kept together under one Foundry hub, as its tags tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from checks.shared.tags import are_of_several_stages, are_several, tagged
from checks.shared.wording import quote, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    manual,
    not_applicable,
    passed,
    warned,
)
from scanner.model.machinelearning import Workspace, is_hub, is_project
from scanner.model.tenant import Tenant

Values = dict[str, str]
"""What hub and projects are tagged with, by their names."""


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

    A missing tag says nothing, and is asked about.

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
    `environment_tags` names the tags that are read and `production_values` their values
    that stand for production; every other value stands for something else.

    ## References
    - AI Foundry - The Basics
    - Microsoft Learn: Hubs and projects in Azure AI Foundry
    """
    settings = tenant.settings

    def differ(values: Values) -> bool:
        return are_of_several_stages(values.values(), settings)

    found = _tags_of(hub, tenant, settings.environment_tags)
    return _judged(found, differ, failed, "environment")


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
    return _judged(found, _are_several, failed, "data classification")


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
    return _judged(found, _are_several, warned, "business unit")


def _tags_of(hub: Workspace, tenant: Tenant, names: Iterable[str]) -> Values:
    """Return what a hub and its projects are tagged with, empty where they are not.

    Raises NotRead if there may be more projects.
    """
    wanted = tuple(names)
    projects = filter(is_project, tenant.referring(Workspace, "hub_id", hub.id))
    return {each.name: tagged(each.tags, wanted) for each in (hub, *projects)}


def _are_several(values: Values) -> bool:
    return are_several(values.values())


def _judged(
    values: Values,
    differ: Callable[[Values], bool],
    found: Callable[[str], Verdict],
    what: str,
) -> Verdict:
    if len(values) == 1:
        return not_applicable("the hub has no projects")
    told = {name: value for name, value in values.items() if value}
    if told and differ(told):
        mixed = some(f"{name} {quote(value)}" for name, value in told.items())
        return found(f"more than one {what} under the hub: {mixed}")
    if lacking := [name for name, value in values.items() if not value]:
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
