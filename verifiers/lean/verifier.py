"""The Lean backend behind `verifiers.protocol`: warm sessions for speed, audits in fresh processes for admission.

A check runs in a warm session whose base is the problem's header: the statement is frozen before the candidate's text,
library lemmas are assumed, and the session forgets the text afterwards. Its success has trust `elaborated`; only an
audit's verdict is accepted (design, invariant 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain import Candidate, Development, Elaboration, Goal, Message, Problem, Prover, Replay, Term, Verdict
from verifiers.audit.lean.compiler import UNSOLVED
from verifiers.audit.lean.judge import Judge
from verifiers.audit.lean.layers import (
    FROZEN,
    Question,
    frozen_definition,
    lacking,
    lemmas_among,
    printed_axioms,
    read,
    refused_texts,
    resting_on,
)
from verifiers.audit.lean.source import lemma_axiom, surround, without_header
from verifiers.audit.lean.toolchain import LeanSettings, Toolchain
from verifiers.audit.refusals import Malformed, Unterminated, refusal
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.asking import Ran, run_commands
from verifiers.lean.elaboration import Elaborator
from verifiers.lean.goals import read_goal, replay
from verifiers.lean.session import Outcome, Session
from verifiers.lean.terms import render
from verifiers.lean.whole_file import run_file
from verifiers.warm_sessions import WarmSessions
from verifiers.whole_file import FileAnswer

_CHECK = "LemmaryFrozen.check"
_FULL_NAMES = (
    "set_option pp.all false in\nset_option pp.universes false in\nset_option pp.fullNames true in\n"
    f"#print axioms _root_.{_CHECK}\n"
)
"""Asks for axioms by their full names, whatever namespaces and options the header leaves open."""


class LeanVerifier:
    """Implements `verifiers.protocol.Verifier`. Not for use from several threads at once."""

    prover: Prover = "lean4"

    def __init__(self, settings: LeanSettings | None = None) -> None:
        self.settings = settings or LeanSettings()
        self._sandbox = Sandbox()
        self._sessions = WarmSessions(self.settings.sessions, self._load)
        self._judge = Judge(self._sandbox, self.settings)
        self._elaborator = Elaborator(self._run)

    # ------------------------------------------------------------------------------------------------ the prover

    @property
    def toolchain(self) -> Toolchain:
        """The Lean that answers. Raises `OutsideError` when there is none."""
        return self._judge.toolchain

    @property
    def version(self) -> str:
        """The prover's version, like `4.35.0`. Raises `OutsideError` when there is no prover."""
        return self.toolchain.version

    def describe(self) -> str:
        """The prover and its version, like `lean4 4.35.0`; the embedded one says so."""
        return self._judge.describe()

    def sandbox_note(self) -> str | None:
        """Why provers run without a full sandbox here, or None."""
        return self._sandbox.degraded

    def notices(self) -> list[str]:
        """What a run should know of how this verifier works here."""
        return [note for note in (self.sandbox_note(),) if note is not None]

    # ------------------------------------------------------------------------------------------------ elaboration

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
        return [self._advised(answer) for answer in self._elaborator.elaborate(problems)]

    def _advised(self, answer: Elaboration | Verdict) -> Elaboration | Verdict:
        """What was answered; a refusal with what to do about a missing library."""
        if isinstance(answer, Elaboration) or not (hint := lacking(answer.messages[0].text, self.toolchain)):
            return answer
        first, *others = answer.messages
        said = Message("error", f"{first.text.splitlines()[0]}: {hint}")
        return replace(answer, messages=(said, *others))

    def _run(self, header: str, commands: Sequence[str]) -> Ran:
        """The answers to commands after a header, in a warm session that has read it."""
        session = self._sessions.get(header)
        if isinstance(session, Outcome):
            what = "the header: " if session.reason == "does_not_compile" else ""
            return Ran((), f"{what}{session.error}"[:2000], session.reason or "prover_error")
        return run_commands(session, commands, self.settings.audit_seconds)

    # ------------------------------------------------------------------------------------------------ verification

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        """Quick verdicts from warm sessions; a success has trust `elaborated` and is not yet accepted."""
        limit = seconds or self.settings.check_seconds
        return self._judge.check(batch, limit, lambda one: self._check(one, limit))

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count, from fresh processes; they are the judge's alone."""
        return self._judge.audit(batch, recheck=recheck)

    def recheck(self, development: Development) -> Verdict:
        """The judge's verdict of an independent pass over a whole library; nothing is taken from a cache."""
        return self._judge.recheck(development)

    def replay(self, candidate: Candidate, seconds: float | None = None) -> Replay:
        """The open goals after a prefix of a proof; after a failure, those before the step that failed."""
        seconds = seconds or self.settings.check_seconds
        try:
            refused = refused_texts(candidate)
            if refused:
                return Replay(False, (), (Message("error", f"not allowed: {refused}"),))
            question = read(candidate)
            placed = surround(question.statement, without_header(candidate.proof, candidate.problem.header))
        except (Malformed, Unterminated) as error:
            return Replay(False, (), (Message("error", str(error)),))
        session = self._session(candidate)
        if isinstance(session, Outcome):
            return Replay(False, (), (Message("error", f"the header: {session.error}"),))
        ours = "".join(f"{lemma_axiom(one)}\n" for one in question.lemmas)
        return replay(session, placed.text, seconds, ours=ours, opening=placed.before)

    def run_file(self, text: str, seconds: float | None = None) -> FileAnswer:
        """What the prover says of a whole file (`verifiers.whole_file.RunsFiles`)."""
        return run_file(text, seconds or self.settings.check_seconds, self._sessions)

    def parse_goal(self, text: str, header: str = "") -> Goal:
        """One goal as Lean prints it under `pp.all`: hypotheses, `⊢`, the conclusion."""
        del header  # Lean prints constructors with their parameters
        return read_goal(text)

    def render_statement(self, term: Term) -> str:
        """A closed statement as text that Lean reads back as exactly this term."""
        return render(term)

    # ------------------------------------------------------------------------------------------------ accounting

    def cpu_seconds(self) -> float:
        """CPU seconds of all prover processes so far, audits included."""
        return self._sessions.cpu_seconds + self._judge.cpu_seconds

    def close(self) -> None:
        """End all processes and remove their folders; the verifier can be used again afterwards."""
        self._sessions.close()
        self._judge.close()

    # ------------------------------------------------------------------------------------------------ warm sessions

    def _check(self, candidate: Candidate, seconds: float) -> Verdict:
        try:
            refused = refused_texts(candidate)
            if refused:
                return refusal(refused)
            question = read(candidate)
            placed = surround(question.statement, without_header(candidate.proof, candidate.problem.header))
        except Malformed as error:
            return Verdict("error", "malformed", "none", (Message("error", str(error)),))
        except Unterminated as error:
            return Verdict("rejected", "does_not_compile", "none", (Message("error", str(error)),))
        session = self._session(candidate)
        if isinstance(session, Outcome):
            return _not_ours(session, "the header")
        lemmas = "".join(f"{lemma_axiom(one)}\n" for one in question.lemmas)
        before = f"{frozen_definition(question.statement, FROZEN)}{lemmas}{placed.before}"
        after = f"theorem _root_.{_CHECK} : _root_.{FROZEN} := @_root_.{question.name}\n{_FULL_NAMES}"
        text = placed.text + placed.after
        outcome = session.run(text, seconds, before=before, after=after)
        axioms = self.toolchain.axioms
        return _told(outcome, question, axioms, len(placed.before), len(placed.text), len(text))

    def _session(self, candidate: Candidate) -> Session | Outcome:
        """The warm session with a candidate's header and preamble, or what came of loading them."""
        base = "\n".join(part for part in (candidate.problem.header, candidate.preamble) if part)
        return self._sessions.get(base)

    def _load(self, header: str) -> tuple[Session, Outcome]:
        session = Session(self.toolchain, sandbox=self._sandbox, memory_bytes=self.settings.memory_bytes)
        return session, session.load(self.toolchain.header(header))


