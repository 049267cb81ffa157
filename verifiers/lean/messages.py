"""Messages of the language server's protocol over two pipes: framing, and never waiting for long.

Both pipes are served at once, so neither side can wait for the other for ever: what is to be sent is kept and written
as the process reads, and what the process writes is taken in meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import select
from collections.abc import Callable, Mapping
from typing import Any

from domain import Reason
from term_algebra import read_json

WAIT_MILLISECONDS = 20
_LENGTH = re.compile(rb"Content-Length: *(\d+)", re.IGNORECASE)


class Broken(Exception):  # noqa: N818 (an event, not an error of ours)
    """Nothing more can be read. Without a `reason`, the other side has closed its end."""

    def __init__(self, reason: Reason | None = None, text: str = "") -> None:
        super().__init__(text)
        self.reason: Reason | None = reason


class Messages:
    """Messages to and from a process. `received` counts bytes, at most `limit` of them until it is set back."""

    def __init__(self, to_process: int, from_process: int, limit: int) -> None:
        self.received = 0
        self.limit = limit
        self._to, self._from = to_process, from_process
        self._inbox, self._outbox = bytearray(), bytearray()
        os.set_blocking(self._to, False)
        self._reading, self._both = select.poll(), select.poll()
        for poll in (self._reading, self._both):
            poll.register(self._from, select.POLLIN | select.POLLHUP)
        self._both.register(self._to, select.POLLOUT)

    def send(self, message: Mapping[str, Any]) -> None:
        """Keep a message for sending; `receive` sends it."""
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
        self._outbox += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)

    def receive(self, is_over: Callable[[], bool]) -> Mapping[str, Any] | None:
        """The next message; None after a short while without one, or when it `is_over`. Raises `Broken`."""
        while True:
            message = self._take()
            if message is not None:
                return message
            ready = dict((self._both if self._outbox else self._reading).poll(WAIT_MILLISECONDS))
            if not ready:
                return None
            if self._to in ready:
                self._write()
            if self._from in ready:
                self._read()
            if is_over():
                return None

    def _read(self) -> None:
        chunk = os.read(self._from, 1 << 16)
        if not chunk:
            raise Broken
        self._inbox += chunk
        self.received += len(chunk)
        if self.received > self.limit:
            raise Broken("output", "the prover printed more than the limit of output")

    def _write(self) -> None:
        """Write what the pipe takes."""
        try:
            del self._outbox[: os.write(self._to, self._outbox)]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            raise Broken from None

    def _take(self) -> Mapping[str, Any] | None:
        """The first whole message that was read."""
        head = self._inbox.find(b"\r\n\r\n")
        if head < 0:
            return None
        found = _LENGTH.search(self._inbox[:head])
        if found is None:
            raise Broken("prover_error", "the language server's answer has no length")
        end = head + 4 + int(found[1])
        if len(self._inbox) < end:
            return None
        body = bytes(self._inbox[head + 4 : end])
        del self._inbox[:end]
        try:
            message = read_json(body)
        except (ValueError, RecursionError) as error:
            raise Broken("prover_error", f"the language server's answer is not JSON: {error}") from None
        if not isinstance(message, dict):
            raise Broken("prover_error", "the language server's answer is not a message")
        return message
