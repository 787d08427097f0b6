"""Take secrets out of what ARM returned, should it ever return one."""

from __future__ import annotations

import re

_SECRET = re.compile(
    rb"""(?ix)
      (?P<name> [?&;] sig= | \\u0026sig= | accountkey= | sharedaccesskey=
              | sharedaccesssignature= | (?<![a-z]) password=
              | "api-key"\s*:\s*" | "(?:primary|secondary)Key"\s*:\s*" )
      (?P<value> [^"&;\\\s]+ )
    """
)


def redacted(body: bytes) -> bytes:
    """Return JSON with the values of SAS signatures, keys and passwords replaced."""
    return _SECRET.sub(rb"\g<name>REDACTED", body)
