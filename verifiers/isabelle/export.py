"""An exported library as an Isabelle session."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence

from domain import Definition
from verifiers.audit.isabelle import theories
from verifiers.audit.isabelle.cases import sessions_of
from verifiers.audit.isabelle.keywords import ALLOWED, REFUSED
from verifiers.export import Written, joined, numbered

_NAME = re.compile(r"(?<![\\<\w.'])[A-Za-z][\w']*")


class IsabelleExport:
    """An Isabelle session; a library's statements are its authors' texts."""

    project = "isabelle-session"
    stale = "Library*.thy"
    building = (
        "The session is for `isabelle build -D .`; lemmas stand after those that their proofs use, in `Library.thy`\n"
        "(and `Library_2.thy`, …, one for each header)."
    )
    reserved = ALLOWED | frozenset(REFUSED) | {"and", "assumes", "fixes", "for", "if", "obtains", "shows", "when"}

    def mentioned(self, text: str) -> set[str]:
        return set(_NAME.findall(text))

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        return _NAME.sub(lambda found: table.get(found.group(), found.group()), text)

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        del definition
        return dict(stems)

    def beside(self, name: str) -> str:
        return name

    def proved(self, name: str, statement: str, proof: str) -> str:
        return f"theorem {name}:\n  {statement.strip()}\n{textwrap.indent(proof.strip(), '  ')}"

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
            found[f"{name}.thy"] = theories.theory(name, header.imports, joined([header.body, *part.lemmas]).rstrip())
        names = "\n".join(f"    {name.removesuffix('.thy')}" for name in found)
        needed = "".join(f'  sessions\n    "{name}"\n' for name in sorted(sessions - {"HOL"}))
        return found | {"ROOT": f"session Lemmary_Library = HOL +\n{needed}  theories\n{names}\n"}


EXPORT = IsabelleExport()
