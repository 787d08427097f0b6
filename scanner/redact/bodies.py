"""Take secrets out of what ARM returned, should it ever return one."""

from __future__ import annotations

import re

from scanner.redact import credentials, environments, gateways

# Some serialisers of .NET escape `=`, and the `+`, `/` and `=` of base64.
_GIVEN = re.compile(
    rb"""(?ix)
      (?P<name> (?: (?: [?&;] | \\u0026 ) (?: sig | (?:[a-z]+-)* api[-_]?key )
                  | (?: [?&] | \\u0026 )
                    (?: code | key | (?:[a-z]+-)* subscription-key )
                  | sharedaccesssignature [ ]+ sig ) (?: = | \\u003d )
              | (?: accountkey | sharedaccesskey | sharedaccesssignature
                  | instrumentationkey | (?<![a-z]) (?: password | pwd ) )
                [ ]* (?: = | \\u003d ) [ ]*
              | (?<![a-z]) bearer [ ]+ (?= [\w.~+/=\\-]{20} ) )
      (?P<value> (?: [^"&;\\\s] | \\/ | \\u00(?:2b|2f|3d) )+ )
    """
)
_NAMED = re.compile(
    rb"""(?ix)
      (?P<name> "[\w-]* (?: (?: api | account | access | endpoint | primary | secondary
                              | storage | subscription ) [-_]? key
                         | client[-_]?secret | secret[-_]?text
                         | password | pwd | passphrase
                         | (?<=") key[12] (?= \\* "\s*:\s* \\* " [\w+/=\\-]{16} ) )
                (?P<inner> \\+ )? "\s*:\s* (?(inner)(?P=inner)) " )
      (?P<value> (?(inner) (?: [^"\\] | \\/ | \\u[0-9a-f]{4} )+
                         | (?: [^"\\] | \\. )+ ) )
    """
)
"""Properties; those too of JSON in a string, where quotes are escaped.

A `key1` may be anything, the time a key was made say: what cannot be a key is none.
"""
_PASSWORD = re.compile(rb"""(:(?:\\?/){2}[^/?#@:\s"]*:)[^/?#\s"]+(?=@)""")
"""That of the user in a URL: a name alone is no secret."""

_GIVEN_HINTS = (
    *(b"sig=", b"key=", b"code=", b"signature=", b"password=", b"pwd=", b"bearer"),
)
_NAMED_HINTS = (
    *(b'key":"', b'key1":"', b'key2":"', b'secret":"', b'secrettext":"'),
    *(b'password":"', b'pwd":"', b'passphrase":"'),
)
"""One of them is in every secret's name; hardly ever is one in a body."""
_BETWEEN = b" \t\r\n\\"
"""What may be between the characters of a hint."""


def redacted(body: bytes) -> bytes:
    """Return JSON with the values of SAS signatures, keys and passwords replaced.

    They are found in connection strings, in the queries of URLs and before their hosts,
    after `Bearer`, and by the names of properties; what surrounds them stays as it was.
    Of environment variables, and of the credentials of connections, any may be one.
    """
    hinted = body.lower().replace(rb"\u003d", b"=").translate(None, _BETWEEN)
    if gateways.HINT in hinted:
        body = gateways.withheld(body)
    elif credentials.HINT in hinted:
        body = credentials.withheld(body)
    if environments.HINT in hinted:
        body = environments.withheld(body)
    if b"@" in body:
        body = _PASSWORD.sub(rb"\1REDACTED", body)
    if any(hint in hinted for hint in _GIVEN_HINTS):
        body = _GIVEN.sub(rb"\g<name>REDACTED", body)
    if any(hint in hinted for hint in _NAMED_HINTS):
        body = _NAMED.sub(rb"\g<name>REDACTED", body)
    return body
