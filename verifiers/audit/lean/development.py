"""The judge of a user's own Lean file: does it prove what it left without a proof, and from what?

The file as it was is compiled, then the file with the new proofs, each in a process of its own. Processes that only
import the compiled file say what its theorems state and rest on, before and after. A proof at which the file does not
compile gives way to the next text for the same hole, or is taken out.

Invariant: only proofs are put in, each of them one term by its tokens and free of what the lint refuses and of what
declares anything beside its theorem, so nothing else of the file is read otherwise than before. A proof counts only if
the compiled file holds it for the same statement, everything else of the file states what it stated and rests on no new
axiom, its definitions are what they were, as far as Lean prints them, and the proof rests on no other axioms than those
that every proof may use, the file's own, and `sorry`s that the file still has, which is told. Where the Lean is the
embedded one, the kernel accepts the compiled file once more (`checker`).

Layer: own developments.
"""

from __future__ import annotations

import re
from collections.abc import Container, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from verifiers.audit import scratch
from verifiers.audit.lean.compiler import Compiled, Compiler
from verifiers.audit.lean.headers import Declared, commands, declared, parse_header, public
from verifiers.audit.lean.layers import kernel_again, lacking, printed_axioms
from verifiers.audit.lean.own_proofs import Spot, filled, hidden_block, old_proof, unfit
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.toolchain import LeanSettings, find
from verifiers.audit.lean.uses import SHOW_ALL, ask, names_printed
from verifiers.audit.refusals import Rejection
from verifiers.audit.sandbox import Sandbox

MODULE = "LemmaryOwn"
SORRY = "sorryAx"
_AXIOMS = "set_option pp.all false in set_option pp.universes false in #print axioms"


class Refused(NamedTuple):
    """What Lean says of a file that it does not compile, and the line (0 where it names none)."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The proofs that went into the file, with the axioms that each rests on, and why others did not."""

    proofs: Mapping[str, str]
    axioms: Mapping[str, tuple[str, ...]]
    dropped: Mapping[str, str]


class _Shown(NamedTuple):
    """What a compiled file says of a name: the statement, the axioms (None where it does not say), and what it is.

    The latter only of what is no theorem, since a theorem means what it states.
    """

    statement: str
    axioms: frozenset[str] | None
    body: str

    @property
    def has(self) -> frozenset[str]:
        return self.axioms or frozenset()


