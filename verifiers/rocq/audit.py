"""Admission: is this text a proof of exactly that statement? Fresh processes, statement first.

For each candidate, in sandboxed processes of their own and with nothing of the candidate in the first two:

1. the header's modules are compiled (`source.header_parts`), once per header;
2. `Frozen.Statement` fixes the statement: `Definition S : Prop := …`;
3. `Candidate.Text` is compiled: the same surroundings, the library lemmas it names with their proofs, its own text;
4. `Check`, which imports nothing, requires both, insists on default typing flags, defines
   `check : S := Candidate.Text.NAME` and prints what `check` assumes, between random marks;
5. `coqchk -norec` checks `Candidate.Text` and `Check` again, and lists all axioms in sight by their full names;
6. where the text can make fixpoints, their printed terms are checked by a condition of our own (`recursion`).

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
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from domain import Candidate, Lemma, Message, Verdict
from verifiers.cache import content_key
from verifiers.rocq.canonical import is_canonical_lemma, lemma_sentence
from verifiers.rocq.lint import refuse, refuse_block, refuse_preamble
from verifiers.rocq.processes import (
    WIDE,
    Rejection,
    Work,
    answers,
    compile_header,
    coqchk,
    failure,
)
from verifiers.rocq.recursion import SHOW, may_recur, not_structural
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

PREPARED = 64
"""Compiled headers and statements kept."""

_CONSTANT = re.compile(r"([\w'.]+)\(\d+\)")
_TEXT = "Text."
_PART = re.compile(r"^(?:Header\.)?Part\d+\.")


class _Assumed(NamedTuple):
    """What the checking process says: names as printed (shortest form), and the library lemmas in the proof term."""

    axioms: tuple[str, ...]
    uses: tuple[str, ...]


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

        def judge(candidate: Candidate) -> Verdict:
            refused = refuse_candidate(candidate)
            if refused:
                return refusal(refused)
            return self.judge_compiled(candidate, recheck=recheck)

        if self._workers == 1 or len(batch) == 1:
            return [judge(candidate) for candidate in batch]
        with ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(judge, batch))

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
        lemmas = named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble)
        names = _compile_candidate(candidate, statement, parts, lemmas, work, text)
        if statement.name not in names:
            raise Rejection("wrong_statement", Message("error", f"the text proves nothing called {statement.name}"))
        work.paths |= {"Candidate": text}
        library = frozenset(one.canonical_name for one in lemmas)
        return tuple(sorted(_reached(statement.name, names, library, work)))

    def judge_compiled(self, candidate: Candidate, *, recheck: bool = False) -> Verdict:
        """The verdict of all layers but the lint, without which a text could write files in its scratch folder."""
        work = Work(self._sandbox, self._limits)
        try:
            verdict = self._judge(candidate, work, recheck=recheck)
        except Malformed as error:
            verdict = Verdict("error", "malformed", "none", (Message("error", str(error)),))
        except Unterminated as error:
            verdict = Verdict("rejected", "does_not_compile", "none", (Message("error", str(error)),))
        except Unreadable as error:
            verdict = Verdict("rejected", "typing_flag", "none", (Message("error", str(error)),))
        except Rejection as rejection:
            verdict = rejection.verdict
        with self._lock:
            self.cpu_seconds += work.cpu_seconds
        return replace(verdict, seconds=round(work.cpu_seconds, 4))

    def _judge(self, candidate: Candidate, work: Work, *, recheck: bool) -> Verdict:
        statement = parse_statement(candidate.problem.formal_statement)
        parts = header_parts(candidate.problem.header)
        self._prepare_header(parts, work)
        frozen = self._freeze(parts, statement, work)
        text = self._sandbox.make_folder(trusted=True)
        checker = self._sandbox.make_folder(trusted=True)
        try:
            lemmas = named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble)
            names = _compile_candidate(candidate, statement, parts, lemmas, work, text)
            work.paths |= {"Frozen": frozen, "Candidate": text}
            library = frozenset(one.canonical_name for one in lemmas) or frozenset(filter(is_canonical_lemma, names))
            assumed = _check(statement, work, checker, names, library)
            work.paths[""] = checker
            axioms = self._confirm(candidate, assumed, work, recheck=recheck)
            # A model may have written the statement too, and those of library lemmas.
            texts = [candidate.problem.formal_statement, candidate.preamble, candidate.proof]
            texts += [text for lemma in lemmas for text in (lemma.statement_exact, lemma.proof)]
            if may_recur(texts, candidate.problem.header):
                refused = not_structural(statement.name, lambda names: printed(names, work))
                if refused:
                    raise Rejection("forbidden_construct", Message("error", f"not allowed: {refused}"))
        finally:
            shutil.rmtree(text, ignore_errors=True)
            shutil.rmtree(checker, ignore_errors=True)
        return Verdict("accepted", "proved", "rechecked" if recheck else "audited", (), axioms, assumed.uses)

    def _prepare_header(self, parts: Sequence[Part], work: Work) -> None:
        """Compile the header's modules, unless that was done before."""
        made = [part for part in parts if part.module is not None]
        if not made:
            return
        key = content_key(*(part.text for part in parts))

        work.paths["Header"] = self._prepared_folder(
            key, work, "Header", lambda folder: compile_header(parts, work, folder)
        )

    def _freeze(self, parts: Sequence[Part], statement: Statement, work: Work) -> Path:
        """Compile the statement in a module of its own; nothing of a candidate is there to see or to change it."""
        text = "\n".join(part.spoken for part in parts)
        text += f"\nDefinition S : Prop := {statement.proposition}.\n"

        def build(folder: Path) -> None:
            finished = work.compile("Frozen", "Statement", text, folder)
            if not finished.ok:
                raise failure(finished, text, "the statement", kind="error")

        return self._prepared_folder(
            content_key(*(part.text for part in parts), statement.proposition, "S"), work, "", build
        )

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

    def _confirm(self, candidate: Candidate, assumed: _Assumed, work: Work, *, recheck: bool) -> tuple[str, ...]:
        """Let the checker judge the compiled files; the full names of the axioms that `check` rests on."""
        context = coqchk(work, full=False)
        if recheck:
            work.limits = replace(
                work.limits,
                cpu_seconds=self._recheck_cpu_seconds,
                wall_seconds=4 * self._recheck_cpu_seconds,
            )
            context = coqchk(work, full=True)
        return allowed_axioms(assumed.axioms, context, candidate.problem.allowed_axioms)


