"""Take secrets out of what ARM returned, should it ever return one."""

from __future__ import annotations

import re

from scanner.collect import environments, gateways

# Some serialisers of .NET escape `=`, and the `+`, `/` and `=` of base64.
_GIVEN = re.compile(
    rb"""(?ix)
      (?P<name> (?: (?: [?&;] | \\u0026 ) (?: sig | (?:[a-z]+-)* api[-_]?key )
                  | (?: [?&] | \\u0026 )
                    (?: code | key | (?:[a-z]+-)* subscription-key )
                  | accountkey | sharedaccesskey | sharedaccesssignature
                  | instrumentationkey | (?<![a-z]) (?: password | pwd ) )
                (?: = | \\u003d ) )
      (?P<value> (?: [^"&;\\\s] | \\/ | \\u00(?:2b|2f|3d) )+ )
    """
)
_NAMED = re.compile(
    rb"""(?ix)
      (?P<name> "[\w-]* (?: (?: api | account | access ) [-_]? key | client[-_]?secret
                         | primarykey | secondarykey | password )
                (?P<inner> \\+ )? "\s*:\s* (?(inner)(?P=inner)) " )
      (?P<value> (?(inner) (?: [^"\\] | \\/ | \\u[0-9a-f]{4} )+
                         | (?: [^"\\] | \\. )+ ) )
    """
)
"""Properties; those too of JSON in a string, where quotes are escaped."""
_PASSWORD = re.compile(rb"""(:(?:\\?/){2}[^/?#@:\s"]*:)[^/?#\s"]+(?=@)""")
"""That of the user in a URL: a name alone is no secret."""

_GIVEN_HINTS = (b"sig=", b"key=", b"code=", b"signature=", b"password=", b"pwd=")
_NAMED_HINTS = (
    *(b"api-key", b"api_key", b"apikey", b"account-key", b"account_key", b"accountkey"),
    *(b"access-key", b"access_key", b"accesskey", b"primarykey", b"secondarykey"),
    *(b"client-secret", b"client_secret", b"clientsecret", b"password"),
)
"""One of them is in every secret's name; hardly ever is one in a body."""


def redacted(body: bytes) -> bytes:
    """Return JSON with the values of SAS signatures, keys and passwords replaced.

    They are found in connection strings, in the queries of URLs and before their hosts,
    and by the names of properties; what surrounds them stays as it was. Of environment
    variables any value may be one.
    """
    lowered = body.lower().replace(rb"\u003d", b"=")
    if gateways.HINT in lowered:
        body = gateways.withheld(body)
    if environments.HINT in lowered:
        body = environments.withheld(body)
    if b"@" in body:
        body = _PASSWORD.sub(rb"\1REDACTED", body)
    if b"=" in lowered and any(hint in lowered for hint in _GIVEN_HINTS):
        body = _GIVEN.sub(rb"\g<name>REDACTED", body)
    if any(hint in lowered for hint in _NAMED_HINTS):
        body = _NAMED.sub(rb"\g<name>REDACTED", body)
    return body
