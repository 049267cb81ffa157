"""`prove` on a development: every hole of a file or folder, each file compiled when its holes are done.

Files that do not need one another are worked on side by side (`workers`); what is known of a file's holes comes from it
and from the files behind it alone, so the order makes no difference. What was tried is appended to `tried.jsonl` as
soon as it is known, and what was judged to `judged.jsonl`; the same command goes on behind it. `results.jsonl` and
`patch.diff` are written whenever a file has been judged, and at the end. Nothing else of the user's is touched, unless
the patch is to be applied: then each file is replaced at once, at the very end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path

from domain import UserError
from library_store.files import write_atomically
from pipeline.development.compiling import refusals, unknown_names
from pipeline.development.file_work import Done, News, Task, Tools, opened, work_on
from pipeline.development.judged import JudgedFile, JudgedFiles, key_of
from pipeline.development.project import coq_project
from pipeline.development.project.coq_project import Project
from pipeline.development.project.document import Hole
from pipeline.development.project.options import Options
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import LOAD_SECONDS, Source, read_document, read_sources, review
from pipeline.development.project.unfinished import Unfinished
from pipeline.development.record import Record
from pipeline.development.results import Result, failed
from pipeline.development.search.learned import Learned
from pipeline.development.search.writing import Writer
from pipeline.development.workers import Workers
from pipeline.words import counted


class Work:
    """One run of `prove` on a development."""

    def __init__(
        self,
        target: Path,
        out: Path,
        options: Options,
        writer: Writer | None = None,
        *,
        first: AbstractSet[Path] = frozenset(),
    ) -> None:
        """`first` are files that are worked on before others, as far as they do not rest on those."""
        self.out = out
        self.options = options
        self.project: Project = coq_project.find(target)
        self.refused: list[Result] = []
        """Those of the results that are so because the prover refuses a file of the user's."""
        self._say: Callable[[str], None] = print
        self._writer = writer
        self._first = first
        self._learned = Learned(options.library, options.library_round) if options.library is not None else None
        steps = opened(options.steps)
        self._digest = "".join([one.digest for one in (self._learned, steps) if one is not None])
        """Changes with what is known from elsewhere."""
        self._copy: Copy
        self._sources = read_sources(target, self.project, options)
        self._by_path = {source.path: source for source in self._sources}
        holes = [name for source in self._sources for name in self._full_names(source)]
        self._open = Unfinished(self.project, holes, erase=self.options.erase)
        self._record = Record(out)
        self._judged = JudgedFiles(out)
        self._done: dict[Path, tuple[Result, ...]] = {}
        self._order: list[Path] = []

    @property
    def holes(self) -> int:
        return sum(len(source.holes) for source in self._sources)

    @property
    def results(self) -> list[Result]:
        """What became of the holes so far, those of a file first on which others rest."""
        return [result for path in self._order for result in self._done.get(path, ())]

    def run(self, say: Callable[[str], None]) -> list[Result]:
        """Works on all holes; the results. `say` takes lines of progress.

        All files are compiled before the first hole is tried: what the user has to mend is told at once.
        """
        self._say = say
        self._record.begin()
        with Copy(self.project, LOAD_SECONDS) as copy:
            self._copy = copy
            sources = self._compiled(self._not_judged(self._readable()))
            self._check_use(sources)
            self._work_on(sources)
        self._write()
        if not self.options.erase:
            write_atomically(self.out / "review.json", review(self._sources, self.project).encode())
        return self.results

    def apply(self) -> list[Path]:
        """Replaces the user's files by the patched ones, each at once; those files."""
        changed: list[Path] = []
        for source in self._sources:
            if source.fillings:
                if read_document(source.path, source.shown).text != source.document.text:
                    raise UserError(f"{source.shown} was changed meanwhile: apply {self.out / 'patch.diff'} by hand")
                write_atomically(source.path.resolve(), source.filled.encode())
                changed.append(source.path)
        return changed

    # ------------------------------------------------------------------------------------------------------- files

    def _readable(self) -> list[Source]:
        """The files that are UTF-8, and of which it is known what they need, those first on which others rest."""
        known: list[Path] = []
        for source in self._sources:
            try:
                read_document(source.path, source.shown)
                self._copy.in_order([source.path])
                known.append(source.path)
            except UserError as error:
                self._give_up(source, str(error))
        found = [self._by_path[path] for path in self._copy.in_order(known) if path in known]
        self._sources = [source for source in self._sources if source.path in known]
        self._order = [*self._order, *(source.path for source in found)]
        return found

    def _not_judged(self, sources: Sequence[Source]) -> list[Source]:
        """Without the files that were judged before as they are now, above others that were."""
        left: dict[Path, Source] = {}
        for source in sources:
            rests = not left.keys().isdisjoint(self._behind(source))
            if rests or not self._is_judged(source):
                left[source.path] = source
        kept = [source for source in sources if source.path not in left]
        if kept:
            results = sum(len(self._done[source.path]) for source in kept)
            self._say(
                f"{counted(len(kept), 'file')} with {counted(results, 'hole')}: nothing has changed since the last "
                "time, so what was found then is kept"
            )
        return list(left.values())

    def _is_judged(self, source: Source) -> bool:
        """Whether a file was judged before as it is now; if so, that is what became of it."""
        judged = self._judged.find(self._file_key(source), self.options.seconds)
        if judged is not None:
            self._keep(source, judged)
            self._copy.leave(source.path, source.filled.encode())
        return judged is not None

    def _compiled(self, sources: Sequence[Source]) -> list[Source]:
        """The files that compile as they stand; the holes of others get `error`."""
        said = refusals(self._copy, {source.path: source for source in sources}, self.options.jobs)
        for source in sources:
            if source.path in said:
                self._give_up(source, said[source.path])
        return [source for source in sources if source.path not in said]

    def _give_up(self, source: Source, why: str) -> None:
        found = failed(source, source.holes, why)
        self._say(f"{found[0].reason}; mend this and give the command again: {counted(len(found), 'hole')} not tried")
        if source.path not in self._order:
            self._order.append(source.path)
        self.refused += found
        self._done[source.path] = found

    def _check_use(self, sources: Sequence[Source]) -> None:
        """Raises `UserError` where no file knows a lemma of `--use` at its last hole."""
        ends = [(self.project.module(one.path), one.document, one.holes[-1].start) for one in sources]
        unknown = unknown_names(self._copy, ends, self.options.use, self.options.memory_bytes)
        if unknown and sources:
            raise UserError(
                f"--use {unknown[0]}: no file with holes knows this name at its last hole: mend it, or say in which "
                f"module it is"
            )

    # ---------------------------------------------------------------------------------------------------- the work

    def _work_on(self, sources: Sequence[Source]) -> None:
        """Works on files, as many at once as are wanted and do not rest on one another."""
        tools = Tools(self._copy, self.options, self._open, self._writer, self._learned)
        jobs = 1 if self._writer is not None else min(self.options.jobs, len(sources))
        first = {*self._first, *(path for one in sources if one.path in self._first for path in self._behind(one))}
        waiting = sorted(sources, key=lambda source: source.path not in first)
        if jobs <= 1:
            for source in waiting:
                task = self._task(source)
                if task is not None:
                    self._take(task, work_on(task, tools, self._tell))
            return
        with Workers(tools, jobs) as workers:
            while waiting or workers.busy:
                for source in [one for one in waiting if workers.has_room and self._is_ready(one, waiting, workers)]:
                    waiting.remove(source)
                    task = self._task(source)
                    if task is not None:
                        workers.start(task)
                    if not workers.has_room:
                        break
                if workers.busy:
                    told = workers.next()
                    if isinstance(told, News):
                        self._tell(told)
                    else:
                        self._take(*told)

    def _is_ready(self, source: Source, waiting: Sequence[Source], workers: Workers) -> bool:
        """Whether all files with holes that a file rests on are done."""
        not_done = {one.path for one in [*waiting, *workers.sources] if one is not source}
        return not_done.isdisjoint(self._behind(source))

    def _behind(self, source: Source) -> list[Path]:
        """All of the project that compiling a file may read besides it."""
        return self._copy.read_for(source.path)

    def _task(self, source: Source) -> Task | None:
        """The task that a file is, what it needs being compiled; None where nothing is left to do."""
        behind = self._behind(source)
        if any(path in self._done for path in behind) and self._is_judged(source):
            self._say(f"{source.shown}: nothing has changed since the last time, so what was found then is kept")
            return None
        refused = self._copy.prepare(source.path)
        if refused is not None:
            found = failed(source, source.holes, refused.message)
            self.refused += found
            self._done[source.path] = found
            return None
        done = {path: self._done[path] for path in behind if path in self._done}
        said = [(self._full(path, one.name), one.status) for path, found in done.items() for one in found]
        around = [path.read_bytes() for path in behind]
        digest = hashlib.sha256(b"\0".join([repr(self.project.arguments).encode(), *around])).hexdigest()
        keys = {hole.qualified: self._key(source, hole, digest) for hole in source.holes}
        known = {name: self._record.find(key, self.options.seconds) for name, key in keys.items()}
        files = [self._by_path[path] for path in [*behind, source.path] if path in self._by_path]
        return Task(
            source,
            self.project.module(source.path),
            false=frozenset(name for name, status in said if status == "refuted"),
            unproved=frozenset(name for one in files for name in self._full_names(one))
            - {name for name, status in said if status == "proved"},
            keys=keys,
            known={name: tried for name, tried in known.items() if tried is not None},
        )

    def _tell(self, news: News) -> None:
        if news.tried is not None:
            self._record.add(news.key, news.name, news.tried)
        self._say(news.text)

    def _take(self, task: Task, done: Done) -> None:
        """Keeps what came of a file."""
        source = self._by_path[task.source.path]
        key = self._file_key(source)
        judged = JudgedFile(done.results, done.fillings)
        self._judged.add(key, source, self.options.seconds, judged)
        self.refused += done.refused
        self._keep(source, judged)

    def _keep(self, source: Source, judged: JudgedFile) -> None:
        source.fillings = dict(judged.fillings)
        self._done[source.path] = judged.results
        self._write()

    def _key(self, source: Source, hole: Hole, around: str) -> str:
        """Changes with all above the hole, its statement, what is behind the file (`around`), and the library."""
        text = "\0".join([around, source.shown, source.document.text[: hole.start], hole.statement, hole.proof])
        given = f"{self._digest}\0" if self._digest else ""
        if self.options.use:
            given = f"{','.join(self.options.use)}\0{given}"
        text = f"{self.options.seed}\0{self._writer is not None}\0{given}{text}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _file_key(self, source: Source) -> str:
        """Changes with all that what becomes of a file rests on; the files behind it are as they are in the copy."""
        about = [self._record.versions, repr(self.project.arguments), self._digest, str(self._writer is not None)]
        behind = [self._copy.place(path).read_bytes() for path in self._behind(source)]
        return key_of(source, self.project.module(source.path), self.options, about, behind, self.project.files)

    def _full(self, path: Path, name: str) -> str:
        return f"{self.project.module(path)}.{name}"

    def _full_names(self, source: Source) -> list[str]:
        """The full names of a file's holes."""
        return [self._full(source.path, hole.qualified) for hole in source.document.holes]

    # ----------------------------------------------------------------------------------------------------- results

    def _write(self) -> None:
        lines = [json.dumps(asdict(result), ensure_ascii=False) for result in self.results]
        write_atomically(self.out / "results.jsonl", "".join([f"{line}\n" for line in lines]).encode())
        write_atomically(self.out / "patch.diff", self.patch().encode())
        for source in self._sources if self.options.erase else ():
            refilled = self.out / "refilled" / source.shown
            refilled.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(refilled, source.filled.encode())

    def patch(self) -> str:
        """The new proofs as a unified diff; of the erased files, where proofs were erased."""
        return "".join([source.patch() for source in self._sources])
