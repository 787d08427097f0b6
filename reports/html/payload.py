"""The results as the page carries them: columns of numbers into one list of texts."""

from __future__ import annotations

import base64
import zlib
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import Any, TypeVar

from reports.text import clean, json_text
from scanner.model.check import Check, Severity, Status, Topic
from scanner.model.evidence import Evidence
from scanner.model.results import Result, Target

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

GZIP = 31
"""What zlib calls the gzip container."""
BATCH = 1000
"""Items of a list that become JSON together."""
CHUNK = 3 * 2**14
"""Bytes of base64 at a time: threes, so that the pieces join without padding."""


class Index(dict[K, int]):
    """Numbers things in the order they are first met."""

    def __missing__(self, item: K) -> int:
        number = self[item] = len(self)
        return number


class Payload:
    """The results of an assessment, each text and each resource held once."""

    def __init__(self, checks: Sequence[Check[Any]], results: Sequence[Result]) -> None:
        self._checks = checks
        self._texts = texts = Index({"": 0})  # 0 is no text
        self._targets: Index[Target] = Index()
        self._evidence: Index[tuple[int, ...]] = Index()
        numbers = {check: number for number, check in enumerate(checks)}
        columns = {
            "check": map(numbers.__getitem__, _each(results, "check")),
            "target": _numbered(_each(results, "target"), self._targets.__getitem__),
            "status": map(_STATUS.__getitem__, _each(results, "status")),
            "reason": map(texts.__getitem__, _each(results, "reason")),
            "advice": map(texts.__getitem__, _each(results, "advice")),
            "exemption": map(texts.__getitem__, _each(results, "exemption")),
            "counts": map(len, _each(results, "evidence")),
            "items": _numbered(
                chain.from_iterable(_each(results, "evidence")), self._item
            ),
        }
        self._columns = {name: array("I", each) for name, each in columns.items()}

    def chunks(self) -> Iterator[str]:
        """Yield the base64 of the gzip of the JSON."""
        pending = b""
        for compressed in _compressed(self._json()):
            pending += compressed
            whole = len(pending) - len(pending) % CHUNK
            if whole:
                yield base64.b64encode(pending[:whole]).decode()
                pending = pending[whole:]
        yield base64.b64encode(pending).decode()

    def _item(self, item: Evidence) -> int:
        value = json_text(item.value)
        texts = (item.resource_id, item.path, value, item.api_version)
        return self._evidence[tuple(map(self._texts.__getitem__, texts))]

    def _target(self, target: Target) -> tuple[int, ...]:
        values = (
            target.resource_id,
            target.resource_name,
            target.resource_type,
            target.subscription_id,
            target.subscription_name,
            target.resource_group,
            target.location,
            target.tenant_id,
        )
        return tuple(map(self._texts.__getitem__, values))

    def _json(self) -> Iterator[str]:
        yield f'{{"severities":{json_text(list(Severity))}'
        yield f',"topics":{json_text(list(Topic))}'
        yield f',"statuses":{json_text(list(Status))},"checks":'
        yield json_text([_check(check) for check in self._checks])
        for name, column in self._columns.items():
            yield f',"{name}":{json_text(column.tolist())}'
        yield ',"targets":['
        yield from _listed(map(self._target, self._targets))
        yield '],"evidence":['
        yield from _listed(self._evidence)
        yield '],"texts":['
        yield from _listed(map(clean, self._texts))
        yield "]}"


def _each(results: Iterable[Result], name: str) -> Iterator[Any]:
    return map(attrgetter(name), results)


def _numbered(items: Iterable[T], number: Callable[[T], int]) -> Iterator[int]:
    """Yield the number of each item, asked for once where many are the same one."""
    asked: dict[int, int] = {}
    for each in items:
        key = id(each)
        found = asked.get(key)
        if found is None:
            found = asked[key] = number(each)
        yield found


_STATUS = {status: number for number, status in enumerate(Status)}


def _check(check: Check[Any]) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": check.title,
        "topic": check.topic,
        "severity": check.severity,
        "guidance": [post.value for post in check.guidance],
        "controls": check.controls,
        "supports": [each.label for each in check.supports],
    }


def _listed(items: Iterable[object]) -> Iterator[str]:
    left, comma = iter(items), ""
    while batch := list(islice(left, BATCH)):
        yield comma + json_text(batch)[1:-1]
        comma = ","


def _compressed(pieces: Iterable[str]) -> Iterator[bytes]:
    squeeze = zlib.compressobj(level=6, wbits=GZIP)
    for piece in pieces:
        yield squeeze.compress(piece.encode())
    yield squeeze.flush()
