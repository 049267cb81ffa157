"""No proposer knows a suite: with every identifier renamed, the product sees exactly the same problems."""

from __future__ import annotations

from dataclasses import replace

from datasets import load
from domain import Elaboration, Problem
from tests.pipeline.contexts import context_of
from verifiers.audit.rocq.sentences import identifiers, rename
from verifiers.rocq.verifier import RocqVerifier

KEPT = frozenset(
    [
        "Inductive",
        "Fixpoint",
        "Definition",
        "Theorem",
        "Type",
        "Set",
        "Prop",
        "forall",
        "exists",
        "fun",
        "match",
        "with",
        "end",
        "struct",
        "let",
        "in",
        "if",
        "then",
        "else",
        "_",
        "fix",
        "return",
        "as",
        "bool",
        "true",
        "false",
        "nat",
        "O",
        "S",
        "eq",
        "and",
        "or",
        "not",
        "ex",
        "True",
        "False",
        "iff",
    ]
)


def renamed(problem: Problem, salt: str) -> Problem:
    """The problem with every identifier of its own replaced, bound variables too."""
    table: dict[str, str] = {}
    for name in identifiers(f"{problem.header}\n{problem.formal_statement}"):
        if name.text not in KEPT:
            table.setdefault(name.text, f"{salt}{len(table)}")
    return replace(
        problem,
        name=table[problem.name],
        header=rename(problem.header, table),
        formal_statement=rename(problem.formal_statement, table),
    )


def test_a_suite_with_all_identifiers_renamed_is_the_same_suite() -> None:
    problems = load("bundled").problems
    copies = [renamed(problem, f"zz{place}_") for place, problem in enumerate(problems)]
    verifier = RocqVerifier()
    try:
        contexts = []
        for suite in (problems, copies):
            elaborations = verifier.elaborate(suite)
            assert all(isinstance(one, Elaboration) for one in elaborations)
            contexts.append(context_of([e for e in elaborations if isinstance(e, Elaboration)]))
    finally:
        verifier.close()
    for problem, copy in zip(problems, copies, strict=True):
        assert contexts[0].of_problem(problem.name) == contexts[1].of_problem(copy.name), problem.name
        assert copy.formal_statement != problem.formal_statement
    assert set(contexts[0].definitions) == set(contexts[1].definitions)
    assert set(contexts[0].signatures) == set(contexts[1].signatures)
