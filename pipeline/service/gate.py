"""What a request has to pass before it is read: token, rate, size.

Invariant: nothing of a request is read before its token and its rate are seen, and never more than `body_bytes` of it.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = frozenset({"/health"})
"""What needs no token: who watches over servers asks for it."""

MOST_CLIENTS = 10_000
"""Addresses whose rate is remembered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the service; None means that there is none."""

    token: str | None = None
    body_bytes: int = 8 * 2**20
    requests_a_second: float | None = None
    """Of one address; a burst may have ten times as many."""
    waiting: int = 1000
    """Texts that wait or are worked on."""


class Refusal(Exception):  # noqa: N818 (an answer, not an error of ours)
    """An answer with this status and one line."""

    def __init__(self, status: int, line: str, retry_after: int | None = None) -> None:
        super().__init__(line)
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    @property
    def response(self) -> JSONResponse:
        return JSONResponse({"error": str(self)}, self.status, self.headers)


class Gate:
    """ASGI middleware in front of the routes; its limits are `app.state.limits`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        limits: Limits = scope["app"].state.limits
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            _check_token(headers, limits.token)
            self._check_rate((scope.get("client") or ("unknown",))[0], limits.requests_a_second)
            body = await _body(receive, headers, limits.body_bytes)
        except Refusal as refusal:
            await refusal.response(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)

    def _check_rate(self, client: str, rate: float | None) -> None:
        """A bucket that a client empties with its requests, and that fills again."""
        if rate is None:
            return
        now, most = time.monotonic(), max(1.0, 10 * rate)
        left, since = self._rates.pop(client, (most, now))
        left = min(most, left + (now - since) * rate)
        self._rates[client] = (max(0.0, left - 1), now)
        if len(self._rates) > MOST_CLIENTS:
            self._rates.popitem(last=False)
        if left < 1:
            raise Refusal(429, f"more than {rate:g} requests a second", max(1, round(1 / rate)))


def _check_token(headers: dict[str, str], token: str | None) -> None:
    given = headers.get("authorization", "").removeprefix("Bearer ").encode()
    if token is not None and not hmac.compare_digest(given, token.encode()):
        raise Refusal(401, "the token is missing or wrong: send `Authorization: Bearer TOKEN`")


async def _body(receive: Receive, headers: dict[str, str], most: int) -> bytes:
    """The whole body. Raises `Refusal` as soon as it is too large, whatever its head says."""
    too_large = Refusal(413, f"the request is larger than {most} bytes: send fewer texts at a time")
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` as it was before the body was read."""
    given = False

    async def first_the_body() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return first_the_body
