"""How an exported library is written in each prover's language, and what makes it a project of that prover's.

Invariant: a form has no state, and renaming changes names alone: in the text of a form's language, a name that is a key
of the table becomes the value wherever it stands for that thing, and nothing else changes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, Protocol

from domain import Definition, Lemma, Prover
from pipeline.dialects import DIALECTS
from verifiers.audit.isabelle import theories
from verifiers.audit.isabelle.cases import sessions_of
from verifiers.audit.isabelle.keywords import ALLOWED, REFUSED
from verifiers.audit.lean import lint as lean_lint
from verifiers.audit.lean.toolchain import PRELUDE
from verifiers.audit.rocq.sentences import identifiers, rename
from verifiers.canonical import with_derived
from verifiers.lean.own_names import mentioned as lean_mentioned
from verifiers.lean.own_names import renamed as lean_renamed
from verifiers.rocq.keywords import KEYWORDS
from verifiers.rocq.own_names import needed_tactics


class Written(NamedTuple):
    """The lemmas of one prelude under readable names, in the order of dependency."""

    prelude: str
    tactics: str
    """Definitions of tactics that the proofs call."""
    definitions: Sequence[str]
    lemmas: Sequence[str]
    """Each with its docstring and proof."""


class Form(Protocol):
    """A prover's language, for an exported library."""

    prover: Prover
    project: str
    """What `--as` calls a development of this prover."""
    stale: str
    """Files that an earlier export may have left, as a pattern."""
    building: str
    """How the development is built, for its card."""

    @property
    def reserved(self) -> frozenset[str]:
        """Words that cannot be names, or would mean something else."""
        ...

    def mentioned(self, text: str) -> set[str]:
        """The global names that a text mentions."""
        ...

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        """The text under other names."""
        ...

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        """The names of what a definition introduces, and of what the prover derives, from a stem for each."""
        ...

    def theorem(self, name: str, statement: str) -> str:
        """A statement without its proof."""
        ...

    def proved(self, name: str, statement: str, proof: str) -> str:
        """A statement with its proof."""
        ...

    def docstring(self, text: str) -> str:
        """A text as a comment."""
        ...

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        """The definitions of tactics that proofs under a prelude call."""
        ...

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        """Relative path → text of each file of the development that is the prover's; `version` is the prover's."""
        ...


def numbered(stem: str, number: int) -> str:
    """The name of the part with this number, from 1."""
    return stem if number == 1 else f"{stem}_{number}"


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join([text for text in parts if text]) + "\n"


class Rocq:
    """A Rocq development that `make` builds."""

    prover: Prover = "rocq"
    project = "coq-project"
    stale = "theories/Library*"
    building = (
        "`theories/` is a development that `make` builds (or `coqc -Q theories Lemmary theories/Library.v`); lemmas\n"
        "stand after those that their proofs use."
    )
    reserved = KEYWORDS | {"Inductive", "Lemma", "Notation", "Qed", "mod"}

    def mentioned(self, text: str) -> set[str]:
        return {name.text for name in identifiers(text)}

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        return rename(text, table)

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        return with_derived(dict(stems), [one.name for one in definition.datatypes], "rocq")

    def theorem(self, name: str, statement: str) -> str:
        return f"Lemma {name} : {statement}."

    def proved(self, name: str, statement: str, proof: str) -> str:
        return f"{self.theorem(name, statement)}\nProof.\n{proof.strip()}\nQed."

    def docstring(self, text: str) -> str:
        inside = text.replace("(*", "( *").replace("*)", "* )").replace('"', "''")
        return f"(** {inside} *)"

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        return needed_tactics(DIALECTS["rocq"].preamble(prelude), list(proofs))

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        del version
        found = {
            f"theories/{numbered('Library', number)}.v": _joined(
                [part.prelude, part.tactics, "\n".join(part.definitions), *part.lemmas]
            )
            for number, part in enumerate(parts, start=1)
        }
        theories = "\n".join(found)
        return found | {"_CoqProject": f"-Q theories Lemmary\n{theories}\n", "Makefile": _MAKEFILE}


_MAKEFILE = """\
all: Makefile.coq
\t$(MAKE) -f Makefile.coq

Makefile.coq: _CoqProject
\tcoq_makefile -f _CoqProject -o Makefile.coq

clean:
\tif [ -e Makefile.coq ]; then $(MAKE) -f Makefile.coq cleanall; fi
\trm -f Makefile.coq Makefile.coq.conf

.PHONY: all clean
"""

_LEAN_WORDS = """
    abbrev at attribute axiom by calc case def do else end example exists extends for forall from fun have if import in
    inductive let local match mut mutual namespace nofun nomatch omit open private protected public rec return section
    set_option show structure suffices termination_by then theorem try universe unless using variable where while with
    Prop Sort Type
    """


@cache
def _lean_library() -> frozenset[str]:
    """The names that the embedded Lean's library declares."""
    declared = re.compile(r"^(?:theorem|def|inductive|structure|class|abbrev|axiom|opaque) ([\w.']+)", re.MULTILINE)
    texts = [file.read_text(encoding="utf-8") for file in sorted(PRELUDE.rglob("*.lean"))]
    return frozenset(name for text in texts for name in declared.findall(text))


