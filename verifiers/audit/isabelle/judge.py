"""Isabelle's judge, which is all that the rest of the program asks for a verdict that counts.

An audit starts a fresh session for a few candidates, each in theories of its own, with library lemmas proved; a check
puts many into one question to a warm session, with library lemmas assumed, and is judged in the same way but accepts
nothing. Who is not finished when the limit is met is asked again alone, so a candidate that loops or kills the server
costs itself a verdict, and its neighbours only time. A recheck also builds the audit in batch mode, a process of its
own that knows neither the session nor its interactive ways. Verdicts that were found before come from the cache, but
those on whole libraries never do.

Invariant (design, invariants 1 and 11): whatever a server is that does not call itself a published release, its
verdicts have trust `elaborated` at most, so a stand-in never fills the library.

Layer: which layers are run.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from domain import Candidate, Development, Lemma, Message, OutsideError, Problem, Prover, Verdict
from verifiers.audit.cache import Judged, Kind, VerdictCache
from verifiers.audit.isabelle.answers import Used
from verifiers.audit.isabelle.cases import Case, groups, prepare, sessions_of
from verifiers.audit.isabelle.comparison import ACCESS, probes, release_year
from verifiers.audit.isabelle.server import Server, open_server
from verifiers.audit.isabelle.session import Session
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.audit.isabelle.theories import named_lemmas
from verifiers.audit.isabelle.verdicts import verdict_on
from verifiers.audit.sandbox import Sandbox

PROBE_SECONDS = 60.0
"""For the question which forms of ML a server's release understands, wall time."""


ONE_SESSION = "Isabelle2020"
"""How the servers call themselves that bear one session at a time: a second one ends what all sessions share."""


