"""The dependency graph of an Isabelle session, as its derivations have it (`Thm_Deps`).

Never seen with a real Isabelle (docs/isabelle.md).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import networkx as nx

from domain import UserError
from verifiers.audit.isabelle.server import open_server
from verifiers.audit.isabelle.session import Session
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.audit.sandbox import Sandbox
from verifiers.isabelle.dependencies import Fact, facts

USES = "proof_uses"
SECONDS = 3600.0
"""Wall time for all facts of a session."""

_NAME = r"[\w.+-]+"
_DECLARED = re.compile(rf'^\s*session\s+"?({_NAME})"?', re.MULTILINE)


def isabelle_graph(target: Path, settings: IsabelleSettings | None = None) -> nx.MultiDiGraph[str]:
    """The graph of a session: one of the distribution by its name, or the first of a folder with a ROOT.

    Nodes have `kind`, `name`, `file` (the theory) and, if they are the session's own, `statement`; an edge leads from a
    fact to each fact that its derivation uses.

    Raises:
        UserError: the folder has no ROOT that declares a session, or what is named is neither.
        OutsideError: there is no Isabelle, or it does not answer as expected.
    """
    settings = settings or IsabelleSettings.from_environment()
    name = str(target)
    if target.is_dir():
        root = target / "ROOT"
        declared = _DECLARED.search(root.read_text(encoding="utf-8", errors="replace")) if root.is_file() else None
        if declared is None:
            raise UserError(f"{target} holds no ROOT that declares a session")
        name = declared[1]
        settings = replace(settings, session_folders=(*settings.session_folders, target.resolve()))
    elif not re.fullmatch(_NAME, name):
        raise UserError(f"{name} is neither a folder nor the name of an Isabelle session")
    settings = replace(settings, session=name)
    sandbox = Sandbox()
    session = Session(settings, lambda: open_server(settings, sandbox))
    try:
        return graph_of(facts(session, name, SECONDS))
    finally:
        session.close()


def graph_of(told: list[Fact]) -> nx.MultiDiGraph[str]:
    """Facts as a graph; those of other sessions are nodes without a statement."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for fact in told:
        graph.add_node(fact.name, kind="lemma", name=fact.name, file=_theory(fact.name), statement=fact.statement)
    for fact in told:
        for used in fact.uses:
            if used not in graph:
                graph.add_node(used, kind="declaration", name=used, file=_theory(used))
            graph.add_edge(fact.name, used, USES, kind=USES, count=1)
    return graph


def _theory(name: str) -> str:
    return name.partition(".")[0]
