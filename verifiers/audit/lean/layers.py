"""The steps of an audit: each compiles one file and either holds or raises `Rejection`.

Nothing here knows of batches, folders that are kept, or trust: that is `auditor`'s.

Layer: header to one file.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from domain import Candidate, Lemma, Message, VerdictKind
from verifiers.audit.lean.compiler import Compiled, Compiler
from verifiers.audit.lean.headers import STATEMENT_MODULE, Header, parse_header
from verifiers.audit.lean.lint import refuse
from verifiers.audit.lean.source import (
    FrozenStatement,
    lemma_theorem,
    named_lemmas,
    parse_statement,
    surround,
    without_header,
)
from verifiers.audit.lean.toolchain import Toolchain
from verifiers.audit.refusals import Rejection

FROZEN = "LemmaryFrozen.Statement"
CANDIDATE_MODULE = "LemmaryCandidate"
CHECK_MODULE = "LemmaryCheck"

SMALL_LIBRARY = (
    "this is the embedded Lean, with a small library (docs/lean.md); set LEMMARY_LEAN_PROJECT to a lake project of "
    "yours, or LEMMARY_LEAN to a Lean, for more"
)

_LACKING = re.compile(r"unknown module prefix|(?:un)?expected token|Unknown (?:constant|identifier)")
_AXIOMS = re.compile(r"'(?P<name>.+)' (?:depends on axioms: \[(?P<axioms>[^\]]*)\]|does not depend on any axioms)\s*")
_QUOTES = re.compile("[«»]")


@dataclass(frozen=True, slots=True)
class Question:
    """A candidate, read."""

    candidate: Candidate
    header: Header
    statement: FrozenStatement
    lemmas: tuple[Lemma, ...]

    @property
    def name(self) -> str:
        """The full name of the theorem that the candidate has to prove."""
        name = self.statement.name
        if name.startswith("_root_."):
            return name.removeprefix("_root_.")
        return f"{self.header.namespace}.{name}" if self.header.namespace else name


def read(candidate: Candidate) -> Question:
    """The parts of a candidate. Raises `Malformed`, `Unterminated`."""
    header = parse_header(candidate.problem.header)
    statement = parse_statement(candidate.problem.formal_statement)
    return Question(candidate, header, statement, named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble))


def refused_texts(candidate: Candidate) -> str | None:
    """Why the lint refuses a candidate, its preamble, or one of its lemmas."""
    header = candidate.problem.header
    lemmas = [text for lemma in candidate.lemmas for text in (lemma.statement_exact, lemma.proof)]
    for text in (candidate.preamble, *lemmas):
        if refused := refuse(text):
            return refused
    return refuse(without_header(candidate.proof, header), header)


def failure(
    compiled: Compiled, what: str, *, kind: VerdictKind = "rejected", skip: int = 0, length: int = 0
) -> Rejection:
    """Why a file was not compiled; positions are counted from `skip` if the text is a candidate's (no `what`)."""
    reason = compiled.reason
    if reason == "timeout":
        kind = "timeout"
    elif reason == "prover_error":
        kind = "error"
    return Rejection(reason, *compiled.messages(skip, length, f"{what}: " if what else ""), kind=kind)


def not_prepared(compiled: Compiled, what: str, toolchain: Toolchain) -> Rejection:
    """Why `what`, the header or the statement, was not compiled, and what its author can do where that is known."""
    refused = failure(compiled, what, kind="error")
    if refused.verdict.reason != "does_not_compile":
        return refused
    if FROZEN in compiled.errors[0].text:  # in the last line of `frozen_text`
        said = f"{what} depends on `variable`s of the header: write them as binders of the theorem"
        return Rejection("malformed", Message("error", said), kind="error")
    hint = next((hint for one in compiled.errors if (hint := lacking(one.text, toolchain))), None)
    if hint is not None:
        return Rejection("does_not_compile", *refused.verdict.messages, Message("info", hint), kind="error")
    return refused


def lacking(error: str, toolchain: Toolchain) -> str | None:
    """What to do about an error of Lean that comes of a library which it has not."""
    said = error.removeprefix("the header: ")
    if toolchain.embedded and _LACKING.match(said):
        return SMALL_LIBRARY
    if said.startswith("unknown module prefix"):
        return "set LEMMARY_LEAN_PROJECT to a lake project that was built with this library (docs/lean.md)"
    if said.startswith("object file"):
        return "build what the file imports first (`lake build`)"
    return None


def frozen_text(header: Header, statement: FrozenStatement) -> str:
    """The header with the frozen statement. The last line fails where the header's variables make that a function."""
    return f"{header.imports}{header.whole}{frozen_definition(statement, FROZEN)}#check (@_root_.{FROZEN} : Prop)\n"


def frozen_definition(statement: FrozenStatement, name: str) -> str:
    """The statement as a definition of this full name."""
    return f"def _root_.{name}{statement.universes} : Prop :=\n  {statement.proposition}\n"


def candidate_text(question: Question, lemmas: Sequence[str]) -> tuple[str, str]:
    """What is put between the header and a candidate's text, and the text with what ends it."""
    candidate = question.candidate
    placed = surround(question.statement, without_header(candidate.proof, candidate.problem.header))
    preamble = f"{candidate.preamble}\n" if candidate.preamble else ""
    return preamble + "".join(f"{lemma}\n" for lemma in lemmas) + placed.before, placed.text + placed.after