def _told(outcome: Outcome, question: Question, library: frozenset[str], opening: int, text: int, end: int) -> Verdict:
    """The verdict on a run; positions up to `text` are in the candidate's text, those from `end` on behind it.

    The `opening` characters before the text begin its theorem. `library` are the axioms that every proof may use.
    """
    clipped = tuple(
        replace(one, start=max(0, min(one.start, text)), end=max(0, min(one.end, text)))
        for one in outcome.messages
        if -opening <= one.start < end
    )
    seconds = outcome.cpu_seconds
    if outcome.reason == "timeout":  # what ended the process has no place
        return Verdict("timeout", "timeout", "none", outcome.messages, seconds=seconds)
    if outcome.reason == "prover_error":
        return Verdict("error", "prover_error", "none", outcome.messages, seconds=seconds)
    if outcome.reason in ("memory", "output") and not clipped:
        return Verdict("rejected", outcome.reason, "none", outcome.messages, seconds=seconds)
    if outcome.reason is not None:
        if outcome.failed_at is None or outcome.failed_at < -opening:
            return _not_ours(outcome, "the statement or a lemma")
        if outcome.failed_at >= end:
            said = f"{question.name} is not a proof of the statement: {outcome.error}"
            return Verdict("rejected", "wrong_statement", "none", (Message("error", said),), seconds=seconds)
        errors = tuple(sorted(clipped, key=lambda one: (one.level != "error", one.text.startswith(UNSOLVED))))
        return Verdict("rejected", outcome.reason, "none", errors, seconds=seconds)
    told = [axioms for one in outcome.messages if (axioms := printed_axioms(one.text, _CHECK)) and one.start >= end]
    axioms = set(told[0]) - {""} if len(told) == 1 else {"sorryAx"}
    lemmas = lemmas_among(question, axioms)
    prefix = f"{question.header.namespace}." if question.header.namespace else ""
    allowed = library | set(question.candidate.problem.allowed_axioms) | question.header.axioms
    refused = sorted(axioms - allowed - set(lemmas) - {prefix + lemma for lemma in lemmas})
    if refused:
        return Verdict("rejected", "axiom", "none", (resting_on(refused),), seconds=seconds)
    return Verdict("accepted", "proved", "elaborated", uses=lemmas, seconds=seconds)


def _not_ours(outcome: Outcome, what: str) -> Verdict:
    """The verdict where something other than the candidate's text fails."""
    message = Message("error", f"{what}: {outcome.error}")
    return Verdict("error", outcome.reason or "prover_error", "none", (message,), seconds=outcome.cpu_seconds)
