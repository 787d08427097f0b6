"""Domain names as DNS security policies compare them: by whole labels, from the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

ROOT = "."
"""The entry that matches every name."""

LONGEST = 253
"""The characters of the longest name, without a trailing dot (RFC 1035, 2.3.4)."""

_NAME = re.compile(r"[^. ]{1,63}(?:\.[^. ]{1,63})*")
_ASKED = re.compile(r"[a-z0-9_*.-]+")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
"""What separates labels in a name in Unicode (RFC 3490, section 3.1)."""


def normalise(entry: str) -> str | None:
    """Return an entry in the form that compares; None where no name can be that.

    Case and one trailing dot do not count, and a label in Unicode is its A-label.
    """
    name = entry.strip()
    if name == ROOT:
        return ROOT
    if len(name) > LONGEST + 1:
        return None
    if not name.isascii():
        name = ".".join(map(_ascii, _DOTS.split(name)))
    name = name.removesuffix(".").lower()
    if len(name) > LONGEST or not name.isprintable():
        return None
    return name if _NAME.fullmatch(name) else None


def queried(name: str) -> str | None:
    """Return a name that is asked for in the form that compares; None if it is none.

    Resolvers are asked for letters, digits, hyphens and underscores (RFC 1123, 2.1;
    RFC 8552), and for a star (RFC 4592): a URL or a port is no part of a name.
    """
    wanted = normalise(name)
    return wanted if wanted and _ASKED.fullmatch(wanted) else None


def _ascii(label: str) -> str:
    """Return the A-label of a label in Unicode.

    Python's codec knows Unicode 3.2: a label that it refuses and later standards may
    allow is encoded as it is.
    """
    if label.isascii():
        return label
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:
        return "xn--" + label.lower().encode("punycode").decode("ascii")


def normalised(entries: Iterable[str]) -> frozenset[str]:
    """Return the names among entries in the form that compares, each once."""
    return frozenset(name for each in entries if (name := normalise(each)))


def managed(list_name: str) -> str:
    """Return the entry that stands for all that one of Microsoft's lists holds.

    No name has spaces: only itself and the root cover it.
    """
    return f"Microsoft's list {list_name.lower().replace('.', ' ')}"


def covers(name: str) -> Iterator[str]:
    """Yield every entry that matches a normalised name, from itself to the root."""
    if name != ROOT:
        yield name
        start = name.find(".") + 1
        while start:
            yield name[start:]
            start = name.find(".", start) + 1
    yield ROOT
