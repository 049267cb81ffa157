"""Clusters of statements: equal, an instance, or one rewriting step apart, whatever their names are."""

import pytest

from domain import App, Const, Forall, Term, Var
from pipeline.loop.clusters import clusters, open_problem, relation
from term_algebra import rename_constants

NAT = Const("nat")


def call(name: str, *arguments: Term) -> Term:
    return App(Const(name), arguments) if arguments else Const(name)


def add(x: Term, y: Term) -> Term:
    return call("add", x, y)


def equal(x: Term, y: Term) -> Term:
    return call("eq", NAT, x, y)


def statement(variables: str, *parts: Term) -> Term:
    """The last part under the others as hypotheses, and under the variables."""
    *hypotheses, body = parts
    for hypothesis in reversed(hypotheses):
        body = Forall("_", hypothesis, body)
    for name in reversed(variables.split()):
        body = Forall(name, NAT, body)
    return body


X, Y, Z = Var("x"), Var("y"), Var("z")
COMMUTES = statement("x y", equal(add(X, Y), add(Y, X)))
ASSOCIATES = statement("x y z", equal(add(add(X, Y), Z), add(X, add(Y, Z))))
RIGHT_ZERO = statement("x", equal(add(X, call("zero")), X))


def related(of: Term, to: Term) -> str | None:
    return relation(open_problem(of), open_problem(to))


@pytest.mark.parametrize(
    ("of", "to", "expected"),
    [
        (COMMUTES, statement("b a", equal(add(Var("a"), Var("b")), add(Var("b"), Var("a")))), "equal"),
        (RIGHT_ZERO, statement("y", equal(Y, add(Y, call("zero")))), "equal"),
        (statement("x", equal(add(call("next", X), X), add(X, call("next", X)))), COMMUTES, "instance"),
        (COMMUTES, statement("x", equal(add(X, X), add(X, X))), None),
        (statement("x y", equal(call("double", add(X, Y)), call("double", add(Y, X)))), COMMUTES, "step"),
        (statement("x y", equal(call("double", add(X, call("zero"))), call("double", X))), RIGHT_ZERO, "step"),
        (statement("x y", equal(add(call("zero"), X), call("double", X))), COMMUTES, None),
        (ASSOCIATES, COMMUTES, None),
        (COMMUTES, ASSOCIATES, None),
        (RIGHT_ZERO, COMMUTES, None),
    ],
)
def test_relations_of_equations(of: Term, to: Term, expected: str | None) -> None:
    assert related(of, to) == expected


def test_a_hypothesis_must_be_given_by_the_special_statement() -> None:
    small, even = call("small", X), equal(call("even", X), call("zero"))
    conclusion = equal(call("half", call("double", X)), X)
    conditional = statement("x", even, conclusion)
    assert related(statement("x", conclusion), conditional) is None
    assert related(conditional, statement("x", conclusion)) == "instance"
    assert related(statement("x", equal(small, small), even, conclusion), conditional) == "instance"
    turned = statement("x", equal(call("zero"), call("even", X)), conclusion)
    assert related(turned, conditional) in ("equal", "instance")


def test_a_rewrite_with_a_condition_needs_it() -> None:
    even = equal(call("even", X), call("zero"))
    conditional = statement("x", even, equal(call("half", X), call("zero")))
    goal = equal(add(Y, call("half", X)), add(Y, call("zero")))
    assert related(statement("x y", goal), conditional) is None
    assert related(statement("x y", even, goal), conditional) == "step"


def test_clusters_are_what_is_connected() -> None:
    step = statement("x y", equal(call("double", add(X, Y)), call("double", add(Y, X))))
    found = clusters({"c": COMMUTES, "a": step, "b": RIGHT_ZERO, "d": ASSOCIATES})
    assert found == {"c": "a", "a": "a", "b": "b", "d": "d"}


def test_names_of_functions_carry_no_meaning() -> None:
    names = {"add": "f", "zero": "c", "double": "g"}
    statements = {"one": COMMUTES, "two": RIGHT_ZERO, "three": ASSOCIATES}
    renamed = {name: rename_constants(term, names) for name, term in statements.items()}
    assert clusters(statements) == clusters(renamed)


def test_a_huge_numeral_is_compared_by_equality_alone() -> None:
    number: Term = call("zero")
    for _ in range(3000):
        number = call("next", number)
    huge = statement("x", equal(add(X, number), number))
    assert related(huge, huge) == "equal"
    assert related(huge, RIGHT_ZERO) is None
