"""Conditions of role assignments beside what else their principals hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import chain

from checks.shared.citing import cite
from checks.shared.condition_analysis import Analysis
from checks.shared.condition_verdicts import (
    analysed,
    judged,
    require_documented,
    require_restricted,
)
from checks.shared.conditions import CONTROLS, on_data, on_tags
from checks.shared.grants import (
    access,
    asks_nothing,
    bounded,
    require_settled,
    unread_members,
    who,
)
from checks.shared.taken import taken_in, understood
from checks.shared.unlisted import Unlisted
from checks.shared.wording import printable, some
from scanner.access.answers import Grant
from scanner.access.conditions import Expression, Fault, as_of, residual
from scanner.access.conditions.analysis.catalogue import BLOB_READ, BLOBS
from scanner.access.conditions.analysis.retagging import (
    TAG_WRITES,
    leaves_tags,
    opens,
)
from scanner.access.conditions.analysis.storage import reads_tags
from scanner.access.conditions.partial import at_most, conjunction
from scanner.access.facts import Missing
from scanner.access.scopes import scope_at
from scanner.model.authorization import RoleAssignment
from scanner.model.check import (
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    warned,
)
from scanner.model.coverage import NotRead, Unclear
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant

# What else a principal holds


def _holder(assignment: RoleAssignment) -> str:
    """Return who holds an assignment; raises NotRead where it does not say."""
    principal = assignment.principal_id
    if not principal:
        raise assignment.unread("properties.principalId", "was not in the response")
    return principal


def others(assignment: RoleAssignment, tenant: Tenant) -> Iterator[Grant]:
    """Yield what else its principal holds at its scope or above.

    Itself, by groups it is in or, if it is a group, by its known members.
    """
    known, holder, scope = access(tenant), _holder(assignment), scope_at(assignment)
    held = (*known.grants(holder, scope), *known.of_members(holder, scope))
    return (each for each in held if id_key(each.assignment_id) != assignment.key)


def _unsettled(
    assignment: RoleAssignment,
    tenant: Tenant,
    actions: Iterable[str],
    *,
    unrestricted: bool = False,
) -> tuple[Missing, ...]:
    """Return why its principal may hold more of some data actions.

    Raises NotRead where the scan asked for what is missing.
    """
    understood(assignment)
    scope, mine = scope_at(assignment), taken_in(tenant)[assignment.key]
    missing = (
        *access(tenant).unsettled(
            _holder(assignment), actions, scope, data=True, unrestricted=unrestricted
        ),
        *unread_members(tenant, mine, scope),
    )
    require_settled(missing)
    return missing


def paths(assignment: RoleAssignment, grants: Iterable[Grant]) -> str:
    """Return by which paths its principal holds grants, or a member does, each once."""
    holder = _holder(assignment).lower()
    ways = (
        each.why
        if each.principal_id.lower() == holder
        else f"{each.why} of its member {who(each)}"
        for each in grants
    )
    return printable(some(dict.fromkeys(ways)))


def _short(actions: Iterable[str]) -> str:
    """Return actions as people name them, without the resource they are on."""
    prefix = BLOBS.prefix.lower()
    names = (
        each[len(prefix) :] if each.lower().startswith(prefix) else each
        for each in actions
    )
    return printable(some(dict.fromkeys(names)))


@check(
    id="abac-unconditioned-overlap",
    title="Nobody holds without a condition what a condition restricts",
    topic=Topic.ABAC,
    severity=Severity.CRITICAL,
    on=RoleAssignment,
    among=on_data,
    guidance=Post.ABAC,
    controls=CONTROLS,
)
def unconditioned_overlap(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and the other assignments of `properties.principalId`.

    A condition narrows its own assignment alone, and what several grant adds up
    (azure-docs, "FAQ for Azure role assignment conditions"). It fails where the same
    principal, a group it is known to be in, or for a group a known member, holds a
    restricted data action at the same scope or above by an assignment that asks
    nothing; a null or absent condition there means none. What would have to be
    activated first warns. Where members of groups were not read, the reason says so.
    Assignments whose condition is absent, null or blank are left out; one whose role
    was not read is not assessed.

    ## Why it matters
    One assignment without a condition makes the conditioned one an ornament. It is
    often the older one, at the resource group, that nobody removed when access was
    narrowed on the account.

    ## How to fix
    Remove the assignment without a condition, or give it one that asks the same of
    every action of its role.

    ```sh
    az role assignment list --assignee PRINCIPAL_ID --scope STORAGE_ID \
      --include-inherited --include-groups \
      --query "[?condition==null].{role:roleDefinitionName, scope:scope, id:id}"
    az role assignment delete --ids ASSIGNMENT_ID
    ```

    ```terraform
    resource "azurerm_role_assignment" "group_wide" {
      condition         = file("condition.txt")
      condition_version = "2.0"
    }
    ```

    A condition on reading alone leaves a role that writes free to
    (`abac-action-coverage`). An assignment at a wider scope may be what other accounts
    are read with: look at what else it reaches before it goes.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: FAQ for Azure role assignment conditions
    """
    found = analysed(assignment, by_role=True)
    actions = found.restricted
    if not actions:
        return not_applicable("it restricts no data action that the role grants")
    held = [*others(assignment, tenant)]
    free = [
        (other, action)
        for other in held
        for action in actions
        if _grants_freely(tenant, other, action)
    ]
    now = [(other, action) for other, action in free if not other.eligible]
    if now:
        return failed(_overlap(tenant, assignment, now))
    if free:
        return warned(_overlap(tenant, assignment, free))
    require_restricted(found, *((action, None) for action in actions))
    missing = _unsettled(assignment, tenant, actions, unrestricted=True)
    by = access(tenant).by
    restricted = (
        each
        for each in held
        if any(by(each.assignment, action, data=True) for action in actions)
    )
    cite(tenant, restricted, assignment)
    reason = (
        "its principal holds none of it at that scope or above by another grant "
        "without a condition"
    )
    return passed(bounded(reason, missing))


