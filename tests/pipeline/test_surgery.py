"""Statements cut from a stuck proof."""

from collections.abc import Iterator

import pytest

from domain import App, Const, Forall, Goal, Hypothesis, Lambda, Problem, Var
from pipeline.proposers.automation.portfolio import Portfolio
from pipeline.proposers.conjecture import testing
from pipeline.proposers.conjecture.generalisation import from_goal, requests
from term_algebra.theory import Theory, close, equation, open_statement
from tests.pipeline.elaborated import elaborate
from tests.pipeline.small_theory import Checker, definitions, portfolio, statement
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.terms import alpha_normal, render


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    checker = Checker()
    yield checker
    checker.session.close()


def wanted(checker: Checker, name: str) -> list[str]:
    terms = requests(
        statement(name),
        portfolio(),
        lambda prefix: checker.goals(statement(name), prefix),
    )
    tester = testing.Tester(definitions())
    assert all(tester.test(term, seed=77).counterexample is None for term in terms)
    return [render(alpha_normal(term)) for term in terms]


def test_a_constant_accumulator_becomes_a_variable(checker: Checker) -> None:
    assert render(alpha_normal(statement("onto_join"))) in wanted(checker, "flip_is_flip_onto")


def test_a_stuck_goal_is_generalised(checker: Checker) -> None:
    """Reversing twice gets stuck on `flip (join (flip x) [a])`, which is an instance of `flip (join y [a])`."""
    shown = wanted(checker, "flip_flip")
    assert shown
    assert any(text.count("forall") == 1 and "(x1 : " in text for text in shown)


def test_an_induction_hypothesis_stays_as_a_premise_when_what_it_shares_with_the_goal_is_generalised() -> None:
    stuck = open_statement(statement("even_flipped"))
    (told,) = stuck.hypotheses
    variables = [Hypothesis(binder.name, binder.type) for binder in stuck.of_kind("data")]
    goal = Goal((*variables, Hypothesis("IHx", told.type)), stuck.conclusion)
    cut = [alpha_normal(term) for term in from_goal(goal, Theory(definitions()))]
    assert alpha_normal(statement("even_two_more")) in cut


def test_what_holds_only_under_the_premises_of_the_statement_is_asked_for_under_them(checker: Checker) -> None:
    assert together_join() in wanted(checker, "flip_together")


def test_premises_that_speak_of_what_a_goal_does_not_have_stay_away(checker: Checker) -> None:
    """What is left of this statement has no function to which its premise could apply."""
    assert not any("iff" in text for text in wanted(checker, "false_sum_same"))


def test_a_name_bound_in_the_type_of_a_variable_is_no_variable_of_the_closed_statement() -> None:
    """`A`, `dec : forall x y : A, decided A x y` and an `x : A` of its own, as a section leaves them."""
    a, x = Var("A"), Var("x")
    decided = Forall("x", a, Forall("y", a, App(Const("decided"), (a, x, Var("y")))))
    counted = App(Const("count"), (Var("dec"), x))
    closed = open_statement(close([], equation(Const("nat"), counted, counted), {"dec": decided, "x": a}))
    assert [(binder.name, binder.kind) for binder in closed.binders] == [
        ("x0", "type"),
        ("x1", "function"),
        ("x2", "data"),
    ]


def together_join() -> str:
    """As surgery writes it: with the elements that a cut list of the other type may have."""
    return render(alpha_normal(statement("together_join")))


def test_a_statement_is_never_its_own_request(checker: Checker) -> None:
    for name in ("flip_flip", "twice_sum", "flip_is_flip_onto"):
        assert render(alpha_normal(statement(name))) not in wanted(checker, name)


def test_without_a_prover_only_the_statement_is_used() -> None:
    assert requests(statement("flip_is_flip_onto"), portfolio())
    assert requests(statement("join_join"), portfolio()) == []


PICKED = """
Inductive row (A : Type) : Type := none | more (x : A) (rest : row A).
Arguments none {A}.
Arguments more {A}.
Inductive two (A B : Type) : Type := both (x : A) (y : B).
Arguments both {A B}.
Fixpoint each {A B : Type} (f : A -> B) (x : row A) : row B :=
  match x with none => none | more a rest => more (f a) (each f rest) end.
Fixpoint behind {A : Type} (x : A) (y : row (two A (row A))) : row (two A (row A)) :=
  match y with
  | none => none
  | more (both a rest) others => more (both a (more x rest)) (behind x others)
  end.
Fixpoint picked {A : Type} (x : row A) : row (two A (row A)) :=
  match x with none => none | more a rest => more (both a rest) (behind a (picked rest)) end.
"""


def test_a_function_that_is_handed_on_stays_as_it_is() -> None:
    """Of what is picked the first parts are asked for, whatever else was picked before."""
    first = "(fun one : two A (row A) => match one with both a _ => a end)"
    texts = {
        "goal": f"forall (A : Type) (x : row A), each {first} (picked x) = x",
        "wanted": f"forall (A : Type) (x : A) (y : row (two A (row A))), each {first} (behind x y) = each {first} y",
    }
    goal, asked = elaborate(
        *(Problem(name, "rocq", PICKED, f"Theorem {name} : {text}.") for name, text in texts.items())
    )
    checker = Checker(list(goal.definitions))
    automation = Portfolio(goal.definitions, RocqAutomation())
    found = requests(goal.statement, automation, lambda prefix: checker.goals(goal.statement, prefix))
    checker.session.close()
    assert alpha_normal(asked.statement) in list(map(alpha_normal, found))


def test_what_occurs_in_a_function_alone_is_a_variable_of_the_statement_too() -> None:
    of_one = Lambda("x", Const("num"), App(Const("sum"), (Var("x"), Var("y"))))
    told = equation(Const("num"), App(Const("at_zero"), (of_one,)), Var("z"))
    closed = open_statement(close([], told, {"y": Const("num"), "z": Const("num")}))
    assert [binder.type for binder in closed.binders] == [Const("num"), Const("num")]
