"""What is known at one moment, built from rows of the tables: pure memory, no file.

Live changes, replay of the journal and loading of a snapshot all go through `apply`, so they cannot differ.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeAlias

import networkx as nx

from domain import Definition, Lemma
from library_store import graph
from library_store.attempts import Request
from library_store.retrieval.hybrid import HybridIndex
from library_store.retrieval.lexical import LemmaIndex, statement_tokens, text_tokens
from library_store.rows import definition_from_row, lemma_from_rows, problem_from_row, request_from_row
from library_store.schema import SPENT, ProblemState, Row

StatementKey: TypeAlias = bytes

AUTOMATION = "automation"
"""What retired a lemma that the prover's automation proves by itself, and no other lemma."""


REFUSED = "failed_recheck"
"""What retired a lemma that a recheck refused, or that rests on one."""

_NUMBERED = re.compile(r"(.+)_([1-9][0-9]{0,8})")


class Step(NamedTuple):
    """An attempt that is recorded: its id, what it worked on, and whether the model made it."""

    id: str
    kind: str
    target: str
    by_model: bool


class Effort(NamedTuple):
    """A step of evolution: what it worked on, what it brought, and what that cost."""

    operator: str
    target: str
    by_model: bool
    harvested: tuple[str, ...]
    cpu_seconds: float
    tokens: int


def statement_key(of: Lemma | Request) -> StatementKey:
    """What makes two statements the same statement: a hash, since a library has a million of them in memory."""
    text = "\x1f".join([of.prover, of.prelude_id, *sorted(of.definition_ids), of.statement_exact])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest()