def _grants_freely(tenant: Tenant, other: Grant, action: str) -> bool:
    grant = access(tenant).by(other.assignment, action, data=True)
    return grant is not None and asks_nothing(tenant, grant)


def _overlap(
    tenant: Tenant, assignment: RoleAssignment, free: list[tuple[Grant, str]]
) -> str:
    grants = [grant for grant, _ in free]
    cite(tenant, dict.fromkeys(grants), assignment)
    actions = _short(action for _, action in free)
    return f"{actions} is also held without a condition: {paths(assignment, grants)}"


@check(
    id="abac-tag-self-escalation",
    title="Who is held back by tags cannot change them",
    topic=Topic.ABAC,
    severity=Severity.HIGH,
    on=RoleAssignment,
    among=on_tags,
    guidance=Post.ABAC,
    controls=(*CONTROLS, "ISO-27001-2022:A.5.12"),
)
def tag_self_escalation(assignment: RoleAssignment, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.condition`, and all that the principal is granted.

    Where reading depends on blob index tags, `blobs/tags/write`, and `blobs/write` with
    tags in the request, must be restricted by the tags of the request (azure-docs,
    "Actions and attributes for Azure role assignment conditions for Azure Blob
    Storage"): by the value of every tag that reading depends on. To restrict another
    tag, or only which keys are set, leaves that value to the caller. Where the tags
    that may be set are those that reading asks for, it warns: a blob that must not be
    read may be given them, unless the tags it has in `@Resource` count too. The role's
    own actions count, and those of every other assignment of the principal, or of a
    group's known members, at the same scope, above or below it. What would have to be
    activated first warns. Not applicable where reading does not depend on tags.
    Conditions without tags are left out; one whose role was not read is not assessed.

    ## Why it matters
    The label is the lock. Whoever may write tags sets the one that lets them read, and
    may set it back afterwards: the log shows a tag operation and a read, both allowed.

    ## How to fix
    Restrict the writing of tags by `@Request` and `@Resource`, or leave it to a job.

    ```sh
    B=Microsoft.Storage/storageAccounts/blobServices/containers/blobs
    cat > fixed.txt <<EOF
    ($(cat condition.txt)
    )
     AND
    ((!(ActionMatches{'$B/tags/write'}) AND !(ActionMatches{'$B/write'}
      AND SubOperationMatches{'Blob.Write.WithTagHeaders'}))
     OR
     (@Request[$B/tags:Level<\$key_case_sensitive\$>] StringEquals 'low'
      AND @Resource[$B/tags:Level<\$key_case_sensitive\$>] StringEquals 'low'))
    EOF
    posture condition lint fixed.txt  # then into assignment.json
    az role assignment update --role-assignment assignment.json
    ```

    The clause on `@Resource` lets nobody relabel what they may not read. A new blob has
    no tags there yet: uploads with tags are refused too, and are better left to a job.
    Where another grant sets the tags, the block belongs there. `abac-tag-key-case`
    warns of the mark on its keys, and `abac-action-coverage` where it is the only
    block: both are meant here.

    Storage Blob Data Owner writes tags, Storage Blob Data Contributor sets them with a
    new blob: for reading, Storage Blob Data Reader is enough.

    ## References
    - Azure Authorization - Azure ABAC
    - Microsoft Learn: Actions and attributes for Azure role assignment conditions for
      Azure Blob Storage
    """
    found = analysed(assignment, by_role=True)
    if not (found.condition and BLOB_READ.lower() in map(str.lower, found.granted)):
        return not_applicable("its role does not read blobs")
    read = residual(found.left, BLOB_READ)
    if not reads_tags(read, "Resource"):
        return not_applicable("reading blobs does not depend on their tags")
    fault = found.of("abac-tag-self-escalation")
    if fault and fault.fails:
        return judged(fault, "")
    _require_held(found, read)
    return _by_another(assignment, tenant, read, fault)


def _require_held(found: Analysis, read: Expression) -> None:
    """Raise NotRead if the same role may set the tags, for all that is told."""
    granted = {action.lower() for action in found.granted}
    for action, call in TAG_WRITES:
        left = at_most(residual(found.left, action, call))
        if action.lower() not in granted:
            continue
        if leaves_tags(left, read) or opens(left, read):
            require_documented(found)


def _by_another(
    assignment: RoleAssignment, tenant: Tenant, read: Expression, own: Fault | None
) -> Verdict:
    """Judge whether another grant lets its principal set tags that open blobs.

    As it likes is worse than what its own condition leaves open, if there is that.
    """
    setting, unclear = _setting_tags(assignment, tenant, read)
    free = [each for each, choice in setting.items() if choice is Choice.ANY]
    now = [each for each in free if not each.eligible]
    if now:
        cite(tenant, now, assignment)
        by = paths(assignment, now)
        return failed(f"its principal sets tags by another grant: {by}")
    unclear.settle()
    if own:
        return judged(own, "")
    if setting:
        cite(tenant, free or setting, assignment)
        by = paths(assignment, free or setting)
        how = "can set tags" if free else "may relabel blobs it must not read"
        return warned(f"its principal {how} by another grant: {by}")
    missing = _unsettled(assignment, tenant, (action for action, _ in TAG_WRITES))
    below = tenant.once(_unlisted).at(scope_at(assignment))
    if below:
        raise below
    cite(tenant, _near(assignment, tenant), assignment)
    return passed(bounded("its principal cannot set the tags it is judged by", missing))


class Choice(Enum):
    """Which tags that reading depends on someone may set."""

    NONE = auto()
    OPENING = auto()
    """Such that open what was closed."""
    ANY = auto()


def _setting_tags(
    assignment: RoleAssignment, tenant: Tenant, read: Expression
) -> tuple[dict[Grant, Choice], Unclear]:
    """Return by what else its principal sets tags, and why that may be more."""
    found: dict[Grant, Choice] = {}
    unclear = Unclear()
    for other in _near(assignment, tenant):
        for call in TAG_WRITES:
            with unclear:
                choice = _choice(tenant, other, call, read)
                if choice is Choice.ANY:
                    found[other] = choice
                elif choice is Choice.OPENING:
                    found.setdefault(other, choice)
    return found, unclear


def _near(assignment: RoleAssignment, tenant: Tenant) -> Iterator[Grant]:
    """Yield what else its principal may set tags by at its scope, above or below."""
    for other in tenant.once(TagSetters).of(_holder(assignment)):
        if id_key(other.assignment_id) == assignment.key:
            continue
        if _overlaps(tenant, scope_at(assignment), other.scope):
            yield other


class TagSetters:
    """What people hold that lets blob index tags be set, by who they are."""

    def __init__(self, tenant: Tenant) -> None:
        self._access = access(tenant)
        self._found: dict[str, tuple[Grant, ...]] = {}

    def of(self, principal: str) -> tuple[Grant, ...]:
        """Return what a principal holds of it anywhere, groups and members included."""
        key = principal.lower()
        if key not in self._found:
            held = self._access.grants(principal), self._access.of_members(principal)
            self._found[key] = tuple(filter(self._writes, chain(*held)))
        return self._found[key]

    def _writes(self, grant: Grant) -> bool:
        by, given = self._access.by, grant.assignment
        return any(
            by(given, action, data=True, sub_operation=call)
            for action, call in TAG_WRITES
        )


def _unlisted(tenant: Tenant) -> Unlisted:
    return Unlisted(tenant, RoleAssignment)


def _overlaps(tenant: Tenant, scope: str, other: str) -> bool:
    """Whether one of two scopes is the other, or lies in it."""
    scopes = access(tenant).scopes
    return id_key(other) in scopes(scope) or id_key(scope) in scopes(other)


def _choice(
    tenant: Tenant, other: Grant, call: tuple[str, str | None], read: Expression
) -> Choice:
    """Return which tags that reading depends on a grant allows to set by a call.

    Raises NotRead where what its condition asks cannot be told.
    """
    action, sub_operation = call
    by = access(tenant).by
    grant = by(other.assignment, action, data=True, sub_operation=sub_operation)
    if grant is None:
        return Choice.NONE
    asked = [
        as_of(each.residual, tenant.read_at)
        for each in grant.restrictions
        if each.residual is not None
    ]
    least = _choice_of([at_most(each, allowing=False) for each in asked], read)
    is_read = len(asked) == len(grant.restrictions)
    if not is_read or least is not Choice.ANY:
        most = _choice_of([at_most(each) for each in asked], read)
        if most is not Choice.NONE and not (is_read and most is least):
            raise NotRead(f"the condition of {other.assignment_id} cannot be read")
    return least


def _choice_of(asked: list[Expression], read: Expression) -> Choice:
    """Return which tags may be set by a call of which some things are asked."""
    if all(leaves_tags(each, read) for each in asked):
        return Choice.ANY
    return Choice.OPENING if opens(conjunction(asked), read) else Choice.NONE
