"""The frame of every page: its policy, its style, and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from reports.html.markup import Markup, tag


def policy(script: str, style: str) -> str:
    """Return a Content-Security-Policy under which only these two may act."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def asset(name: str) -> Markup:
    """Return a script or style that the page carries."""
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def head(title: str, script: str = "") -> Markup:
    """Return the head of a page under a policy that lets only its own parts act."""
    style = asset("page.css")
    width = "width=device-width, initial-scale=1"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        _http_equiv("Content-Security-Policy", policy(script, style)),
        tag("meta", name="viewport", content=width),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", style),
    )


def _http_equiv(name: str, content: str) -> Markup:
    return tag("meta", http_equiv=name, content=content)