class State:
    """Definitions, lemmas, problems and requests, by id (problems by name), in the order in which they came.

    `graph` says which lemmas the proofs of lemmas and problems use; `trust` is that of each lemma's verdict;
    `attempts_on` counts the attempts on each problem, request or lemma; `steps` are all attempts by
    round; `efforts` are the steps of evolution, `attempt_seconds` what the attempts at problems by automation
    took; `tokens_out` is what the model wrote in all; `charged` what a run was charged for when each round ended, or
    so far; `measured` the CPU seconds in the metrics of the round under way (those of earlier rounds are not kept).
    """

    def __init__(self) -> None:
        self.round = 1
        """The round that is under way."""
        self.notices: list[str] = []
        self.definitions: dict[str, Definition] = {}
        self.lemmas: dict[str, Lemma] = {}
        self.problems: dict[str, ProblemState] = {}
        self.requests: dict[str, Request] = {}
        self.attempts_on: Counter[str] = Counter()
        self.attempt_ids: set[str] = set()
        self.efforts: list[Effort] = []
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        self.steps: defaultdict[int, list[Step]] = defaultdict(list)
        self.attempt_seconds: list[float] = []
        self.tokens_out = 0
        self.charged: dict[int, float] = {}
        self.measured: defaultdict[int, float] = defaultdict(float)
        self.trust: dict[str, str] = {}
        self.names: set[str] = set()
        """Those of all lemmas, no two of which have the same."""
        self._numbers: dict[str, int] = {}
        """The highest number behind a name."""
        self.next_event = 1
        self._revisions: dict[tuple[str, str], int] = {}
        self._by_name: dict[str, str] = {}
        self._by_statement: dict[StatementKey, str] = {}
        self._requests_by_statement: dict[StatementKey, str] = {}
        self._proofs: dict[str, Row] = {}
        self._proved_in: dict[str, int] = {}
        self._index = LemmaIndex()
        self._hybrid: HybridIndex | None = None
        """Made when it is first asked."""
        self._statements_asked_for = LemmaIndex()

    def apply(self, table: str, row: Row) -> None:
        """Take in one row. The row of a lemma's proof comes before the lemma's first row."""
        match table:
            case "definitions":
                self.definitions[row["id"]] = definition_from_row(row)
            case "proofs":
                self._proofs[row["lemma_id"]] = row
            case "lemmas":
                graph.add_lemma(self.graph, row)
                self._apply_lemma(lemma_from_rows(row, self._proof_of(row["id"])), row["trust"])
            case "requests":
                request = request_from_row(row)
                self.requests[request.id] = request
                self._requests_by_statement[statement_key(request)] = request.id
                if request.status in ("open", "answered"):
                    self._statements_asked_for.add(request.assumed())
                else:
                    self._statements_asked_for.remove(request.id)
            case "problems":
                self.problems[row["id"]] = state = problem_from_row(row)
                self._proved_in[row["id"]] = row["round"]
                graph.add_problem(self.graph, row)
                graph.set_uses(self.graph, graph.node_of("problem", row["id"]), state.uses)
                if self._hybrid is not None:
                    self._add_proof_of_problem(self._hybrid, state, row["round"])
            case "attempts":
                self.attempt_ids.add(row["id"])
                self.attempts_on[row["target"]] += 1
                self.tokens_out += row["tokens_out"]
                self._apply_step(row)
            case "events":
                self.next_event = max(self.next_event, row["id"] + 1)
                if row["kind"] == SPENT:
                    self.charged[row["round"]] = json.loads(row["detail"])["cpu_seconds"]
            case "metrics":
                if row["name"] == "cpu_seconds":
                    self.measured[row["round"]] += row["value"]
            case "edges":
                pass
            case _:
                raise ValueError(f"no table is called {table!r}")
        if table in ("requests", "problems"):
            self._revisions[table, row["id"]] = row["revision"]

    def _apply_step(self, row: Row) -> None:
        by_model = bool(row["model"])
        self.steps[row["round"]].append(Step(row["id"], row["kind"], row["target"], by_model))
        if row["kind"] != "problem":
            paid = (row["cpu_seconds"], row["tokens_out"])
            self.efforts.append(Effort(row["operator"], row["target"], by_model, tuple(row["harvested"]), *paid))
        elif row["candidates"] and not by_model:
            self.attempt_seconds.append(row["cpu_seconds"])

    def _proof_of(self, lemma_id: str) -> Row:
        """The row of a lemma's proof: the one that came before the lemma's row, or of the revision before."""
        proof = self._proofs.pop(lemma_id, None)
        if proof is not None:
            return proof
        known = self.lemmas[lemma_id]
        return {"text": known.proof, "uses": known.uses, "seconds": known.seconds}

    def _apply_lemma(self, lemma: Lemma, trust: str) -> None:
        before = self.lemmas.get(lemma.id)
        if before is None or before.uses != lemma.uses:
            graph.set_uses(self.graph, lemma.id, lemma.uses)
        self.lemmas[lemma.id] = lemma
        self.trust[lemma.id] = trust
        self._by_name[lemma.canonical_name] = lemma.id
        self.names.add(lemma.name)
        if numbered := _NUMBERED.fullmatch(lemma.name):
            self._numbers[numbered[1]] = max(int(numbered[2]), self._numbers.get(numbered[1], 0))
        self._by_statement[statement_key(lemma)] = lemma.id
        if lemma.retired_by is None:
            self._index.add(lemma)
        else:
            self._index.remove(lemma.id)
        if self._hybrid is not None:
            self._add_proof_of_lemma(self._hybrid, lemma)

    def free_name(self, wish: str, coming: Collection[str]) -> str:
        """The name, with a number behind it where a lemma has it or one about to be written."""
        name, number = wish, max(1, self._numbers.get(wish, 0))
        while name in self.names or name in coming:
            number += 1
            name = f"{wish}_{number}"
        return name

    def next_revision(self, table: str, row_id: str) -> int:
        """The revision that the next row of a problem or request has."""
        return self._revisions.get((table, row_id), 0) + 1

    def lemma_of(self, name_or_id: str) -> Lemma | None:
        """The lemma with this id or canonical name."""
        return self.lemmas.get(self._by_name.get(name_or_id, name_or_id))

    def stands(self, lemma_id: str, coming: Mapping[str, str | None] | None = None) -> bool:
        """Whether a lemma is in retrieval, or one is that subsumes it, or automation proves it without any.

        `coming` are lemmas about to be written, with what retires each.
        """
        new = coming or {}
        seen: set[str] = set()
        at: str | None = lemma_id
        while at is not None and at not in seen and (at in new or at in self.lemmas):
            seen.add(at)
            at = new[at] if at in new else self.lemmas[at].retired_by
        return at in (None, AUTOMATION)

    def refused(self, lemma_id: str) -> bool:
        """Whether a recheck refused a lemma, or one on which it rests: nothing may rest on it.

        A lemma that is retired for any other reason is true, and proofs may rest on it.
        """
        return self.lemmas[lemma_id].retired_by == REFUSED or self.trust[lemma_id] == "none"

    def lemma_for(self, request: Request) -> Lemma | None:
        """The lemma whose statement is exactly the request's."""
        return self.lemmas.get(self._by_statement.get(statement_key(request), ""))

    def request_for(self, lemma: Lemma) -> Request | None:
        """The request for exactly the lemma's statement."""
        return self.requests.get(self._requests_by_statement.get(statement_key(lemma), ""))

    def _add_proof_of_lemma(self, hybrid: HybridIndex, lemma: Lemma) -> None:
        hybrid.add_proof(lemma.id, lemma.prelude_id, statement_tokens(lemma.term), lemma.uses, lemma.round)

    def _add_proof_of_problem(self, hybrid: HybridIndex, state: ProblemState, in_round: int) -> None:
        tokens = text_tokens(state.statement_exact)
        hybrid.add_proof(state.problem.name, state.prelude_id, tokens, state.uses, in_round)