class Lean:
    """A lake package, everything of ours in the namespace `Library`."""

    prover: Prover = "lean4"
    project = "lean-lake"
    stale = "Library*.lean"
    building = (
        "`Library.lean` (and `Library_2.lean`, …, one for each set of imports) is for `lake build`; lemmas stand\n"
        "after those that their proofs use, in the namespace `Library`. If the run used our embedded Lean, which\n"
        "has no `Init`, nobody has yet seen a Lean with `Init` accept them."
    )

    @property
    def reserved(self) -> frozenset[str]:
        return frozenset(_LEAN_WORDS.split()) | frozenset(lean_lint.KEYWORDS) | _lean_library()

    def mentioned(self, text: str) -> set[str]:
        return lean_mentioned(text)

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        return lean_renamed(text, table)

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        names = dict(stems)
        for datatype in definition.datatypes:
            for one in datatype.constructors:
                names[one.name] = f"{names[datatype.name]}.{names[one.name]}"
        return with_derived(names, [one.name for one in definition.datatypes], "lean4")

    def theorem(self, name: str, statement: str) -> str:
        return f"theorem {name} : {statement}"

    def proved(self, name: str, statement: str, proof: str) -> str:
        block = textwrap.indent(textwrap.dedent(proof.strip("\n")), "  ")
        return f"{self.theorem(name, statement)} := by\n{block}"

    def docstring(self, text: str) -> str:
        return f"/-- {text.replace('/-', '/ -').replace('-/', '- /')} -/"

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        del prelude, proofs
        return ""

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        found = {
            f"{numbered('Library', number)}.lean": _joined(
                [part.prelude, "namespace Library", *part.definitions, *part.lemmas, "end Library"]
            )
            for number, part in enumerate(parts, start=1)
        }
        roots = ", ".join(f'"{name.removesuffix(".lean")}"' for name in found)
        lines = ['name = "library"', 'defaultTargets = ["Library"]', "", "[[lean_lib]]", 'name = "Library"']
        lines.append(f"roots = [{roots}]")
        release = re.search(r"\d+\.\d+\.\d+(?:-rc\d+)?", version)
        if any(re.search(r"^import Mathlib\b", part.prelude, re.MULTILINE) for part in parts):
            lines += ["", "[[require]]", 'name = "mathlib"', 'scope = "leanprover-community"']
            lines += [f'rev = "v{release[0]}"'] if release else []
        toolchain = f"leanprover/lean4:v{release[0]}\n" if release else "leanprover/lean4:stable\n"
        return found | {"lakefile.toml": "\n".join([*lines, ""]), "lean-toolchain": toolchain}


class Isabelle:
    """An Isabelle session; a library's statements are its authors' texts."""

    prover: Prover = "isabelle"
    project = "isabelle-session"
    stale = "Library*.thy"
    building = (
        "The session is for `isabelle build -D .`; lemmas stand after those that their proofs use, in `Library.thy`\n"
        "(and `Library_2.thy`, …, one for each header)."
    )
    reserved = ALLOWED | frozenset(REFUSED) | {"and", "assumes", "fixes", "for", "if", "obtains", "shows", "when"}

    def mentioned(self, text: str) -> set[str]:
        return set(_ISABELLE_NAME.findall(text))

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        return _ISABELLE_NAME.sub(lambda found: table.get(found.group(), found.group()), text)

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        del definition
        return dict(stems)

    def theorem(self, name: str, statement: str) -> str:
        return f"theorem {name}:\n  {statement.strip()}"

    def proved(self, name: str, statement: str, proof: str) -> str:
        return f"{self.theorem(name, statement)}\n{textwrap.indent(proof.strip(), '  ')}"

    def docstring(self, text: str) -> str:
        return f"(* {text.replace('(*', '( *').replace('*)', '* )')} *)"

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        del prelude, proofs
        return ""

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        del version
        found: dict[str, str] = {}
        sessions: set[str] = set()
        for number, part in enumerate(parts, start=1):
            header = theories.parse_header(part.prelude)
            sessions.update(sessions_of(header))
            name = numbered("Library", number)
            found[f"{name}.thy"] = theories.theory(name, header.imports, _joined([header.body, *part.lemmas]).rstrip())
        names = "\n".join(f"    {name.removesuffix('.thy')}" for name in found)
        needed = "".join(f'  sessions\n    "{name}"\n' for name in sorted(sessions - {"HOL"}))
        return found | {"ROOT": f"session Lemmary_Library = HOL +\n{needed}  theories\n{names}\n"}


_ISABELLE_NAME = re.compile(r"(?<![\\<\w.'])[A-Za-z][\w']*")

FORMS: Mapping[Prover, Form] = {"rocq": Rocq(), "lean4": Lean(), "isabelle": Isabelle()}


def wording(lemma: Lemma, shown: str) -> str:
    """What the docstring of a lemma says: its statement for people, and where it comes from."""
    where = f"round {lemma.round}" if lemma.round else "the library that the run began with"
    origins = f" for {', '.join(lemma.origins[:3])}{', …' if len(lemma.origins) > 3 else ''}" if lemma.origins else ""
    axioms = f" Axioms: {', '.join(lemma.axioms)}." if lemma.axioms else ""
    retired = " Retired; a proof below rests on it." if lemma.retired_by else ""
    return f"[{shown}]\n    From {where}, by {lemma.operator}{origins}.{axioms}{retired}"
