"""Small values to fill a library with: terms over `nat`-like definitions, written by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain import (
    App,
    Branch,
    Const,
    Constructor,
    Datatype,
    Definition,
    Fix,
    FixFunction,
    Forall,
    Function,
    Lemma,
    Match,
    Problem,
    Term,
    Var,
    Verdict,
)
from library_store.admission import Proposal
from library_store.attempts import Attempt, Request
from library_store.library import Library
from library_store.schema import Metric, ProblemState

NAT = Const("dnat")
ZERO = Const("dnat_1")
AUDITED = Verdict("accepted", "proved", "audited", prover="rocq 8.16.1")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def successor(term: Term) -> Term:
    return App(Const("dnat_2"), (term,))


def plus(left: Term, right: Term) -> Term:
    return App(Const("dplus"), (left, right))


def equal(left: Term, right: Term) -> Term:
    return App(Const("eq"), (NAT, left, right))


def for_all(names: str, body: Term) -> Term:
    for name in reversed(names.split()):
        body = Forall(name, NAT, body)
    return body


def datatype() -> Definition:
    arrow = Forall("_", NAT, NAT)
    return Definition(
        id=sha("nat"),
        prover="rocq",
        kind="datatype",
        names=("dnat", "dnat_1", "dnat_2"),
        readable=("Nat", "Z", "S"),
        source="Inductive dnat : Set := dnat_1 : dnat | dnat_2 : dnat -> dnat.",
        canonical_text="nat",
        uses=(),
        datatypes=(Datatype("dnat", Const("Set"), 0, (Constructor("dnat_1", NAT), Constructor("dnat_2", arrow))),),
    )


def addition() -> Definition:
    branches = (
        Branch("dnat_1", (), Var("y")),
        Branch("dnat_2", ("z",), successor(App(Var("plus"), (Var("z"), Var("y"))))),
    )
    body = Fix(
        (FixFunction("plus", (("x", NAT), ("y", NAT)), "x", NAT, Match(Var("x"), branches)),),
        "plus",
    )
    return Definition(
        id=sha("plus"),
        prover="rocq",
        kind="function",
        names=("dplus",),
        readable=("plus",),
        source="Fixpoint dplus …",
        canonical_text="plus",
        uses=(sha("nat"),),
        functions=(Function("dplus", Forall("_", NAT, Forall("_", NAT, NAT)), body),),
    )


STATEMENT = for_all("x0 x1", equal(plus(Var("x0"), Var("x1")), plus(Var("x1"), Var("x0"))))


def lemma(name: str, term: Term = STATEMENT, **changes: Any) -> Lemma:
    """A lemma over addition whose id derives from its name."""
    value = Lemma(
        id=sha(f"lemma {name}"),
        revision=1,
        prover="rocq",
        name=name,
        prelude_id=sha(""),
        definition_ids=(sha("nat"), sha("plus")),
        statement=f"readable {name}",
        statement_exact=f"exact {name}",
        term=term,
        proof=f"intros. (* {name} *) auto.",
        uses=(),
        dedup_key="",
        origin_kind="problem",
        origins=("prop_1",),
        parents=(),
        operator="automation",
        round=1,
        attempt_id="attempt 1",
        prover_version="8.16.1",
        seconds=0.25,
    )
    return replace(value, **changes)


def problem(name: str) -> ProblemState:
    return ProblemState(
        Problem(name, "rocq", "Inductive …", f"Theorem {name} : …", split="valid", extra={"year": 1998}),
        prelude_id=sha(""),
        definition_ids=(sha("nat"), sha("plus")),
        statement_exact=f"exact {name}",
    )


def request(name: str, **changes: Any) -> Request:
    value = Request(
        id=sha(f"request {name}"),
        prover="rocq",
        prelude_id=sha(""),
        definition_ids=(sha("nat"), sha("plus")),
        statement=f"readable {name}",
        statement_exact=f"exact {name}",
        term=STATEMENT,
        origin_kind="goal",
        asked_by=("prop_1",),
        operator="goal_surgery",
        round=1,
    )
    return replace(value, **changes)


def attempt(name: str, target: str = "prop_1", **changes: Any) -> Attempt:
    value = Attempt(
        id=name,
        kind="problem",
        target=target,
        round=1,
        operator="automation",
        model="",
        prompt_hash="",
        prompt="",
        output="",
        retrieved=(),
        mentioned=(),
        uses=(),
        harvested=(),
        verdict="rejected",
        reason="does_not_compile",
        proof="",
        stuck_goals=("x0 = x1",),
        candidates=3,
        tokens_in=10,
        tokens_out=5,
        cpu_seconds=1.5,
        seconds=2.0,
        counts={"proposed": 3, "elaborated": 1},
    )
    return replace(value, **changes)


def opened(directory: Path) -> Library:
    """A library that knows the definitions and four problems."""
    library = Library(directory)
    library.add_definitions([datatype(), addition()])
    library.add_problems([problem(f"prop_{n}") for n in range(1, 5)])
    return library


def three_rounds(directory: Path) -> None:
    """A run of three finished rounds.

    Round 1: lemmas `a` and `b` (b uses a), of problem 1, which is proved without a lemma. Round 2: `c`, of problem 3,
    which gains an origin in round 3; problem 2 is proved with b. Round 3: `a` is retired, subsumed by `c`; problem 3 is
    proved with b and c, and b is retrieved for problem 4, which stays open.
    """
    with opened(directory) as library:
        a, b, c = (
            lemma("a"),
            lemma("b", uses=(sha("lemma a"),)),
            lemma("c", origins=("prop_3",), parents=(sha("lemma a"),)),
        )
        library.add_request(request("b"))
        library.insert_many([Proposal(a, AUDITED), Proposal(b, AUDITED, (a.id,))])
        library.set_problem("prop_1", "proved", proof="auto.", operator="automation", attempt_id="attempt 1")
        library.add_attempt(attempt("attempt 1", verdict="accepted", reason="proved"))
        library.add_event("round_began", at=1000.0)
        library.add_metrics(
            [Metric("cpu_seconds", "driver", 0, 2.0, "s"), Metric("cpu_seconds", "prover", 0, 3.0, "s")]
        )
        library.snapshot(seed=7, code_version="0.1")
        library.insert(c, AUDITED)
        library.set_problem("prop_2", "proved", proof="rewrite b.", uses=[b.canonical_name], attempt_id="attempt 2")
        library.add_attempt(attempt("attempt 2", "prop_2", retrieved=(a.id, b.id), mentioned=(b.canonical_name,)))
        library.snapshot(seed=7, code_version="0.1")
        library.insert(replace(c, origins=("prop_4",)), AUDITED)
        library.retire(a.id, c.id)
        library.set_problem("prop_3", "proved", proof="rewrite b, c.", uses=[b.id, c.id], attempt_id="attempt 3")
        library.add_attempt(attempt("attempt 4", "prop_4", retrieved=(b.id,)))
        library.add_metrics([Metric("seconds", "", 0, 60.0, "s")])
        library.snapshot(seed=7, code_version="0.1")
