"""Answers put on the wire, whole or as a fault has them."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from scanner.emulator.reply import Delivery, Reply

PIECES = 20
_LINGER = struct.pack("ii", 1, 0)
"""Makes closing a socket reset the connection."""


async def deliver(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Send an answer."""
    match reply.delivery:
        case Delivery.TRICKLE:
            return await _trickle(request, reply)
        case Delivery.CUT:
            return await _cut(request, reply)
        case Delivery.RESET:
            _reset(request)
        case _ if reply.seconds:
            await asyncio.sleep(reply.seconds)
    return web.Response(status=reply.status, body=reply.body, headers=_headers(reply))


def _headers(reply: Reply) -> dict[str, str]:
    return {"Content-Type": reply.content_type, **dict(reply.headers)}


async def _opened(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Begin an answer that announces the length of its whole body."""
    response = web.StreamResponse(status=reply.status, headers=_headers(reply))
    response.content_length = len(reply.body)
    await response.prepare(request)
    return response


async def _trickle(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = await _opened(request, reply)
    size = max(1, -(-len(reply.body) // PIECES))
    for start in range(0, len(reply.body), size):
        await asyncio.sleep(reply.seconds / PIECES)
        await response.write(reply.body[start : start + size])
    await response.write_eof()
    return response


async def _cut(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = await _opened(request, reply)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()
