"""What the conditions of role assignments let through."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from checks.abac import overlap as abac_grants
from checks.abac import reach as abac_reach
from checks.abac import text as abac_text
from checks.shared.condition_analysis import Analysis
from checks.shared.condition_verdicts import (
    analysed,
    cite_role,
    judged,
    require_any_restricted,
    require_restricted,
)
from checks.shared.conditions import (
    CONTROLS,
    on_blobs,
    on_data,
    on_paths,
    on_principals,
    on_tags,
    on_time,
)
from checks.shared.wording import count, printable, some
from scanner.access.conditions import attributes_of, residuals, time_windows
from scanner.access.conditions.analysis.catalogue import BLOB_READ
from scanner.access.conditions.documented import BLOB_LIST
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    info,
    not_applicable,
)
from scanner.model.tenant import Tenant


@check(
    id="abac-or-tautology",
    title="Blocks for different actions are joined by AND",
    topic=Topic.ABAC,
    severity=Severity.CRITICAL,
    on=RoleAssignment,
    among=on_data,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def or_tautology(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: its blocks joined by OR; and what the role allows.

    A block is true for every action that it does not name (azure-docs, "Azure role
    assignment condition format and syntax"). So of two blocks for different actions one
    is always true, and with OR the whole is. Alternatives for the same action may be
    joined by OR. However it is written, a condition that is true for every call fails,
    and so does a block that asks something and is: that a name is not `a` or not `b`
    holds for every name, and NOT of what is compared with an attribute that no such
    call has, for every call. Not applicable where the condition restricts no data
    action of the role. Assignments whose condition is absent, null or blank are left
    out, as are those whose condition is on role assignments alone.

    ## Why it matters
    The condition shows in the portal, the review ticks it off, and it restricts
    nothing: the first true alternative ends the question.

    ## How to fix
    Join blocks that guard different actions by AND.

    ```sh
    posture condition lint condition.txt  # finds the block that opens the rest
    az role assignment update --role-assignment assignment.json
    ```

    ```bicep
    resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      properties: {
        condition: '(${readingBlock}) AND (${writingBlock})'
        conditionVersion: '2.0'
      }
    }
    ```

    The restriction takes effect for the first time: evaluate what its holders do today
    (`posture condition evaluate`) before, or they are locked out. What they hold beside
    it without a condition undoes it, and `abac-unconditioned-overlap` tells that only
    then.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    found = analysed(assignment)
    fault = found.of("abac-or-tautology")
    if fault is None:
        cite_role(assignment, found.role)
        if not found.restricted:
            return _NOTHING
        require_any_restricted(found)
    return judged(fault, "no block opens what another one restricts")


_NOTHING = not_applicable("it restricts no data action that the role grants")


@check(
    id="abac-action-coverage",
    title="Conditions guard every action on the data they restrict",
    topic=Topic.ABAC,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=on_data,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def action_coverage(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and what the role of the assignment grants.

    An action that no block names stays allowed (azure-docs, "Azure role assignment
    condition format and syntax"). The role's `dataActions` less its `notDataActions`
    are compared with what the condition restricts. An action that is restricted as one
    suboperation alone, such as `Blob.Write.WithTagHeaders`, stays allowed otherwise. It
    fails where only reading is restricted and the role also changes data; other
    omissions warn. Assignments whose
    condition is absent, null or blank are left out; one whose role was not read is not
    assessed.

    ## Why it matters
    Who may not read a blob may still overwrite or delete it, or copy a poisoned file
    over it. Data that a model is trained on or grounded with is worth as much to those
    who can change it as to those who can read it.

    ## How to fix
    Name every action of the role in the block, or assign a role that only reads.

    ```sh
    az role assignment create --assignee-object-id PRINCIPAL_ID \
      --assignee-principal-type User --role "Storage Blob Data Reader" \
      --scope STORAGE_ID --condition "$(cat condition.txt)" --condition-version 2.0
    ```

    ```bicep
    resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
      properties: {
        condition: loadTextContent('condition.txt') // names each of its actions
        conditionVersion: '2.0'
      }
    }
    ```

    Writing is asked about the new state in `@Request` and about what is there in
    `@Resource`: a new blob has no tags in `@Resource` yet.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Actions and attributes for Azure role assignment conditions for
      Azure Blob Storage
    """
    found = analysed(assignment, by_role=True)
    fault = found.of("abac-action-coverage")
    if fault is None and not found.restricted:
        return _NOTHING
    if fault is None:
        require_restricted(found, *((action, None) for action in found.restricted))
    return judged(fault, "every action on the same data is restricted")


