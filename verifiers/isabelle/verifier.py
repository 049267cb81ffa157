"""The Isabelle backend: candidates in theories of their own, asked for together, judged one by one.

A check puts many candidates into one question to a warm session, with library lemmas assumed; an audit starts a fresh
session for each (or for a few), with library lemmas proved. Who is not finished when the limit is met is asked again
alone, so a candidate that loops or kills the server costs itself a verdict, and its neighbours only time. A recheck
also builds the audit in batch mode, a process of its own that knows neither the session nor its interactive ways.

Invariant (design, invariants 1 and 11): FINISHED is no success. `accepted` needs every theory of the candidate to be
clean, the server's errors to be accounted for, and the audit's answers as in `audit`. Whatever a server is that does
not call itself a published release, its verdicts have trust `elaborated` at most, so a stand-in never fills the
library.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from domain import (
    Candidate,
    Const,
    Development,
    Elaboration,
    Goal,
    Message,
    OutsideError,
    Problem,
    Prover,
    Replay,
    Term,
    Verdict,
)
from verifiers.audit.cache import VerdictCache, candidate_key, program_digest
from verifiers.audit.isabelle import theories
from verifiers.audit.isabelle.cases import Case, errors_of, groups, prepare, sessions_of
from verifiers.audit.isabelle.comparison import ACCESS, probes, release_year
from verifiers.audit.isabelle.judging import facts_used, verdict_on
from verifiers.audit.isabelle.server import IsabelleSettings, Server, open_server
from verifiers.audit.isabelle.session import Session, Used
from verifiers.audit.refusals import Malformed
from verifiers.audit.sandbox import Sandbox
from verifiers.canonical import digest
from verifiers.isabelle.goals import Printed, read_goal, read_goals, render

PROBE_SECONDS = 60.0
"""For the question which forms of ML a server's release understands, wall time."""


