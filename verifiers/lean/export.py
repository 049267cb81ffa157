"""An exported library as a lake package."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache

from domain import Definition
from verifiers.audit.lean.lint import KEYWORDS
from verifiers.audit.lean.toolchain import PRELUDE
from verifiers.canonical import with_derived
from verifiers.export import Written, joined, numbered
from verifiers.lean.own_names import mentioned, renamed

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


class LeanExport:
    """A lake package, everything of ours in the namespace `Library`."""

    project = "lean-lake"
    stale = "Library*.lean"
    building = (
        "`Library.lean` (and `Library_2.lean`, …, one for each set of imports) is for `lake build`; lemmas stand\n"
        "after those that their proofs use, in the namespace `Library`. If the run used our embedded Lean, which\n"
        "has no `Init`, nobody has yet seen a Lean with `Init` accept them."
    )

    @property
    def reserved(self) -> frozenset[str]:
        return frozenset(_LEAN_WORDS.split()) | frozenset(KEYWORDS) | _lean_library()

    def mentioned(self, text: str) -> set[str]:
        return mentioned(text)

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        return renamed(text, table)

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        names = dict(stems)
        for datatype in definition.datatypes:
            for one in datatype.constructors:
                names[one.name] = f"{names[datatype.name]}.{names[one.name]}"
        return with_derived(names, [one.name for one in definition.datatypes], "lean4")

    def beside(self, name: str) -> str:
        return f"Library.{name}"

    def proved(self, name: str, statement: str, proof: str) -> str:
        block = textwrap.indent(textwrap.dedent(proof.strip("\n")), "  ")
        return f"theorem {name} : {statement} := by\n{block}"

    def docstring(self, text: str) -> str:
        return f"/-- {text.replace('/-', '/ -').replace('-/', '- /')} -/"

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        del prelude, proofs
        return ""

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        found = {
            f"{numbered('Library', number)}.lean": joined(
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


EXPORT = LeanExport()
