"""The condition language of Azure ABAC: read, written, evaluated and judged."""

from scanner.access.conditions.analysis.catalogue import (
    Family,
    families_of,
    granted_actions,
)
from scanner.access.conditions.analysis.containers import container_prefixes
from scanner.access.conditions.analysis.delegation import (
    assignable_roles,
    limits_roles,
    named_roles,
)
from scanner.access.conditions.analysis.guards import Guard, Outcome, guarded_actions
from scanner.access.conditions.analysis.layout import is_as_edited
from scanner.access.conditions.analysis.linting import lint, version_fault
from scanner.access.conditions.analysis.network import (
    NetworkReference,
    network_references,
)
from scanner.access.conditions.analysis.subject import Fault, residuals
from scanner.access.conditions.analysis.windows import time_windows
from scanner.access.conditions.errors import ConditionError
from scanner.access.conditions.evaluate import evaluate
from scanner.access.conditions.explain import explain
from scanner.access.conditions.parser import parse
from scanner.access.conditions.partial import residual
from scanner.access.conditions.printer import to_text
from scanner.access.conditions.request import Request
from scanner.access.conditions.syntax import (
    ActionMatches,
    And,
    Attribute,
    Call,
    Comparison,
    Condition,
    Constant,
    Exists,
    Expression,
    Kind,
    Literal,
    Not,
    Note,
    Operand,
    Operator,
    Or,
    SubOperationMatches,
    ValueSet,
)
from scanner.access.conditions.times import TimeWindow, as_of, time_window
from scanner.access.conditions.tri import Tri
from scanner.access.conditions.values import Value
from scanner.access.conditions.walk import attributes_of

__all__ = [
    "ActionMatches",
    "And",
    "Attribute",
    "Call",
    "Comparison",
    "Condition",
    "ConditionError",
    "Constant",
    "Exists",
    "Expression",
    "Family",
    "Fault",
    "Guard",
    "Kind",
    "Literal",
    "NetworkReference",
    "Not",
    "Note",
    "Operand",
    "Operator",
    "Or",
    "Outcome",
    "Request",
    "SubOperationMatches",
    "TimeWindow",
    "Tri",
    "Value",
    "ValueSet",
    "as_of",
    "assignable_roles",
    "attributes_of",
    "container_prefixes",
    "evaluate",
    "explain",
    "families_of",
    "granted_actions",
    "guarded_actions",
    "is_as_edited",
    "limits_roles",
    "lint",
    "named_roles",
    "network_references",
    "parse",
    "residual",
    "residuals",
    "time_window",
    "time_windows",
    "to_text",
    "version_fault",
]
