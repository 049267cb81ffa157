"""The Rocq backend: warm sessions for checks, and the judge of `verifiers.audit.rocq` for what counts.

Sessions are kept by header (with the candidate's tactic definitions), least recently used last. In a warm check the
library lemmas that a text names are assumed as axioms, and `uses` are those on which the proof was seen to rest; an
audit compiles them with their proofs, and reads `uses` from the proof term.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from domain import (
    Candidate,
    Development,
    Elaboration,
    Goal,
    Lemma,
    Message,
    Problem,
    Prover,
    Replay,
    Term,
    Verdict,
)
from verifiers.audit.refusals import Malformed, Unterminated, refusal
from verifiers.audit.rocq.judge import Judge, RocqSettings
from verifiers.audit.rocq.lint import refuse, refuse_preamble
from verifiers.audit.rocq.reader import library_parameters
from verifiers.audit.rocq.sentences import identifiers
from verifiers.audit.rocq.source import (
    FrozenStatement,
    Surrounded,
    named_lemmas,
    parse_statement,
    surround,
    without_header,
)
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.audit.words import ParseError
from verifiers.rocq.document import Outcome
from verifiers.rocq.elaboration import Elaborator, run_in
from verifiers.rocq.reader import parse_goal, parse_goals
from verifiers.rocq.session import Session
from verifiers.rocq.terms import render
from verifiers.rocq.whole_file import run_file
from verifiers.warm_sessions import WarmSessions
from verifiers.whole_file import FileAnswer

_FROZEN = "Frozen_statement"
_CHECK = "Frozen_check"


class RocqVerifier:
    """Implements `verifiers.protocol.Verifier`. Not for use from several threads at once."""

    prover: Prover = "rocq"

    def __init__(self, settings: RocqSettings | None = None) -> None:
        self.settings = settings or RocqSettings()
        self._sandbox = Sandbox()
        self._sessions = WarmSessions(self.settings.sessions, self._load)
        self._closed_cpu_seconds = 0.0
        self._judge = Judge(self._sandbox, self.settings)
        self._parameters: dict[str, dict[str, int]] = {}
        self._elaboration_session: Session | None = None
        self._elaborator: Elaborator | None = None

    # ------------------------------------------------------------------------------------------------ the prover

    @property
    def version(self) -> str:
        """The prover's version, like `8.16.1`. Raises `OutsideError` when there is no prover."""
        return self._judge.version

    def describe(self) -> str:
        """The prover and its version, like `rocq 8.16.1`."""
        return self._judge.describe()

    def sandbox_note(self) -> str | None:
        """Why provers run without a full sandbox here, or None."""
        return self._sandbox.degraded

    def notices(self) -> list[str]:
        """What a run should know of how this verifier works here: its sandbox, and the shared file of verdicts."""
        return [note for note in (self.sandbox_note(), self._judge.notice) if note is not None]

    # ------------------------------------------------------------------------------------------------ elaboration

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, in order; a verdict `error` for one that the prover refuses."""
        if self._elaborator is None:
            self._elaboration_session = self._new_session()
            self._elaborator = Elaborator(run_in(self._elaboration_session))
        return self._elaborator.elaborate(problems)

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
        """The open goals after a prefix of a proof; after a failure, those before the sentence that failed.

        After a timeout the goals are not known.
        """
        try:
            statement = parse_statement(candidate.problem.formal_statement)
            proof = without_header(candidate.proof, candidate.problem.header)
            refused = _refused(candidate, proof)
            if refused:
                return Replay(False, (), (Message("error", f"not allowed: {refused}"),))
            placed = surround(statement, proof)
            lemmas = named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble)
        except (Malformed, Unterminated) as error:
            return Replay(False, (), (Message("error", str(error)),))
        session = self._session(candidate)
        if isinstance(session, Outcome):
            return Replay(False, (), (Message("error", f"the header: {session.error}"),))
        before = "\n".join([*map(_axiom, lemmas), placed.before])
        outcome = session.run(placed.text, seconds or self.settings.check_seconds, before=before)
        parameters = self._constructor_parameters(candidate.problem.header)
        messages = list(outcome.messages)
        goals: list[Goal] = []
        for goal in outcome.goals:
            try:
                goals.append(parse_goal(goal.hypotheses, goal.conclusion, parameters))
            except ParseError as error:
                messages.append(Message("warning", f"a goal is not understood: {error}"))
        opened, focused = len(outcome.goals), outcome.focused
        return Replay(outcome.ok, tuple(goals), tuple(messages), opened, focused, outcome.cpu_seconds)

    def run_file(self, text: str, seconds: float | None = None) -> FileAnswer:
        """What the prover says of a whole file (`verifiers.whole_file.RunsFiles`)."""
        return run_file(text, seconds or self.settings.check_seconds, self._sessions)

    def parse_goal(self, text: str, header: str = "") -> Goal:
        """One goal as `Show` prints it under `Set Printing All`: hypotheses, a bar of `=`, the conclusion."""
        goals = parse_goals(text, self._constructor_parameters(header))
        if len(goals) != 1:
            raise ParseError(f"expected one goal, found {len(goals)} in: {text[:60]!r}")
        return goals[0]

    def render_statement(self, term: Term) -> str:
        """A closed statement as text that Rocq reads back as exactly this term."""
        return render(term)

    def query(self, header: str, text: str, seconds: float | None = None) -> Outcome:
        """Run sentences (`Eval`, `Check`, …) after a header in a warm session, and forget them."""
        session = self._session_for(header)
        return session if isinstance(session, Outcome) else session.run(text, seconds or self.settings.check_seconds)

    # ------------------------------------------------------------------------------------------------ accounting

    def cpu_seconds(self) -> float:
        """CPU seconds of all prover processes so far, audits included."""
        elaborating = self._elaboration_session.cpu_seconds if self._elaboration_session else 0.0
        return self._sessions.cpu_seconds + elaborating + self._closed_cpu_seconds + self._judge.cpu_seconds

    def close(self) -> None:
        """End all processes and remove their folders; the verifier can be used again afterwards."""
        self._sessions.close()
        if self._elaboration_session is not None:
            self._elaboration_session.close()
            self._closed_cpu_seconds += self._elaboration_session.cpu_seconds
            self._elaboration_session = self._elaborator = None
        self._judge.close()

    # ------------------------------------------------------------------------------------------------ warm sessions

    def _check(self, candidate: Candidate, seconds: float) -> Verdict:
        try:
            statement = parse_statement(candidate.problem.formal_statement)
            proof = without_header(candidate.proof, candidate.problem.header)
            refused = _refused(candidate, proof)
            if refused:
                return refusal(refused)
            placed = surround(statement, proof)
            lemmas = named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble)
        except Malformed as error:
            return Verdict("error", "malformed", "none", (Message("error", str(error)),))
        except Unterminated as error:
            return Verdict("rejected", "does_not_compile", "none", (Message("error", str(error)),))
        session = self._session(candidate)
        if isinstance(session, Outcome):
            return _not_ours(session, "the header")
        frozen = f"Definition {_FROZEN} : Prop := {statement.proposition}."
        before = "\n".join([frozen, *map(_axiom, lemmas), placed.before])
        text = placed.text + placed.after
        tail = f"\nDefinition {_CHECK} : {_FROZEN} := @{statement.name}."
        if lemmas:
            tail += f"\nPrint Assumptions {_CHECK}."
        outcome = session.run(text + tail, seconds, before=before, goals=False)
        if outcome.ok:
            said = " ".join(message.text for message in outcome.messages if message.start >= len(text))
            named = {one.text.rpartition(".")[2] for one in identifiers(said)}
            uses = tuple(sorted(named & {lemma.canonical_name for lemma in lemmas}))
            return Verdict("accepted", "proved", "elaborated", uses=uses, seconds=outcome.cpu_seconds)
        if outcome.reason == "does_not_compile" and (outcome.failed_at or -1) >= len(text):
            return _at_the_end(outcome, session.run(text, seconds, before=before), placed, statement)
        return _failed(outcome, placed)

    def _session(self, candidate: Candidate) -> Session | Outcome:
        return self._session_for("\n".join(part for part in (candidate.problem.header, candidate.preamble) if part))

    def _session_for(self, header: str) -> Session | Outcome:
        """The warm session with this header, or what came of loading it."""
        return self._sessions.get(header)

    def _load(self, header: str) -> tuple[Session, Outcome]:
        session = self._new_session()
        return session, session.load(header)

    def _new_session(self) -> Session:
        _ = self.version
        limits = Limits(memory_bytes=self.settings.memory_bytes, processes=32)
        return Session(limits, sandbox=self._sandbox)

    # ------------------------------------------------------------------------------------------------ names

    def _constructor_parameters(self, header: str) -> Callable[[str], int]:
        """How many parameters the constructors of the header's datatypes have; patterns are printed without them."""
        if re.search(r"\b(?:Inductive|Variant)\s+[\w']+\s*[({]", header) is None:
            return library_parameters
        if header not in self._parameters:
            asked = Problem("parameters", "rocq", header, "Lemma parameters : True.")
            elaboration = self.elaborate([asked])[0]
            known: dict[str, int] = {}
            if isinstance(elaboration, Elaboration):
                own = elaboration.own_names
                for definition in elaboration.definitions:
                    for datatype in definition.datatypes:
                        for constructor in datatype.constructors:
                            known[own.get(constructor.name, constructor.name)] = datatype.parameters
            self._parameters[header] = known
        known = self._parameters[header]
        return lambda constructor: known.get(constructor, library_parameters(constructor))


