"""What is looked at before the first hole of a development is tried, so that what is to be mended is told at once.

Files are compiled side by side, each when all that it requires is compiled.

Invariant: no file is compiled while another one that it rests on is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from pipeline.development.project.document import Document
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import LOAD_SECONDS, Source
from pipeline.development.search.context import Context
from verifiers.audit.rocq.development import Refused


def refusals(copy: Copy, sources: Mapping[Path, Source], jobs: int) -> dict[Path, str]:
    """Compiles files with holes, and what they need; what the prover says against each that it refuses.

    What was begun in a hole does not count against a file.
    """
    files = copy.in_order(sources)
    needs = {file: copy.in_order([file])[:-1] for file in files}
    answers: dict[Path, Future[Refused | None]] = {file: Future() for file in files}

    def compiled(file: Path) -> Refused | None:
        if any(answers[needed].result() is not None for needed in needs[file] if needed in answers):
            return None  # what it needs is refused, so it is not tried
        refused = copy.compile_anew(file)
        source = sources.get(file)
        if refused is None or source is None or copy.compile(file, source.document.given_up().text) is None:
            return None if source is not None else refused
        return refused

    waiting: SimpleQueue[Path] = SimpleQueue()
    for file in files:  # those first on which others rest, so the first that is not done waits for none
        waiting.put(file)

    def compile_all() -> None:
        with suppress(Empty):
            while True:
                file = waiting.get_nowait()
                try:
                    answers[file].set_result(compiled(file))
                except Exception as error:  # noqa: BLE001 (it is raised where the answer is taken)
                    answers[file].set_exception(error)

    for _ in range(min(jobs, len(files))):
        Thread(target=compile_all, daemon=True).start()  # an interruption waits for no compilation
    try:
        said = {file: answer.result() for file, answer in answers.items()}
    finally:
        with suppress(Empty):
            while True:
                waiting.get_nowait()
    found: dict[Path, str] = {}
    for file, source in sources.items():
        why = said[file]
        below = next(((one, refused) for one in needs[file] if (refused := said.get(one)) is not None), None)
        if below is not None:
            found[file] = f"{_place(below[0].name, below[1])}, which {file.name} needs: {below[1].message}"
        elif why is not None:
            place = _place(source.shown, why)
            found[file] = f"{place}: it does not compile before anything is filled: {why.message}"
    return found


def _place(name: str, refused: Refused) -> str:
    return f"{name}, line {refused.line}" if refused.line else name


def unknown_names(
    copy: Copy, places: Iterable[tuple[str, Document, int]], names: Sequence[str], memory_bytes: int
) -> list[str]:
    """The names that are known at none of some places: modules, what they say, and the offsets."""
    left = list(names)
    for module, document, offset in places if left else ():
        context = Context(copy, module, document, LOAD_SECONDS, memory_bytes)
        try:
            context.advance(offset)
            left = [name for name in left if not context.names.knows(name)]
        finally:
            context.close()
        if not left:
            break
    return left