def allowed_axioms(found: Sequence[str], context: Context, more: Sequence[str]) -> tuple[str, ...]:
    """The full names of the axioms in `found`, which are as printed. Raises `Rejection` if one is not allowed."""
    own = sorted(name for name in context.axioms if name.startswith(("Candidate.", "Check.")))
    if own:
        raise Rejection("axiom", Message("error", f"the text itself declares {', '.join(own)}"))
    allowed = ALLOWED_AXIOMS | set(more)
    full_names: set[str] = set()
    for name in found:
        named = {one for one in context.axioms if one == name or one.endswith(f".{name}")}
        refused = {one for one in named if classical_name(one) not in allowed and not one.startswith("Header.")}
        if refused or not named:
            raise Rejection("axiom", Message("error", f"the proof rests on {', '.join(sorted(refused)) or name}"))
        full_names |= named
    return tuple(sorted(full_names))


def refuse_candidate(candidate: Candidate) -> str | None:
    """Why the lint refuses a candidate's texts, those of the lemmas that it names among them, or None."""
    header = candidate.problem.header
    refused = refuse_preamble(candidate.preamble) or refuse(without_header(candidate.proof, header), header)
    if refused or not candidate.lemmas:
        return refused
    for lemma in named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble):
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
    before = "\n".join([*spoken, candidate.preamble, *(lemma_sentence(lemma) for lemma in lemmas), placed.before])
    finished = work.compile("Candidate", "Text", f"{before}\n{placed.text}{placed.after}\n", into)
    if not finished.ok:
        raise failure(finished, f"{before}\n{placed.text}", "", skip=len(before) + 1)
    return declared_names(placed.before + placed.text)


