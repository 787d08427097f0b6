"""OCSF 1.5.0 Compliance Findings (class 2003), one a result."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reports.text import json_text
from scanner.model.check import Severity, Status
from scanner.model.results import Assessment, Result, Run

VERSION = "1.5.0"

_SEVERITIES = {
    Severity.INFORMATIONAL: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_STATUSES = {
    Status.PASS: (1, "Pass"),
    Status.WARN: (2, "Warning"),
    Status.FAIL: (3, "Fail"),
    Status.NOT_ASSESSED: (0, "Unknown"),
}
_OTHER = 99
"""For answers that OCSF has no word for: its text is then ours."""


def results_ocsf(assessment: Assessment) -> Iterator[bytes]:
    """Yield results.ocsf.json; what does not apply is no finding of any kind."""
    yield b"["
    mark = "\n"
    for result in assessment.results:
        if result.status is not Status.NOT_APPLICABLE:
            yield f"{mark}{json_text(_finding(result, assessment.run))}".encode()
            mark = ",\n"
    yield b"\n]\n"


def _finding(result: Result, run: Run) -> dict[str, Any]:
    severity_id, severity = _SEVERITIES[result.check.severity]
    time = _milliseconds(run.finished or run.started)
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        **_state(result),
        "message": result.reason,
        "metadata": _metadata(result, run),
        "finding_info": {
            "uid": result.fingerprint,
            "title": result.check.title,
            "desc": result.check.documentation.reads,
            "types": [result.check.topic.value],
            "created_time": time,
        },
        "compliance": _compliance(result),
        "resources": [_resource(result, run)],
        **_remediation(result),
        "cloud": _cloud(result),
        "unmapped": {
            "status": result.status.value,
            "exemption": result.exemption,
            "evidence": result.evidence,
        },
    }


def _milliseconds(timestamp: str) -> int:
    return int(datetime.fromisoformat(timestamp).timestamp() * 1000)


def _state(result: Result) -> dict[str, Any]:
    """Return where the finding is in its life; only a finding has one."""
    if not result.is_finding:
        return {}
    if result.exemption:
        return {"status_id": 3, "status": "Suppressed"}
    return {"status_id": 1, "status": "New"}


def _metadata(result: Result, run: Run) -> dict[str, Any]:
    product = {"name": "posture", "vendor_name": "posture", "version": run.version}
    return {
        "version": VERSION,
        "profiles": ["cloud"],
        "event_code": result.check.id,
        "product": product,
    }


def _compliance(result: Result) -> dict[str, Any]:
    status_id, status = _STATUSES.get(result.status, (_OTHER, result.status.value))
    controls = result.check.controls
    return {
        "standards": list(dict.fromkeys(each.partition(":")[0] for each in controls)),
        "requirements": list(controls),
        "control": result.check.id,
        "status_id": status_id,
        "status": status,
        "status_details": [result.reason],
    }


def _resource(result: Result, run: Run) -> dict[str, Any]:
    target = result.target
    return {
        "uid": target.resource_id,
        "name": target.resource_name,
        "type": target.resource_type,
        "region": target.location,
        "cloud_partition": run.cloud,
    }


def _remediation(result: Result) -> dict[str, Any]:
    if not result.remediation:
        return {}
    posts = [post.value for post in result.check.guidance]
    return {"remediation": {"desc": result.remediation, "references": posts}}


def _cloud(result: Result) -> dict[str, Any]:
    target = result.target
    account = {"uid": target.subscription_id, "name": target.subscription_name}
    return {
        "provider": "Azure",
        "region": target.location,
        "account": account,
        "org": {"uid": target.tenant_id},
    }
