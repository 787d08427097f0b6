"""A page of a list, and the link to the next one."""

from __future__ import annotations

import re

from scanner.emulator.ask import Ask
from scanner.emulator.listing import Listing
from scanner.emulator.reply import ARM, Form, Reply, page_body, refusal

_SKIP = re.compile(r"(^|&)(\$|%24)skiptoken=[^&]*", re.IGNORECASE)


def page(ask: Ask, listing: Listing, size: int, form: Form = ARM) -> Reply:
    """Return the page that is asked for; a list that broke off does so again.

    What was read before a gap fills the pages; the link after them is refused.
    """
    size = size or max(len(listing.items), 1)
    start = (ask.page - 1) * size
    items = listing.items[start : start + size]
    more = start + size < len(listing.items)
    if ask.page > 1:
        form = Form(form.link)
    if not more and listing.detour is not None:
        return Reply(body=page_body(items, listing.detour or ask.url, form))
    if not items and listing.gap is not None:
        return refusal(listing.gap)
    more = more or listing.gap is not None
    return Reply(body=page_body(items, onward(ask) if more else "", form))


def onward(ask: Ask) -> str:
    """Return the address of the page after the one that is asked for."""
    query = _SKIP.sub("", ask.raw_query).lstrip("&")
    return f"{ask.origin}{ask.path}?{query}&$skiptoken={ask.page + 1}"
