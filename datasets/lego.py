"""Skill libraries of LEGO-Prover as a `networkx.MultiDiGraph`: which skill names which, and which came from which.

The texts are Isabelle that a language model wrote and that was accepted once; no proof term is at hand. So use is read
from the text, and the two relations are two graphs. A skill *mentions* another of its own checkpoint when the other's
name, or the name of the lemma that its text states, stands in it as a word (comments aside). It is *evolved from* the
skill of its checkpoint that its origin names.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import networkx as nx

from domain import UserError
from term_algebra import read_json

_WORD = re.compile(r"[A-Za-z_][\w']*")
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
_LEMMA = re.compile(r"\b(?:lemma|theorem|corollary|fun|definition)\s+([\w']+)")
_REQUEST = "do_request"
Kind: TypeAlias = Literal["mentioned", "evolved_from"]
KINDS: tuple[Kind, ...] = ("mentioned", "evolved_from")
"""What an edge can say."""
FIELDS = ("checkpoint", "skill_name", "full_code", "origin")


def read_skills(file: Path) -> list[dict[str, Any]]:
    """The skills of a JSONL file, plain or packed with gzip. Raises `UserError`."""
    if not file.is_file():
        raise UserError(f"there is no file {file}: give the skills as JSON lines (lego_skills.jsonl.gz)")
    try:
        return list(_records(file))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: {error}") from None


def _records(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = read_json(line)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{file}:{number}: not JSON: {error}") from None
            missing = [name for name in FIELDS if not isinstance(record, dict) or name not in record]
            if missing:
                raise UserError(f"{file}:{number}: field `{missing[0]}` is missing")
            yield record


def lego_graph(skills: list[dict[str, Any]], kind: Kind) -> nx.MultiDiGraph[str]:
    """One graph of all checkpoints, every skill being a node: `CHECKPOINT:SKILL`, with `#2` and so on for namesakes."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    nodes: list[str] = []
    called: dict[tuple[str, str], list[str]] = defaultdict(list)
    for skill in skills:
        node = f"{skill['checkpoint']}:{skill['skill_name']}"
        twins = called[skill["checkpoint"], skill["skill_name"]]
        node = f"{node}#{len(twins) + 1}" if twins else node
        twins.append(node)
        nodes.append(node)
        graph.add_node(
            node,
            kind="lemma",
            name=node,
            statement=_statement(skill["full_code"]),
            proof=skill["full_code"],
            file=skill["checkpoint"],
            origins=skill["origin"] or "seed",
        )
    for node, skill in zip(nodes, skills, strict=True):
        for alias in _stated(skill["full_code"]):
            if node not in called[skill["checkpoint"], alias]:
                called[skill["checkpoint"], alias].append(node)
    for node, skill in zip(nodes, skills, strict=True):
        checkpoint = skill["checkpoint"]
        own = {skill["skill_name"], *_stated(skill["full_code"])}
        words = {skill["origin"]} - {_REQUEST}
        if kind == "mentioned":
            words = set(_WORD.findall(_COMMENT.sub(" ", skill["full_code"]))) - own
        for word in sorted(words):
            for target in called.get((checkpoint, word), ())[:1]:
                if target != node:
                    graph.add_edge(node, target, kind, kind=kind, count=1)
    return graph


def _stated(code: str) -> list[str]:
    return _LEMMA.findall(_COMMENT.sub(" ", code))


def _statement(code: str) -> str:
    """The text before the proof begins."""
    proof = re.search(r"^\s*(?:proof\b|by\b|apply\b|unfolding\b|using\b)", code, re.MULTILINE)
    return code[: proof.start()].strip() if proof else code.strip()
