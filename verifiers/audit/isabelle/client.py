"""One connection to an Isabelle server: commands, tasks and their ends, each with a deadline.

Why not the PyPI package `isabelle-client` (1.1.2, tried against the server of `tests/verifiers/isabelle_server.py`): it
opens a connection for every command and has no time limit. A task belongs to the connection that started it, so there
it can never be cancelled; a server that falls silent is waited for without end; a refused password, or an `ERROR` in
answer to a task's command, ends in an unrelated exception. Messages of more than a megabyte it reads well.

Everything is read by whoever waits: there are no threads. Ends of tasks that nobody waits for yet are kept, those of
abandoned tasks are dropped. Of notes, which are no evidence, only the task that they name is kept. A connection whose
answers can no longer be matched with questions closes itself.

Invariant: an end is handed out only for the task that it names, and once.

Layer: the server.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from domain import OutsideError
from verifiers.audit.isabelle.framing import Decoder, ProtocolError, Reply, encode, parse

PIECE = 1 << 16
KEPT = 1_000
"""Abandoned tasks whose end is still expected, and tasks of which there were notes."""


class ServerGone(OutsideError):  # noqa: N818 (what happened, in the words of the field)
    """The connection is over: the server died, closed it, or it was closed after an answer came too late."""


class CommandError(OutsideError):
    """The server answers ERROR; the message is its own."""


class Ended(NamedTuple):
    """The end of a task: FINISHED (`finished`) or FAILED, and what it says."""

    finished: bool
    answer: dict[str, Any]

    @property
    def message(self) -> str:
        said = self.answer.get("message", "")
        return said if isinstance(said, str) else repr(said)


class Identity(NamedTuple):
    """What a server says it is, in answer to the password."""

    id: str
    name: str

    @classmethod
    def said(cls, greeting: Mapping[str, Any]) -> Identity:
        """From `isabelle_name`, or, until Isabelle2020, from `isabelle_version`: `Isabelle2020: April 2020`."""
        version = str(greeting.get("isabelle_version", "")).partition(": ")[0]
        return cls(str(greeting.get("isabelle_id", "")), str(greeting.get("isabelle_name", version)))


class Stream:
    """Two file descriptors to a server: a socket's, or a pair of pipes."""

    def __init__(self, reading: int, writing: int, close: Callable[[], None]) -> None:
        self.reading = reading
        self.writing = writing
        self.close = close
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)


def connect(host: str, port: int, seconds: float) -> Stream:
    """A stream to a server that listens.

    Raises:
        OutsideError: nothing listens there.
    """
    try:
        connection = socket.create_connection((host, port), timeout=seconds)
    except OSError as error:
        said = error.strerror or error
        raise OutsideError(f"no Isabelle server at {host}:{port} ({said}): start one with `isabelle server`") from error
    return Stream(connection.fileno(), connection.fileno(), connection.close)