def _check(statement: Statement, work: Work, into: Path, names: Sequence[str], lemmas: frozenset[str]) -> _Assumed:
    """Compile the checking module and read what it prints between random marks."""
    mark = secrets.token_hex(16)
    marks = [f'Goal True. idtac "{mark} {number}". Abort.' for number in range(4)]
    lines = [
        "Require Frozen.Statement.",
        "Definition frozen : Prop := Frozen.Statement.S.",
        "Require Candidate.Text.",
        WIDE + marks[0],
        "Print Typing Flags.",
        marks[1],
        f"Definition check : frozen := @Candidate.Text.{statement.name}.",
        marks[2],
        "Print Assumptions check.",
        marks[3],
    ]
    finished = work.compile("", "Check", "\n".join([*lines, ""]), into)
    said = re.split(rf"^{mark} \d\n", finished.output, flags=re.MULTILINE)
    if len(said) < 3:
        raise failure(finished, "", "the checking module")
    if not set(SAFE_FLAGS) <= set(said[1].splitlines()):
        raise Rejection("typing_flag", Message("error", f"the text changes typing flags: {said[1].strip()}"))
    if len(said) < 4:
        if finished.stopped:
            raise failure(finished, "", "the comparison of statements")
        about = said[2].partition("Error:")[2].strip() or said[2].strip()
        raise Rejection(
            "wrong_statement", Message("error", f"{statement.name} is not a proof of the statement: {about}")
        )
    if len(said) < 5 or not finished.ok:
        raise failure(finished, "", "the list of axioms")
    return _Assumed(assumptions(said[3]), _uses(statement.name, names, lemmas, work) if lemmas else ())


def _uses(name: str, names: Sequence[str], lemmas: frozenset[str], work: Work) -> tuple[str, ...]:
    """The lemmas in the proof term of `name`, through the text's other constants but not through lemmas.

    A text that comes without library lemmas, but has some written into it, is asked for those.
    """
    return tuple(sorted(_reached(name, names, lemmas, work) & lemmas))


def _reached(name: str, names: Sequence[str], lemmas: frozenset[str], work: Work) -> set[str]:
    """What the proof term of `name` holds, through the text's other constants but not through lemmas.

    Those constants are not among the answers. Lemmas have their own names, the header's constants those of the header
    and all others the names that the prover prints where nothing is imported.
    """
    constants: dict[str, set[str]] = {}
    found: set[str] = set()
    asked = list(dict.fromkeys([name, *names]))
    while asked:
        constants |= _constants(asked, work)
        found.clear()
        own, frontier = {name}, [name]
        while frontier:
            for constant in constants.get(frontier.pop(), set()) - own:
                short = constant.removeprefix(_TEXT)
                if short == constant or short in lemmas:
                    found.add(_PART.sub("", short))
                elif short not in own:
                    own.add(short)
                    frontier.append(short)
        asked = sorted(own - constants.keys())
    return found


def _constants(names: Sequence[str], work: Work) -> dict[str, set[str]]:
    """For each name of the text, the constants in its type and body; those of the text begin with `_TEXT`."""
    begin = ["From dpdgraph Require dpdgraph.", WIDE]
    commands = {name: f"SearchDepend Candidate.Text.{name}." for name in names}
    said = answers(begin, commands, work, "the uses of the proof term (is libcoq-dpdgraph installed?)")
    return {
        name: {constant.removeprefix("Candidate.") for constant in _CONSTANT.findall(listed)}
        for name, listed in said.items()
    }


def printed(names: Sequence[str], work: Work) -> dict[str, str]:
    """For each name of the text, how it is printed in full."""
    commands = {name: f"Print Candidate.Text.{name}." for name in names}
    return answers([WIDE, SHOW], commands, work, "the recursion of the proof term")