def compile_candidate(
    question: Question, compiler: Compiler, path: Sequence[Path], into: Path, lemma: Callable[[Lemma], str]
) -> None:
    before, text = candidate_text(question, [lemma(one) for one in question.lemmas])
    before = compiler.toolchain.header(f"{question.header.spoken}{before}")
    compiled = compiler.compile(CANDIDATE_MODULE, before + text, path=path, into=into)
    if not compiled.ok:
        scene = compiler.toolchain.header(question.header.spoken).count("\n")
        if compiled.errors and compiled.errors[0].line <= scene:
            raise failure(compiled, "what other files repeat of the header", kind="error")
        raise failure(compiled, "", skip=len(before), length=len(text))


def compile_as_one(question: Question, compiler: Compiler) -> None:
    """Compile header, statement and text in one file, with the text's theorem as a proof of that statement.

    That is what is exported. A text is found out that needs what only our modules have, or only another reading of the
    header.
    """
    mark = secrets.token_hex(16)  # so that no text can speak of it
    before, text = candidate_text(question, [lemma_theorem(one) for one in question.lemmas])
    claim = frozen_definition(question.statement, f"claim_{mark}")
    checked = f"theorem _root_.check_{mark} : @_root_.claim_{mark} := @_root_.{question.name}\n"
    whole = f"{question.candidate.problem.header}\n{claim}{before}{text}\n{checked}"
    compiled = compiler.compile("LemmaryWhole", compiler.toolchain.header(whole))
    if not compiled.ok:
        raise failure(compiled, "in one file with its header")


def resting_on(axioms: Sequence[str]) -> Message:
    """What is said of a proof from axioms that are not allowed."""
    hole = "; `sorryAx` is a `sorry` in the text or in the header" if "sorryAx" in axioms else ""
    return Message("error", f"the proof rests on {', '.join(axioms)}, which `allowed_axioms` does not name{hole}")


class Checked(NamedTuple):
    """What the checking file found: its theorem, and the axioms on which that rests."""

    theorem: str
    axioms: frozenset[str]


def check_axioms(question: Question, compiler: Compiler, path: Sequence[Path], into: Path | None = None) -> Checked:
    """Compile the checking file. Nothing in it is read in the header's scene."""
    check = f"check_{secrets.token_hex(16)}"
    imports = f"{question.header.imports}import {STATEMENT_MODULE}\nimport {CANDIDATE_MODULE}\n"
    text = compiler.toolchain.header(f"{imports}theorem {check} : {FROZEN} := @{question.name}\n")
    line = text.count("\n") + 1
    compiled = compiler.compile(CHECK_MODULE, f"{text}#print axioms {check}\n", path=path, into=into)
    if not compiled.ok:
        if compiled.reason != "does_not_compile":
            raise failure(compiled, "the comparison of statements")
        about, name = compiled.errors[0].text[:4000], question.name
        if about == f"Unknown identifier `{name}`":
            raise Rejection("wrong_statement", Message("error", f"the text proves nothing called {name}"))
        raise Rejection("wrong_statement", Message("error", f"{name} is not a proof of the statement: {about}"))
    answers = [axioms for one in compiled.said if one.line == line and (axioms := printed_axioms(one.text, check))]
    if len(answers) != 1:
        raise Rejection("prover_error", Message("error", "Lean does not say what the proof rests on"), kind="error")
    return Checked(check, frozenset(answers[0]) - {""})


def printed_axioms(text: str, name: str) -> tuple[str, ...] | None:
    """What `#print axioms NAME` says: names, or the empty name where there are none; None if it is no such answer."""
    found = _AXIOMS.fullmatch(text)
    if found is None or _QUOTES.sub("", found["name"]) != _QUOTES.sub("", name):  # Lean quotes a name where it has to
        return None
    return tuple(one.strip() for one in (found["axioms"] or "").split(","))


def kernel_again(
    compiler: Compiler, claims: Mapping[str, str], axioms: Iterable[str], modules: Sequence[str], path: Sequence[Path]
) -> None:
    """Give compiled modules to the kernel once more, in a process that runs nothing of theirs.

    The embedded toolchain's checker does this for its whole library too, with no axioms but those named, and sees to
    the `claims`, theorem → constant that it states. The `leanchecker` of another sees to the modules alone.
    """
    toolchain = compiler.toolchain
    arguments = list(modules)
    if toolchain.embedded:
        compiled = [file for module in modules for folder in path if (file := folder / f"{module}.olean").is_file()]
        library = sorted(toolchain.library_path[0].rglob("*.olean"))
        told = ",".join(f"{theorem}={stated}" for theorem, stated in claims.items())
        arguments = [told, ",".join(axioms), *map(str, (*library, *compiled))]
    argv = toolchain.checker_argv(*arguments, path=path)
    with compiler.sandbox.folder() as folder:
        finished = compiler.sandbox.run(argv, folder, compiler.limits, (*toolchain.readable, *path))
    compiler.cpu_seconds += finished.cpu_seconds
    if finished.stopped in ("wall", "cpu"):
        raise Rejection(
            "timeout", Message("error", "the kernel's second look: the time limit was reached"), kind="timeout"
        )
    if not finished.ok or (toolchain.embedded and finished.output != "OK\n"):
        said = finished.output.strip()[-2000:]
        raise Rejection("typing_flag", Message("error", f"the kernel refuses the compiled proof: {said}"))


def lemmas_among(question: Question, names: Iterable[str]) -> tuple[str, ...]:
    """Those names that are library lemmas, which stand in the header's namespace if it leaves one open."""
    prefix = f"{question.header.namespace}." if question.header.namespace else ""
    known = {lemma.canonical_name for lemma in question.lemmas}
    return tuple(sorted(known & {name.removeprefix(prefix) for name in names}))
