"""OSCAL assessment results: an observation an answer, a finding a verdict.

What was not assessed and what a person decides is observed and found nothing about:
it never becomes satisfied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID, uuid5

from reports.scope import chosen
from reports.text import clean, json_text
from scanner.model.check import Status
from scanner.model.coverage import Gap
from scanner.model.evidence import Evidence
from scanner.model.ids import id_key
from scanner.model.results import Assessment, GapReport, Result, Run

VERSION = "1.2.1"
NAMESPACE = UUID("6f0b4f0c-5c1e-5d62-9d2f-6b7d0f6c8f11")
"""In which the names of findings and resources make the same ids in every run."""
ORIGIN = "https://pypi.org/project/tenant-posture"

_VERDICTS = {
    Status.PASS: "satisfied",
    Status.FAIL: "not-satisfied",
    Status.WARN: "not-satisfied",
}
_OBSERVED = (*_VERDICTS, Status.MANUAL, Status.NOT_ASSESSED)


def results_oscal(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.oscal.json."""
    document = {"assessment-results": _document(assessment)}
    yield f"{json_text(document)}\n".encode()


def _id(*names: str) -> str:
    return str(uuid5(NAMESPACE, clean(" ".join(names))))


def _text(text: str) -> str:
    """Return text as OSCAL has it: on one line, not empty, no space at its ends."""
    return clean(text).strip() or "-"


def _markup(text: str) -> str:
    """Return a description, which is Markdown: no text of a tenant is a link or tag."""
    return _text(text).translate(_MARKS)


_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\]<"})


def _markup_of(evidence: Evidence) -> str:
    """Return a value as JSON in which, for what reads Markdown, nothing is either."""
    return _OPENING.sub(lambda mark: f"\\u{ord(mark[0]):04x}", json_text(evidence))


_OPENING = re.compile(r"<|\](?=[(\[:])")
"""A bracket before these is in a text: JSON itself never has one there."""


def _document(assessment: Assessment) -> dict[str, Any]:
    rest = {
        "metadata": _metadata(assessment.run),
        "import-ap": {
            "href": ORIGIN,
            "remarks": "The catalogue of checks is the plan.",
        },
        "results": [_named("result", _result(assessment))],
    }
    return _named("document", rest)


def _named(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return an object under an id of its content: what says the same is the same."""
    return {"uuid": _id(kind, json_text(content)), **content}


def _metadata(run: Run) -> dict[str, Any]:
    parties = [
        {
            "uuid": _id("party", who.tenant_id, who.principal_id),
            "type": "person" if who.principal_type == "user" else "organization",
            "name": _text(who.principal_name or who.principal_id),
        }
        for who in run.signed_in
    ]
    return {
        "title": "Azure AI posture",
        "last-modified": run.finished or run.started,
        "version": run.catalogue[:12] or "0",
        "oscal-version": VERSION,
        **({"parties": parties} if parties else {}),
    }


def _result(assessment: Assessment) -> dict[str, Any]:
    run = assessment.run
    observed = [each for each in assessment.results if each.status in _OBSERVED]
    judged = [each for each in observed if each.status in _VERDICTS]
    accepted = [each for each in judged if each.exemption]
    found = {
        "observations": [
            *(_observation(each, run) for each in observed),
            *_unread(assessment.gaps, run),
        ],
        "risks": [_risk(each) for each in accepted],
        "findings": [_finding(each) for each in judged],
    }
    items = list(_inventory(observed))
    only = f", with {chosen(run)}" if run.selection else ""
    return {
        "title": "Azure AI posture",
        "description": _markup(f"Judged by posture {run.version}{only}."),
        "start": run.started,
        **({"end": run.finished} if run.finished else {}),
        **({"local-definitions": {"inventory-items": items}} if items else {}),
        "reviewed-controls": {"control-selections": [_selection(assessment.results)]},
        **{name: each for name, each in found.items() if each},
    }


def _inventory(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    targets = {id_key(each.target.resource_id): each.target for each in results}
    for target in targets.values():
        yield {
            "uuid": _subject(target.resource_id),
            "description": _markup(target.resource_id),
            "props": [{"name": "asset-type", "value": _text(target.resource_type)}],
        }


def _subject(resource_id: str) -> str:
    return _id("resource", id_key(resource_id))


def _selection(results: Iterable[Result]) -> dict[str, Any]:
    """Return the controls of NIST SP 800-53 that were looked at, or all."""
    names = sorted(
        {
            _control_id(control)
            for result in results
            for control in result.check.controls
            if control.startswith(_NIST)
        }
    )
    if not names:
        return {"include-all": {}}
    return {"include-controls": [{"control-id": name} for name in names]}


_NIST = "NIST-800-53:"


def _control_id(control: str) -> str:
    """Return a control as NIST's own catalogue names it: `AC-2(1)` is `ac-2.1`."""
    name = control.removeprefix(_NIST).lower()
    return re.sub(r"\((\d+)\)", r".\1", name)


def _observation(result: Result, run: Run) -> dict[str, Any]:
    evidence = [{"description": _markup_of(each)} for each in result.evidence]
    return {
        "uuid": _id("observation", result.fingerprint),
        "title": result.check.title,
        "description": _markup(result.reason),
        "props": [
            {"name": "status", "value": result.status.value, "ns": ORIGIN},
            {"name": "check", "value": result.check.id, "ns": ORIGIN},
        ],
        "methods": ["EXAMINE" if result.status is Status.MANUAL else "TEST"],
        "types": ["finding" if result.is_finding else "control-objective"],
        "subjects": [
            {
                "subject-uuid": _subject(result.target.resource_id),
                "type": "inventory-item",
            }
        ],
        **({"relevant-evidence": evidence} if evidence else {}),
        "collected": run.started,
    }


def _unread(reports: Iterable[GapReport], run: Run) -> Iterator[dict[str, Any]]:
    """Yield every gap, once: one list may be wrong at several places in one way."""
    gaps = {_gap_id(report.gap): report.gap for report in reports}
    for uuid, gap in gaps.items():
        what = f"{gap.resource_type} of {gap.scope}"
        yield {
            "uuid": uuid,
            "title": "Not read",
            "description": _markup(f"{what} was not read: {gap.reason}"),
            "methods": ["TEST"],
            "types": ["historic"],
            "collected": run.started,
        }


def _gap_id(gap: Gap) -> str:
    place = (gap.tenant_id, id_key(gap.scope), gap.resource_type.lower())
    return _id("gap", *place, gap.operation, gap.reason)


def _finding(result: Result) -> dict[str, Any]:
    status: dict[str, Any] = {"state": _VERDICTS[result.status]}
    if result.is_finding:
        status["reason"] = "fail" if result.status is Status.FAIL else "other"
    accepted = [{"risk-uuid": _id("risk", result.fingerprint)}]
    return {
        "uuid": _id("finding", result.fingerprint),
        "title": result.check.title,
        "description": _markup(result.reason),
        "target": {
            "type": "objective-id",
            "target-id": result.check.id,
            "status": status,
        },
        "related-observations": [
            {"observation-uuid": _id("observation", result.fingerprint)}
        ],
        **({"related-risks": accepted} if result.exemption else {}),
    }


def _risk(result: Result) -> dict[str, Any]:
    return {
        "uuid": _id("risk", result.fingerprint),
        "title": result.check.title,
        "description": _markup(result.reason),
        "statement": _markup(result.exemption),
        "status": "deviation-approved",
    }