def _reads(found: Analysis) -> bool:
    """Whether reading blobs is granted and restricted, so that the rest matters."""
    return BLOB_READ.lower() in {action.lower() for action in found.restricted}


_OPEN = not_applicable("reading blobs is not granted, or not restricted")


@check(
    id="abac-list-exposed",
    title="Conditions on reading blobs restrict listing them too",
    topic=Topic.ABAC,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=on_blobs,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def list_exposed(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it asks of the suboperation `Blob.List`.

    Listing belongs to the action that reads blobs, and conditions often leave it out,
    because a list has no path and no tags to compare (azure-docs, "Actions and
    attributes for Azure role assignment conditions for Azure Blob Storage"). Not
    applicable where reading is not restricted at all. Assignments whose condition is
    absent, null or blank are left out; one whose role was not read is not assessed.

    ## Why it matters
    Names and metadata of everything in scope can be enumerated. `claim-Jane-Doe.pdf`
    needs no reading, and an attacker learns what is worth going for.

    ## How to fix
    Add a block for `Blob.List` that asks for the prefix or the container.

    ```sh
    B=Microsoft.Storage/storageAccounts/blobServices/containers/blobs
    cat > fixed.txt <<EOF
    ($(cat condition.txt)
    )
     AND
    ((!(ActionMatches{'$B/read'} AND SubOperationMatches{'Blob.List'}))
     OR
     (@Request[$B:prefix] StringStartsWith 'public/'))
    EOF
    posture condition lint fixed.txt  # then into assignment.json
    az role assignment update --role-assignment assignment.json
    ```

    Clients that list a whole container, such as Storage Explorer, then have to be given
    a prefix.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Example Azure role assignment conditions for Blob Storage
    """
    found = analysed(assignment, by_role=True)
    if not _reads(found):
        return _OPEN
    fault = found.of("abac-list-exposed")
    if fault is None:
        require_restricted(found, (BLOB_READ, BLOB_LIST))
    return judged(fault, "listing blobs is restricted too")


@check(
    id="abac-legacy-read-guard",
    title="Conditions on blob paths leave listing possible",
    topic=Topic.ABAC,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=on_paths,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def legacy_read_guard(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what its paths ask of lists of blobs.

    A list has no blob path, and a comparison with what is absent does not hold, so a
    block on reading without a clause for `Blob.List` refuses every list (azure-docs,
    "Actions and attributes for Azure role assignment conditions for Azure Blob
    Storage"). Conditions without a path are left out.

    ## Why it matters
    Conditions from before May 2022 have this form. Applications that list before they
    read fail, and the usual answer is a second assignment without a condition.

    ## How to fix
    Except listing from the block, and restrict it by prefix in a block of its own.

    ```sh
    sed "s|blobs/read'})|blobs/read'} AND NOT SubOperationMatches{'Blob.List'})|g" \
      condition.txt > fixed.txt
    posture condition lint fixed.txt
    ```

    Without the second block every name can be listed: `abac-list-exposed` has its text.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Example Azure role assignment conditions for Blob Storage
    """
    found = analysed(assignment, by_role=True)
    if not _reads(found):
        return _OPEN
    return judged(found.of("abac-legacy-read-guard"), "no path stands against listing")


@check(
    id="abac-untagged-open",
    title="Conditions on tags refuse blobs without the tag",
    topic=Topic.ABAC,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=on_tags,
    guidance=Post.ABAC,
    controls=(*CONTROLS, "ISO-27001-2022:A.5.12"),
)
def untagged_open(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it makes of a blob that lacks the index tag.

    A comparison with an absent tag does not hold, so its opposite, `NOT ...`, does
    (azure-docs, "Azure role assignment condition format and syntax"). The condition is
    tried on a blob without tags and on ones with each value that it names. What a
    denial (`StringNotEquals`) of an absent tag comes to, or `ForAll...` over no tags,
    is not documented: it warns too, unless such a blob is refused anyhow. Conditions
    without tags are left out.

    ## Why it matters
    Data that nobody has classified is the data nobody has looked at. If it is open to
    everyone in scope, one upload by a script that sets no tags publishes a file, and
    classification fails open for good.

    ## How to fix
    Take the alternative for untagged blobs out, after a job has tagged what is there.

    ```sh
    az storage blob list --account-name ACCOUNT --container-name CONTAINER \
      --include t --auth-mode login --query "[?tags==null].name"
    az role assignment update --role-assignment assignment.json
    ```

    Everything that has no tag becomes unreadable for the holders at that moment: tag
    first, and require tags of writers by a block on `@Request`.

    ## Exceptions
    A container of public reference data may be meant to be open: give it a block on
    the container's name instead.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Example Azure role assignment conditions for Blob Storage
    """
    fault = analysed(assignment, by_role=True).of("abac-untagged-open")
    return judged(fault, "a blob without the tag is let through no more than others")


@check(
    id="abac-tag-key-case",
    title="Conditions find a tag however its key is spelt",
    topic=Topic.ABAC,
    severity=Severity.LOW,
    on=RoleAssignment,
    among=on_tags,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def tag_key_case(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: how it compares the keys of blob index tags.

    Keys of blob index tags are case-sensitive, and so are `StringEquals` on the set of
    keys and a key marked `<$key_case_sensitive$>` (azure-docs, "Manage and find Azure
    Blob data with blob index tags"). Warns where a key in another case changes the
    outcome, be it that the blob is let through or refused. Conditions without tags are
    left out.

    ## Why it matters
    A blob tagged `access_level` is a blob without `Access_Level`. Together with a
    clause for untagged blobs, a slip of the shift key opens a secret document.

    ## How to fix
    Test for the key with `StringEqualsIgnoreCase`, and let one place write the tags.
    Where the value of a tag is compared, exempt the assignment then: that comparison
    keeps to the spelling.

    ```text
    @Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&]
      ForAnyOfAnyValues:StringEqualsIgnoreCase {'Access_Level'}
    ```

    The mark on the key of a value stays, and the warning with it: what helps there is
    the one place, and a block that holds writers to the keys as they are spelt.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Manage and find Azure Blob data with blob index tags
    """
    fault = analysed(assignment, by_role=True).of("abac-tag-key-case")
    return judged(fault, "a key in another case changes nothing")


@check(
    id="abac-utcnow-window",
    title="Time windows in conditions are open, and no longer than meant",
    topic=Topic.ABAC,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=on_time,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def utcnow_window(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: what it compares `@Environment[UtcNow]` with.

    The comparison is with absolute moments; hours of each day cannot be written
    (azure-docs, "Azure role assignment condition format and syntax", environment
    attributes). Warns of a window that is over, not open yet, or longer than a year, as
    seen from the time of the scan, and of what compares with no moment. Fails where
    windows have a longest duration and one exceeds it. Windows that are joined by `OR`
    are judged each for its length, and together for when they are open. What has no
    start or no end is no window. Every check of conditions judges them at the time of
    the scan: a start that is past restricts nothing, and what has ended allows nothing.
    Conditions without `UtcNow` are left out.

    ## Why it matters
    A pair of moments that reads like nine to five is one window from the first morning
    to the last evening, be that twenty years later. One that has closed is a grant that
    no longer works, and invites one without a condition.

    ## How to fix
    Let the window begin with the change and end with the task, within a year, and use
    eligible assignments for working hours. Remove an assignment whose task is over.

    ```sh
    az rest --method put --url "SCOPE/providers/Microsoft.Authorization\
    /roleEligibilityScheduleRequests/$(uuidgen)?api-version=2020-10-01" \
      --body @eligibility.json
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    ```bicep
    resource e 'Microsoft.Authorization/roleEligibilityScheduleRequests@2020-10-01' = {
      name: guid(account.id, principalId)
      scope: account
      properties: {
        principalId: principalId
        roleDefinitionId: blobDataReader
        requestType: 'AdminAssign'
        scheduleInfo: { expiration: { type: 'AfterDuration', duration: 'P90D' } }
        condition: loadTextContent('condition.txt') // all but the window
        conditionVersion: '2.0'
      }
    }
    ```

    What else the condition asks goes into the eligible assignment too, or it is lost.
    Privileged Identity Management needs a licence and does not take conditions on
    attributes of the principal.

    ## Settings
    `condition_window_hours` (0): where windows stand for working hours, the most they
    may last; longer ones fail. 0 leaves it at the warnings.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Azure role assignment condition format and syntax
    """
    found = analysed(assignment, by_role=True)
    hours = tenant.settings.condition_window_hours
    overlong = _longer_than(found, timedelta(hours=hours)) if hours else 0
    if overlong:
        windows = count(overlong, "time window lasts", "time windows last")
        limit = count(hours, "hour", "hours")
        return failed(f"{windows} longer than {limit}: they are no working hours")
    fault = found.of("abac-utcnow-window")
    return judged(
        fault, "every time window is open and ends within a year, or has no end"
    )


def _longer_than(found: Analysis, limit: timedelta) -> int:
    """Return how many time windows of a condition last longer than a limit."""
    if found.condition is None:
        return 0
    asked = residuals(found.condition.expression, found.granted or ("",))
    parts = (part for window in time_windows(asked) for part in window.parts)
    return sum(last - first > limit for first, last in parts)


@check(
    id="abac-principal-attr",
    title="Conditions that trust attributes of the principal",
    topic=Topic.ABAC,
    severity=Severity.MEDIUM,
    on=RoleAssignment,
    among=on_principals,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def principal_attributes(assignment: RoleAssignment, _: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`: the `@Principal` attributes that it compares.

    They are custom security attributes of Entra ID, which users and service principals
    have and groups do not (azure-docs, "What are custom security attributes"). Whether
    the attribute exists, and who assigns it, only Microsoft Graph tells. Conditions
    without `@Principal` are left out.

    ## Why it matters
    Whoever may assign the attribute decides who reads the data, without ever touching a
    role assignment. That right is in Entra ID, outside the subscriptions, and few
    reviews of access look there.

    ## How to fix
    Review who holds Attribute Assignment Administrator for the attribute set, and keep
    the set apart from those that applications fill.

    ```sh
    ROLE=58a13ea3-c632-46ae-9ee0-9c0d43cd7f3d  # Attribute Assignment Administrator
    az rest --url "https://graph.microsoft.com/v1.0/roleManagement/directory\
    /roleAssignments?\$filter=roleDefinitionId eq '$ROLE'"
    ```

    Eligible assignments do not take conditions on attributes of the principal.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Allow read access to blobs based on tags and custom security
      attributes
    """
    condition = analysed(assignment).condition
    attributes = attributes_of(condition.expression) if condition else ()
    names = (
        attribute.bare.rpartition("/")[2].partition(":")[2] or attribute.bare
        for attribute in attributes
        if attribute.source == "Principal"
    )
    listed = printable(some(dict.fromkeys(names)))
    return info(f"access depends on who may assign the security attribute {listed}")


CHECKS: tuple[Check[Any], ...] = (
    abac_text.condition_version,
    abac_text.readable,
    abac_text.size,
    or_tautology,
    action_coverage,
    abac_grants.unconditioned_overlap,
    list_exposed,
    legacy_read_guard,
    abac_grants.tag_self_escalation,
    untagged_open,
    tag_key_case,
    utcnow_window,
    abac_reach.env_network,
    principal_attributes,
    abac_reach.hns_tags,
    abac_reach.key_bypass,
    abac_text.role_supported,
    abac_text.precedence,
    abac_text.hand_written,
    abac_reach.opportunity,
    abac_text.use_inventory,
)
"""The whole topic, in the order of the guidance."""
