"""Admission: is this text a proof of exactly that statement? Fresh processes, statement first.

For each candidate, in sandboxed processes of their own and with nothing of the candidate in the first two:

1. the header's modules are compiled (`source.header_parts`), once per header;
2. `Frozen.Statement` fixes the statement: `Definition S : Prop := …`, for a batch those of all its candidates;
3. `Candidate.Text` is compiled: the same surroundings, the library lemmas it names with their proofs, its own text;
4. `Check`, which imports nothing, requires both, insists on default typing flags, defines
   `check : S := Candidate.Text.NAME` and prints what `check` assumes, between random marks;
5. `coqchk -norec` checks `Candidate.Text` and `Check` again, and lists all axioms in sight by their full names; for a
   batch it does so for all at once, and once more for each by itself unless all is clean;
6. where the text can make fixpoints, their printed terms are checked by a condition of our own (`recursion`);
7. for a problem, the header as it stands, the statement and the text are compiled as one file (`_compile_as_one`).

Invariant (DESIGN 3.1): `accepted` means that the kernel and the checker both hold NAME to be a proof of the frozen
statement from allow-listed axioms and the header's own. No output of a process that ran the candidate decides
anything but its failure. docs/trust.md says which layer refuses what.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple, TypeVar

from domain import Candidate, Lemma, Message, Verdict
from verifiers import scratch
from verifiers.cache import content_key
from verifiers.rocq.canonical import is_canonical_lemma, lemma_sentence
from verifiers.rocq.lint import refuse, refuse_block, refuse_preamble
from verifiers.rocq.processes import (
    WIDE,
    Rejection,
    Work,
    compile_header,
    coqchk,
    error_line,
    failure,
)
from verifiers.rocq.recursion import may_recur, not_structural
from verifiers.rocq.sentences import Unterminated
from verifiers.rocq.source import (
    Malformed,
    Part,
    Statement,
    declared_names,
    header_parts,
    named_lemmas,
    parse_statement,
    surround,
    without_header,
)
from verifiers.rocq.uses import lemmas_used, printed, reached
from verifiers.rocq.version import (
    SAFE_FLAGS,
    Context,
    Unreadable,
    assumptions,
    classical_name,
)
from verifiers.sandbox import Limits, Sandbox

ALLOWED_AXIOMS = frozenset(
    {
        "Coq.Logic.Classical_Prop.classic",
        "Coq.Reals.ClassicalDedekindReals.sig_forall_dec",
        "Coq.Reals.ClassicalDedekindReals.sig_not_dec",
        "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep",
    }
)
"""Kernel names of the axioms that every proof may use: those on which the standard library's real numbers rest."""

TOGETHER = 16
"""Candidates of one batch that share the processes which fix their statements and check what they compiled to."""

PREPARED = 64
"""Compiled headers and statements kept."""

_OWN = re.compile(r"(?:Candidate|Checker)(?:_\d+)?\.")
"""How the names begin of what a candidate's text or our checking module declares."""
_APART = re.compile(r"\b(?:Candidate|Checker|Frozen)")
"""Texts with such a word are judged apart: they might name modules of their audit, which a batch calls otherwise."""


_T = TypeVar("_T")


class _Assumed(NamedTuple):
    """What the checking process says: names as printed (shortest form), and the library lemmas in the proof term."""

    axioms: tuple[str, ...]
    uses: tuple[str, ...]


class _Compiled(NamedTuple):
    """A candidate whose text and checking module have been compiled."""

    statement: Statement
    lemmas: tuple[Lemma, ...]
    assumed: _Assumed


