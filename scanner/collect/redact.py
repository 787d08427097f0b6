"""Take secrets out of what ARM returned, should it ever return one."""

from __future__ import annotations

import re

# Base64 may come with its `+`, `/` and `=` escaped, as some serialisers of .NET do.
_SECRET = re.compile(
    rb"""(?ix)
      (?P<name> [?&;] sig= | \\u0026sig= | accountkey= | sharedaccesskey=
              | sharedaccesssignature= | (?<![a-z]) password=
              | "api-key"\s*:\s*" | "(?:primary|secondary)Key"\s*:\s*" )
      (?P<value> (?: [^"&;\\\s] | \\/ | \\u00(?:2b|2f|3d) )+ )
    """
)


def redacted(body: bytes) -> bytes:
    """Return JSON with the values of SAS signatures, keys and passwords replaced."""
    return _SECRET.sub(rb"\g<name>REDACTED", body)