class IsabelleVerifier:
    """Implements `verifiers.protocol.Verifier`. Not for use from several threads at once."""

    prover: Prover = "isabelle"

    def __init__(self, settings: IsabelleSettings | None = None) -> None:
        self.settings = settings or IsabelleSettings()
        self._sandbox = Sandbox()
        self._sessions: dict[tuple[str, ...], Session] = {}
        self._closed_cpu_seconds = 0.0
        self._cache = VerdictCache(self.settings.cache_entries)

    # ------------------------------------------------------------------------------------------------ the prover

    @property
    def version(self) -> str:
        """What the server calls itself, like `Isabelle2025-2`. Raises `OutsideError` when there is none."""
        return self._version

    @cached_property
    def _version(self) -> str:
        return self._session(()).identity.name

    def describe(self) -> str:
        """The prover and its version, like `isabelle Isabelle2025-2`."""
        return f"{self.prover} {self.version}"

    @property
    def stand_in(self) -> bool:
        """Whether the server does not call itself a published release of Isabelle."""
        return self.release is None

    @property
    def release(self) -> int | None:
        """The year of the release that the server says it is, if it is one that the audit is written for."""
        return release_year(self.version)

    @cached_property
    def _access(self) -> tuple[str, ...]:
        """How the audit reads the names of facts and oracles on this server: the first ways that it understands."""
        asked = probes(secrets.token_hex(6))
        texts = {name: text for name, (text, _, _) in asked.items()}
        used = self._session(()).use(texts, list(texts), PROBE_SECONDS)
        understood: dict[str, str] = {}
        for name, (_, what, way) in asked.items():
            node = used.nodes.get(name)
            if node is not None and node.clean:
                understood.setdefault(what, way)
        missing = next((what for what in ACCESS if what not in understood), None)
        if missing is not None:
            why = used.message or "it understands none of the known ways"
            raise OutsideError(f"{self.version} does not tell the names of each {missing} of a proof: {why}")
        return tuple(understood.values())

    def sandbox_note(self) -> str | None:
        """Why provers run without a full sandbox here, or None."""
        if self.settings.server:
            return f"the Isabelle server {self.settings.server} runs outside the sandbox, with its owner's rights"
        return self._sandbox.degraded

    def notices(self) -> list[str]:
        """What a run should know of how this verifier works here: where its server runs."""
        note = self.sandbox_note()
        return [] if note is None else [note]

    def cpu_seconds(self) -> float:
        """CPU seconds of all servers of ours."""
        return self._closed_cpu_seconds + sum(session.cpu_seconds() for session in self._sessions.values())

    def close(self) -> None:
        """Stop the sessions and end our servers."""
        for session in self._sessions.values():
            session.close()
            self._closed_cpu_seconds += session.cpu_seconds()
        self._sessions.clear()

    # ------------------------------------------------------------------------------------------------ verification

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        """Quick verdicts from warm sessions; a success has trust `elaborated` and is not yet accepted."""
        return self._cached("check", seconds or self.settings.check_seconds, batch)

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count, from fresh sessions."""
        return self._cached("recheck" if recheck else "audit", self.settings.audit_seconds, batch)

    def recheck(self, development: Development) -> Verdict:
        """The verdict on a whole library: each lemma is audited and built in batch mode; nothing comes from a cache.

        The worst decides, the first of its kind; `seconds` are those of all.
        """
        candidates = [
            Candidate(
                Problem(
                    "goal",
                    "isabelle",
                    development.header,
                    f"theorem goal:\n  {lemma.statement_exact}",
                    allowed_axioms=development.allowed_axioms,
                ),
                lemma.proof,
                development.lemmas[:number],
                development.preamble,
            )
            for number, lemma in enumerate(development.lemmas)
        ]
        verdicts = self._verdicts("recheck", self.settings.audit_seconds, candidates)
        told = min(verdicts, key=lambda verdict: (verdict.verdict == "accepted", verdict.accepted))
        return replace(told, seconds=sum(verdict.seconds for verdict in verdicts), prover=self.describe())

    def replay(self, candidate: Candidate, seconds: float | None = None) -> Replay:
        """The open goals after a prefix of a proof, or before the step that failed, and what was said where.

        Goals are read from what the server prints; `Goal`s hold their terms as the printed text.
        """
        case = prepare(candidate, self._access, assumed=True, prefix=True)
        if isinstance(case, Verdict):
            return Replay(False, (), case.messages)
        used = self._ask([case], self.settings.check_seconds if seconds is None else seconds, case.names.candidate)
        node = used.nodes.get(case.names.candidate)
        if used.kind != "finished" or node is None:
            return Replay(False, (), (Message("error", used.message or used.kind),), seconds=used.seconds)
        errors = tuple(one for one in errors_of(case, node) if one.start <= len(candidate.proof))
        printed = [error.text for error in errors[:1]] + [one.text for one in reversed(node.messages)]
        state = next((found for text in printed if (found := _goals(text)) is not None), Printed((), 0))
        ok = not errors and node.settled
        return Replay(ok, state.goals, errors, state.total, state.total, round(used.seconds, 4))

    def uses(self, candidate: Candidate) -> tuple[str, ...] | Verdict:
        """The facts in the derivation of a proof, sorted, read by `thm_deps`; the verdict on a text that has none.

        Library lemmas are assumed, and have their canonical names; facts of the text itself are looked through.
        """
        case = prepare(candidate, self._access, assumed=True)
        if isinstance(case, Verdict):
            return case
        used = self._ask([case], self.settings.check_seconds)
        verdict, answer = verdict_on(case, used, assumed=True, alone=True)
        if verdict.verdict != "accepted" or answer is None:
            return verdict
        return facts_used(answer, case.names)

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """Each problem with its statement as text, in one line: Isabelle's terms are not read here.

        So no two ways of writing a statement are one, nothing is shared between headers, and no server is asked. A
        verdict `error` for a problem that is none.
        """
        return [_as_text(problem) for problem in problems]

    def parse_goal(self, text: str, header: str = "") -> Goal:  # noqa: ARG002 (a goal's text is whole by itself)
        """A printed goal, cut into variables, premises and conclusion, with terms as text (see `goals`).

        Raises:
            ValueError: its brackets do not match.
        """
        return read_goal(text)

    def render_statement(self, term: Term) -> str:
        """A statement made of such goals' parts, in quotes.

        Raises:
            ValueError: it has other parts.
        """
        return f'"{render(term)}"'

    # ------------------------------------------------------------------------------------------------ one batch

    def _cached(self, kind: str, seconds: float, batch: Sequence[Candidate]) -> list[Verdict]:
        keys = [self._key(kind, seconds, candidate) for candidate in batch]
        return self._cache.answer(keys, batch, lambda new: self._verdicts(kind, seconds, new), self.describe())

    def _verdicts(self, kind: str, seconds: float, batch: Sequence[Candidate]) -> list[Verdict]:
        assumed = kind == "check"
        cases = [prepare(candidate, self._access, assumed=assumed) for candidate in batch]
        verdicts = {number: case for number, case in enumerate(cases) if isinstance(case, Verdict)}
        ready = {number: case for number, case in enumerate(cases) if not isinstance(case, Verdict)}
        size = self.settings.batch if assumed else self.settings.audits_per_session
        for group in groups(ready, size):
            for number, verdict in self._group(group, seconds, assumed=assumed).items():
                rechecked = verdict.verdict == "accepted" and kind == "recheck"
                verdicts[number] = self._recheck(ready[number], verdict) if rechecked else verdict
        return [self._capped(verdicts[number]) for number in range(len(batch))]

    def _group(self, group: dict[int, Case], seconds: float, *, assumed: bool) -> dict[int, Verdict]:
        """Ask for some candidates together, and for those that got no verdict alone."""
        cases = list(group.values())
        used = self._ask(cases, seconds, fresh=not assumed)
        alone = len(group) == 1
        verdicts: dict[int, Verdict] = {}
        for number, case in group.items():
            verdict, _ = verdict_on(case, used, assumed=assumed, alone=alone, neighbours=cases)
            if verdict.verdict in ("timeout", "error") and not alone:
                again = prepare(case.candidate, self._access, assumed=assumed)
                assert not isinstance(again, Verdict)
                verdict, _ = verdict_on(
                    again, self._ask([again], seconds, fresh=not assumed), assumed=assumed, alone=True
                )
            verdicts[number] = verdict
        return verdicts

    def _ask(self, cases: Sequence[Case], seconds: float, *asked: str, fresh: bool = False) -> Used:
        """Put the theories of these cases to a session; a fresh one is closed after."""
        texts = {name: text for case in cases for name, text in case.texts.items()}
        include = sessions_of(cases[0].header)
        wanted = asked or [case.names.audit for case in cases]
        if not fresh:
            return self._session(include).use(texts, wanted, seconds)
        session = self._new_session(include)
        try:
            if session.identity.name != self.version:
                raise OutsideError(f"the Isabelle server was {self.version!r} and is {session.identity.name!r} now")
            return session.use(texts, wanted, seconds)
        finally:
            session.close()
            self._closed_cpu_seconds += session.cpu_seconds()

    def _recheck(self, case: Case, verdict: Verdict) -> Verdict:
        """Build the audit in batch mode: it fails unless all is well."""
        again = prepare(case.candidate, self._access, assumed=False, strict=True)
        assert not isinstance(again, Verdict)
        session = self._new_session(sessions_of(case.header))
        try:
            ended = session.build(again.texts, again.names.audit, self.settings.recheck_seconds)
        finally:
            session.close()
            self._closed_cpu_seconds += session.cpu_seconds()
        if ended.finished and ended.answer.get("ok") is True:
            return replace(verdict, trust="rechecked")
        said = Message("error", f"a batch build refuses the proof: {ended.message}")
        return replace(verdict, verdict="rejected", reason="axiom", trust="none", messages=(said,))

    def _capped(self, verdict: Verdict) -> Verdict:
        """The verdict with no more trust than this server deserves."""
        if verdict.trust in ("audited", "rechecked") and self.stand_in:
            said = Message(
                "warning", f"the server calls itself {self.version!r}, which is no release of Isabelle known here"
            )
            return replace(verdict, trust="elaborated", messages=(*verdict.messages, said))
        return verdict

    # ------------------------------------------------------------------------------------------------ preparing

    def _session(self, include: tuple[str, ...]) -> Session:
        """The warm session that knows these sessions' theories."""
        if include not in self._sessions:
            self._sessions[include] = self._new_session(include)
        return self._sessions[include]

    def _new_session(self, include: tuple[str, ...]) -> Session:
        def opened() -> Server:
            return open_server(self.settings, self._sandbox)

        return Session(self.settings, opened, include)

    def _key(self, kind: str, seconds: float, candidate: Candidate) -> str:
        lemmas = theories.named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble)
        limits = f"{seconds} {self.settings.session} {self.settings.recheck_seconds}"
        return candidate_key(kind, (self.describe(), program_digest(), limits), candidate, lemmas)


def _as_text(problem: Problem) -> Elaboration | Verdict:
    try:
        theories.parse_header(problem.header)
        statement = theories.parse_statement(problem.formal_statement)
    except Malformed as error:
        return Verdict("error", "malformed", "none", (Message("error", str(error)),))
    exact = " ".join(statement.body.split())
    prelude_id = digest(f"isabelle {' '.join(problem.header.split())}")
    return Elaboration(problem, prelude_id, problem.header, (), {}, Const(exact), exact, ())


def _goals(text: str) -> Printed | None:
    try:
        return read_goals(text)
    except ValueError:  # a state that is cut off, or that says `goal (1 subgoal):` inside of something else
        return None