def _refused(candidate: Candidate, proof: str) -> str | None:
    return refuse_preamble(candidate.preamble) or refuse(proof, candidate.problem.header)


def _failed(outcome: Outcome, placed: Surrounded) -> Verdict:
    """The verdict on a run in which the text failed."""
    length = len(placed.text)
    messages = tuple(replace(one, start=min(one.start, length), end=min(one.end, length)) for one in outcome.messages)
    if outcome.reason == "timeout":
        return Verdict("timeout", "timeout", "none", messages, seconds=outcome.cpu_seconds)
    if outcome.reason in (None, "prover_error"):
        return Verdict("error", "prover_error", "none", messages, seconds=outcome.cpu_seconds)
    if outcome.failed_at is None or outcome.failed_at < 0:
        return _not_ours(outcome, "the statement or a lemma")
    return Verdict("rejected", outcome.reason, "none", messages, seconds=outcome.cpu_seconds)


def _at_the_end(outcome: Outcome, alone: Outcome, placed: Surrounded, statement: FrozenStatement) -> Verdict:
    """The verdict on a text that is accepted itself (`alone`), after which the statement is not."""
    length = len(placed.text)
    if alone.proof_open:
        reason, message = "does_not_compile", Message("error", "the proof is not finished", length, length)
    else:
        text = f"{statement.name} is not a proof of the statement: {outcome.error}"
        reason, message = "wrong_statement", Message("error", text)
    seconds = outcome.cpu_seconds + alone.cpu_seconds
    return Verdict("rejected", reason, "none", (message,), seconds=seconds)


def _not_ours(outcome: Outcome, what: str) -> Verdict:
    """The verdict where something other than the candidate's text fails."""
    message = Message("error", f"{what}: {outcome.error}")
    return Verdict("error", outcome.reason or "prover_error", "none", (message,), seconds=outcome.cpu_seconds)


def _axiom(lemma: Lemma) -> str:
    """The sentence by which a warm session assumes a lemma."""
    return f"Axiom {lemma.canonical_name} : {lemma.statement_exact}."
