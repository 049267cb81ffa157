"""Files of a development worked on side by side, a process for each of some files at once.

A process is started afresh (nothing is inherited but what it is sent), takes one file after the other, and tells what
it does through a pipe; a prover dies with the process that started it. Whoever gives out the files decides their order.

Invariant: a process that dies costs the file that it worked on, and no other.
"""

from __future__ import annotations

import signal
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import SpawnProcess
from types import FrameType, TracebackType
from typing import NoReturn, Self, cast

from domain import OutsideError, UserError
from pipeline.development.file_work import Done, News, Task, Tools, work_on
from pipeline.development.project.source import Source
from pipeline.development.results import failed

_ENDING_SECONDS = 5.0
"""How long a process may take to end its prover and remove its scratch folders."""


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    task: Task | None = None


class Workers:
    """At most `most` processes that work on files. Use as a context manager; leaving it ends them all."""

    def __init__(self, tools: Tools, most: int) -> None:
        self._tools = tools
        self._most = most
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            self._end(worker)

    @property
    def busy(self) -> int:
        return sum(worker.task is not None for worker in self._workers)

    @property
    def sources(self) -> list[Source]:
        """The files that are worked on."""
        return [worker.task.source for worker in self._workers if worker.task is not None]

    @property
    def has_room(self) -> bool:
        return self.busy < self._most

    def start(self, task: Task) -> None:
        """Gives a file to a process that has none."""
        idle = [worker for worker in self._workers if worker.task is None]
        worker = idle[0] if idle else self._new()
        worker.task = task
        worker.connection.send(task)

    def next(self) -> News | tuple[Task, Done]:
        """Waits for news, or for a file that is done."""
        (ready, *_) = wait([worker.connection for worker in self._workers if worker.task is not None])
        (worker,) = [one for one in self._workers if one.connection is ready]
        task = worker.task
        assert task is not None
        try:
            told: News | Done | Exception = worker.connection.recv()
        except (EOFError, OSError):
            self._workers.remove(worker)
            worker.process.join(_ENDING_SECONDS)
            why = f"the process that worked on {task.source.shown} {_end_of(worker.process.exitcode)}"
            self._end(worker)
            return task, Done(failed(task.source, task.source.holes, why), {})
        if isinstance(told, News):
            return told
        if isinstance(told, Exception):
            raise told
        worker.task = None
        return task, told

    def _new(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = cast("tuple[Connection, Connection]", Pipe())
        process = context.Process(target=_serve, args=(theirs, self._tools), daemon=True)
        # Ctrl-C is sent to all of us: until the new process says what it does then, it ignores it
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _end(self, worker: _Worker) -> None:
        worker.connection.close()
        worker.process.join(_ENDING_SECONDS)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _end_of(code: int | None) -> str:
    """How a process ended, by its exit code, and what may be done about it."""
    if code == -signal.SIGKILL:
        return "was killed, perhaps by the system for want of memory: a smaller --jobs leaves more to each"
    if code is not None and code < 0:
        return f"was ended by a signal ({signal.strsignal(-code)}): give the command again"
    return f"ended before it was done (exit code {code}): give the command again"


def _serve(connection: Connection, tools: Tools) -> None:
    """Takes files until nobody gives one."""
    signal.signal(signal.SIGINT, lambda *_: None)  # whoever gives the files ends us; provers are not to ignore it
    signal.signal(signal.SIGTERM, _leave)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nobody gives files any more, or listens
        while True:
            task: Task = connection.recv()
            try:
                connection.send(work_on(task, tools, connection.send))
            except (BrokenPipeError, ConnectionResetError):
                raise
            except (UserError, OutsideError, OSError) as error:
                connection.send(error)
            except Exception:  # noqa: BLE001 (it is raised where the file was given out)
                connection.send(RuntimeError(f"while {task.source.shown} was worked on:\n{traceback.format_exc()}"))


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
