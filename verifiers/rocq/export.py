"""An exported library as a Rocq development."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain import Definition
from verifiers.audit.rocq.sentences import identifiers, rename
from verifiers.canonical import with_derived
from verifiers.export import Written, joined, numbered
from verifiers.rocq.keywords import KEYWORDS
from verifiers.rocq.own_names import needed_tactics
from verifiers.rocq.tactics import preamble


class RocqExport:
    """A Rocq development that `make` builds."""

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

    def beside(self, name: str) -> str:
        return name

    def proved(self, name: str, statement: str, proof: str) -> str:
        return f"Lemma {name} : {statement}.\nProof.\n{proof.strip()}\nQed."

    def docstring(self, text: str) -> str:
        inside = text.replace("(*", "( *").replace("*)", "* )").replace('"', "''")
        return f"(** {inside} *)"

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        return needed_tactics(preamble(prelude), list(proofs))

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        del version
        found = {
            f"theories/{numbered('Library', number)}.v": joined(
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


EXPORT = RocqExport()
