"""Whether grants are in force, where deny assignments may take them back."""

from __future__ import annotations

from collections.abc import Iterable

from checks.shared.grants import access, bounded, require_denials, require_settled, who
from checks.shared.wording import FIRST, some
from scanner.access.answers import Grant
from scanner.access.deny import Hit
from scanner.access.facts import Missing, may_be_group
from scanner.model.coverage import NotRead
from scanner.model.tenant import Tenant

UNLESS = ", unless a deny assignment takes it back"
"""What a reason says of grants that are not in force for certain."""


def in_force(
    tenant: Tenant, grants: Iterable[Grant], missing: Iterable[Missing]
) -> bool:
    """Whether one of the grants that make a finding is in force for certain.

    Where deny assignments may take back each of them, by members that were not read,
    the finding is a warning with the lower-bound mark (guidance, cross-topic rules).
    Raises NotRead where the scan asked for what would tell, and where nobody is known
    to hold them but groups whose own members were not read.
    """
    every, limits = tuple(grants), tuple(missing)
    require_denials(limits)
    if not all(each.in_doubt for each in every):
        return True
    require_settled(limits)
    _require_holders(tenant, every)
    return False


def doubt(
    tenant: Tenant,
    grant: Grant,
    asked: Iterable[tuple[str, str]],
    *,
    data: bool = False,
) -> str:
    """Return what a reason adds where denials may take back all that a grant gives.

    That is some actions, each on a resource; empty where one of them is in force for
    certain. Raises NotRead as `in_force` does.
    """
    missing, ask = list[Missing](), access(tenant).kept_from
    for action, resource in asked:
        kept = ask(grant.principal_id, action, resource, data=data)
        if kept.hit not in (Hit.YES, Hit.UNKNOWN):
            return ""
        missing += kept.missing
    require_settled(missing)
    _require_holders(tenant, [grant])
    return bounded(UNLESS, dict.fromkeys(missing))


def _require_holders(tenant: Tenant, grants: Iterable[Grant]) -> None:
    """Raise NotRead if only groups hold some grants, their members unread."""
    known, groups = access(tenant).facts.members, list[Grant]()
    for each in grants:
        if each.principal_id.lower() in known or not may_be_group(each.principal_type):
            return
        groups.append(each)
    whose = some(map(who, groups[:FIRST]))
    raise NotRead(
        f"the members of {whose} were not read, and a deny assignment may stop them all"
    )
