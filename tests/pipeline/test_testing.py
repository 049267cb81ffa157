"""The evaluator and the search for counterexamples."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import (
    App,
    Branch,
    Const,
    Constructor,
    Datatype,
    Definition,
    Forall,
    Function,
    Lambda,
    Match,
    Sort,
    Term,
    Var,
)
from pipeline.proposers.conjecture import testing
from pipeline.proposers.conjecture.evaluation import Evaluator
from pipeline.proposers.conjecture.standard_values import STANDARD, OutOfFuelError
from term_algebra import subterms
from term_algebra.rewriting import Pattern, to_pattern
from term_algebra.theory import Theory
from term_algebra.values import UnsupportedError, Value
from tests.pipeline.small_theory import STATEMENTS, canonical, definitions, statement

FALSE = [name for name in STATEMENTS if name.startswith("false_")]


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in FALSE])
def test_true_statements_are_not_refuted(name: str) -> None:
    report = testing.Tester(definitions(name)).test(statement(name))
    assert report.counterexample is None
    assert report.tested > 20


@pytest.mark.parametrize("name", ["false_comm", "false_flip", "false_even"])
def test_false_statements_are_refuted_by_a_counterexample(name: str) -> None:
    counterexample = testing.refutes(statement(name), definitions(name))
    assert counterexample is not None
    assert counterexample.certain
    assert counterexample.values


def test_an_existential_over_an_infinite_type_is_never_refuted() -> None:
    assert testing.refutes(statement("false_exists"), definitions()) is None


def test_the_same_seed_gives_the_same_counterexample() -> None:
    first, again = (testing.refutes(statement("false_comm"), definitions(), seed=3) for _ in range(2))
    assert first == again


def numeral(count: int) -> Term:
    term: Term = Const(canonical("zero"))
    for _ in range(count):
        term = App(Const(canonical("next")), (term,))
    return term


def value(count: int) -> tuple[object, ...]:
    return (0,) if count == 0 else (1, value(count - 1))


@given(st.integers(0, 30), st.integers(0, 30))
def test_functions_compute(a: int, b: int) -> None:
    evaluator = Evaluator(Theory(definitions()))
    total = App(Const(canonical("sum")), (numeral(a), numeral(b)))
    assert evaluator.compile(total, [])() == value(a + b)
    even = App(Const(canonical("even")), (numeral(a),))
    assert evaluator.compile(even, [])() == ((0,) if a % 2 == 0 else (1,))


def test_partial_applications_are_functions() -> None:
    evaluator = Evaluator(Theory(definitions()))
    adder = evaluator.compile(App(Const(canonical("sum")), (numeral(2),)), [])()
    assert adder(value(3)) == value(5)


def test_evaluation_stops_when_the_fuel_is_spent() -> None:
    evaluator = Evaluator(Theory(definitions()), fuel=10)
    run = evaluator.compile(App(Const(canonical("twice")), (Var("x"),)), ["x"])
    assert run(value(9)) == value(18)
    with pytest.raises(OutOfFuelError):
        run(value(30))


def test_unknown_constants_are_refused() -> None:
    with pytest.raises(UnsupportedError):
        Evaluator(Theory(definitions())).compile(Const("nowhere"), [])


def test_a_function_that_cannot_be_evaluated_is_refused_each_time() -> None:
    broken = Function("broken", Const("bool"), App(Const("not_known"), (Const("true"),)))
    user = Function("user", Const("bool"), App(Const("negb"), (Const("broken"),)))
    group = [
        Definition(name, "rocq", "function", (name,), (name,), "", "", (), functions=(function,))
        for name, function in (("broken", broken), ("user", user))
    ]
    evaluator = Evaluator(Theory(tuple(group)))
    for name in ("user", "broken", "user"):
        with pytest.raises(UnsupportedError):
            evaluator.function(name)


def deep_number() -> Term:
    number: Term = Const("O")
    for _ in range(2000):
        number = App(Const("S"), (number,))
    return number


def test_patterns_of_the_subterms_of_a_deep_number_share_their_parts() -> None:
    number, known = deep_number(), dict[int, Pattern]()
    patterns = [to_pattern(term, known) for term in subterms(number) if isinstance(term, App)]
    assert len(patterns) == 2000
    assert all(outer[1] is inner for outer, inner in pairwise(patterns))
    assert patterns[0] == to_pattern(number)


def test_a_number_too_deep_for_pythons_parser_is_not_tested() -> None:
    number = deep_number()
    with pytest.raises(UnsupportedError, match="nested too deeply"):
        Evaluator(Theory(())).compile(number, ())
    report = testing.Tester(()).test(App(Const("eq"), (Const("nat"), number, Const("O"))))
    assert (report.counterexample, report.tested) == (None, 0)


def test_numbers_too_large_to_be_written_out_cut_an_evaluation_off() -> None:
    times = STANDARD["Nat.mul"][1]
    large: Value = (0,)
    for _ in range(200):
        large = (1, large)
    with pytest.raises(OutOfFuelError):
        times(large, large)


def test_a_match_in_a_match_too_deep_for_pythons_parser_is_not_tested() -> None:
    body: Term = Var("b")
    for _ in range(120):
        body = Match(Var("b"), (Branch("true", (), body), Branch("false", (), Var("b"))))
    deep = Function("deep", Forall("b", Const("bool"), Const("bool")), Lambda("b", Const("bool"), body))
    known = Definition("deep", "rocq", "function", ("deep",), ("deep",), "", "", (), functions=(deep,))
    claim = Forall("b", Const("bool"), App(Const("eq"), (Const("bool"), App(Const("deep"), (Var("b"),)), Var("b"))))
    assert testing.Tester((known,)).test(claim) == testing.Report(None, 0)


def test_a_family_of_types_has_no_values_here() -> None:
    number, family = Const("nat"), Forall("_", Const("nat"), Sort("Set"))

    def of(index: Term) -> Term:
        return App(Const("below"), (index,))

    zero = Constructor("first", Forall("n", number, of(App(Const("S"), (Var("n"),)))))
    below = Datatype("below", family, 0, (zero,))
    known = Definition("below", "rocq", "datatype", ("below",), ("below",), "", "", (), datatypes=(below,))
    claim = Forall("n", number, Forall("f", of(Var("n")), App(Const("eq"), (number, Var("n"), Var("n")))))
    assert testing.Tester((known,)).test(claim) == testing.Report(None, 0)
