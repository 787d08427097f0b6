"""How the conditions of role assignments are written, and what they are on."""

from __future__ import annotations

from checks.shared.condition_verdicts import analysed, judged, measured
from checks.shared.conditions import CONTROLS, conditioned, versioned
from checks.shared.wording import count, printable, shown
from scanner.access.conditions import (
    is_as_edited,
    version_fault,
)
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    not_applicable,
    passed,
)
from scanner.model.tenant import Tenant


@check(
    id="abac-version",
    title="Conditions of role assignments are of version 2.0",
    topic=Topic.ABAC,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=versioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def condition_version(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.conditionVersion` and `properties.condition`.

    A condition without a version, or with null, is of version 2.0: Azure sets it where
    it is left out (azure-docs, "Add or edit Azure role assignment conditions using the
    REST API"). Assignments that have neither are left out. A version without a
    condition is a fact, and no more.

    ## Why it matters
    Version 1.0 comes from the preview and is no longer accepted. An assignment that
    still carries it cannot be edited without being rewritten, and nobody tests any
    more what it allows.

    ## How to fix
    Write the condition anew with version 2.0.

    ```sh
    az role assignment list --scope SCOPE --assignee PRINCIPAL_ID \
      --query "[?name=='NAME'] | [0]" > assignment.json
    # set "conditionVersion": "2.0" in the file, then
    az role assignment update --role-assignment assignment.json
    ```

    ```bicep
    resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      properties: {
        condition: loadTextContent('condition.txt')
        conditionVersion: '2.0'
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "reader" {
      condition         = file("condition.txt")
      condition_version = "2.0"
    }
    ```

    Evaluate the condition with a few requests first: `posture condition evaluate`.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    text, version = assignment.condition, assignment.condition_version
    if not (text and text.strip()):
        return info(f"conditionVersion is {shown(version)}, and there is no condition")
    fault = version_fault(version)
    if fault:
        return failed(printable(fault.message))
    implied = "" if version else ", which Azure takes for 2.0"
    return passed(f"conditionVersion is {shown(version)}{implied}")


@check(
    id="abac-parse",
    title="Conditions of role assignments can be read",
    topic=Topic.ABAC,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def readable(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` by the documented grammar.

    An absent, null or blank condition is none: such assignments are left out (role
    assignment REST reference). A text that is no condition is not assessed, here and by
    every other check of it. Comments, which the grammar does not know, are left out of
    it. Functions, operators, attributes and their sources that are not documented warn,
    and so do attributes of other actions than the ones they are asked for (azure-docs,
    "Actions and attributes" of each service), a value before the attribute it compares
    with, sets where an operator takes none, and any comparison of the time but before
    and after: no other check takes one for a restriction.

    ## Why it matters
    The language is terse, and what is not documented is anybody's guess: what cannot
    be read cannot be reviewed. A condition with a term that nobody can evaluate may
    allow everything or nothing.

    ## How to fix
    Say the same in documented terms, block by block, and read it back.

    ```sh
    posture condition explain condition.txt
    posture condition lint condition.txt
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    found = analysed(assignment)
    notes = found.condition.notes if found.condition else ()
    comments = sum(note.kind == "comment" for note in notes)
    aside = f"; {count(comments, 'comment', 'comments')} left out" if comments else ""
    return judged(found.of("abac-parse"), f"every term is documented{aside}")


@check(
    id="abac-size",
    title="Conditions of role assignments leave room to grow",
    topic=Topic.ABAC,
    severity=Severity.INFORMATIONAL,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def size(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition` and counts its bytes in UTF-8.

    Azure accepts 8 KB (azure-docs, "Azure subscription limits": role assignment
    conditions); from 6 KB on this warns. Assignments whose condition is absent, null or
    blank are left out.

    ## Why it matters
    Long conditions are lists of alternatives that grew one incident at a time. Nobody
    reviews six kilobytes of brackets, and the next alternative that is needed in a
    hurry does not fit.

    ## How to fix
    Replace the list by what its members have in common.

    Compare with a set (`ForAnyOfAnyValues:StringEquals {'a', 'b'}`) rather than one
    value at a time, name containers by a prefix, or keep the list as a security
    attribute of the principals and compare with that.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure subscription and service limits, quotas, and constraints
    """
    return judged(measured(assignment).of("abac-size"), "at most 6 of the 8 KB allowed")


@check(
    id="abac-role-supported",
    title="Conditions are on roles that they can restrict",
    topic=Topic.ABAC,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def role_supported(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and what the role of the assignment grants.

    Conditions restrict data actions on blobs, queue messages, Key Vault secrets,
    registry repositories and log tables, and the writing and deleting of role
    assignments (azure-docs, "Status of condition features" and the services' pages).
    What the definition's `notActions` and `notDataActions` except is not granted. A
    condition that names none of these, such as `containers/read` for `blobs/read`, has
    no effect.
    Assignments without a condition are left out; one whose role was not read is not
    assessed.

    ## Why it matters
    A condition on Contributor or Storage Table Data Reader looks like a restriction in
    every list and is none: no service asks for it. Whoever reviews the assignment takes
    it for half of what it is.

    ## How to fix
    Assign a role whose data actions the condition is about, and remove this one.

    ```sh
    az role assignment create --assignee-object-id PRINCIPAL_ID \
      --assignee-principal-type User --role "Storage Blob Data Reader" \
      --scope STORAGE_ID --condition "$(cat condition.txt)" --condition-version 2.0
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    ```bicep
    resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      name: guid(account.id, principalId, blobDataReader)
      scope: account
      properties: {
        roleDefinitionId: blobDataReader
        principalId: principalId
        condition: loadTextContent('condition.txt')
        conditionVersion: '2.0'
      }
    }
    ```

    ```terraform
    resource "azurerm_role_assignment" "reader" {
      scope                = azurerm_storage_account.account.id
      role_definition_name = "Storage Blob Data Reader"
      principal_id         = var.principal_id
      condition            = file("condition.txt")
      condition_version    = "2.0"
    }
    ```

    Tables and files have no conditions: give each group of readers an account or a
    share of its own instead.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: What is Azure attribute-based access control (Azure ABAC)?
    """
    found = analysed(assignment, by_role=True)
    fault = found.of("abac-role-supported")
    return judged(fault, "the role grants actions that the condition can restrict")


@check(
    id="abac-precedence",
    title="Conditions say by parentheses what AND and OR join",
    topic=Topic.ABAC,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def precedence(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: how AND and OR are mixed in it.

    The documentation asks for parentheses where both meet; here AND is taken to bind
    tighter, as in Microsoft's open parser. Assignments whose condition is absent, null
    or blank are left out.

    ## Why it matters
    `a AND b OR c` lets `c` through alone, or only together with `a`: it depends on who
    reads it. In an access rule that is the difference between a restriction and none.

    ## How to fix
    Put parentheses around what belongs together, also where AND would bind anyway.

    ```sh
    posture condition explain condition.txt  # says how it is read now
    az role assignment update --role-assignment assignment.json
    ```

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    fault = analysed(assignment).of("abac-precedence")
    return judged(fault, "AND and OR never meet without parentheses")


@check(
    id="abac-hand-written",
    title="Conditions are built with the visual editor",
    topic=Topic.ABAC,
    severity=Severity.INFORMATIONAL,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def hand_written(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: whether the visual editor could have written it.

    The editor joins blocks by AND; each begins with the actions it guards and goes on
    with an expression that names none (azure-docs, "Add or edit Azure role assignment
    conditions using the Azure portal"). Not applicable unless the setting says that
    conditions come from there; assignments whose condition is absent, null or blank are
    left out.

    ## Why it matters
    The editor makes few mistakes: it guards actions in pairs, joins blocks by AND and
    spells attributes right. A condition with another layout was written or changed by
    hand, and deserves a second pair of eyes.

    ## How to fix
    Build the condition in the portal and take its code from there into the template.

    ## Settings
    `conditions_built_in_portal` (false): whether conditions are meant to come from the
    editor.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Add or edit Azure role assignment conditions using the Azure
      portal
    """
    condition = analysed(assignment).condition
    if not tenant.settings.conditions_built_in_portal:
        return not_applicable("conditions_built_in_portal is off")
    if condition and is_as_edited(condition):
        return passed("laid out as the visual editor writes it")
    return info("no layout of the visual editor: it was written or changed by hand")


@check(
    id="abac-use-inventory",
    title="Where conditions narrow role assignments",
    topic=Topic.ABAC,
    severity=Severity.INFORMATIONAL,
    on=RoleAssignment,
    among=conditioned,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def use_inventory(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it is about, and what it asks for.

    Every assignment with a condition is listed; one whose condition is absent, null or
    blank is left out. What a condition is about is told by the actions and attributes
    in it (azure-docs, "Actions and attributes" of each service), and by the actions of
    its role that it restricts.

    ## Why it matters
    Conditions are easily overlooked: lists of assignments show role and scope, and some
    are set by products, such as those by which Foundry confines a workspace to its
    containers. Whoever moves or recreates an assignment loses them without a word.

    ## How to fix
    Nothing is to be fixed. Keep conditions with the assignments, in the same template,
    and recreate both together.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: What is Azure attribute-based access control (Azure ABAC)?
    """
    return info(f"a condition on {analysed(assignment).subject}")
