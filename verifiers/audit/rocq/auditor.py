"""Admission: is this text a proof of exactly that statement? Fresh processes, statement first.

For each candidate, in sandboxed processes of their own and with nothing of the candidate in the first two:

1. the header's modules are compiled (`headers.header_parts`), once per header;
2. `Frozen.Statement` fixes the statement: `Definition S : Prop := …`, for a batch those of all its candidates;
3. `Candidate.Text` is compiled: the same surroundings, the library lemmas it names with their proofs, its own text;
4. `Check`, which imports nothing, requires both, insists on default typing flags, defines
   `check : S := Candidate.Text.NAME` and prints what `check` assumes, between random marks;
5. `coqchk -norec` checks `Candidate.Text` and `Check` again, and lists all axioms in sight by their full names; for a
   batch it does so for all at once, and once more for each by itself unless all is clean;
6. where the text can make fixpoints, their printed terms are checked by a condition of our own (`recursion`);
7. for a problem, the header as it stands, the statement and the text are compiled as one file (`compile_as_one`).

Invariant (design, invariant 1): `accepted` means that the kernel and the checker both hold NAME to be a proof of the
frozen statement from allow-listed axioms and the header's own. No output of a process that ran the candidate decides
anything but its failure. docs/trust.md says which layer refuses what.

Layer: all of one candidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

from domain import Candidate, Message, Verdict, is_canonical_lemma
from verifiers.audit import scratch
from verifiers.audit.cache import content_key
from verifiers.audit.kept import KeptFolders
from verifiers.audit.refusals import REFUSALS, Rejection, refusal, verdict_of
from verifiers.audit.rocq.headers import Part, header_parts
from verifiers.audit.rocq.layers import (
    OWN,
    Compiled,
    allowed_axioms,
    check_statement,
    compile_as_one,
    compile_candidate,
    refuse_candidate,
)
from verifiers.audit.rocq.processes import Work, compile_header, coqchk, error_line, failure
from verifiers.audit.rocq.recursion import may_recur, not_structural
from verifiers.audit.rocq.source import FrozenStatement, named_lemmas, parse_statement
from verifiers.audit.rocq.uses import printed
from verifiers.audit.rocq.version import Context
from verifiers.audit.sandbox import Limits, Sandbox

TOGETHER = 16
"""Candidates of one batch that share the processes which fix their statements and check what they compiled to."""

_APART = re.compile(r"\b(?:Candidate|Checker|Frozen)")
"""Texts with such a word are judged apart: they might name modules of their audit, which a batch calls otherwise."""


_T = TypeVar("_T")


class Auditor:
    """Audits candidates. Compiled headers and statements are kept in trusted folders while it lives."""

    def __init__(
        self, sandbox: Sandbox, limits: Limits, *, recheck_cpu_seconds: float = 300.0, workers: int = 1
    ) -> None:
        self._sandbox = sandbox
        self._limits = limits
        self._recheck_cpu_seconds = recheck_cpu_seconds
        self._workers = workers
        self._kept = KeptFolders(sandbox)
        self.cpu_seconds = 0.0
        self._lock = Lock()

    def close(self) -> None:
        """Remove the folders of compiled headers and statements."""
        self._kept.close()

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """The verdicts on independent candidates, in order; `recheck` adds a full `coqchk` of all that they rest on."""

        verdicts: dict[int, Verdict] = {}
        groups: dict[str, list[int]] = {}
        for at, candidate in enumerate(batch):
            refused = refuse_candidate(candidate)
            if refused:
                verdicts[at] = refusal(refused)
            else:
                apart = _APART.search(candidate.preamble + candidate.proof) or len(batch) == 1
                groups.setdefault(f"{at}" if apart else f"of {candidate.problem.header}", []).append(at)
        size = max(1, min(TOGETHER, -(-len(batch) // self._workers)))
        shares = [group[at : at + size] for group in groups.values() for at in range(0, len(group), size)]

        def judge(share: Sequence[int]) -> list[Verdict]:
            return self._judge([batch[at] for at in share], recheck=recheck)

        with ThreadPoolExecutor(self._workers) as pool:
            for share, answers in zip(shares, pool.map(judge, shares), strict=True):
                verdicts.update(zip(share, answers, strict=True))
        return [verdicts[at] for at in range(len(batch))]

    def judge_compiled(self, candidate: Candidate, *, recheck: bool = False) -> Verdict:
        """The verdict of all layers but the lint, without which a text could write files in its scratch folder."""
        return self._judge([candidate], recheck=recheck)[0]

    def _judge(self, group: Sequence[Candidate], *, recheck: bool) -> list[Verdict]:
        """The same for several candidates.

        The candidates have one header. Their texts and the modules that check them are compiled one by one; the
        statements are fixed in one process before, and one `coqchk` judges all that was compiled after. Where that is
        not all clean, each candidate is judged as if it were alone: so a failure never touches its neighbours, and
        nothing is accepted together that would not be accepted alone.
        """
        ended: dict[int, Verdict] = {}
        compiled: dict[int, Compiled] = {}
        with ExitStack() as stack:
            shared, frozen = Work(self._sandbox, self._limits), None
            if len(group) > 1:
                frozen = self._freeze_together(group, shared, stack)
                if frozen is None:
                    self._count(shared)
                    return [verdict for one in group for verdict in self._judge([one], recheck=recheck)]
                works = [Work(self._sandbox, self._limits, token=f"_{number}") for number in range(len(group))]
            else:
                works = [Work(self._sandbox, self._limits)]
            for number, (candidate, work) in enumerate(zip(group, works, strict=True)):
                answer = _verdict_or(partial(self._compile, candidate, work, frozen, number, stack))
                if isinstance(answer, Verdict):
                    ended[number] = answer
                else:
                    compiled[number] = answer
            context = self._check_together([works[number] for number in compiled], shared, recheck=recheck)
            for number, one in compiled.items():
                step = partial(self._confirm, group[number], one, works[number], context, recheck=recheck)
                ended[number] = _verdict_or(step)
        self._count(shared, *works)
        share = shared.cpu_seconds / len(group)
        return [replace(ended[number], seconds=round(work.cpu_seconds + share, 4)) for number, work in enumerate(works)]

    def _count(self, *works: Work) -> None:
        with self._lock:
            self.cpu_seconds += sum(work.cpu_seconds for work in works)

    def _freeze_together(self, group: Sequence[Candidate], work: Work, stack: ExitStack) -> Path | None:
        """The folder of `Frozen.Statement` with the statements of all, or None if it does not compile."""

        def freeze() -> Path:
            parts = header_parts(group[0].problem.header)
            self._prepare_header(parts, work, stack)
            return self._freeze(parts, [parse_statement(one.problem.formal_statement) for one in group], work, stack)

        frozen = _verdict_or(freeze)
        return None if isinstance(frozen, Verdict) else frozen

    def _compile(
        self, candidate: Candidate, work: Work, frozen: Path | None, number: int, stack: ExitStack
    ) -> Compiled:
        """Compile the text and the checking module, which stay in folders that go with `stack`."""
        statement = parse_statement(candidate.problem.formal_statement)
        parts = header_parts(candidate.problem.header)
        self._prepare_header(parts, work, stack)
        if frozen is None:
            frozen = self._freeze(parts, [statement], work, stack)
        text, checker = self._sandbox.make_folder(trusted=True), self._sandbox.make_folder(trusted=True)
        for folder in (text, checker):
            stack.callback(scratch.remove, folder)
        lemmas = named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble)
        names = compile_candidate(candidate, statement, parts, lemmas, work, text)
        work.paths |= {"Frozen": frozen, work.candidate: text}
        library = frozenset(one.canonical_name for one in lemmas) or frozenset(filter(is_canonical_lemma, names))
        assumed = check_statement(statement, number, work, checker, names, library)
        work.paths[work.checker] = checker
        return Compiled(statement, lemmas, assumed)

    def _check_together(self, works: Sequence[Work], shared: Work, *, recheck: bool) -> Context | None:
        """What the checker says of several candidates, or None where it has to be asked for each of them."""
        if len(works) < 2:
            return None
        for work in works:
            shared.paths |= work.paths

        context = _verdict_or(partial(self._checked, shared, recheck=recheck, of=works))
        if isinstance(context, Verdict) or any(OWN.match(name) for name in context.axioms):
            return None
        return context

    def _checked(self, work: Work, *, recheck: bool, of: Sequence[Work] = ()) -> Context:
        context = coqchk(work, full=False, of=of)
        if recheck:
            seconds = self._recheck_cpu_seconds
            work.limits = replace(work.limits, cpu_seconds=seconds, wall_seconds=4 * seconds)
            context = coqchk(work, full=True, of=of)
        return context

    def _confirm(
        self, candidate: Candidate, compiled: Compiled, work: Work, context: Context | None, *, recheck: bool
    ) -> Verdict:
        """The verdict on what was compiled; `context` is what the checker said of it with others, if it was clean."""
        allowed = candidate.problem.allowed_axioms
        printed_axioms = compiled.assumed.axioms
        axioms = _verdict_or(lambda: allowed_axioms(printed_axioms, context, allowed)) if context else None
        if axioms is None or isinstance(axioms, Verdict):
            axioms = allowed_axioms(printed_axioms, self._checked(work, recheck=recheck), allowed)
        # A model may have written the statement too, and those of library lemmas.
        texts = [candidate.problem.formal_statement, candidate.preamble, candidate.proof]
        texts += [text for lemma in compiled.lemmas for text in (lemma.statement_exact, lemma.proof)]
        if may_recur(texts, candidate.problem.header):
            refused = not_structural(compiled.statement.name, lambda names: printed(names, work))
            if refused:
                raise Rejection("forbidden_construct", Message("error", f"not allowed: {refused}"))
        if not is_canonical_lemma(compiled.statement.name):  # the statement would be our own, in full names
            compile_as_one(candidate, compiled, work)
        trust = "rechecked" if recheck else "audited"
        return Verdict("accepted", "proved", trust, (), axioms, compiled.assumed.uses)

    def _prepare_header(self, parts: Sequence[Part], work: Work, stack: ExitStack) -> None:
        """Compile the header's modules, unless that was done before."""
        made = [part for part in parts if part.module is not None]
        if not made:
            return
        key = content_key(*(part.text if part.module is None else part.file for part in parts))

        def build(folder: Path) -> None:
            work.paths["Header"] = folder
            compile_header(parts, work, folder)

        work.paths["Header"] = self._kept.get(key, build, stack)

    def _freeze(
        self, parts: Sequence[Part], statements: Sequence[FrozenStatement], work: Work, stack: ExitStack
    ) -> Path:
        """Compile statements in a module of their own; nothing of a candidate is there to see or to change them.

        Each is `S` of a module of its own, so that none is in scope of another.
        """
        lines = [part.spoken for part in parts]
        for number, statement in enumerate(statements):
            lines += [
                f"Module Frozen_{number}.",
                f"Definition S : Prop := {statement.proposition}.",
                f"End Frozen_{number}.",
            ]
        text = "\n".join([*lines, ""])
        header_lines = sum(part.spoken.count("\n") + 1 for part in parts)

        def build(folder: Path) -> None:
            finished = work.compile("Frozen", "Statement", text, folder)
            if not finished.ok:
                line = error_line(finished)
                at_header = line is not None and line <= header_lines
                raise failure(finished, text, "the header" if at_header else "the statement", kind="error")

        propositions = [statement.proposition for statement in statements]
        return self._kept.get(content_key(*(part.text for part in parts), "of", *propositions), build, stack)


def _verdict_or(step: Callable[[], _T]) -> _T | Verdict:
    """What a step of an audit gives, or the verdict in which it ends."""
    try:
        return step()
    except REFUSALS as error:
        return verdict_of(error)
