"""The dependency graph of a Lean 4 project that was built, from the `.ilean` files beside its compiled modules.

Lean is not run. An edge leads from a declaration to each constant that its text names, as Lean resolved it:
`mentioned`, for what a tactic found by itself is not in the text.
"""

from __future__ import annotations

import re
from pathlib import Path

import networkx as nx

from domain import UserError
from verifiers.lean.tracing import Declaration, trace_compiled

_KIND = "mentioned"
_BUILDS = (".lake/build/lib/lean", ".lake/build/lib", "build/lib")
"""Where Lake puts compiled modules, the newest habit first."""
_THEOREM = re.compile(r"(?:^|\s)(?:theorem|lemma)\s")
_OPEN = re.compile(r"\bsorry\b")
_BRACKETS = {"(": 1, "[": 1, "{": 1, "⦃": 1, ")": -1, "]": -1, "}": -1, "⦄": -1}


def lean_graph(project: Path) -> nx.MultiDiGraph[str]:
    """The graph of a project, or of a folder of compiled modules with their sources beside them.

    Nodes have `kind`, `name`, `file` (the module) and, where the source is at hand, `statement` and `proof`; a proof
    with `sorry` makes its statement `open`. Raises `UserError`.
    """
    if not project.is_dir():
        raise UserError(f"{project} is not a folder: give a Lean project that was built")
    compiled = next((project / build for build in _BUILDS if any((project / build).rglob("*.ilean"))), project)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for trace in trace_compiled(compiled, project):
        for declaration in trace.declarations:
            graph.add_node(declaration.name, **_attributes(declaration, trace.module))
        for mention in trace.mentions:
            if mention.source and mention.source != mention.target:
                for name, module in ((mention.source, trace.module), (mention.target, mention.module)):
                    if name not in graph:
                        graph.add_node(name, kind="declaration", name=name, file=module)
                if graph.has_edge(mention.source, mention.target, _KIND):
                    graph.edges[mention.source, mention.target, _KIND]["count"] += 1
                else:
                    graph.add_edge(mention.source, mention.target, _KIND, kind=_KIND, count=1)
    return graph


def _attributes(declaration: Declaration, module: str) -> dict[str, str]:
    cut = _end_of_statement(declaration.text)
    statement, proof = declaration.text[:cut].strip(), declaration.text[cut:].strip()
    kind = "lemma" if _THEOREM.search(statement) else "definition" if statement else "declaration"
    found = {"kind": kind, "name": declaration.name, "file": module, "statement": statement, "proof": proof}
    return found | ({"status": "open"} if _OPEN.search(proof) else {})


def _end_of_statement(text: str) -> int:
    """Where the first `:=` outside of brackets stands, or the end."""
    depth = 0
    for place, sign in enumerate(text):
        depth += _BRACKETS.get(sign, 0)
        if depth == 0 and text.startswith(":=", place):
            return place
    return len(text)
