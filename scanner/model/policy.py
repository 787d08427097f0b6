"""Azure Policy: definitions, sets of them, their assignments, exemptions; locks."""

from __future__ import annotations

from scanner.model.evidence import plain
from scanner.model.fields import Entries, Moment, Part, Parts, Text, Texts, Tree
from scanner.model.resource import Resource

API_VERSION = "2023-04-01"


class ParameterValue(Part):
    """What a parameter is given; only values that are strings can be read."""

    text = Text("value")


class Parameter(Part):
    """A parameter of a definition; only defaults that are strings can be read."""

    default = Text("defaultValue")


class PolicyDefinition(Resource):
    """What a policy looks for, and what it does then.

    `effect` and other values may be expressions such as `[parameters('effect')]`.
    """

    type = "Microsoft.Authorization/policyDefinitions"
    api_version = API_VERSION

    policy_type = Text("properties.policyType")
    display_name = Text("properties.displayName")
    mode = Text("properties.mode")
    rule = Tree("properties.policyRule")
    condition = Tree("properties.policyRule.if")
    effect = Text("properties.policyRule.then.effect")
    # The details of `append` and its like are a list, of what to add.
    network_group_id = Text(
        "properties.policyRule.then.details.networkGroupId", not_in_list=True
    )
    parameters = Entries("properties.parameters", Parameter)

    def mentions(self, alias: str) -> bool:
        """Whether its rule names a property of a resource, as Azure Policy names it.

        By itself, or as `field('...')` in an expression. Raises NotRead where the
        rule, or its condition, is malformed.
        """
        self.cite(PolicyDefinition.condition)
        rule, name = plain(self.rule).lower(), alias.lower()
        return f'"{name}"' in rule or f"'{name}'" in rule


class Member(Part):
    """A definition in a set, and what its parameters are given."""

    definition_id = Text("policyDefinitionId")
    reference_id = Text("policyDefinitionReferenceId")
    parameters = Entries("parameters", ParameterValue)


class PolicySetDefinition(Resource):
    """An initiative: definitions that are assigned together."""

    type = "Microsoft.Authorization/policySetDefinitions"
    api_version = API_VERSION

    policy_type = Text("properties.policyType")
    display_name = Text("properties.displayName")
    members = Parts("properties.policyDefinitions", Member)
    parameters = Entries("properties.parameters", Parameter)


class Selector(Part):
    """What a selector looks at, and which values of it are meant."""

    kind = Text("kind")
    values = Texts("in")
    others = Texts("notIn")


class Selection(Part):
    """Which resources an assignment is about, such as those of some locations."""

    selectors = Parts("selectors", Selector)


class Override(Selection):
    """A value, such as the effect, that an assignment changes for some."""

    kind = Text("kind")
    value = Text("value")


class PolicyAssignment(Resource):
    """A definition or set put in force at a scope; it holds below the scope too."""

    type = "Microsoft.Authorization/policyAssignments"
    api_version = API_VERSION

    definition_id = Text("properties.policyDefinitionId")
    display_name = Text("properties.displayName")
    scope = Text("properties.scope")
    not_scopes = Texts("properties.notScopes")
    enforcement_mode = Text("properties.enforcementMode")
    parameters = Entries("properties.parameters", ParameterValue)
    resource_selectors = Parts("properties.resourceSelectors", Selection)
    overrides = Parts("properties.overrides", Override)
    created_on = Moment("properties.metadata.createdOn")
    updated_on = Moment("properties.metadata.updatedOn")
    changed_on = Moment("systemData.lastModifiedAt")


class PolicyExemption(Resource):
    """Leave for a scope from an assignment, or from some members of its set.

    Its scope is what its id extends.
    """

    type = "Microsoft.Authorization/policyExemptions"
    api_version = "2022-07-01-preview"

    assignment_id = Text("properties.policyAssignmentId")
    reference_ids = Texts("properties.policyDefinitionReferenceIds")
    category = Text("properties.exemptionCategory")
    expires_on = Moment("properties.expiresOn")
    resource_selectors = Parts("properties.resourceSelectors", Selection)


class PolicyState(Resource):
    """What an assignment made of one resource when it was evaluated the last time.

    Resource Graph has it; its rows hold no api-version, so this is that of the query.
    """

    type = "Microsoft.PolicyInsights/policyStates"
    api_version = "2021-03-01"

    assignment_id = Text("properties.policyAssignmentId")
    evaluated_on = Moment("properties.timestamp")


class Lock(Resource):
    """A management lock; its scope, which it holds for, is what its id extends."""

    type = "Microsoft.Authorization/locks"
    api_version = "2020-05-01"

    level = Text("properties.level")