class Auditor:
    """Audits candidates. Compiled headers and statements are kept in trusted folders while it lives."""

    def __init__(
        self, sandbox: Sandbox, limits: Limits, *, recheck_cpu_seconds: float = 300.0, workers: int = 1
    ) -> None:
        self._sandbox = sandbox
        self._limits = limits
        self._recheck_cpu_seconds = recheck_cpu_seconds
        self._workers = workers
        self._prepared: OrderedDict[str, Path] = OrderedDict()
        self.cpu_seconds = 0.0
        self._lock = Lock()

    def close(self) -> None:
        """Remove the folders of compiled headers and statements."""
        while self._prepared:
            shutil.rmtree(self._prepared.popitem()[1], ignore_errors=True)

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

    def uses(self, candidate: Candidate) -> tuple[str, ...] | Verdict:
        """The names in the proof term of a candidate's theorem, those of the text itself looked through; or why not."""
        refused = refuse_candidate(candidate)
        if refused:
            return refusal(refused)
        work = Work(self._sandbox, self._limits)
        text = self._sandbox.make_folder(trusted=True)
        try:
            return self._names_used(candidate, work, text)
        except Malformed as error:
            return Verdict("error", "malformed", "none", (Message("error", str(error)),))
        except Unterminated as error:
            return Verdict("rejected", "does_not_compile", "none", (Message("error", str(error)),))
        except Rejection as rejection:
            return rejection.verdict
        finally:
            shutil.rmtree(text, ignore_errors=True)
            with self._lock:
                self.cpu_seconds += work.cpu_seconds

    def _names_used(self, candidate: Candidate, work: Work, text: Path) -> tuple[str, ...]:
        statement = parse_statement(candidate.problem.formal_statement)
        parts = header_parts(candidate.problem.header)
        self._prepare_header(parts, work)
        lemmas = named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble)
        names = _compile_candidate(candidate, statement, parts, lemmas, work, text)
        if statement.name not in names:
            raise Rejection("wrong_statement", Message("error", f"the text proves nothing called {statement.name}"))
        work.paths |= {work.candidate: text}
        library = frozenset(one.canonical_name for one in lemmas)
        return tuple(sorted(reached(statement.name, names, library, work)))

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
        if len(group) > 1:
            shared = Work(self._sandbox, self._limits)
            frozen = self._freeze_together(group, shared)
            if frozen is None:
                self._count(shared)
                return [verdict for one in group for verdict in self._judge([one], recheck=recheck)]
            works = [Work(self._sandbox, self._limits, token=f"_{number}") for number in range(len(group))]
        else:
            works, shared, frozen = [Work(self._sandbox, self._limits)], Work(self._sandbox, self._limits), None
        ended: dict[int, Verdict] = {}
        compiled: dict[int, _Compiled] = {}
        with ExitStack() as stack:
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

    def _freeze_together(self, group: Sequence[Candidate], work: Work) -> Path | None:
        """The folder of `Frozen.Statement` with the statements of all, or None if it does not compile."""

        def freeze() -> Path:
            parts = header_parts(group[0].problem.header)
            self._prepare_header(parts, work)
            return self._freeze(parts, [parse_statement(one.problem.formal_statement) for one in group], work)

        frozen = _verdict_or(freeze)
        return None if isinstance(frozen, Verdict) else frozen

    def _compile(
        self, candidate: Candidate, work: Work, frozen: Path | None, number: int, stack: ExitStack
    ) -> _Compiled:
        """Compile the text and the checking module, which stay in folders that go with `stack`."""
        statement = parse_statement(candidate.problem.formal_statement)
        parts = header_parts(candidate.problem.header)
        self._prepare_header(parts, work)
        if frozen is None:
            frozen = self._freeze(parts, [statement], work)
        text, checker = self._sandbox.make_folder(trusted=True), self._sandbox.make_folder(trusted=True)
        for folder in (text, checker):
            stack.callback(scratch.remove, folder)
        lemmas = named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble)
        names = _compile_candidate(candidate, statement, parts, lemmas, work, text)
        work.paths |= {"Frozen": frozen, work.candidate: text}
        library = frozenset(one.canonical_name for one in lemmas) or frozenset(filter(is_canonical_lemma, names))
        assumed = _check(statement, number, work, checker, names, library)
        work.paths[work.checker] = checker
        return _Compiled(statement, lemmas, assumed)

    def _check_together(self, works: Sequence[Work], shared: Work, *, recheck: bool) -> Context | None:
        """What the checker says of several candidates, or None where it has to be asked for each of them."""
        if len(works) < 2:
            return None
        for work in works:
            shared.paths |= work.paths

        context = _verdict_or(partial(self._checked, shared, recheck=recheck, of=works))
        if isinstance(context, Verdict) or any(_OWN.match(name) for name in context.axioms):
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
        self, candidate: Candidate, compiled: _Compiled, work: Work, context: Context | None, *, recheck: bool
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
            _compile_as_one(candidate, compiled, work)
        trust = "rechecked" if recheck else "audited"
        return Verdict("accepted", "proved", trust, (), axioms, compiled.assumed.uses)

    def _prepare_header(self, parts: Sequence[Part], work: Work) -> None:
        """Compile the header's modules, unless that was done before."""
        made = [part for part in parts if part.module is not None]
        if not made:
            return
        key = content_key(*(part.text if part.module is None else part.file for part in parts))

        work.paths["Header"] = self._prepared_folder(
            key, work, "Header", lambda folder: compile_header(parts, work, folder)
        )

    def _freeze(self, parts: Sequence[Part], statements: Sequence[Statement], work: Work) -> Path:
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
        return self._prepared_folder(content_key(*(part.text for part in parts), "of", *propositions), work, "", build)

    def _prepared_folder(self, key: str, work: Work, library: str, build: Callable[[Path], None]) -> Path:
        with self._lock:
            if key in self._prepared:
                self._prepared.move_to_end(key)
                return self._prepared[key]
            folder = self._sandbox.make_folder(trusted=True)
            if library:
                work.paths[library] = folder
            try:
                build(folder)
            except Rejection:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._prepared[key] = folder
            while len(self._prepared) > PREPARED:
                shutil.rmtree(self._prepared.popitem(last=False)[1], ignore_errors=True)
            return folder


