"""Microsoft.Authorization: what Azure Policy has in force, and locks.

Checks ask what assigned policies do. Assignments are listed with those inherited.
Definitions that Azure made are listed once, because initiatives name hundreds; custom
ones where they lie, since every list that includes inherited ones repeats them all. Of
the initiatives that Azure made, the largest resources there are, the assigned ones are
read one by one.
"""

from __future__ import annotations

import re

from scanner.collect.machinelearning import is_encrypted
from scanner.collect.read import (
    BY_ITS_ID,
    Body,
    Every,
    QueryOperation,
    Read,
    RestOperation,
    its_subscription,
    properties_of,
)
from scanner.model.machinelearning import Workspace
from scanner.model.networkmanager import NetworkGroup
from scanner.model.policy import (
    Lock,
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
    PolicySetDefinition,
    PolicyState,
)
from scanner.model.resource import Resource
from scanner.model.resources import ManagementGroup, Subscription

_PROVIDER = "Microsoft.Authorization"
_MADE_BY_AZURE = re.compile(
    rf"/providers/{re.escape(PolicySetDefinition.type)}/[^/?#]+", re.IGNORECASE
)


def _named(assignment: Body) -> str:
    """Return the id of what is assigned; empty where it is no string."""
    name = properties_of(assignment).get("policyDefinitionId")
    return name if isinstance(name, str) else ""


def _assigns_initiative_of_azure(assignment: Body) -> bool:
    return _MADE_BY_AZURE.fullmatch(_named(assignment)) is not None


def _defined(of: type[Resource], at: type[Resource]) -> Read:
    """Return the read of what is defined at a scope and not above it."""
    collection = of.type.rpartition("/")[2]
    return Read(
        of=of,
        at=at,
        operation=RestOperation(
            path=f"providers/{of.type}", query=(("$filter", "atExactScope()"),)
        ),
        action=f"{_PROVIDER}/{collection}/read",
        context=at is ManagementGroup,  # made with the hierarchy
    )


ABOVE = (
    _defined(PolicyDefinition, ManagementGroup),
    _defined(PolicySetDefinition, ManagementGroup),
)
"""What is defined at a management group: where most custom policies are."""

FILLING = "addToNetworkGroup"
"""The effect of policies that put virtual networks into network groups."""

STATES = Read(
    of=PolicyState,
    at=NetworkGroup,
    operation=QueryOperation(
        table="policyresources",
        query="policyresources "
        "| where type =~ 'microsoft.policyinsights/policystates' "
        f"| where properties.policyDefinitionAction =~ '{FILLING}' "
        "| project id, name, type, properties",
    ),
    action="",
    every=Every.TENANT,
)
"""The evaluations of policies that fill groups, once where there are any groups.

Resource Manager tells of them by a POST that Reader may not send. Resource Graph's rows
need no more than read access to what was evaluated.
"""

READS = (
    Read(
        of=PolicyAssignment,
        operation=RestOperation(path=f"providers/{PolicyAssignment.type}"),
        action=f"{_PROVIDER}/policyAssignments/read",
    ),
    Read(
        of=PolicyExemption,
        operation=RestOperation(path=f"providers/{PolicyExemption.type}"),
        action=f"{_PROVIDER}/policyExemptions/read",
    ),
    _defined(PolicyDefinition, Subscription),
    _defined(PolicySetDefinition, Subscription),
    Read(
        of=PolicyDefinition,
        operation=RestOperation(
            path=f"providers/{PolicyDefinition.type}",
            query=(("$filter", "policyType eq 'BuiltIn'"),),
        ),
        action=f"{_PROVIDER}/policyDefinitions/read",
        every=Every.TENANT,
    ),
    Read(
        of=PolicySetDefinition,
        at=PolicyAssignment,
        operation=BY_ITS_ID,
        action=f"{_PROVIDER}/policySetDefinitions/read",
        where=_assigns_initiative_of_azure,
        place=lambda _, assignment: _named(assignment),
    ),
    Read(
        of=Lock,
        at=Workspace,
        operation=RestOperation(path=f"providers/{Lock.type}"),
        action=f"{_PROVIDER}/locks/read",
        where=is_encrypted,
        place=its_subscription,
    ),
)
