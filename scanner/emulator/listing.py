"""A list as it was answered when it was read, made again from its reading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scanner.emulator.reply import encode
from scanner.model.coverage import Gap, Reading
from scanner.model.ids import id_key
from scanner.model.resource import Record

_ITEM = re.compile(r"malformed: item (\d+) (.*)")
_ITEMS = re.compile(r"malformed: (\d+) items in all")
_AWAY = re.compile(r"nextLink leads away from the cloud, to '(.*)'")
_BACK = "nextLink leads back to a page already read"

_NO_ID = b"{}"
_STAND_INS = {
    "is not an object": b"0",
    "has an id outside the scope of its list": encode({"id": "/elsewhere"}),
}
"""What is served for an item that was not kept, by what was wrong with it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list answers: its items as received, then perhaps what broke it off."""

    keys: tuple[str, ...] = ()
    """The comparable id of each item; empty for one that was not kept."""
    items: tuple[bytes, ...] = ()
    gap: Gap | None = None

    @property
    def refused(self) -> bool:
        """Whether the principal was not let in, and saw nothing."""
        status = self.gap.http_status if self.gap else None
        return status in {401, 403} and not self.items

    @property
    def detour(self) -> str | None:
        """Where the list went on when that was not to be followed.

        Another host's address, or nothing for the page that was just read.
        """
        if self.gap is None or self.gap.http_status is not None:
            return None
        if self.gap.reason == _BACK:
            return ""
        away = _AWAY.fullmatch(self.gap.reason)
        return f"https://{away[1]}/" if away else None


def listing_of(reading: Reading, records: Iterable[Record]) -> Listing:
    """Return a reading as the answer it came from."""
    found = [(id_key(record.id), record.body) for record in records]
    refusals = [
        gap
        for gap in reading.gaps
        if gap.http_status is not None or not _put_back(found, gap.reason)
    ]
    return Listing(
        keys=tuple(key for key, _ in found),
        items=tuple(item for _, item in found),
        gap=refusals[0] if refusals else None,
    )


def joined(listings: Iterable[Listing]) -> Listing:
    """Return several lists as one; it breaks off if one of them does."""
    parts = list(listings)
    return Listing(
        keys=tuple(key for part in parts for key in part.keys),
        items=tuple(item for part in parts for item in part.items),
        gap=next((part.gap for part in parts if part.gap is not None), None),
    )


def _put_back(found: list[tuple[str, bytes]], reason: str) -> bool:
    """Put back an item that a gap tells of; return whether it tells of one."""
    if one := _ITEM.fullmatch(reason):
        found.insert(int(one[1]) - 1, ("", _STAND_INS.get(one[2], _NO_ID)))
        return True
    if every := _ITEMS.fullmatch(reason):
        named = sum(not key for key, _ in found)
        found += [("", _NO_ID)] * (int(every[1]) - named)
        return True
    return False
