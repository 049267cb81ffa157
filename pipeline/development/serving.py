"""`suggest` for an editor: requests as JSON lines on one stream, answers and news as JSON lines on another.

One thread reads, so that a cancellation is heard while something is looked for; the main thread works on one request
after the other, with the files kept loaded; an alarm answers what takes longer with what is known by then. The messages
are described in docs/own_development.md.

Invariant: each request with an id is answered exactly once, within two seconds if it asks for suggestions, and nothing
but messages is ever written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread, Timer
from typing import IO, Any

from domain import OutsideError, UserError
from pipeline.development.editor_requests import MOST_SECONDS, Mistake, Request, identity_of, parsed, request_of
from pipeline.development.file_work import told_of
from pipeline.development.loaded import LoadedFile
from pipeline.development.project.document import Document
from pipeline.development.project.source import read_document
from pipeline.development.suggesting import Suggestions, suggest

ANSWER_SECONDS = 2.0
"""After so long a request for suggestions is answered with what is known by then."""

MOST_LOADED = 4
"""Files that are kept loaded; the one that was asked about longest ago goes first."""


class Server:
    """Serves until `shutdown`, or until all is answered that could be read."""

    def __init__(self, requests: IO[str], answers: IO[str], memory_bytes: int, steps: Path | None = None) -> None:
        self._requests, self._answers = requests, answers
        self._memory_bytes = memory_bytes
        self._steps = steps
        self._queue: SimpleQueue[Request | None] = SimpleQueue()
        self._lock = Lock()
        self._waiting: dict[int | str, Request] = {}
        self._texts: dict[Path, str] = {}
        self._loaded: dict[Path, LoadedFile] = {}
        self._over = False

    def run(self) -> None:
        """Works on what is asked, one request after the other."""
        Thread(target=self._listen, name="requests", daemon=True).start()
        try:
            while (request := self._queue.get()) is not None:
                self._work(request)
        finally:
            for loaded in self._loaded.values():
                loaded.close()

    # ------------------------------------------------------------------------------------------------ listening

    def _listen(self) -> None:
        try:
            with suppress(OSError):  # nobody reads the answers any more
                for line in self._requests:
                    if line.strip() and not self._hear(line):
                        break
        finally:
            self._queue.put(None)

    def _hear(self, line: str) -> bool:
        """Takes a request, or says what is wrong with it; whether there is more to read."""
        identity: int | str | None = None
        try:
            told = parsed(line)
            identity = identity_of(told)
            request = request_of(identity, told)
        except Mistake as mistake:
            self._send({"id": identity, "error": {"code": mistake.code, "message": str(mistake)}})
            return True
        return self._take(request)

    def _take(self, request: Request) -> bool:
        """Answers what needs no work, and puts the rest behind what is there; whether there is more to read."""
        if request.method == "shutdown":
            self._over = True
            self._answer(request, {})
            return False
        if request.method == "cancel":
            other = self._waiting.get(request.parameters["request"])
            waits = other is not None and not other.done
            if other is not None:
                other.cancelled = True
            self._answer(request, {"cancelled": waits})
            return True
        same = self._waiting.get(request.identity)
        if same is not None and not same.done:
            self._fail(request, "bad_request", "there is already a request with this id")
            return True
        self._waiting[request.identity] = request
        if request.method == "suggest":
            request.timer = Timer(ANSWER_SECONDS, self._answer_now, (request,))
            request.timer.daemon = True
            request.timer.start()
        self._queue.put(request)
        return True

    # -------------------------------------------------------------------------------------------------- working

    def _work(self, request: Request) -> None:
        try:
            if request.method == "suggest":
                self._suggest(request)
            else:
                self._answer(request, self._held(request))
        except (UserError, OutsideError) as error:
            code = "user" if isinstance(error, UserError) else "outside"
            self._fail(request, code, " ".join(str(error).split()))
        except Exception as error:  # noqa: BLE001 (a fault of ours costs this request, and what was loaded for it)
            self._fail(request, "internal", told_of(error))
            self._forget(request.path)
        finally:
            if request.timer is not None:
                request.timer.cancel()
            if self._waiting.get(request.identity) is request:
                del self._waiting[request.identity]

    def _held(self, request: Request) -> dict[str, Any]:
        """Opens, changes or closes a file."""
        path = request.path
        text = request.parameters.get("text")
        if request.method == "close":
            self._texts.pop(path, None)
            self._forget(path)
            return {}
        if text is not None:
            self._texts[path] = text
        else:
            self._texts.pop(path, None)
        holes = self._document(path).holes
        return {"holes": [{"name": hole.qualified, "line": hole.line} for hole in holes]}

    def _document(self, path: Path) -> Document:
        text = self._texts.get(path)
        return read_document(path, path.name) if text is None else Document(text, path.name)

    def _suggest(self, request: Request) -> None:
        path = request.path
        seconds = request.parameters.get("cpu_seconds", 20.0)
        if not 0 < seconds <= MOST_SECONDS:
            raise UserError(f"cpu_seconds must be greater than zero and at most {MOST_SECONDS:.0f}")
        if not self._stopped(request):
            loaded = self._loaded.pop(path, None) or LoadedFile(path, self._memory_bytes, self._steps)
            self._loaded[path] = loaded
            for old in list(self._loaded)[:-MOST_LOADED]:
                self._forget(old)
            found = suggest(
                loaded,
                self._document(path),
                request.parameters["line"],
                float(seconds),
                request.parameters.get("seed", 0),
                lambda _: None,
                lambda known: self._learn(request, known),
                lambda: self._stopped(request),
            )
            request.known = found
        if self._stopped(request):
            self._fail(request, "cancelled", "nobody waits for this any more")
        else:
            self._tell(request, done=True)

    def _stopped(self, request: Request) -> bool:
        return self._over or request.cancelled

    def _forget(self, path: Path) -> None:
        loaded = self._loaded.pop(path, None)
        if loaded is not None:
            loaded.close()

    # ------------------------------------------------------------------------------------------------ answering

    def _learn(self, request: Request, known: Suggestions) -> None:
        request.known = known
        if request.answered:
            self._tell(request, done=False)

    def _answer_now(self, request: Request) -> None:
        with suppress(OSError):  # nobody reads any more: the reading thread sees that too
            self._tell(request, done=False, first=True)

    def _tell(self, request: Request, *, done: bool, first: bool = False) -> None:
        """What is known of a request: as its answer, or if it has one as news."""
        with self._lock:
            if request.done or (first and request.answered):
                return
            request.done = done
            told = {"done": done, **_shown(request.known)}
            if request.answered:
                self._write({"method": "suggestions", "params": {"id": request.identity, **told}})
            else:
                request.answered = True
                self._write({"id": request.identity, "result": told})

    def _answer(self, request: Request, result: dict[str, Any]) -> None:
        with self._lock:
            request.answered = request.done = True
            self._write({"id": request.identity, "result": result})

    def _fail(self, request: Request, code: str, message: str) -> None:
        with self._lock:
            error = {"code": code, "message": message}
            request.done = True
            if request.answered:
                self._write({"method": "suggestions", "params": {"id": request.identity, "done": True, "error": error}})
            else:
                request.answered = True
                self._write({"id": request.identity, "error": error})

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            self._write(message)

    def _write(self, message: Mapping[str, Any]) -> None:
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()


def _shown(known: Suggestions | None) -> dict[str, Any]:
    return asdict(known) if known is not None else dict.fromkeys(one.name for one in fields(Suggestions))
