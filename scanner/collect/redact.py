"""Take secrets out of what ARM returned, should it ever return one."""

from __future__ import annotations

import re

from scanner.collect import gateways

# Base64 may come with its `+`, `/` and `=` escaped, as some serialisers of .NET do.
_SECRET = re.compile(
    rb"""(?ix)
      (?P<name> [?&;] sig= | \\u0026sig= | accountkey= | sharedaccesskey=
              | sharedaccesssignature= | (?<![a-z]) password=
              | "(?:api-key|primaryKey|secondaryKey)\\*"\s*:\s*\\*" )
      (?P<value> (?: [^"&;\\\s] | \\/ | \\u00(?:2b|2f|3d) )+ )
    """
)


_HINTS = (b"sig=", b"sharedaccess", b"accountkey", b"password", b'key"', b'key\\"')
"""One of them is in every secret's name; hardly ever is one in a body.

The last is that of JSON in a string, such as the requests in the Activity Log.
"""


def redacted(body: bytes) -> bytes:
    """Return JSON with the values of SAS signatures, keys and passwords replaced."""
    lowered = body.lower()
    if gateways.HINT in lowered:
        body = gateways.withheld(body)
    if not any(hint in lowered for hint in _HINTS):
        return body
    return _SECRET.sub(rb"\g<name>REDACTED", body)
