"""Error bodies in the forms that recorded responses have."""

from __future__ import annotations

from html import escape

from scanner.emulator.faults import Body
from scanner.emulator.reply import JSON, encode

_HTML = """<!DOCTYPE html>
<html><head><title>Server Error</title></head>
<body><h1>Server Error</h1><h2>{message}</h2></body></html>
"""


def error_body(form: Body, code: str, message: str) -> tuple[str, bytes]:
    """Return content type and body of an error.

    `arm` is what Resource Manager and most providers send; `bare` lacks its envelope
    (Microsoft.ContainerService); `odata` is what old Microsoft Graph endpoints and
    `web` what Microsoft.Web send; gateways answer `html`, `text` and `empty`.
    """
    match form:
        case "html":
            return "text/html", _HTML.format(message=escape(message)).encode()
        case "text":
            return "text/plain; charset=utf-8", message.encode()
        case "empty":
            return JSON, b""
        case _:
            return JSON, encode(_json_error(form, code, message))


def _json_error(form: Body, code: str, message: str) -> dict[str, object]:
    error: dict[str, object] = {"code": code, "message": message}
    match form:
        case "odata":
            text = {"lang": "en", "value": message}
            return {"odata.error": {"code": code, "message": text}}
        case "web":
            details = [{"Message": message}, {"Code": code}]
            return {
                "Code": code,
                "Message": message,
                "Target": None,
                "Details": details,
                "Innererror": None,
            }
        case "bare":
            return error
        case _:
            return {"error": error}
