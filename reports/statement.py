"""The plain statement of an evidence pack: who read what, and what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.scope import asked_for, chosen, narrowed, share
from reports.text import clean, count, percent, points
from reports.worst import gap_groups
from scanner.model.check import Status
from scanner.model.results import Assessment, Run, SignedIn


def statement(assessment: Assessment, roles: Sequence[str]) -> str:
    """Return the statement; `roles` are those found of the reader."""
    return "\n".join(map(clean, _lines(assessment, roles))) + "\n"


def _lines(assessment: Assessment, roles: Sequence[str]) -> Iterator[str]:
    run = assessment.run
    yield "STATEMENT OF SCOPE AND COVERAGE"
    yield "It follows from the snapshot in this pack, and is checked with it."
    for title, lines in (
        ("WHO READ", _who(run)),
        ("WHEN AND WITH WHAT", _when(run)),
        ("OVER WHAT", _scope(run)),
        ("WITH WHAT RIGHTS", _rights(roles)),
        ("WHAT IT CAME TO", _outcome(assessment)),
        ("WHAT WAS NOT READ", _unread(assessment)),
        ("ACCEPTED FINDINGS", _accepted(assessment)),
    ):
        yield from ("", title, *lines)


def _who(run: Run) -> Iterator[str]:
    for who in run.signed_in or (SignedIn(tenant_id="unknown"),):
        name = who.principal_name or who.principal_id or "An unnamed principal"
        yield f"{name}, in tenant {who.tenant_id} of {run.cloud}"
        yield f"- type: {who.principal_type or 'unknown'}"
        yield f"- object id: {who.principal_id or 'unknown'}"
        yield f"- application id: {who.application_id or 'unknown'}"
    yield f"Signed in by: {run.method} (the sign-in method that was chosen)."


def _when(run: Run) -> Iterator[str]:
    yield f"From {run.started} to {run.finished or 'no known end'} (UTC)."
    yield f"posture {run.version}; hash of the checks: {run.catalogue}."
    yield (
        f"Only reads were made: {asked_for(run)} for configuration; no "
        "keys, secrets, prompts, completions or files were asked for."
    )


def _scope(run: Run) -> Iterator[str]:
    every = "every enabled subscription that could be read"
    yield f"Asked for: {narrowed(run) or every}."
    if run.selection:
        yield f"Judged by {chosen(run)}."
    if not run.finished:
        yield "Which subscriptions that came to was not recorded: the run was killed."
        return
    yield f"{count(len(run.subscriptions), 'subscription')} in scope:"
    for each in run.subscriptions:
        state = f", {each.state}" if each.state else ""
        yield f"- {each.name or 'unnamed'} ({each.id}){state}"
    asked = "asked, too" if run.scope.get("directory") else "not asked"
    yield f"Microsoft Graph (names, groups, applications) was {asked}."


def _rights(roles: Sequence[str]) -> Iterator[str]:
    yield from (f"- {role}" for role in roles)
    if not roles:
        yield (
            "No role assignment of the reader was among what was read: this pack does "
            "not show what the reader could have seen and did not."
        )


def _outcome(assessment: Assessment) -> Iterator[str]:
    tally, selection = assessment.totals.overall, assessment.run.selection
    resources = {each.target.resource_id.lower() for each in assessment.results}
    yield (
        f"Score {points(tally.score.value)} of 100 at a coverage of "
        f"{percent(tally.score.coverage)}: the score weighs what passed by severity, "
        "the coverage is the share of what was asked that could be answered."
    )
    checks = share(selection) if selection else count(len(assessment.checks), "check")
    yield (
        f"Population: {checks} on all of "
        f"{count(len(resources), 'resource')}; nothing was sampled."
    )
    yield f"{count(len(assessment.results), 'answer')}:"
    yield from (
        f"- {number:,} {status}{_MEANING.get(status, '')}"
        for status, number in tally.statuses.items()
    )
    severities = ", ".join(f"{n:,} {name}" for name, n in tally.findings.items() if n)
    told = f": {severities}; {tally.exempted:,} accepted" if severities else ""
    yield f"{count(tally.found, 'finding')} (fail and warn){told}."
    if not assessment.run.complete:
        yield "The collection was interrupted: the run is partial."
    yield from assessment.run.notes


_MEANING = {
    Status.WARN: " (a weakness, or a change that may break something)",
    Status.INFO: " (a fact, neither good nor bad)",
    Status.MANUAL: " (a person has to decide)",
    Status.NOT_APPLICABLE: " (there is nothing that the check is for)",
    Status.NOT_ASSESSED: " (what the check needs was not read: never a pass)",
}


def _unread(assessment: Assessment) -> Iterator[str]:
    for group in gap_groups(assessment.gaps):
        status = f"HTTP {group.http_status} " if group.http_status else ""
        kept = f"; kept {count(group.checks, 'check')} from an answer"
        yield (
            f"- {count(len(group.gaps), 'read')}: {status}{group.reason}"
            f"{kept if group.checks else ''}"
        )
        for report in group.gaps:
            yield f"  - {report.gap.resource_type} of {report.gap.scope}"
    if not assessment.gaps:
        yield "Every declared read in scope succeeded."


def _accepted(assessment: Assessment) -> Iterator[str]:
    for each in assessment.exemptions:
        yield (
            f"- {each.exemption.check} for {each.exemption.where or 'everything'}: "
            f"{each.exemption.told}; {each.use.value}, "
            f"{count(each.findings, 'finding')}"
        )
    if not assessment.exemptions:
        yield "No exemption was given."