class Client:
    """A connection that has given its password. Not for use from several threads at once."""

    def __init__(self, stream: Stream, password: str, seconds: float) -> None:
        self._stream = stream
        self._decoder = Decoder()
        self._replies: list[Reply] = []
        self._ended: dict[str, Ended] = {}
        self._abandoned: dict[str, None] = {}
        self._noted: dict[str, None] = {}
        self.closed = False
        deadline = time.monotonic() + seconds
        self._send(password.encode("utf-8") + b"\n", deadline)
        try:
            first = self._answer(deadline)
        except ServerGone as error:
            raise OutsideError("the Isabelle server refuses the password, or ended at once") from error
        except TimeoutError as error:
            self.close()
            raise OutsideError("the Isabelle server does not answer the password") from error
        if first.name != "OK" or not isinstance(first.argument, dict):
            self.close()
            raise ProtocolError(f"the Isabelle server greets with {first.name} {first.argument!r}")
        self.identity = Identity.said(first.argument)

    def close(self) -> None:
        """Close the connection; the server cancels its tasks."""
        if not self.closed:
            self.closed = True
            with suppress(OSError):
                self._stream.close()

    # ------------------------------------------------------------------------------------------------- commands

    def command(self, name: str, argument: Any, seconds: float) -> Any:
        """What a command answers at once.

        Raises:
            CommandError: the server answers ERROR.
            ServerGone: the server is gone, or does not answer in time.
        """
        deadline = time.monotonic() + seconds
        text = name if argument is None else f"{name} {_json(argument)}"
        try:
            self._send(encode(text), deadline)
            reply = self._answer(deadline)
        except TimeoutError as error:
            self.close()  # an answer that comes after this would be taken for that of the next command
            raise ServerGone(f"the Isabelle server does not answer `{name}` within {seconds:.0f} s") from error
        if reply.name == "ERROR":
            said = reply.argument
            raise CommandError(str(said.get("message", said)) if isinstance(said, dict) else str(said))
        return reply.argument

    def start(self, name: str, argument: Any, seconds: float) -> str:
        """Start a task; its id."""
        answer = self.command(name, argument, seconds)
        task = answer.get("task") if isinstance(answer, dict) else None
        if not isinstance(task, str):
            self.close()
            raise ProtocolError(f"the Isabelle server answers `{name}` without a task: {answer!r}")
        return task

    def wait(self, task: str, seconds: float, silence: float | None = None) -> Ended:
        """The end of a task.

        Raises:
            TimeoutError: it has not ended in time, or not even a note of it came within `silence` seconds; it goes on.
            ServerGone: the server is gone.
        """
        deadline = time.monotonic() + seconds
        first = deadline if silence is None else time.monotonic() + min(silence, seconds)
        while task not in self._ended:
            self._pump(deadline if self.is_noted(task) else first)
        return self._ended.pop(task)

    def is_noted(self, task: str) -> bool:
        """Whether a note of the task came, as it does when a theory makes progress. Only recent tasks are known."""
        return task in self._noted

    def cancel(self, task: str, seconds: float) -> Ended | None:
        """Ask for a task's end, and wait for it; None if it does not come in time and is given up.

        A cancel may come too late: then the task ends as if nothing had been asked.
        """
        self.command("cancel", {"task": task}, seconds)
        try:
            return self.wait(task, seconds)
        except TimeoutError:
            _keep(self._abandoned, task)
            return None

    # ------------------------------------------------------------------------------------------------- the wire

    def _answer(self, deadline: float) -> Reply:
        """The next reply to a command; what belongs to tasks is sorted on the way."""
        while not self._replies:
            self._pump(deadline)
        return self._replies.pop(0)

    def _pump(self, deadline: float) -> None:
        """Read once and sort what came.

        Raises:
            TimeoutError: nothing came until the deadline.
        """
        if self.closed:
            raise ServerGone("the connection to the Isabelle server is closed")
        left = deadline - time.monotonic()
        if left <= 0 or not _ready(self._stream.reading, select.POLLIN, left):
            raise TimeoutError
        self._receive()

    def _receive(self) -> None:
        try:
            piece = os.read(self._stream.reading, PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            self.close()
            raise ServerGone(f"the connection to the Isabelle server broke: {error.strerror}") from error
        if not piece:
            where = "in the middle of a message" if self._decoder.in_message else "the connection"
            self.close()
            raise ServerGone(f"the Isabelle server ended {where}")
        try:
            for message in self._decoder.feed(piece):
                self._sort(parse(message))
        except ProtocolError:
            self.close()
            raise

    def _sort(self, reply: Reply) -> None:
        if reply.name == "NOTE":
            noted = reply.argument.get("task") if isinstance(reply.argument, dict) else None
            if isinstance(noted, str):
                _keep(self._noted, noted)
            return
        if reply.name in ("OK", "ERROR"):
            self._replies.append(reply)
            return
        if reply.name not in ("FINISHED", "FAILED") or not isinstance(reply.argument, dict):
            raise ProtocolError(f"the Isabelle server sent {reply.name}, which is no reply")
        task = reply.argument.get("task")
        if not isinstance(task, str):
            raise ProtocolError(f"the Isabelle server ended a task that it does not name: {reply.name}")
        if task in self._abandoned:
            del self._abandoned[task]
            return
        self._ended[task] = Ended(reply.name == "FINISHED", reply.argument)

    def _send(self, data: bytes, deadline: float) -> None:
        """Write all of `data`, reading meanwhile, so that two full pipes cannot wait for each other."""
        view = memoryview(data)
        while view:
            if self.closed:
                raise ServerGone("the connection to the Isabelle server is closed")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            poll = select.poll()
            events = {self._stream.reading: select.POLLIN}
            events[self._stream.writing] = events.get(self._stream.writing, 0) | select.POLLOUT
            for descriptor, wanted in events.items():
                poll.register(descriptor, wanted)
            happened = dict(poll.poll(left * 1000))
            if happened.get(self._stream.writing, 0) & (select.POLLOUT | select.POLLERR | select.POLLHUP):
                try:
                    view = view[os.write(self._stream.writing, view[:PIECE]) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    self.close()
                    raise ServerGone(f"the Isabelle server is gone: {error.strerror}") from error
            elif happened:
                self._receive()


def _ready(descriptor: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(seconds * 1000))


def _keep(tasks: dict[str, None], task: str) -> None:
    tasks[task] = None
    while len(tasks) > KEPT:
        del tasks[next(iter(tasks))]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
