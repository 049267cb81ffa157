"""Portfolios of proof scripts, checked by the prover."""

from collections.abc import Iterator
from itertools import chain

import pytest

from domain import App, Const, Elaboration, Lemma, Problem, Term
from pipeline.proposers.automation.portfolio import Portfolio, minimise
from term_algebra.ordering import Precedence, classify
from term_algebra.recursion import inner_recursion, structural_index
from term_algebra.theory import Theory, open_statement
from tests.pipeline.elaborated import elaborate, lemma_of
from tests.pipeline.small_theory import STATEMENTS, Checker, canonical, definitions, portfolio, statement, theory
from verifiers.rocq.automation import RocqAutomation
from verifiers.scripts import Plan, Script


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    checker = Checker()
    yield checker
    checker.session.close()


def prove(checker: Checker, name: str, *lemmas: Lemma) -> Script | None:
    """The first script that is a proof, of those without lemmas and then of those with the ones that are selected."""
    automation, goal = portfolio(name), statement(name)
    selected = automation.select(goal, lemmas)
    scripts = chain(automation.scripts(goal), automation.scripts(goal, selected) if selected else ())
    return next((script for script in scripts if checker.of(goal)([script])[0]), None)


def proved(checker: Checker, name: str, *lemmas: Lemma) -> Script:
    script = prove(checker, name, *lemmas)
    assert script is not None, name
    return script


def lemma(checker: Checker, name: str, *lemmas: Lemma) -> Lemma:
    script = minimise(
        proved(checker, name, *lemmas),
        statement(name),
        portfolio(name),
        checker.of(statement(name)),
    )
    assert not script.uses_lemmas
    return lemma_of(theory()[name], script.text)


@pytest.mark.parametrize("name", ["join_stop", "join_join", "sum_next", "weight_join", "same_sound", "even_twice"])
def test_single_inductions_need_no_lemma(checker: Checker, name: str) -> None:
    assert not proved(checker, name).uses_lemmas


def test_what_a_call_is_stuck_on_is_split(checker: Checker) -> None:
    """`together (cut n x) stop` does not compute: what `cut n x` is decides."""
    assert not proved(checker, "cut_together").uses_lemmas


def test_the_hypothesis_of_an_induction_may_deny_something(checker: Checker) -> None:
    assert not proved(checker, "below_differs").uses_lemmas


def test_premises_of_a_lemma_are_rewritten_before_they_are_closed(checker: Checker) -> None:
    helpers = [lemma_of(theory()[name], "") for name in ("together_join", "weight_flip")]
    automation, opened = portfolio(), open_statement(statement("flip_together"))
    plan = Plan("induction", "x1", general=True)
    assert not checker.error(statement("flip_together"), automation.script(opened, plan, helpers))
    assert checker.error(statement("flip_together"), automation.script(opened, plan, helpers[:1]))


def test_two_step_induction_proves_what_recurses_two_steps_at_a_time(checker: Checker) -> None:
    assert proved(checker, "even_even").plan.kind == "stepwise"


def test_nested_induction_proves_commutativity(checker: Checker) -> None:
    assert proved(checker, "sum_comm").plan.kind == "nested"


@pytest.mark.parametrize(("name", "helpers"), [("twice_sum", ["sum_next"]), ("onto_join", ["join_join"])])
def test_a_lemma_makes_provable_what_is_not_provable_without(checker: Checker, name: str, helpers: list[str]) -> None:
    assert prove(checker, name) is None
    script = proved(checker, name, *(lemma(checker, helper) for helper in helpers))
    assert script.uses_lemmas


def test_sums_are_equal_up_to_order(checker: Checker) -> None:
    lemmas = [lemma(checker, name) for name in ("sum_comm", "sum_assoc")]
    assert proved(checker, "sum_swapped", *lemmas).uses_lemmas


def test_minimising_drops_what_is_not_needed(checker: Checker) -> None:
    lemmas = [lemma(checker, name) for name in ("sum_next", "join_stop", "sum_assoc", "join_join")]
    name = "twice_sum"
    plan = proved(checker, name, *lemmas).plan
    script = portfolio(name).script(open_statement(statement(name)), plan, lemmas)
    least = minimise(script, statement(name), portfolio(name), checker.of(statement(name)))
    assert [one.id for one in least.uses_lemmas] == [lemmas[0].id]


def test_any_lemma_makes_a_script_that_the_prover_can_read(checker: Checker) -> None:
    lemmas = [lemma_of(theory()[name], "") for name in STATEMENTS if not name.startswith("false_")]
    for name in ("join_stop", "sum_next"):
        for one in lemmas:
            scripts = list(portfolio(name).scripts(statement(name), [one]))
            errors = [checker.error(statement(name), script) for script in scripts[:3]]
            assert not [error for error in errors if "Syntax error" in error or "not found" in error], one.statement


