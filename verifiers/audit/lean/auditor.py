"""Admission in Lean: is this text a proof of exactly that statement? Fresh processes, statement first.

For each candidate, in sandboxed processes of their own and with nothing of the candidate in the first:

1. `LemmaryStatement` is compiled: the header as it is, then the statement: `def LemmaryFrozen.Statement : Prop := …`;
2. `LemmaryCandidate` imports it, and has the header's scene (`headers.parse_header`), the library lemmas that it names
   with their proofs, and its own text;
3. a checking file imports the statement, then the candidate, says `theorem RANDOM : LemmaryFrozen.Statement := @NAME`
   and asks for the axioms of RANDOM. Errors are looked at before axioms, since after an error the list may lie;
4. where the Lean is the embedded one, the kernel accepts all compiled files once more in a process of its own
   (`checker`), so that it does not matter what a candidate made the process do that compiled it;
5. for a problem, the header as it stands, the statement and the text are compiled as one file (`compile_as_one`);
6. a recheck does all of this again from source, our library included, and lets an installed toolchain's `leanchecker`
   replay the modules of 1 to 3. Where there is no checker, trust stays at `audited`, and a message says so.

Invariant (design, invariant 1): `accepted` means that Lean holds NAME to be a proof of the frozen statement from
allow-listed axioms and the header's own. No output of a process that read the candidate's text decides anything but its
failure, and no compiled file is loaded that a process could have changed after the one that wrote it. docs/lean.md says
which layer refuses what.

Layer: all of one candidate.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from domain import Candidate, Message, Verdict, is_canonical_lemma
from verifiers.audit import scratch
from verifiers.audit.cache import content_key
from verifiers.audit.kept import KeptFolders, built
from verifiers.audit.lean.compiler import Compiler
from verifiers.audit.lean.headers import STATEMENT_MODULE
from verifiers.audit.lean.layers import (
    CANDIDATE_MODULE,
    CHECK_MODULE,
    FROZEN,
    Question,
    check_axioms,
    compile_as_one,
    compile_candidate,
    frozen_text,
    kernel_again,
    not_prepared,
    read,
    refused_texts,
    resting_on,
)
from verifiers.audit.lean.source import lemma_theorem
from verifiers.audit.lean.toolchain import LeanSettings, find, rebuild
from verifiers.audit.lean.uses import lemmas_in_text, lemmas_used
from verifiers.audit.refusals import REFUSALS, Rejection, refusal, verdict_of
from verifiers.audit.sandbox import Sandbox

NO_CHECKER = (
    "audited, not rechecked: this Lean has no leanchecker, so the kernel had no second look at what was compiled"
)


@dataclass(slots=True)
class _Work:
    """One audit: its compiler, the folder of the statement, and that of the candidate; `until` it ends they stay."""

    compiler: Compiler
    path: list[Path]
    own: Path
    until: ExitStack


class Auditor:
    """Audits candidates. Compiled headers and statements are kept in trusted folders while it lives."""

    def __init__(self, sandbox: Sandbox, settings: LeanSettings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        self._kept = KeptFolders(sandbox)
        self._lock = Lock()
        self.cpu_seconds = 0.0

    def close(self) -> None:
        """Remove the folders of compiled headers and statements."""
        self._kept.close()

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """The verdicts on independent candidates, in order."""

        def judge(candidate: Candidate) -> Verdict:
            refused = refused_texts(candidate)
            return refusal(refused) if refused else self.judge_compiled(candidate, recheck=recheck)

        if self._settings.audit_workers == 1 or len(batch) == 1:
            return [judge(candidate) for candidate in batch]
        with ThreadPoolExecutor(self._settings.audit_workers) as pool:
            return list(pool.map(judge, batch))

    def judge_compiled(self, candidate: Candidate, *, recheck: bool = False) -> Verdict:
        """The verdict of all layers but the lint, without which a text could run code while Lean reads it."""
        with self._work(recheck=recheck) as work:
            try:
                verdict = self._judge(read(candidate), work, recheck=recheck)
            except REFUSALS as error:
                verdict = verdict_of(error)
        return replace(verdict, seconds=round(work.compiler.cpu_seconds, 4))

    @contextmanager
    def _work(self, *, recheck: bool = False) -> Generator[_Work]:
        """What an audit works with; a recheck has its own compiled library and keeps nothing."""
        settings = self._settings
        toolchain = rebuild(find(settings)) if recheck else find(settings)
        limits = toolchain.limits(
            settings.recheck_seconds if recheck else settings.audit_seconds, settings.memory_bytes
        )
        compiler = Compiler(toolchain, self._sandbox, limits, settings.memory_bytes)
        with ExitStack() as until:
            work = _Work(compiler, [], self._sandbox.make_folder(trusted=True), until)
            until.callback(scratch.remove, work.own)
            if recheck:
                until.callback(toolchain.discard)
            try:
                yield work
            finally:
                with self._lock:
                    self.cpu_seconds += compiler.cpu_seconds

    def _judge(self, question: Question, work: _Work, *, recheck: bool) -> Verdict:
        compiler = work.compiler
        self._prepare(question, work, keep=not recheck)
        compile_candidate(question, compiler, work.path, work.own, lemma_theorem)
        folders = [*work.path, work.own]
        checked = check_axioms(question, compiler, folders, into=work.own)
        allowed = compiler.toolchain.axioms | set(question.candidate.problem.allowed_axioms) | question.header.axioms
        refused = sorted(checked.axioms - allowed)
        if refused:
            raise Rejection("axiom", resting_on(refused))
        toolchain = compiler.toolchain
        if toolchain.checker is not None and (recheck or toolchain.embedded):
            modules = [STATEMENT_MODULE, CANDIDATE_MODULE, CHECK_MODULE]
            kernel_again(compiler, {checked.theorem: FROZEN}, allowed, modules, folders)
        if not is_canonical_lemma(question.statement.name):  # the statement would be our own, in full names
            compile_as_one(question, compiler)
        uses = (
            lemmas_used(question, compiler, work.path)
            if question.lemmas
            else lemmas_in_text(question, compiler, folders)
        )
        axioms = tuple(sorted(checked.axioms))
        if recheck and toolchain.checker is None:
            return Verdict("accepted", "proved", "audited", (Message("warning", NO_CHECKER),), axioms, uses)
        return Verdict("accepted", "proved", "rechecked" if recheck else "audited", (), axioms, uses)

    def _prepare(self, question: Question, work: _Work, *, keep: bool) -> None:
        """Compile the header with the frozen statement into a trusted folder, in which is nothing of a candidate."""
        toolchain = work.compiler.toolchain
        text = toolchain.header(frozen_text(question.header, question.statement))
        header_lines = toolchain.header(f"{question.header.imports}{question.header.whole}").count("\n")

        def build(folder: Path) -> None:
            compiled = work.compiler.compile(STATEMENT_MODULE, text, into=folder)
            if not compiled.ok:
                at_header = bool(compiled.errors) and compiled.errors[0].line <= header_lines
                raise not_prepared(compiled, "the header" if at_header else "the statement", toolchain)
            for one in compiled.said:
                if one.severity == "warning" and "sorry" in one.text:
                    what = "the header" if one.line <= header_lines else "the statement"
                    raise Rejection("malformed", Message("error", f"{what} has a `sorry` in it"), kind="error")

        if keep:
            work.path.append(self._kept.get(content_key(text), build, work.until))
        else:
            work.path.append(built(self._sandbox, build))
            work.until.callback(scratch.remove, work.path[-1])
