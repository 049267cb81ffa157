"""The Isabelle backend: what it asks of the judge of `verifiers.audit.isabelle`, and what it makes of printed goals.

The judge's sessions answer everything here, warm checks too; replays and questions for uses assume library lemmas, and
nothing that they say counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain import (
    Candidate,
    Const,
    Development,
    Elaboration,
    Goal,
    Message,
    Problem,
    Prover,
    Replay,
    Term,
    Verdict,
)
from verifiers.audit.isabelle import theories
from verifiers.audit.isabelle.cases import Case, errors_of, groups, prepare
from verifiers.audit.isabelle.judge import Judge
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.audit.isabelle.verdicts import verdict_on_problem
from verifiers.audit.refusals import Malformed
from verifiers.audit.sandbox import Sandbox
from verifiers.canonical import digest
from verifiers.isabelle.goals import Printed, read_goal, read_goals, render


class IsabelleVerifier:
    """Implements `verifiers.protocol.Verifier`. Not for use from several threads at once."""

    prover: Prover = "isabelle"

    def __init__(self, settings: IsabelleSettings | None = None) -> None:
        self.settings = settings or IsabelleSettings()
        self._sandbox = Sandbox()
        self._judge = Judge(self._sandbox, self.settings)

    # ------------------------------------------------------------------------------------------------ the prover

    @property
    def version(self) -> str:
        """What the server calls itself, like `Isabelle2025-2`. Raises `OutsideError` when there is none."""
        return self._judge.version

    def describe(self) -> str:
        """The prover and its version, like `isabelle Isabelle2025-2`."""
        return self._judge.describe()

    @property
    def stand_in(self) -> bool:
        """Whether the server does not call itself a published release of Isabelle."""
        return self._judge.stand_in

    @property
    def release(self) -> int | None:
        """The year of the release that the server says it is, if it is one that the audit is written for."""
        return self._judge.release

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
        return self._judge.cpu_seconds()

    def close(self) -> None:
        """Stop the sessions and end our servers."""
        self._judge.close()

    # ------------------------------------------------------------------------------------------------ verification

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        """Quick verdicts from warm sessions; a success has trust `elaborated` and is not yet accepted."""
        return self._judge.check(batch, seconds or self.settings.check_seconds)

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count, from fresh sessions; they are the judge's alone."""
        return self._judge.audit(batch, recheck=recheck)

    def recheck(self, development: Development) -> Verdict:
        """The judge's verdict on a whole library; nothing is taken from a cache."""
        return self._judge.recheck(development)

    def replay(self, candidate: Candidate, seconds: float | None = None) -> Replay:
        """The open goals after a prefix of a proof, or before the step that failed, and what was said where.

        Goals are read from what the server prints; `Goal`s hold their terms as the printed text.
        """
        case = prepare(candidate, self._judge.access, assumed=True, prefix=True)
        if isinstance(case, Verdict):
            return Replay(False, (), case.messages)
        used = self._judge.ask(
            [case], self.settings.check_seconds if seconds is None else seconds, case.names.candidate
        )
        node = used.nodes.get(case.names.candidate)
        if used.kind != "finished" or node is None:
            return Replay(False, (), (Message("error", used.message or used.kind),), seconds=used.seconds)
        errors = tuple(one for one in errors_of(case, node) if one.start <= len(candidate.proof))
        printed = [error.text for error in errors[:1]] + [one.text for one in reversed(node.messages)]
        state = next((found for text in printed if (found := _goals(text)) is not None), Printed((), 0))
        ok = not errors and node.settled
        return Replay(ok, state.goals, errors, state.total, state.total, round(used.seconds, 4))

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """Each problem with its statement as text, in one line: Isabelle's terms are not read here.

        So no two ways of writing a statement are one, and nothing is shared between headers. A verdict `error` for a
        problem that is none, or of which the server, if there is one, does not take the header or the statement.
        """
        found = [_as_text(problem) for problem in problems]
        cases = {
            number: case
            for number, one in enumerate(found)
            if isinstance(one, Elaboration)
            and isinstance(case := prepare(Candidate(one.problem, "by simp"), (), assumed=True), Case)
        }
        for group in groups(cases, self.settings.batch) if self.settings.found else ():
            for number, verdict in self._unread(group).items():
                found[number] = verdict
        return found

    def _unread(self, group: Mapping[int, Case]) -> dict[int, Verdict]:
        """Verdicts on those problems of which the server refuses a part; one that it cannot load spoils a question."""
        asked = [case.names.statement for case in group.values()]
        used = self._judge.ask(list(group.values()), self.settings.audit_seconds, *asked)
        if used.kind == "failed" and len(group) > 1:
            alone = [self._unread({number: case}) for number, case in group.items()]
            return {number: verdict for one in alone for number, verdict in one.items()}
        return {number: verdict for number, case in group.items() if (verdict := verdict_on_problem(case, used))}

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
