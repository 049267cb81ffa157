"""`prove` on a development: every hole of a file or folder, file by file, each file compiled when its holes are done.

What was tried is appended to `tried.jsonl` as soon as it is known; the same command goes on behind it. `results.jsonl`
and `patch.diff` are written whenever a file has been judged, and at the end. Nothing else of the user's is touched,
unless the patch is to be applied: then each file is replaced at once, at the very end.

Invariant: the status `proved` is only ever given by the judge (`verifiers.audit.rocq.development`), never by what a
warm prover said.
"""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from domain import OutsideError, UserError
from library_store.files import write_atomically
from pipeline.development import coq_project, judging
from pipeline.development.context import Context, Refusal, rests_on
from pipeline.development.coq_project import Project
from pipeline.development.document import Hole, unique
from pipeline.development.judging import Compiled
from pipeline.development.learned import Learned
from pipeline.development.options import Options
from pipeline.development.record import Record, Tried
from pipeline.development.results import Result, failed, result_of
from pipeline.development.scratch_copy import Copy
from pipeline.development.solving import Answer, Solver
from pipeline.development.source import LOAD_SECONDS, Source, read_document
from pipeline.development.unfinished import Unfinished
from pipeline.development.writing import Writer
from pipeline.words import counted
from verifiers.audit.rocq.filling import Filling


