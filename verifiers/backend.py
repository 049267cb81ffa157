"""The provers: one `Backend` each, and the table of them, from which a run loads the one that its problems are for.

A further prover is a folder `verifiers/NAME/` whose `backend.py` has a value `BACKEND` and whose `export.py` has a
value `EXPORT`, a line in `BACKENDS`, its word in `domain.Prover`, and what its audit rests on in
`verifiers/audit/NAME/`.

Invariant: apart from the verifiers that it opens, a backend has no state; what it writes is a function of its arguments
alone. Loading one backend loads no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from domain import Definition, Elaboration, Lemma, Problem, Prover, Term, UserError
from term_algebra.values import Value
from verifiers.answers import PromptLanguage
from verifiers.protocol import Verifier
from verifiers.scripts import ProverAutomation
from verifiers.steps import StepLanguage

if TYPE_CHECKING:
    from verifiers.export import ExportForm

BACKENDS: Mapping[Prover, str] = {
    "rocq": "verifiers.rocq.backend",
    "lean4": "verifiers.lean.backend",
    "isabelle": "verifiers.isabelle.backend",
}
"""Prover → the module whose `BACKEND` it is."""


@dataclass(frozen=True, slots=True)
class VerifierLimits:
    """Limits of one verifier; what is None is as its prover has it by default.

    Seconds are CPU seconds of a prover process; for Isabelle, whose server checks many at once, wall time.
    """

    check_seconds: float | None = None
    """For one candidate in a warm session."""
    audit_seconds: float | None = None
    """For each process of an audit."""
    memory_bytes: int | None = None
    """For one prover process."""
    sessions: int | None = None
    """Warm sessions kept."""
    audit_workers: int | None = None
    """Audits of one batch that run at the same time."""
    cache: Path | None = None
    """Folder of a file of verdicts, for provers that keep one."""

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the named limits that are not None."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class Surface(NamedTuple):
    """What a prover's file looks like to who sees words alone: where statements and comments begin and end."""

    begins: re.Pattern[str]
    """The beginning of a declaration: group 1 is its keyword, group 2 its name."""
    states: frozenset[str]
    """Keywords of declarations that state something."""
    ends: re.Pattern[str]
    """Where a statement ends and its proof begins."""
    outside: re.Pattern[str]
    """Where a comment begins (groups `opens` and, up to the end of a line, `line`), or what hides such a place."""
    inside: re.Pattern[str]
    """Where a comment within a comment begins (`opens`) or one ends (`closes`)."""
    binders: bool
    """Whether names may stand before the colon of a statement."""


class Syntax(Protocol):
    """How a prover's statements, proofs and files are written."""

    suffix: str
    """Of the prover's source files."""
    file_name: re.Pattern[str]
    """What the name of a source file may be, without the suffix."""
    derived: tuple[str, ...]
    """What stands behind a datatype's name in the names that the prover derives from it."""
    surface: Surface
    no_prelude: str
    """The identity of an empty prelude; empty where none has one."""

    def render(self, term: Term) -> str:
        """A closed term as text that the prover reads back as exactly it."""
        ...

    def theorem(self, name: str, exact: str) -> str:
        """The `formal_statement` of a problem that asks for a proof of `exact`."""
        ...

    def file(self, problem: Problem, proof: str, stem: str) -> str:
        """The source file of this name that holds a problem and the text that proves it, and that the prover loads."""
        ...

    def preamble(self, prelude: str, texts: Iterable[str] | None = None) -> str:
        """The tactic definitions that proofs under a prelude may call; nothing if none of `texts` calls any."""
        ...

    def without_tactics(self, proof: str) -> str:
        """A self-contained proof without the tactic definitions in front."""
        ...

    def refuse_block(self, proof: str) -> str | None:
        """Why a text that should hold nothing but tactics does not, or None."""
        ...

    def candidates(
        self,
        elaboration: Elaboration,
        proof: str,
        lemmas: Sequence[Lemma],
        definitions: Iterable[Definition],
        preamble: str,
    ) -> Iterator[str]:
        """Texts that prove a problem as its author wrote it, from a tactic block in canonical names, best first."""
        ...


class Refuter(Protocol):
    """How a prover is told that a statement is false."""

    def negation(self, problem: Problem) -> Problem:
        """The problem of proving that a problem's proposition is false, over the same header."""
        ...

    def proof(self, negated: Problem, elaboration: Elaboration, ground: Mapping[str, Value]) -> str | None:
        """A text that proves the negation from values of the statement's variables; None if they cannot be written."""
        ...

    def own_names(self, text: str, elaboration: Elaboration) -> str:
        """A text in the problem's own names instead of canonical ones."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """A prover as all that is above `verifiers/` sees it."""

    name: Prover
    opener: Callable[[VerifierLimits], Callable[[], Verifier]]
    """What opens a verifier with these limits, mostly in another process: the prover is the one that the environment of
    the process names which asks for the opener, and only the one that opens a verifier loads its code."""
    require: Callable[[], object]
    """Raises `OutsideError` where the prover that the environment names is not installed here; starts no session."""
    syntax: Syntax
    steps: StepLanguage
    """Proofs in steps, for repair."""
    automation: ProverAutomation
    prompts: PromptLanguage
    refuter: Refuter | None = None
    """None where false statements are not refuted."""
    clock: str = "CPU seconds"
    """What the seconds of its verdicts are."""

    @property
    def export(self) -> ExportForm:
        """How a library is exported: the `EXPORT` of `export.py` beside the backend, which a run does not load."""
        return import_module(f"{BACKENDS[self.name].rpartition('.')[0]}.export").EXPORT


@cache
def backend_of(prover: Prover) -> Backend:
    """The backend of a prover, loaded when it is first asked for."""
    return import_module(BACKENDS[prover]).BACKEND


def prover_of(provers: Iterable[Prover]) -> Prover:
    """The one prover of a run's problems. Raises `UserError` for several."""
    found = sorted(set(provers))
    if len(found) > 1:
        raise UserError(
            f"the problems are for {' and '.join(found)}, a run is for one prover: "
            "choose some by name, or make a run for each"
        )
    return found[0] if found else "rocq"