class OwnFiles:
    """Compiles and judges files of the user's with one Lean."""

    def __init__(self, sandbox: Sandbox, settings: LeanSettings) -> None:
        toolchain = find(settings)
        limits = toolchain.limits(settings.recheck_seconds, settings.memory_bytes)
        self._compiler = Compiler(toolchain, sandbox, limits, settings.memory_bytes)

    def refused(self, text: str) -> Refused | None:
        """Why a file does not compile as it stands, or None."""
        compiled = self._compile(text, None)
        return None if compiled.ok else self._refusal(compiled, text)

    def judge(self, text: str, spots: Sequence[Spot], offers: Mapping[str, Sequence[str]]) -> Judged:
        """Puts proofs into a file that compiles. `offers` has texts `:= …` for names of spots, best first."""
        dropped: dict[str, str] = {}
        waiting: dict[str, list[str]] = {}
        places = {spot.name: spot for spot in spots}
        if hidden_block(text) is not None or len(places) < len(spots):
            return Judged({}, {}, dict.fromkeys(offers, "the file's names are not told apart"))
        for name, texts in offers.items():
            if (mixed := old_proof(text, places[name])) is not None:
                dropped[name] = mixed
                continue
            refusals = [unfit(one) for one in texts]
            waiting[name] = [one for one, why in zip(texts, refusals, strict=True) if why is None]
            if not waiting[name]:
                why = refusals[-1] if refusals else "it needs definitions of its own; its text is in proofs/"
                dropped[name] = f"its proof cannot stand in the file: {why}"
        with self._compiled(text) as (plain, before):
            if before is None:
                why = f"Lean refuses the file without `private`: {self._refusal(plain, text).message}"
                return Judged({}, {}, dict.fromkeys(offers, why))
            known = self._meaning(text, spots, before)
            theorems = frozenset(_theorems(text, spots))
            if unread := [name for name in theorems if known[name].axioms is None]:
                why = f"Lean does not say what {min(unread)} rests on"
                return Judged({}, {}, dict.fromkeys(offers, why))
            for name in [name for name in waiting if SORRY not in known[name].has]:
                del waiting[name]
                dropped[name] = "what is called so has no `sorry`: another theorem is meant"
            while chosen := {name: texts[0] for name, texts in waiting.items() if texts}:
                whole, places = filled(text, spots, chosen)
                with self._compiled(whole) as (compiled, folder):
                    wrong = self._wrong(text, theorems, known, chosen, compiled, folder, places)
                    if not wrong and folder is not None:
                        shown = self._shown(list(chosen), theorems, folder)
                        axioms = {name: tuple(sorted(one.axioms or ())) for name, one in shown.items()}
                        return Judged(chosen, axioms, dropped)
                for name, why in wrong.items():
                    del waiting[name][0]
                    if not waiting[name]:
                        dropped[name] = why
        return Judged({}, {}, dropped)

    def _wrong(
        self,
        text: str,
        theorems: Container[str],
        known: Mapping[str, _Shown],
        chosen: Mapping[str, str],
        compiled: Compiled,
        folder: Path | None,
        places: Mapping[str, tuple[int, int]],
    ) -> dict[str, str]:
        """Which of the chosen proofs do not count, and why; all of them where it is not one's fault."""
        if folder is None:
            return self._at_fault(compiled, places) or dict.fromkeys(
                chosen, f"the whole file does not compile with it: {self._refusal(compiled, text).message}"
            )
        header, toolchain = parse_header(text), self._compiler.toolchain
        own = {name for command, name in _declared(text) if command.word == "axiom"}
        allowed = toolchain.axioms | header.axioms | own
        wrong: dict[str, str] = {}
        for name, one in self._shown(list(known), theorems, folder).items():
            if name in chosen:
                if one.axioms is None or one.statement != known[name].statement:
                    wrong[name] = f"the file with it does not prove the same statement: {one.statement or 'nothing'}"
                elif more := sorted(one.axioms - allowed - {SORRY}):
                    wrong[name] = f"it rests on {', '.join(more)}"
            elif (
                one._replace(axioms=None) != known[name]._replace(axioms=None)
                or (one.axioms is None and known[name].axioms is not None)
                or not one.has <= allowed | known[name].has
            ):
                return dict.fromkeys(chosen, f"with it {name} is another, or rests on more")
        if not wrong and toolchain.embedded:
            try:
                kernel_again(self._compiler, {}, {*allowed, SORRY}, [MODULE], [folder])
            except Rejection as error:
                return dict.fromkeys(chosen, error.verdict.messages[0].text)
        return wrong

    def _at_fault(self, compiled: Compiled, places: Mapping[str, tuple[int, int]]) -> dict[str, str]:
        """The proofs in whose theorems errors are, and the first of each."""
        before = len(self._compiler.toolchain.header(""))
        found: dict[str, str] = {}
        for error in compiled.errors:
            for name, (begin, end) in places.items():
                if begin <= error.start - before <= end:
                    found.setdefault(name, f"the file does not compile with it: {' '.join(error.text.split())[:400]}")
        return found

    def _meaning(self, text: str, spots: Sequence[Spot], folder: Path) -> dict[str, _Shown]:
        """What a compiled file says of all that its text names, and of what Lean made for that without a name in it.

        The latter are instances without a name of their own, and parts of definitions, as far as the others speak of
        them.
        """
        found = _declared(text)
        theorems = _theorems(text, spots)
        named = dict.fromkeys([*theorems, *(one.name for one in found if one.name)])
        classes = {part for one in found for token in scan(one.command.text).tokens for part in token.text.split(".")}
        instances = tuple(f"inst{part}" for part in classes)
        known: dict[str, _Shown] = {}
        new = list(named)
        while new:
            shown = self._shown(new, frozenset(theorems), folder)
            known |= shown
            words = set[str]().union(*(names_printed(f"{one.statement}\n{one.body}") for one in shown.values()))
            new = sorted(
                word
                for word in words - known.keys()
                if word.rpartition(".")[2].startswith(instances) or any(word.startswith(f"{name}.") for name in named)
            )
        return known

    def _shown(self, names: Sequence[str], theorems: Container[str], folder: Path) -> dict[str, _Shown]:
        """What a compiled file says of names."""
        header = f"import {MODULE}\n" + "".join(f"{line}\n" for line in SHOW_ALL)
        queries: list[str] = []
        for name in names:
            body = "" if name in theorems else f"#print _root_.{name}"
            queries += [f"#check @_root_.{name}", f"{_AXIOMS} _root_.{name}", body]
        answers = ask(self._compiler, header, queries, [folder])
        found: dict[str, _Shown] = {}
        for name, statement, printed, body in zip(names, answers[::3], answers[1::3], answers[2::3], strict=True):
            axioms = printed_axioms(printed, name)
            found[name] = _Shown(statement, None if axioms is None else frozenset(axioms) - {""}, body)
        return found

    @contextmanager
    def _compiled(self, text: str) -> Generator[tuple[Compiled, Path | None]]:
        """A file, compiled as it stands and then so that others see all of it; no folder where it does not compile."""
        folder = self._compiler.sandbox.make_folder(trusted=True)
        try:
            seen = public(text, nested=True)
            compiled = self._compile(text, None) if seen != text else None
            if compiled is None or compiled.ok:
                compiled = self._compile(seen, folder)
            yield compiled, folder if compiled.ok else None
        finally:
            scratch.remove(folder)

    def _compile(self, text: str, into: Path | None) -> Compiled:
        return self._compiler.compile(MODULE, self._compiler.toolchain.header(text), into=into)

    def _refusal(self, compiled: Compiled, text: str) -> Refused:
        """The first error of a file, with what its author can do where that is known."""
        error = next(iter(compiled.errors), None)
        if error is None:
            return Refused(0, compiled.messages(0, 0)[0].text)
        hint = lacking(error.text, self._compiler.toolchain)
        said = f"{error.text.splitlines()[0]}: {hint}" if hint else " ".join(error.text.split())
        line = error.line - self._compiler.toolchain.header("").count("\n")
        return Refused(line if line > 0 else _import_line(text, error.text), said)


def _import_line(text: str, said: str) -> int:
    """The line of the import about which Lean says something before it reads the file, or 0."""
    for command in commands(text):
        module = command.normal.split()[-1]
        about = rf"module {re.escape(module)} |prefix '{re.escape(module.split('.')[0])}'"
        if command.word == "import" and re.search(about, said):
            return text.count("\n", 0, command.start) + 1
    return 0


def _declared(text: str) -> list[Declared]:
    """The commands of a file with the names that they give, read with the columns of blocks and without them.

    Where the two differ, what both say is asked for.
    """
    return [*declared(text, nested=True), *declared(text)]


def _theorems(text: str, spots: Sequence[Spot]) -> list[str]:
    """The names of a file's theorems."""
    said = [name for command, name in _declared(text) if name and command.word in ("theorem", "lemma")]
    return list(dict.fromkeys([*(spot.name for spot in spots), *said]))