class Judge:
    """Gives verdicts. Not for use from several threads at once."""

    prover: Prover = "isabelle"

    def __init__(self, sandbox: Sandbox, settings: IsabelleSettings) -> None:
        self.settings = settings
        self._sandbox = sandbox
        self._sessions: dict[tuple[str, ...], Session] = {}
        self._untouched: set[tuple[str, ...]] = set()
        self._version = ""
        self._closed_cpu_seconds = 0.0
        limits = f"{settings.session} {settings.recheck_seconds}"
        self._judged = Judged(VerdictCache(settings.cache_entries), self.describe, limits, _named)

    # ------------------------------------------------------------------------------------------------ the prover

    @property
    def version(self) -> str:
        """What the server calls itself, like `Isabelle2025-2`. Raises `OutsideError` when there is none."""
        return self._version or self._session(()).identity.name

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
    def access(self) -> tuple[str, ...]:
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

    def cpu_seconds(self) -> float:
        """CPU seconds of all servers of ours."""
        return self._closed_cpu_seconds + sum(session.cpu_seconds() for session in self._sessions.values())

    def close(self) -> None:
        """Stop the sessions and end our servers."""
        for session in self._sessions.values():
            self._end(session)
        self._sessions.clear()
        self._untouched.clear()

    # ------------------------------------------------------------------------------------------------ verdicts

    def check(self, batch: Sequence[Candidate], seconds: float) -> list[Verdict]:
        """Quick verdicts from warm sessions; a success has trust `elaborated` and is not yet accepted."""
        return self._judged.answer("check", seconds, batch, lambda new: self._verdicts("check", seconds, new))

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count, from fresh sessions."""
        kind: Kind = "recheck" if recheck else "audit"
        seconds = self.settings.audit_seconds
        return self._judged.answer(kind, seconds, batch, lambda new: self._verdicts(kind, seconds, new))

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

    # ------------------------------------------------------------------------------------------------ one batch

    def _verdicts(self, kind: Kind, seconds: float, batch: Sequence[Candidate]) -> list[Verdict]:
        assumed = kind == "check"
        cases = [prepare(candidate, self.access, assumed=assumed) for candidate in batch]
        verdicts = {number: case for number, case in enumerate(cases) if isinstance(case, Verdict)}
        ready = {number: case for number, case in enumerate(cases) if not isinstance(case, Verdict)}
        size = self.settings.batch if assumed else self.settings.audits_per_session
        for group in groups(ready, size):
            for number, verdict in self._group(group, seconds, assumed=assumed).items():
                rechecked = verdict.verdict == "accepted" and kind == "recheck"
                verdicts[number] = self._recheck(ready[number], verdict) if rechecked else verdict
        return [self._capped(verdicts[number]) for number in range(len(batch))]

    def _group(self, group: dict[int, Case], seconds: float, *, assumed: bool) -> dict[int, Verdict]:
        """Ask for some candidates together, and for those that got no verdict one by one, in one session more."""
        cases = list(group.values())
        used = self.ask(cases, seconds, fresh=not assumed)
        alone = len(group) == 1
        verdicts = {
            number: verdict_on(case, used, assumed=assumed, alone=alone, neighbours=cases)
            for number, case in group.items()
        }
        left = [number for number, verdict in verdicts.items() if verdict.verdict in ("timeout", "error")]
        if left and not alone:
            with self._opened(sessions_of(cases[0].header), fresh=not assumed) as session:
                for number in left:
                    again = prepare(group[number].candidate, self.access, assumed=assumed)
                    assert not isinstance(again, Verdict)
                    used = self._use(session, [again], seconds, again.names.audit)
                    verdicts[number] = verdict_on(again, used, assumed=assumed, alone=True)
        return verdicts

    def ask(self, cases: Sequence[Case], seconds: float, *asked: str, fresh: bool = False) -> Used:
        """Put the theories of these cases to a session; a fresh one is closed after."""
        with self._opened(sessions_of(cases[0].header), fresh=fresh) as session:
            return self._use(session, cases, seconds, *(asked or [case.names.audit for case in cases]))

    def _use(self, session: Session, cases: Sequence[Case], seconds: float, *asked: str) -> Used:
        return session.use({name: text for case in cases for name, text in case.texts.items()}, asked, seconds)

    @contextmanager
    def _opened(self, include: tuple[str, ...], *, fresh: bool) -> Generator[Session]:
        """The warm session for candidates, or a fresh one, which is closed after."""
        if not fresh:
            session = self._session(include)
            self._untouched.discard(include)
            yield session
            return
        session = self._fresh_session(include)
        try:
            yield session
        finally:
            self._end(session)

    def _recheck(self, case: Case, verdict: Verdict) -> Verdict:
        """Build the audit in batch mode: it fails unless all is well."""
        again = prepare(case.candidate, self.access, assumed=False, strict=True)
        assert not isinstance(again, Verdict)
        session = self._new_session(sessions_of(case.header))
        try:
            ended = session.build(again.texts, again.names.audit, self.settings.recheck_seconds)
        finally:
            self._end(session)
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

    # ------------------------------------------------------------------------------------------------ sessions

    def _session(self, include: tuple[str, ...]) -> Session:
        """The warm session that knows these sessions' theories."""
        if include not in self._sessions:
            self._make_room()
            self._sessions[include] = self._new_session(include)
            self._untouched.add(include)
        return self._sessions[include]

    def _fresh_session(self, include: tuple[str, ...]) -> Session:
        """A session that no candidate has been in: a new one, or one that was only asked questions of our own."""
        if include in self._untouched:
            self._untouched.remove(include)
            return self._sessions.pop(include)
        self._make_room()
        return self._new_session(include)

    def _make_room(self) -> None:
        """Close the sessions of a server that bears only one at a time."""
        if self.settings.server and any(
            session.identity.name.startswith(ONE_SESSION) for session in self._sessions.values()
        ):
            self.close()

    def _end(self, session: Session) -> None:
        session.close()
        self._closed_cpu_seconds += session.cpu_seconds()

    def _new_session(self, include: tuple[str, ...]) -> Session:
        return Session(self.settings, self._open, include)

    def _open(self) -> Server:
        """A server, also in place of one that a session has lost. Raises `OutsideError` when it is another one."""
        server = open_server(self.settings, self._sandbox)
        name = server.client.identity.name
        self._version = self._version or name
        if name != self._version:
            server.close()
            raise OutsideError(f"the Isabelle server was {self._version!r} and is {name!r} now")
        return server


def _named(candidate: Candidate) -> Sequence[Lemma]:
    return named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble)