def _verdict_or(step: Callable[[], _T]) -> _T | Verdict:
    """What a step of an audit gives, or the verdict in which it ends."""
    try:
        return step()
    except Malformed as error:
        return Verdict("error", "malformed", "none", (Message("error", str(error)),))
    except Unterminated as error:
        return Verdict("rejected", "does_not_compile", "none", (Message("error", str(error)),))
    except Unreadable as error:
        return Verdict("rejected", "typing_flag", "none", (Message("error", str(error)),))
    except Rejection as rejection:
        return rejection.verdict


def allowed_axioms(found: Sequence[str], context: Context, more: Sequence[str]) -> tuple[str, ...]:
    """The full names of the axioms in `found`, which are as printed. Raises `Rejection` if one is not allowed."""
    own = sorted(name for name in context.axioms if _OWN.match(name))
    if own:
        raise Rejection("axiom", Message("error", f"the text itself declares {', '.join(own)}"))
    allowed = ALLOWED_AXIOMS | {classical_name(name) for name in more}
    full_names: set[str] = set()
    for name in found:
        named = {one for one in context.axioms if one == name or one.endswith(f".{name}")}
        refused = {one for one in named if classical_name(one) not in allowed and not one.startswith("Header.")}
        if refused or not named:
            said = f"the proof rests on {', '.join(sorted(refused)) or name}, which `allowed_axioms` does not name"
            raise Rejection("axiom", Message("error", said))
        full_names |= named
    return tuple(sorted(full_names))


def refuse_candidate(candidate: Candidate) -> str | None:
    """Why the lint refuses a candidate's texts, those of the lemmas that it names among them, or None."""
    header = candidate.problem.header
    refused = refuse_preamble(candidate.preamble) or refuse(without_header(candidate.proof, header), header)
    if refused or not candidate.lemmas:
        return refused
    for lemma in named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble):
        refused = refuse_block(lemma.proof) or refuse_exact(lemma.statement_exact)
        if refused:
            return f"in the lemma {lemma.canonical_name}, {refused}"
    return None