def test_congruence_does_not_run_on_where_the_sides_are_calls_of_different_functions(checker: Checker) -> None:
    opened = open_statement(statement("onto_join"))
    search = portfolio().script(opened, Plan("search"), ())
    assert checker.error(statement("onto_join"), search) == "No applicable tactic."


def test_false_statements_are_not_proved(checker: Checker) -> None:
    before = len(checker.checked)
    assert prove(checker, "false_even") is None
    assert len(checker.checked) > before + 5


def test_lemmas_over_other_functions_alone_are_not_selected() -> None:
    automation = portfolio()
    lemmas = [lemma_of(theory()[name], "") for name in ("sum_next", "join_join", "flip_flip")]
    chosen = automation.select(statement("flip_join"), lemmas)
    assert {one.id for one in chosen} == {lemmas[1].id, lemmas[2].id}


def test_the_most_general_lemmas_are_selected_first() -> None:
    """A numeral in a statement makes it large, however short the statement is."""
    lemmas = [lemma_of(theory()[name], "") for name in ("below_two", "below_not_same")]
    assert portfolio().select(statement("false_below"), lemmas) == (lemmas[1], lemmas[0])


def test_lemmas_over_one_set_of_functions_do_not_crowd_out_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = [lemma_of(theory()[name], "") for name in ("sum_comm", "sum_assoc", "sum_next")]
    sound = lemma_of(theory()["same_sound"], "")
    automation = portfolio()
    every = automation.select(statement("false_below"), [*sums, sound])
    monkeypatch.setattr("pipeline.proposers.automation.portfolio.TURN", 1)
    assert every.index(sound) > 1
    assert sound in automation.select(statement("false_below"), [*sums, sound], 2)


def test_what_rewrites_the_goal_or_a_stuck_one_is_selected_first() -> None:
    automation = portfolio()
    lemmas = [lemma_of(theory()[name], "") for name in ("join_stop", "flip_join", "weight_flip")]
    assert automation.select(statement("flip_flip"), lemmas[:2]) == (lemmas[0], lemmas[1])
    assert automation.select(statement("flip_flip"), lemmas[:2], stuck=[statement("false_flip_join")])[0] == lemmas[1]
    assert automation.select(statement("even_flipped"), lemmas)[0] == lemmas[2]


def test_lemmas_about_what_a_definition_stands_for_are_used(checker: Checker) -> None:
    """Computing first would take the call apart that the lemma is about."""
    automation, goal = portfolio(), statement("trimmed_stop")
    about = lemma_of(theory()["trim_stop"], "")
    near = [lemma_of(theory()[name], "") for name in ("weight_stop", "weight_flip_stop")]
    assert automation.select(goal, [*near, about])[0] == about
    assert not checker.error(goal, automation.script(open_statement(goal), Plan("search"), [about]))
    assert checker.error(goal, automation.script(open_statement(goal), Plan("search"), ()))


@pytest.mark.parametrize(
    ("name", "kind", "reverse"),
    [
        ("join_join", "rewrite", False),
        ("flip_join", "rewrite", False),
        ("onto_join", "rewrite", False),
        ("flip_is_flip_onto", "rewrite", True),
        ("sum_next", "rewrite", False),
        ("cut_together", "rewrite", False),
        ("false_cut_join", "rewrite", False),
        ("even_even", "rewrite", False),
        ("sum_comm", "commutative", False),
        ("same_sound", "forward", False),
    ],
)
def test_equations_are_oriented_by_the_definitions(name: str, kind: str, reverse: bool) -> None:
    rule = classify(statement(name), Precedence(Theory(definitions())))
    assert (rule.kind, rule.reverse) == (kind, reverse)


def test_large_terms_are_compared_in_a_moment() -> None:
    automation, zero = portfolio(), Const(canonical("zero"))

    def number(n: int) -> Term:
        return App(Const(canonical("next")), (number(n - 1),)) if n else zero

    assert automation.precedence.larger(App(Const(canonical("sum")), (number(60), number(60))), number(120))


def test_a_lemma_is_tried_at_a_call_of_the_goal(checker: Checker) -> None:
    """`weight (join (flip x) stop) = weight x`, from a fact about `join` at `flip x` and one about `flip`."""
    lemmas = [lemma_of(theory()[name], "") for name in ("weight_stop", "weight_flip")]
    automation, goal = portfolio(), statement("weight_flip_stop")
    script = automation.script(open_statement(goal), Plan("instance"), lemmas)
    assert not checker.error(goal, script)
    assert checker.error(goal, automation.script(open_statement(goal), Plan("instance"), lemmas[:1]))


