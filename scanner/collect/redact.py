"""Take secrets out of what ARM returned, should it ever return one."""

from __future__ import annotations

import re

from scanner.collect import gateways

# Base64 may come with its `+`, `/` and `=` escaped, as some serialisers of .NET do.
_SECRET = re.compile(
    rb"""(?ix)
      (?P<name> (?: [?&;] | \\u0026 ) (?: sig | (?:[a-z]+-)* api[-_]?key )=
              | (?: [?&] | \\u0026 ) (?: code | key | (?:[a-z]+-)* subscription-key )=
              | accountkey= | sharedaccesskey= | sharedaccesssignature=
              | instrumentationkey= | (?<![a-z]) password=
              | "(?:api-key|primaryKey|secondaryKey)\\*"\s*:\s*\\*" )
      (?P<value> (?: [^"&;\\\s] | \\/ | \\u00(?:2b|2f|3d) )+ )
    """
)
_PASSWORD = re.compile(rb"""(:(?:\\?/){2}[^/?#@:\s"]*:)[^/?#\s"]+(?=@)""")
"""That of the user in a URL: a name alone is no secret."""

_NAMED = (b'"api-key', b'"primarykey', b'"secondarykey')
_GIVEN = (b"sig=", b"key=", b"code=", b"signature=", b"password=")
"""One of them is in every secret's name; hardly ever is one in a body."""


def redacted(body: bytes) -> bytes:
    """Return JSON with the values of SAS signatures, keys and passwords replaced.

    They are found in connection strings, in the queries of URLs and before their hosts,
    and by the names of properties; what surrounds them stays as it was.
    """
    lowered = body.lower()
    if gateways.HINT in lowered:
        body = gateways.withheld(body)
    if b"@" in body:
        body = _PASSWORD.sub(rb"\1REDACTED", body)
    hints = (*_NAMED, *_GIVEN) if b"=" in body else _NAMED
    if not any(hint in lowered for hint in hints):
        return body
    return _SECRET.sub(rb"\g<name>REDACTED", body)