class Work:
    """One run of `prove` on a development."""

    def __init__(self, target: Path, out: Path, options: Options, writer: Writer | None = None) -> None:
        self.out = out
        self.options = options
        self.project: Project = coq_project.find(target)
        self.results: list[Result] = []
        self.refused: list[Result] = []
        """Those of the results that are so because the prover refuses a file of the user's."""
        self._say: Callable[[str], None] = print
        self._writer = writer
        self._learned = Learned(options.library, options.library_round) if options.library is not None else None
        self._copy: Copy
        self._false: set[str] = set()
        self._sources = self._read(target)
        holes = [(source.path, hole) for source in self._sources for hole in source.document.holes]
        self._unproved = {f"{self.project.module(path)}.{hole.qualified}" for path, hole in holes}
        self._open = Unfinished(self.project, self._unproved, erase=self.options.erase)
        self._record = Record(out)

    @property
    def holes(self) -> int:
        return sum(len(source.holes) for source in self._sources)

    def run(self, say: Callable[[str], None]) -> list[Result]:
        """Works on all holes; the results, those of a file first on which others rest. `say` takes lines of progress.

        All files are compiled before the first hole is tried: what the user has to mend is told at once.
        """
        self._say = say
        self.out.mkdir(parents=True, exist_ok=True)
        with Copy(self.project, LOAD_SECONDS) as copy:
            self._copy = copy
            sources = self._compiling()
            self._check_use(sources)
            for source in sources:
                self.results += self._file(source)
                self._write()
        self._write()
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

    def _read(self, target: Path) -> list[Source]:
        found: list[Source] = []
        wanted = set(self.options.names)
        left = self.options.limit
        for path in coq_project.sources(target, self.project):
            root = self.project.root
            shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
            document = read_document(path, shown)
            if self.options.erase:
                document = document.erased()
            document.check_closed()
            unique(document.holes)
            holes = [hole for hole in document.holes if not self.options.names or hole.qualified in self.options.names]
            holes = holes[:left] if left is not None else holes
            left = left - len(holes) if left is not None else None
            wanted -= {hole.qualified for hole in holes}
            if holes:
                found.append(Source(path, shown, document, tuple(holes)))
        if wanted and left is None:
            raise UserError(f"--names {min(wanted)}: no hole of {target} is called so")
        return found

    def _compiling(self) -> list[Source]:
        """The files that compile as they stand, those first on which others rest; the holes of others get `error`."""
        known: dict[Path, Source] = {}
        for source in self._sources:
            try:
                self._copy.in_order([source.path])
                known[source.path] = source
            except UserError as error:
                self._give_up(source, str(error))
        fine: list[Source] = []
        for path in self._copy.in_order(known):
            source = known.get(path)
            refused = self._refused(source) if source is not None else ""
            if source is not None and refused:
                self._give_up(source, refused)
            elif source is not None:
                fine.append(source)
        return fine

    def _refused(self, source: Source) -> str:
        """What the prover says against a file as it stands, also without what was begun in its holes; else nothing."""
        refused = self._copy.prepare(source.path)
        if refused is not None:
            return refused.message
        refused = self._copy.compile_anew(source.path)
        if refused is None or self._copy.compile(source.path, source.document.given_up().text) is None:
            return ""
        place = f"{source.shown}, line {refused.line}" if refused.line else source.shown
        return f"{place}: it does not compile before anything is filled: {refused.message}"

    def _check_use(self, sources: Sequence[Source]) -> None:
        """Raises `UserError` where no file knows a lemma of `--use` at its last hole."""
        unknown = list(self.options.use)
        for source in sources if unknown else ():
            context = Context(
                self._copy, self.project.module(source.path), source.document, LOAD_SECONDS, self.options.memory_bytes
            )
            try:
                context.advance(source.holes[-1].start)
                unknown = [name for name in unknown if not context.knows(name)]
            finally:
                context.close()
        if unknown and sources:
            raise UserError(
                f"--use {unknown[0]}: no file with holes knows this name at its last hole: mend it, or say in which "
                f"module it is"
            )

    def _give_up(self, source: Source, why: str) -> None:
        found = self._failed(source, source.holes, why)
        self._say(f"{found[0].reason}; mend this and give the command again: {counted(len(found), 'hole')} not tried")
        self.results += found

    def _file(self, source: Source) -> list[Result]:
        refused = self._copy.prepare(source.path)
        if refused is not None:
            return self._failed(source, source.holes, refused.message)
        module = self.project.module(source.path)
        behind = [path.read_bytes() for path in self._copy.read_for(source.path)]
        around = hashlib.sha256(b"\0".join([repr(self.project.arguments).encode(), *behind])).hexdigest()
        answers: dict[str, Tried] = {}
        context: Context | None = None
        broken: Refusal | None = None
        try:
            for hole in source.holes:
                if hole.in_functor:
                    answers[hole.qualified] = Tried(Answer(), 0.0, 0.0)
                    continue
                key = self._key(source, hole, around)
                tried = self._record.find(key)
                if tried is None or (tried.answer.filling is None and tried.seconds < self.options.seconds):
                    if context is None:
                        context = Context(
                            self._copy,
                            module,
                            source.document,
                            LOAD_SECONDS,
                            self.options.memory_bytes,
                            retrieves=self.options.retrieves,
                            false=self._false,
                            unproved=self._unproved,
                            given=self.options.use,
                        )
                    broken = context.advance(hole.start)
                    if broken is not None:
                        break
                    before = context.session.cpu_seconds + time.process_time()
                    solver = Solver(context, hole, self.options.seconds, self.options.seed, self._writer, self._learned)
                    try:
                        answer = solver.run()
                    except (UserError, OutsideError):
                        raise
                    except Exception as error:  # noqa: BLE001 (a fault of ours costs this hole alone)
                        answer = Answer(fault=_told(error))
                    tried = Tried(
                        answer,
                        round(context.session.cpu_seconds + time.process_time() - before, 3),
                        self.options.seconds,
                    )
                    if answer.fault:  # tried again when the command is given again, and now by a fresh prover
                        context.close()
                        context = None
                    else:
                        self._record.add(key, hole, tried)
                answers[hole.qualified] = tried
                if tried.answer.counterexample is not None:
                    self._false.add(f"{module}.{hole.qualified}")
                if tried.answer.filling is not None and not rests_on(tried.answer.filling, self._unproved):
                    self._unproved.discard(f"{module}.{hole.qualified}")
                self._say(f"{source.shown}:{hole.line} {hole.qualified}: {tried.told()}")
        finally:
            if context is not None:
                context.close()
        fillings = {name: tried.answer.filling for name, tried in answers.items() if tried.answer.filling is not None}
        try:
            compiled = self._judged(source, fillings)
        except UserError as error:
            return self._failed(source, source.holes, str(error))
        source.fillings = dict(compiled.fillings)
        results = [
            result_of(source, hole, answers[hole.qualified], compiled)
            for hole in source.holes
            if hole.qualified in answers
        ]
        if broken is not None:
            rest = [hole for hole in source.holes if hole.qualified not in answers]
            results += self._failed(source, rest, f"{source.shown}, line {broken.line}: {broken.message}")
        return results

    def _key(self, source: Source, hole: Hole, around: str) -> str:
        """Changes with all above the hole, its statement, what is behind the file (`around`), and the library."""
        text = "\0".join([around, source.shown, source.document.text[: hole.start], hole.statement, hole.proof])
        given = "" if self._learned is None else f"{self._learned.digest}\0"
        if self.options.use:
            given = f"{','.join(self.options.use)}\0{given}"
        text = f"{self.options.seed}\0{self._writer is not None}\0{given}{text}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _judged(self, source: Source, fillings: Mapping[str, Filling]) -> Compiled:
        """Compiles the whole file with the fillings, until it holds none that may not count."""
        self._say(f"{source.shown}: compiling the whole file with {counted(len(fillings), 'new proof')}")
        return judging.judge(self._copy, source.path, source.document, fillings, self._open)

    # ----------------------------------------------------------------------------------------------------- results

    def _failed(self, source: Source, holes: Sequence[Hole], reason: str) -> list[Result]:
        """The holes as not tried, or in vain: the prover refuses the file, or what it needs."""
        found = failed(source, holes, reason)
        self.refused += found
        return found

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


def _told(error: Exception) -> str:
    """One line on an exception of ours: what it says, and where it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"a fault of this program, please report it: {what} ({Path(frame.filename).name}, line {frame.lineno})"
