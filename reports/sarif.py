"""SARIF 2.1.0: results as code scanners write them, on logical locations.

A live resource has no file and no line: where it is, is its ARM id. What was not
assessed is `open`, what a person decides is `review`, and neither ever passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.rows import gap_row
from reports.text import json_list, json_text
from scanner.model.check import Check, Severity, Status
from scanner.model.results import Assessment, GapReport, Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_KINDS = {
    Status.PASS: "pass",
    Status.FAIL: "fail",
    Status.WARN: "fail",
    Status.INFO: "informational",
    Status.MANUAL: "review",
    Status.NOT_APPLICABLE: "notApplicable",
    Status.NOT_ASSESSED: "open",
}
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFORMATIONAL: "note",
}


def results_sarif(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.sarif."""
    numbers = {check.id: number for number, check in enumerate(assessment.checks)}
    rows = (_result(result, numbers) for result in assessment.results)
    head = json_text({"$schema": SCHEMA, "version": "2.1.0"})[:-1]
    tool = json_text({"driver": _driver(assessment)})
    yield f'{head},"runs":[{{"tool":{tool},\n'.encode()
    yield f'"invocations":[{json_text(_invocation(assessment))}],\n'.encode()
    yield b'"results":'
    for chunk in json_list(rows):
        yield chunk.encode()
    yield b"}]}\n"


def _driver(assessment: Assessment) -> dict[str, Any]:
    return {
        "name": "posture",
        "version": assessment.run.version,
        "rules": list(map(_rule, assessment.checks)),
    }


def _rule(check: Check[Any]) -> dict[str, Any]:
    page = check.documentation
    why = page.sections.get("Why it matters") or page.reads
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": " ".join(why.split())},
        "help": {"text": page.fix or check.title},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": [check.topic.value, *check.controls],
            "severity": check.severity.value,
        },
    }


def _invocation(assessment: Assessment) -> dict[str, Any]:
    run = assessment.run
    ended = {"endTimeUtc": run.finished} if run.finished else {}
    return {
        "executionSuccessful": run.complete,
        "startTimeUtc": run.started,
        **ended,
        "toolExecutionNotifications": [_notice(each) for each in assessment.gaps],
    }


_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\[]"})


def _message(text: str) -> dict[str, str]:
    """Return a message in which no text of a tenant is a link (SARIF 3.11.6)."""
    return {"text": text.translate(_MARKS)}


def _notice(report: GapReport) -> dict[str, Any]:
    gap = report.gap
    text = f"{gap.resource_type} of {gap.scope} was not read: {gap.reason}"
    return {
        "level": "warning",
        "message": _message(text),
        "properties": gap_row(report),
    }


def _result(result: Result, numbers: Mapping[str, int]) -> dict[str, Any]:
    check, target = result.check, result.target
    where = {
        "fullyQualifiedName": target.resource_id,
        "name": target.resource_name or target.resource_id,
        "kind": "resource",
    }
    return {
        "ruleId": check.id,
        "ruleIndex": numbers[check.id],
        "kind": _KINDS[result.status],
        "level": _LEVELS[check.severity] if result.is_finding else "none",
        "message": _message(result.reason),
        "locations": [{"logicalLocations": [where]}],
        "partialFingerprints": {"posture/v1": result.fingerprint},
        "suppressions": [
            {"kind": "external", "justification": text}
            for text in filter(None, [result.exemption])
        ],
        "properties": {
            "status": result.status.value,
            "evidence": result.evidence,
        },
    }