def refuse_exact(statement: str) -> str | None:
    """Why a lemma's statement is refused: it is not exactly one."""
    try:
        parse_statement(f"Lemma one : {statement}.")
    except (Malformed, Unterminated) as error:
        return str(error)
    return None


def refusal(refused: str) -> Verdict:
    """The verdict on a text that the lint refuses."""
    return Verdict("rejected", "forbidden_construct", "none", (Message("error", f"not allowed: {refused}"),))


def _compile_candidate(
    candidate: Candidate,
    statement: Statement,
    parts: Sequence[Part],
    lemmas: Sequence[Lemma],
    work: Work,
    into: Path,
) -> list[str]:
    """Compile `Candidate.Text`; the names that it declares."""
    placed = surround(statement, without_header(candidate.proof, candidate.problem.header))
    spoken = [part.spoken for part in parts]
    before = "\n".join([*spoken, candidate.preamble, *map(lemma_sentence, lemmas), placed.before])
    finished = work.compile(work.candidate, "Text", f"{before}\n{placed.text}{placed.after}\n", into)
    if not finished.ok:
        raise failure(finished, f"{before}\n{placed.text}", "", skip=len(before) + 1)
    return declared_names(placed.before + placed.text)


def _compile_as_one(candidate: Candidate, compiled: _Compiled, work: Work) -> None:
    """Compile header, statement and text in one file, with the text's theorem as a proof of that statement.

    A header that is read otherwise in modules of its own is found by this, and a text that uses the modules' names, or
    declares what the header has declared.
    """
    placed = surround(compiled.statement, without_header(candidate.proof, candidate.problem.header))
    mark = secrets.token_hex(16)  # so that no text can speak of it
    lines = [
        candidate.problem.header,
        f"Definition claim_{mark} : Prop := {compiled.statement.proposition}.",
        candidate.preamble,
        *map(lemma_sentence, compiled.lemmas),
        placed.before,
        placed.text + placed.after,
        f"Definition check_{mark} : claim_{mark} := @{compiled.statement.name}.",
    ]
    finished = work.ask("\n".join([*lines, ""]))
    if not finished.ok:
        raise failure(finished, "", "in one file with its header")


def _check(
    statement: Statement,
    number: int,
    work: Work,
    into: Path,
    names: Sequence[str],
    lemmas: frozenset[str],
) -> _Assumed:
    """Compile the checking module and read what it prints between random marks."""
    mark = secrets.token_hex(16)
    marks = [f'Goal True. idtac "{mark} {number}". Abort.' for number in range(4)]
    lines = [
        "Require Frozen.Statement.",
        f"Definition frozen : Prop := Frozen.Statement.Frozen_{number}.S.",
        f"Require {work.candidate}.Text.",
        WIDE + marks[0],
        "Print Typing Flags.",
        marks[1],
        f"Definition check : frozen := @{work.candidate}.Text.{statement.name}.",
        marks[2],
        "Print Assumptions check.",
        marks[3],
    ]
    finished = work.compile(work.checker, "Check", "\n".join([*lines, ""]), into)
    said = re.split(rf"^{mark} \d\n", finished.output, flags=re.MULTILINE)
    if len(said) < 3:
        raise failure(finished, "", "the checking module")
    if not set(SAFE_FLAGS) <= set(said[1].splitlines()):
        raise Rejection("typing_flag", Message("error", f"the text changes typing flags: {said[1].strip()}"))
    if len(said) < 4:
        if finished.stopped:
            raise failure(finished, "", "the comparison of statements")
        about = said[2].partition("Error:")[2].strip() or said[2].strip()
        if about.startswith(f"The reference {work.candidate}.Text.{statement.name} was not found"):
            raise Rejection("wrong_statement", Message("error", f"the text proves nothing called {statement.name}"))
        raise Rejection(
            "wrong_statement", Message("error", f"{statement.name} is not a proof of the statement: {about}")
        )
    if len(said) < 5 or not finished.ok:
        raise failure(finished, "", "the list of axioms")
    return _Assumed(assumptions(said[3]), lemmas_used(statement.name, names, lemmas, work) if lemmas else ())