def test_a_lemma_is_tried_at_a_constant_for_one_of_its_variables(checker: Checker) -> None:
    """`weight (flip x) = weight x` from `weight (join x (flip y)) = weight (join x y)` at `stop` for `x`."""
    lemmas = [lemma_of(theory()["weight_join_flip"], "")]
    automation, goal = portfolio(), statement("weight_flip")
    assert not checker.error(goal, automation.script(open_statement(goal), Plan("instance"), lemmas))
    assert checker.error(goal, automation.script(open_statement(goal), Plan("search"), lemmas))


def test_laws_of_an_order_carry_on_what_a_case_split_tells(checker: Checker) -> None:
    laws = [lemma_of(theory()[name], "") for name in ("below_trans", "below_asym")]
    automation, goal = portfolio(), statement("lesser")
    facts = next(script for script in automation.scripts(goal, laws) if script.plan.kind == "facts")
    assert not checker.error(goal, facts)
    assert checker.error(goal, automation.script(open_statement(goal), Plan("facts"), laws[:1]))
    special = [lemma_of(theory()["even_even"], ""), lemma_of(theory()["even_two_more"], "")]
    assert automation.smallest(goal, [*special, *laws], 2) == (laws[1], laws[0])
    plans = {script.plan.kind for script in automation.scripts(goal, special[1:])}
    assert "facts" not in plans


LEXICOGRAPHIC = """
Inductive num : Set := zero : num | next : num -> num.
Fixpoint pour (x : num) {struct x} : num -> num -> num :=
  fix inner (y z : num) {struct y} : num :=
    match x with
    | zero => match y with zero => z | next b => inner b (next z) end
    | next a => pour a (next y) z
    end.
"""


@pytest.fixture(scope="module")
def pouring() -> Iterator[tuple[Checker, dict[str, Elaboration]]]:
    """A function that recurses on two arguments, what is to be known about it, and a prover."""
    statements = {
        "last": "forall x y z : num, pour x y (next z) = next (pour x y z)",
        "middle": "forall x y z : num, pour x (next y) z = next (pour x y z)",
        "turned": "forall x y z : num, pour x y z = pour y x z",
    }
    problems = [Problem(name, "rocq", LEXICOGRAPHIC, f"Theorem {name} : {text}.") for name, text in statements.items()]
    elaborations = {one.problem.name: one for one in elaborate(*problems)}
    checker = Checker(elaborations["last"].definitions)
    yield checker, elaborations
    checker.session.close()


def test_what_recurses_on_two_arguments_is_named_again_when_it_computes(
    pouring: tuple[Checker, dict[str, Elaboration]],
) -> None:
    checker, elaborations = pouring
    lemmas: list[Lemma] = []
    for name, elaboration in elaborations.items():
        goal, automation = elaboration.statement, Portfolio(elaboration.definitions, RocqAutomation())
        scripts = chain(automation.scripts(goal), automation.scripts(goal, automation.select(goal, lemmas)))
        found = next((script for script in scripts if checker.of(goal)([script])[0]), None)
        assert found is not None, name
        lemmas.append(lemma_of(elaboration, minimise(found, goal, automation, checker.of(goal)).text))


def test_both_arguments_of_a_lexicographic_recursion_are_known(pouring: tuple[Checker, dict[str, Elaboration]]) -> None:
    theory = Portfolio(pouring[1]["last"].definitions, RocqAutomation()).theory
    (pour,) = theory.functions
    assert structural_index(theory, pour) == 0
    assert inner_recursion(theory, pour) == (1, 1)
    assert inner_recursion(Theory(definitions()), canonical("flip")) is None


TESTED = """
Inductive seq (A : Type) : Type := stop : seq A | push : A -> seq A -> seq A.
Fixpoint without (A : Type) (e : A -> A -> bool) (a : A) (x : seq A) : seq A :=
  match x with stop _ => stop A | push _ b z => if e a b then z else push A b (without A e a z) end.
Fixpoint within (A : Type) (e : A -> A -> bool) (x y : seq A) : bool :=
  match x with
  | stop _ => true
  | push _ a z =>
      match y with stop _ => false | push _ b _ => if e a b then within A e z (without A e b y) else false end
  end.
"""


@pytest.mark.parametrize(("premise", "provable"), [("e a b = true <-> a = b", True), ("e a b = true -> a = b", False)])
def test_a_test_of_equality_is_known_for_one(premise: str, provable: bool) -> None:
    tested = f"forall (A : Type) (e : A -> A -> bool), (forall a b : A, {premise}) ->"
    statement = f"{tested} forall x : seq A, within A e x x = true"
    (elaboration,) = elaborate(Problem("tested", "rocq", TESTED, f"Theorem tested : {statement}."))
    checker = Checker(elaboration.definitions)
    scripts = Portfolio(elaboration.definitions, RocqAutomation()).scripts(elaboration.statement)
    assert any(checker.of(elaboration.statement)([script])[0] for script in scripts) == provable
    checker.session.close()
