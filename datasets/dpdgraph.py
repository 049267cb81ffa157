"""What Rocq's dpdgraph says of a development, as a `networkx.MultiDiGraph`.

A node is a constant, inductive type or constructor, called by its shortest full name; an edge leads to each constant
that its type or its body (the proof term) contains, with how often. Statements and proofs come from the sources, where
a file or module of the node's name has them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import networkx as nx

USES = "uses"
"""The kind of the edges: the target stands in the source's type or body, as the kernel has it."""

_NODE = re.compile(r'N: (\d+) "([^"]*)" \[(.*)\];')
_EDGE = re.compile(r"E: (\d+) (\d+) \[weight=(\d+)")
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|(\w+))')

_STATED = re.compile(
    r"^[ \t]*(?:#\[[^\]]*\]\s*)*(?:Local |Global |Program )*"
    r"(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Definition|Fixpoint|CoFixpoint|Inductive|CoInductive|"
    r"Variant|Record|Structure|Class|Instance|Example|Axiom|Parameter|Conjecture)\s+([\w']+)(?s:.*?)\.(?=\s|\Z)",
    re.MULTILINE,
)
_PROOF = re.compile(r"\s*(Proof(?s:.*?)(?:Qed|Defined|Admitted|Save)\.)(?=\s|\Z)")


def read_dpd(text: str) -> nx.MultiDiGraph[str]:
    """The graph of a `.dpd` file. Nodes have `kind` and `name`; what is assumed, not proved, has `status` open."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    names: dict[str, str] = {}
    for line in text.splitlines():
        if node := _NODE.match(line):
            fields = {key: quoted or plain for key, quoted, plain in _FIELD.findall(node[3])}
            path = fields.get("path", "")
            names[node[1]] = f"{path}.{node[2]}" if path else node[2]
            graph.add_node(names[node[1]], name=names[node[1]], **_kind(fields))
        elif edge := _EDGE.match(line):
            graph.add_edge(names[edge[1]], names[edge[2]], USES, kind=USES, count=int(edge[3]))
    return graph


def _kind(fields: dict[str, str]) -> dict[str, str]:
    if fields["kind"] != "cnst":
        return {"kind": "constructor" if fields["kind"] == "construct" else fields["kind"]}
    proposition = fields.get("prop") == "yes"
    if fields.get("body") != "yes":
        return {"kind": "axiom" if proposition else "parameter", "status": "open"}
    return {"kind": "lemma" if proposition else "definition"}


def describe(graph: nx.MultiDiGraph[str], sources: Iterable[Path], root: Path) -> None:
    """Give nodes the `statement`, `proof`, `file` (below `root`) and `line` of the source that states them.

    A node `List.app_nil_r` is what a file `List.v`, or a module `List` of a file, states as `app_nil_r`. If several
    files do, none is taken.
    """
    wanted: dict[str, list[str]] = defaultdict(list)
    for node in graph:
        wanted[node.rpartition(".")[2]].append(node)
    found: dict[str, list[dict[str, str | int]]] = defaultdict(list)
    for file in sources:
        text = file.read_text(encoding="utf-8", errors="replace")
        modules = {file.stem, *re.findall(r"^\s*Module (?:Type )?(?:Export |Import )?(\w+)", text, re.MULTILINE)}
        for stated in _STATED.finditer(text):
            for node in wanted.get(stated[1], ()):
                path = node.rpartition(".")[0].rpartition(".")[2]
                if not path or path in modules:
                    proof = _PROOF.match(text, stated.end())
                    found[node].append(
                        {
                            "statement": stated[0].strip(),
                            "proof": proof[1] if proof else "",
                            "file": str(file.relative_to(root)) if file.is_relative_to(root) else str(file),
                            "line": text.count("\n", 0, stated.start()) + 1,
                        }
                    )
    for node, places in found.items():
        if len(places) == 1:
            graph.nodes[node].update(places[0])
